from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.domain.contract import DatedNumber, OnCall, Page, Priority, TypeRule
from gateway.domain.intake import Channel
from gateway.domain.priority import is_urgent, type_by_words
from tests.domain.shipped import contract, site

C2 = contract("c02")


def on_call() -> OnCall:
    assert C2.on_call is not None
    return C2.on_call


@pytest.mark.parametrize(
    ("rule", "clause"),
    [("hours", "C2.4"), ("holidays", "C2.6"), ("on_call", "C2.8"), ("coverage", "C2.10"), ("parties", "C2")],
)
def test_every_rule_knows_its_clause(rule: str, clause: str) -> None:
    assert C2.clauses.of(rule) == clause


def test_the_telephone_is_the_first_channel() -> None:
    """C2.3."""
    assert C2.channels[0] is Channel.PHONE


def test_c2_wakes_the_contact_for_every_request() -> None:
    """DESIGN, "Whom to wake"."""
    assert on_call().page is Page.ALL


def test_the_on_call_number_is_the_one_in_force_on_the_day() -> None:
    """C2.9."""
    numbers = (
        DatedNumber("+390700000200", date(2025, 1, 1)),
        DatedNumber("+390700000299", date(2026, 6, 1)),
    )
    duty = replace(on_call(), numbers=numbers)
    assert [duty.number_on(date(2026, 5, 31)), duty.number_on(date(2026, 6, 1))] == ["+390700000200", "+390700000299"]
    assert duty.number_on(date(2024, 1, 1)) == "+390700000200"


def test_an_unanswered_chain_is_tried_again_after_ten_minutes() -> None:
    """C2.11, S036."""
    assert (on_call().retry_every, on_call().rounds) == (timedelta(minutes=10), 2)


def test_both_levels_of_c2_belong_to_the_vendor() -> None:
    """C2.1."""
    assert C2.levels == (1, 2)


def test_the_address_of_a_channel_is_its_first_endpoint() -> None:
    assert C2.address_of(Channel.MAIL) == "assistenza@comune.example"
    assert contract("c01").address_of(Channel.FAX) is None


def test_only_c2_requires_an_on_call_duty() -> None:
    """A3.3 and the open points of the others."""
    assert [each.id for each in site().contracts.values() if each.on_call_required] == ["c02-comune"]


@pytest.mark.parametrize(
    ("short", "mailbox"), [("c04", "assistenza@phonzie.example"), ("c09", "assistenza@easy110.example")]
)
def test_the_vendor_of_c4_and_c9_is_outside(short: str, mailbox: str) -> None:
    """C4.9, C9.5."""
    escalation = contract(short).escalation
    assert escalation is not None
    assert escalation.mailbox == mailbox


URGENT = [
    ("URGENTE: protocollo bloccato", "", "urgente"),
    ("Protocollo", "Il server è BLOCCATA da stamattina", "bloccata"),
    ("Emergenza!", "", "emergenza"),
    ("stampante", "è tutto fermo.", "fermo"),
    ("non va", "NON  FUNZIONA\npiù nulla", "non funziona più nulla"),
    ("non va", "non funziona piu nulla", "non funziona più nulla"),
    ("non urgente: ma URGENTE la seconda", "", "urgente"),
]


@pytest.mark.parametrize(("subject", "text", "word"), URGENT)
def test_an_urgent_word_is_found_in_any_case_and_with_any_accents(subject: str, text: str, word: str) -> None:
    """A2.6."""
    assert is_urgent(C2.priority, subject, text) == word


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("richiesta non urgente", ""),
        ("Richiesta", "Non è urgente, con calma"),
        ("insurgente", "il fermodeposito"),
        ("Richiesta", "x" * 500 + " urgente"),
        ("", ""),
    ],
)
def test_what_only_looks_urgent_is_not(subject: str, text: str) -> None:
    """A2.6: whole words, the first 500 characters of new text, and no negation before."""
    assert is_urgent(C2.priority, subject, text) is None


def test_a_contract_without_urgent_words_has_no_urgent_requests() -> None:
    assert is_urgent(Priority(()), "URGENTE", "urgente") is None


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Reclamo: errore nella stampa", "complaint"),
        ("Non riesco a stampare", "assistance"),
        ("Come si fa a esportare?", "advice"),
        ("Informazioni sugli uffici", "information"),
        ("Buongiorno", None),
    ],
)
def test_the_first_rule_that_is_met_gives_the_type(subject: str, kind: str | None) -> None:
    """C1.1, S001."""
    assert type_by_words(C2.type_rules, subject, "") == kind


def test_the_order_of_the_rules_decides() -> None:
    rules = (TypeRule("report", ("guasto",)), TypeRule("complaint", ("reclamo",)))
    assert type_by_words(rules, "reclamo per guasto", "") == "report"
