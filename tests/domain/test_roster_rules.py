"""Shifts and turns by a rule, and shifts that replace others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from gateway.domain.hours import instant
from gateway.domain.roster import (
    HOLIDAY,
    GapKind,
    Rotation,
    RuledRotation,
    RuledShift,
    Shift,
    WeeklyShift,
    coverage,
    watches,
)
from tests.domain.rosters import ANNA, BRUNO, C2, CARLA, DARIO, roster, wall
from tests.domain.shipped import rome

WEEKS = Rotation(C2.id, "settimane", ("anna", "bruno", "carla"), wall("2026-11-27 18:00"))
MONDAYS_AND_FRIDAYS = (
    wall("2026-11-27 18:00"),
    wall("2026-11-30 08:00"),
    wall("2026-12-04 18:00"),
    wall("2026-12-07 08:00"),
    wall("2026-12-11 18:00"),
)
TURNS = RuledRotation(C2.id, "feriali e fine settimana", ("anna", "bruno", "carla"), MONDAYS_AND_FRIDAYS)


@pytest.mark.parametrize(
    ("at", "contact", "deputy"),
    [
        ("2026-11-27 18:00", ANNA, BRUNO),
        ("2026-11-30 07:59", ANNA, BRUNO),
        ("2026-11-30 18:00", BRUNO, CARLA),
        ("2026-12-04 18:00", CARLA, ANNA),
        ("2026-12-07 18:00", ANNA, BRUNO),
    ],
)
def test_turns_by_a_rule_change_hands_at_each_of_its_times(at: str, contact: object, deputy: object) -> None:
    """C2.8."""
    chain = roster(TURNS).chain(C2.id, rome(at))
    assert (chain.contact, chain.deputy) == (contact, deputy)


def test_before_the_first_and_after_the_last_time_of_the_rule_nobody_has_the_turn() -> None:
    assert roster(TURNS).chain(C2.id, rome("2026-11-27 17:59")).from_fallback
    assert roster(TURNS).chain(C2.id, rome("2026-12-11 18:00")).from_fallback


def test_turns_of_two_months_are_found_in_their_midst() -> None:
    """A turn is longer than any look back in days."""
    turns = replace(TURNS, handovers=(wall("2026-01-01 00:00"), wall("2026-07-01 00:00"), wall("2027-01-01 00:00")))
    assert roster(turns).chain(C2.id, rome("2026-06-30 23:59")).contact is ANNA
    assert roster(turns).chain(C2.id, rome("2026-07-01 00:00")).contact is BRUNO


@pytest.mark.parametrize(("night", "hours"), [("2026-10-24", 13), ("2027-03-27", 11), ("2026-11-28", 12)])
def test_a_shift_by_a_rule_lasts_its_wall_time_through_the_nights_of_the_clocks(night: str, hours: int) -> None:
    """S034."""
    shift = RuledShift(C2.id, "notti", "anna", None, (wall(f"{night} 20:00"),), timedelta(hours=12))
    day = date.fromisoformat(night)
    (found,) = shift.duties(day, day, {})
    assert found.end - found.start == timedelta(hours=hours)


def test_a_shift_by_a_rule_that_began_days_ago_is_found() -> None:
    shift = RuledShift(C2.id, "lungo", "anna", None, (wall("2026-11-01 00:00"),), timedelta(days=20))
    assert roster(shift).chain(C2.id, rome("2026-11-20 23:59")).contact is ANNA
    assert roster(shift).chain(C2.id, rome("2026-11-21 00:00")).from_fallback


FESTIVE = WeeklyShift(
    C2.id, "festivi", "dario", "anna", frozenset({HOLIDAY}), time(0), time(0), days_later=1, replaces=True
)


def test_on_a_public_holiday_another_contact_replaces_the_turn() -> None:
    """C2.6, C2.8: Easter Monday, the patron saint, 8 December."""
    always = replace(WEEKS, starts=wall("2026-01-02 18:00"))
    for day in ("2026-04-06", "2026-10-30", "2026-12-08"):
        chain = roster(always, FESTIVE).chain(C2.id, rome(f"{day} 10:00"))
        assert (chain.contact, chain.deputy, chain.origin) == (DARIO, ANNA, "festivi")
    assert roster(always, FESTIVE).chain(C2.id, rome("2026-12-07 23:59")).origin == "settimane"
    assert roster(always, FESTIVE).chain(C2.id, rome("2026-12-09 00:00")).origin == "settimane"


def test_what_replaces_a_turn_is_no_overlap_with_it() -> None:
    """C2.10."""
    assert coverage(C2, roster(WEEKS, FESTIVE), instant(date(2026, 12, 1)), 40) == ()


def test_two_that_replace_at_the_same_time_are_an_overlap() -> None:
    """C2.10."""
    other = Shift(C2.id, "ponte", "bruno", None, wall("2026-12-07 18:00"), wall("2026-12-08 08:00"), replaces=True)
    gaps = coverage(C2, roster(WEEKS, FESTIVE, other), instant(date(2026, 12, 6)), 4)
    assert [(gap.kind, gap.origins) for gap in gaps] == [(GapKind.OVERLAP, ("festivi", "ponte"))]


def test_a_temporary_shift_replaces_the_turn_while_it_lasts() -> None:
    other = Shift(C2.id, "ponte", "carla", "anna", wall("2026-11-28 18:00"), wall("2026-11-29 08:00"), replaces=True)
    found = watches(C2, roster(WEEKS, other), rome("2026-11-27 18:00"), rome("2026-11-30 08:00"))
    assert [(watch.contact, watch.start, watch.end) for watch in found] == [
        (ANNA, rome("2026-11-27 18:00"), rome("2026-11-28 18:00")),
        (CARLA, rome("2026-11-28 18:00"), rome("2026-11-29 08:00")),
        (ANNA, rome("2026-11-29 08:00"), rome("2026-11-30 08:00")),
    ]
