"""Whether a contract's desk is open at an instant, why not, and when it opens again.

Order of evaluation: validity, holiday, weekend, bands (DOMAIN §2). Bands are half-open intervals of Europe/Rome wall
time, turned into instants before anything is compared: a local time that does not exist moves forward, one that exists
twice is the first (X1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gateway.domain.contract import MIDNIGHT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.contract import Band, Contract

ROME = ZoneInfo("Europe/Rome")
SATURDAY = 5
LONGEST_CLOSURE = timedelta(days=400)
"""How far `next_opening` looks. A desk that opens on no day of a year does not open."""


class State(StrEnum):
    """What a caller finds."""

    OPEN = "open"
    CLOSED = "closed"


class ClosedBecause(StrEnum):
    """Why the desk is closed (DESIGN, stored words)."""

    OUT_OF_HOURS = "out_of_hours"
    BREAK = "break"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    NOT_STARTED = "not_started"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening state at an instant. `next_opening` (Rome time) is None while open, and when there is none."""

    state: State
    reason: ClosedBecause | None
    holiday: str | None
    next_opening: datetime | None
    clauses: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the desk is staffed."""
        return self.state is State.OPEN


def local(at: datetime) -> datetime:
    """The same instant in Europe/Rome.

    Raises:
        ValueError: `at` is naive.
    """
    if at.tzinfo is None:
        msg = "an instant needs its offset"
        raise ValueError(msg)
    return at.astimezone(ROME)


def instant(day: date, wall: time = MIDNIGHT) -> datetime:
    """The instant (UTC) of a Rome wall time: moved forward if it does not exist, the first if it exists twice."""
    return datetime.combine(day, wall, ROME).astimezone(UTC)


def days_later(at: datetime, days: int) -> datetime:
    """The same wall time in Rome so many days later (UTC): days of 23 and 25 hours are days too (S034)."""
    return (local(at) + timedelta(days=days)).astimezone(UTC)


def is_valid_on(contract: Contract, day: date) -> bool:
    """Whether the contract is in force on this local day, both ends included (C2.2)."""
    return contract.valid_from <= day <= contract.last_day


def opening(contract: Contract, at: datetime) -> Opening:
    """The opening state of the contract's desk at an instant, with the clauses it follows from.

    A holiday that falls on a Saturday or Sunday is a holiday and cites both clauses (S022).

    Raises:
        ValueError: `at` is naive.
    """
    day = local(at).date()
    if not is_valid_on(contract, day):
        return _outside_validity(contract, day)
    spans = spans_on(contract, day)
    for start, end, clause in spans:
        if start <= at < end:
            return Opening(State.OPEN, None, None, None, (clause,))
    reason, holiday, clauses = _why_closed(contract, day, at, spans)
    return Opening(State.CLOSED, reason, holiday, next_opening(contract, at), clauses)


def _outside_validity(contract: Contract, day: date) -> Opening:
    clauses = (contract.clauses.of("validity"),)
    if day > contract.last_day:
        return Opening(State.CLOSED, ClosedBecause.ENDED, None, None, clauses)
    first = next_opening(contract, instant(contract.valid_from))
    return Opening(State.CLOSED, ClosedBecause.NOT_STARTED, None, first, clauses)


Span = tuple[datetime, datetime, str]
"""Start and end (UTC, half-open) of a time in which the desk is open, and its clause."""


def _why_closed(
    contract: Contract,
    day: date,
    at: datetime,
    spans: tuple[Span, ...],
) -> tuple[ClosedBecause, str | None, tuple[str, ...]]:
    hours = contract.clauses.of("hours")
    weekend = day.weekday() >= SATURDAY and not _bands(contract, day)
    schedule = contract.schedule_on(day)
    if holiday := schedule.calendar.holiday_on(day):
        cited = contract.clauses.of("holidays")
        return ClosedBecause.HOLIDAY, holiday, (cited, hours) if weekend else (cited,)
    if weekend:
        return ClosedBecause.WEEKEND, None, (hours,)
    closure = schedule.closure_on(day)
    if closure and closure.closes_at is None:
        return ClosedBecause.HOLIDAY, closure.name, (contract.clauses.of("closures"),)
    cited = next((clause for *_, clause in spans), hours)
    if spans and spans[0][0] <= at < spans[-1][1]:
        return ClosedBecause.BREAK, None, (cited,)
    return ClosedBecause.OUT_OF_HOURS, None, (cited,)


def _bands(contract: Contract, day: date) -> tuple[Band, ...]:
    return tuple(band for band in contract.schedule_on(day).bands if band.weekday == day.weekday())


def spans_on(contract: Contract, day: date) -> tuple[Span, ...]:
    """When the desk is open on a local day, in order: none outside the validity, on a holiday or a closing day."""
    schedule = contract.schedule_on(day)
    closure = schedule.closure_on(day)
    shut = closure is not None and closure.closes_at is None
    if shut or not is_valid_on(contract, day) or schedule.calendar.holiday_on(day):
        return ()
    latest = instant(day, closure.closes_at) if closure and closure.closes_at else None
    return tuple(_cut(_spans(contract, day), latest))


def _spans(contract: Contract, day: date) -> Iterator[Span]:
    for band in _bands(contract, day):
        last = day + timedelta(days=1) if band.end == MIDNIGHT else day
        yield instant(day, band.start), instant(last, band.end), band.clause


def _cut(spans: Iterator[Span], latest: datetime | None) -> Iterator[Span]:
    for start, end, clause in spans:
        until = end if latest is None else min(end, latest)
        if start < until:
            yield start, until, clause


def closing(contract: Contract, at: datetime) -> datetime | None:
    """When the desk that is open at this instant closes next (UTC); None when it is closed."""
    spans = spans_on(contract, local(at).date())
    return next((end for start, end, _ in spans if start <= at < end), None)


def next_opening(contract: Contract, at: datetime) -> datetime | None:
    """The first opening from an instant on, in Rome time; None when the contract ends before, or none in 400 days."""
    day = local(at).date()
    last = min(contract.last_day, day + LONGEST_CLOSURE)
    while day <= last:
        for start, _, _ in spans_on(contract, day):
            if start >= at:
                return start.astimezone(ROME)
        day += timedelta(days=1)
    return None
