from __future__ import annotations

import asyncio
import smtplib
import time

import aiosmtplib
import pytest

from adapters.rehearsal import MailSink, Rehearsal, SunkMail

VENDOR = "assistenza@fornitore.example"
RAW = b"From: a@example.org\r\nSubject: Prova\r\n\r\nriga uno\r\n.punto\r\n\xe8 latin1\r\n"


def send(rehearsal: Rehearsal, *recipients: str, raw: bytes = RAW) -> None:
    with smtplib.SMTP("127.0.0.1", rehearsal.smtp_port, timeout=5) as smtp:
        smtp.sendmail("a@example.org", list(recipients) or [VENDOR], raw)


@pytest.fixture
def sink(rehearsal: Rehearsal) -> MailSink:
    return rehearsal.mail


def test_a_mail_is_kept_byte_for_byte_with_its_envelope(rehearsal: Rehearsal, sink: MailSink) -> None:
    send(rehearsal, VENDOR, "b@example.org")
    assert [(mail.mail_from, mail.rcpt_tos, mail.raw) for mail in sink.messages] == [
        ("a@example.org", (VENDOR, "b@example.org"), RAW)
    ]


def test_a_mail_of_the_asynchronous_client_is_kept_too(rehearsal: Rehearsal, sink: MailSink) -> None:
    sending = aiosmtplib.send(
        RAW.decode("latin-1").encode(), sender="a@example.org", recipients=[VENDOR],
        hostname="127.0.0.1", port=rehearsal.smtp_port, timeout=5,
    )  # fmt: skip
    asyncio.run(sending)
    assert [mail.subject for mail in sink.messages] == ["Prova"]


def test_mails_are_found_by_recipient_whatever_the_case(rehearsal: Rehearsal, sink: MailSink) -> None:
    send(rehearsal, VENDOR)
    send(rehearsal, "b@example.org")
    assert [mail.rcpt_tos for mail in sink.to(VENDOR.upper())] == [(VENDOR,)]


def test_an_empty_return_path_is_kept_empty(rehearsal: Rehearsal, sink: MailSink) -> None:
    with smtplib.SMTP("127.0.0.1", rehearsal.smtp_port, timeout=5) as smtp:
        smtp.sendmail("", [VENDOR], RAW)
    assert sink.messages[0].mail_from == ""


def test_any_login_is_believed(rehearsal: Rehearsal, sink: MailSink) -> None:
    with smtplib.SMTP("127.0.0.1", rehearsal.smtp_port, timeout=5) as smtp:
        smtp.login("relay", "anything")
        smtp.sendmail("a@example.org", [VENDOR], RAW)
    assert len(sink.messages) == 1


@pytest.mark.parametrize("code", [451, 554])
def test_the_next_mail_is_refused_after_the_final_dot(rehearsal: Rehearsal, sink: MailSink, code: int) -> None:
    sink.refuse(code)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(rehearsal)
    assert (refused.value.smtp_code, sink.messages) == (code, [])


def test_a_refusal_is_over_after_its_number_of_mails(rehearsal: Rehearsal, sink: MailSink) -> None:
    sink.refuse(451, times=1)
    with pytest.raises(smtplib.SMTPDataError):
        send(rehearsal)
    send(rehearsal)
    assert len(sink.messages) == 1


def test_one_recipient_is_refused_and_the_other_served(rehearsal: Rehearsal, sink: MailSink) -> None:
    sink.refuse(550, recipient=VENDOR)
    send(rehearsal, VENDOR, "b@example.org")
    assert [mail.rcpt_tos for mail in sink.messages] == [("b@example.org",)]


def test_a_cut_after_the_final_dot_has_taken_the_mail(rehearsal: Rehearsal, sink: MailSink) -> None:
    sink.cut()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(rehearsal)
    assert len(sink.messages) == 1


def test_a_slow_sink_answers_late(rehearsal: Rehearsal, sink: MailSink) -> None:
    sink.slow(0.3)
    began = time.monotonic()
    send(rehearsal)
    assert time.monotonic() - began >= 0.3


def test_every_mail_is_handed_on(rehearsal: Rehearsal, sink: MailSink) -> None:
    handed: list[SunkMail] = []
    sink.on_mail = handed.append
    send(rehearsal)
    assert handed == sink.messages


def test_a_mail_that_cannot_be_handed_on_is_deferred(rehearsal: Rehearsal, sink: MailSink) -> None:
    def refuse(_: SunkMail) -> None:
        raise OSError("the mailbox is full")

    sink.on_mail = refuse
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(rehearsal)
    assert (refused.value.smtp_code, sink.messages) == (451, [])
