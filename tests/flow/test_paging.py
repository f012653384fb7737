"""Waking the technician until a human accepts (C2.8–C2.11, M-01, M-06, M-10)."""

from __future__ import annotations

import pytest

from gateway import assigning, desk, flow, page_calls, settling
from gateway.domain.dispatch import DispatchState, Refused
from gateway.domain.ticket import Mark, Priority, TicketState
from tests.flow.station import BRUNO, CARLA, DARIO, SMS_NUMBER, TUESDAY_MORNING, Station, code_in, spoken

URGENT = "URGENTE: protocollo bloccato"


def urgent(station: Station) -> None:
    station.mail(URGENT)
    station.chase()


def test_an_urgent_mail_outside_hours_texts_the_contact_on_duty(station: Station) -> None:
    """C2.8, S028."""
    urgent(station)
    (sms,) = station.page_texts()
    number = str(station.ticket().number)
    assert sms.to == BRUNO
    assert all(word in sms.text for word in ("URGENTE", number, "22:10"))
    assert len(sms.text) <= 160
    assert station.ticket().state is TicketState.NOTIFIED


def test_the_sms_names_nobody(station: Station) -> None:
    """X15: no personal data beyond the number and the short category."""
    station.mail(URGENT, sender="Maria Rossi <maria.rossi@comune.example>")
    assert "Rossi" not in station.page_texts()[0].text


def test_in_hours_nobody_is_woken_for_an_urgent_mail(station: Station) -> None:
    """C2.4: the desk is there."""
    station.clock.set(TUESDAY_MORNING)
    urgent(station)
    assert station.page_texts() == []
    assert station.ticket().priority is Priority.URGENT


@pytest.mark.parametrize("at", ["2026-12-31T18:00:00+01:00", "2026-04-06T10:00:00+02:00", "2027-03-28T01:30:00+00:00"])
def test_new_years_eve_easter_monday_and_the_summer_time_night_are_on_call(station: Station, at: str) -> None:
    """S013, S018, S035."""
    station.clock.set(at)
    urgent(station)
    assert len(station.page_texts()) == 1


def test_new_years_eve_in_the_afternoon_is_the_desks(station: Station) -> None:
    """S012."""
    station.clock.set("2026-12-31T17:59:00+01:00")
    urgent(station)
    assert station.page_texts() == []


def test_ok_with_the_code_takes_the_ticket_and_stops_the_ladder(station: Station) -> None:
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    station.sms(BRUNO, f"ok  {code}")
    ticket = station.ticket()
    assert (ticket.state, ticket.owner) == (TicketState.TAKEN, "bruno")
    station.pass_(hours=3)
    assert station.page_calls() == []
    assert "presa in carico da te" in station.sent()[-1].text


@pytest.mark.parametrize(
    "said",
    [
        "oK{code}", " ok: {code}.", "«OK {code}»", "Ok {code} 10 min", "OK {code} - 5 minuti e arrivo",
        "ok {spaced}", "ok {code} {ticket}", "OK\u00a0{code}\nBruno 333 1234567",
    ],
)  # fmt: skip
def test_a_code_is_read_in_any_case_and_spacing_whatever_follows(station: Station, said: str) -> None:
    """Build 5: what somebody types at three in the morning; another page is open, so only the code can tell."""
    urgent(station)
    number, code = station.ticket().number, code_in(station.page_texts()[0].text)
    urgent(station)
    station.sms(BRUNO, said.format(code=code, spaced=f"{code[:2]} {code[2:4]}-{code[4:]}", ticket=number))
    assert {t.number: t.owner for t in station.tickets() if t.owner} == {number: "bruno"}


@pytest.mark.parametrize("said", ["ok {code}0", "ok 1{code}", "ok {ticket}", "ok {short}"])
def test_more_or_fewer_than_six_digits_are_no_code(station: Station, said: str) -> None:
    """P14: a number that only contains the code takes nothing."""
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    station.sms(BRUNO, said.format(code=code, ticket=station.ticket().number, short=code[:5]))
    assert station.ticket().owner is None
    assert "codice non riconosciuto" in station.sent()[-1].text


def test_a_bare_ok_takes_the_only_open_page(station: Station) -> None:
    urgent(station)
    station.sms(BRUNO, "Ok")
    assert station.ticket().owner == "bruno"


def test_a_bare_ok_with_several_open_pages_lists_them(station: Station) -> None:
    urgent(station)
    urgent(station)
    station.sms(BRUNO, "OK")
    assert {t.state for t in station.tickets()} == {TicketState.NOTIFIED}
    assert "più richieste" in station.sent()[-1].text


def test_a_strangers_ok_takes_nothing(station: Station) -> None:
    """P9: an acceptance cannot be given by a stranger."""
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    station.sms("+393339999999", f"OK {code}")
    assert station.tickets()[-1].state is TicketState.NOTIFIED


def test_another_technician_cannot_use_the_code(station: Station) -> None:
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    station.sms(CARLA, f"OK {code}")
    assert station.ticket().state is TicketState.NOTIFIED


def test_three_wrong_codes_block_the_page_and_the_ladder_goes_on(station: Station) -> None:
    """B-079."""
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(3):
        station.sms(BRUNO, f"OK {wrong}")
    station.sms(BRUNO, f"OK {code}")
    assert station.ticket().state is TicketState.NOTIFIED
    station.chase()
    assert station.page_calls(BRUNO)


def test_no_passes_to_the_deputy_at_once(station: Station) -> None:
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    station.sms(BRUNO, f"NO {code}")
    station.chase()
    assert station.page_texts(CARLA)
    assert station.page_calls(CARLA)
    assert station.page_calls(BRUNO) == []


def test_silence_rings_the_contact_then_the_deputy_then_the_supervisor_and_alarms(station: Station) -> None:
    """C2.8, C2.11, S027, S036."""
    urgent(station)
    station.pass_(minutes=6)
    assert [c.to for c in station.page_calls()] == [BRUNO]
    station.call_status(station.page_calls(BRUNO)[0], "no-answer")
    station.chase()
    assert station.page_calls(CARLA)
    station.call_status(station.page_calls(CARLA)[0], "completed", "machine_start")
    station.chase()
    assert station.page_calls(DARIO)
    assert "senza risposta" in station.page_texts(DARIO)[0].text
    assert station.alarms()
    station.call_status(station.page_calls(DARIO)[0], "busy")
    station.chase()
    assert Mark.ON_CALL_NOT_REACHED in station.ticket().marks


def test_after_the_pause_the_ladder_begins_again(station: Station) -> None:
    """C2.11: never silence."""
    urgent(station)
    for _ in range(40):
        station.pass_(minutes=1)
        for call in station.open_calls():
            station.call_status(call, "no-answer")
    rounds = {event.data["round"] for event in station.events(station.ticket()) if event.type == "paged"}
    assert {"1", "2"} <= rounds


def test_an_answering_machine_is_not_a_person(station: Station) -> None:
    """S029: a call that ends without a key counts as not answered."""
    urgent(station)
    station.pass_(minutes=6)
    station.call_status(station.page_calls(BRUNO)[0], "completed")
    assert station.ticket().state is TicketState.NOTIFIED
    assert station.page_calls(BRUNO)[0].state is DispatchState.REFUSED


def test_a_key_in_the_call_accepts(station: Station) -> None:
    urgent(station)
    station.pass_(minutes=6)
    call = station.page_calls(BRUNO)[0]
    assert "presa in carico da Lei" in spoken(station.key(call, "1"))
    assert station.ticket().owner == "bruno"
    station.call_status(call, "completed")
    station.pass_(hours=1)
    assert station.page_calls(CARLA) == []


def test_key_two_passes_to_the_deputy(station: Station) -> None:
    urgent(station)
    station.pass_(minutes=6)
    station.key(station.page_calls(BRUNO)[0], "2")
    station.chase()
    assert station.page_calls(CARLA)


def test_key_three_repeats_and_changes_nothing(station: Station) -> None:
    urgent(station)
    station.pass_(minutes=6)
    assert str(station.ticket().number)[-1] in spoken(station.key(station.page_calls(BRUNO)[0], "3"))
    assert station.ticket().state is TicketState.NOTIFIED


@pytest.mark.parametrize("status", ["undelivered", "failed"])
def test_an_undelivered_sms_rings_at_once(station: Station, status: str) -> None:
    urgent(station)
    station.sms_status(station.page_texts()[0], status, "30003")
    station.chase()
    assert station.page_calls(BRUNO)


def test_a_refused_sms_rings_at_once(station: Station) -> None:
    """21610: the technician texted STOP."""
    urgent(station)
    (sms,) = station.page_texts()
    now = station.clock.now()
    claimed = station.store.write(lambda tx: tx.claim_dispatches(now, 9, flow.SEND_LEASE, (sms.channel,)))
    outcome = Refused("unsubscribed recipient", "21610")
    station.store.write(lambda tx: settling.conclude(station.gw, tx, claimed[0].id, claimed[0].attempts, outcome, now))
    station.chase()
    assert station.page_calls(BRUNO)


def test_a_status_twice_or_late_climbs_once(station: Station) -> None:
    """P14: one effect per event, in any order."""
    urgent(station)
    sms = station.page_texts()[0]
    station.sms_status(sms, "undelivered", "30003")
    station.chase()
    station.sms_status(sms, "undelivered", "30003")
    station.sms_status(sms, "sent")
    station.chase()
    assert len(station.page_calls()) == 1


def test_delivered_confirms_and_does_not_accept(station: Station) -> None:
    urgent(station)
    sms = station.page_texts()[0]
    station.sms_status(sms, "delivered")
    station.sms_status(sms, "sent")
    assert station.page_texts()[0].state is DispatchState.CONFIRMED
    assert station.ticket().state is TicketState.NOTIFIED


def test_a_status_of_nothing_we_know_changes_nothing(station: Station) -> None:
    """B-075."""
    now = station.clock.now()
    known = station.store.write(lambda tx: settling.settle_sms(station.gw, tx, "0" * 32, "SMx", "delivered", "", now))
    assert known is False


def test_the_first_acceptance_owns_and_a_late_one_is_told(station: Station) -> None:
    """C-56."""
    urgent(station)
    station.pass_(minutes=6)
    station.call_status(station.page_calls(BRUNO)[0], "no-answer")
    station.chase()
    station.sms(CARLA, f"OK {code_in(station.page_texts(CARLA)[0].text)}")
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[0].text)}")
    assert station.ticket().owner == "carla"
    assert "è già in carico a Carla" in station.sent()[-1].text
    assert station.sent()[-1].to == BRUNO


def test_whoever_accepted_while_their_telephone_was_about_to_ring_hears_that_it_is_theirs(station: Station) -> None:
    """C-56: "there is nothing more to do" would be untrue."""
    urgent(station)
    station.pass_(minutes=6)
    (call,) = station.page_calls(BRUNO)
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[0].text)}")
    said = spoken(station.store.write(lambda tx: page_calls.page_begins(station.gw, tx, call.key, station.clock.now())))
    assert "presa in carico da Lei" in said


def test_whoever_was_woken_is_told_when_the_desk_takes_it(station: Station) -> None:
    urgent(station)
    by = station.gw.rules.people["elena"]
    number = station.ticket().number
    station.store.write(lambda tx: assigning.take(station.gw, tx, number, by, station.clock.now()))
    station.pass_(hours=1)
    assert station.sent()[-1].to == BRUNO
    assert station.page_calls() == []


def test_an_ordinary_request_is_one_sms_without_urgente_and_no_chase(station: Station) -> None:
    """DESIGN, "Whom to wake": c02 pages all, and chases only what is urgent."""
    station.mail()
    station.pass_(hours=5)
    (sms,) = station.page_texts()
    assert "URGENTE" not in sms.text
    assert "non urgente" in sms.text
    assert station.page_calls() == []


def test_an_ordinary_request_may_be_accepted_now(station: Station) -> None:
    station.mail()
    station.sms(BRUNO, f"OK {code_in(station.page_texts()[0].text)}")
    assert station.ticket().owner == "bruno"


def test_made_urgent_by_the_desk_it_is_chased(station: Station) -> None:
    station.mail()
    by, number = station.gw.rules.people["elena"], station.ticket().number
    station.store.write(lambda tx: desk.classify(station.gw, tx, number, None, "urgent", by, station.clock.now()))
    station.pass_(minutes=6)
    assert "URGENTE" in station.page_texts()[-1].text
    assert station.page_calls(BRUNO)


def test_a_storm_of_pages_becomes_one_with_a_count(station: Station) -> None:
    """DESIGN: more than N pages in 10 minutes become one."""
    on_call = station.gw.rules.contracts["c02-comune"].on_call
    assert on_call
    for _ in range(on_call.storm_pages + 5):
        station.mail()
    assert len(station.page_texts()) == on_call.storm_pages
    station.pass_(minutes=on_call.storm_window.total_seconds() / 60 + 1)
    assert len(station.page_texts()) == on_call.storm_pages + 1
    assert "5 richieste" in station.page_texts()[-1].text


def test_stop_words_of_a_technician_are_explained_once_a_day(station: Station) -> None:
    urgent(station)
    station.sms(BRUNO, "chi sei?")
    station.sms(BRUNO, "boh")
    explained = [d for d in station.sent() if d.facts.get("text_id") == "M-COURTESY"]
    assert len(explained) == 1


def test_info_rings_the_technician_with_the_details(station: Station) -> None:
    urgent(station)
    station.sms(BRUNO, f"INFO {code_in(station.page_texts()[0].text)}")
    assert station.page_calls(BRUNO)
    assert station.ticket().state is TicketState.NOTIFIED


def test_an_sms_twice_has_one_effect(station: Station) -> None:
    """B-077: the carrier retries a webhook."""
    urgent(station)
    code = code_in(station.page_texts()[0].text)
    station.sms(BRUNO, f"OK {code}", sid="SM1")
    count = len(station.sent())
    station.sms(BRUNO, f"OK {code}", sid="SM1")
    assert len(station.sent()) == count


def test_every_decision_cites_its_clause(station: Station) -> None:
    urgent(station)
    clauses = {event.type: event.clause for event in station.events(station.ticket())}
    assert clauses["routed"] == "C2.4"
    assert clauses["paged"] == "C2.8"


def test_our_number_is_the_one_that_is_texted(station: Station) -> None:
    endpoints = station.gw.rules.contracts["c02-comune"].endpoints
    assert SMS_NUMBER in [e.address for e in endpoints]


def test_no_said_again_climbs_once(station: Station) -> None:
    """P14: a key that the carrier posts three times."""
    urgent(station)
    station.pass_(minutes=6)
    call = station.page_calls(BRUNO)[0]
    for _ in range(3):
        station.key(call, "2")
        station.chase()
    assert station.page_calls(CARLA)
    assert station.page_calls(DARIO) == []


def test_no_to_an_ordinary_request_is_one_sms_to_the_deputy_and_no_chase(station: Station) -> None:
    station.mail()
    station.sms(BRUNO, f"NO {code_in(station.page_texts()[0].text)}")
    station.pass_(hours=5)
    assert len(station.page_texts(CARLA)) == 1
    assert station.page_calls() == []


def test_a_call_whose_end_was_never_told_does_not_silence_the_telephone(station: Station) -> None:
    urgent(station)
    station.pass_(minutes=6)
    first = station.page_calls(BRUNO)[0]
    station.call_status(first, "initiated")
    for _ in range(30):
        station.pass_(minutes=2)
    assert len(station.page_calls(BRUNO)) > 1


def test_an_accepted_page_rings_no_more(station: Station) -> None:
    """P9: what had not left yet is withdrawn."""
    urgent(station)
    station.pass_(minutes=6)
    station.sms(BRUNO, f"OK {code_in(station.page_texts()[0].text)}")
    assert station.page_calls(BRUNO)[0].state is DispatchState.REFUSED


def test_info_that_ends_without_a_key_alarms_nobody(station: Station) -> None:
    station.mail()
    station.sms(BRUNO, f"INFO {code_in(station.page_texts()[0].text)}")
    station.call_status(station.page_calls(BRUNO)[0], "completed")
    assert station.alarms() == []


def test_an_urgent_request_left_at_closing_time_is_chased_from_then_on(station: Station) -> None:
    """C2.8, C2.10: on-call begins where the band ends."""
    station.clock.set("2026-11-24T17:50:00+01:00")
    urgent(station)
    station.pass_(minutes=5)
    assert station.page_texts() == []
    station.pass_(minutes=6)
    assert "URGENTE" in station.page_texts()[0].text


def test_when_the_desk_opens_the_ladder_rests(station: Station) -> None:
    station.clock.set("2026-11-24T07:58:00+01:00")
    urgent(station)
    station.pass_(minutes=10)
    assert station.page_calls() == []


def test_in_a_storm_of_urgent_requests_everybody_held_back_is_told_of(station: Station) -> None:
    """Every held page is in the one SMS with a count, also after the ladder has gone on."""
    on_call = station.gw.rules.contracts["c02-comune"].on_call
    assert on_call
    for _ in range(on_call.storm_pages + 4):
        station.mail(URGENT)
    for _ in range(15):
        station.pass_(minutes=1)
    assert any("4 richieste" in d.text for d in station.page_texts(BRUNO))


def test_alarms_never_go_to_our_own_intake(station: Station) -> None:
    """An alarm that comes back as a request is heard by nobody."""
    for contract in station.gw.rules.contracts.values():
        recipients = station.gw.rules.alarmed(contract)
        assert recipients
        assert not any(station.gw.rules.is_ours(address) for address in recipients)
