"""Why something was not sent, in the words of the people who read it: an Italian alarm has no English in it (P8)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sms import septets
from config.compose import shipped
from config.load.texts import load_texts
from gateway.domain import causes, delivery
from gateway.domain.texts import Catalogue
from gateway.settling import UNSENT

ROOT = Path(__file__).parents[2]
TOLD_BY_US = (
    delivery.REFUSED, delivery.TOO_MANY, delivery.FAULT, delivery.NO_ANSWER, delivery.UNAUTHORISED, delivery.SILENT
)  # fmt: skip


@pytest.fixture(scope="module")
def italian() -> Catalogue:
    return load_texts(shipped() / "texts", septets=septets)["it"]


@pytest.fixture(scope="module")
def english() -> Catalogue:
    return load_texts(shipped() / "texts", septets=septets)["en"]


def outcomes() -> Iterator[str]:
    """Every sentence with which an outlet of ours gives up or waits; a value inside it is a 7."""
    for folder in ("adapters", "gateway", "config"):
        for file in (ROOT / folder).rglob("*.py"):
            if "rehearsal" not in file.parts and "demo" not in file.parts:
                yield from filter(None, map(_sentence, ast.walk(ast.parse(file.read_text()))))


def _sentence(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
        return None
    if node.func.id not in {"Deferred", "Refused"}:
        return None
    match node.args[0]:
        case ast.Constant(value=str(said)):
            return said
        case ast.JoinedStr(values=[ast.Constant(), *_] as parts):
            return "".join(str(each.value) if isinstance(each, ast.Constant) else "7" for each in parts)
        case _:
            return None


def test_what_an_outlet_of_ours_says_is_told_in_italian(italian: Catalogue) -> None:
    found = sorted(set(outcomes()))
    assert len(found) >= 7
    assert [said for said in found if causes.told(italian, said) == said] == []


@pytest.mark.parametrize("row", [row for row in delivery.ROWS if row.status in TOLD_BY_US], ids=str)
def test_what_we_say_of_the_carrier_is_told_in_italian(italian: Catalogue, row: delivery.Row) -> None:
    for said in (row.why, f"21211 {row.why}", f"given up: {row.why} (503)", f"queued {row.why}"):
        assert not any(word in causes.told(italian, said).split() for word in ("the", "carrier", "number", "given"))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (UNSENT, "non inviato entro un minuto"),
        ("the ladder has gone on", "nel frattempo è stato avvisato il successivo"),
        ("no outlet is configured for sms", "questo mezzo non è configurato (SMS)"),
        (
            "given up: perhaps sent: the relay takes too long",
            "i tentativi sono finiti: forse inviato: il server di posta in uscita non risponde in tempo",
        ),
        ("5.1.1 the relay says: 550 No such user", "il server di posta in uscita risponde «550 No such user» (5.1.1)"),
        ("bounced: 5.1.1 smtp; 550 Unknown", "respinto dal server del destinatario (5.1.1 smtp; 550 Unknown)"),
        ("30005 undelivered", "non consegnato (codice 30005)"),
        ("busy 486", "occupato"),
        ("completed machine_start", "la chiamata è finita senza che fosse premuto il tasto"),
        ("the page did not leave: busy", "l’avviso di prova non è partito: occupato"),
        ("the relay says: 451 failed", "il server di posta in uscita risponde «451 failed»"),
        ("ConnectionResetError", "ConnectionResetError"),
        ("il messaggio non è stato consegnato.", "il messaggio non è stato consegnato."),
        ("", ""),
    ],
)
def test_our_words_are_told_in_italian_and_those_of_others_as_they_are(
    italian: Catalogue, said: str, told: str
) -> None:
    assert causes.told(italian, said) == told


def test_in_english_a_cause_stays_english(english: Catalogue) -> None:
    assert causes.told(english, "given up: busy") == "the tries are over: engaged"


def test_every_cause_stands_in_the_catalogue(italian: Catalogue) -> None:
    known = {text_id for text_id in italian.texts if text_id.startswith("P-CAUSE-")}
    assert {text_id for text_id, _ in causes.CAUSES} == known
