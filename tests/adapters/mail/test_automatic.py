"""Mails that no machine may answer (B-050)."""

from __future__ import annotations

import pytest

from adapters.mail.automatic import OwnMail, why_automatic
from adapters.mail.headers import Headers

OWN = OwnMail(frozenset({"assistenza@centralino.example"}), "centralino-7f3a")
AUTOMATIC = [
    "Auto-Submitted: auto-replied", "Auto-Submitted: Auto-Generated; owner=x", "Precedence: bulk", "Precedence: LIST",
    "Precedence: junk", "List-Id: <l.x.example>", "List-Unsubscribe: <mailto:x@y.example>", "Return-Path: <>",
    "From: MAILER-DAEMON@x.example", "From: Postmaster <postmaster@x.example>", "From: noreply@x.example",
    "From: no-reply+1@x.example", "From: posta-certificata@pec.example", "X-Auto-Response-Suppress: All",
    "X-Auto-Response-Suppress: DR, OOF, AutoReply", "X-Loop: centralino-7f3a", "X-Loop: assistenza@centralino.example",
    "From: Assistenza <Assistenza@centralino.example>", "Sender: assistenza@centralino.example",
    "X-Ricevuta: accettazione",
    "Content-Type: multipart/report; report-type=delivery-status", "Subject: Risposta automatica: guasto",
    "Subject: Out of office", "Subject: =?utf-8?q?Automatische_Antwort?=", "X-Autoreply: yes",
]  # fmt: skip
PEOPLE = [
    "Auto-Submitted: no", "From: Anna <anna@ente.example>", "Precedence: first-class", "X-Loop: qualcun-altro",
    "Subject: La risposta automatica non funziona", "X-Auto-Response-Suppress: DR, RN, NRN",
    "Return-Path: <anna@ente.example>",
]  # fmt: skip


def why(line: str, envelope_from: str | None = None) -> str | None:
    return why_automatic(Headers.of_bytes(line.encode() + b"\r\n"), envelope_from, OWN)


@pytest.mark.parametrize("line", AUTOMATIC)
def test_a_mail_of_a_machine_is_known_by_one_header(line: str) -> None:
    assert why(line) is not None


@pytest.mark.parametrize("line", PEOPLE)
def test_a_mail_of_a_person_is_not_taken_for_automatic(line: str) -> None:
    assert why(line, "anna@ente.example") is None


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_envelope_sender_is_automatic(sender: str) -> None:
    assert why("From: anna@ente.example", sender) == "null envelope sender"


def test_our_own_envelope_sender_is_automatic() -> None:
    assert why("From: anna@ente.example", "assistenza@centralino.example") == "envelope sender is ours"
