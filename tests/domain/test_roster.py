from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.hours import instant
from gateway.domain.roster import (
    HOLIDAY,
    GapKind,
    Override,
    Person,
    Rotation,
    Shift,
    WeeklyShift,
    coverage,
)
from tests.domain.rosters import ANNA, BRUNO, C2, CARLA, DARIO, DUTY, roster, wall
from tests.domain.shipped import rome, site

WEEKEND = Shift(C2.id, "fine settimana", "anna", "bruno", wall("2026-11-27 18:00"), wall("2026-11-30 08:00"))


def test_the_chain_is_contact_deputy_supervisor() -> None:
    """C2.8, S027."""
    chain = roster(WEEKEND).chain(C2.id, rome("2026-11-28 22:10"))
    assert chain.people() == (ANNA, BRUNO, DARIO)
    assert (chain.from_fallback, chain.clauses) == (False, ("C2.8",))


@pytest.mark.parametrize(
    ("at", "from_fallback"),
    [
        ("2026-11-27 17:59:59", True),
        ("2026-11-27 18:00:00", False),
        ("2026-11-30 07:59:59", False),
        ("2026-11-30 08:00:00", True),
    ],
)
def test_a_shift_is_half_open(at: str, from_fallback: bool) -> None:  # noqa: FBT001 - a column of the table
    """C2.8."""
    assert roster(WEEKEND).chain(C2.id, rome(at)).from_fallback is from_fallback


def test_a_hole_gives_the_fallback_contact_and_says_so() -> None:
    """C2.8."""
    chain = roster().chain(C2.id, rome("2026-11-28 22:10"))
    assert (chain.people(), chain.from_fallback) == ((CARLA, DARIO), True)


def test_a_hole_without_fallback_contact_is_an_error() -> None:
    """C2.10."""
    with pytest.raises(LookupError, match="no fallback contact"):
        roster(duty=replace(DUTY, fallback=None)).chain(C2.id, rome("2026-11-28 22:10"))


def test_a_contract_without_on_call_has_no_chain() -> None:
    with pytest.raises(LookupError, match="no on-call duty for c01-fornitore"):
        roster(WEEKEND).chain("c01-fornitore", rome("2026-11-28 22:10"))


def test_nobody_is_called_twice_in_one_round() -> None:
    """C2.8."""
    own_supervisor = replace(WEEKEND, contact="dario", deputy="dario")
    assert roster(own_supervisor).chain(C2.id, rome("2026-11-28 22:10")).people() == (DARIO,)


NIGHT = WeeklyShift(C2.id, "notte", "anna", "bruno", frozenset({5}), time(20), time(8), days_later=1)


@pytest.mark.parametrize(
    ("sunday", "hours"),
    [("2026-10-25", 13), ("2027-03-28", 11), ("2026-11-29", 12)],
)
def test_a_night_shift_lasts_what_the_clocks_make_of_it(sunday: str, hours: int) -> None:
    """C2.10, S034."""
    day = date.fromisoformat(sunday)
    (stretch,) = NIGHT.duties(day - timedelta(days=1), day, {})
    assert stretch.end - stretch.start == timedelta(hours=hours)


@pytest.mark.parametrize("at", ["2026-10-25T00:30Z", "2026-10-25T01:30Z"])
def test_both_half_past_two_of_the_night_in_october_reach_the_contact_of_the_shift(at: str) -> None:
    """C2.10, S034."""
    assert roster(NIGHT).chain(C2.id, datetime.fromisoformat(at)).contact is ANNA


def test_after_the_clocks_move_in_march_the_contact_of_the_night_is_rung() -> None:
    """C2.10, S035."""
    assert roster(NIGHT).chain(C2.id, datetime(2027, 3, 28, 1, 30, tzinfo=UTC)).contact is ANNA


def test_a_shift_on_holidays_follows_the_calendar_of_the_contract() -> None:
    """C2.6, C2.8."""
    daytime = WeeklyShift(C2.id, "festivi", "bruno", None, frozenset({HOLIDAY}), time(8), time(18))
    assert roster(daytime).chain(C2.id, rome("2026-10-30 09:30")).contact is BRUNO
    assert roster(daytime).chain(C2.id, rome("2026-10-29 09:30")).from_fallback


WEEKS = Rotation(C2.id, "settimane", ("anna", "bruno", "carla"), wall("2026-11-27 18:00"))


@pytest.mark.parametrize(
    ("at", "contact", "deputy"),
    [
        ("2026-11-27 18:00", ANNA, BRUNO),
        ("2026-12-04 17:59", ANNA, BRUNO),
        ("2026-12-04 18:00", BRUNO, CARLA),
        ("2026-12-11 18:00", CARLA, ANNA),
        ("2026-12-18 18:00", ANNA, BRUNO),
    ],
)
def test_a_rotation_hands_over_every_week_and_the_next_is_the_deputy(at: str, contact: Person, deputy: Person) -> None:
    chain = roster(WEEKS).chain(C2.id, rome(at))
    assert (chain.contact, chain.deputy) == (contact, deputy)


def test_a_rotation_hands_over_at_the_same_wall_time_in_summer() -> None:
    """X1."""
    chain = roster(WEEKS).chain(C2.id, rome("2027-04-02 17:59"))
    later = roster(WEEKS).chain(C2.id, rome("2027-04-02 18:00"))
    assert (chain.contact, later.contact) == (CARLA, ANNA)


def test_a_rotation_of_one_has_no_deputy() -> None:
    assert roster(replace(WEEKS, people=("anna",))).chain(C2.id, rome("2026-12-01 20:00")).deputy is None


def test_a_rotation_that_has_ended_leaves_a_hole() -> None:
    ended = replace(WEEKS, ends=wall("2026-12-06 12:00"))
    assert roster(ended).chain(C2.id, rome("2026-12-06 11:59")).contact is BRUNO
    assert roster(ended).chain(C2.id, rome("2026-12-06 12:00")).from_fallback


def test_before_its_first_turn_a_rotation_has_nobody_on_duty() -> None:
    assert roster(WEEKS).chain(C2.id, rome("2026-11-27 17:59")).from_fallback


SWAP = Override(C2.id, rome("2026-11-28 20:00"), rome("2026-11-29 08:00"), "carla", None, "dario", "scambio")


def test_an_override_wins_over_the_shift_and_keeps_its_deputy() -> None:
    chain = roster(WEEKEND).with_overrides([SWAP]).chain(C2.id, rome("2026-11-28 22:10"))
    assert chain.people() == (CARLA, BRUNO, DARIO)


def test_the_last_override_wins() -> None:
    later = replace(SWAP, contact="dario", deputy="anna")
    chain = roster(WEEKEND, overrides=(SWAP, later)).chain(C2.id, rome("2026-11-28 22:10"))
    assert chain.people() == (DARIO, ANNA)


def test_a_night_shift_that_starts_late_leaves_half_an_hour_uncovered_on_each_working_day() -> None:
    """C2.10, S033."""
    late = WeeklyShift(
        C2.id,
        "notte",
        "anna",
        None,
        frozenset({0, 1, 2, 3}),
        time(18, 30),
        time(8),
        days_later=1,
    )
    friday = replace(late, name="venerdì", weekdays=frozenset({4}), days_later=3)
    gaps = coverage(C2, roster(late, friday), instant(date(2026, 11, 16)), 7)
    first = [gap for gap in gaps if gap.start.hour == 18]
    assert [(gap.kind, gap.start, gap.end) for gap in first] == [
        (GapKind.HOLE, rome(f"2026-11-{day} 18:00"), rome(f"2026-11-{day} 18:30")) for day in range(16, 21)
    ]


def test_two_shifts_at_once_are_an_overlap_that_names_both() -> None:
    """C2.10."""
    double = replace(NIGHT, name="doppio", contact="carla")
    (gap, *_) = [g for g in coverage(C2, roster(NIGHT, double), rome("2026-11-28 20:00"), 1) if g.origins]
    assert (gap.kind, gap.origins) == (GapKind.OVERLAP, ("notte", "doppio"))


def test_an_override_covers_a_hole() -> None:
    """C2.10."""
    over = Override(C2.id, rome("2026-11-27 18:00"), rome("2026-11-30 08:00"), "anna", None, "dario", "weekend")
    assert coverage(C2, roster(overrides=(over,)), rome("2026-11-27 18:00"), 2) == ()


def test_a_holiday_on_a_weekday_needs_somebody_in_the_daytime() -> None:
    """C2.10."""
    nights = WeeklyShift(C2.id, "notte", "anna", None, frozenset(range(7)), time(18), time(8), days_later=1)
    (gap,) = coverage(C2, roster(nights), rome("2026-12-07 12:00"), 2)
    assert (gap.start, gap.end) == (rome("2026-12-08 08:00"), rome("2026-12-08 18:00"))


@pytest.mark.parametrize("start", ["2026-10-20", "2027-03-23"])
def test_around_the_nights_of_the_clocks_no_minute_is_uncovered(start: str) -> None:
    """C2.10, S034."""
    week = WeeklyShift(C2.id, "sempre", "anna", None, frozenset(range(7)), time(2, 30), time(2, 30), days_later=1)
    assert coverage(C2, roster(week), rome(f"{start} 00:00"), 10) == ()


@pytest.mark.parametrize("night", ["2026-10-25", "2027-03-28"])
def test_a_day_ahead_is_a_day_of_rome_when_the_clocks_change(night: str) -> None:
    """C2.10, S034: of 25 hours in October and of 23 in March, from midnight to midnight."""
    (gap,) = coverage(C2, roster(), rome(f"{night} 00:00"), 1)
    end = date.fromisoformat(night) + timedelta(days=1)
    assert (gap.start, gap.end) == (rome(f"{night} 00:00"), rome(f"{end} 00:00"))


def test_days_outside_the_validity_need_nobody() -> None:
    """C2.2, C2.10."""
    ended = replace(C2, valid_until=date(2026, 11, 24))
    assert coverage(ended, roster(), rome("2026-11-25 00:00"), 30) == ()


def test_the_shipped_roster_covers_every_minute_of_the_contract_exactly_once() -> None:
    """C2.10."""
    terms = site().contracts["c02-comune"]
    days = (terms.last_day - terms.valid_from).days + 1
    assert coverage(terms, site().roster, instant(terms.valid_from), days) == ()


INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware


@given(INSTANTS)
def test_at_every_instant_of_the_contract_there_is_a_chain_of_people_who_can_be_called(at: datetime) -> None:
    """C2.8, C2.10."""
    chain = site().roster.chain("c02-comune", at)
    assert not chain.from_fallback
    assert len(chain.people()) == 3
    assert all(person.numbers for person in chain.people())


@given(INSTANTS, st.integers(1, 30), st.times(), st.integers(0, 7))
def test_any_roster_with_a_fallback_answers_at_every_instant(at: datetime, every: int, start: time, later: int) -> None:
    """C2.8."""
    shift = WeeklyShift(C2.id, "turno", "anna", "bruno", frozenset({0, 4, HOLIDAY}), start, time(12), later)
    turns = replace(WEEKS, every_days=every)
    assert roster(shift, turns).chain(C2.id, at).contact in {ANNA, BRUNO, CARLA}


def test_people_are_found_by_number_and_by_mail_in_any_case() -> None:
    assert site().people.by_number("+393330000001") is site().people["anna"]
    assert site().people.by_mail("Anna.Piras@Assistenza.example") is site().people["anna"]
    assert site().people.by_number("+393339999999") is None
