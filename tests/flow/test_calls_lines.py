"""Every call leaves a line, and what becomes of one that was given up (S003; issue 4, point 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.call import Reject, Step
from gateway.domain.intake import IntakeState
from gateway.domain.telephony import CallOutcome
from gateway.domain.ticket import Mark, Priority, TicketState
from tests.flow.station import CITIZEN, TUESDAY_MORNING, Station

C02 = "c02-comune"


@pytest.fixture
def morning(station: Station) -> Station:
    station.clock.set(TUESDAY_MORNING)
    return station


def test_s003_a_call_given_up_after_four_seconds_is_a_contact_without_a_ticket(morning: Station) -> None:
    """C1.2, S003: number, time, duration; it counts among the abandoned."""
    morning.rings()
    line = morning.hangs_up(lasted_s=4)
    assert (line.outcome, line.ticket, line.reached) == (CallOutcome.ABANDONED, None, Step.MENU)
    assert (line.caller, line.facts["duration_s"], line.ended_at) == (CITIZEN, "4", morning.clock.now())
    (intake,) = morning.intakes()
    assert (intake.state, intake.reason) == (IntakeState.ABANDONED, "abandoned_call")
    assert morning.tickets() == []
    assert "call_ended" in morning.happened()


def test_s003_it_is_linked_to_a_ticket_when_the_number_has_an_open_one(morning: Station) -> None:
    """C1.2, S003."""
    morning.rings()
    morning.does(speech="Il portale dei tributi non accetta la password")
    morning.hangs_up(lasted_s=60)
    before = len(morning.messages(morning.ticket()))
    morning.rings()
    line = morning.hangs_up(lasted_s=4)
    assert line.ticket == morning.ticket().number
    assert len(morning.messages(morning.ticket())) == before + 1
    assert [intake.state for intake in morning.intakes()][-1] is IntakeState.FILED


@pytest.mark.parametrize(("seconds", "is_ticket"), [(9, False), (10, True), (45, True)])
def test_whoever_waited_long_enough_is_called_back(morning: Station, seconds: int, *, is_ticket: bool) -> None:
    """[phone] abandoned_after_s."""
    morning.rings()
    line = morning.hangs_up(lasted_s=seconds)
    assert (line.ticket is not None) is is_ticket
    if is_ticket:
        assert Mark.CALL_BACK in morning.ticket().marks
        assert "Chiamata persa da" in morning.ticket().subject


def test_a_key_alone_makes_it_a_request(morning: Station) -> None:
    """A caller who chose a language or asked to hear it again wanted something."""
    morning.rings()
    morning.does(digits="0")
    line = morning.hangs_up(lasted_s=5)
    assert line.ticket is not None
    assert Mark.CALL_BACK in morning.ticket().marks


def test_how_far_they_came_stands_on_the_line(station: Station) -> None:
    """ilert's lesson: a hang-up in the menu is seen."""
    station.rings()
    station.does()
    line = station.hangs_up(lasted_s=70)
    assert (line.outcome, line.reached) == (CallOutcome.ABANDONED, Step.MENU_AGAIN)


def test_an_empty_voicemail_is_one(station: Station) -> None:
    station.rings()
    station.does(digits="2")
    station.does()
    station.does()
    line = station.hangs_up(lasted_s=40)
    assert line.outcome is CallOutcome.EMPTY_MESSAGE
    assert Mark.CALL_BACK in station.ticket().marks


def test_a_recording_of_a_second_is_an_empty_message(station: Station) -> None:
    station.rings()
    station.does(digits="2")
    station.does()
    station.does(recording="RE" + "2" * 32, recording_s="1")
    assert station.hangs_up(lasted_s=40).outcome is CallOutcome.EMPTY_MESSAGE


def test_a_message_that_comes_after_the_end_is_a_message(station: Station) -> None:
    """Who leaves a message by hanging up: the carrier tells the end first and the recording then."""
    station.rings()
    station.does(digits="2")
    station.does()
    line = station.phone_line()
    station.hangs_up(lasted_s=40)
    station.repeat(line, recording="RE" + "3" * 32, recording_s="9")
    assert station.phone_line().outcome is CallOutcome.MESSAGE
    assert any("9 secondi" in message.text for message in station.messages(station.ticket()))


def test_a_call_that_the_carrier_lost_is_a_carrier_error(morning: Station) -> None:
    morning.rings()
    assert morning.hangs_up(status="failed", lasted_s=0).outcome is CallOutcome.CARRIER_ERROR


def test_the_end_told_twice_ends_once(morning: Station) -> None:
    """S161."""
    morning.rings()
    first = morning.hangs_up(lasted_s=20)
    morning.clock.pass_(seconds=5)
    assert morning.hangs_up(lasted_s=25) == first
    assert morning.happened(morning.ticket()).count("call_ended") == 1


def test_a_call_of_whose_end_nobody_tells_ends_by_its_clock(morning: Station) -> None:
    """C2.3: a lost status loses no request."""
    morning.rings()
    morning.pass_(minutes=11)
    line = morning.phone_line()
    assert (line.outcome, line.facts["status"]) == (CallOutcome.ABANDONED, "lost")
    assert Mark.CALL_BACK in morning.ticket().marks


# ------------------------------------------------------------------------------------------------------ who is told


def test_whoever_gives_up_at_night_without_a_key_wakes_nobody(station: Station) -> None:
    """Issue 4: it pages only by rule."""
    station.rings()
    station.hangs_up(lasted_s=30)
    station.pass_(hours=1)
    assert station.page_texts() == []
    assert station.ticket().state is TicketState.NEW


def test_where_the_contract_says_so_an_abandoned_call_is_told_to_the_contact(station: Station) -> None:
    """[phone] page_abandoned."""
    station.change(C02, lambda contract: replace(contract, page_abandoned=True))
    station.rings()
    station.hangs_up(lasted_s=30)
    (text,) = station.page_texts()
    assert "URGENTE" not in text.text


def test_a_request_that_is_not_urgent_is_told_to_the_contact_when_the_call_is_over(station: Station) -> None:
    """C2.8, page = "all": one SMS, and not while the caller may still say that it is urgent."""
    station.rings()
    station.does(speech="Il certificato di residenza non si scarica")
    assert station.page_texts() == []
    station.does()
    station.hangs_up()
    station.pass_(hours=1)
    assert ["URGENTE" in text.text for text in station.page_texts()] == [False]
    assert station.page_calls() == []
    assert station.ticket().priority is Priority.NORMAL


def test_whoever_hangs_up_after_saying_what_it_is_about_is_a_request_like_any_other(station: Station) -> None:
    station.rings()
    station.does(speech="Il certificato di residenza non si scarica")
    line = station.hangs_up(lasted_s=40)
    assert line.outcome is CallOutcome.SPOKEN
    assert len(station.page_texts()) == 1


# ---------------------------------------------------------------------------------------------------------- floods


def test_whoever_calls_without_end_gets_the_busy_tone_and_each_call_its_line(morning: Station) -> None:
    """P15, P16."""
    morning.gw.rules = replace(morning.gw.rules, calls_per_caller=3)
    for _ in range(3):
        morning.rings()
        morning.hangs_up(lasted_s=4)
    script = morning.rings()
    assert script == (Reject(),)
    line = morning.phone_line()
    assert (line.outcome, line.facts["why"]) == (CallOutcome.REFUSED, "too_many_calls")
    assert morning.intakes()[-1].reason == "too_many_calls"
    assert morning.happened().count("calls_refused") == 1
    morning.rings("+393339876543")
    assert morning.phone_line().outcome is None
    morning.clock.pass_(minutes=11)
    morning.rings()
    assert morning.phone_line().outcome is None


def test_callers_who_show_no_number_are_not_one_caller(morning: Station) -> None:
    morning.gw.rules = replace(morning.gw.rules, calls_per_caller=1)
    morning.rings("")
    morning.rings("")
    assert morning.phone_line().outcome is None


# --------------------------------------------------------------------------------------------------- after a fault


def test_a_call_is_filed_by_the_worker_when_nothing_was_heard_of_it_for_hours(morning: Station) -> None:
    """P1: also when its timer was lost."""
    morning.rings()
    morning.store.write(lambda tx: tx.drop_timer("call", morning.phone_line().id))
    morning.clock.pass_(hours=5)
    morning.file()
    assert morning.phone_line().ended_at is not None
    assert len(morning.tickets()) == 1
