"""The rules of the roster's file, and the stretches of duty that each of them makes.

A rule is written in Rome wall time (naive) and asked for the days it is wanted for; what it answers is in instants.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from gateway.domain.hours import instant

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)
HOLIDAY = 7
"""The eighth "weekday" of a weekly shift: whatever day of the contract's calendar is a public holiday."""
NEXT = "next"
"""As deputy of a rotation: whoever comes next in it."""
LONGEST_SHIFT = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One stretch of duty [start, end) in UTC, and whose it is. `origin` names the entry of `roster.toml`.

    `then` are those who are deputy after the deputy, in order: when the deputy takes the duty over, the first of them
    is deputy. `replaces`: it wins over stretches that do not replace others.
    """

    start: datetime
    end: datetime
    contact: str
    deputy: str | None
    supervisor: str | None
    origin: str
    then: tuple[str, ...] = ()
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift once: from `starts` to `ends`, Rome wall time (naive), half-open."""

    contract: str
    name: str
    contact: str
    deputy: str | None
    starts: datetime
    ends: datetime
    supervisor: str | None = None
    replaces: bool = False

    def duties(self, _first: date, _last: date, _holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """The one stretch of duty, whatever the days asked for."""
        yield from _duty(self, self.starts, self.ends, (self.contact, self.deputy))


@dataclass(frozen=True, slots=True)
class WeeklyShift:
    """A shift that comes back on the same weekdays, from `start` to `end` so many days later, Rome wall time.

    `weekdays` counts Monday as 0; 7 stands for every public holiday of the contract. `valid_until` is the last day on
    which it starts.
    """

    contract: str
    name: str
    contact: str
    deputy: str | None
    weekdays: frozenset[int]
    start: time
    end: time
    days_later: int = 0
    valid_from: date = date.min
    valid_until: date = date.max
    supervisor: str | None = None
    replaces: bool = False

    def duties(self, first: date, last: date, holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """Every stretch of duty that starts by `last` and has not ended before `first`."""
        day = max(first - min(self.days_later * DAY, first - date.min), self.valid_from)
        last = min(last, self.valid_until)
        while day <= last:
            if day.weekday() in self.weekdays or (HOLIDAY in self.weekdays and day in holidays):
                starts = datetime.combine(day, self.start)
                ends = datetime.combine(day + self.days_later * DAY, self.end)
                yield from _duty(self, starts, ends, (self.contact, self.deputy))
            day += DAY


@dataclass(frozen=True, slots=True)
class RuledShift:
    """A shift that comes back by a rule (RFC 5545): it begins at each of `starts` and lasts `lasts` of wall time.

    `starts` are what the rule comes to, in order, for as long as the contract lasts (the loader works it out).
    """

    contract: str
    name: str
    contact: str
    deputy: str | None
    starts: tuple[datetime, ...]
    lasts: timedelta
    supervisor: str | None = None
    replaces: bool = False

    def duties(self, first: date, last: date, _holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """Every stretch of duty that starts by `last` and has not ended before `first`."""
        begin = bisect_left(self.starts, datetime.combine(first, time(0)) - self.lasts)
        for starts in self.starts[begin : bisect_left(self.starts, _after(last))]:
            yield from _duty(self, starts, starts + self.lasts, (self.contact, self.deputy))


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turns among several people: each has the duty for `every_days` from `starts` on, Rome wall time (naive).

    `deputy` is a person, `next` (who has the following turn) or None. After `ends` nobody is on duty.
    """

    contract: str
    name: str
    people: tuple[str, ...]
    starts: datetime
    every_days: int = 7
    ends: datetime | None = None
    deputy: str | None = NEXT
    supervisor: str | None = None
    replaces: bool = False

    def duties(self, first: date, last: date, _holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """Every turn that has begun by `last` and not ended before `first`."""
        turn = max(0, (first - self.starts.date()).days // self.every_days - 1)
        while (starts := self._turn_starts(turn)).date() <= last and not (self.ends and starts >= self.ends):
            ends = self._turn_starts(turn + 1)
            yield from _duty(self, starts, min(ends, self.ends or ends), _people_of_turn(self, turn))
            turn += 1

    def _turn_starts(self, turn: int) -> datetime:
        return self.starts + timedelta(days=turn * self.every_days)


@dataclass(frozen=True, slots=True)
class RuledRotation:
    """Turns among several people, handed over by a rule (RFC 5545): on Monday and on Friday, on the first of the month.

    `handovers` are what the rule comes to, in order, for as long as the contract lasts (the loader works it out). The
    last one begins no turn: it ends the one before.
    """

    contract: str
    name: str
    people: tuple[str, ...]
    handovers: tuple[datetime, ...]
    deputy: str | None = NEXT
    supervisor: str | None = None
    replaces: bool = False

    def duties(self, first: date, last: date, _holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """Every turn that has begun by `last` and not ended before `first`."""
        turn = max(0, bisect_right(self.handovers, datetime.combine(first, time(0))) - 2)
        until = min(bisect_left(self.handovers, _after(last)), len(self.handovers) - 1)
        for number in range(turn, until):
            yield from _duty(self, self.handovers[number], self.handovers[number + 1], _people_of_turn(self, number))


Entry = Shift | WeeklyShift | RuledShift | Rotation | RuledRotation


def _after(day: date) -> datetime:
    """The wall time at which a day has ended."""
    return datetime.combine(day + DAY, time(0)) if day < date.max else datetime.combine(day, time.max)


def _people_of_turn(rotation: Rotation | RuledRotation, turn: int) -> tuple[str | None, ...]:
    """Who has the turn, who is deputy, and who would be after that."""
    count = len(rotation.people)
    contact, *others = (rotation.people[(turn + later) % count] for later in range(count))
    deputies = others if rotation.deputy == NEXT else [rotation.deputy]
    own = [each for each in deputies if each != contact]
    return (contact, *(own or [None]))


def _duty(entry: Entry, starts: datetime, ends: datetime, people: tuple[str | None, ...]) -> Iterator[OnDuty]:
    """The stretch of duty; none where the spring night leaves nothing of it."""
    start, end = instant(starts.date(), starts.time()), instant(ends.date(), ends.time())
    contact, deputy, *then = people
    if start < end and contact is not None:
        yield OnDuty(
            start=start,
            end=end,
            contact=contact,
            deputy=deputy,
            supervisor=entry.supervisor,
            origin=entry.name,
            then=tuple(each for each in then if each is not None),
            replaces=entry.replaces,
        )


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody else for a while [start, end), by whom and why. The last one that covers an instant wins.

    `instead_of`: it counts only while that person would have the duty (a swap); None: whoever has it. `change` is the
    id of the recorded change that it comes from, None for one that stands in `roster.toml`.
    """

    contract: str
    start: datetime
    end: datetime
    contact: str
    deputy: str | None
    by: str
    reason: str
    instead_of: str | None = None
    change: int | None = None

    @property
    def origin(self) -> str:
        """What a chain says of where it comes from. Why somebody is away is not told where it cannot be erased."""
        if self.change is None:
            return f"override: {self.reason}"
        return f"{'swap' if self.instead_of else 'override'} {self.change}"
