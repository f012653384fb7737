"""Hours that are only of some phases (A3.2), and the holidays on which a client has decided (X18, C2.6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from config.load import calendars, warnings_of
from gateway.domain.contract import Contract
from gateway.domain.hours import ROME, ClosedBecause, next_opening, opening
from gateway.domain.phases import with_acceptance
from tests.config.variant import Variant

ACCEPTED_ON = date(2026, 9, 15)
FRIDAY = 'times = ["09:00-13:30"]\nphases = ["A", "B"]'
SECOND = """
[[hours.band]]
days = ["fri"]
times = ["09:00-12:00", "14:00-16:00"]
phases = ["B"]
"""


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    return Variant.copied_to(tmp_path)


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def is_open(contract: Contract, text: str) -> bool:
    return opening(contract, rome(text)).is_open


@pytest.mark.parametrize("accepted", [False, True])
def test_the_shipped_bands_are_the_same_after_the_acceptance(variant: Variant, *, accepted: bool) -> None:
    """A3.2."""
    contract = variant.contract("c03")
    if accepted:
        contract = with_acceptance(contract, ACCEPTED_ON)
    assert [is_open(contract, f"2026-09-18 {hour}") for hour in ("08:59", "09:00", "13:29", "13:30")] == [
        False,
        True,
        True,
        False,
    ]
    assert is_open(contract, "2026-09-17 15:00")


@pytest.fixture
def differing(variant: Variant) -> Contract:
    """c03 with other hours on Friday after the acceptance."""
    variant.change("c03", FRIDAY, 'times = ["09:00-13:30"]\nphases = ["A"]')
    variant.change("c03", "[holidays] # A3.1", f"{SECOND}\n[holidays] # A3.1")
    return variant.contract("c03")


def test_other_hours_begin_with_the_phase_that_they_are_of(differing: Contract) -> None:
    """A3.2, A3.7: phase B starts the day after the acceptance."""
    assert is_open(differing, "2026-09-18 13:00")
    assert not is_open(differing, "2026-09-18 15:00")
    accepted = with_acceptance(differing, ACCEPTED_ON)
    assert is_open(accepted, "2026-09-11 13:00")
    assert not is_open(accepted, "2026-09-18 13:00")
    assert is_open(accepted, "2026-09-18 15:00")
    assert opening(accepted, rome("2026-09-18 13:00")).reason is ClosedBecause.BREAK
    assert next_opening(accepted, rome("2026-09-18 13:00")) == rome("2026-09-18 14:00")


def test_on_the_day_of_the_acceptance_the_hours_are_still_those_of_phase_a(differing: Contract) -> None:
    """A3.7: the acceptance is on a Friday, 18 September 2026."""
    accepted = with_acceptance(differing, date(2026, 9, 18))
    assert is_open(accepted, "2026-09-18 13:00")
    assert is_open(accepted, "2026-09-25 15:00")


def test_before_the_first_phase_the_hours_are_its_own(differing: Contract) -> None:
    """C3.1: no act is recorded yet."""
    assert is_open(replace(differing, acts=()), "2026-09-18 13:00")


def test_a_phase_without_a_band_has_no_hours(variant: Variant) -> None:
    for band in ('"15:00-18:00"]\n', '"09:00-13:30"]\n'):
        variant.change("c03", f'{band}phases = ["A", "B"]', f'{band}phases = ["A"]')
    accepted = with_acceptance(variant.contract("c03"), ACCEPTED_ON)
    assert next_opening(accepted, rome("2026-09-16 00:00")) is None


def test_the_holidays_are_the_same_in_every_phase(differing: Contract) -> None:
    accepted = with_acceptance(differing, ACCEPTED_ON)
    assert accepted.holidays() == differing.holidays()
    assert opening(accepted, rome("2026-10-30 10:00")).holiday == "San Saturnino"


# ---------------------------------------------------------------------------------------------------- decided holidays

LAW = "Festa nazionale di San Francesco d'Assisi, patrono d'Italia"


def decided(variant: Variant, name: str, *, closed: str) -> Contract:
    text = f'[[holidays.decided]]\nname = "{name}"\nclosed = {closed}\n\n[channels]'
    return variant.change("c02", "[channels]", text).contract("c02")


def test_a_client_may_decide_that_the_desk_is_staffed_on_a_holiday(variant: Variant) -> None:
    """C2.6, X18: 4 October 2027 is a Monday; for the end of a period it stays a holiday (art. 1187 c.c.)."""
    contract = decided(variant, LAW, closed="false")
    assert is_open(contract, "2027-10-04 10:00")
    assert not is_open(contract, "2026-12-08 10:00")
    assert contract.national.holiday_on(date(2027, 10, 4)) == LAW


def test_what_the_client_has_decided_is_no_warning_any_more(variant: Variant, monkeypatch: pytest.MonkeyPatch) -> None:
    """X18: "holidays nobody decided"."""
    monkeypatch.setattr(calendars, "KNOWN", calendars.KNOWN - {LAW})
    today = date(2027, 1, 2)
    before = {each.contract for each in warnings_of(variant.site(), today)}
    assert "c02-comune" in before
    contract = decided(variant, LAW, closed="true")
    assert not is_open(contract, "2027-10-04 10:00")
    assert {each.contract for each in warnings_of(variant.site(), today)} == before - {"c02-comune"}
