"""What may be changed beside the roster's file: overrides at once, swaps when the other agrees, and taking back.

Nothing that has passed is changed: whoever was on call at a past instant stays so. Two changes never hold at the same
time, so that one look tells who is on call and why.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.domain.errors import CentralinoError
from gateway.domain.hours import local
from gateway.domain.numbers import may_be_called
from gateway.domain.roster.closed import closed_times
from gateway.domain.roster.gaps import gaps_between
from gateway.domain.roster.watches import on_call_parts
from gateway.domain.telephony import ChangeKind, ChangeState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.roster.gaps import Gap
    from gateway.domain.roster.people import Person
    from gateway.domain.roster.resolving import Roster, Stretch
    from gateway.domain.telephony import RosterChange

STANDING_IN = (ChangeKind.OVERRIDE, ChangeKind.SWAP)


class ChangeError(CentralinoError):
    """The roster cannot be changed so; the text says why, and what could be done."""


def refuse_change(
    change: RosterChange,
    contract: Contract,
    roster: Roster,
    recorded: Sequence[RosterChange],
    *,
    at: datetime,
    countries: Iterable[str],
) -> None:
    """Refuse an override, or a swap that is asked for or accepted, which would break a rule.

    `roster` is the file's alone, `recorded` are the changes of the contract that have not ended; `at` is now.

    Raises:
        ChangeError: no on-call duty; nobody is on call then; in the past or outside the validity; the stand-in is not
            in the directory, does not serve the contract or has no number that may be called; another change in force
            at that time; somebody has that duty who did not give it away; the stand-in has it already; it would leave
            a hole or an overlap that was not there.

    Source: C2.8, C2.10, X10.
    """
    others = [each for each in recorded if each.id != change.id]
    before = roster.with_changes(others)
    _refuse_time(change, contract, before, at)
    refuse_stranger(change.contact, contract, roster, countries)
    _refuse_overlap(change, others)
    _refuse_persons(change, contract, before)
    after = before.with_changes([replace(change, state=ChangeState.IN_FORCE)])
    refuse_new_gaps(contract, before, after, change.starts_at, change.ends_at)


def _refuse_time(change: RosterChange, contract: Contract, roster: Roster, at: datetime) -> None:
    if roster.duty_of(contract.id) is None:
        raise ChangeError(f"{contract.id} has no on-call duty")
    if change.ends_at <= change.starts_at:
        raise ChangeError("it ends before it starts; exchange --from and --to")
    if change.starts_at < at:
        raise ChangeError(
            f"it would start at {_told(change.starts_at)}, which has passed: what was is not changed; start it now"
        )
    if not any(True for _ in closed_times(contract, change.starts_at, change.ends_at)):
        raise ChangeError("the desk is open all that time, or the contract is not in force: nobody is on call")


def refuse_stranger(person: str, contract: Contract, roster: Roster, countries: Iterable[str]) -> None:
    """Refuse somebody who could not be on call for a contract.

    Raises:
        ChangeError: not in the directory, not of this contract, or no number that may be called (X10).
    """
    known = [each for each in roster.people.values() if each.serves(contract.id) and each.numbers]
    choice = f"there are: {', '.join(each.id for each in known)}"
    if person not in roster.people:
        raise ChangeError(f"{person!r} is not in people.toml; {choice}")
    if not roster.people[person].serves(contract.id):
        raise ChangeError(f"{person} does not work for {contract.id}; {choice}")
    allowed = tuple(countries)
    if not any(may_be_called(number, allowed) for number in roster.people[person].numbers):
        raise ChangeError(f"{person} has no number that may be called; {choice}")


def refuse_outsider(person: Person, contract: Contract) -> None:
    """Refuse somebody who has no say in the roster of a contract.

    Raises:
        ChangeError: they do not work for it.
    """
    if not person.serves(contract.id):
        raise ChangeError(f"{person.id} does not work for {contract.id}, and has no say in who is on call")


def _refuse_overlap(change: RosterChange, others: Iterable[RosterChange]) -> None:
    for other in others:
        holds = other.kind in STANDING_IN and other.state is ChangeState.IN_FORCE
        if holds and other.starts_at < change.ends_at and other.ends_at > change.starts_at:
            raise ChangeError(
                f"change {other.id} has {other.contact} on call from {_told(other.starts_at)} "
                f"to {_told(other.ends_at)} already; take it back first with: centralino oncall undo {other.id}"
            )


def _refuse_persons(change: RosterChange, contract: Contract, roster: Roster) -> None:
    """A swap gives away one's own duty and nothing else; whoever has the duty already cannot take it."""
    parts = tuple(on_call_parts(contract, roster, change.starts_at, change.ends_at))
    if parts and all(part.chain.contact.id == change.contact for part in parts):
        raise ChangeError(f"{change.contact} is on call all that time already")
    if change.kind is not ChangeKind.SWAP:
        return
    strange = next(_not_of(change.instead_of, parts), None)
    if strange or not parts:
        who = strange.chain.contact.id if strange and not strange.chain.from_fallback else "nobody"
        when = f"from {_told(strange.start)} to {_told(strange.end)}" if strange else "then"
        raise ChangeError(f"{who} is on call {when}, not {change.instead_of}: only one's own duty can be given away")


def _not_of(person: str | None, parts: Iterable[Stretch]) -> Iterator[Stretch]:
    return (part for part in parts if part.chain.contact.id != person or part.chain.from_fallback)


def refuse_new_gaps(contract: Contract, before: Roster, after: Roster, start: datetime, end: datetime) -> None:
    """Refuse what would leave a hole or an overlap that was not there (C2.10).

    Raises:
        ChangeError: it would; the text names the first.
    """
    there = gaps_between(contract, before, start, end)
    made = next((gap for gap in gaps_between(contract, after, start, end) if not _was_there(gap, there)), None)
    if made:
        raise ChangeError(
            f"it would leave {'nobody' if not made.origins else 'more than one'} on call "
            f"from {_told(made.start)} to {_told(made.end)}"
        )


def _was_there(gap: Gap, before: Iterable[Gap]) -> bool:
    return any(each.kind is gap.kind and each.start <= gap.start and gap.end <= each.end for each in before)


def refuse_taking_back(change: RosterChange, at: datetime) -> None:
    """Refuse to take back what is not there any more.

    Raises:
        ChangeError: it was declined or taken back already, is no change of a duty, or has ended.
    """
    if change.kind not in STANDING_IN or change.state not in (ChangeState.ASKED, ChangeState.IN_FORCE):
        raise ChangeError(f"change {change.id} is {change.state.replace('_', ' ')}: there is nothing to take back")
    if change.state is ChangeState.IN_FORCE and change.ends_at <= at:
        raise ChangeError(f"change {change.id} ended at {_told(change.ends_at)}: what was is not changed")


def _told(at: datetime) -> str:
    return local(at).isoformat(timespec="minutes")
