"""The calendar oracle for on-site visits and periods, complete (DOMAIN 6), and the scenarios of C3.11."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.domain.hours import local
from gateway.domain.periods import period_end
from gateway.domain.provisions import ActKind, Counting, Of, Period, Term
from gateway.domain.terms import due
from tests.domain.calendars import calendar_of, site_in
from tests.domain.shipped import contract, rome

C3 = contract("c03")
VISIT = Term(Of.ON_SITE, Counting.WORKING_DAYS, "C3.11", days=1, at_site=True)

VISITS = [
    ("Cagliari", "2026-04-02", "2026-04-03"),
    ("Cagliari", "2026-04-03", "2026-04-07"),
    ("Cagliari", "2026-04-24", "2026-04-27"),
    ("Cagliari", "2026-04-30", "2026-05-04"),
    ("Cagliari", "2026-06-01", "2026-06-03"),
    ("Cagliari", "2026-08-14", "2026-08-17"),
    ("Cagliari", "2026-10-29", "2026-11-02"),
    ("Cagliari", "2026-11-26", "2026-11-27"),
    ("Cagliari", "2026-11-27", "2026-11-30"),
    ("Cagliari", "2026-11-28", "2026-11-30"),
    ("Cagliari", "2026-12-07", "2026-12-09"),
    ("Cagliari", "2026-12-24", "2026-12-28"),
    ("Cagliari", "2026-12-31", "2027-01-04"),
    ("Cagliari", "2027-01-05", "2027-01-07"),
    ("Cagliari", "2027-03-26", "2027-03-30"),
    ("Cagliari", "2027-10-01", "2027-10-05"),
    ("Sassari", "2027-12-03", "2027-12-07"),
    ("Milano", "2026-12-04", "2026-12-09"),
    ("Roma", "2026-06-26", "2026-06-30"),
]
"""Site, day of the request, due day."""

PERIODS = [
    ("2026-03-31", "2026-09-30", "2027-03-31"),
    ("2026-05-29", "2026-11-30", "2027-05-29"),
    ("2026-08-31", "2027-03-01", "2027-08-31"),
    ("2026-09-15", "2027-03-15", "2027-09-15"),
    ("2026-10-04", "2027-04-05", "2027-10-05"),
    ("2026-11-30", "2027-05-31", "2027-11-30"),
    ("2027-12-31", "2028-06-30", "2029-01-02"),
    ("2028-02-29", "2028-08-29", "2029-02-28"),
]
"""Acceptance, last day of on-site visits (six months), last day of the second level (one year)."""

SCENARIOS = [
    ("S054", "Cagliari", "2026-04-02 16:00", "2026-04-03 13:30"),
    ("S055", "Cagliari", "2026-04-03 10:00", "2026-04-07 18:00"),
    ("S056", "Cagliari", "2026-10-29 11:00", "2026-11-02 18:00"),
    ("S057", "Sassari", "2027-12-03 12:00", "2027-12-07 18:00"),
    ("S058", "Cagliari", "2026-12-31 17:59", "2027-01-04 18:00"),
    ("S059", "Cagliari", "2026-11-27 23:30", "2026-11-30 18:00"),
    ("S059", "Cagliari", "2026-11-28 09:00", "2026-11-30 18:00"),
    ("S060", "Cagliari", "2027-01-05 17:00", "2027-01-07 18:00"),
    ("S071", "Cagliari", "2026-11-23 17:55", "2026-11-24 18:00"),
]
"""Scenario, site, request and due instant in Rome."""


@pytest.mark.parametrize("hour", ["00:00", "10:00", "17:59", "23:59"])
@pytest.mark.parametrize(("municipality", "requested_on", "due_on"), VISITS)
def test_a_visit_is_due_on_the_next_working_day_of_its_place_whatever_the_hour_of_the_request(
    municipality: str, requested_on: str, due_on: str, hour: str
) -> None:
    """C3.11, A3.4."""
    found = due(VISIT, C3, rome(f"{requested_on} {hour}"), place=site_in(municipality))
    assert found.on == date.fromisoformat(due_on)


@pytest.mark.parametrize(("municipality", "requested_on", "due_on"), VISITS)
def test_a_visit_is_due_at_the_end_of_the_coverage_of_that_day(
    municipality: str, requested_on: str, due_on: str
) -> None:
    """C3.11, A3.6: 18.00, on a Friday 13.30."""
    found = due(VISIT, C3, rome(f"{requested_on} 10:00"), place=site_in(municipality))
    closes = "13:30" if date.fromisoformat(due_on).isoweekday() == 5 else "18:00"
    assert found.at == rome(f"{due_on} {closes}")


@pytest.mark.parametrize(("scenario", "municipality", "requested", "expected"), SCENARIOS)
def test_the_scenarios_of_a_visit_within_one_working_day(
    scenario: str, municipality: str, requested: str, expected: str
) -> None:
    """C3.11, C3.20."""
    found = due(VISIT, C3, rome(requested), place=site_in(municipality))
    assert found.at is not None, scenario
    assert local(found.at).isoformat() == rome(expected).isoformat(), scenario


@pytest.mark.parametrize(("accepted_on", "on_site", "second_level"), PERIODS)
def test_the_oracle_of_periods_after_acceptance(accepted_on: str, on_site: str, second_level: str) -> None:
    """C3.19, C3.23."""
    for months, last_day in ((6, on_site), (12, second_level)):
        period = Period(Of.ON_SITE, "B", ActKind.FINAL_ACCEPTANCE, months, extends=True, clause="C3.19")
        found = period_end(period, date.fromisoformat(accepted_on), calendar_of("Cagliari"))
        assert found == date.fromisoformat(last_day)
