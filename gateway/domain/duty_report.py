"""What a month of on-call duty came to: hours by band for each person, pages, answers, interventions.

Hours are those outside the hours of the desk, in elapsed time, from the roster in force: the night of October has an
hour more and that of March one less (S034, S141). Each belongs to one band: to the holiday band on a Sunday or a public
holiday of the contract, else to the night band from 22 to 6, else to the ordinary one.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.domain.hours import instant, local, next_opening
from gateway.domain.pages import ACCEPTED
from gateway.domain.roster import DAY, By, closed_times, watches
from gateway.domain.roster.watches import on_call_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person, Roster, Stretch, Watch
    from gateway.domain.ticket import Action, Page

DAWN, DUSK = time(6), time(22)
SUNDAY, DECEMBER = 6, 12
NOTHING = timedelta(0)


class Band(StrEnum):
    """What kind of hour it is, for whoever pays it."""

    ORDINARY = "ordinary"
    NIGHT = "night"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class Hours:
    """Elapsed time by band; `holiday_night` is the part of the holiday band from 22 to 6."""

    ordinary: timedelta = NOTHING
    night: timedelta = NOTHING
    holiday: timedelta = NOTHING
    holiday_night: timedelta = NOTHING

    @property
    def total(self) -> timedelta:
        """The three bands together."""
        return self.ordinary + self.night + self.holiday

    def __add__(self, other: Hours) -> Hours:
        return Hours(
            self.ordinary + other.ordinary,
            self.night + other.night,
            self.holiday + other.holiday,
            self.holiday_night + other.holiday_night,
        )


@dataclass(frozen=True, slots=True)
class Intervention:
    """A request that somebody took on call, from the acceptance to the last action of theirs before the desk opened."""

    ticket: int
    began: datetime
    ended: datetime


@dataclass(slots=True)
class _Sum:
    """One person's month while it is added up."""

    hours: Hours = field(default_factory=Hours)
    standing_in: timedelta = NOTHING
    as_deputy: timedelta = NOTHING
    in_holes: timedelta = NOTHING
    pages: int = 0
    passed: int = 0
    answers: list[timedelta] = field(default_factory=list)
    interventions: list[Intervention] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Line:
    """What one person's month came to.

    `standing_in` is the part of `hours` that an override or a swap brought; `as_deputy` the time as deputy and
    `in_holes` that as fallback contact where nobody had the duty: neither is in `hours`. `answers` are how long each
    page waited that this person accepted, `interventions` what they took.
    """

    person: str
    name: str
    hours: Hours
    standing_in: timedelta
    as_deputy: timedelta
    in_holes: timedelta
    pages: int
    passed: int
    answers: tuple[timedelta, ...]
    interventions: tuple[Intervention, ...]

    @property
    def accepted(self) -> int:
        """How many pages this person accepted."""
        return len(self.answers)

    @property
    def median_answer(self) -> timedelta | None:
        """The answer in the middle; None without any."""
        middle = sorted(self.answers)[(len(self.answers) - 1) // 2 : len(self.answers) // 2 + 1]
        return sum(middle, NOTHING) / len(middle) if middle else None

    @property
    def longest_answer(self) -> timedelta | None:
        """The slowest answer; None without any."""
        return max(self.answers, default=None)

    @property
    def worked(self) -> timedelta:
        """How long the interventions lasted together, each minute once."""
        covered, total = datetime.min.replace(tzinfo=UTC), NOTHING
        for each in sorted(self.interventions, key=lambda one: one.began):
            total += max(each.ended - max(each.began, covered), NOTHING)
            covered = max(covered, each.ended)
        return total


@dataclass(frozen=True, slots=True)
class DutyReport:
    """A month (Rome) of a contract: a line a person, every watch, and the time in which nobody had the duty."""

    contract: Contract
    first: date
    last: date
    lines: tuple[Line, ...]
    watches: tuple[Watch, ...]
    uncovered: timedelta

    @property
    def hours(self) -> Hours:
        """Everybody's hours together."""
        return sum((line.hours for line in self.lines), Hours())


def month_days(year: int, month: int) -> tuple[date, date]:
    """The first and the last day of a month."""
    following = date(year + 1, 1, 1) if month == DECEMBER else date(year, month + 1, 1)
    return date(year, month, 1), following - DAY


def duty_report(
    contract: Contract,
    roster: Roster,
    month: tuple[date, date],
    *,
    pages: Iterable[Page] = (),
    actions: Mapping[int, Sequence[Action]] | None = None,
) -> DutyReport:
    """The report of the days from the first to the last of `month`, both included (Rome).

    `roster` is the one in force, with what was recorded; of `pages` those count that were opened in the time;
    `actions` are those of the tickets of the pages, by ticket.
    """
    start, end = instant(month[0]), instant(month[1] + DAY)
    sums: dict[str, _Sum] = defaultdict(_Sum)
    covered = _add_hours(contract, on_call_parts(contract, roster, start, end), sums)
    _add_pages(contract, [page for page in pages if start <= page.opened_at < end], actions or {}, sums)
    closed = sum((each.end - each.start for each in closed_times(contract, start, end)), NOTHING)
    lines = (_line(person, roster.people.get(person), found) for person, found in sorted(sums.items()))
    told = tuple(watches(contract, roster, start, end))
    return DutyReport(contract, month[0], month[1], tuple(lines), told, closed - covered)


def _line(person: str, known: Person | None, found: _Sum) -> Line:
    return Line(
        person=person,
        name=known.name if known else person,
        hours=found.hours,
        standing_in=found.standing_in,
        as_deputy=found.as_deputy,
        in_holes=found.in_holes,
        pages=found.pages,
        passed=found.passed,
        answers=tuple(found.answers),
        interventions=tuple(found.interventions),
    )


# ---------------------------------------------------------------------------------------------------------------- hours


def _add_hours(contract: Contract, parts: Iterable[Stretch], sums: dict[str, _Sum]) -> timedelta:
    """Add everybody's time; how much of it somebody had the duty."""
    covered = NOTHING
    for part in parts:
        chain, lasted = part.chain, part.end - part.start
        if chain.from_fallback:
            sums[chain.contact.id].in_holes += lasted
            continue
        covered += lasted
        found = sums[chain.contact.id]
        found.hours += hours_between(contract, part.start, part.end)
        if chain.by in {By.OVERRIDE, By.SWAP}:
            found.standing_in += lasted
        if chain.deputy:
            sums[chain.deputy.id].as_deputy += lasted
    return covered


def hours_between(contract: Contract, start: datetime, end: datetime) -> Hours:
    """The time from an instant to another by band, in elapsed time."""
    found = Hours()
    for begin, finish in _pieces(start, end):
        wall, lasted = local(begin), finish - begin
        at_night = not DAWN <= wall.time() < DUSK
        if is_festive(contract, wall.date()):
            found += Hours(holiday=lasted, holiday_night=lasted if at_night else NOTHING)
        else:
            found += Hours(night=lasted) if at_night else Hours(ordinary=lasted)
    return found


def is_festive(contract: Contract, day: date) -> bool:
    """Whether a day is paid as a holiday: a Sunday, a public holiday of the contract or of the law (law 260/1949)."""
    of_contract = contract.schedule_on(day).calendar.holiday_on(day)
    return day.weekday() == SUNDAY or bool(of_contract or contract.national.holiday_on(day))


def _pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time cut at midnight, at six and at ten in the evening in Rome."""
    day, last = local(start).date(), local(end).date()
    cuts = [start]
    while day <= last:
        cuts += [at for at in (instant(day), instant(day, DAWN), instant(day, DUSK)) if start < at < end]
        day += DAY
    yield from zip(cuts, [*cuts[1:], end], strict=True)


# ---------------------------------------------------------------------------------------------------------------- pages


def _add_pages(
    contract: Contract, pages: Iterable[Page], actions: Mapping[int, Sequence[Action]], sums: dict[str, _Sum]
) -> None:
    for page in sorted(pages, key=lambda each: each.id):
        found = sums[page.person]
        found.pages += 1
        found.passed += page.state == "passed"
        if page.state == ACCEPTED and page.accepted_by == page.person and page.closed_at:
            found.answers.append(page.closed_at - page.opened_at)
            found.interventions.append(_intervention(contract, page, page.closed_at, actions.get(page.ticket, ())))


def _intervention(contract: Contract, page: Page, began: datetime, actions: Sequence[Action]) -> Intervention:
    opens = next_opening(contract, began)
    own = (each.at for each in actions if each.by == page.person and began <= each.at)
    ended = max((at for at in own if opens is None or at < opens), default=began)
    return Intervention(page.ticket, began, ended)
