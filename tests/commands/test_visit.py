"""`centralino visit …`, and what `ticket show` and `ticket list` say of terms (C3.9–C3.11, A3.8)."""

from __future__ import annotations

import pytest

from tests.commands.conftest import Desk

C03 = "c03-sardegnait"


@pytest.fixture
def comunas(desk: Desk) -> Desk:
    """A desk with one ticket of a technician under C3."""
    said = ("--subject", "Stampante ferma", "--text", "Non stampa", "--from", "tecnico@sardegnait.example")
    desk.done("ticket", "open", "--contract", C03, *said)
    return desk


def test_a_visit_is_asked_for_made_and_counted(comunas: Desk) -> None:
    """S039, C3.10."""
    visit = comunas.done("visit", "request", 1, "--site", "Cagliari", "--json").json
    assert (visit["state"], visit["site"], visit["became"], visit["phase"]) == ("reserved", "cagliari", "accepted", "A")
    assert comunas.done("visit", "done", visit["id"], "--report", "Sostituito il rullo").text.startswith("visit 1 done")
    (listed,) = comunas.done("visit", "list", "--contract", C03, "--json").json
    assert (listed["report"], listed["by"]) == ("Sostituito il rullo", "elena")
    (quota, _) = comunas.done("contract", "show", C03, "--json").json["quotas"]
    assert (quota["used"], quota["reserved"], quota["left"]) == (1, 0, 29)


def test_a_site_that_is_not_admitted_waits_and_is_admitted_by_reference(comunas: Desk) -> None:
    """S052."""
    asked = comunas.done("visit", "request", 1, "--site", "Alghero", "--json").json
    assert (asked["state"], asked["became"], asked["due_at"]) == ("asked", "site_not_admitted", None)
    refused = comunas.run("visit", "admit", asked["id"], "--reference", " ")
    assert (refused.code, "--reference" in refused.err) == (1, True)
    assert "reserved" in comunas.done("visit", "admit", asked["id"], "--reference", "nota prot. 412").text


def test_a_visit_that_was_made_cannot_be_cancelled(comunas: Desk) -> None:
    """A3.8."""
    comunas.done("visit", "request", 1)
    comunas.done("visit", "done", 1, "--report", "fatto")
    refused = comunas.run("visit", "cancel", 1)
    assert (refused.code, "cannot cancel" in refused.err) == (1, True)


@pytest.mark.parametrize("words", [("visit", "done", 7, "--report", "x"), ("visit", "request", 99)])
def test_what_is_not_there_is_named(comunas: Desk, words: tuple[object, ...]) -> None:
    refused = comunas.run(*words)
    assert (refused.code, "there is no" in refused.err) == (1, True)


def test_a_ticket_shows_what_is_due_with_the_steps_and_what_the_contract_said(comunas: Desk) -> None:
    """Issue 3, point 6."""
    comunas.done("visit", "request", 1, "--site", "cagliari")
    shown = comunas.show(1)
    assert (shown["became"], shown["phase"], shown["party"], shown["version"]) == (
        "accepted",
        "A",
        "tecnici_sardegnait",
        1,
    )
    assert shown["due"]["on_site"] == shown["visits"][0]["due_at"]
    assert shown["due"]["taken_in_charge"] is None
    assert shown["explained"]["on_site"][0].endswith("giorno della richiesta, non contato")
    text = comunas.done("ticket", "show", 1).text
    assert "giorno della richiesta, non contato" in text
    (listed,) = comunas.done("ticket", "list", "--json").json
    assert listed["due"]["on_site"] == shown["due"]["on_site"]
    assert shown["due"]["on_site"] in comunas.done("ticket", "list").text


def test_a_ticket_waits_and_resumes_and_shows_both(comunas: Desk) -> None:
    """DOMAIN 2, "Suspension"."""
    comunas.done("visit", "request", 1)
    comunas.done("ticket", "take", 1)
    waiting = comunas.done("ticket", "wait", 1, "--for", "requester", "--text", "quale stampante", "--json").json
    assert (waiting["state"], waiting["due"]["on_site"]) == ("waiting_requester", None)
    (pause,) = waiting["suspensions"]
    assert pause["ends_at"] is None
    assert pause["message"] in [message["id"] for message in waiting["messages"]]
    assert "stands still" in comunas.done("ticket", "show", 1).text
    resumed = comunas.done("ticket", "resume", 1, "--json").json
    assert (resumed["state"], resumed["suspensions"][0]["ends_at"] is not None) == ("taken", True)
    assert {"suspended", "resumed"} <= {event["type"] for event in resumed["events"]}
    refused = comunas.run("ticket", "resume", 1)
    assert (refused.code, "does not wait" in refused.err) == (1, True)


def test_waiting_for_the_vendor_is_no_reason(comunas: Desk) -> None:
    assert comunas.run("ticket", "wait", 1, "--for", "vendor", "--text", "x").code == 2
