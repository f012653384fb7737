"""Outside hours the chain on duty rings live for an urgent caller (C2.8, C2.11; issue 4, point 2)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.call import Hangup, Ring, Script, Step
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.telephony import CallOutcome
from gateway.domain.ticket import Mark, Priority, TicketState
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, Station, code_in, spoken

OTHER = "+393337654321"


def legs(script: Script) -> list[str]:
    return [leg.number for verb in script if isinstance(verb, Ring) for leg in verb.legs]


def urgent(station: Station, sender: str = CITIZEN) -> Script:
    """A caller who presses one."""
    station.rings(sender)
    return station.does(digits="1")


def nobody_takes_it(station: Station) -> Script:
    """The whole chain rings in vain."""
    urgent(station)
    station.does(dialled="no-answer")
    station.does(dialled="no-answer")
    return station.does(dialled="no-answer")


def results(station: Station) -> list[tuple[str, str]]:
    """Each attempt with its result."""
    entries = station.events(station.ticket())
    return [(entry.data["person"], entry.data["result"]) for entry in entries if entry.type == "leg_ended"]


# ------------------------------------------------------------------------------------------------------------ it rings


def test_key_one_rings_the_contact_at_once_and_texts_beside_it(station: Station) -> None:
    """A2.6, S027."""
    script = urgent(station)
    assert legs(script) == [BRUNO]
    assert "La stiamo mettendo in contatto con il tecnico reperibile" in spoken(script)
    assert "URGENTE" in station.page_texts(BRUNO)[-1].text
    assert len(station.page_texts()) == 1
    assert station.ticket().priority is Priority.URGENT


def test_an_urgent_word_does_as_the_key_does(station: Station) -> None:
    """DESIGN, "Whom to wake"."""
    station.rings()
    assert legs(station.does(speech="È tutto bloccato, non si registra niente")) == [BRUNO]
    assert "bloccato" in station.messages(station.ticket())[0].text


def test_one_puts_the_caller_through_and_the_technician_has_the_request(station: Station) -> None:
    """S027, S029."""
    urgent(station)
    (leg,) = station.ringing()
    assert "Chiamata di reperibilità" in spoken(station.picks_up(leg))
    script = station.picks_up(leg, "1")
    assert not any(isinstance(verb, Hangup) for verb in script)
    assert (station.ticket().state, station.ticket().owner) == (TicketState.TAKEN, "bruno")
    assert "Arrivederci" in spoken(station.does(dialled="completed"))
    line = station.hangs_up(lasted_s=300)
    assert (line.outcome, line.answered_by) == (CallOutcome.ANSWERED, "bruno")


def test_who_has_it_is_told_without_a_name_when_the_directory_has_none(station: Station) -> None:
    """C-56: a colleague who has left."""
    urgent(station)
    (leg,), number = station.ringing(), station.ticket().number
    station.store.write(lambda tx: tx.change_ticket(number, state=TicketState.TAKEN, owner="gone"))
    assert "da un collega" in spoken(station.picks_up(leg))


def test_on_easter_monday_the_chain_rings_and_the_deputy_accepts(station: Station) -> None:
    """C2.6, S027: contact, deputy; each attempt an event with its result."""
    station.clock.set("2026-04-06T10:00:00+02:00")
    first = legs(urgent(station))
    (deputy,) = legs(station.does(dialled="no-answer"))
    assert first != [deputy]
    (leg,) = station.ringing()
    station.picks_up(leg, "1")
    person = station.gw.rules.people.by_number(deputy)
    assert person is not None
    assert station.ticket().owner == person.id
    assert [result for _, result in results(station)] == ["no-answer"]


def test_the_chain_is_contact_deputy_supervisor_each_once(station: Station) -> None:
    """S027."""
    rung = legs(urgent(station))
    for _ in range(3):
        rung += legs(station.does(dialled="no-answer"))
    assert rung == [BRUNO, CARLA, DARIO]
    assert results(station) == [("bruno", "no-answer"), ("carla", "no-answer"), ("dario", "no-answer")]


@pytest.mark.parametrize("status", ["completed", "no-answer", "busy", "failed", "canceled"])
def test_whatever_the_carrier_says_without_a_key_nobody_has_accepted(station: Station, status: str) -> None:
    """S029, B-082: a voicemail box that picks up is `completed`."""
    urgent(station)
    (leg,) = station.ringing()
    station.picks_up(leg)
    assert legs(station.does(dialled=status)) == [CARLA]
    assert station.ticket().state is TicketState.NOTIFIED


def test_two_rings_the_next_of_the_chain(station: Station) -> None:
    """V-08."""
    urgent(station)
    (leg,) = station.ringing()
    assert isinstance(station.picks_up(leg, "2")[-1], Hangup)
    assert legs(station.does(dialled="completed")) == [CARLA]
    assert results(station) == [("bruno", "passed on")]


def test_whoever_texts_no_while_the_telephone_rings_is_not_rung_again_and_nobody_twice(station: Station) -> None:
    """The live chain and the ladder never wake one person twice."""
    urgent(station)
    station.sms(BRUNO, f"NO {code_in(station.page_texts(BRUNO)[-1].text)}")
    station.chase()
    assert station.page_calls() == station.ringing()
    assert legs(station.does(dialled="no-answer")) == [CARLA]


def test_whoever_texts_ok_while_the_telephone_rings_has_it_and_the_caller_is_told(station: Station) -> None:
    urgent(station)
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[-1].text)}")
    words = spoken(station.does(dialled="no-answer"))
    assert "presa in carico da un tecnico, che La richiamerà" in words
    station.hangs_up(lasted_s=40)
    assert station.ticket().owner == "bruno"
    assert Mark.CALL_BACK in station.ticket().marks


def test_whoever_texts_ok_and_then_picks_up_is_put_through(station: Station) -> None:
    urgent(station)
    (leg,) = station.ringing()
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[-1].text)}")
    assert not any(isinstance(verb, Hangup) for verb in station.picks_up(leg, "1"))
    assert station.phone_line().answered_by == "bruno"


# ----------------------------------------------------------------------------------------------------- nobody takes it


def test_after_the_whole_chain_the_caller_hears_the_apology_the_number_and_may_leave_a_message(
    station: Station,
) -> None:
    """C2.11, S036, V-09."""
    words = spoken(nobody_takes_it(station))
    ticket = station.ticket()
    assert "il tecnico reperibile non risponde" in words
    assert str(ticket.number)[:4] in words.replace(" ", "")
    assert station.phone_line().reached == Step.NOTICE
    assert Mark.ON_CALL_NOT_REACHED in ticket.marks
    assert ticket.priority is Priority.URGENT


def test_the_supervisor_is_alarmed_and_the_chain_is_rung_again_after_its_pause(station: Station) -> None:
    """C2.11, S036."""
    nobody_takes_it(station)
    station.hangs_up(lasted_s=200)
    assert station.alarms() != []
    before = len(station.page_texts())
    station.pass_(minutes=9)
    assert len(station.page_texts()) == before
    station.pass_(minutes=2)
    assert len(station.page_texts()) == before + 1


def test_the_message_after_the_apology_joins_the_urgent_request(station: Station) -> None:
    nobody_takes_it(station)
    station.does()
    station.does(recording="RE" + "1" * 32, recording_s="12")
    line = station.hangs_up(lasted_s=220)
    assert line.outcome is CallOutcome.MESSAGE
    assert any("12 secondi" in message.text for message in station.messages(station.ticket()))


def test_without_voicemail_the_caller_hears_the_truth_all_the_same(station: Station) -> None:
    station.gw.rules = replace(station.gw.rules, voicemail=False)
    words = spoken(nobody_takes_it(station))
    assert "non risponde" in words
    assert "dopo il segnale con nome" not in words


def test_a_hole_in_the_roster_is_alarmed_and_the_fallback_rings(station: Station) -> None:
    """C2.8."""
    roster = replace(station.gw.rules.roster, entries=())
    station.gw.rules = replace(station.gw.rules, roster=roster)
    assert legs(urgent(station)) == [DARIO]
    assert station.alarms() != []


# -------------------------------------------------------------------------------------------------- the line is lost


def test_a_caller_who_hangs_up_while_it_rings_has_the_ladder_go_on_with_a_call_of_its_own(station: Station) -> None:
    """C2.11: nothing depends on the caller staying on the line."""
    urgent(station)
    station.hangs_up(lasted_s=15)
    station.chase()
    (call,) = [call for call in station.page_calls(BRUNO) if call.state is DispatchState.DUE]
    assert call.kind is DispatchKind.PAGE
    assert station.ringing() == []


def test_a_line_that_is_lost_without_a_word_has_the_ladder_go_on_by_its_clock(station: Station) -> None:
    """P7, P8: the carrier died in the middle of the Dial."""
    urgent(station)
    station.pass_(seconds=60)
    assert [call.state for call in station.page_calls()] == [DispatchState.SENT]
    station.pass_(minutes=6)
    called = [call.to for call in station.page_calls() if call.state is not DispatchState.SENT]
    assert set(called) & {BRUNO, CARLA}


def test_while_the_chain_rings_the_ladder_wakes_nobody_beside_it(station: Station) -> None:
    """No second page storm to the same people."""
    urgent(station)
    station.pass_(seconds=20)
    station.does(dialled="no-answer")
    station.pass_(seconds=20)
    station.does(dialled="no-answer")
    station.pass_(seconds=20)
    assert [call.to for call in station.page_calls()] == [BRUNO, CARLA, DARIO]
    assert [text.to for text in station.page_texts()] == [BRUNO, CARLA, DARIO]


def test_a_technician_who_presses_one_after_the_caller_has_gone_has_the_request_and_is_told(station: Station) -> None:
    urgent(station)
    (leg,) = station.ringing()
    station.hangs_up(lasted_s=20)
    words = spoken(station.picks_up(leg, "1"))
    assert "ha riagganciato" in words
    assert station.ticket().owner == "bruno"
    assert Mark.CALL_BACK in station.ticket().marks


def test_whoever_calls_from_their_own_telephone_has_the_next_one_rung(station: Station) -> None:
    """C2.8: a technician on duty who calls back our number and presses one is not rung on the telephone they hold."""
    station.rings(BRUNO)
    station.does(digits="1")
    assert [call.to for call in station.page_calls()] == [CARLA]


def test_two_urgent_callers_are_not_both_put_on_one_telephone(station: Station) -> None:
    """One telephone rings once at a time: the second caller has the deputy."""
    assert legs(urgent(station, CITIZEN)) == [BRUNO]
    assert legs(urgent(station, OTHER)) == [CARLA]


def test_when_every_telephone_of_the_chain_is_taken_the_caller_is_told_and_the_ladder_stands(station: Station) -> None:
    for number in (CITIZEN, OTHER, "+393331111111"):
        urgent(station, number)
    words = spoken(urgent(station, "+393332222222"))
    assert "non risponde" in words
    ticket = station.tickets()[0]
    assert Mark.ON_CALL_NOT_REACHED not in ticket.marks
    assert station.store.read(lambda reading: reading.timer("chase", ticket.number)) is not None


def test_the_ceiling_of_calls_holds_for_callers_too_and_is_told(station: Station) -> None:
    """P15."""
    station.gw.rules = replace(station.gw.rules, calls_per_hour=1)
    urgent(station)
    assert legs(station.does(dialled="no-answer")) == []
    assert "ceiling_reached" in station.happened()


# -------------------------------------------------------------------------------------------- the summer-time night


@pytest.mark.parametrize("at", ["2026-03-29T02:59:00+01:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"])
def test_in_the_night_of_the_change_somebody_rings(station: Station, at: str) -> None:
    """C2.10, X1."""
    station.clock.set(at)
    assert len(legs(urgent(station))) == 1
