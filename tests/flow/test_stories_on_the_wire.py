"""Nights and holidays from a citizen's telephone to a technician's and back, over real HTTP (C2.6, C2.8, C2.11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.rehearsal import HangUp, Leave, Press, Silence, answers, replies, rings_out, voicemail
from gateway import duty, standing_in
from gateway.domain.hours import ROME
from gateway.domain.intake import IntakeState
from gateway.domain.roster.shifts import Shift
from gateway.domain.telephony import Call, CallOutcome
from gateway.domain.ticket import Mark, TicketState, TicketType
from tests.adapters.twilio.conftest import house, loop, rehearsal
from tests.adapters.twilio.house import House, call_form
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, DESK_NUMBER, code_in

__all__ = ["house", "loop", "rehearsal"]

C2 = "c02-comune"
ANNA = "+393330000001"
ELENA = "+390700000201"


def called(house: House, *steps: object) -> str:
    """A citizen calls and does these steps; what was heard."""
    made = house.carrier.place_call(CITIZEN, steps, DESK_NUMBER)  # type: ignore[arg-type]  # every step is one
    house.carrier.wait_idle()
    return " ".join(made.heard)


def rung(house: House) -> list[str]:
    """Our telephones that rang, in turn."""
    return [leg.to for leg in house.station.page_calls()]


def test_on_good_friday_at_ten_the_desk_answers_and_nobody_on_call_rings(house: House) -> None:
    """C2.4, C2.6: Good Friday is no public holiday."""
    house.station.clock.set("2026-04-03T10:00:00+02:00")
    house.carrier.phones[ELENA] = answers("1")
    called(house, "1")
    assert house.station.ticket().owner == "elena"
    assert rung(house) == []


def test_on_easter_monday_the_contact_does_not_hear_it_and_the_deputy_talks_to_the_caller(house: House) -> None:
    """C2.6, S027: each attempt with its result."""
    house.station.clock.set("2026-04-06T10:00:00+02:00")
    house.carrier.phones[ANNA], house.carrier.phones[BRUNO] = rings_out(), answers("1")
    called(house, "1")
    assert rung(house) == [ANNA, BRUNO]
    assert (house.station.ticket().state, house.station.ticket().owner) == (TicketState.TAKEN, "bruno")
    line = house.station.store.read(lambda reading: reading.calls())[0]
    assert (line.outcome, line.answered_by) == (CallOutcome.ANSWERED, "bruno")


def test_on_new_years_eve_a_voicemail_box_takes_nothing_and_the_next_one_rings(house: House) -> None:
    """S029: `completed` says that something answered."""
    house.station.clock.set("2026-12-31T20:00:00+01:00")
    chain = house.station.store.read(
        lambda reading: duty.chain_at(house.station.gw, reading, C2, house.station.clock.now())
    )
    assert chain
    assert chain.deputy
    contact, deputy = chain.contact.mobile or "", chain.deputy.mobile or ""
    house.carrier.phones[contact], house.carrier.phones[deputy] = voicemail(after_s=2), answers("1")
    called(house, "1")
    assert rung(house) == [contact, deputy]
    assert house.station.ticket().owner == chain.deputy.id


def test_whoever_hangs_up_in_the_menu_at_night_leaves_a_line_and_wakes_nobody(house: House) -> None:
    """S003: and with how far they came."""
    called(house, Silence(), HangUp(after_s=3))
    line = house.station.store.read(lambda reading: reading.calls())[0]
    assert line.outcome is CallOutcome.ABANDONED
    assert line.reached
    house.go()
    assert (house.station.page_texts(), rung(house)) == ([], [])


CHANGES = [
    ("2026-10-25T02:30", "2026-10-25T00:29:00+00:00", ANNA),
    ("2026-10-25T02:30", "2026-10-25T01:29:00+00:00", BRUNO),  # the second time that it is before half past two
    ("2027-03-28T02:30", "2027-03-28T00:59:00+00:00", ANNA),
    ("2027-03-28T02:30", "2027-03-28T01:31:00+00:00", BRUNO),  # half past two was not there
]
"""The wall time of a hand-over from anna to bruno, an instant, and who has the duty then."""


def handed_over(house: House, wall: str) -> None:
    """Anna until this wall time, Bruno from then on."""
    hour = datetime.fromisoformat(wall)
    shifts = (
        Shift(C2, "prima", "anna", "carla", hour - timedelta(hours=8), hour),
        Shift(C2, "seconda", "bruno", "carla", hour, hour + timedelta(hours=6)),
    )
    rules = house.station.gw.rules
    house.station.gw.rules = replace(rules, roster=replace(rules.roster, entries=shifts))


@pytest.mark.parametrize(("wall", "at", "whom"), CHANGES)
def test_in_a_night_when_the_clocks_change_whoever_has_the_duty_talks_to_the_caller(
    house: House, wall: str, at: str, whom: str
) -> None:
    """C-25, S034, X1: both ways, before and after the hand-over."""
    handed_over(house, wall)
    house.station.clock.set(at)
    house.carrier.phones[whom] = answers("1")
    called(house, "1")
    assert rung(house) == [whom]
    person = house.station.gw.rules.people.by_number(whom)
    assert person
    assert house.station.ticket().owner == person.id


@pytest.mark.parametrize(("wall", "at", "whom"), CHANGES)
def test_in_a_night_when_the_clocks_change_whoever_has_the_duty_is_paged_and_accepts(
    house: House, wall: str, at: str, whom: str
) -> None:
    """C-25, S034, X1: the SMS goes to one of them, and the reply is theirs."""
    handed_over(house, wall)
    house.station.clock.set(at)
    house.carrier.phones[whom] = replies("OK {code}")
    house.urgent_mail()
    assert [text.to for text in house.station.page_texts()] == [whom]
    person = house.station.gw.rules.people.by_number(whom)
    assert person
    assert house.station.ticket().owner == person.id


@pytest.mark.parametrize("at", ["2026-10-25T00:28:00+00:00", "2027-03-28T01:28:00+00:00"])
def test_a_page_that_is_under_way_when_the_clocks_change_goes_on_with_whoever_takes_over(house: House, at: str) -> None:
    """S034: nobody answered before the hand-over, so the telephone of whoever has the duty by then rings."""
    handed_over(house, f"{at[:10]}T02:30")
    house.station.clock.set(at)
    house.urgent_mail()
    assert [text.to for text in house.station.page_texts()] == [ANNA]
    house.carrier.phones[BRUNO] = answers("1")
    house.pass_(minutes=6)
    assert [call.to for call in house.carrier.calls] == [BRUNO]
    assert house.station.ticket().owner == "bruno"


def test_a_swap_is_asked_and_accepted_by_text_and_the_other_one_is_woken_that_night(house: House) -> None:
    """C2.8: from the colleague's own telephone."""
    start, end = (
        datetime.fromisoformat(each).replace(tzinfo=ROME).astimezone(UTC)
        for each in ("2026-11-29T20:00", "2026-11-30T08:00")
    )
    station, people = house.station, house.station.gw.rules.people
    wanted = standing_in.Wanted(station.gw.rules.contracts[C2], start, end, "carla", "", ("+39",))
    house.carrier.phones[CARLA] = replies("OK {code}")
    station.store.write(lambda tx: standing_in.ask_swap(station.gw, tx, wanted, people["bruno"], station.clock.now()))
    house.go()
    assert any("prende il tuo turno" in text.body for text in house.carrier.phones[BRUNO].inbox)
    assert any("ora è tuo" in text.body for text in house.carrier.phones[CARLA].inbox)
    station.clock.set("2026-11-29T22:00:00+01:00")
    house.carrier.phones[CARLA] = answers("1")
    called(house, "1")
    assert rung(house) == [CARLA]
    assert station.ticket().owner == "carla"


def test_a_call_that_the_carrier_never_signed_is_refused_replayed_it_is_one_and_out_of_order_it_begins_once(
    house: House,
) -> None:
    """X11, P14: forged, replayed and reordered webhooks of one call."""
    assert house.post("/twilio/voice", call_form(), signed=None).status_code == 403
    assert house.post("/twilio/voice", call_form(), signed="forged").status_code == 403
    assert house.station.store.read(lambda reading: reading.calls()) == []
    heard = {house.post("/twilio/voice", call_form()).text for _ in range(3)}
    assert len(heard) == 1
    assert len(house.station.store.read(lambda reading: reading.calls())) == 1
    ended = call_form(CallStatus="completed", CallDuration="3")
    assert house.post("/twilio/status", ended).status_code == 204
    house.post("/twilio/voice", call_form())  # the beginning once more, after the end
    house.written()
    assert len(house.station.store.read(lambda reading: reading.calls())) == 1
    assert len(house.station.intakes()) == 1


# ------------------------------------------------------------------------------------------------------- small stories


def test_in_hours_whoever_finds_everybody_busy_is_called_back_when_they_ask_for_it(house: House) -> None:
    """C2.3, V-05: place, time and the offer are heard; a call-back is a task for a person, nothing dials the caller."""
    house.station.clock.set("2026-11-24T10:12:00+01:00")
    heard = called(house, "1", Press("1", after_hearing="per essere richiamato"))
    ticket = house.station.ticket()
    assert Mark.CALL_BACK in ticket.marks
    assert "Sarà richiamato" in heard
    house.go()
    assert CITIZEN not in [call.to for call in house.carrier.calls]


def test_after_the_whole_chain_the_caller_hears_the_truth_leaves_a_message_and_somebody_is_told(house: House) -> None:
    """C2.11, S036, V-09."""
    heard = called(house, "1", Leave(6))
    ticket = house.station.ticket()
    assert len(set(rung(house))) == len(rung(house)) == 3
    assert "il tecnico reperibile non risponde" in heard
    assert Mark.ON_CALL_NOT_REACHED in ticket.marks
    assert [recording.duration_s for recording in house.carrier.recordings] == [6]
    assert house.station.alarms()


def test_a_technician_who_says_no_by_text_has_the_deputy_woken_at_once(house: House) -> None:
    """S030: without waiting for the clock."""
    house.carrier.phones[BRUNO], house.carrier.phones[CARLA] = replies("NO {code}"), replies(" ok-{code} ")
    house.urgent_mail()
    house.go()
    assert house.station.ticket().owner == "carla"
    assert BRUNO not in [call.to for call in house.carrier.calls]


def test_info_rings_the_technician_who_hears_it_read_and_accepts_there(house: House) -> None:
    house.carrier.phones[BRUNO] = replies("Info {code}").but(ring=answers().ring, script=(Press("1"),))
    house.urgent_mail()
    house.go()
    call = house.carrier.calls[0]
    assert call.to == BRUNO
    assert " ".join(str(house.station.ticket().number)[:4]) in " ".join(call.heard)
    assert house.station.ticket().owner == "bruno"


def test_three_wrong_codes_block_the_page_and_the_deputy_is_woken(house: House) -> None:
    """B-079: guessing opens nothing, and nobody waits for whoever guesses."""
    house.urgent_mail()
    right = code_in(house.first_text().text)
    for wrong in (code for code in ("111111", "222222", "333333", "444444")[:4] if code != right):
        house.carrier.send_sms(BRUNO, f"OK {wrong}")
        house.go()
    house.carrier.send_sms(BRUNO, f"OK {right}")
    house.go()
    assert house.station.ticket().owner is None
    assert house.station.page_texts(CARLA)


def test_many_requests_in_one_night_are_one_text_with_a_count_and_one_ok_takes_them(house: House) -> None:
    """C-55: one telephone, a bearable number of texts, and an answer as people write it."""
    house.station.mails([f"URGENTE: protocollo bloccato {number}" for number in range(16)])
    house.go()
    for _ in range(11):
        house.pass_(minutes=1)
    inbox = [text.body for text in house.carrier.phones[BRUNO].inbox]
    many = next(text for text in inbox if " richieste in " in text)
    house.carrier.send_sms(BRUNO, f"ok, {code_in(many)} 10 min")
    house.carrier.wait_idle()
    owned = [ticket for ticket in house.station.tickets() if ticket.owner == "bruno"]
    assert f": {len(owned)} richieste in " in many
    assert len(owned) > 1


@pytest.mark.slow  # every text and call of an hour by HTTP, and every status of theirs
def test_five_hundred_requests_in_one_night_ring_a_bearable_number_of_times_and_one_ok_takes_many(
    house: House,
) -> None:
    """C-55, P15: merged, below the ceilings, and by the carrier's own books nobody but ours was told."""
    for batch in range(25):
        house.station.mails([f"URGENTE {batch}-{number}" for number in range(20)])
        house.pass_(seconds=40)
    assert len(house.station.store.read(lambda reading: reading.tickets(limit=1000))) == 500
    for _ in range(3):
        house.pass_(minutes=5)
    phones = {number: house.carrier.phones[number] for number in (ANNA, BRUNO, CARLA, DARIO)}
    on_call = house.station.gw.rules.contracts[C2].on_call
    assert on_call
    most = (timedelta(hours=1) / on_call.storm_window) * (on_call.storm_pages + 1)
    assert all(len(phone.inbox) <= most and len(phone.calls) <= 12 for phone in phones.values())
    assert any("richieste urgenti senza risposta" in alarm.subject for alarm in house.station.alarms())
    assert len(house.station.alarms()) < 100
    many = [text.body for text in phones[BRUNO].inbox if " richieste in " in text.body][-1]
    house.carrier.send_sms(BRUNO, f"OK {code_in(many)}")
    house.carrier.wait_idle()
    owned = [each for each in house.station.store.read(lambda r: r.tickets(limit=1000)) if each.owner == "bruno"]
    assert len(owned) > 100


def test_a_no_that_may_mean_two_pages_passes_none_on_and_is_asked_for_again(house: House) -> None:
    """P9: nobody who writes NO is told to write OK."""
    house.urgent_mail()
    house.urgent_mail()
    house.carrier.send_sms(BRUNO, "No")
    house.carrier.wait_idle()
    house.go()
    assert "Rispondi NO e un codice: " in house.carrier.phones[BRUNO].inbox[-1].body
    assert [len(house.station.page_texts(each)) for each in (BRUNO, CARLA)] == [2, 0]
    house.carrier.send_sms(BRUNO, f"no {code_in(house.first_text().text)}")
    house.carrier.wait_idle()
    house.go()
    assert len(house.station.page_texts(CARLA)) == 1


def test_a_technician_who_calls_back_at_night_reaches_the_next_one_and_not_their_own_telephone(house: House) -> None:
    """C2.8: a line that calls us is not free."""
    house.carrier.phones[BRUNO], house.carrier.phones[CARLA] = answers("1"), answers("1")
    house.carrier.place_call(BRUNO, ["1"], DESK_NUMBER)
    house.carrier.wait_idle()
    assert rung(house) == [CARLA]
    assert house.station.ticket().owner == "carla"


# ------------------------------------------------------------------------------- the code, keyed on the paged telephone


def paged(house: House) -> str:
    """The contact on duty was paged by SMS and calls; the code that is right."""
    house.urgent_mail()
    return code_in(house.first_text().text)


def calls_us(house: House, *steps: object, caller: str = BRUNO) -> str:
    """Somebody calls from this telephone; what was heard."""
    made = house.carrier.place_call(caller, steps, DESK_NUMBER)  # type: ignore[arg-type]  # every step is one
    house.carrier.wait_idle()
    return " ".join(made.heard)


def lines(house: House) -> list[Call]:
    return house.station.store.read(lambda reading: reading.calls())


def test_a_technician_who_was_paged_calls_back_and_keys_the_code(house: House) -> None:
    """M-02, V-CODE: the page is accepted, the call has its line and is no request of its own."""
    code = paged(house)
    heard = calls_us(house, code)
    ticket = house.station.ticket()  # the only one
    assert heard.startswith("Digiti il codice di sei cifre")
    assert "presa in carico da Lei" in heard
    assert (ticket.state, ticket.owner) == (TicketState.TAKEN, "bruno")
    taken = [entry for entry in house.station.events(ticket) if entry.type == "taken"]
    assert [(entry.by, entry.data["medium"]) for entry in taken] == [("bruno", "voice_code")]
    (line,) = lines(house)
    assert (line.outcome, line.ticket, line.facts["accepted"]) == (CallOutcome.DUTY, ticket.number, str(ticket.number))
    assert line.ended_at
    house.pass_(hours=5)
    assert len(house.station.tickets()) == 1
    assert {intake.state for intake in house.station.intakes()} == {IntakeState.FILED, IntakeState.REPLY}
    assert house.station.page_texts(CARLA) == []


def test_three_wrong_codes_by_telephone_block_the_page_and_lead_to_the_menu(house: House) -> None:
    """B-079, V-WRONG-CODE: counted as those of an SMS are; not even the right code opens it then."""
    code = paged(house)
    wrong = [each for each in ("111111", "222222", "333333", "444444") if each != code][:3]
    heard = calls_us(house, *wrong, HangUp(after_s=12))
    assert heard.count("Il codice non è riconosciuto") == 2
    assert heard.index("Dopo tre tentativi il codice non vale più") < heard.index("Benvenuto al servizio")
    assert [page.state for page in house.station.pages() if page.number == BRUNO][:1] == ["blocked"]
    house.carrier.send_sms(BRUNO, f"OK {code}")
    house.go()
    assert house.station.fresh(house.station.tickets()[-1]).owner is None
    assert house.station.page_texts(CARLA)


@pytest.mark.parametrize("steps", [[Silence()], [Press("0"), Press("123"), Silence()]])
def test_a_technician_who_keys_no_code_hears_the_menu_and_can_report_a_problem(
    house: House, steps: list[object]
) -> None:
    """Nothing is accepted and no try is lost: the caller's number proves nothing (B-078)."""
    paged(house)
    heard = calls_us(house, *steps, Press("3", after_hearing="prema"), HangUp(after_s=1))
    assert heard.index("Digiti il codice") < heard.index("prema uno")
    reported, waiting = house.station.tickets()
    assert (reported.type, reported.requester.person) == (TicketType.COMPLAINT, "bruno")
    assert waiting.owner is None
    assert {page.tries for page in house.station.pages()} == {0}


def test_whoever_shows_a_technicians_number_accepts_nothing_without_the_code(house: House) -> None:
    """B-078, X11: not by calling, not by a key, not by the code of somebody else's page."""
    code = paged(house)
    ticket = house.station.ticket()
    calls_us(house, HangUp(after_s=1))
    heard = calls_us(house, code, HangUp(after_s=1), caller=CARLA)  # was not paged
    assert "Digiti il codice" not in heard
    assert house.station.fresh(ticket).owner is None


def test_the_same_code_told_twice_by_the_carrier_accepts_once_and_is_heard_alike(house: House) -> None:
    """S161, P14."""
    code = paged(house)
    house.post("/twilio/voice", call_form(From=BRUNO))
    keyed = call_form(From=BRUNO, Digits=code)
    heard = {house.post("/twilio/voice/code?n=1", keyed).text for _ in range(3)}
    house.written()
    assert len(heard) == 1
    assert "presa in carico da Lei" in heard.pop()
    assert house.station.happened(house.station.ticket()).count("taken") == 1
    house.post("/twilio/voice", call_form(From=BRUNO))  # the beginning once more, late
    assert house.station.ticket().owner == "bruno"
