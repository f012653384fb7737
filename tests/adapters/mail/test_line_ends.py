"""Bare CR and LF: what is decided of a mail is the same however its lines end (B-001, F6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.mail import mime
from adapters.mail.authentication.author import author_of, header_block, normalised
from adapters.mail.automatic import OwnMail
from adapters.mail.prescan import door_facts
from gateway.domain.intake import MailReading

OWN = OwnMail(frozenset({"assistenza@comune.example"}), "centralino-test")
MAILS = {
    "request": (
        "From: Maria <maria@comune.example>\r\nTo: assistenza@comune.example\r\nSubject: Stampante\r\n"
        "Message-ID: <1@comune.example>\r\nIn-Reply-To: <0@comune.example>\r\n\r\nNon stampa.\r\nGrazie\r\n"
    ),
    "robot": (
        "From: robot@comune.example\r\nAuto-Submitted: auto-replied\r\nSubject: Assente\r\n"
        "Message-ID: <2@comune.example>\r\n\r\nSono assente.\r\n"
    ),
    "two authors": (
        "From: maria@comune.example\r\nFrom: capo@comune.example\r\nSubject: Chi?\r\n"
        "Message-ID: <3@comune.example>\r\n\r\nTesto\r\n"
    ),
    "attachment": (
        "From: a@comune.example\r\nSubject: Allegato\r\nMessage-ID: <4@comune.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nVedi.\r\n--b\r\n'
        'Content-Type: application/octet-stream; name="a.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        "AAECAwQF\r\n--b--\r\n"
    ),
}
ENDS = {"LF": b"\n", "CR": b"\r"}


def decided(raw: bytes) -> MailReading:
    """All that is decided by; the content key is of the bytes as they came."""
    read = mime.read(raw, envelope_from="maria@comune.example", own=OWN)
    return replace(read, content_key="", text=read.text.strip(), new_text=read.new_text.strip())


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", MAILS)
def test_the_line_end_decides_nothing(name: str, end: str) -> None:
    raw = MAILS[name].encode()
    other = raw.replace(b"\r\n", ENDS[end])
    assert decided(other) == decided(raw)
    assert author_of(header_block(other)) == author_of(header_block(raw))
    assert door_facts(other) == door_facts(raw)
    assert normalised(other) == raw


def test_what_is_normalised_already_is_left_alone() -> None:
    raw = MAILS["request"].encode()
    assert normalised(raw) is raw


@pytest.mark.parametrize("mixed", [b"a\rb\nc\r\nd", b"\r\r\n\n", b"\n\r", b"", b"\r"])
def test_after_normalising_nothing_is_bare(mixed: bytes) -> None:
    whole = normalised(mixed)
    assert whole.count(b"\r\n") == whole.count(b"\r") == whole.count(b"\n")
    assert whole.replace(b"\r\n", b"") == mixed.replace(b"\r", b"").replace(b"\n", b"")
