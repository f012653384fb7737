from __future__ import annotations

import csv
import dataclasses
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.domain.escalation import (
    ActionLine,
    AttachmentLine,
    ContactPart,
    DiagnosticSummary,
    SummaryInput,
    summarise,
)
from gateway.domain.escalation_mail import HistoryLine, as_json, history_csv, render
from gateway.domain.incomplete import ALWAYS_REQUIRED, Missing, missing, missing_lines, questions
from gateway.domain.sheet import FIELDS, SheetError, canonical_key, identify_keys, sheet_with
from gateway.domain.texts import Catalogue, Text

SHEET = {
    "priority.impact": "il protocollo è fermo per tutto l’ufficio",
    "priority.users": "5",
    "system.system": "Protocollo",
    "system.module": "registrazione",
    "system.version": "7",
    "system.environment": "produzione",
    "workstation.os": "Windows 11",
    "description": "Salvando un protocollo compare un errore.\nAccade da stamattina.",
    "expected_obtained.expected": "il protocollo è registrato",
    "expected_obtained.obtained": "la pagina resta bianca",
    "error": "HTTP 500",
    "analysis": "il servizio di segnatura non risponde",
}
FIRST = ActionLine(datetime(2026, 11, 24, 8, 5, tzinfo=UTC), "tecnico", "riavvio del servizio", "senza effetto")
SECOND = ActionLine(datetime(2026, 11, 24, 8, 20, tzinfo=UTC), "tecnico", "controllo dei registri", "errore 500")
FACTS = SummaryInput(
    number=2026000123,
    opened_at=datetime(2026, 11, 24, 8, 0, tzinfo=UTC),
    channel="mail",
    contract="C2",
    body="Comune di Cagliari",
    priority="urgent",
    sheet=SHEET,
    actions=(SECOND, FIRST),
    attachments=(AttachmentLine("errore.png", 2048, "ab" * 32),),
    no_workaround_reason="il registro di emergenza non è attivo",
    contact=ContactPart("responsabile del servizio", "+39070123456", "hd@comune.example", "8.00-18.00"),
    term="presa in carico entro 4 ore",
)
COMPLETE = summarise(FACTS)


def with_sheet(**changes: str) -> DiagnosticSummary:
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return summarise(dataclasses.replace(FACTS, sheet={**SHEET, **named}))


def gap(field: str, part: str = "", why: str = "empty") -> Missing:
    return Missing(field, part, why)


def test_the_summary_has_the_seventeen_fields_in_order() -> None:
    assert tuple(part.name for part in dataclasses.fields(DiagnosticSummary)) == FIELDS


def test_the_json_sheet_has_the_seventeen_fields_in_order_and_a_schema() -> None:
    assert list(as_json(COMPLETE)) == [*FIELDS, "schema"]


def test_the_json_sheet_names_the_parts_of_composite_fields() -> None:
    sheet: dict[str, Any] = json.loads(json.dumps(as_json(COMPLETE)))
    composite = {key: list(value) for key, value in sheet.items() if isinstance(value, dict)}
    assert composite == {
        "number": ["number", "opened_on", "opened_at", "channel"],
        "contract": ["contract", "body"],
        "priority": ["priority", "impact", "users"],
        "system": ["system", "module", "version", "environment"],
        "workstation": ["os", "browser", "role"],
        "occurrence": ["first", "frequency", "reproducible"],
        "expected_obtained": ["expected", "obtained"],
        "workaround": ["text", "none_reason"],
        "contact": ["role", "phone", "mail", "hours"],
    }


def test_actions_stand_in_order_of_time_whatever_order_they_came_in() -> None:
    """S087."""
    assert [action.text for action in COMPLETE.actions] == ["riavvio del servizio", "controllo dei registri"]


def test_a_complete_summary_lacks_nothing() -> None:
    assert missing(COMPLETE) == ()


def test_an_empty_summary_lacks_exactly_the_fields_that_are_always_required() -> None:
    empty = summarise(SummaryInput(1, FACTS.opened_at, "mail", "C2", "Comune"))
    assert tuple(dict.fromkeys(each.field for each in missing(empty))) == ALWAYS_REQUIRED


def test_a_ticket_without_actions_says_so_in_the_words_of_the_contract() -> None:
    """S088."""
    gaps = missing(dataclasses.replace(COMPLETE, actions=()))
    assert missing_lines(gaps) == ("azioni svolte: mancante",)


def test_an_action_without_outcome_blocks_until_it_is_recorded() -> None:
    """S123."""
    gaps = missing(dataclasses.replace(COMPLETE, actions=(FIRST, dataclasses.replace(SECOND, outcome=" "))))
    assert missing_lines(gaps) == ("azioni svolte, n. 2, esito: mancante",)


HOLLOW = [
    ("", "empty"),
    ("   \t\n", "empty"),
    ("\u00a0\u2003\u3000", "empty"),
    ("\u200b\u200d\ufeff\u2060\u00ad", "empty"),
    ("\u3164\u2800\u115f\uffa0", "empty"),
    ("\ufe0f\u034f", "empty"),
    ("\u202e\u2066", "empty"),
    ("{descrizione}", "template"),
    ("{description}", "template"),
    ("Descrizione completa del problema", "template"),
    ("7. Descrizione completa del problema: {descrizione}", "template"),
    ("Descrizione completa del problema:", "template"),
    ("DESCRIZIONE COMPLETA DEL PROBLEMA: ...", "template"),
    ("complete description of the problem", "template"),
    ("<descrizione>", "template"),
    ("d\u200be\u200bscrizione", "template"),
    ("che cosa accade, con parole Sue e per intero", "template"),
    (".", "filler"),
    ("x", "filler"),
    ("7", "filler"),
    ("-", "filler"),
    ("…", "filler"),
    ("???", "filler"),
    ("xxx", "filler"),
    ("X X X X", "filler"),
    ("asdasdasd", "filler"),
    ("n.d.", "filler"),
    ("N/A", "filler"),
    ("ｎ／ａ", "filler"),
    ("test test", "filler"),
    ("da compilare", "filler"),
    ("x\u200b", "filler"),
]


@pytest.mark.parametrize(("value", "why"), HOLLOW)
def test_what_only_looks_like_a_description_does_not_open_the_gate(value: str, why: str) -> None:
    """B-067."""
    assert missing(with_sheet(description=value)) == (gap("description", why=why),)


@pytest.mark.parametrize(
    "value",
    [
        "non stampa",
        "Problema: la stampante non stampa",
        "di nuovo il test di stampa fallisce",
        "打印机坏了",
        "Errore {codice} alla pagina 3",
    ],
)
def test_any_real_sentence_is_content(value: str) -> None:
    assert missing(with_sheet(description=value)) == ()


@pytest.mark.parametrize(
    "value",
    [
        "nessun messaggio d'errore",
        "nessun messaggio d’errore",
        "no error message",
        "500",
        "0x80070005",
        '{"status": 500, "error": "Internal"}',
    ],
)
def test_an_exact_error_or_that_there_is_none_is_content(value: str) -> None:
    assert missing(with_sheet(error=value)) == ()


@pytest.mark.parametrize(
    ("key", "value"), [("system__version", "7"), ("priority__users", "1"), ("priority__users", "22")]
)
def test_a_lone_number_is_content_where_a_number_is_asked(key: str, value: str) -> None:
    assert missing(with_sheet(**{key: value}), ("system.version", "priority.users")) == ()


def test_a_test_environment_is_content() -> None:
    assert missing(with_sheet(system__environment="test"), ("system.environment",)) == ()


def test_a_contract_may_ask_for_one_more_part() -> None:
    """S124."""
    assert missing(with_sheet(system__version=""), ("system.version",)) == (gap("system", "version"),)


def test_a_composite_field_that_a_contract_asks_for_needs_all_its_parts() -> None:
    assert missing(COMPLETE, ("workstation",)) == (gap("workstation", "browser"), gap("workstation", "role"))


def test_naming_a_field_that_is_always_required_asks_for_nothing_more() -> None:
    assert missing(with_sheet(system__version=""), ALWAYS_REQUIRED) == ()


def test_a_description_below_the_minimum_of_the_contract_is_not_complete() -> None:
    """S122, C9.6."""
    gaps = missing(with_sheet(description="non funziona"), minimum_characters=30)
    assert gap("description", why="too_short") in gaps


def test_the_requester_is_asked_exactly_what_is_missing() -> None:
    """S122."""
    gaps = missing(with_sheet(error="", analysis="", system__version=""), ("system.version",))
    assert questions(gaps) == (
        "quale versione è installata",
        "il testo esatto dell’errore, o che non compare alcun messaggio",
    )


@pytest.mark.parametrize(
    ("text", "reason", "lacks"),
    [("usare il registro", "", False), ("", "non è sicuro", False), ("", "", True), ("x", ".", True)],
)
def test_a_workaround_or_the_reason_why_there_is_none_must_be_said(text: str, reason: str, *, lacks: bool) -> None:
    facts = dataclasses.replace(FACTS, workaround=text, no_workaround_reason=reason)
    assert bool(missing(summarise(facts))) is lacks


def test_a_required_name_that_is_no_field_names_the_nearest() -> None:
    with pytest.raises(SheetError, match=r"system\.version"):
        missing(COMPLETE, ("system.versoin",))


@pytest.mark.parametrize(
    ("given_key", "full"),
    [
        ("impact", "priority.impact"),
        ("Browser", "workstation.browser"),
        ("description", "description"),
        ("expected", "expected_obtained.expected"),
    ],
)
def test_a_key_may_be_named_by_its_part_where_only_one_field_has_it(given_key: str, full: str) -> None:
    assert canonical_key(given_key) == full


@pytest.mark.parametrize(
    ("given_key", "said"),
    [
        ("descripton", "description"),
        ("versione", r"system\.version"),
        ("role", r"workstation\.role or contact\.role"),
        ("actions", "ticket action"),
        ("workaround", "ticket workaround"),
    ],
)
def test_an_unknown_key_is_refused_with_what_to_do(given_key: str, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        canonical_key(given_key)


def test_a_composite_field_takes_its_parts_in_order() -> None:
    sheet = sheet_with({}, "expected_obtained", "la pagina si apre / errore 500")
    assert sheet == {"expected_obtained.expected": "la pagina si apre", "expected_obtained.obtained": "errore 500"}


def test_every_identify_key_fills_a_field_of_the_sheet() -> None:
    filled = summarise(dataclasses.replace(FACTS, sheet={each.key: each.label for each in identify_keys()}))
    assert all(each.label in str(getattr(filled, each.key.split(".")[0])) for each in identify_keys())


SHORT_FORM = """7. {description}
12.
    {actions}
13. {workaround}
15. {attachments}
6. {first_seen}"""
PHRASES = {
    "P-ESC-NOT-STATED": "non indicato",
    "P-ESC-NONE": "nessuno",
    "P-ESC-ACTION": "{date}, ore {time} – {text} – {by} – {outcome}",
    "P-ESC-NO-WORKAROUND": "nessuna, perché {reason}",
    "P-ESC-FILE": "{name} ({size} byte, SHA-256 {sha256})",
    "P-ESC-FILE-INFECTED": "{name} – INFETTO",
}
LINES = Catalogue(
    {
        "T-ESC": Text("T-ESC", "{priority} {system}: {summary}", SHORT_FORM),
        **{key: Text(key, "", body) for key, body in PHRASES.items()},
    }
)


def test_a_value_of_several_lines_cannot_pass_for_the_next_field() -> None:
    forged = with_sheet(description="guasto\n8. Passi per riprodurlo: nessuno")
    body = render(forged, LINES, {}).body
    assert "\n    8. Passi per riprodurlo: nessuno\n12." in body


def test_the_rendered_sheet_tells_actions_attachments_and_what_was_not_said() -> None:
    assert render(COMPLETE, LINES, {}).body.splitlines()[2:] == [
        "12.",
        "    24 novembre 2026, ore 9.05 – riavvio del servizio – tecnico – senza effetto",
        "    24 novembre 2026, ore 9.20 – controllo dei registri – tecnico – errore 500",
        "13. nessuna, perché il registro di emergenza non è attivo",
        f"15. errore.png (2048 byte, SHA-256 {'ab' * 32})",
        "6. non indicato",
    ]


def test_an_attachment_in_which_something_was_found_says_so() -> None:
    """It is named in the sheet, and goes nowhere."""
    summary = dataclasses.replace(COMPLETE, attachments=(AttachmentLine("listino.xls", 10, "ab", infected=True),))
    assert "15. listino.xls – INFETTO\n" in render(summary, LINES, {}).body


def test_the_subject_carries_priority_system_and_the_first_line_of_the_description() -> None:
    assert render(COMPLETE, LINES, {}).subject == "urgente Protocollo: Salvando un protocollo compare un errore."


@pytest.mark.parametrize(
    "cell", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "\x1b=1", "\x00@SUM(1)"]
)
def test_no_cell_of_the_history_is_a_formula(cell: str) -> None:
    """B-046."""
    rows = list(csv.reader(io.StringIO(history_csv([HistoryLine(FIRST.at, "note", "tecnico", cell)]))))
    assert rows[1][3].startswith("'")


def test_a_telephone_number_survives_the_history_as_it_is() -> None:
    """B-046."""
    rows = list(csv.reader(io.StringIO(history_csv([HistoryLine(FIRST.at, "call", "tecnico", "+39 070 123456")]))))
    assert rows[1] == ["2026-11-24T09:05:00+01:00", "call", "tecnico", "+39 070 123456", ""]


def test_the_history_begins_with_its_header_and_ends_lines_as_rfc_4180_asks() -> None:
    assert history_csv([]) == "at,type,by,text,outcome\r\n"
