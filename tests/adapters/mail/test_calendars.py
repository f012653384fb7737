"""Invitations as values, whatever is in them; and a mail in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.mail import calendars
from gateway.domain.intake import MailReading
from gateway.domain.invitation import Invitation, in_words
from gateway.domain.mail_words import shown_text


def calendar(*lines: str, method: str = "REQUEST") -> bytes:
    event = ("BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT")
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", *event, "END:VCALENDAR", "")).encode()


def only(*lines: str) -> Invitation:
    (found,), defect = calendars.invitations(calendar(*lines), "utf-8")
    assert defect is None
    return found


@pytest.mark.parametrize(
    ("line", "starts_at"),
    [
        ("DTSTART:20261124T090000Z", "2026-11-24T09:00"),
        ("DTSTART;TZID=Europe/Rome:20261124T100000", "2026-11-24T09:00"),
        ("DTSTART:20261124T100000", "2026-11-24T09:00"),  # without a zone: Rome's
        ("DTSTART;TZID=W. Europe Standard Time:20260724T100000", "2026-07-24T08:00"),
        ("DTSTART;VALUE=DATE:20280229", "2028-02-28T23:00"),
    ],
)
def test_when_it_is_is_an_instant(line: str, starts_at: str) -> None:
    assert only(line).starts_at == datetime.fromisoformat(starts_at).replace(tzinfo=UTC)


def test_an_instant_that_no_clock_has_is_left_out() -> None:
    assert only("DTSTART:00010101T000000").starts_at is None
    assert only("DTSTART:99991231T235959Z", "DURATION:P9999D").ends_at is None


def test_texts_are_one_line_and_short() -> None:
    found = only("SUMMARY:" + "a" * 5000, "LOCATION:piano\\nterra", "DESCRIPTION:" + "b" * 5000)
    assert (len(found.summary), found.location, len(found.description)) == (300, "piano terra", 2000)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"BEGIN:VCALENDAR", b"BEGIN:VEVENT\r\nDTSTART:domani\r\nEND:VEVENT", b"\x00\xff" * 500,
        calendar("DTSTART:20269999T999999"), calendar("BEGIN:VEVENT\r\n" * 800),
        b"A" * (calendars.MAX_BYTES + 1), b"\n" * (calendars.MAX_LINES + 1),
    ],
)  # fmt: skip
def test_what_is_no_calendar_is_no_invitation_and_raises_nothing(content: bytes) -> None:
    found, _ = calendars.invitations(content, "x-unknown")
    assert all(each.starts_at is None for each in found)


def test_an_invitation_is_told_in_words_in_both_languages() -> None:
    meeting = Invitation(
        "REQUEST",
        "Sopralluogo",
        datetime(2027, 3, 27, 22, tzinfo=UTC),
        datetime(2027, 3, 28, 4, tzinfo=UTC),
        location="Via Roma 1",
        organizer="Anna <anna@comune.example>",
        repeats=True,
    )
    assert in_words(meeting).splitlines() == [
        "Invito: Sopralluogo",
        "Quando: 27 marzo 2027, 23.00 fino a 28 marzo 2027, 6.00 (si ripete)",
        "Dove: Via Roma 1",
        "Organizzatore: Anna <anna@comune.example>",
    ]
    assert in_words(meeting, "en").splitlines()[1] == "When: 27 March 2027, 23:00 to 28 March 2027, 6:00 (repeats)"


def test_whole_days_are_told_by_their_last_day_and_one_day_by_itself() -> None:
    begins, next_day, after = (datetime(2026, 12, day, 23, tzinfo=UTC) for day in (29, 30, 31))
    two = Invitation("CANCEL", "Chiusura", begins, after, whole_day=True)
    assert in_words(two).splitlines()[1] == "Quando: 30 dicembre 2026 fino a 31 dicembre 2026"
    one = Invitation("CANCEL", "Chiusura", begins, next_day, whole_day=True)
    assert in_words(one) == "Annullamento di un invito: Chiusura\nQuando: 30 dicembre 2026"


def test_a_mail_says_its_text_then_its_invitations_and_an_encrypted_one_why_there_is_none() -> None:
    invited = Invitation("PUBLISH", "Riunione")
    assert shown_text(MailReading("k", text="Ciao.", invitations=(invited,))) == "Ciao.\n\nAppuntamento: Riunione"
    assert shown_text(MailReading("k", invitations=(invited,))) == "Appuntamento: Riunione"
    assert shown_text(MailReading("k", protection="encrypted")).startswith("Il messaggio è cifrato")
    assert shown_text(MailReading("k", protection="signed")) == ""
    assert shown_text(MailReading("k")) == ""
