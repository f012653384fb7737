"""Delivery reports say which of our messages failed."""

from __future__ import annotations

import pytest

from adapters.mail import mime
from gateway.domain.intake import Bounce

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
        ("guasti@vendor.example",), True, "5.1.1", "esc-1@centralino.example", "550 5.1.1 User unknown"
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
