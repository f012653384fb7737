"""In hours the desk's telephones ring: whisper and key, the next one, the queue, a call-back (issue 4, point 2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.call import Gather, Hangup, Leg, Record, Ring, Script, Step
from gateway.domain.contract import Contract, Desk
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.intake import Channel
from gateway.domain.provisions import Counting, Of, Term
from gateway.domain.telephony import CallOutcome
from gateway.domain.ticket import Mark, Priority, TicketState
from tests.flow.station import CITIZEN, TUESDAY_MORNING, Station, spoken

C02 = "c02-comune"
ELENA, FABIO = "+390700000201", "+390700000202"
OTHER = "+393337654321"


@pytest.fixture
def open_desk(station: Station) -> Station:
    """A Tuesday morning: Elena's telephone rings first, then Fabio's."""
    station.clock.set(TUESDAY_MORNING)
    return station


def legs(script: Script) -> list[str]:
    """The numbers that ring."""
    return [leg.number for verb in script if isinstance(verb, Ring) for leg in verb.legs]


def changed(station: Station, **desk: Any) -> None:  # noqa: ANN401 - fields of a desk, by name
    def with_desk(contract: Contract) -> Contract:
        assert contract.desk
        return replace(contract, desk=replace(contract.desk, **desk))

    station.change(C02, with_desk)


def connected(station: Station, number: str) -> None:
    """Somebody at the desk picks up and presses one."""
    (leg,) = [leg for leg in station.ringing() if leg.to == number]
    station.picks_up(leg)
    station.picks_up(leg, "1")


# ------------------------------------------------------------------------------------------------------------- answered


def test_in_hours_the_desk_rings_in_its_order(open_desk: Station) -> None:
    """C2.4, S012, S015."""
    open_desk.rings()
    script = open_desk.does(digits="1")
    assert legs(script) == [ELENA]
    assert "La mettiamo in contatto con un operatore" in spoken(script)
    assert str(open_desk.ticket().number)[:4] in spoken(script).replace(" ", "")


@pytest.mark.parametrize(
    ("at", "rings"),
    [
        ("2026-11-24T08:00:00+01:00", True),
        ("2026-11-24T07:59:59+01:00", False),
        ("2026-12-31T17:59:00+01:00", True),
        ("2026-11-24T13:45:00+01:00", True),
        ("2026-12-31T18:00:00+01:00", False),
        ("2026-04-06T10:00:00+02:00", False),
        ("2028-02-29T10:00:00+01:00", True),
    ],
)
def test_the_desk_rings_inside_the_hours_and_at_no_other_time(station: Station, at: str, *, rings: bool) -> None:
    """C2.4, C2.5, S011, S012, S013, S015; Easter Monday, 31 December, 29 February."""
    station.clock.set(at)
    station.rings()
    station.does(digits="3")
    assert [leg.to for leg in station.ringing()] == ([ELENA] if rings else [])


def test_whoever_picks_up_hears_what_it_is_about_before_anybody_is_put_through(open_desk: Station) -> None:
    open_desk.rings()
    open_desk.does(digits="3")
    (leg,) = open_desk.ringing()
    script = open_desk.picks_up(leg)
    words = spoken(script)
    assert "Help desk del Comune" in words
    assert "reclamo" in words
    assert "Per rispondere prema uno" in words
    assert isinstance(script[-1], Hangup)
    assert open_desk.phone_line().answered_by is None


def test_one_puts_the_caller_through_and_takes_the_request(open_desk: Station) -> None:
    open_desk.rings()
    open_desk.does(digits="1")
    (leg,) = open_desk.ringing()
    script = open_desk.picks_up(leg, "1")
    assert not any(isinstance(verb, Hangup) for verb in script)
    ticket, line = open_desk.ticket(), open_desk.phone_line()
    assert (ticket.state, ticket.owner) == (TicketState.TAKEN, "elena")
    assert (line.answered_by, line.answered_at) == ("elena", open_desk.clock.now())
    assert "call_answered" in open_desk.happened(ticket)


def test_the_key_again_hears_the_same_and_takes_once(open_desk: Station) -> None:
    """S161."""
    open_desk.rings()
    open_desk.does(digits="1")
    (leg,) = open_desk.ringing()
    assert open_desk.picks_up(leg, "1") == open_desk.picks_up(leg, "1")
    assert open_desk.happened(open_desk.ticket()).count("taken") == 1


def test_after_the_talk_the_caller_hears_a_farewell_and_the_line_says_who_answered(open_desk: Station) -> None:
    open_desk.rings()
    open_desk.does(digits="1")
    connected(open_desk, ELENA)
    open_desk.clock.pass_(minutes=7)
    assert "Arrivederci" in spoken(open_desk.does(dialled="completed"))
    line = open_desk.hangs_up(lasted_s=450)
    assert (line.outcome, line.answered_by) == (CallOutcome.ANSWERED, "elena")
    assert Mark.CALL_BACK not in open_desk.ticket().marks
    assert open_desk.page_texts() == []


def test_a_voicemail_box_at_the_desk_has_answered_nothing(open_desk: Station) -> None:
    """S029: the carrier's "completed" is not a person."""
    open_desk.rings()
    open_desk.does(digits="1")
    (leg,) = open_desk.ringing()
    open_desk.picks_up(leg)
    assert legs(open_desk.does(dialled="completed")) == [FABIO]
    assert open_desk.ticket().state is TicketState.NEW


def test_a_call_that_began_before_the_closing_is_neither_cut_nor_transferred(station: Station) -> None:
    """S014: it counts as received in hours."""
    station.clock.set("2026-11-24T17:58:00+01:00")
    station.rings()
    station.clock.pass_(minutes=7)
    assert legs(station.does(digits="1")) == [ELENA]
    assert legs(station.does(dialled="no-answer")) == [FABIO]
    assert station.page_texts() == []


# ------------------------------------------------------------------------------------------------------------ the next


def test_the_next_telephone_rings_when_one_does_not_answer(open_desk: Station) -> None:
    open_desk.rings()
    open_desk.does(digits="1")
    assert legs(open_desk.does(dialled="no-answer")) == [FABIO]
    results = [e.data["result"] for e in open_desk.events(open_desk.ticket()) if e.type == "leg_ended"]
    assert results == ["no-answer"]


def test_two_passes_the_call_to_the_colleague(open_desk: Station) -> None:
    open_desk.rings()
    open_desk.does(digits="1")
    (leg,) = open_desk.ringing()
    assert isinstance(open_desk.picks_up(leg, "2")[-1], Hangup)
    assert legs(open_desk.does(dialled="completed")) == [FABIO]


def test_together_they_ring_at_once_and_the_first_key_has_the_call(open_desk: Station) -> None:
    changed(open_desk, together=True)
    open_desk.rings()
    assert legs(open_desk.does(digits="1")) == [ELENA, FABIO]
    elena, fabio = open_desk.ringing()
    open_desk.picks_up(fabio, "1")
    assert "riagganciato" in spoken(open_desk.picks_up(elena, "1"))
    assert open_desk.phone_line().answered_by == "fabio"
    assert open_desk.ticket().owner == "fabio"


def test_a_telephone_that_rings_for_one_caller_does_not_ring_for_another(open_desk: Station) -> None:
    open_desk.rings(CITIZEN)
    open_desk.does(digits="1")
    open_desk.rings(OTHER)
    assert legs(open_desk.does(digits="1")) == [FABIO]


def test_whoever_talks_is_not_rung(open_desk: Station) -> None:
    open_desk.rings(CITIZEN)
    open_desk.does(digits="1")
    connected(open_desk, ELENA)
    open_desk.clock.pass_(minutes=9)
    open_desk.rings(OTHER)
    assert legs(open_desk.does(digits="1")) == [FABIO]


# ------------------------------------------------------------------------------------------------------------ the queue


def queued(station: Station) -> Script:
    """A caller for whom nobody picked up."""
    station.rings()
    station.does(digits="1")
    station.does(dialled="no-answer")
    return station.does(dialled="busy")


def test_when_nobody_answers_the_caller_hears_place_time_and_the_offer_of_a_call_back(open_desk: Station) -> None:
    """V-05."""
    words = spoken(queued(open_desk))
    assert open_desk.phone_line().reached == Step.QUEUE
    assert "il numero 1 in attesa" in words
    assert "attesa previsto è di 3 minuti." in words
    assert "premere uno per essere richiamato" in words


def test_whoever_waits_has_the_desk_rung_again(open_desk: Station) -> None:
    queued(open_desk)
    assert legs(open_desk.does()) == [ELENA]


def test_when_everybody_talks_the_caller_waits_at_once_behind_those_before(open_desk: Station) -> None:
    changed(open_desk, people=("elena",))
    open_desk.rings(CITIZEN)
    open_desk.does(digits="1")
    connected(open_desk, ELENA)
    open_desk.rings(OTHER)
    open_desk.does(digits="1")
    open_desk.clock.pass_(seconds=30)
    open_desk.rings("+393331111111")
    assert "il numero 2 in attesa" in spoken(open_desk.does(digits="1"))


def test_one_in_the_queue_makes_a_call_back_task_with_the_due_time_of_the_contract(open_desk: Station) -> None:
    term = Term(Of.TAKEN_IN_CHARGE, Counting.SERVICE, "C2.1", within=timedelta(hours=4))
    open_desk.change(C02, lambda contract: replace(contract, terms=(term,)))
    queued(open_desk)
    script = open_desk.does(digits="1")
    line = open_desk.hangs_up(lasted_s=80)
    ticket = open_desk.ticket()
    assert Mark.CALL_BACK in ticket.marks
    assert "taken_in_charge" in ticket.due
    assert "Sarà richiamato entro oggi alle ore quattordici" in spoken(script)
    assert str(ticket.number) in spoken(script).replace(" ", "").replace(",", "")
    assert (line.outcome, ticket.state) == (CallOutcome.CALL_BACK, TicketState.NEW)


def test_without_a_term_nothing_is_promised_for_the_call_back(open_desk: Station) -> None:
    queued(open_desk)
    assert "Sarà richiamato appena possibile" in spoken(open_desk.does(digits="1"))


def test_whoever_shows_no_number_keys_the_one_to_be_called_at_and_we_never_dial_it(open_desk: Station) -> None:
    """X10, S159."""
    open_desk.rings("")
    open_desk.does(digits="1")
    open_desk.does(dialled="no-answer")
    open_desk.does(dialled="no-answer")
    assert "Digiti il numero a cui richiamarLa" in spoken(open_desk.does(digits="1"))
    open_desk.does(digits="0706061234")
    ticket = open_desk.ticket()
    assert Mark.CALL_BACK in ticket.marks
    assert any("0706061234" in message.text for message in open_desk.messages(ticket))
    assert {d.to for d in open_desk.sent(channel=Channel.VOICE)} == {ELENA, FABIO}


def test_after_the_longest_wait_a_message_is_offered(open_desk: Station) -> None:
    queued(open_desk)
    open_desk.clock.pass_(minutes=4)
    words = spoken(open_desk.does())
    assert "Gli operatori sono ancora occupati" in words
    assert open_desk.phone_line().reached == Step.NOTICE
    assert any(isinstance(verb, Record) for verb in open_desk.does())


def test_whoever_hangs_up_in_the_queue_is_called_back(open_desk: Station) -> None:
    """S003 does not let go of whoever pressed a key."""
    queued(open_desk)
    line = open_desk.hangs_up(lasted_s=70)
    assert (line.outcome, line.reached) == (CallOutcome.ABANDONED, Step.QUEUE)
    assert Mark.CALL_BACK in open_desk.ticket().marks


def test_a_caller_who_hangs_up_while_it_rings_leaves_no_telephone_ringing(open_desk: Station) -> None:
    open_desk.rings()
    open_desk.does(digits="1")
    (leg,) = open_desk.ringing()
    open_desk.hangs_up(lasted_s=20)
    assert open_desk.ringing() == []
    assert "riagganciato" in spoken(open_desk.picks_up(leg))
    assert open_desk.ticket().state is TicketState.NEW


# ------------------------------------------------------------------------------------------------------------- limits


def test_a_ceiling_lets_nobody_ring_for_the_desk_before_it_stops_those_who_wake(open_desk: Station) -> None:
    """P15: money has a ceiling, and whoever floods us cannot use up what pages need."""
    open_desk.gw.rules = replace(open_desk.gw.rules, calls_per_hour=5)
    dialled = 0
    for caller in range(6):
        open_desk.rings(f"+39333111100{caller}")
        dialled += len(legs(open_desk.does(digits="1")))
        open_desk.hangs_up(lasted_s=10)
    assert dialled == 4
    assert "ceiling_reached" in open_desk.happened()
    assert open_desk.phone_line().reached == Step.QUEUE


def test_only_numbers_of_allowed_countries_ring(open_desk: Station) -> None:
    """X10."""
    open_desk.gw.rules = replace(open_desk.gw.rules, countries=("+41",))
    open_desk.rings()
    assert legs(open_desk.does(digits="1")) == []


def test_a_leg_of_the_desk_is_a_dispatch_that_has_left(open_desk: Station) -> None:
    """One outbox: ceilings and the register count it like every other call."""
    open_desk.rings()
    open_desk.does(digits="1")
    (leg,) = open_desk.ringing()
    assert (leg.kind, leg.channel, leg.state) == (DispatchKind.CALL, Channel.VOICE, DispatchState.SENT)
    assert open_desk.store.read(lambda r: r.sent_since(Channel.VOICE, open_desk.clock.now() - timedelta(hours=1))) == 1


def test_a_conversation_is_recorded_only_where_that_is_switched_on_and_not_refused(open_desk: Station) -> None:
    """X12, S162."""

    def recorded() -> bool:
        open_desk.rings()
        script = open_desk.does(digits="1")
        open_desk.hangs_up(lasted_s=10)
        return any(isinstance(verb, Ring) and verb.recorded for verb in script)

    assert not recorded()
    open_desk.gw.rules = replace(open_desk.gw.rules, record_calls=True)
    assert recorded()
    assert "prema nove" in spoken(open_desk.rings())
    again = open_desk.does(digits="9")
    assert "non sarà registrata" in spoken(again)
    assert "prema nove" not in spoken(again)
    ring = next(verb for verb in open_desk.does(digits="1") if isinstance(verb, Ring))
    assert not ring.recorded


def test_an_urgent_word_in_hours_is_chased_from_the_closing_on(open_desk: Station) -> None:
    """C2.8: the desk has it before it while it is open."""
    open_desk.rings()
    open_desk.does(speech="È tutto bloccato da stamattina")
    assert open_desk.ticket().priority is Priority.URGENT
    open_desk.does(dialled="no-answer")
    open_desk.does(dialled="no-answer")
    open_desk.hangs_up(lasted_s=60)
    open_desk.clock.set("2026-11-24T18:00:01+01:00")
    open_desk.chase()
    assert open_desk.page_texts() != []


def test_the_desk_of_another_contract_is_another_desk(station: Station) -> None:
    station.clock.set(TUESDAY_MORNING)
    desk = Desk(("fabio",), together=False, ring_s=15, max_wait=timedelta(minutes=1))
    station.change("c03-sardegnait", lambda contract: replace(contract, desk=desk))
    station.rings("+390700000350", to="+390700000300")
    script = station.does(digits="1")
    ring = next(verb for verb in script if isinstance(verb, Ring))
    assert (ring.ring_s, [leg.number for leg in ring.legs]) == (15, [FABIO])
    assert isinstance(ring.legs[0], Leg)


def test_the_questions_of_a_queue_take_one_key(open_desk: Station) -> None:
    script = queued(open_desk)
    assert [verb.digits for verb in script if isinstance(verb, Gather)] == [1]


def test_a_caller_is_told_at_once_when_who_answers_is_not_in_italy(open_desk: Station) -> None:
    """V-18, art. 24-bis d.l. 83/2012: said before anybody is put through, and on the line of the call."""
    changed(open_desk, abroad="Albania")
    open_desk.rings()
    heard = spoken(open_desk.does(digits="1"))
    assert "si trova in Albania" in heard
    assert open_desk.phone_line().facts["country"] == "Albania"


def test_a_desk_in_italy_says_nothing_of_it(open_desk: Station) -> None:
    open_desk.rings()
    assert "si trova in" not in spoken(open_desk.does(digits="1"))
