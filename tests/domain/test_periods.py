from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.explaining import explained_period
from gateway.domain.periods import (
    Kind,
    add_months,
    is_day_of_rest,
    is_working_day,
    period_end,
    period_steps,
    working_day_after,
)
from gateway.domain.provisions import ActKind, Calendar, Of, Period
from tests.domain.calendars import calendar_of, nationals

CAGLIARI = calendar_of("Cagliari")
SIX_MONTHS = Period(Of.ON_SITE, "B", ActKind.FINAL_ACCEPTANCE, 6, extends=True, clause="C3.19")
ONE_YEAR = Period(Of.SECOND_LEVEL, "B", ActKind.FINAL_ACCEPTANCE, 12, extends=True, clause="C3.23")
AS_WRITTEN = Period(Of.ON_SITE, "B", ActKind.FINAL_ACCEPTANCE, 6, extends=False, clause="C3.19")
DAYS = st.dates(date(2024, 1, 1), date(2040, 12, 31))


# --------------------------------------------------------------------------------------------------------- working days


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 4, 3),  # Good Friday
        date(2026, 12, 24),
        date(2026, 12, 31),
        date(2028, 2, 29),
        date(2026, 4, 28),  # Sa die de sa Sardigna
    ],
)
def test_a_working_day_is_a_day_from_monday_to_friday_that_is_no_holiday(day: date) -> None:
    """DOMAIN 2, C3.11."""
    assert is_working_day(CAGLIARI, day)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 4, 4),  # Holy Saturday is a Saturday
        date(2026, 4, 5),
        date(2026, 4, 6),  # Easter Monday
        date(2026, 10, 30),  # San Saturnino
        date(2027, 10, 4),  # San Francesco, a Monday
        date(2026, 8, 15),  # a holiday on a Saturday
    ],
)
def test_weekends_and_holidays_of_the_place_are_no_working_days(day: date) -> None:
    """DOMAIN 2, C3.11."""
    assert not is_working_day(CAGLIARI, day)


def test_the_patron_saint_of_one_place_is_a_working_day_in_another() -> None:
    """A3.4."""
    assert is_working_day(calendar_of("Sassari"), date(2026, 10, 30))


def test_the_fourth_of_october_is_worked_before_2026() -> None:
    """DOMAIN 7: law 151/2025."""
    assert is_working_day(nationals(), date(2024, 10, 4))
    assert not is_working_day(nationals(), date(2028, 10, 4))


def test_the_first_day_is_never_counted() -> None:
    """C3.11: dies a quo non computatur."""
    assert working_day_after(date(2026, 11, 24), 1, CAGLIARI) == date(2026, 11, 25)


def test_no_working_days_are_the_day_itself_or_the_next_one_that_works() -> None:
    """Term.days = 0."""
    assert working_day_after(date(2026, 11, 24), 0, CAGLIARI) == date(2026, 11, 24)
    assert working_day_after(date(2026, 4, 4), 0, CAGLIARI) == date(2026, 4, 7)


def test_less_than_no_working_days_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match="-1 working days"):
        working_day_after(date(2026, 11, 24), -1, CAGLIARI)


@given(DAYS, st.integers(1, 40))
def test_as_many_working_days_as_asked_lie_after_the_first_day(day: date, count: int) -> None:
    found = working_day_after(day, count, CAGLIARI)
    passed = (day + timedelta(days=n) for n in range(1, (found - day).days + 1))
    assert sum(each.weekday() < 5 and each not in CAGLIARI.names for each in passed) == count
    assert is_working_day(CAGLIARI, found)


# ------------------------------------------------------------------------------------------------------ calendar months


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [
        (date(2026, 9, 15), 6, date(2027, 3, 15)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2028, 2, 29), 48, date(2032, 2, 29)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 12, 1), 0, date(2026, 12, 1)),
        (date(2026, 11, 30), 1, date(2026, 12, 30)),
        (date(2026, 1, 31), 11, date(2026, 12, 31)),
    ],
)
def test_months_end_on_the_corresponding_day_or_the_last_of_the_month(day: date, months: int, found: date) -> None:
    """Art. 2963 c.c."""
    assert add_months(day, months) == found


@given(DAYS, st.integers(0, 60))
def test_so_many_months_later_is_the_month_so_many_months_on(day: date, months: int) -> None:
    """Art. 2963 c.c."""
    found = add_months(day, months)
    assert (found.year - day.year) * 12 + found.month - day.month == months
    assert found.day == min(day.day, monthrange(found.year, found.month)[1])


# -------------------------------------------------------------------------------------------------------------- the end


def test_a_period_that_does_not_extend_ends_on_a_sunday() -> None:
    """C3.19, S070 with proroga_festivo=false."""
    assert period_end(AS_WRITTEN, date(2026, 8, 31), CAGLIARI) == date(2027, 2, 28)


def test_a_last_day_on_a_saturday_does_not_move() -> None:
    """DOMAIN 6: Sundays and national holidays only."""
    assert period_end(ONE_YEAR, date(2026, 5, 29), CAGLIARI) == date(2027, 5, 29)


def test_a_last_day_on_the_patron_saint_does_not_move() -> None:
    """DOMAIN 6, art. 1187 c.c.: 30 October 2026, San Saturnino, is a Friday."""
    assert period_end(SIX_MONTHS, date(2026, 4, 30), CAGLIARI) == date(2026, 10, 30)


def test_a_day_that_only_a_decree_or_the_contract_keeps_does_not_move_it() -> None:
    """Art. 1187 c.c.: 29 June 2026 is a holiday in Rome alone; 28 April an additional day of the contract."""
    assert period_end(SIX_MONTHS, date(2025, 12, 29), calendar_of("Roma")) == date(2026, 6, 29)
    sardinian = Calendar({date(2026, 4, 28): "Sa die de sa Sardigna"}, {date(2026, 4, 28): "additional"})
    assert period_end(SIX_MONTHS, date(2025, 10, 28), sardinian) == date(2026, 4, 28)


def test_a_saint_on_a_national_holiday_moves_it() -> None:
    """San Marco in Venice is the day of the Liberation: 25 April 2028, a Tuesday."""
    assert period_end(SIX_MONTHS, date(2027, 10, 25), calendar_of("Venezia")) == date(2028, 4, 26)


def test_san_francesco_moves_it_from_2026_on() -> None:
    """DOMAIN 7: 4 October 2024 is a Friday, 4 October 2027 a Monday."""
    assert period_end(SIX_MONTHS, date(2024, 4, 4), CAGLIARI) == date(2024, 10, 4)
    assert period_end(SIX_MONTHS, date(2027, 4, 4), CAGLIARI) == date(2027, 10, 5)


def test_a_calendar_without_rules_has_national_holidays_only() -> None:
    assert is_day_of_rest(nationals(), date(2027, 1, 1))
    assert not is_day_of_rest(nationals(), date(2026, 10, 30))


def test_two_days_of_rest_in_a_row_move_it_twice() -> None:
    """S070 and the last row of the oracle: Sunday 31 December 2028, then New Year's Day."""
    assert period_end(ONE_YEAR, date(2027, 12, 31), CAGLIARI) == date(2029, 1, 2)


@given(DAYS, st.integers(1, 24))
def test_an_extended_end_is_the_first_day_from_the_corresponding_one_on_that_is_no_day_of_rest(
    act_on: date, months: int
) -> None:
    """Art. 1187 c.c., read independently: no Sunday, no day of the national list."""
    period = Period(Of.ON_SITE, "B", ActKind.FINAL_ACCEPTANCE, months, extends=True, clause="C3.19")
    corresponding, holidays = add_months(act_on, months), nationals().names
    candidates = (corresponding + timedelta(days=n) for n in range(10))
    assert period_end(period, act_on, CAGLIARI) == next(
        day for day in candidates if day.isoweekday() != 7 and day not in holidays
    )


# ------------------------------------------------------------------------------------------------------ the explanation


def test_the_steps_of_a_period_go_from_the_act_to_the_last_day() -> None:
    """C3.19, S070."""
    steps = period_steps(SIX_MONTHS, date(2026, 8, 31), CAGLIARI)
    assert [(step.day, step.kind) for step in steps] == [
        (date(2026, 8, 31), Kind.FIRST_DAY),
        (date(2027, 2, 28), Kind.LAST_OF_MONTH),
        (date(2027, 2, 28), Kind.MOVED),
        (date(2027, 3, 1), Kind.DUE),
    ]


def test_a_period_is_explained_in_italian() -> None:
    """Issue 3, point 6; S070."""
    assert explained_period(period_steps(SIX_MONTHS, date(2026, 8, 31), CAGLIARI)) == (
        "lunedì 31 agosto 2026: giorno dell’atto, non contato",
        (
            "domenica 28 febbraio 2027: ultimo giorno del mese, che non ha un giorno 31, essendo domenica, la scadenza"
            " passa al giorno dopo"
        ),
        "lunedì 1 marzo 2027: ultimo giorno",
    )


def test_a_period_is_explained_in_english_with_each_holiday_it_moved_over() -> None:
    """Issue 3, point 6."""
    assert explained_period(period_steps(ONE_YEAR, date(2027, 12, 31), CAGLIARI), "en") == (
        "Friday 31 December 2027: day of the act, not counted",
        "Sunday 31 December 2028: corresponding day, being a Sunday, the end moves to the next day",
        "Monday 1 January 2029: public holiday (Capodanno), the end moves to the next day",
        "Tuesday 2 January 2029: last day",
    )


def test_an_end_that_does_not_move_is_explained_in_two_lines() -> None:
    assert explained_period(period_steps(SIX_MONTHS, date(2026, 9, 15), CAGLIARI)) == (
        "martedì 15 settembre 2026: giorno dell’atto, non contato",
        "lunedì 15 marzo 2027: giorno corrispondente, ultimo giorno",
    )
