"""`centralino drill`: everybody of the chain is paged over every medium, and the result can be looked at (P8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from gateway import accepting, drills
from gateway.domain.hours import ROME
from gateway.domain.ticket import Mark
from tests.commands.conftest import Desk

C2 = ("--contract", "c02-comune")
MEDIA = ("sms", "voice", "mail")


def begun(desk: Desk) -> tuple[int, list[dict[str, Any]]]:
    answer = desk.done("drill", *C2, "--json")
    return answer.json["ticket"], answer.json["results"]


def test_a_drill_is_begun_and_nobody_has_confirmed_yet(desk: Desk) -> None:
    number, results = begun(desk)
    people = {row["person"] for row in results}
    assert len(people) == 3
    assert "dario" in people
    assert {(row["person"], row["by"]) for row in results} == {(person, by) for person in people for by in MEDIA}
    assert {row["confirmed_at"] for row in results} == {None}
    ticket = desk.show(number)
    assert set(ticket["marks"]) >= {"synthetic", "drill"}
    assert {dispatch["state"] for dispatch in ticket["dispatches"]} == {"due"}


def test_the_results_are_shown_as_they_stand(desk: Desk) -> None:
    number, _ = begun(desk)
    at = datetime.now(UTC)
    with desk.store() as store:
        (page, *_) = store.read(lambda reading: sorted(reading.pages(ticket=number), key=lambda page: page.id))
        store.write(lambda tx: accepting._confirm(tx, page, tx.ticket(number), at, "sms"))  # type: ignore[arg-type]  # noqa: SLF001 - as a reply does, without a gateway
    found = desk.done("drill", "--results", number, "--json").json["results"]
    confirmed = [row for row in found if row["confirmed_at"]]
    assert [(row["person"], row["by"]) for row in confirmed] == [(page.person, "sms")]
    told = desk.done("drill", "--results", number).text
    assert told.startswith(f"drill {number}\n")
    assert told.count(page.person) == 3


def test_a_drill_is_begun_by_somebody_and_for_one_contract(desk: Desk) -> None:
    assert desk.run("drill").code == 2
    assert desk.run("drill", *C2, "--results", 1).code == 2
    assert desk.run("drill", *C2, who=None).code == 2


def test_a_contract_without_duty_is_refused_with_those_that_have_one(desk: Desk) -> None:
    for contract in ("c03-sardegnait", "nowhere"):
        answer = desk.run("drill", "--contract", contract)
        assert answer.code == 1
        assert "c02-comune" in answer.err


def test_a_ticket_that_is_no_drill_has_no_results(desk: Desk) -> None:
    number = desk.open()
    answer = desk.run("drill", "--results", number)
    assert answer.code == 1
    assert "is no drill" in answer.err


def pages_in_report(desk: Desk) -> int:
    month = datetime.now(ROME).strftime("%Y-%m")
    report = desk.done("oncall", "report", *C2, "--month", month, "--format", "json").json
    return sum(person["pages"] for person in report["people"])


def test_what_was_only_tried_out_is_no_work_on_call(desk: Desk) -> None:
    """The duty report counts neither a drill nor a probe; it counts what was real."""
    drill, _ = begun(desk)
    assert pages_in_report(desk) == 0
    real = desk.open("Fermo")
    with desk.store() as store:
        (page, *_) = store.read(lambda reading: reading.pages(ticket=drill))
        again = replace(page, id=0, ticket=real, code="123456", opened_at=datetime.now(UTC))
        store.write(lambda tx: tx.add_page(again))
    assert pages_in_report(desk) == 1
    with desk.store() as store:
        store.write(lambda tx: tx.change_ticket(real, marks=(Mark.SYNTHETIC,)))
    assert pages_in_report(desk) == 0


def test_a_drill_that_nobody_confirmed_is_written_down_as_such(desk: Desk) -> None:
    """C2.8: the result is in the register."""
    number, results = begun(desk)
    with desk.store() as store:
        timer = store.read(lambda reading: reading.timer(drills.DRILL, number))
        entries = store.read(lambda reading: reading.entries("system"))
    assert timer is not None
    assert timer.due_at - datetime.now(UTC) <= drills.ANSWERED_WITHIN
    (entry,) = [each for each in entries if each.type == "drill_begun"]
    assert (entry.by, entry.data["ticket"], len(results)) == ("elena", str(number), 9)
