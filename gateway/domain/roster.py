"""Who answers outside the bands, at any past or future instant: shifts, rotations, overrides, and a fallback.

Shifts are written in Europe/Rome wall time and turned into instants before anything is compared, so a shift from
Saturday 20:00 to Sunday 08:00 lasts 13 hours in October and 11 in March (S034). Intervals are half-open. A hole in the
roster gives the fallback contact, never nobody (C2.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import chain, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain.hours import ROME, instant, is_valid_on, local, opening, spans_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.domain.contract import Contract

DAY = timedelta(days=1)
HOLIDAY = 7
"""The eighth "weekday" of a weekly shift: whatever day of the contract's calendar is a public holiday."""
NEXT = "next"
"""As deputy of a rotation: whoever comes next in it."""
LONGEST_SHIFT = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the directory. Numbers are E.164, addresses lower case; `contracts` empty means all."""

    id: str
    name: str
    role_words: str
    mobile: str | None = None
    landline: str | None = None
    mail: str | None = None
    contracts: tuple[str, ...] = ()
    supervisor: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers at which this person may be called, the mobile first."""
        return tuple(number for number in (self.mobile, self.landline) if number)


class Directory(Mapping[str, Person]):
    """The people by id, by number and by mail address."""

    def __init__(self, people: Sequence[Person] = ()) -> None:
        """Take the people of `people.toml`; ids, numbers and addresses are unique there (the loader sees to it)."""
        self._by_id = {person.id: person for person in people}
        self._by_number = {number: person for person in people for number in person.numbers}
        self._by_mail = {person.mail: person for person in people if person.mail}

    def __getitem__(self, key: str) -> Person:
        """The person with this id."""
        return self._by_id[key]

    def __iter__(self) -> Iterator[str]:
        """The ids, in the order of the file."""
        return iter(self._by_id)

    def __len__(self) -> int:
        """How many people there are."""
        return len(self._by_id)

    def by_number(self, e164: str) -> Person | None:
        """Whose number this is (E.164), or None."""
        return self._by_number.get(e164)

    def by_mail(self, address: str) -> Person | None:
        """Whose mail address this is, in any case, or None."""
        return self._by_mail.get(address.casefold())


@dataclass(frozen=True, slots=True)
class OnDuty:
    """One stretch of duty [start, end) in UTC, and whose it is. `origin` names the entry of `roster.toml`."""

    start: datetime
    end: datetime
    contact: str
    deputy: str | None
    supervisor: str | None
    origin: str


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

    def duties(self, _first: date, _last: date, _holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """The one stretch of duty, whatever the days asked for."""
        yield _duty(self, self.starts, self.ends, self.contact, self.deputy)


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

    def duties(self, first: date, last: date, holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """Every stretch of duty that starts on a day from `first` to `last`."""
        day, last = max(first, self.valid_from), min(last, self.valid_until)
        while day <= last:
            if day.weekday() in self.weekdays or (HOLIDAY in self.weekdays and day in holidays):
                ends = datetime.combine(day + self.days_later * DAY, self.end)
                yield _duty(self, datetime.combine(day, self.start), ends, self.contact, self.deputy)
            day += DAY


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

    def duties(self, first: date, last: date, _holidays: Mapping[date, str]) -> Iterator[OnDuty]:
        """Every turn that has begun by `last` and not ended before `first`."""
        turn = max(0, (first - self.starts.date()).days // self.every_days - 1)
        while (starts := self._turn_starts(turn)).date() <= last and not (self.ends and starts >= self.ends):
            ends = self._turn_starts(turn + 1)
            contact = self.people[turn % len(self.people)]
            yield _duty(self, starts, min(ends, self.ends or ends), contact, self._deputy(turn, contact))
            turn += 1

    def _turn_starts(self, turn: int) -> datetime:
        return self.starts + timedelta(days=turn * self.every_days)

    def _deputy(self, turn: int, contact: str) -> str | None:
        deputy = self.people[(turn + 1) % len(self.people)] if self.deputy == NEXT else self.deputy
        return None if deputy == contact else deputy


def _duty(entry: Entry, starts: datetime, ends: datetime, contact: str, deputy: str | None) -> OnDuty:
    return OnDuty(
        start=instant(starts.date(), starts.time()),
        end=instant(ends.date(), ends.time()),
        contact=contact,
        deputy=deputy,
        supervisor=entry.supervisor,
        origin=entry.name,
    )


Entry = Shift | WeeklyShift | Rotation


@dataclass(frozen=True, slots=True)
class Override:
    """Somebody else for a while [start, end), by whom and why. The last one that covers an instant wins."""

    contract: str
    start: datetime
    end: datetime
    contact: str
    deputy: str | None
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Duty:
    """The on-call duty of one contract: who stands in for a hole in the roster, who is told last, by which clause."""

    contract: str
    fallback: str | None
    supervisor: str | None
    clauses: tuple[str, ...]
    holidays: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom to call at an instant, in order. `from_fallback` means that no shift covers it: raise an alarm."""

    contact: Person
    deputy: Person | None
    supervisor: Person | None
    from_fallback: bool
    clauses: tuple[str, ...]
    origin: str = ""

    def people(self) -> tuple[Person, ...]:
        """The people in calling order, each once."""
        found = (person for person in (self.contact, self.deputy, self.supervisor) if person)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody's duties, for every contract."""

    people: Mapping[str, Person]
    duties: tuple[Duty, ...] = ()
    entries: tuple[Entry, ...] = ()
    overrides: tuple[Override, ...] = ()

    def with_overrides(self, overrides: Sequence[Override]) -> Roster:
        """The same roster with more overrides; the last ones win."""
        return replace(self, overrides=(*self.overrides, *overrides))

    def duty_of(self, contract_id: str) -> Duty | None:
        """The on-call duty of a contract, or None: it has none."""
        return next((duty for duty in self.duties if duty.contract == contract_id), None)

    def chain(self, contract_id: str, at: datetime) -> Chain:
        """Whom to call for this contract at an instant: contact, deputy, supervisor.

        Raises:
            LookupError: the contract has no on-call duty, or a hole and no fallback contact (the loader refuses both
                where the contract requires on-call).
            ValueError: `at` is naive.
        """
        duty = self.duty_of(contract_id)
        if duty is None:
            msg = f"no on-call duty for {contract_id}"
            raise LookupError(msg)
        on_duty = self.on_duty(contract_id, at)
        scheduled = on_duty[0] if on_duty else None
        override = self._override(contract_id, at)
        if override:
            return self._overridden(duty, override, scheduled)
        return self._scheduled(duty, scheduled) if scheduled else self._fallback(duty)

    def on_duty(self, contract_id: str, at: datetime) -> tuple[OnDuty, ...]:
        """Every stretch of duty of the roster, overrides apart, that covers an instant. More than one is a mistake."""
        day = local(at).date()
        found = self.stretches(contract_id, day - LONGEST_SHIFT, day)
        return tuple(duty for duty in found if duty.start <= at < duty.end)

    def stretches(self, contract_id: str, first: date, last: date) -> Iterator[OnDuty]:
        """Every stretch of duty of a contract, overrides apart, that starts between two local days, and some before."""
        duty = self.duty_of(contract_id)
        holidays = duty.holidays if duty else MappingProxyType({})
        for entry in self.entries:
            if entry.contract == contract_id:
                yield from entry.duties(first, last, holidays)

    def _override(self, contract_id: str, at: datetime) -> Override | None:
        covering = [o for o in self.overrides if o.contract == contract_id and o.start <= at < o.end]
        return covering[-1] if covering else None

    def _overridden(self, duty: Duty, override: Override, scheduled: OnDuty | None) -> Chain:
        deputy = override.deputy or (scheduled.deputy if scheduled else None)
        supervisor = scheduled.supervisor if scheduled else None
        return self._chain(duty, (override.contact, deputy, supervisor), f"override: {override.reason}")

    def _scheduled(self, duty: Duty, scheduled: OnDuty) -> Chain:
        return self._chain(duty, (scheduled.contact, scheduled.deputy, scheduled.supervisor), scheduled.origin)

    def _fallback(self, duty: Duty) -> Chain:
        if duty.fallback is None:
            msg = f"nobody is on call for {duty.contract} and there is no fallback contact"
            raise LookupError(msg)
        return replace(self._chain(duty, (duty.fallback, None, None), "fallback"), from_fallback=True)

    def _chain(self, duty: Duty, ids: tuple[str, str | None, str | None], origin: str) -> Chain:
        contact, deputy, supervisor = ids
        supervisor = supervisor or duty.supervisor
        return Chain(
            contact=self.people[contact],
            deputy=self.people[deputy] if deputy and deputy != contact else None,
            supervisor=self.people[supervisor] if supervisor else None,
            from_fallback=False,
            clauses=duty.clauses,
            origin=origin,
        )


class GapKind(StrEnum):
    """What is wrong with a stretch of time outside the bands: nobody on duty, or more than one."""

    HOLE = "hole"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch [start, end) in Rome time outside the bands that is not covered exactly once (C2.10)."""

    kind: GapKind
    start: datetime
    end: datetime
    origins: tuple[str, ...] = ()


def coverage(contract: Contract, roster: Roster, start: datetime, days: int) -> tuple[Gap, ...]:
    """Every hole and overlap of the roster in the coming days, in order; empty when on-call is the exact complement.

    Walks every boundary: band edges, holidays, shifts, overrides, summer time. Days outside the validity need nobody.
    A fallback contact does not fill a hole here: the hole is what the alarm is about.
    """
    end = start + timedelta(days=days)
    first, last = local(start).date(), local(end).date()
    stretches = tuple(roster.stretches(contract.id, first - LONGEST_SHIFT, last))
    overrides = tuple(o for o in roster.overrides if o.contract == contract.id)
    edges = chain(
        (start, end),
        *((stretch.start, stretch.end) for stretch in stretches),
        *((override.start, override.end) for override in overrides),
        _contract_edges(contract, first, last),
    )
    inside = sorted({edge.astimezone(UTC) for edge in edges if start <= edge <= end})
    gaps = (_gap(contract, a, b, stretches, overrides) for a, b in pairwise(inside))
    return _merged(gap for gap in gaps if gap)


def _contract_edges(contract: Contract, first: date, last: date) -> Iterator[datetime]:
    for number in range((last - first).days + 2):
        day = first + number * DAY
        yield instant(day)
        for start, end, _ in spans_on(contract, day):
            yield from (start, end)


def _gap(
    contract: Contract,
    start: datetime,
    end: datetime,
    stretches: Sequence[OnDuty],
    overrides: Sequence[Override],
) -> Gap | None:
    if not is_valid_on(contract, local(start).date()) or opening(contract, start).is_open:
        return None
    if any(override.start <= start < override.end for override in overrides):
        return None
    origins = tuple(stretch.origin for stretch in stretches if stretch.start <= start < stretch.end)
    if len(origins) == 1:
        return None
    kind = GapKind.OVERLAP if origins else GapKind.HOLE
    return Gap(kind, start.astimezone(ROME), end.astimezone(ROME), origins)


def _merged(gaps: Iterator[Gap]) -> tuple[Gap, ...]:
    found: list[Gap] = []
    for gap in gaps:
        before = found[-1] if found else None
        if before and before.end == gap.start and (before.kind, before.origins) == (gap.kind, gap.origins):
            found[-1] = replace(before, end=gap.end)
        else:
            found.append(gap)
    return tuple(found)
