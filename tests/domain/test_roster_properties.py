"""P10: exactly one contact at every instant outside the hours, or a gap that is told; each hand-over once.

The judge knows nothing of slices, turns by number or bisection: it looks at each entry of a roster as it is written, at
one instant. Promises C-25 (the nights of the clocks) and C-26 (leap days, ends of years).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.hours import opening
from gateway.domain.roster import (
    HOLIDAY,
    Entry,
    GapKind,
    Roster,
    Rotation,
    RuledRotation,
    RuledShift,
    Shift,
    WeeklyShift,
    coverage,
    watches,
)
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from tests.domain.rosters import DUTY, LONG, roster

ROME = ZoneInfo("Europe/Rome")
NAMES = ("anna", "bruno", "carla", "dario")
DAY = timedelta(days=1)
ALONE = replace(DUTY, fallback=None)
HOLIDAYS = frozenset(LONG.holidays())

# ------------------------------------------------------------------------------------------------- rosters of any shape

WALLS = st.datetimes(datetime(2024, 1, 1), datetime(2040, 12, 1))  # noqa: DTZ001 - wall times, as the file has them
HOURS = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
WHO = st.sampled_from(NAMES)
PEOPLE = st.lists(WHO, min_size=1, max_size=4).map(tuple)
REPLACES = st.booleans()


def _minute(wall: datetime) -> datetime:
    return wall.replace(second=0, microsecond=0)


ROTATIONS = st.builds(
    Rotation,
    st.just(LONG.id),
    st.just("turni"),
    PEOPLE,
    WALLS.map(_minute),
    st.integers(1, 60),
    st.none() | WALLS.map(_minute),
    replaces=REPLACES,
)
WEEKLY = st.builds(
    WeeklyShift,
    st.just(LONG.id),
    st.just("settimanale"),
    WHO,
    st.none() | WHO,
    st.frozensets(st.integers(0, HOLIDAY), min_size=1),
    HOURS,
    HOURS,
    st.integers(0, 7),
    replaces=REPLACES,
)


@st.composite
def _once(draw: st.DrawFn) -> Shift:
    starts = _minute(draw(WALLS))
    ends = starts + timedelta(minutes=draw(st.integers(1, 20 * 1440)))
    return Shift(LONG.id, "una volta", draw(WHO), None, starts, ends, replaces=draw(REPLACES))


@st.composite
def _times(draw: st.DrawFn) -> tuple[datetime, ...]:
    at = _minute(draw(WALLS))
    found = []
    for hours in draw(st.lists(st.integers(1, 24 * 40), min_size=2, max_size=12)):
        found.append(at)
        at += timedelta(hours=hours)
    return tuple(found)


BY_RULE = st.builds(
    RuledShift,
    st.just(LONG.id),
    st.just("a regola"),
    WHO,
    st.none(),
    _times(),
    st.integers(1, 240).map(lambda hours: timedelta(hours=hours)),
    replaces=REPLACES,
)
TURNS = st.builds(RuledRotation, st.just(LONG.id), st.just("turni a regola"), PEOPLE, _times(), replaces=REPLACES)
ENTRIES = st.lists(ROTATIONS | WEEKLY | _once() | BY_RULE | TURNS, min_size=1, max_size=4)


@st.composite
def _change(draw: st.DrawFn, around: datetime) -> RosterChange:
    starts = around + timedelta(minutes=draw(st.integers(-3000, 3000)))
    ends = starts + timedelta(minutes=draw(st.integers(1, 6000)))
    kind = draw(st.sampled_from((ChangeKind.OVERRIDE, ChangeKind.SWAP, ChangeKind.CONFIRMATION)))
    state = draw(st.sampled_from(tuple(ChangeState)))
    given_by = draw(WHO) if kind is ChangeKind.SWAP else None
    return RosterChange(0, LONG.id, kind, state, starts, ends, draw(WHO), given_by, "dario", "", starts)


# ------------------------------------------------------------------------------------------------------------ the judge


def utc(wall: datetime) -> datetime:
    return wall.replace(tzinfo=ROME).astimezone(UTC)


def lasts(starts: datetime, ends: datetime, at: datetime) -> bool:
    return utc(starts) <= at < utc(ends)


def of_entry(entry: Entry, at: datetime) -> list[str]:
    """Who is on duty at an instant by one entry alone, as it is written."""
    near = [at.astimezone(ROME).date() + count * DAY for count in range(-9, 2)]
    if isinstance(entry, Shift):
        return [entry.contact] if lasts(entry.starts, entry.ends, at) else []
    if isinstance(entry, WeeklyShift):
        begins = [
            day for day in near if day.weekday() in entry.weekdays or (HOLIDAY in entry.weekdays and day in HOLIDAYS)
        ]
        turns = [
            (datetime.combine(day, entry.start), datetime.combine(day + entry.days_later * DAY, entry.end))
            for day in begins
        ]
        return [entry.contact for starts, ends in turns if lasts(starts, ends, at)]
    if isinstance(entry, RuledShift):
        return [entry.contact for starts in entry.starts if lasts(starts, starts + entry.lasts, at)]
    if isinstance(entry, RuledRotation):
        turns = list(pairwise(entry.handovers))
        return [entry.people[n % len(entry.people)] for n, turn in enumerate(turns) if lasts(*turn, at)]
    if entry.ends and at >= utc(entry.ends):
        return []
    found, starts, turn = [], entry.starts, 0
    while utc(starts) <= at:
        ends = starts + entry.every_days * DAY
        if lasts(starts, ends, at):
            found.append(entry.people[turn % len(entry.people)])
        starts, turn = ends, turn + 1
    return found


def judged(entries: list[Entry], changes: list[RosterChange], at: datetime) -> tuple[str | None, GapKind | None]:
    """Who is on call at an instant, and whether it must be told as a gap."""
    found = [(entry.replaces, person) for entry in entries for person in of_entry(entry, at)]
    counting = [person for replaces, person in found if replaces] or [person for _, person in found]
    first = counting[0] if counting else None
    for change in reversed(changes):
        holds = change.state is ChangeState.IN_FORCE and change.starts_at <= at < change.ends_at
        given = change.kind is ChangeKind.OVERRIDE or (first and change.instead_of == first)
        if holds and change.kind is not ChangeKind.CONFIRMATION and given:
            return change.contact, None
    return first, {0: GapKind.HOLE, 1: None}.get(len(counting), GapKind.OVERLAP)


# ------------------------------------------------------------------------------------------------------- what must hold

INSTANTS = st.datetimes(
    datetime(2024, 1, 3), datetime(2040, 12, 20), timezones=st.just(UTC)  # noqa: DTZ001 - made aware
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_at_every_instant_outside_the_hours_exactly_one_is_on_call_or_a_gap_is_told(data: st.DataObject) -> None:
    """P10, C2.8, C2.10: for whatever roster and whatever was changed, 2024–2040."""
    entries, at = data.draw(ENTRIES), data.draw(INSTANTS)
    changes = data.draw(st.lists(_change(at), max_size=4))
    made = roster(*entries, duty=ALONE).with_changes(changes)
    who, gap = judged(entries, changes, at)
    assert told(made, at) == who
    if opening(LONG, at).is_open:
        gap = None
    kinds = [each.kind for each in coverage(LONG, made, at - DAY, 2) if each.start <= at < each.end]
    assert kinds == ([gap] if gap else [])


def told(made: Roster, at: datetime) -> str | None:
    try:
        return made.chain(LONG.id, at).contact.id
    except LookupError:
        return None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_the_timeline_says_what_the_chain_says_and_changes_hands_once(data: st.DataObject) -> None:
    """P10: what is called at an instant, printed, exported and paid is the same."""
    entries, at = data.draw(ENTRIES), data.draw(INSTANTS)
    changes = data.draw(st.lists(_change(at), max_size=4))
    made = roster(*entries).with_changes(changes)
    parts = list(made.timeline(LONG.id, at - 4 * DAY, at + 4 * DAY))
    assert all(part.start < part.end for part in parts)
    assert all(one.end == other.start and one.chain != other.chain for one, other in pairwise(parts))
    assert (parts[0].start, parts[-1].end) == (at - 4 * DAY, at + 4 * DAY)
    (now,) = [part for part in parts if part.start <= at < part.end]
    assert now.chain == made.chain(LONG.id, at)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_hand_over_of_watches_is_to_somebody_else_and_none_overlaps(data: st.DataObject) -> None:
    """P10: each hand-over happens once."""
    entries, at = data.draw(ENTRIES), data.draw(INSTANTS)
    found = list(watches(LONG, roster(*entries), at - 10 * DAY, at + 10 * DAY))
    assert all(one.contact != other.contact and one.end <= other.start for one, other in pairwise(found))
    assert all(not opening(LONG, part.start).is_open for watch in found for part in watch.parts)


def last_sunday(year: int, month: int) -> date:
    day = date(year, month, 31)
    return day - timedelta(days=(day.weekday() + 1) % 7)


@pytest.mark.parametrize("year", range(2024, 2041))
@pytest.mark.parametrize("month", [3, 10])
def test_in_the_nights_of_the_clocks_each_hand_over_happens_once(year: int, month: int) -> None:
    """P10, C-25: at every quarter of an hour from midnight to four, in spring and in autumn."""
    sunday = last_sunday(year, month)
    midnight = datetime.combine(sunday, time(0), ROME).astimezone(UTC)
    for quarter in range(17):
        hands = datetime.combine(sunday - 30 * DAY, time(0)) + timedelta(minutes=15 * quarter)
        daily = Rotation(LONG.id, "ogni giorno", ("anna", "bruno"), hands, every_days=1)
        made = roster(daily, duty=ALONE)
        parts = list(made.timeline(LONG.id, midnight - timedelta(hours=12), midnight + timedelta(hours=18)))
        assert len(parts) == 2, (quarter, parts)
        assert parts[0].end == parts[1].start == utc(hands + 30 * DAY)
        sampled = [midnight + timedelta(minutes=5 * n) for n in range(-12, 72)]
        people = [made.chain(LONG.id, at).contact.id for at in sampled]
        assert sum(one != other for one, other in pairwise(people)) == 1
        assert coverage(LONG, made, midnight - DAY, 3) == ()


@pytest.mark.parametrize(
    "day", ["2024-02-29", "2028-02-29", "2040-02-29", "2026-12-31", "2032-12-31", "2027-01-31", "2026-12-28"]
)
@pytest.mark.parametrize("every", [1, 7, 31])
def test_leap_days_ends_of_months_and_week_53_have_their_turn(day: str, every: int) -> None:
    """P10, C-26: 2026 and 2032 have an ISO week 53."""
    start = datetime.combine(date.fromisoformat(day), time(18))
    turns = Rotation(LONG.id, "turni", ("anna", "bruno", "carla"), start - 3 * every * DAY, every_days=every)
    at = utc(start)
    made = roster(turns, duty=ALONE)
    assert made.chain(LONG.id, at - timedelta(seconds=1)).contact.id == "carla"
    assert made.chain(LONG.id, at).contact.id == "anna"
    assert made.chain(LONG.id, utc(start + every * DAY)).contact.id == "bruno"
    assert coverage(LONG, made, at - DAY, 2 * every + 2) == ()
