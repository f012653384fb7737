"""By when something must have happened: the terms of a contract counted from a receipt, and why (DOMAIN 2, C3.11).

A term that is used up exactly at a closing ends there and not at the next opening; a day counts when the clock runs at
its end. The end of a contract stops no clock that already runs: a request of the last day is still owed an answer. What
each of these choices rests on is in decision 0007.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.clocks import FOREVER, Count, Pause, Piece, days, pieces, service
from gateway.domain.hours import instant, local
from gateway.domain.periods import ONE_DAY, SATURDAY, Kind, Step
from gateway.domain.provisions import Of, Starts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Site, Suspension, Term

JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Suspended:
    """A time in which a ticket waited, and the id of the message that asked. `ends_at` None: it waits still."""

    reason: Suspension
    starts_at: datetime
    ends_at: datetime | None
    asked_by: int | None


@dataclass(frozen=True, slots=True)
class Due:
    """When a term ends, by which clause, and the local day it ends on (for 24:00 the day that ends there).

    While the ticket waits there is no such instant: `at` and `on` are None and `standing_since` says since when.
    Without all three the contract has no service hours in which the term could run.
    """

    of: Of
    at: datetime | None
    on: date | None
    clause: str
    standing_since: datetime | None
    count: Count = field(repr=False, compare=False)

    @property
    def steps(self) -> tuple[Step, ...]:
        """How the term was counted, day by day, from the receipt to its end or to where it stands still."""
        return tuple(_steps(self.count))

    @property
    def left(self) -> timedelta:
        """How much of a term that stands still is left, days as whole ones; nothing of one that has its end."""
        term = self.count.term
        used = sum((step.counted for step in self.steps if step.counted), timedelta(0))
        return (timedelta(days=max(term.days, 1)) if self.count.by_the_day else term.within) - used


def due(
    term: Term,
    contract: Contract,
    received_at: datetime,
    *,
    place: Site | None = None,
    suspended: Sequence[Suspended] = (),
) -> Due:
    """When a term of the contract ends for what was received at an instant, at a place if it is a visit.

    Raises:
        ValueError: an instant is naive, a suspension ends before it starts, or its reason is none of the contract's.

    Source: C3.11, A3.4, A3.6; X1; DOMAIN 2 "Service-time clocks" and "Suspension".
    """
    pauses = _pauses(contract, suspended) if suspended else ()
    received = _utc(received_at)
    count = Count(term, contract, place, received, _begins_at(term, contract, received), pauses)
    at, on = _end_by_the_day(count) if count.by_the_day else _end_by_the_hour(count)
    return Due(term.of, at, on, term.clause, None if at else _standing_since(pauses), count)


def _utc(at: datetime) -> datetime:
    return local(at).astimezone(UTC)


def _begins_at(term: Term, contract: Contract, received: datetime) -> datetime:
    """From when a term runs: the receipt, not before the contract; the reopening where it says so, never for a visit.

    C3.11: the day of a request is the day of that request whatever the hour.
    """
    begins = max(received, instant(contract.valid_from))
    if term.starts is Starts.RECEIPT or term.of is Of.ON_SITE:
        return begins
    return next((starts_at for starts_at, _ in service(contract, begins)), begins)


def _pauses(contract: Contract, suspended: Sequence[Suspended]) -> tuple[Pause, ...]:
    """The suspensions in order; what two of them share counts once, for the one that began first."""
    found: list[Pause] = []
    for pause in sorted(_pause(contract, each) for each in suspended):
        starts_at = max(pause.starts_at, found[-1].ends_at) if found else pause.starts_at
        if starts_at < pause.ends_at:
            found.append(pause._replace(starts_at=starts_at))
    return tuple(found)


def _pause(contract: Contract, suspended: Suspended) -> Pause:
    if suspended.reason not in contract.suspensions:
        raise ValueError(f"{contract.id} does not let a term stand still for {suspended.reason}")
    starts_at = _utc(suspended.starts_at)
    ends_at = FOREVER if suspended.ends_at is None else _utc(suspended.ends_at)
    if ends_at < starts_at:
        raise ValueError(f"a suspension ends at {ends_at}, before it starts at {starts_at}")
    return Pause(starts_at, ends_at, suspended.reason)


def _standing_since(pauses: tuple[Pause, ...]) -> datetime | None:
    """Since when the clock stands still without a break; None when it runs at last."""
    since = None
    expected = FOREVER
    for pause in reversed(pauses):
        if pause.ends_at != expected:
            break
        since = expected = pause.starts_at
    return since


def _end_by_the_hour(count: Count) -> tuple[datetime, date] | tuple[None, None]:
    left = count.term.within
    for piece in pieces(count):
        if piece.stands_for_good:
            break
        if piece.pause:
            continue
        if left <= piece.ends_at - piece.starts_at:
            at = piece.starts_at + left
            return at, local(max(piece.starts_at, at - JUST_BEFORE)).date()
        left -= piece.ends_at - piece.starts_at
    return None, None


def _end_by_the_day(count: Count) -> tuple[datetime, date] | tuple[None, None]:
    for day, kind in days(count):
        if kind is Kind.DUE:
            return count.end_of(day), day
    return None, None


# --------------------------------------------------------------------------------------------------------- the steps


def _steps(count: Count) -> Iterator[Step]:
    if count.begins_at > count.received_at:
        arrived = local(count.received_at).date()
        yield Step(arrived, Kind.REOPENS, from_at=count.received_at, to_at=count.begins_at)
    yield from _steps_by_the_day(count) if count.by_the_day else _steps_by_the_hour(count)


def _steps_by_the_day(count: Count) -> Iterator[Step]:
    for day, kind in days(count):
        pause = count.pause_at_the_end_of(day)
        yield Step(
            day,
            kind,
            _holiday(count, day, kind),
            to_at=count.end_of(day) if kind is Kind.DUE else None,
            counted=ONE_DAY if kind in {Kind.DUE, Kind.COUNTED} else None,
            reason=pause.reason if pause and kind is Kind.STANDING else None,
        )


def _holiday(count: Count, day: date, kind: Kind) -> str | None:
    """The holiday that makes a day what it is: one of the desk or the place, or one by law over which the end moves."""
    if kind is Kind.MOVED:
        return count.contract.national.holiday_on(day)
    return count.calendar_on(day).holiday_on(day) if kind is Kind.HOLIDAY else None


def _steps_by_the_hour(count: Count) -> Iterator[Step]:
    day, left = local(count.begins_at).date(), count.term.within
    for starts_at, ends_at, pause in _by_day(count):
        on = local(starts_at).date()
        while day < on:
            yield _idle(count.contract, day)
            day += ONE_DAY
        day = on + ONE_DAY
        if pause:
            until = None if ends_at == FOREVER else ends_at
            yield Step(on, Kind.STANDING, from_at=starts_at, to_at=until, reason=pause.reason)
            continue
        used = min(left, ends_at - starts_at)
        left -= used
        yield Step(on, Kind.COUNTED if left else Kind.DUE, from_at=starts_at, to_at=starts_at + used, counted=used)
        if not left:
            return


def _by_day(count: Count) -> Iterator[Piece]:
    """The pieces cut at midnight in Rome; one that stands still for good is whole, and the last."""
    for piece in pieces(count):
        if piece.stands_for_good:
            yield piece._replace(ends_at=FOREVER)
            return
        cursor = piece.starts_at
        while (midnight := instant(local(cursor).date() + ONE_DAY)) < piece.ends_at:
            yield Piece(cursor, midnight, piece.pause)
            cursor = midnight
        yield Piece(cursor, piece.ends_at, piece.pause)


def _idle(contract: Contract, day: date) -> Step:
    """A day in which the service clock did not run, and why."""
    schedule = contract.schedule_on(day)
    if holiday := schedule.calendar.holiday_on(day):
        return Step(day, Kind.HOLIDAY, holiday)
    has_hours = any(band.weekday == day.weekday() for band in schedule.bands)
    if day.weekday() >= SATURDAY and not has_hours:
        return Step(day, Kind.WEEKEND)
    closure = schedule.closure_on(day)
    return Step(day, Kind.CLOSED, closure.name if closure and closure.closes_at is None else None)
