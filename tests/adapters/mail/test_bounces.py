"""Delivery reports say which of our messages failed."""

from __future__ import annotations

import re
import time

import pytest

from adapters.mail import bounce_words, bounces, mime
from gateway.domain.intake import Bounce, BounceReason

OWN = mime.OwnMail(frozenset(), "t")


def report(action: str, status: str, extra: str = "") -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMessage-ID: <dsn@mx.example>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nNon consegnato.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; guasti@vendor.example\r\nAction: {action}\r\nStatus: {status}\r\n{extra}"
        "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        "Message-ID: <esc-1@centralino.example>\r\nSubject: x\r\n\r\ny\r\n--b--\r\n"
    ).encode()


def bounce(raw: bytes) -> Bounce | None:
    return mime.read(raw, own=OWN).bounce


def test_a_standard_report_names_recipient_status_and_our_message() -> None:
    raw = report("failed", "5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n")
    assert bounce(raw) == Bounce(
        ("guasti@vendor.example",), True, "5.1.1", "esc-1@centralino.example", "550 5.1.1 User unknown",
        BounceReason.UNKNOWN_ADDRESS,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("action", "status", "permanent"),
    [("failed", "5.0.0", True), ("delayed", "4.4.1", False), ("failed", "4.4.7", True)],
)
def test_a_failure_is_for_good_and_a_delay_is_not(action: str, status: str, permanent: bool) -> None:  # noqa: FBT001 - expected value
    found = bounce(report(action, status))
    assert found is not None
    assert found.permanent is permanent


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_is_no_bounce(action: str) -> None:
    assert bounce(report(action, "2.0.0")) is None


def test_the_header_of_one_server_is_enough() -> None:
    found = bounce(
        b"From: Mail Delivery System <Mailer-Daemon@x.example>\r\nX-Failed-Recipients: a@y.example\r\n\r\nfailed"
    )
    assert found is not None
    assert (found.recipients, found.permanent) == (("a@y.example",), True)


def test_a_report_without_standard_parts_is_read_from_its_words() -> None:
    raw = (
        b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\nSorry, no mailbox here by that name.\n"
        b"<a@y.example>:\n550 5.1.1 user unknown\n\n--- below\nMessage-ID: <1@centralino.example>\n"
    )
    found = bounce(raw)
    assert found is not None
    assert (found.recipients[:1], found.permanent, found.status) == (("a@y.example",), True, "5.1.1")
    assert found.original_message_id == "1@centralino.example"


def test_a_person_who_writes_about_a_bounce_sends_none() -> None:
    assert bounce(b"From: anna@ente.example\r\nSubject: Guasto\r\n\r\nRicevo: 550 user unknown a@y.example") is None


def test_an_absence_note_is_no_bounce() -> None:
    head = b"From: anna@x.example\r\nReturn-Path: <>\r\nAuto-Submitted: auto-replied\r\nSubject: Ferie\r\n"
    raw = head + b"\r\nTorno il 7, not found"
    assert bounce(raw) is None


def test_a_delivery_report_is_automatic() -> None:
    assert mime.read(report("failed", "5.1.1"), own=OWN).automatic is not None


def test_a_report_without_a_sender_is_read_by_the_detectors_of_odd_formats(caplog: pytest.LogCaptureFixture) -> None:
    raw = (
        b"From: \r\nSubject: failure notice\r\n\r\n"
        b"Hi. This is the qmail-send program at mx.example.\r\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
        b"<guasti@vendor.example>:\r\nSorry, no mailbox here by that name.\r\n\r\n"
        b"<altro@vendor.example>:\r\nSorry, no mailbox here by that name.\r\n\r\n"
        b"--- Below this line is a copy of the message.\r\n"
    )
    found = bounce(raw)
    assert found is not None
    assert set(found.recipients) == {"guasti@vendor.example", "altro@vendor.example"}
    assert caplog.records == []


FORWARDED = (
    b"From: Anna <anna@ente.example>\r\nSubject: %s\r\nReferences: <dsn@mx.example>\r\n\r\n"
    b"Ricevo sempre questo, potete guardare?\r\n\r\n"
    b"This is the mail system. Your message could not be delivered.\r\n<marco@y.example>: 550 5.1.1 User unknown\r\n"
)


@pytest.mark.parametrize(
    "subject",
    [
        b"I: Undelivered Mail Returned to Sender",
        b"Fwd: failure notice",
        b"R: Mail delivery failed",
        b"Delivery failure",
    ],
)
def test_a_report_that_a_person_sends_to_the_desk_is_a_request(subject: bytes) -> None:
    """It would end without a ticket: nobody would ever see it."""
    assert bounce(FORWARDED % subject) is None


@pytest.mark.parametrize("path", [None, ""])
def test_a_newsletter_with_a_null_sender_is_no_bounce(path: str | None) -> None:
    raw = b"Return-Path: <>\r\nFrom: News <>\r\nSubject: Novit\xc3\xa0\r\n\r\nSconto di 400 euro su 500."
    assert mime.read(raw, envelope_from=path, own=OWN).bounce is None


def test_a_postmaster_who_asks_for_help_sends_no_report() -> None:
    assert bounce(b"From: postmaster@ente.example\r\nSubject: Protocollo fermo\r\n\r\nErrore: file not found.") is None


def test_a_filter_that_holds_a_mail_until_somebody_confirms_is_shown_to_a_person() -> None:
    raw = report("failed", "4.7.0").replace(b"MAILER-DAEMON@mx.example", b"noreply@filter.example")
    raw = raw.replace(b"Non consegnato.", b"Your message has been waitlisted. Please add yourself to my guest list.")
    reading = mime.read(raw, own=OWN)
    assert reading.bounce is None
    assert reading.automatic is not None


def test_a_mailbox_filter_that_rejects_by_a_disposition_notification_is_a_bounce() -> None:
    """RFC 5429 §2.1.1."""
    found = bounce(
        b"From: Mail Delivery Subsystem <admin@x.example>\r\nAuto-Submitted: auto-replied (rejected)\r\n"
        b"Subject: Automatically rejected mail\r\n"
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
        b"--b\r\n\r\nRejected: Quota exceeded\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        b"Final-Recipient: rfc822; marco@y.example\r\nOriginal-Message-ID: <1@centralino.example>\r\n"
        b"Disposition: automatic-action/MDN-sent-automatically; deleted\r\n\r\n--b--\r\n"
    )
    assert found is not None
    assert (found.recipients, found.original_message_id) == (("marco@y.example",), "1@centralino.example")
    assert (found.permanent, found.reason) == (True, BounceReason.MAILBOX_FULL)


def test_a_notification_that_a_person_read_the_mail_is_no_bounce() -> None:
    raw = (
        b"From: anna@x.example\r\nSubject: Letto: x\r\n"
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n--b\r\n\r\nLetto.\r\n"
        b"--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; anna@x.example\r\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
    )
    assert bounce(raw) is None


def test_the_recipient_of_an_odd_report_is_who_is_called_so() -> None:
    found = bounce(
        b"From: post_master@sms.example\r\nSubject: Re:Guasto\r\n\r\nError: Invalid user address\r\n\r\n"
        b"550 - Requested action not taken: no such user here\r\n\r\n"
        b"  MAIL FROM: assistenza@centralino.example\r\n  RCPT TO: 3331234567@sms.example\r\n"
    )
    assert found is not None
    assert (found.recipients, found.permanent) == (("3331234567@sms.example",), True)


REASONS = [
    ("5.1.1", "smtp; 550 5.1.1 <a@y.example>: User unknown", BounceReason.UNKNOWN_ADDRESS, True),
    ("5.1.2", "smtp; 550 Host unknown", BounceReason.UNKNOWN_DOMAIN, True),
    ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", BounceReason.UNKNOWN_ADDRESS, True),
    ("5.1.10", "smtp; 556 5.1.10 Domain does not accept mail (nullMX)", BounceReason.TAKES_NO_MAIL, True),
    ("5.1.6", "smtp; 551 user has moved to b@y.example", BounceReason.MOVED, True),
    ("5.2.2", "smtp; 552 5.2.2 Mailbox full", BounceReason.MAILBOX_FULL, False),
    ("5.3.4", "smtp; 552 message too large", BounceReason.TOO_LARGE, False),
    ("5.7.1", "smtp; 554 5.7.1 rejected as spam", BounceReason.SPAM, False),
    ("5.1.8", "smtp; 553 5.1.8 Sender address rejected", BounceReason.REJECTED, False),
    ("5.2.1", "smtp; 550 5.2.1 user unknown", BounceReason.DISABLED, False),
    ("4.4.7", "smtp; delivery time expired", BounceReason.EXPIRED, False),
    ("4.1.1", "smtp; 450 4.1.1 user unknown", BounceReason.UNKNOWN_ADDRESS, False),
]  # fmt: skip


@pytest.mark.parametrize(("status", "diagnostic", "reason", "is_hard"), REASONS)
def test_a_report_says_why_and_whether_the_address_is_dead(
    status: str,
    diagnostic: str,
    reason: BounceReason,
    is_hard: bool,  # noqa: FBT001 - expected value
) -> None:
    found = bounce(report("failed", status, f"Diagnostic-Code: {diagnostic}\r\n"))
    assert found is not None
    assert (found.permanent, found.reason, found.is_hard) == (True, reason, is_hard)


def test_a_version_number_is_no_status() -> None:
    raw = (
        b"From: POSTMASTER@mx.example\r\nSubject: Undeliverable message\r\n\r\n"
        b"User not listed in address book\r\na@y.example\r\n\r\nReceived: by mx (MTA v4.6.1)\r\n"
    )
    found = bounce(raw)
    assert found is not None
    assert (found.status, found.permanent) == (None, True)


def test_a_transcript_of_a_dialogue_is_searched_for_what_failed_and_not_for_what_went_well() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nSubject: Postfix SMTP server: errors from x\r\n\r\n"
        b"Out: 250 2.1.5 Ok\r\nOut: 451 4.3.0 Error: queue file write error\r\nOut: 221 2.0.0 Bye\r\n"
    )
    found = bounce(raw)
    assert found is not None
    assert (found.status, found.permanent) == ("4.3.0", False)


class _Counting:
    """An expression that counts how often it is searched for."""

    def __init__(self, words: re.Pattern[str]) -> None:
        self._words = words
        self.searches = 0

    def search(self, text: str) -> re.Match[str] | None:
        self.searches += 1
        return self._words.search(text)


@pytest.mark.parametrize(("sender", "searches"), [("anna@ente.example", 0), ("postmaster@ente.example", 1)])
def test_the_words_of_a_report_are_looked_for_only_where_they_would_count(
    monkeypatch: pytest.MonkeyPatch, sender: str, searches: int
) -> None:
    """P6: it was half of what reading an ordinary mail cost, and of a person's mail they never decide."""
    words = _Counting(bounce_words.CERTAINLY_FAILED)
    monkeypatch.setattr(bounces, "CERTAINLY_FAILED", words)
    bounce(f"From: {sender}\r\nSubject: Stampante\r\n\r\nNon stampa.\r\n".encode())
    assert words.searches == searches


NESTED = b"Subject: x\r\nContent-Type: message/rfc822\r\n\r\n"
OF_MANY_PARTS = b"Content-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"


@pytest.mark.parametrize(
    "inside", [NESTED * 900 + b"Non consegnato: a@y.example\r\n" * 3_000, OF_MANY_PARTS + b"--b\r\n\r\n" * 35_000]
)
def test_a_report_with_messages_or_their_parts_without_end_costs_no_time(inside: bytes) -> None:
    """B-030. Found by `make fuzz`, target mail-packed; the parts by a reader."""
    raw = b"From: MAILER-DAEMON@x.example\r\n" + inside
    start = time.process_time()
    assert mime.read(raw, own=OWN).readable
    assert time.process_time() - start < 0.4
