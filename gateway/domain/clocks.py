"""The four clocks that terms run on, and when they stand still (DOMAIN 2 "Service-time clocks", "Suspension").

`ELAPSED` runs always, in absolute time: 30 minutes are 30 minutes in the night of the change too (X1, S140). `SERVICE`
runs inside the bands. `DAYS` and `WORKING_DAYS` count whole days, the day of the request never. Every clock stands
still in the pauses of the ticket. `terms` asks them for the end of a term and for the steps to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from gateway.domain.contract import MIDNIGHT
from gateway.domain.hours import LONGEST_CLOSURE, instant, local, spans_on
from gateway.domain.periods import ONE_DAY, Kind, is_day_of_rest, is_working_day
from gateway.domain.provisions import Counting, Ends

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Calendar, Site, Suspension, Term

FOREVER = datetime.max.replace(tzinfo=UTC)
BY_THE_HOUR = frozenset({Counting.ELAPSED, Counting.SERVICE})


class Pause(NamedTuple):
    """A time (UTC, half-open) in which the clocks stand still; its end is `FOREVER` while it lasts."""

    starts_at: datetime
    ends_at: datetime
    reason: Suspension


class Piece(NamedTuple):
    """A time (UTC, half-open) in which a clock would run, and the pause in which it stands still instead."""

    starts_at: datetime
    ends_at: datetime
    pause: Pause | None

    @property
    def stands_for_good(self) -> bool:
        """Whether it stands still, and nobody knows until when."""
        return self.pause is not None and self.pause.ends_at == FOREVER


@dataclass(frozen=True, slots=True)
class Count:
    """All that a term is counted from. `begins_at` is the receipt, or the reopening where the contract says so.

    `pauses` are in order and do not overlap.
    """

    term: Term
    contract: Contract
    place: Site | None
    received_at: datetime
    begins_at: datetime
    pauses: tuple[Pause, ...]

    @property
    def by_the_day(self) -> bool:
        """Whether whole days are counted."""
        return self.term.counting not in BY_THE_HOUR

    def calendar_on(self, day: date) -> Calendar:
        """The holidays of a day: those of the place of the visit (A3.4), else the contract's."""
        if self.term.at_site and self.place is not None:
            return self.place.calendar
        return self.contract.schedule_on(day).calendar

    def end_of(self, day: date) -> datetime:
        """When a day ends for the term: with the last band of its weekday (A3.6), or at 24:00.

        The hours are those of the week, whatever holidays and closings the contract has: a visit elsewhere is due on a
        day on which the desk celebrates its patron saint. On a weekday without hours the day ends at 24:00; none are
        invented.
        """
        if self.term.ends is Ends.COVERAGE:
            ends = [band.end for band in self.contract.schedule_on(day).bands if band.weekday == day.weekday()]
            if ends and MIDNIGHT not in ends:
                return instant(day, max(ends))
        return instant(day + ONE_DAY)

    def pause_at_the_end_of(self, day: date) -> Pause | None:
        """The pause in which the clock stands still when the day ends for the term: then the day does not count."""
        if not self.pauses:
            return None
        end = self.end_of(day)
        return next((pause for pause in self.pauses if pause.starts_at < end <= pause.ends_at), None)


# ------------------------------------------------------------------------------------------------------- by the hour


def pieces(count: Count) -> Iterator[Piece]:
    """When the clock of a term in hours would run, from its begin on, cut where it begins and ceases to stand still.

    Without end, or until no day of the next 400 has service hours.
    """
    if count.term.counting is Counting.ELAPSED:
        yield from _cut(count.begins_at, FOREVER, count.pauses)
        return
    for starts_at, ends_at in service(count.contract, count.begins_at):
        yield from _cut(starts_at, ends_at, count.pauses)


def _cut(starts_at: datetime, ends_at: datetime, pauses: tuple[Pause, ...]) -> Iterator[Piece]:
    for pause in pauses:
        if pause.ends_at <= starts_at:
            continue
        if pause.starts_at >= ends_at:
            break
        if starts_at < pause.starts_at:
            yield Piece(starts_at, pause.starts_at, None)
        resumes_at = min(ends_at, pause.ends_at)
        yield Piece(max(starts_at, pause.starts_at), resumes_at, pause)
        starts_at = resumes_at
    if starts_at < ends_at:
        yield Piece(starts_at, ends_at, None)


def service(contract: Contract, begins_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The service time (UTC, half-open) from an instant on, each minute once; until no day of the next 400 has any.

    It goes on by the same hours after the end of the contract: what was received on its last day is still owed.
    """
    day = local(begins_at).date()
    last = day + LONGEST_CLOSURE
    covered = begins_at
    while day <= last:
        if day > contract.last_day:
            contract = replace(contract, valid_until=date.max)
        # In the night of spring a band that starts at an hour that does not exist can reach into the next one.
        for starts_at, ends_at, _ in sorted(spans_on(contract, day)):
            if ends_at > covered:
                yield max(starts_at, covered), ends_at
                covered, last = ends_at, day + LONGEST_CLOSURE
        day += ONE_DAY


# -------------------------------------------------------------------------------------------------------- by the day


def days(count: Count) -> Iterator[tuple[date, Kind]]:
    """Each day of a term in days from that of the request on, and what it is.

    The last one is due, or the one at whose end the clock stands still for good.
    """
    day, left = local(count.begins_at).date(), max(count.term.days, 1)
    if count.term.days:
        yield day, Kind.FIRST_DAY
        day += ONE_DAY
    while True:
        kind = _kind(count, day, is_last=left == 1)
        yield day, kind
        if kind is Kind.DUE or (kind is Kind.STANDING and _stands_for_good(count, day)):
            return
        left -= kind is Kind.COUNTED
        day += ONE_DAY


def _kind(count: Count, day: date, *, is_last: bool) -> Kind:
    term, calendar = count.term, count.calendar_on(day)
    if term.counting is Counting.WORKING_DAYS and not is_working_day(calendar, day):
        return Kind.WEEKEND if calendar.holiday_on(day) is None else Kind.HOLIDAY
    if count.pause_at_the_end_of(day):
        return Kind.STANDING
    if not term.days and count.end_of(day) <= count.begins_at:
        return Kind.FIRST_DAY
    if is_last and term.counting is Counting.DAYS and term.extends and is_day_of_rest(count.contract.national, day):
        return Kind.MOVED
    return Kind.DUE if is_last else Kind.COUNTED


def _stands_for_good(count: Count, day: date) -> bool:
    pause = count.pause_at_the_end_of(day)
    return pause is not None and pause.ends_at == FOREVER
