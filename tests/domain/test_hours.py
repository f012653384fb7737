from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.contract import MIDNIGHT, Band, Closure, Contract, Extension
from gateway.domain.hours import ClosedBecause, State, instant, local, next_opening, opening, spans_on
from gateway.domain.provisions import Calendar
from tests.domain.shipped import contract, rome, site

C2 = contract("c02")
C3 = contract("c03")


def hours(of: Contract, **changed: Any) -> Contract:  # noqa: ANN401 - the fields of Schedule
    """The contract with other hours."""
    return replace(of, schedules=(replace(of.schedules[0], **changed),))


def test_one_second_before_eight_it_is_closed_and_at_eight_it_is_open() -> None:
    """C2.4, S011."""
    assert opening(C2, rome("2026-11-24 07:59:59")).reason is ClosedBecause.OUT_OF_HOURS
    assert opening(C2, rome("2026-11-24 08:00:00")).is_open


def test_new_years_eve_is_an_ordinary_day() -> None:
    """C2.4, S012."""
    assert opening(C2, rome("2026-12-31 17:59")).is_open


def test_new_years_eve_at_eighteen_closes_until_the_monday() -> None:
    """C2.4, S013."""
    found = opening(C2, rome("2026-12-31 18:00"))
    assert (found.reason, found.next_opening) == (ClosedBecause.OUT_OF_HOURS, rome("2027-01-04 08:00"))


def test_continuous_hours_know_no_midday_break() -> None:
    """C2.5, S015."""
    assert opening(C2, rome("2026-11-24 13:45")).is_open


def test_split_shifts_close_for_a_break_that_cites_its_clause() -> None:
    """C3.5, S042."""
    found = opening(C3, rome("2026-11-24 13:45"))
    assert (found.reason, found.clauses) == (ClosedBecause.BREAK, ("C3.5",))


def test_the_afternoon_of_a_friday_without_one_is_out_of_hours_by_its_own_clause() -> None:
    """C3.6."""
    found = opening(C3, rome("2026-11-27 15:00"))
    assert (found.reason, found.clauses) == (ClosedBecause.OUT_OF_HOURS, ("C3.6",))


def test_an_open_friday_cites_the_band_of_friday() -> None:
    """C3.6."""
    assert opening(C3, rome("2026-04-03 10:00")).clauses == ("C3.6",)


def test_good_friday_is_no_holiday() -> None:
    """C2.6, S017."""
    assert opening(C2, rome("2026-04-03 10:00")).is_open


def test_easter_monday_is_a_holiday_by_its_italian_name() -> None:
    """C2.6, S018."""
    found = opening(C2, rome("2026-04-06 10:00"))
    assert (found.state, found.reason, found.holiday) == (State.CLOSED, ClosedBecause.HOLIDAY, "Lunedì dell'Angelo")
    assert (found.next_opening, found.clauses) == (rome("2026-04-07 08:00"), ("C2.6",))


def test_republic_day_reopens_the_day_after() -> None:
    """C2.6, S019."""
    assert opening(C2, rome("2026-06-02 11:00")).next_opening == rome("2026-06-03 08:00")


def test_the_patron_saint_of_cagliari_is_a_holiday() -> None:
    """C2.6, S020."""
    found = opening(C2, rome("2026-10-30 09:30"))
    assert (found.holiday, found.next_opening) == ("San Saturnino", rome("2026-11-02 08:00"))


def test_san_francesco_on_a_sunday_is_a_holiday_that_cites_both_clauses() -> None:
    """C2.6, S022."""
    found = opening(C2, rome("2026-10-04 10:00"))
    assert (found.reason, found.clauses) == (ClosedBecause.HOLIDAY, ("C2.6", "C2.4"))


def test_san_francesco_is_a_national_holiday_from_2026() -> None:
    """C2.6, S022."""
    assert opening(C2, rome("2027-10-04 10:00")).reason is ClosedBecause.HOLIDAY


def test_the_fourth_of_october_2025_is_only_a_saturday() -> None:
    """C2.6, S022."""
    found = opening(C2, rome("2025-10-04 10:00"))
    assert (found.reason, found.holiday) == (ClosedBecause.WEEKEND, None)


@pytest.mark.parametrize("at", ["2026-12-24 16:30", "2026-08-14 15:00"])
def test_eves_of_holidays_are_ordinary_days(at: str) -> None:
    """C2.7, S026."""
    assert opening(C2, rome(at)).is_open


@pytest.mark.parametrize(
    "day",
    ["2026-04-28", "2026-11-02", "2026-11-04", "2027-03-17", "2026-03-19", "2026-06-29", "2027-11-08"],
)
def test_days_often_mistaken_for_holidays_are_open(day: str) -> None:
    """C2.6, DOMAIN §7."""
    assert opening(C2, rome(f"{day} 10:00")).is_open


@pytest.mark.parametrize("day", ["2028-02-29", "2028-02-28", "2028-03-01"])
def test_the_days_around_a_leap_day_are_ordinary(day: str) -> None:
    assert opening(C2, rome(f"{day} 10:00")).is_open


def test_easter_sunday_is_a_sunday_and_reopens_after_easter_monday_in_the_night_of_summer_time() -> None:
    """C2.10, S035."""
    found = opening(C2, datetime(2027, 3, 28, 1, 30, tzinfo=UTC))
    assert (found.reason, found.next_opening) == (ClosedBecause.WEEKEND, rome("2027-03-30 08:00"))


def test_the_hour_that_comes_twice_in_october_is_closed_both_times() -> None:
    """X1."""
    for hour in (0, 1):
        found = opening(C2, datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
        assert (found.is_open, found.next_opening) == (False, rome("2026-10-26 08:00"))


def test_before_the_contract_the_first_opening_is_told() -> None:
    """C2.2."""
    found = opening(replace(C2, valid_from=date(2026, 1, 1)), rome("2025-12-15 10:00"))
    assert (found.reason, found.next_opening) == (ClosedBecause.NOT_STARTED, rome("2026-01-02 08:00"))
    assert found.clauses == ("C2.2",)


def test_after_the_contract_nothing_opens_again() -> None:
    """C2.2, S009."""
    found = opening(replace(C2, valid_until=date(2026, 12, 31)), rome("2027-01-04 09:00"))
    assert (found.reason, found.next_opening) == (ClosedBecause.ENDED, None)


def test_an_extension_keeps_the_desk_open() -> None:
    """C2.2, S009."""
    extension = Extension(date(2027, 3, 31), date(2026, 12, 1), "proroga")
    extended = replace(C2, valid_until=date(2026, 12, 31), extensions=(extension,))
    assert opening(extended, rome("2027-01-04 09:00")).is_open


def test_on_the_last_evening_no_further_opening_is_promised() -> None:
    """C2.2."""
    assert opening(replace(C2, valid_until=date(2026, 11, 24)), rome("2026-11-24 18:00")).next_opening is None


def test_a_contract_without_holidays_is_open_on_them() -> None:
    """A3.1: the literal reading."""
    assert opening(
        replace(C3, schedules=(replace(C3.schedules[0], calendar=Calendar()),)), rome("2026-04-06 10:00")
    ).is_open


def test_a_band_until_midnight_ends_with_the_day() -> None:
    """X1."""
    late = hours(C2, bands=(Band(1, time(20), MIDNIGHT, "C2.4"),))
    assert opening(late, rome("2026-11-24 23:59:59")).is_open
    assert not opening(late, rome("2026-11-25 00:00")).is_open


def test_a_band_that_starts_at_an_hour_that_does_not_exist_starts_an_hour_later() -> None:
    """X1."""
    night = hours(C2, bands=(Band(6, time(2, 30), time(6), "C2.4"),))
    assert spans_on(night, date(2027, 3, 28))[0][0] == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)


def test_a_planned_closing_day_is_closed_where_the_contract_allows_it() -> None:
    closed = hours(C3, closures=(Closure(date(2026, 12, 7), "ponte"),))
    found = opening(closed, rome("2026-12-07 10:00"))
    assert (found.is_open, found.holiday, found.next_opening) == (False, "ponte", rome("2026-12-09 09:00"))


def test_a_shortened_day_closes_early() -> None:
    shortened = hours(C2, closures=(Closure(date(2026, 12, 24), "vigilia", time(13)),))
    assert opening(shortened, rome("2026-12-24 12:59")).is_open
    assert opening(shortened, rome("2026-12-24 13:00")).reason is ClosedBecause.OUT_OF_HOURS


def test_a_desk_that_never_opens_has_no_next_opening() -> None:
    never = hours(C2, bands=())
    assert opening(never, rome("2026-11-24 10:00")).next_opening is None


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        opening(C2, datetime(2026, 11, 24, 10))  # noqa: DTZ001 - the naive instant is the point


INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 30)).map(  # noqa: DTZ001 - made aware below
    lambda naive: naive.replace(tzinfo=UTC),
)


def _open_by_the_clause(at: datetime, holidays: Calendar) -> bool:
    """The clause read independently: a weekday that is no holiday, from 8 to 18 on the wall clock."""
    wall = local(at)
    return wall.weekday() < 5 and holidays.holiday_on(wall.date()) is None and 8 <= wall.hour < 18


@given(INSTANTS)
def test_the_state_of_c2_is_what_its_clause_says_at_any_instant(at: datetime) -> None:
    """C2.4, C2.6."""
    assert opening(C2, at).is_open == _open_by_the_clause(at, C2.schedules[0].calendar)


@given(INSTANTS, st.sampled_from(sorted(site().contracts)))
def test_the_next_opening_is_open_and_the_instant_before_it_is_closed(at: datetime, contract_id: str) -> None:
    terms: Contract = site().contracts[contract_id]
    found = opening(terms, at)
    if found.next_opening:
        assert at < found.next_opening
        assert opening(terms, found.next_opening).is_open
        assert not opening(terms, found.next_opening - timedelta(microseconds=1)).is_open


@given(INSTANTS)
def test_nothing_opens_before_the_next_opening(at: datetime) -> None:
    promised = next_opening(C2, at)
    if promised:
        hours = int((promised - at) / timedelta(minutes=30))
        assert not any(
            opening(C2, at + timedelta(minutes=30 * step)).is_open
            for step in range(1, hours)
            if not opening(C2, at).is_open
        )


def test_a_wall_time_that_comes_twice_is_the_first() -> None:
    """X1."""
    assert instant(date(2026, 10, 25), time(2, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
