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
    "Content-Type: multipart/report; report-type=delivery-status", "X-Autoreply: yes",
]  # fmt: skip
PEOPLE = [
    "Auto-Submitted: no", "From: Anna <anna@ente.example>", "Precedence: first-class", "X-Loop: qualcun-altro",
    "Subject: La risposta automatica non funziona", "Subject: Risposta automatica che non parte",
    "Subject: Out of office does not start", "X-Auto-Response-Suppress: DR, RN, NRN",
    "Return-Path: <anna@ente.example>",
]  # fmt: skip


ABSENT = [
    "Risposta automatica: guasto", "Fuori ufficio", "Assenza per ferie", "Out of office", "Automatic reply: x",
    "=?utf-8?q?Automatische_Antwort?=", "Abwesenheitsnotiz", "Absence du bureau",
    "=?utf-8?q?R=C3=A9ponse_automatique?= : x",
]  # fmt: skip


@pytest.mark.parametrize("subject", ABSENT)
def test_a_note_of_absence_is_known_by_its_subject_when_it_answers_a_mail(subject: str) -> None:
    assert why(f"Subject: {subject}\r\nIn-Reply-To: <1@centralino.example>", "anna@ente.example") is not None
    assert why(f"Subject: {subject}", "anna@ente.example") is None


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
