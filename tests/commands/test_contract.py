"""`centralino contract …`: where a contract stands, the letter of C3.8, the closing that C2.7 refuses."""

from __future__ import annotations

import tomllib

import pytest

from config.load import load
from gateway.domain.register import SYSTEM
from tests.commands.conftest import Desk

C03 = "c03-sardegnait"
ACCEPTANCE = """
[[act]]
kind = "final_acceptance"
on = 2026-09-15
reference = "verbale di collaudo finale n. 7"
"""


def happened(desk: Desk) -> list[tuple[str, str | None, dict[str, str]]]:
    with desk.store() as store:
        return [(e.type, e.clause, dict(e.data)) for e in store.read(lambda reading: reading.entries(SYSTEM))]


def test_a_closing_day_is_refused_with_clause_and_remedy_and_the_refusal_is_on_record(desk: Desk) -> None:
    """S025, C2.7: an operator command that closes the desk is refused."""
    refused = desk.run("contract", "close", "c02-comune", "--on", "2026-12-11", "--reason", "ponte")
    assert refused.code == 1
    assert "C2.7" in refused.err
    assert "outage" in refused.err
    ((event, clause, data),) = happened(desk)
    assert (event, clause, data["on"]) == ("closing_refused", "C2.7", "2026-12-11")


def test_a_shortened_day_is_a_closing_too(desk: Desk) -> None:
    """S025: half-days on the eve of holidays."""
    words = ("contract", "close", "c02-comune", "--on", "2026-12-24", "--at", "13:00", "--reason", "vigilia")
    assert desk.run(*words).code == 1


def test_where_closing_days_are_allowed_the_printed_lines_load(desk: Desk) -> None:
    told = desk.done(
        "contract", "close", "c01-fornitore", "--on", "2027-08-16", "--at", "13:00", "--reason", 'ferie "lunghe"'
    )
    assert "reload" in told.text
    path = desk.folder / "contracts" / "c01-fornitore.toml"
    (closure,) = tomllib.loads(told.text)["hours"]["closure"]
    assert closure["name"] == 'ferie "lunghe"'
    text = path.read_text()
    head, mark, rest = text.partition("[holidays]")
    path.write_text(f"{head}{told.text}\n{mark}{rest}")
    schedule = load(desk.config).contracts["c01-fornitore"].schedules[0]
    assert [(c.on.isoformat(), c.name) for c in schedule.closures] == [("2027-08-16", 'ferie "lunghe"')]


def test_a_day_outside_the_validity_cannot_be_closed(desk: Desk) -> None:
    refused = desk.run("contract", "close", "c01-fornitore", "--on", "2040-01-02", "--reason", "x")
    assert (refused.code, "not in force" in refused.err) == (1, True)


def test_the_letter_names_every_detail_and_the_lines_that_record_it(desk: Desk) -> None:
    """C3.8: telephone, e-mail, fax, hours, from when; a later change is a new letter."""
    told = desk.done("contract", "letter", C03).text
    for word in (
        "+390700000300",
        "comunas@sardegnait.example",
        "+390700000309",
        "C3.8",
        "dalle ore 15.00",
        "[[communication]]",
    ):
        assert word in told
    assert "fax-comunas@" not in told
    assert happened(desk) == []


def test_before_the_start_of_the_works_the_letter_says_so(desk: Desk) -> None:
    """C3.8: «prima dell’inizio dei lavori»."""
    desk.change(
        f"contracts/{C03}.toml", 'kind = "start_of_works"\non = 2025-05-05', 'kind = "start_of_works"\non = 2030-05-06'
    )
    desk.change(f"contracts/{C03}.toml", "from = 2025-05-05", "from = 2030-05-06")
    desk.change(f"contracts/{C03}.toml", "until = 2030-12-31", "until = 2032-12-31")
    told = desk.done("contract", "letter", C03).text
    assert "comunichiamo, prima dell’inizio dei lavori previsto per il 6 maggio 2030," in told
    assert "I recapiti valgono dal 6 maggio 2030" in told


def test_the_letter_is_sent_to_the_clients_responsible_and_that_is_on_record(desk: Desk) -> None:
    desk.done("contract", "letter", C03, "--send")
    (dispatch,) = desk.done("dispatch", "list", "--json").json
    assert (dispatch["to"], dispatch["kind"]) == ("responsabile-comunas@sardegnait.example", "notice")
    ((event, clause, data),) = happened(desk)
    assert (event, clause, data["fax"]) == ("contacts_communicated", "C3.8", "+390700000309")


def test_show_tells_phase_acts_periods_and_who_is_entitled(desk: Desk) -> None:
    """C3.1, C3.18, C3.19, C3.23: by the recorded acceptance, at any time."""
    path = desk.folder / "contracts" / f"{C03}.toml"
    path.write_text(path.read_text().replace("\n[[phase]]", f"{ACCEPTANCE}\n[[phase]]", 1))
    before = desk.done("contract", "show", C03, "--at", "2026-09-15T12:00", "--json").json
    after = desk.done("contract", "show", C03, "--at", "2026-09-16T12:00", "--json").json
    assert (before["phase"], after["phase"]) == ("A", "B")
    assert [group["id"] for group in after["entitlement"]["groups"]] == ["tecnici_sardegnait"]
    assert {p["of"]: p["last_day"] for p in after["periods"]} == {"on_site": "2027-03-15", "second_level": "2027-09-15"}
    assert after["periods"][0]["explained"]
    text = desk.done("contract", "show", C03, "--at", "2026-09-16T12:00").text
    for word in ("final_acceptance", "2027-03-15", "C3.18", "1 giorno lavorativo", "personale tecnico di SardegnaIT"):
        assert word in text


def test_every_contract_is_listed(desk: Desk) -> None:
    assert len(desk.done("contract", "list", "--json").json) == 10
    assert "c10-camera-commercio" in desk.done("contract", "list").text


@pytest.mark.parametrize(
    "words", [("show", "c11"), ("letter", "c11"), ("close", "c11", "--on", "2027-01-04", "--reason", "x")]
)
def test_a_contract_that_is_not_there_is_named_with_those_that_are(desk: Desk, words: tuple[str, ...]) -> None:
    refused = desk.run("contract", *words)
    assert (refused.code, "c02-comune" in refused.err) == (1, True)
