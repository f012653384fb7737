"""`centralino ticket classify`: what was taken for a complaint stays one unless a named role says otherwise (C8.3)."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Desk

C08, OPERATOR, RESPONSIBLE = "c08-rti", "elena", "dario"
WHY = "chiede solo un chiarimento sulla fattura"


@pytest.fixture
def complained(desk: Desk) -> Desk:
    """A desk with one complaint under C8, as its classification."""
    desk.open("Reclamo: servizio mai attivato", contract=C08)
    desk.done("ticket", "classify", 1, "--type", "complaint")
    return desk


def test_an_ordinary_operator_cannot_say_that_a_complaint_is_none(complained: Desk) -> None:
    """S112: refused with the clause and the role."""
    refused = complained.run("ticket", "classify", 1, "--type", "report", "--reason", WHY, who=OPERATOR)
    assert refused.code == 1
    assert "only the role 'responsabile del servizio' may say that it is none (clause C8.3)" in refused.err
    assert complained.show(1)["type"] == "complaint"


def test_the_named_role_gives_the_reason_and_both_are_on_record(complained: Desk) -> None:
    """C8.3: "only a named role may downgrade, with reason"."""
    refused = complained.run("ticket", "classify", 1, "--type", "report", who=RESPONSIBLE)
    assert (refused.code, "--reason" in refused.err) == (1, True)
    answer = complained.run("ticket", "classify", 1, "--type", "report", "--reason", WHY, who=RESPONSIBLE)
    assert answer.code == 0, answer.err
    shown = complained.show(1)
    (event,) = [event for event in shown["events"] if event["type"] == "downgraded"]
    assert (shown["type"], event["by"], event["clause"]) == ("report", RESPONSIBLE, "C8.3")
    assert (event["data"]["before"], event["data"]["reason"]) == ("complaint", WHY)


def test_the_term_of_a_complaint_goes_with_it(complained: Desk) -> None:
    """A8.1: thirty days are owed to a complaint and to nothing else."""
    assert complained.show(1)["due"].get("complaint")
    complained.run("ticket", "classify", 1, "--type", "report", "--reason", WHY, who=RESPONSIBLE)
    assert "complaint" not in complained.show(1)["due"]


def test_an_operator_may_set_everything_else_of_a_complaint(complained: Desk) -> None:
    complained.done("ticket", "classify", 1, "--priority", "urgent")
    complained.done("ticket", "classify", 1, "--type", "complaint")
    assert complained.show(1)["priority"] == "urgent"


def test_where_the_contract_names_no_role_an_operator_decides(desk: Desk) -> None:
    """C2 says nothing of complaints."""
    desk.open("Reclamo")
    desk.done("ticket", "classify", 1, "--type", "complaint")
    desk.done("ticket", "classify", 1, "--type", "report")
    assert desk.show(1)["type"] == "report"
