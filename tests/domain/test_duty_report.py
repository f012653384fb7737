"""What a month of on-call duty came to, by person and band."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.duty_report import DutyReport, Hours, Line, duty_report, hours_between, is_festive, month_days
from gateway.domain.roster import Rotation, WeeklyShift, closed_times
from gateway.domain.ticket import Action, Page
from tests.domain.rosters import C2, DUTY, change, roster, wall
from tests.domain.shipped import rome

WEEKS = Rotation(C2.id, "settimane", ("anna", "bruno", "carla"), wall("2026-01-02 18:00"))
NIGHT_OF_THE_CLOCKS = WeeklyShift(
    C2.id, "notte", "anna", None, frozenset({5}), wall("2026-01-01 20:00").time(), wall("2026-01-01 08:00").time(), 1
)


def hours(*, ordinary: float = 0, night: float = 0, holiday: float = 0, holiday_night: float = 0) -> Hours:
    told = (ordinary, night, holiday, holiday_night)
    return Hours(*(timedelta(hours=each) for each in told))


def line(report: DutyReport, person: str) -> Line:
    return next(each for each in report.lines if each.person == person)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Thursday evening to Friday morning
        ("2026-11-26 18:00", "2026-11-27 08:00", hours(ordinary=6, night=8)),
        # Saturday evening to Sunday morning: the night of Saturday ends at midnight, Sunday is a holiday
        ("2026-11-28 20:00", "2026-11-29 08:00", hours(ordinary=2, night=2, holiday=8, holiday_night=6)),
        # the Immacolata, a Tuesday: midnight to midnight
        ("2026-12-07 18:00", "2026-12-09 08:00", hours(ordinary=6, night=8, holiday=24, holiday_night=8)),
        # 30 October, San Saturnino, patron of Cagliari, and Easter Monday
        ("2026-10-30 08:00", "2026-10-30 18:00", hours(holiday=10)),
        ("2026-04-06 08:00", "2026-04-06 18:00", hours(holiday=10)),
        # Good Friday is no holiday
        ("2026-04-03 18:00", "2026-04-03 22:00", hours(ordinary=4)),
        # the instants of six and ten belong to what begins
        ("2026-11-26 05:59", "2026-11-26 06:01", hours(ordinary=1 / 60, night=1 / 60)),
        ("2026-11-26 21:59", "2026-11-26 22:01", hours(ordinary=1 / 60, night=1 / 60)),
        # New Year's Eve
        ("2026-12-31 18:00", "2027-01-01 08:00", hours(ordinary=4, night=2, holiday=8, holiday_night=6)),
    ],
)
def test_every_hour_belongs_to_one_band(start: str, end: str, expected: Hours) -> None:
    assert hours_between(C2, rome(start), rome(end)) == expected


@pytest.mark.parametrize(("night", "total"), [("2026-10-24", 13), ("2026-03-28", 11), ("2026-11-28", 12)])
def test_the_nights_of_the_clocks_count_thirteen_and_eleven_hours(night: str, total: int) -> None:
    """S034, S141."""
    first = date.fromisoformat(night)
    month = month_days(first.year, first.month)
    made = duty_report(C2, roster(NIGHT_OF_THE_CLOCKS, duty=replace(DUTY, fallback=None)), month)
    (found,) = [watch for watch in _nights(made) if watch[0].date() == first]
    assert found[1] == timedelta(hours=total)
    others = sum((lasted for starts, lasted in _nights(made) if starts.date() != first), timedelta(0))
    assert line(made, "anna").hours.total == others + found[1]


def _nights(made: DutyReport) -> list[tuple[datetime, timedelta]]:
    """Each stretch of duty of the month: when it began in Rome, and how long it lasted."""
    parts = [part for watch in made.watches for part in watch.parts]
    zone = rome("2026-01-01 00:00").tzinfo
    return [(part.start.astimezone(zone), part.end - part.start) for part in parts]


def test_only_the_time_outside_the_hours_of_the_desk_counts() -> None:
    """C2.10: a turn runs through the day, and the day is the desk's."""
    made = duty_report(C2, roster(WEEKS), month_days(2026, 11))
    closed = sum(
        (each.end - each.start for each in closed_times(C2, rome("2026-11-01 00:00"), rome("2026-12-01 00:00"))),
        timedelta(0),
    )
    assert made.hours.total == closed == timedelta(hours=30 * 24 - 21 * 10)
    assert made.uncovered == timedelta(0)


def test_overrides_and_swaps_are_paid_to_whoever_stood_in() -> None:
    """The hours follow the roster in force."""
    plain = duty_report(C2, roster(WEEKS), month_days(2026, 11))
    swap = change("2026-11-28 20:00", "2026-11-29 08:00", "anna", instead_of="carla")
    made = duty_report(C2, roster(WEEKS).with_changes([swap]), month_days(2026, 11))
    moved = timedelta(hours=12)
    assert line(plain, "carla").hours.total - line(made, "carla").hours.total == moved
    assert line(made, "anna").hours.total - line(plain, "anna").hours.total == moved
    assert line(made, "anna").standing_in == moved
    assert made.hours == plain.hours


def test_the_time_as_deputy_is_told_and_is_no_time_on_duty() -> None:
    made = duty_report(C2, roster(WEEKS), month_days(2026, 11))
    assert sum((each.as_deputy for each in made.lines), timedelta(0)) == made.hours.total


def test_a_hole_is_nobodys_duty_and_is_told() -> None:
    """C2.8, C2.10: the fallback contact was called, and nobody had the turn."""
    ended = replace(WEEKS, ends=wall("2026-11-29 08:00"))
    made = duty_report(C2, roster(ended), month_days(2026, 11))
    assert line(made, "carla").in_holes == made.uncovered == timedelta(hours=24 + 6)
    bare = duty_report(C2, roster(ended, duty=replace(DUTY, fallback=None)), month_days(2026, 11))
    assert bare.uncovered == made.uncovered


def test_a_month_begins_and_ends_at_midnight_in_rome() -> None:
    """S141: March 2026 has 743 hours, October 745."""
    for month, elapsed in ((3, 743), (10, 745), (11, 720)):
        first, last = month_days(2026, month)
        start, end = rome(f"{first} 00:00"), rome(f"{last} 23:59").astimezone(UTC) + timedelta(minutes=1)
        assert end - start.astimezone(UTC) == timedelta(hours=elapsed)
        open_days = sum(1 for n in range(last.day) if not closed_all_day(first + timedelta(days=n)))
        made = duty_report(C2, roster(WEEKS), (first, last))
        assert made.hours.total == timedelta(hours=elapsed - 10 * open_days)


def closed_all_day(day: date) -> bool:
    return day.weekday() > 4 or C2.schedule_on(day).calendar.holiday_on(day) is not None


def test_december_ends_with_the_year() -> None:
    assert month_days(2026, 12) == (date(2026, 12, 1), date(2026, 12, 31))
    assert month_days(2028, 2) == (date(2028, 2, 1), date(2028, 2, 29))


PAGE = Page(
    id=1,
    ticket=2026000001,
    contract=C2.id,
    person="bruno",
    number="+393330000002",
    code="123456",
    state="accepted",
    round=1,
    rung=1,
    opened_at=rome("2026-11-28 22:10"),
    closed_at=rome("2026-11-28 22:14"),
    accepted_by="bruno",
)


def action(at: str, by: str = "bruno") -> Action:
    return Action(2026000001, rome(at), rome(at), by, "referente", "riavviato", "risolto")


def test_pages_and_answers_are_counted_for_whoever_was_paged() -> None:
    second = replace(PAGE, id=2, closed_at=rome("2026-11-28 22:30"))
    passed = replace(PAGE, id=3, state="passed", accepted_by=None)
    elsewhere = replace(PAGE, id=4, person="carla", state="taken_by_other", accepted_by=None)
    before = replace(PAGE, id=5, opened_at=rome("2026-10-31 23:59"))
    made = duty_report(C2, roster(WEEKS), month_days(2026, 11), pages=[second, PAGE, passed, elsewhere, before])
    bruno, carla = line(made, "bruno"), line(made, "carla")
    assert (bruno.pages, bruno.accepted, bruno.passed) == (3, 2, 1)
    assert (bruno.median_answer, bruno.longest_answer) == (timedelta(minutes=12), timedelta(minutes=20))
    assert (carla.pages, carla.accepted, carla.median_answer) == (1, 0, None)


def test_an_intervention_lasts_until_the_last_action_before_the_desk_opens() -> None:
    actions = {2026000001: [action("2026-11-28 23:00"), action("2026-11-29 01:30"), action("2026-11-30 09:00"),
                            action("2026-11-29 03:00", "elena")]}  # fmt: skip
    made = duty_report(C2, roster(WEEKS), month_days(2026, 11), pages=[PAGE], actions=actions)
    (found,) = line(made, "bruno").interventions
    assert (found.began, found.ended) == (rome("2026-11-28 22:14"), rome("2026-11-29 01:30"))
    assert line(made, "bruno").worked == timedelta(hours=3, minutes=16)


def test_two_interventions_at_once_are_worked_once() -> None:
    actions = {2026000001: [action("2026-11-28 23:14")]}
    both = [PAGE, replace(PAGE, id=2, closed_at=rome("2026-11-28 22:44"))]
    made = duty_report(C2, roster(WEEKS), month_days(2026, 11), pages=both, actions=actions)
    assert len(line(made, "bruno").interventions) == 2
    assert line(made, "bruno").worked == timedelta(hours=1)


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - made aware
    st.integers(1, 60 * 24 * 40),
)
def test_the_bands_together_are_the_elapsed_time_and_each_minute_has_its_own(at: datetime, minutes: int) -> None:
    """P10: nothing is paid twice, also in the nights of the clocks."""
    end = at + timedelta(minutes=minutes)
    found = hours_between(C2, at, end)
    assert found.total == end - at
    assert found.holiday_night <= found.holiday
    middle = at + timedelta(minutes=minutes // 2)
    assert found == hours_between(C2, at, middle) + hours_between(C2, middle, end)


def test_sundays_and_holidays_of_the_law_are_festive_whatever_hours_a_desk_keeps() -> None:
    """Law 260/1949: a contract may be staffed on a holiday; the hour is one all the same."""
    without = replace(C2, schedules=tuple(replace(each, calendar=type(each.calendar)()) for each in C2.schedules))
    assert is_festive(without, date(2026, 12, 25))
    assert is_festive(without, date(2026, 11, 29))
    assert not is_festive(without, date(2026, 10, 30))
    assert is_festive(C2, date(2026, 10, 30))
