"""A page from our outbox to the technician's telephone and back, over real HTTP, when things go wrong on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.rehearsal import answers, faults, opted_out, replies, rings_out
from gateway import flow, silences
from gateway.domain.dispatch import DispatchState
from gateway.domain.intake import Channel
from gateway.domain.ticket import TicketState
from tests.adapters.twilio.conftest import house, loop, rehearsal
from tests.adapters.twilio.house import QUICK_S, TOKEN, URGENT, House, call_form, status_form
from tests.flow.station import BRUNO, CARLA, DARIO, code_in

__all__ = ["house", "loop", "rehearsal"]

LEASE_PASSED = {"minutes": 3}


# --------------------------------------------------------------------------------------------------------------- STOP


def test_stop_from_the_technician_rings_at_once_and_the_supervisor_is_told(house: House) -> None:
    """B-081, P8: the text that should have been answered is answered with STOP."""
    house.carrier.phones[BRUNO] = replies("STOP").but(ring=answers().ring)
    house.urgent_mail()
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]
    assert [text.body for text in house.carrier.phones[DARIO].inbox if "STOP" in text.body]
    assert any("STOP" in alarm.text for alarm in house.station.alarms())


def test_after_stop_the_carrier_is_not_even_asked_to_text_that_number(house: House) -> None:
    house.carrier.phones[BRUNO] = replies("STOP")
    house.urgent_mail()
    before = len(house.carrier.messages)
    house.station.mail(URGENT)
    house.go()
    assert BRUNO not in [message.to for message in house.carrier.messages[before:]]


def test_a_stop_that_only_the_carrier_knows_of_is_learnt_from_its_refusal(house: House) -> None:
    house.carrier.phones[BRUNO] = opted_out()
    house.urgent_mail()
    assert house.station.store.read(lambda reading: silences.is_silent(reading, BRUNO))
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]


# ----------------------------------------------------------------------------------------------------------- races


def test_an_ok_that_comes_while_the_telephone_rings_wins(house: House) -> None:
    """C-56: the call that rings already is the only one."""
    house.carrier.phones[BRUNO] = rings_out()
    house.urgent_mail()
    house.station.clock.pass_(minutes=6)
    house.station.chase()
    house.deliver()
    house.station.sms(BRUNO, f"OK {code_in(house.first_text().text)}")
    house.carrier.wait_idle()
    house.pass_(hours=1)
    assert house.station.ticket().owner == "bruno"
    assert [call.to for call in house.carrier.calls] == [BRUNO]


def test_two_technicians_accept_and_one_has_it(house: House) -> None:
    house.carrier.phones[CARLA] = answers("1")
    house.urgent_mail()
    house.pass_(minutes=6)
    house.station.sms(BRUNO, f"OK {code_in(house.first_text().text)}")
    house.go()
    assert house.station.ticket().owner == "carla"
    assert house.station.happened(house.station.ticket()).count("taken") == 1
    assert any("da un collega" in text.body for text in house.carrier.phones[BRUNO].inbox)


# ----------------------------------------------------------------------------------------------- the carrier's failures


def test_a_carrier_that_asks_for_patience_does_not_keep_the_telephone_from_ringing(house: House) -> None:
    """C-29: 429 on texts; the other channel after a minute."""
    house.carrier.faults.add(
        faults.Fault(faults.Kind.STATUS, None, path="/Messages", status=429, code=20429, acts=False)
    )
    house.urgent_mail()
    house.pass_(seconds=61)
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]


@pytest.mark.parametrize("http_status", [500, 503])
def test_a_carrier_with_faults_of_its_own_is_an_outage_that_ends(house: House, http_status: int) -> None:
    """P8, C-29: told by mail while nothing else works, and over with the first success."""
    house.carrier.faults.add(faults.status(http_status, times=None))
    house.urgent_mail()
    for _ in range(4):
        house.pass_(seconds=35)
    down = {outage.channel for outage in house.station.outages()}
    assert "sms" in down
    assert any("non funziona" in alarm.subject for alarm in house.station.alarms())
    house.carrier.faults.clear()
    house.pass_(minutes=2)
    house.pass_(minutes=10)
    ended = {outage.channel for outage in house.station.outages() if outage.ended_at}
    assert "sms" in ended or house.station.ticket().state is TicketState.TAKEN


def test_after_the_outage_only_whose_turn_it_is_is_woken(house: House) -> None:
    """C-55: the newest state is paged, not a queue of stale ones."""
    house.carrier.faults.add(faults.status(503, times=None))
    house.urgent_mail()
    for _ in range(12):
        house.pass_(minutes=1)
    house.carrier.faults.clear()
    house.pass_(minutes=1)
    rung = {call.to for call in house.carrier.calls} | {message.to for message in house.carrier.messages}
    assert len(rung & {BRUNO, CARLA, DARIO}) == 1


def test_a_time_out_sends_once_more_with_the_same_id_and_pages_once(house: House) -> None:
    """P7: at most one duplicate, recognised by its attempt id."""
    house.carrier.faults.add(faults.never(acts=True))
    house.station.mail(URGENT)
    house.station.chase()
    house.deliver(house.outlet_with(timeout_s=QUICK_S))
    house.carrier.wait_idle()
    house.pass_(seconds=30)
    assert len({message.status_callback for message in house.carrier.messages}) == 1
    assert house.first_text().state is DispatchState.CONFIRMED
    assert len(house.station.pages()) == 1


def test_a_text_that_was_accepted_and_never_delivered_rings_after_a_minute(house: House) -> None:
    """C-57: 201, and then nothing."""
    house.carrier.faults.add(faults.silent())
    house.urgent_mail()
    assert house.carrier.calls == []
    house.pass_(seconds=61)
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]
    assert "knows nothing" in (house.first_text().reason or "")


def test_a_call_that_was_accepted_and_never_placed_lets_the_ladder_go_on(house: House) -> None:
    house.carrier.faults.add(faults.Fault(faults.Kind.SILENT, None, path="/Calls", number=BRUNO))
    house.urgent_mail()
    house.pass_(minutes=6)
    house.pass_(seconds=61)
    assert CARLA in [call.to for call in house.carrier.calls]


def test_a_telephone_that_is_off_is_called_at_once(house: House) -> None:
    """30003."""
    house.carrier.faults.add(faults.undelivered(BRUNO, 30003))
    house.urgent_mail()
    assert [call.to for call in house.carrier.calls][:1] == [BRUNO]
    assert house.station.outages() == []


def test_a_landline_that_stands_as_a_mobile_is_called_and_never_texted_again(house: House) -> None:
    """30006, S158."""
    house.carrier.faults.add(faults.undelivered(BRUNO, 30006, times=1))
    house.urgent_mail()
    house.station.mail(URGENT)
    house.go()
    assert [message.to for message in house.carrier.messages].count(BRUNO) == 1
    assert BRUNO in [call.to for call in house.carrier.calls]


# --------------------------------------------------------------------------------------------------------- crashes


def test_killed_between_the_carriers_answer_and_our_write_the_page_is_sent_again_and_is_one_page(house: House) -> None:
    """P7, C-05: the same attempt id, one page, one code; an answer to either accepts."""
    house.station.mail(URGENT)
    house.station.chase()
    (claimed,) = [one for one in flow.claim_due(house.station.gw, (Channel.SMS,), 9) if one.to == BRUNO]
    house.outlet.send(claimed)  # the carrier took it; the process dies before it writes that down
    house.carrier.faults.add(faults.silent(times=0))
    house.carrier.wait_idle()
    house.pass_(**LEASE_PASSED)
    sent = [message for message in house.carrier.messages if message.to == BRUNO]
    assert 1 <= len(sent) <= 2
    assert len({message.status_callback for message in sent}) == 1
    assert len({code_in(message.body) for message in sent if "OK " in message.body}) == 1
    house.station.sms(BRUNO, f"OK {code_in(sent[0].body)}")
    assert house.station.ticket().owner == "bruno"


def test_killed_while_a_call_was_being_placed_the_telephone_rings_again(house: House) -> None:
    """A page, once due, is never forgotten."""
    house.urgent_mail()
    house.station.clock.pass_(minutes=6)
    house.station.chase()
    claimed = flow.claim_due(house.station.gw, (Channel.VOICE,), 9)
    assert [one.to for one in claimed] == [BRUNO]
    house.carrier.phones[BRUNO] = answers("1")
    house.station.store.write(lambda tx: tx.free_leases(house.station.clock.now()))  # as a daemon that starts does
    house.go()
    assert house.station.ticket().owner == "bruno"


# ---------------------------------------------------------------------------------------- replayed, reordered, forged


def test_a_forged_status_moves_nothing(house: House) -> None:
    """X11, P14: without the carrier's signature, with another's, or about another attempt."""
    house.carrier.faults.add(faults.silent())
    house.urgent_mail()
    text = house.first_text()
    path = f"/twilio/status/{text.key}"
    form = status_form(MessageStatus="undelivered", ErrorCode="30003")
    assert house.post(path, form, signed=None).status_code == 403
    assert house.post(path, form, signed="forged").status_code == 403
    assert house.post(f"/twilio/status/{'ef' * 16}", form).status_code in {204, 404}
    house.go()
    assert house.first_text().state is DispatchState.SENT
    assert house.carrier.calls == []


def test_a_replayed_status_has_one_effect(house: House) -> None:
    house.carrier.faults.add(faults.silent())
    house.urgent_mail()
    path = f"/twilio/status/{house.first_text().key}"
    for _ in range(5):
        house.post(path, status_form(MessageStatus="undelivered", ErrorCode="30003"))
        house.go()
    assert [call.to for call in house.carrier.calls].count(BRUNO) == 1


def test_statuses_last_first_come_to_the_same(house: House) -> None:
    house.carrier.faults.add(faults.silent())
    house.urgent_mail()
    path = f"/twilio/status/{house.first_text().key}"
    for status in ("delivered", "sent", "queued"):
        house.post(path, status_form(MessageStatus=status))
    assert house.first_text().state is DispatchState.CONFIRMED


def test_a_status_of_another_account_is_refused(house: House) -> None:
    house.carrier.faults.add(faults.silent())
    house.urgent_mail()
    path = f"/twilio/status/{house.first_text().key}"
    answer = house.post(path, status_form(AccountSid="AC" + "9" * 32))
    assert answer.status_code == 403
    assert TOKEN not in answer.text


# ------------------------------------------------------------------------------------------------------ the caller id


def test_s171_three_legs_that_fail_at_once_are_told_as_a_blocked_caller_id(house: House) -> None:
    """X19, S171: SMS and mail go on."""
    from adapters.rehearsal import switched_off

    for number in (BRUNO, CARLA, DARIO):
        house.carrier.phones[number] = switched_off("failed").but(sms_error=None)
    house.urgent_mail()
    for _ in range(20):
        house.pass_(minutes=1)
    assert any("possibile blocco" in alarm.subject for alarm in house.station.alarms())
    assert {message.to for message in house.carrier.messages} >= {BRUNO, CARLA, DARIO}


# ---------------------------------------------------------------------------------------------------- drills and alarms


def test_a_drill_reaches_everybody_by_sms_and_by_telephone(house: House) -> None:
    from gateway import drills

    for number in (BRUNO, CARLA, DARIO):
        house.carrier.phones[number] = replies("OK {code}").but(ring=answers().ring, script=answers("1").script)
    dario, now = house.station.gw.rules.people["dario"], house.station.clock.now()
    house.station.store.write(lambda tx: drills.begin(house.station.gw, tx, "c02-comune", dario, now))
    house.go()
    house.pass_(minutes=31)
    (concluded,) = [event for event in house.station.events() if event.type == "drill_concluded"]
    confirmed = {name for name, value in concluded.data.items() if value == "yes"}
    assert confirmed == {f"{who}.{by}" for who in ("bruno", "carla", "dario") for by in ("sms", "voice")}


def test_an_alarm_by_telephone_says_what_is_down_and_asks_for_nothing(house: House) -> None:
    """P8: the SMS is down, the supervisor is called."""
    house.carrier.phones[DARIO] = answers()
    house.carrier.faults.add(faults.Fault(faults.Kind.STATUS, None, path="/Messages", status=503, acts=False))
    house.urgent_mail()
    for _ in range(4):
        house.pass_(seconds=35)
    heard = " ".join(house.carrier.phones[DARIO].heard)
    assert "SMS non raggiungibile" in heard
    assert house.carrier.errors == []


def test_the_answer_to_a_call_form_of_nobody_is_a_hang_up(house: House) -> None:
    answer = house.post(f"/twilio/page/{'cd' * 16}", call_form())
    assert b"Hangup" in answer.content


def test_the_reminder_is_heard_of_before_it_passes_on(house: House) -> None:
    """M-03 beside the call."""
    house.urgent_mail()
    house.pass_(minutes=6)
    bodies = [text.body for text in house.carrier.phones[BRUNO].inbox]
    assert any("passa al tuo sostituto" in body for body in bodies)
    assert house.station.clock.now() - house.station.pages()[0].opened_at >= timedelta(minutes=6)
