"""A swap of duty answered by whoever was asked, without a shell: by SMS with its code, or by the link in the mail.

The code and the link belong to one swap and one person, and hold until it was answered or its time is over. A text
without a code answers no swap: a second OK to something else must not take anybody's night. Three wrong codes from a
number, and for a day it answers swaps by the mail or the shell alone (P14).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway import standing_in
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.roster.asking import is_token_of, swap_code, swap_id_of
from gateway.domain.roster.changes import ChangeError
from gateway.domain.telephony import ChangeKind, ChangeState
from gateway.silences import NEVER, number_key
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from gateway.domain.roster import Person
    from gateway.domain.telephony import RosterChange
    from gateway.ports import Gateway, Reading, Transaction

TRIES = "swap_tries"
MOST_TRIES = 3
TRIES_FORGOTTEN_AFTER = timedelta(days=1)


class Standing(StrEnum):
    """How a swap stands for whoever was asked."""

    WAITS = "waits"
    YOURS = "yours"
    DECLINED = "declined"
    OVER = "over"
    """Taken back, its time is over, or it has become impossible: nothing changes any more."""
    GONE = "gone"
    """There is no such swap, or it was not this person who was asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How a swap stands now, and the swap."""

    standing: Standing
    swap: RosterChange | None = None


def standing(swap: RosterChange, at: datetime) -> Standing:
    """How a swap stands at an instant."""
    if swap.state is ChangeState.ASKED:
        return Standing.WAITS if at < swap.ends_at else Standing.OVER
    if swap.state is ChangeState.IN_FORCE:
        return Standing.YOURS
    return Standing.DECLINED if swap.state is ChangeState.DECLINED else Standing.OVER


def answer(gw: Gateway, tx: Transaction, swap: RosterChange, at: datetime, *, accepts: bool, medium: str) -> Answered:
    """Whoever was asked says yes or no; said again, or too late, it changes nothing and tells how things stand."""
    person = gw.rules.people.get(swap.contact)
    if person is None:
        return Answered(Standing.GONE)
    if standing(swap, at) is not Standing.WAITS:
        return Answered(standing(swap, at), swap)
    try:
        done = standing_in.answer_swap(
            gw, tx, swap.id, person, at, accepts=accepts, countries=gw.rules.countries, medium=medium
        )
    except ChangeError as error:
        data = {"change": str(swap.id), "medium": medium, "reason": str(error)[:200]}
        tx.record(SYSTEM, Happening("swap_impossible", at, person.id, data=data))
        return Answered(Standing.OVER, swap)
    return Answered(standing(done, at), done)


# -------------------------------------------------------------------------------------------------------------- by SMS


def waiting(reading: Reading, person: Person, at: datetime) -> list[RosterChange]:
    """The swaps that wait for the answer of a person, oldest first."""
    return [each for each in _asked_of(reading, person, at) if standing(each, at) is Standing.WAITS]


def of_code(gw: Gateway, reading: Reading, person: Person, number: str, code: str, at: datetime) -> RosterChange | None:
    """The swap that a person was asked with this code, waiting or answered; none from a number that guessed too often.

    Swaps whose time is over have no code any more.
    """
    if not tries_left(reading, number, at):
        return None
    key = gw.rules.signing_key
    return next((each for each in _asked_of(reading, person, at) if swap_code(key, each) == code), None)


def _asked_of(reading: Reading, person: Person, at: datetime) -> list[RosterChange]:
    changes = reading.roster_changes(ending_after=at)
    return [each for each in changes if each.kind is ChangeKind.SWAP and each.contact == person.id]


def wrong_code(tx: Transaction, number: str, at: datetime) -> int:
    """Count a wrong code of a number that has a swap to answer; how many tries are left (P14, B-079)."""
    before = tries_left(tx, number, at)
    left = max(0, before - 1)
    if before:  # a number that is blocked is not blocked for longer by trying
        facts = {"tries": str(MOST_TRIES - left), "since": at.isoformat()}
        tx.set_timer(TRIES, number_key(number), NEVER, facts)
    if before and not left:
        tx.record(SYSTEM, Happening("swap_codes_blocked", at, NOBODY, personal={"number": number}))
    return left


def tries_left(reading: Reading, number: str, at: datetime) -> int:
    """How many wrong codes a number may still text before its codes hold no more for a day."""
    timer = reading.timer(TRIES, number_key(number))
    if timer is None or at - datetime.fromisoformat(timer.facts["since"]) >= TRIES_FORGOTTEN_AFTER:
        return MOST_TRIES
    return MOST_TRIES - int(timer.facts["tries"])


# ------------------------------------------------------------------------------------------------------------- by link


def of_link(gw: Gateway, reading: Reading, token: str) -> RosterChange | None:
    """The swap that a link was made for; None when the token was not made by us for a swap that there is."""
    swap_id = swap_id_of(token)
    swap = reading.roster_change(swap_id) if swap_id is not None else None
    asked = swap if swap and swap.kind is ChangeKind.SWAP else None
    return asked if asked and is_token_of(gw.rules.signing_key, token, asked) else None


def by_link(gw: Gateway, tx: Transaction, token: str, at: datetime, *, accepts: bool) -> Answered:
    """A button of the swap's own page was pressed."""
    swap = of_link(gw, tx, token)
    return answer(gw, tx, swap, at, accepts=accepts, medium="link") if swap else Answered(Standing.GONE)
