"""A year of a contract at a glance: what is covered and by whom, the nights of summer time, every holiday and its rule.

Nothing is decided here that `hours` and `roster` do not decide; minutes are elapsed ones, so the night of spring has
an hour less (X1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.hours import instant, is_valid_on, local, next_opening, spans_on
from gateway.domain.roster import DAY, LONGEST_SHIFT, GapKind, coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Calendar
    from gateway.domain.roster import Gap, OnDuty, Roster

MINUTE = timedelta(minutes=1)
A_DAY_AS_EVER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Holiday:
    """A public holiday of the contract, or only of one of its sites: the rule that made it, and what it closes.

    `rule` is `national`, `patron`, `decree` or `additional`, None where the calendar does not say. `closes`: the desk
    would be open on that weekday.
    """

    on: date
    name: str
    rule: str | None
    closes: bool
    site: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeNight:
    """A day on which the clocks change: how long it is, who is on duty at the change and for how long, when it opens.

    `at` is the instant of the change (UTC); `staffed` the elapsed time in which the desk is open on that day.
    """

    on: date
    at: datetime
    length: timedelta
    staffed: timedelta
    duties: tuple[OnDuty, ...]
    next_opening: datetime | None


@dataclass(frozen=True, slots=True)
class Swept:
    """One contract in one year; durations are elapsed time within its validity.

    `without_coverage` is when neither the desk is open nor anybody on duty. With an on-call duty that is a hole and
    breaks the clause (C2.10); without one contacts are kept and wait (A3.3).
    """

    contract: str
    year: int
    in_force: timedelta
    staffed: timedelta
    without_coverage: timedelta
    covered_twice: timedelta
    has_on_call: bool
    gaps: tuple[Gap, ...]
    change_nights: tuple[ChangeNight, ...]
    holidays: tuple[Holiday, ...]


def sweep(contract: Contract, roster: Roster, year: int) -> Swept:
    """The year (Rome) of a contract: coverage, changes of the clock, holidays."""
    days = [day for day in _days(year) if is_valid_on(contract, day)]
    in_force = sum((length_of(day) for day in days), timedelta(0))
    staffed = sum((staffed_on(contract, day) for day in days), timedelta(0))
    has_on_call = roster.duty_of(contract.id) is not None
    gaps = coverage(contract, roster, instant(date(year, 1, 1)), len(_days(year))) if has_on_call else ()
    return Swept(
        contract=contract.id,
        year=year,
        in_force=in_force,
        staffed=staffed,
        without_coverage=_lasting(gaps, GapKind.HOLE) if has_on_call else in_force - staffed,
        covered_twice=_lasting(gaps, GapKind.OVERLAP),
        has_on_call=has_on_call,
        gaps=gaps,
        change_nights=tuple(_change_nights(contract, roster, year)),
        holidays=tuple(_holidays(contract, year)),
    )


def _days(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + count * DAY for count in range((date(year + 1, 1, 1) - first).days)]


def length_of(day: date) -> timedelta:
    """How long a day lasts in Rome: 24 hours, 23 or 25 where the clocks change."""
    return instant(day + DAY) - instant(day)


def staffed_on(contract: Contract, day: date) -> timedelta:
    """How long the desk is open on a day: each minute once, also where spring pushes two bands together."""
    covered, total = datetime.min.replace(tzinfo=UTC), timedelta(0)
    for start, end, _ in sorted(spans_on(contract, day)):
        total += max(end - max(start, covered), timedelta(0))
        covered = max(covered, end)
    return total


def _lasting(gaps: tuple[Gap, ...], kind: GapKind) -> timedelta:
    # Both ends in UTC: Rome's wall clock would make the night of the change an hour longer or shorter.
    spans = (gap.end.astimezone(UTC) - gap.start.astimezone(UTC) for gap in gaps if gap.kind is kind)
    return sum(spans, timedelta(0))


def _change_nights(contract: Contract, roster: Roster, year: int) -> Iterator[ChangeNight]:
    for day in _days(year):
        if length_of(day) == A_DAY_AS_EVER:
            continue
        at = _change_of(day)
        duties = (
            duty
            for duty in roster.stretches(contract.id, day - LONGEST_SHIFT, day)
            if duty.start < at + timedelta(hours=1) and duty.end > at
        )
        opens = next_opening(contract, at)
        yield ChangeNight(day, at, length_of(day), staffed_on(contract, day), tuple(duties), opens)


def _change_of(day: date) -> datetime:
    """The instant of the day (UTC) from which on Rome has another offset."""
    start = instant(day)
    before = local(start).utcoffset()
    minutes = (start + count * MINUTE for count in range(int(length_of(day) / MINUTE)))
    return next(minute for minute in minutes if local(minute).utcoffset() != before)


def _holidays(contract: Contract, year: int) -> Iterator[Holiday]:
    """Every holiday of the contract, then what only the places of visits have."""
    own = contract.holidays()
    for day in own:
        if day.year == year:
            schedule = contract.schedule_on(day)
            closes = any(band.weekday == day.weekday() for band in schedule.bands)
            yield Holiday(day, own[day], schedule.calendar.rules.get(day), closes)
    for site in contract.sites:
        yield from (each for each in _of_site(site.calendar, site.name, year) if each.on not in own)


def _of_site(calendar: Calendar, name: str, year: int) -> Iterator[Holiday]:
    for day, holiday in calendar.names.items():
        if day.year == year:
            yield Holiday(day, holiday, calendar.rules.get(day), closes=False, site=name)
