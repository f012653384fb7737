from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.domain.contract import Contract
from gateway.domain.phases import opened_on, phase_on, with_acceptance
from gateway.domain.provisions import Act, ActKind, Elsewhere, Entitlement, Phase, Unknown
from tests.domain.shipped import contract

DAY = timedelta(days=1)
START, ACCEPTANCE = date(2026, 5, 4), date(2026, 9, 15)
EVERYBODY = Entitlement((), Unknown.SERVED, Elsewhere.RESPONSIBLE, 1, "C3.2")
A = Phase("A", "fino al collaudo", ActKind.START_OF_WORKS, opens_next_day=False, entitlement=EVERYBODY, clause="C3.1")
B = Phase("B", "dopo il collaudo", ActKind.FINAL_ACCEPTANCE, opens_next_day=True, entitlement=EVERYBODY, clause="C3.12")
STARTED = Act(ActKind.START_OF_WORKS, START, "verbale di consegna")


def works(*acts: Act) -> Contract:
    return replace(contract("c03"), phases=(A, B), acts=acts)


def accepted_on(day: date) -> Act:
    return Act(ActKind.FINAL_ACCEPTANCE, day, "verbale di collaudo")


def test_without_a_recorded_acceptance_phase_a_goes_on_whatever_was_planned() -> None:
    """C3.1, S037."""
    begun = works(STARTED)
    assert phase_on(begun, date(2026, 9, 15)) is A
    assert phase_on(begun, date(2030, 12, 31)) is A
    assert opened_on(begun, B) is None


def test_the_day_of_the_acceptance_belongs_to_phase_a() -> None:
    """A3.7, S061, S068."""
    done = works(STARTED, accepted_on(ACCEPTANCE))
    assert [phase_on(done, day) for day in (ACCEPTANCE, ACCEPTANCE + DAY)] == [A, B]
    assert opened_on(done, B) == ACCEPTANCE + DAY


def test_phase_a_begins_on_the_day_of_its_act() -> None:
    """C3.1."""
    begun = works(STARTED)
    assert [phase_on(begun, day) for day in (START - DAY, START)] == [None, A]


@pytest.mark.parametrize(
    ("accepted", "first"),
    [
        (date(2026, 12, 31), date(2027, 1, 1)),
        (date(2028, 2, 28), date(2028, 2, 29)),
        (date(2028, 2, 29), date(2028, 3, 1)),
        (date(2026, 10, 24), date(2026, 10, 25)),
    ],
)
def test_the_next_phase_opens_on_the_next_day_of_the_calendar(accepted: date, first: date) -> None:
    """A3.7: the end of a year, a leap day, the day on which the clocks change."""
    done = works(STARTED, accepted_on(accepted))
    assert opened_on(done, B) == first
    assert [phase_on(done, day) for day in (accepted, first)] == [A, B]


def test_a_phase_that_opens_with_its_act_has_that_day() -> None:
    """A3.7 is a switch."""
    at_once = replace(B, opens_next_day=False)
    done = replace(works(STARTED, accepted_on(ACCEPTANCE)), phases=(A, at_once))
    assert phase_on(done, ACCEPTANCE) is at_once


def test_a_supposed_acceptance_stands_in_for_the_recorded_one() -> None:
    """DESIGN, simulate --acceptance."""
    recorded = works(STARTED, accepted_on(ACCEPTANCE))
    supposed = with_acceptance(recorded, date(2026, 3, 31))
    act = supposed.act(ActKind.FINAL_ACCEPTANCE)
    assert act is not None
    assert act.on == date(2026, 3, 31)
    assert [each.kind for each in supposed.acts] == [ActKind.START_OF_WORKS, ActKind.FINAL_ACCEPTANCE]
    assert recorded.act(ActKind.FINAL_ACCEPTANCE) == accepted_on(ACCEPTANCE)


def test_a_contract_without_phases_is_in_none() -> None:
    plain = replace(contract("c02"), phases=())
    assert phase_on(with_acceptance(plain, START), ACCEPTANCE) is None
