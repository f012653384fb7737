"""One of our own people calls: from a telephone that was paged the code is asked for, or a watch is confirmed by a key.

The caller's number may be forged, so a page needs its code, as in an SMS (B-078). A watch needs the key alone, as it
does the OK of an SMS: its real telephone is texted that it was confirmed. Such a call has its line and is no request
(decision 0011), unless whoever calls goes on to the menu.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import accepting, deeds, handovers, paging
from gateway.accepting import Answer
from gateway.domain import pages
from gateway.domain.call import Deed, Step
from gateway.domain.call_ends import CODES
from gateway.domain.call_meaning import CONFIRM
from gateway.domain.intake import IntakeState
from gateway.domain.pages import ANSWERABLE

if TYPE_CHECKING:
    from gateway.deeds import Done, Moment
    from gateway.ports import Gateway, Reading, Transaction

ACCEPTED = "accepted"
"""Fact of a call: the requests that the code of a page accepted in it."""
LATE_FOR = timedelta(hours=3)
"""So long after a page its code is asked for although nobody waits any more: a late one is told who has it (C-56)."""
LOOKED_AT = 10
"""So many of the pages that somebody accepted are looked at for one that they were reminded of."""


def first_step(gw: Gateway, reading: Reading, number: str, at: datetime) -> Step:
    """Where a call begins: at the code of a page, at a watch that waits to be confirmed, or in the menu."""
    person = gw.rules.people.by_number(number) if number else None
    if person is None:
        return Step.MENU
    if _was_paged(reading, number, at):
        return Step.CODE
    return Step.WATCH if handovers.waiting_for(reading, person, at) else Step.MENU


def _was_paged(reading: Reading, number: str, at: datetime) -> bool:
    """Whether this telephone has a page to answer, had one a while ago, or was reminded of one that it accepted."""
    recent = _waits(reading, number) or bool(reading.pages(number=number, since=at - LATE_FOR, limit=1))
    return recent or _is_reminded(reading, number)


def _is_reminded(reading: Reading, number: str) -> bool:
    """Whether somebody accepted, did nothing for long, and is asked to say again that they have it (M-03-TAKEN)."""
    mine = reading.pages(number=number, states=(pages.ACCEPTED,), limit=LOOKED_AT)
    timers = [(page, reading.timer(paging.ACCEPTANCE, page.ticket)) for page in mine]
    return any(timer and "reminded" in timer.facts and timer.facts["page"] == str(page.id) for page, timer in timers)


def _waits(reading: Reading, number: str) -> bool:
    return bool(reading.pages(number=number, states=ANSWERABLE, limit=1))


def take_in(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """The effect of a code or a key. Afterwards `moment` says what is told of it."""
    if done.deed is Deed.NOTHING:
        deeds.keep_step(tx, moment, done)
        return
    about_watch = done.step is Step.WATCH or _is_key_of_watch(gw, tx, moment, done)
    result = _watch(gw, tx, moment, done.at) if about_watch else _code(gw, tx, moment, done)
    about = {"tickets": str(moment.about.number)} if moment.about else {}
    numbers = {"tickets": moment.call.facts[ACCEPTED]} if ACCEPTED in moment.call.facts else about
    deeds.keep_step(tx, moment, done, result=result, **numbers)
    intake = moment.call.intake
    if moment.settled and intake is not None and tx.is_unfiled(intake):
        tx.settle_intake(intake, IntakeState.REPLY, str(done.step))


def _is_key_of_watch(gw: Gateway, reading: Reading, moment: Moment, done: Done) -> bool:
    """Whether, at the code of a page, the key was pressed that a watch waits for: its text told to (M-05)."""
    person = gw.rules.people.by_number(moment.call.caller)
    is_key = done.signal.digits.strip("*#") == CONFIRM
    return is_key and person is not None and bool(handovers.waiting_for(reading, person, done.at))


def _code(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> str:
    """A right code accepts as an SMS with OK and the code does; a wrong one counts as one by SMS does (P14, B-079)."""
    code = done.signal.digits.strip("*#")
    page = accepting.page_of_code(tx, moment.call.caller, code) if done.deed is Deed.DIGITS else None
    accepted = accepting.accept(gw, tx, page, done.at, medium="voice_code") if page else None
    if accepted is None or not accepted.tickets:
        return _no_code(gw, tx, moment, done, code)
    moment.settled, moment.about = accepted.spoken_id, accepted.tickets[0]
    moment.told = {"count": str(len(accepted.tickets)), "person": accepted.owner}
    if accepted.answer is Answer.YOURS:
        numbers = " ".join(str(ticket.number) for ticket in accepted.tickets)
        facts = {**moment.call.facts, ACCEPTED: numbers}
        moment.call = tx.change_call(moment.call.id, ticket=accepted.tickets[0].number, facts=facts)
    return "late" if accepted.answer is Answer.OTHER else str(accepted.answer)


def _no_code(gw: Gateway, tx: Transaction, moment: Moment, done: Done, code: str) -> str:
    """Three in a call at the most. What is too short to be a code, or was one until it was blocked, is no attempt."""
    number, keyed = moment.call.caller, int(moment.call.facts.get(CODES, "0")) + 1
    waited, was_right = _waits(tx, number), accepting.blocked_page(tx, number, code) is not None
    if done.deed is Deed.DIGITS and waited and not was_right:
        paging.wrong_code(gw, tx, number, done.at)
    moment.blocked = was_right or (waited and not _waits(tx, number))
    moment.tries = 0 if moment.blocked else paging.MOST_TRIES - keyed
    deeds.note(tx, moment, **{CODES: str(keyed)})
    if done.deed is Deed.INCOMPLETE:
        return "incomplete"
    return "blocked" if moment.blocked else "wrong"


def _watch(gw: Gateway, tx: Transaction, moment: Moment, at: datetime) -> str:
    """The key confirms the watches that wait for it, as OK by SMS does; it is told by SMS too."""
    person = gw.rules.people.by_number(moment.call.caller)
    confirmed = person is not None and handovers.confirm(gw, tx, person, at)
    moment.settled = "V-WATCH-CONFIRMED" if confirmed else ""
    return "confirmed" if confirmed else "over"
