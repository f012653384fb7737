"""The end of a period or term moves over the holidays of the law, whatever hours the desk keeps (arts. 1187, 2963)."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import pytest

from config.load.tables.kinds import longest_years
from gateway.domain.contract import Contract
from gateway.domain.hours import ROME, opening
from gateway.domain.periods import Kind, last_day_of
from gateway.domain.phases import with_acceptance
from gateway.domain.terms import due
from tests.config.variant import Variant

STAFFED_ON_HOLIDAYS = "national = false"


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    return Variant.copied_to(tmp_path)


def literal(variant: Variant) -> Contract:
    """c03 as its clause says it: holidays are not mentioned, so the desk is staffed on them (A3.1)."""
    holidays = "[holidays] # A3.1: the clause does not mention holidays; national = false is the literal reading\n"
    return variant.change("c03", f"{holidays}national = true\n", f"{holidays}{STAFFED_ON_HOLIDAYS}\n").contract("c03")


def accepted(contract: Contract, day: str) -> list[date | None]:
    with_act = with_acceptance(contract, date.fromisoformat(day))
    return [last_day_of(period, with_act) for period in contract.periods]


def test_a_desk_that_is_staffed_on_holidays_has_periods_that_move_over_them_all_the_same(variant: Variant) -> None:
    """A3.1, C3.19, C3.23: 4 October 2027 is a Monday and San Francesco; 4 April 2028 is a Tuesday."""
    contract = literal(variant)
    assert opening(contract, datetime(2027, 10, 4, 10, tzinfo=ROME)).is_open
    assert accepted(contract, "2027-04-04") == [date(2027, 10, 5), date(2028, 4, 4)]


@pytest.mark.parametrize(
    ("acceptance", "visits", "second_level"),
    [
        ("2026-03-31", "2026-09-30", "2027-03-31"),
        ("2026-05-29", "2026-11-30", "2027-05-29"),
        ("2026-08-31", "2027-03-01", "2027-08-31"),
        ("2026-09-15", "2027-03-15", "2027-09-15"),
        ("2026-10-04", "2027-04-05", "2027-10-05"),
        ("2026-11-30", "2027-05-31", "2027-11-30"),
        ("2027-12-31", "2028-06-30", "2029-01-02"),
        ("2028-02-29", "2028-08-29", "2029-02-28"),
    ],
)
def test_the_table_of_periods_is_the_same_in_the_literal_reading(
    variant: Variant, acceptance: str, visits: str, second_level: str
) -> None:
    """DOMAIN 6, periods: national holidays and Sundays only."""
    expected = [date.fromisoformat(visits), date.fromisoformat(second_level)]
    assert accepted(literal(variant), acceptance) == expected


def test_a_contract_that_says_so_has_periods_that_end_on_a_holiday(variant: Variant) -> None:
    """C3.19: the extension is a switch of the contract."""
    literal(variant)
    variant.change("c03", "extend_to_next_day = true # C3.19", "extend_to_next_day = false # C3.19")
    assert accepted(variant.contract("c03"), "2027-04-04")[0] == date(2027, 10, 4)


def test_a_term_in_days_moves_over_the_holidays_of_the_law_as_well(variant: Variant) -> None:
    """A8.1, art. 1187 c.c.: thirty days from 25 November end on Christmas; 26 is Santo Stefano, 27 a Sunday."""
    variant.change("c08", "national = true\npatron = false", "national = false\npatron = false")
    contract = variant.contract("c08")
    (term,) = contract.terms
    found = due(term, contract, datetime(2026, 11, 25, 10, tzinfo=ROME))
    assert found.on == date(2026, 12, 28)
    moved = [(step.day.day, step.holiday) for step in found.steps if step.kind is Kind.MOVED]
    assert moved == [(25, "Natale"), (26, "Santo Stefano"), (27, None)]


def test_the_holidays_of_the_law_reach_as_far_as_the_longest_period(variant: Variant) -> None:
    """A period that begins on the last day of the contract ends by the calendar of its own year."""
    variant.change("c03", 'lasts = "1 year"', 'lasts = "9 years"')
    contract = variant.contract("c03")
    assert accepted(contract, "2030-12-25")[1] == date(2039, 12, 27)  # a Sunday, and Santo Stefano the day after


@pytest.mark.parametrize(
    ("text", "years"),
    [("6 months", 1), ("12 months", 1), ("13 months", 2), ("2 years", 2), ("30 days", 1), ("4 service hours", 0)],
)
def test_how_many_years_a_period_or_term_can_take(text: str, years: int) -> None:
    assert longest_years(text) == years


def test_the_holidays_of_one_country_do_not_load_all_others_and_leave_the_library_whole() -> None:
    """It would cost 8 MB of the daemon, and 60 ms of every command."""
    tried = """
import sys
from config.load.calendars import national
assert national(2026)
assert [name for name in sys.modules if name.startswith("holidays.countries")] == ["holidays.countries.italy"]
import holidays.countries
assert holidays.countries.France is not None and holidays.country_holidays("IT", years=2026)
"""
    subprocess.run((sys.executable, "-c", tried), check=True, cwd=Path(__file__).parents[2])
