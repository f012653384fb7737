"""Which visits take of a quota is a rule of the contract: the cancelled and the failed one (A3.8)."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Desk

C03 = "c03-sardegnait"
CANCELLED, FAILED = "cancelled_visit_takes_quota", "failed_visit_takes_quota"


@pytest.fixture
def comunas(desk: Desk) -> Desk:
    """A desk with one ticket of a technician under C3."""
    said = ("--subject", "Stampante ferma", "--text", "Non stampa", "--from", "tecnico@sardegnait.example")
    desk.done("ticket", "open", "--contract", C03, *said)
    return desk


def says(desk: Desk, key: str, old: str, new: str) -> None:
    desk.change(f"contracts/{C03}.toml", f"{key} = {old}", f"{key} = {new}")


def used(desk: Desk) -> tuple[int, int]:
    quota = desk.done("contract", "show", C03, "--json").json["quotas"][0]
    return quota["used"], quota["reserved"]


def visit(desk: Desk, *words: object) -> str:
    number = desk.done("visit", "request", 1, "--site", "cagliari", "--json").json["id"]
    verb, *options = words
    state: str = desk.done("visit", verb, number, *options, "--json").json["state"]
    return state


@pytest.mark.parametrize(("counts", "expected"), [("false", (0, 0)), ("true", (1, 0))])
def test_a_visit_cancelled_before_departure(comunas: Desk, counts: str, expected: tuple[int, int]) -> None:
    """A3.8: by default it gives its place back."""
    says(comunas, CANCELLED, "false", counts)
    assert visit(comunas, "cancel", "--reason", "non serve più") == "cancelled"
    assert used(comunas) == expected


@pytest.mark.parametrize(("counts", "expected"), [("true", (1, 0)), ("false", (0, 0))])
def test_a_visit_that_was_made_and_came_to_nothing(comunas: Desk, counts: str, expected: tuple[int, int]) -> None:
    """A3.8: by default it counts."""
    says(comunas, FAILED, "true", counts)
    assert visit(comunas, "done", "--failed", "--report", "nessuno ha aperto") == "failed"
    assert used(comunas) == expected
    assert comunas.show(1)["actions"][0]["outcome"] == "nessuno ha aperto"


def test_a_visit_that_was_never_reserved_takes_nothing_whatever_the_contract_says(comunas: Desk) -> None:
    """C3.9: at a place that is not admitted it only waited for the client."""
    says(comunas, CANCELLED, "false", "true")
    number = comunas.done("visit", "request", 1, "--site", "Alghero", "--json").json["id"]
    assert comunas.done("visit", "cancel", number, "--json").json["state"] == "withdrawn"
    assert used(comunas) == (0, 0)


def test_what_the_contract_gives_back_can_be_reserved_again(comunas: Desk) -> None:
    """C3.10, A3.8: the thirtieth place, taken by a visit that failed."""
    says(comunas, FAILED, "true", "false")
    comunas.change(f"contracts/{C03}.toml", "count = 30\nwarn_at = 24", "count = 1\nwarn_at = 1")
    visit(comunas, "done", "--failed", "--report", "nessuno ha aperto")
    assert visit(comunas, "done", "--report", "riparato") == "done"
    assert comunas.done("visit", "request", 1, "--json").json["became"] == "quota_exhausted"


def test_a_failed_visit_is_concluded(comunas: Desk) -> None:
    visit(comunas, "done", "--failed", "--report", "nessuno ha aperto")
    assert comunas.run("visit", "cancel", 1).code == 1
    assert comunas.show(1)["due"]["on_site"] is None
