"""On-site visits in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.ticket import Standing
from gateway.domain.visits import TRANSITIONS, Visit, VisitAct, VisitError, VisitState, after
from gateway.ports import Store, Transaction
from tests.store.values import NOW, opened


def visit(ticket: int, **values: object) -> Visit:
    fields: dict[str, object] = {
        "contract": "c03-sardegnait",
        "phase": "A",
        "site": "cagliari",
        "state": VisitState.RESERVED,
        "became": "accepted",
        "requested_at": NOW,
        "due_at": NOW + timedelta(days=1),
    }
    return Visit(id=0, ticket=ticket, **(fields | values))  # type: ignore[arg-type]  # fields of Visit, by name


def keep(store: Store, one: Visit) -> Visit:
    return store.write(lambda unit: unit.add_visit(one))


def test_a_visit_comes_back_as_it_was_kept(store: Store) -> None:
    number = store.write(opened)
    kept = keep(store, visit(number))
    done = store.write(lambda unit: unit.change_visit(kept.id, state=VisitState.DONE, closed_at=NOW, report="fatto"))
    assert done == replace(kept, state=VisitState.DONE, closed_at=NOW, report="fatto")
    assert store.read(lambda reading: reading.visit(kept.id)) == done


def test_visits_are_counted_by_contract_phase_and_state(store: Store) -> None:
    """C3.10, C3.22: each phase has a counter of its own."""
    number = store.write(opened)
    for values in ({}, {"phase": "B"}, {"state": VisitState.CANCELLED}, {"contract": "c02-comune"}):
        keep(store, visit(number, **values))
    contract, reserved = "c03-sardegnait", (VisitState.RESERVED,)
    assert len(store.read(lambda reading: reading.visits(contract=contract, phase="A"))) == 2
    assert len(store.read(lambda reading: reading.visits(contract=contract, phase="A", states=reserved))) == 1
    assert len(store.read(lambda reading: reading.visits(ticket=number))) == 4


def test_a_unit_sees_the_visit_it_reserved(store: Store) -> None:
    """S053: two requests in one batch do not both take the last place."""
    number = store.write(opened)

    def both(unit: Transaction) -> int:
        unit.add_visit(visit(number))
        return len(unit.visits(contract="c03-sardegnait", phase="A"))

    assert store.write(both) == 1


def test_a_ticket_keeps_what_the_contract_said_of_it(store: Store) -> None:
    due = {"on_site": NOW + timedelta(days=1)}
    suspensions = (Standing("waiting_requester", NOW, NOW + timedelta(hours=1), 7), Standing("waiting_client", NOW))
    number = store.write(lambda unit: opened(unit, version=2, became="not_entitled", due=due, suspensions=suspensions))
    found = store.read(lambda reading: reading.ticket(number))
    assert found is not None
    assert (found.version, found.became, found.due, found.suspensions) == (2, "not_entitled", due, suspensions)


@pytest.mark.parametrize("state", VisitState)
@pytest.mark.parametrize("act", VisitAct)
def test_a_visit_moves_only_along_its_table(state: VisitState, act: VisitAct) -> None:
    """A3.8, C3.10."""
    if (state, act) in TRANSITIONS:
        assert after(state, act) is TRANSITIONS[state, act]
    else:
        with pytest.raises(VisitError, match=f"a visit that is {state} cannot {act}"):
            after(state, act)
