"""By when something must have happened: the terms of a contract counted from a receipt, and why (DOMAIN 2, C3.11).

Four clocks. `ELAPSED` runs always, in absolute time: 30 minutes are 30 minutes in the night of the change too (X1,
S140). `SERVICE` runs inside the bands; a term that is used up exactly at a closing ends there and not at the next
opening. `DAYS` and `WORKING_DAYS` count whole days, the day of the request never. Every clock stands still while the
ticket waits for a reason that the contract allows. What each of these choices rests on: decision 0007.

The end of a contract stops no clock that already runs: a request received on the last day is still owed an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.contract import MIDNIGHT
from gateway.domain.hours import LONGEST_CLOSURE, instant, local, spans_on
from gateway.domain.periods import ONE_DAY, SATURDAY, Kind, Step, is_day_of_rest, is_working_day
from gateway.domain.provisions import Counting, Ends, Of, Starts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Calendar, Site, Suspension, Term

FOREVER = datetime.max.replace(tzinfo=UTC)
BY_THE_HOUR = frozenset({Counting.ELAPSED, Counting.SERVICE})
INSTANTLY_BEFORE = timedelta(microseconds=1)

Pause = tuple[datetime, datetime]
"""A time (UTC, half-open) in which the clocks stand still; its end is `FOREVER` while it lasts."""
Piece = tuple[datetime, datetime, bool]
"""A time (UTC, half-open) in which a clock would run, and whether it stands still."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """A time in which a ticket waited, and the id of the message that asked. `ends_at` None: it waits still."""

    reason: Suspension
    starts_at: datetime
    ends_at: datetime | None
    asked_by: int | None


@dataclass(frozen=True, slots=True)
class Counted:
    """All that a term is counted from. `begins_at` is the receipt, or the reopening where the contract says so."""

    term: Term
    contract: Contract
    place: Site | None
    received_at: datetime
    begins_at: datetime
    suspended: Sequence[Suspended]
    pauses: tuple[Pause, ...]

    def calendar_on(self, day: date) -> Calendar:
        """The holidays of a day: those of the place of the visit (A3.4), else the contract's."""
        if self.term.at_site and self.place is not None:
            return self.place.calendar
        return self.contract.schedule_on(day).calendar

    def stands_from(self, at: datetime) -> bool:
        """Whether the clock stands still at an instant and nobody knows until when."""
        return bool(self.pauses) and self.pauses[-1][1] == FOREVER and self.pauses[-1][0] <= at

    def reason_at(self, at: datetime) -> Suspension | None:
        """Why the clock stands still at an instant."""
        return next((s.reason for s in self.suspended if s.starts_at <= at < (s.ends_at or FOREVER)), None)


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
    counted: Counted = field(repr=False, compare=False)

    @property
    def steps(self) -> tuple[Step, ...]:
        """How the term was counted, day by day, from the receipt to its end or to the day at which it stands."""
        return tuple(_steps(self.counted))

    @property
    def left(self) -> timedelta:
        """How much of a term that stands still is left, days as whole ones; nothing of one that has its end."""
        term = self.counted.term
        used = sum((step.counted for step in self.steps if step.counted), timedelta(0))
        return (term.within if term.counting in BY_THE_HOUR else timedelta(days=max(term.days, 1))) - used


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

    Source: C3.11, A3.4, A3.6, C3.19; X1; DOMAIN 2 "Service-time clocks" and "Suspension".
    """
    pauses = _pauses(contract, suspended) if suspended else ()
    received = _utc(received_at)
    begins = _begins_at(term, contract, received)
    counted = Counted(term, contract, place, received, begins, suspended, pauses)
    at, on = _end_by_the_hour(counted) if term.counting in BY_THE_HOUR else _end_by_the_day(counted)
    since = pauses[-1][0] if at is None and pauses and pauses[-1][1] == FOREVER else None
    return Due(term.of, at, on, term.clause, since, counted)


def _utc(at: datetime) -> datetime:
    return local(at).astimezone(UTC)


def _pauses(contract: Contract, suspended: Sequence[Suspended]) -> tuple[Pause, ...]:
    """The suspensions in order, those that overlap counted once."""
    merged: list[Pause] = []
    for starts_at, ends_at in sorted(_pause(contract, each) for each in suspended):
        if merged and starts_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ends_at))
        elif starts_at < ends_at:
            merged.append((starts_at, ends_at))
    return tuple(merged)


def _pause(contract: Contract, suspended: Suspended) -> Pause:
    if suspended.reason not in contract.suspensions:
        raise ValueError(f"{contract.id} does not let a term stand still for {suspended.reason}")
    starts_at = _utc(suspended.starts_at)
    ends_at = FOREVER if suspended.ends_at is None else _utc(suspended.ends_at)
    if ends_at < starts_at:
        raise ValueError(f"a suspension ends at {ends_at}, before it starts at {starts_at}")
    return starts_at, ends_at


def _begins_at(term: Term, contract: Contract, received: datetime) -> datetime:
    """From when a term runs: the receipt, not before the contract; the reopening where it says so, never for a visit.

    C3.11: the day of a request is the day of that request whatever the hour.
    """
    begins = max(received, instant(contract.valid_from))
    if term.starts is Starts.RECEIPT or term.of is Of.ON_SITE:
        return begins
    return next((start for start, _ in _service(contract, begins)), begins)


# ------------------------------------------------------------------------------------------------------- by the hour


def _end_by_the_hour(counted: Counted) -> tuple[datetime, date] | tuple[None, None]:
    left = counted.term.within
    for start, end, stands in _pieces(counted):
        if stands and counted.stands_from(start):
            break
        if stands:
            continue
        if left <= end - start:
            at = start + left
            # The day that ends at 24:00 is the one the term ends on.
            return at, local(max(start, at - INSTANTLY_BEFORE)).date()
        left -= end - start
    return None, None


def _pieces(counted: Counted) -> Iterator[Piece]:
    """When the clock would run, from the start of the term on, cut where it begins and ceases to stand still."""
    if counted.term.counting is Counting.ELAPSED:
        yield from _cut(counted.begins_at, FOREVER, counted.pauses)
        return
    for start, end in _service(counted.contract, counted.begins_at):
        yield from _cut(start, end, counted.pauses)


def _cut(start: datetime, end: datetime, pauses: tuple[Pause, ...]) -> Iterator[Piece]:
    for stops, resumes in pauses:
        if resumes <= start:
            continue
        if stops >= end:
            break
        if start < stops:
            yield start, stops, False
        yield max(start, stops), min(end, resumes), True
        start = min(end, resumes)
    if start < end:
        yield start, end, False


def _service(contract: Contract, begins: datetime) -> Iterator[Pause]:
    """The service time from an instant on, each minute once; it ends when no day of the next 400 has any."""
    day = local(begins).date()
    last = day + LONGEST_CLOSURE
    covered = begins
    while day <= last:
        if day > contract.last_day:
            contract = replace(contract, valid_until=date.max)
        # In the night of spring a band that starts at an hour that does not exist can reach into the next one.
        for start, end, _ in sorted(spans_on(contract, day)):
            if end > covered:
                yield max(start, covered), end
                covered, last = end, day + LONGEST_CLOSURE
        day += ONE_DAY


# -------------------------------------------------------------------------------------------------------- by the day


def _end_by_the_day(counted: Counted) -> tuple[datetime, date] | tuple[None, None]:
    for day, kind in _days(counted):
        if kind is Kind.DUE:
            return _end_of(counted, day), day
    return None, None


def _days(counted: Counted) -> Iterator[tuple[date, Kind]]:
    """Each day from that of the request on, and what it is; the last is due, or the one at which the clock stands."""
    day, left = local(counted.begins_at).date(), max(counted.term.days, 1)
    if counted.term.days:
        yield day, Kind.FIRST_DAY
        day += ONE_DAY
    while True:
        kind = _kind(counted, day, is_last=left == 1)
        yield day, kind
        if kind is Kind.DUE or (kind is Kind.STANDING and counted.stands_from(_end_of(counted, day))):
            return
        left -= kind is Kind.COUNTED
        day += ONE_DAY


def _kind(counted: Counted, day: date, *, is_last: bool) -> Kind:
    term, calendar = counted.term, counted.calendar_on(day)
    if term.counting is Counting.WORKING_DAYS:
        counts = is_working_day(calendar, day)
    else:
        counts = not (is_last and term.extends and is_day_of_rest(calendar, day))
    if not counts:
        return Kind.WEEKEND if calendar.holiday_on(day) is None else Kind.HOLIDAY
    if counted.pauses and _stands_at_the_end(counted, day):
        return Kind.STANDING
    if not term.days and _end_of(counted, day) <= counted.begins_at:
        return Kind.FIRST_DAY
    return Kind.DUE if is_last else Kind.COUNTED


def _stands_at_the_end(counted: Counted, day: date) -> bool:
    """Whether the day ends, for the term, while the clock stands still: then it does not count (decision 0007)."""
    end = _end_of(counted, day)
    return any(stops < end <= resumes for stops, resumes in counted.pauses)


def _end_of(counted: Counted, day: date) -> datetime:
    """When a day ends for the term: with the last band of its weekday (A3.6), or at 24:00.

    The hours are those of the week, whatever holidays and closings the contract has: a visit elsewhere is due on a day
    on which the desk celebrates its patron saint. On a weekday without hours the day ends at 24:00; none are invented.
    """
    if counted.term.ends is Ends.COVERAGE:
        bands = [band.end for band in counted.contract.schedule_on(day).bands if band.weekday == day.weekday()]
        if bands and MIDNIGHT not in bands:
            return instant(day, max(bands))
    return instant(day + ONE_DAY)


# --------------------------------------------------------------------------------------------------------- the steps


def _steps(counted: Counted) -> Iterator[Step]:
    if counted.begins_at > counted.received_at:
        arrived = local(counted.received_at).date()
        yield Step(arrived, Kind.REOPENS, from_at=counted.received_at, to_at=counted.begins_at)
    yield from _steps_by_the_hour(counted) if counted.term.counting in BY_THE_HOUR else _steps_by_the_day(counted)


def _steps_by_the_day(counted: Counted) -> Iterator[Step]:
    for day, kind in _days(counted):
        end = _end_of(counted, day) if kind in {Kind.DUE, Kind.STANDING} else None
        yield Step(
            day,
            kind,
            counted.calendar_on(day).holiday_on(day) if kind is Kind.HOLIDAY else None,
            to_at=end if kind is Kind.DUE else None,
            counted=ONE_DAY if kind in {Kind.DUE, Kind.COUNTED} else None,
            reason=counted.reason_at(end - INSTANTLY_BEFORE) if end and kind is Kind.STANDING else None,
        )


def _steps_by_the_hour(counted: Counted) -> Iterator[Step]:
    day, left = local(counted.begins_at).date(), counted.term.within
    for start, end, stands in _by_day(counted):
        on = local(start).date()
        while day < on:
            yield _idle(counted.contract, day)
            day += ONE_DAY
        day = on + ONE_DAY
        if stands:
            yield Step(on, Kind.STANDING, None, start, None if end == FOREVER else end, None, counted.reason_at(start))
        elif left <= end - start:
            yield Step(on, Kind.DUE, None, start, start + left, left)
        else:
            yield Step(on, Kind.COUNTED, None, start, end, end - start)
            left -= end - start
            continue
        if not stands or counted.stands_from(start):
            return


def _by_day(counted: Counted) -> Iterator[Piece]:
    """The pieces cut at midnight in Rome; one that stands still for good is left whole."""
    for start, end, stands in _pieces(counted):
        if stands and counted.stands_from(start):
            yield start, FOREVER, True
            return
        cursor = start
        while (midnight := instant(local(cursor).date() + ONE_DAY)) < end:
            yield cursor, midnight, stands
            cursor = midnight
        yield cursor, end, stands


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
