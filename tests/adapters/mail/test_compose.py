"""A mail that leaves: the same bytes every time, and nothing that came in can bend it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mail import mime
from adapters.mail.compose import compose, plain_address
from gateway.domain.dispatch import OutgoingAttachment, OutgoingMail

LOOP = "centralino-7f3a"
OWN = mime.OwnMail(frozenset(), LOOP)
MAIL = OutgoingMail(
    message_id="esc-1@centralino.example",
    sender="assistenza@centralino.example",
    sender_name="Assistenza Comune",
    to=("anna@ente.example",),
    subject="Richiesta ricevuta [2026000123]",
    text="Buongiorno,\nla Sua richiesta è stata ricevuta.",
    date=datetime(2026, 12, 26, 2, 1, tzinfo=UTC),
    envelope_from="",
    auto_submitted="auto-replied",
    in_reply_to="1@ente.example",
    references=("0@ente.example", "1@ente.example"),
)
PDF = OutgoingAttachment("scheda città.pdf", "application/pdf", bytes(range(256)) * 40)
HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from('\r\n\0\u2028\x85=?<>,:;"\\@ ')), max_size=60)


def test_the_same_mail_gives_the_same_bytes() -> None:
    assert compose(MAIL, LOOP) == compose(replace(MAIL), LOOP)


def test_the_date_is_written_in_roman_time() -> None:
    assert b"Date: Sat, 26 Dec 2026 03:01:00 +0100\r\n" in compose(MAIL, LOOP)


def test_what_is_composed_is_read_back_as_it_was() -> None:
    reading = mime.read(compose(replace(MAIL, subject="Perché la città è così " * 5), LOOP), own=OWN)
    assert reading.subject == ("Perché la città è così " * 5).strip()
    assert reading.text == MAIL.text
    assert (reading.message_id, reading.in_reply_to) == (MAIL.message_id, (MAIL.in_reply_to,))
    assert reading.references == MAIL.references


def test_our_own_mail_is_recognised_by_its_loop_token() -> None:
    assert mime.read(compose(replace(MAIL, auto_submitted=None), LOOP), own=OWN).automatic == "X-Loop is ours"


def test_attachments_arrive_with_name_type_and_bytes() -> None:
    raw = compose(replace(MAIL, attachments=(PDF,)), LOOP)
    found = mime.read(raw, own=OWN).attachments
    assert [(one.shown_name, one.type) for one in found] == [(PDF.name, PDF.type)]
    assert mime.attachment(raw, found[0].part) == PDF.content


@pytest.mark.parametrize(
    "name", ["a.pdf", "verbale dell'intervento.pdf", "città.pdf", "ù" * 60 + ".pdf", "x" * 150 + ".pdf"]
)
def test_a_file_name_survives_by_the_standard_reader_too(name: str) -> None:
    raw = compose(replace(MAIL, attachments=(replace(PDF, name=name),)), LOOP)
    parts = list(message_from_bytes(raw, policy=default).walk())
    assert parts[-1].get_filename() == name


def test_a_nested_mail_leaves_as_a_file_with_its_bytes_untouched() -> None:
    """F7: sent as it is, the bare CR in it would travel on."""
    inner = b"Subject: x\r\n\r\nbody\r.\r\nfine"
    raw = compose(replace(MAIL, attachments=(OutgoingAttachment("originale.eml", "message/rfc822", inner),)), LOOP)
    assert mime.attachment(raw, "2") == inner


INJECTIONS = [
    "=0D=0ABcc: x@y.example",
    "a\r\nBcc: x@y.example",
    "a\nBcc: x@y.example",
    "a\rBcc: x@y",
    "a\0b",
    "a\u2028Bcc: x@y",
]


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("where", ["subject", "sender_name", "message_id", "in_reply_to", "reply_to", "auto_submitted"])
def test_no_text_can_add_a_header(text: str, where: str) -> None:
    """B-042."""
    changes: dict[str, Any] = {where: text}
    raw = compose(replace(MAIL, **changes), LOOP)
    assert "bcc" not in {name.lower() for name in message_from_bytes(raw)}


def test_a_further_header_cannot_replace_one_of_ours_nor_break_its_line() -> None:
    raw = compose(replace(MAIL, headers=(("X-Ticket", "1\r\nBcc: x@y"), ("From", "x@y"), ("Bad Name", "z"))), LOOP)
    found = message_from_bytes(raw)
    assert (found["X-Ticket"], found.get_all("From"), found["Bcc"], found["Bad Name"]) == (
        "1 Bcc: x@y",
        ["Assistenza Comune <assistenza@centralino.example>"],
        None,
        None,
    )


@pytest.mark.parametrize(
    "address", ["a@b>\r\nRCPT TO:<x@y", "a@b, c@d", "", "solo", "a b@c.example", "a@b\0", "<a@b.example>"]
)
def test_what_is_no_address_is_no_recipient(address: str) -> None:
    assert plain_address(address) == ""


@pytest.mark.parametrize(
    ("address", "expected"), [(" a.b+c@x.example ", "a.b+c@x.example"), ("a@città.example", "a@xn--citt-3na.example")]
)
def test_an_address_is_given_as_the_wire_wants_it(address: str, expected: str) -> None:
    assert plain_address(address) == expected


@settings(max_examples=200, deadline=None)
@given(HOSTILE, HOSTILE, st.text(max_size=300), HOSTILE)
def test_any_texts_give_ascii_lines_with_crlf_none_too_long(subject: str, name: str, text: str, file: str) -> None:
    mail = replace(MAIL, subject=subject, sender_name=name, text=text, attachments=(replace(PDF, name=file),))
    raw = compose(mail, LOOP)
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@given(HOSTILE)
def test_any_subject_leaves_exactly_the_headers_that_are_ours(subject: str) -> None:
    names = [name for name, _ in message_from_bytes(compose(replace(MAIL, subject=subject), LOOP)).items()]
    assert names == [
        "Date", "From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "X-Loop",
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["riga " * 500, "parola" * 500, "From qui\n.\n..", "a \nb\t\n", "è" * 2000, "", "\r\n\r\n"]
)
def test_any_text_arrives_as_it_was_but_for_line_ends(text: str) -> None:
    found = message_from_bytes(compose(replace(MAIL, text=text), LOOP), policy=default)
    assert found.get_content().replace("\r\n", "\n").rstrip("\n") == text.replace("\r\n", "\n").rstrip("\n")


def test_the_references_of_a_long_conversation_keep_its_first_and_its_last() -> None:
    raw = compose(replace(MAIL, references=tuple(f"{n}@x.example" for n in range(300))), LOOP)
    found = mime.read(raw, own=OWN).references
    assert (found[0], found[-1], len(found)) == ("0@x.example", "299@x.example", 20)


def test_a_further_field_without_end_leaves_a_header_that_is_still_read() -> None:
    raw = compose(replace(MAIL, headers=(("X-Nota", "a:1" * 100_000),)), LOOP)
    assert mime.read(raw, own=OWN).readable


def test_a_recipient_without_end_is_no_address_and_costs_no_time() -> None:
    start = time.process_time()
    assert plain_address("a@" + "\u00e8" * 300_000) == ""
    assert time.process_time() - start < 0.5


def test_a_run_of_blanks_makes_no_line_of_blanks_alone_nor_one_too_long() -> None:
    """RFC 5322 §3.2.2. Found by `make fuzz`, target compose."""
    noted = "a" + " " * 1_500 + "b"
    lines = compose(replace(MAIL, headers=(("X-Nota", noted),)), LOOP).split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(line.isspace() for line in lines)
    found = message_from_bytes(b"\r\n".join(lines), policy=default)
    assert found["X-Nota"] == noted


def test_words_that_end_in_a_colon_are_folded_like_others() -> None:
    """RFC 5322 §2.1.1. Found by `make fuzz`, target compose."""
    raw = compose(replace(MAIL, headers=(("X-Nota", "RIF: " * 400),)), LOOP)
    assert max(map(len, raw.split(b"\r\n"))) <= 76


def test_a_text_that_quotes_many_parts_of_mails_is_read_as_it_was() -> None:
    """Found by `make fuzz`, target compose: it counted as nested too deep to be read."""
    quoted = "\n".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}" for n in range(700))
    assert mime.read(compose(replace(MAIL, text=quoted), LOOP), own=OWN).text == quoted
