"""From the outbox to the technician's telephone and back, through the real HTTP of both sides (issue 2, item 6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.rehearsal import answers, busy, faults, opted_out, replies, rings_out, switched_off, voicemail
from gateway.domain.dispatch import DispatchState
from gateway.domain.ticket import TicketState
from tests.adapters.twilio.house import A_KEY, QUICK_S, URGENT, House, call_form, document
from tests.flow.station import BRUNO, CARLA, code_in


def test_a_technician_who_texts_ok_has_the_ticket(house: House) -> None:
    house.carrier.phones[BRUNO] = replies("OK {code}")
    house.urgent_mail()
    ticket = house.station.ticket()
    assert (ticket.state, ticket.owner) == (TicketState.TAKEN, "bruno")


def test_an_sms_that_arrived_is_confirmed(house: House) -> None:
    house.urgent_mail()
    assert house.first_text().state is DispatchState.CONFIRMED


@pytest.mark.parametrize("how", ["duplicated", "reversed", "early"])
def test_callbacks_in_any_order_and_number_come_to_the_same(house: House, how: str) -> None:
    """An early one is there before our own write of the carrier's id."""
    house.carrier.faults.add(faults.callbacks(how))
    house.urgent_mail()
    text = house.first_text()
    assert text.state is DispatchState.CONFIRMED
    assert text.reference == house.carrier.messages[0].sid


def test_key_one_accepts(house: House) -> None:
    """C2.8, S029."""
    house.carrier.phones[BRUNO] = answers("1")
    house.urgent_mail()
    house.pass_(minutes=6)
    ticket = house.station.ticket()
    assert (ticket.state, ticket.owner) == (TicketState.TAKEN, "bruno")
    assert house.first_call().state is DispatchState.CONFIRMED


def test_the_technician_hears_what_it_is_about_and_what_to_press(house: House) -> None:
    house.carrier.phones[BRUNO] = answers("1")
    house.urgent_mail()
    house.pass_(minutes=6)
    heard = " ".join(house.carrier.phones[BRUNO].heard)
    assert "Chiamata di reperibilità" in heard
    assert "presa in carico da Lei" in heard


def test_key_two_passes_to_the_deputy_at_once(house: House) -> None:
    house.carrier.phones[BRUNO] = answers("2")
    house.urgent_mail()
    house.pass_(minutes=6)
    assert house.station.page_texts(CARLA)


@pytest.mark.parametrize("behaviour", [voicemail(), rings_out(), busy(), switched_off(), switched_off("failed")])
def test_whoever_presses_nothing_has_not_accepted_and_the_deputy_is_woken(house: House, behaviour: object) -> None:
    """B-082: an answering machine is not a person."""
    house.carrier.phones[BRUNO] = behaviour  # type: ignore[assignment]  # every item is a behaviour
    house.urgent_mail()
    house.pass_(minutes=6)
    assert house.station.ticket().state is not TicketState.TAKEN
    assert house.station.page_texts(CARLA)


def test_the_deputys_key_takes_the_ticket(house: House) -> None:
    house.carrier.phones[BRUNO] = voicemail()
    house.carrier.phones[CARLA] = answers("1")
    house.urgent_mail()
    house.pass_(minutes=6)
    house.pass_(minutes=10)
    assert house.station.ticket().owner == "carla"


@pytest.mark.parametrize("code", [30003, 30005, 30008])
def test_an_undelivered_sms_makes_the_telephone_ring_without_waiting(house: House, code: int) -> None:
    house.carrier.faults.add(faults.undelivered(BRUNO, code))
    house.urgent_mail()
    assert house.first_text().state is DispatchState.REFUSED
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]


def test_a_technician_who_texted_stop_is_called_without_waiting(house: House) -> None:
    """B-081, 21610."""
    house.carrier.phones[BRUNO] = opted_out().but(ring=answers().ring)
    house.urgent_mail()
    assert "21610" in (house.first_text().reason or "")
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]


def test_a_busy_carrier_gets_the_sms_when_it_said(house: House) -> None:
    house.carrier.faults.add(faults.too_many(retry_after_s=45))
    house.urgent_mail()
    assert house.first_text().due_at == house.station.clock.now() + timedelta(seconds=45)
    house.pass_(seconds=46)
    assert len(house.carrier.phones[BRUNO].inbox) == 1


def test_after_a_fault_the_sms_is_sent_again(house: House) -> None:
    house.carrier.faults.add(faults.status(503))
    house.urgent_mail()
    house.pass_(seconds=30)
    assert len(house.carrier.phones[BRUNO].inbox) == 1
    assert house.first_text().state is DispatchState.CONFIRMED


def test_an_sms_that_was_sent_in_spite_of_a_fault_is_known_by_its_callback_and_not_sent_twice(house: House) -> None:
    house.carrier.faults.add(faults.status(503, acts=True))
    house.urgent_mail()
    house.pass_(seconds=30)
    assert len(house.carrier.messages) == 1
    assert house.first_text().state is DispatchState.CONFIRMED


def test_an_sms_that_nobody_can_know_was_sent_is_sent_once_more_with_the_same_id(house: House) -> None:
    """At least once, at most twice."""
    house.carrier.faults.add(faults.status(503, acts=True))
    house.carrier.faults.add(faults.silent())
    house.urgent_mail()
    house.pass_(seconds=30)
    sent = house.carrier.messages
    assert len(sent) == 2
    assert len({message.status_callback for message in sent}) == 1


def test_a_carrier_without_an_answer_does_not_stop_the_ladder(house: House) -> None:
    house.carrier.faults.add(faults.never(times=None))
    house.station.mail(URGENT)
    house.deliver(house.outlet_with(timeout_s=QUICK_S))
    house.carrier.faults.clear()
    house.pass_(minutes=6)
    assert BRUNO in [call.to for call in house.carrier.calls]


def test_the_same_key_twice_hears_the_same_and_accepts_once(house: House) -> None:
    """B-077: the carrier repeats a webhook that it got no answer to."""
    house.urgent_mail()
    house.pass_(minutes=6)
    path = f"/twilio/page/{house.first_call().key}/key"
    first, again = house.post(path, call_form(Digits="1")), house.post(path, call_form(Digits="1"))
    assert first.text == again.text
    assert house.station.happened(house.station.ticket()).count("taken") == 1


def test_a_page_of_nobody_is_ended(house: House) -> None:
    answer = house.post(f"/twilio/page/{A_KEY}", call_form())
    assert [verb.tag for verb in document(answer.content)] == ["Hangup"]


def test_a_page_that_somebody_answered_meanwhile_asks_for_nothing(house: House) -> None:
    house.urgent_mail()
    house.pass_(minutes=6)
    house.station.sms(BRUNO, f"OK {code_in(house.first_text().text)}")
    answer = house.post(f"/twilio/page/{house.first_call().key}", call_form())
    assert [verb.tag for verb in document(answer.content)] == ["Say", "Hangup"]


def test_nothing_that_we_answered_was_useless_to_the_carrier(house: House) -> None:
    """No TwiML of ours has a verb, an attribute or an address that it does not know."""
    house.carrier.phones[BRUNO] = voicemail()
    house.carrier.phones[CARLA] = answers("3", "1")
    house.urgent_mail()
    house.pass_(minutes=6)
    house.pass_(minutes=10)
    assert house.station.ticket().owner == "carla"
    assert house.carrier.errors == []
