"""A mail is read as a value, whatever its bytes."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mail import mime, prescan
from adapters.mail.parts import tree
from gateway.domain.intake import Address, MailReading
from gateway.domain.phrases import unread_because

OWN = mime.OwnMail(frozenset({"assistenza@centralino.example"}), "centralino-7f3a")
HEAD = b"From: Anna <anna@ente.example>\r\nMessage-ID: <1@ente.example>\r\nDate: Sat, 26 Dec 2026 03:01:00 +0100\r\n"


def read(raw: bytes) -> MailReading:
    return mime.read(raw, own=OWN)


def mail(head: bytes = b"", body: bytes = b"Buongiorno") -> bytes:
    return HEAD + head + b"\r\n" + body


def mixed(*parts: bytes) -> bytes:
    inner = b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
    return mail(b"Content-Type: multipart/mixed; boundary=b\r\n", inner + b"--b--\r\n")


def is_storable(reading: MailReading) -> bool:
    texts = [reading.subject, reading.text, reading.new_text, reading.html or "", *reading.defects]
    texts += [one for a in reading.senders + reading.to + reading.cc for one in (a.name, a.address)]
    texts += [one for a in reading.attachments for one in (a.name, a.shown_name, a.type, a.content_id or "")]
    texts += [reading.message_id or "", *reading.references, *reading.in_reply_to, reading.automatic or ""]
    return all("\0" not in text and text.encode("utf-8") is not None for text in texts)


_FRAGMENTS = st.sampled_from(
    [
        b"From: ", b"Subject: ", b"Message-ID: <[", b"Date: ", b"To: ((((", b"\r\n", b"\r\n\r\n", b"\n", b"\r",
        b"--b", b"--",
        b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822", b"Content-Type: text/html",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b", b"; charset=idna",
        b"; charset=utf-7",
        b"Content-Type: message/delivery-status", b"Content-Transfer-Encoding: base64", b"=?utf-8?q?=0d=0a?=",
        b"=?x?b?=?=",
        b"Content-Transfer-Encoding: x-uuencode", b"begin 644 x\r\nM",
        b"Content-Disposition: attachment; filename*0*=a''%",
        b"\0", b"\xe8", b"\xed\xa0\x80", b"<", b">", b"ha scritto:", b"> ", b" ", b"\t", b":", b";", b'"', b"\\",
        b"@", b"+99999999",
    ]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=400), st.lists(st.one_of(_FRAGMENTS, st.binary(max_size=6)), max_size=40).map(b"".join)
    )
)
def test_any_bytes_are_read_without_an_exception_into_text_that_databases_take(raw: bytes) -> None:
    assert is_storable(mime.read(raw, own=OWN))


POISON = [
    b"Message-ID: <[bad]>", b"From: =?utf-8?q?a=0d=0aBcc:_x@y.example?= <a@b.example>",
    b"Date: 1 Jan 2026 +99999999999999",
    b"Date: Thu, 32 Foo 99999 99:99", b"To: " + b"(" * 500, b"Subject: =?idna?q?a?=",
    b"Content-Type: text/plain; charset=idna",
    b"Content-Type: text/plain; charset=x-unknown", b"Content-Type: text/plain; charset=cp-850",
    b"Content-Type: a/b/c; =;;=",
    b"Content-Type: text/plain; charset=unicode_escape", b"References: <<>>>", b"From: \xff\xfe\x00",
    b"Subject: a\x00b",
    b"Content-Disposition: attachment; filename*=x'y", b"Content-Transfer-Encoding: \xff",
]  # fmt: skip


@pytest.mark.parametrize("line", POISON)
def test_a_header_that_makes_the_standard_reader_raise_is_read_with_the_rest_of_the_mail(line: bytes) -> None:
    """B-031, F9."""
    reading = read(line + b"\r\nReply-To: anna@ente.example\r\n\r\nTesto")
    assert reading.readable
    assert reading.reply_to == (Address("", "anna@ente.example"),)


@pytest.mark.parametrize("name", ["From", "Subject", "Message-ID", "Date"])
def test_two_of_a_header_that_may_stand_once_are_flagged(name: str) -> None:
    """B-041."""
    raw = mail(b"Subject: uno\r\n" + name.encode() + b": altro@ente.example\r\n")
    assert f"duplicate header {name}" in read(raw).defects


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"<a@b>", "a@b"),
        (b"<[bad]>", "[bad]"),
        (b"<>", None),
        (b"", None),
        (b"<" + b"a" * 5000 + b">", None),
        (b"a@b", "a@b"),
    ],
)
def test_a_message_id_is_given_without_brackets_or_not_at_all(value: bytes, expected: str | None) -> None:
    """B-061."""
    assert read(b"Message-ID: " + value + b"\r\n\r\nx").message_id == expected


def test_the_content_key_is_the_same_whatever_the_servers_on_the_way_add() -> None:
    by_imap = b"Return-Path: <anna@ente.example>\r\nReceived: from a by b\r\n" + mail()
    assert read(by_imap).content_key == read(mail()).content_key


@pytest.mark.parametrize("change", [(b"anna", b"anno"), (b"<1@", b"<2@"), (b"03:01", b"03:02"), (b"Buon", b"buon")])
def test_the_content_key_differs_when_id_sender_date_or_body_differ(change: tuple[bytes, bytes]) -> None:
    assert read(mail().replace(*change)).content_key != read(mail()).content_key


def test_the_date_is_given_in_utc() -> None:
    assert read(mail()).date == datetime(2026, 12, 26, 2, 1, tzinfo=UTC)


def test_a_subject_cannot_carry_a_line_end_out_of_an_encoded_word() -> None:
    assert "\n" not in read(mail(b"Subject: =?utf-8?q?a=0D=0ABcc=3A_x=40y?=\r\n")).subject


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"=?utf-8?Q?Perch=C3=A9?= =?utf-8?q?_no?=", "Perché no"),
        (b"=?utf-8?B?w6jD?= =?utf-8?B?qA==?=", "èè"),
        (b"=?iso-8859-1?q?citt=E0?=", "città"),
        (b"=?windows-1252?q?=80_10?=", "€ 10"),
        (b"Citt\xe0", "Città"),
        (b"Citt\xc3\xa0", "Città"),
        (b"=?utf-8?q?rotto", "=?utf-8?q?rotto"),
        (b"=?gb2312?B?z7u1xA==?=", "匣的"),
        (b"=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        (b"=?x-unknown?q?citt=E0?=", "città"),
        (b"=?utf-7?q?citt\xc3\xa0?=", "città"),
        (b"a\r\n folded", "a folded"),
    ],
)
def test_a_subject_is_decoded(value: bytes, expected: str) -> None:
    assert read(mail(b"Subject: " + value + b"\r\n")).subject == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Anna@Ente.EXAMPLE", (Address("", "Anna@ente.example"),)),
        (b"Rossi, Mario <m@x.example>", (Address("Rossi, Mario", "m@x.example"),)),
        (
            b'"Rossi, Mario" <m@x.example>, b@x.example',
            (Address("Rossi, Mario", "m@x.example"), Address("", "b@x.example")),
        ),
        (b"=?utf-8?q?Ros=C3=A8=2C_Anna?= <a@x.example>", (Address("Rosè, Anna", "a@x.example"),)),
        (b"Gruppo: a@x.example, b@x.example;", (Address("", "a@x.example"), Address("", "b@x.example"))),
        (b"=?utf-8?q?Anna_=3Ca=40x=2Eexample=3E?=", (Address("Anna", "a@x.example"),)),
    ],
)
def test_an_address_field_gives_names_and_addresses(value: bytes, expected: tuple[Address, ...]) -> None:
    assert read(mail(b"To: " + value + b"\r\n")).to == expected


@pytest.mark.parametrize(
    ("charset", "body", "expected"),
    [
        (b"us-ascii", "perché".encode(), "perché"),
        (b"iso-8859-1", "perché €".encode("cp1252"), "perché €"),
        (b"utf-8", "perché".encode("cp1252"), "perché"),
        (b"cp-850", "perché".encode("cp850"), "perché"),
        (b"x-unknown", "più".encode("cp1252"), "più"),
        (b"utf-7", b"Hi +ANw-", "Hi Ü"),
        (b"hz-gb-2312", b"~{<:Ky2;~}", "己所不"),
        (b"gb2312", "邮件".encode("gb18030"), "邮件"),
        (b"big5", "郵件".encode("big5"), "郵件"),
        (b"koi8-r", "почта".encode("koi8_r"), "почта"),
        (b"iso-2022-jp", "メール".encode("iso2022_jp"), "メール"),
        (b"iso-8859-8-i", "דואר".encode("iso8859_8"), "דואר"),
    ],
)
def test_a_text_is_read_by_the_charset_that_it_declares_or_should_have_declared(
    charset: bytes, body: bytes, expected: str
) -> None:
    assert read(mail(b"Content-Type: text/plain; charset=" + charset + b"\r\n", body)).text == expected


def test_of_alternatives_the_plain_text_is_read_and_the_html_kept() -> None:
    raw = mail(
        b"Content-Type: multipart/alternative; boundary=b\r\n",
        b"--b\r\n\r\nCiao\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Ciao <b>HTML</b></p>\r\n--b--\r\n",
    )
    assert (read(raw).text, read(raw).html) == ("Ciao", "<p>Ciao <b>HTML</b></p>")


def test_of_alternatives_the_html_is_read_when_the_plain_text_is_empty() -> None:
    raw = mail(
        b"Content-Type: multipart/alternative; boundary=b\r\n",
        b"--b\r\n\r\n  \r\n--b\r\nContent-Type: text/html\r\n\r\n<style>x</style>Ciao<script>y</script>\r\n--b--\r\n",
    )
    assert read(raw).text == "Ciao"


def test_html_deeper_than_the_layout_engine_goes_is_still_read() -> None:
    assert read(mail(b"Content-Type: text/html\r\n", b"<div>" * 3000 + b"Aiuto")).text == "Aiuto"


def test_every_part_that_is_not_the_body_is_an_attachment_named_or_not() -> None:
    raw = mixed(
        b"\r\nTesto",
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==",
        b"Content-Type: application/pdf; name=a.pdf\r\n\r\n%PDF",
    )
    found = [(one.name, one.type, one.size, one.part) for one in read(raw).attachments]
    assert found == [("parte-2.png", "image/png", 4, "2"), ("a.pdf", "application/pdf", 4, "3")]


def test_the_bytes_of_an_attachment_are_read_again_by_its_part() -> None:
    content = bytes(range(256))
    raw = mixed(
        b"\r\nTesto", b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(content)
    )
    found = read(raw).attachments[0]
    assert (mime.attachment(raw, found.part), found.sha256) == (content, hashlib.sha256(content).hexdigest())


def test_an_8bit_attachment_keeps_its_bytes() -> None:
    content = bytes(byte for byte in range(256) if byte not in b"\r\n")
    raw = mixed(b"\r\nTesto", b"Content-Type: a/b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + content)
    assert mime.attachment(raw, "2") == content


def test_asking_for_a_part_that_is_not_there_is_an_error_with_its_name() -> None:
    with pytest.raises(LookupError, match=r"7\.7"):
        mime.attachment(mail(), "7.7")


def test_a_nested_message_is_kept_byte_for_byte_and_its_attachments_are_listed_too() -> None:
    inner = mixed(b"\r\nInterno", b"Content-Type: application/pdf; name=x.pdf\r\n\r\n%PDF")
    raw = mail(
        b"Content-Type: multipart/mixed; boundary=o\r\n",
        b"--o\r\n\r\nVedi\r\n--o\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--o--\r\n",
    )
    reading = read(raw)
    assert mime.attachment(raw, "2") == inner
    assert [(one.part, one.name) for one in reading.attachments] == [("2", "parte-2.eml"), ("2.2", "x.pdf")]
    assert mime.attachment(raw, "2.2") == b"%PDF"


ENCLOSED = b"From: anna@ditta.example\r\nSubject: Guasto\r\n%s\r\nLa stampante \xc3\xa8 ferma.\r\n"


@pytest.mark.parametrize(
    ("own_words", "headers_inside", "text"),
    [
        (b"", b"", "La stampante \u00e8 ferma."),
        (b"Vedi", b"", "Vedi"),
        (b"", b"Auto-Submitted: auto-replied\r\n", ""),
    ],
    ids=["nothing of its own", "words of its own", "what a machine wrote"],
)
def test_a_mail_that_only_encloses_another_says_what_that_one_says(
    own_words: bytes, headers_inside: bytes, text: str
) -> None:
    """B-037: forwarded as an attachment without a word, the desk would have had an empty request."""
    raw = mixed(b"\r\n" + own_words, b"Content-Type: message/rfc822\r\n\r\n" + ENCLOSED % headers_inside)
    reading = read(raw)
    assert reading.text == reading.new_text == text
    assert [one.name for one in reading.attachments] == ["Guasto.eml"]


def test_a_mail_that_is_nothing_but_another_one_says_what_that_one_says() -> None:
    deeper = b"Subject: I: Guasto\r\nContent-Type: message/rfc822\r\n\r\n" + ENCLOSED % b""
    assert read(mail(b"Content-Type: message/rfc822\r\n", deeper)).text == "La stampante \u00e8 ferma."


@pytest.mark.parametrize(
    ("encoding", "body", "defect"),
    [
        (b"base64", b"Y2lhbw", "broken base64"),
        (b"base64", b"Y2lh*bw==", "broken base64"),
        (b"quoted-printable", b"ciao=ZZ", "broken quoted-printable"),
        (b"x-uuencode", b"nessun inizio", "broken uuencode"),
        (b"fantasia", b"ciao", "unknown transfer encoding"),
    ],
)
def test_a_broken_transfer_encoding_is_a_defect_and_the_text_is_kept(encoding: bytes, body: bytes, defect: str) -> None:
    reading = read(mail(b"Content-Transfer-Encoding: " + encoding + b"\r\n", body))
    assert reading.text
    assert any(defect in one for one in reading.defects)


def test_uuencoded_parts_are_decoded() -> None:
    part = b"Content-Type: a/b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n$8VEA;P``\r\n`\r\nend"
    assert mime.attachment(mixed(b"\r\nx", part), "2") == b"ciao"


def test_a_file_name_given_twice_takes_the_rfc_2231_one_and_says_so() -> None:
    """B-038."""
    part = b"Content-Type: a/b\r\nContent-Disposition: attachment; filename=a.pdf; filename*=utf-8''b.exe\r\n\r\nx"
    reading = read(mixed(b"\r\nx", part))
    assert reading.attachments[0].shown_name == "b.exe"
    assert "part 2 is also called 'a.pdf'" in reading.defects


def test_a_multipart_whose_boundary_never_comes_is_read_as_text() -> None:
    reading = read(mail(b"Content-Type: multipart/mixed; boundary=mai\r\n", b"Aiuto, non stampa"))
    assert "Aiuto, non stampa" in reading.text
    assert "multipart whose boundary never comes" in reading.defects


def test_fields_after_a_line_that_is_no_header_are_still_read() -> None:
    reading = read(b"X-Rotto: a\r\nriga senza campo\r\nSubject: Guasto\r\nFrom: a@x.example\r\n\r\nTesto")
    assert (reading.subject, reading.text) == ("Guasto", "Testo")


def _nested(levels: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(levels))
    return b"Subject: Bomba\r\n" + head + b"\r\nfondo"


LIMITS = {
    "more than 100 levels": _nested(1000),
    "more than 1000 parts": mail(
        b"Subject: Bomba\r\nContent-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\nx\r\n" * 2000
    ),
    "more than 262144 bytes of headers": b"Subject: Bomba\r\nX: " + b"a" * 300_000 + b"\r\n\r\nx",
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_mail_beyond_a_limit_is_not_read_but_its_headers_are(limit: str) -> None:
    """B-027 to B-030."""
    reading = read(LIMITS[limit])
    assert (reading.readable, reading.text, reading.subject) == (False, "", "Bomba")
    assert reading.defects[0] == f"not read: {limit}"
    assert "not read" not in unread_because(reading.defects)  # the desk is told in its language


@pytest.mark.parametrize("limit", LIMITS)
def test_a_mail_beyond_a_limit_goes_to_the_child(limit: str) -> None:
    assert mime.needs_child(LIMITS[limit])


def test_a_mail_over_one_megabyte_goes_to_the_child() -> None:
    assert mime.needs_child(mail(body=b"a" * 1_000_001))


def test_an_ordinary_mail_is_read_in_process() -> None:
    assert not mime.needs_child(mixed(b"\r\nx", b"Content-Type: a/b\r\n\r\ny"))


def test_a_mail_with_just_the_allowed_levels_is_read() -> None:
    assert "fondo" in read(_nested(100)).text


HIDDEN = [
    b"boundary*=us-ascii''%c", b"boundary*0=%c; boundary*1=", b'boundary="<%c>"',
    b'x="boundary=y"; boundary=%c', b"\r\n boundary=%c", b"boundary=\x1c%c", b'boundary="%c\x1f"',
]  # fmt: skip


@pytest.mark.parametrize("written", HIDDEN)
def test_parts_are_counted_however_their_boundary_is_written(written: bytes) -> None:
    """B-031: what is counted is never less than what a parser meets."""
    head = b"Content-Type: multipart/mixed; " + written % b"b" + b"\r\n"
    raw = mail(head, b"--b\r\n\r\nx\r\n" * 30)
    assert len(tree(raw).children) == 30
    assert mime.prescan(raw).parts >= 30


def test_a_boundary_that_is_called_boundary_is_none_that_is_hidden() -> None:
    raw = mail(b'Content-Type: multipart/mixed; boundary="boundary_1"\r\n', b"--boundary_1\r\n\r\n" + b"--\r\n" * 2_000)
    assert mime.prescan(raw).parts == 1


def test_the_end_of_a_part_that_never_began_hides_none() -> None:
    """The standard parser passes over it. Found by `make fuzz`, target prescan."""
    inner = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n" + b"--i\r\n\r\nx\r\n" * 30
    raw = mail(b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n--b--\r\n" + inner)
    assert len(tree(raw).children[0].children) == 30
    assert mime.prescan(raw).parts > 30


def test_a_boundary_on_a_line_of_its_own_counts() -> None:
    """It is read as more of the field before it, after the first attempt."""
    raw = mail(b"Content-Type: multipart/mixed;\r\nboundary=b\r\n", b"--b\r\n\r\nx\r\n" * 2_000)
    assert read(raw).defects[0] == "not read: more than 1000 parts"


def test_blank_lines_before_the_headers_hide_none_of_them() -> None:
    raw = b"\r\n\r\n" + LIMITS["more than 262144 bytes of headers"]
    assert read(raw).defects[0] == "not read: more than 262144 bytes of headers"


def test_what_a_text_or_an_attached_message_says_of_parts_is_not_counted() -> None:
    quoted = b"".join(b"Content-Type: multipart/mixed; boundary=q%d\r\n\r\n--q%d\r\n" % (n, n) for n in range(500))
    scan = mime.prescan(mixed(b"\r\n" + quoted, b"Content-Type: message/rfc822\r\n\r\n" + quoted))
    assert (scan.levels, scan.parts) == (1, 2)


def test_the_messages_in_a_mail_have_a_thousand_parts_together_and_the_others_stay_files() -> None:
    """B-031: each of them was within the limits, and 900 KB of them took four seconds."""
    forwarded = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n" + b"--i\r\nContent-Type: a/b\r\n\r\nx\r\n" * 300
    raw = mixed(*[b"Content-Type: message/rfc822\r\n\r\n" + forwarded] * 5)
    found = [attachment.part for attachment in read(raw).attachments]
    assert len(found) == 5 + 3 * 300
    assert mime.attachment(raw, found[-3]) == b"x"
    assert mime.attachment(raw, found[-1]).rstrip() == forwarded.rstrip()


BOMBS = [
    b"To: " + b"@" * 250_000, b"From: " + b"a ," * 80_000, b"Subject: " + b"Re: " * 60_000,
    b"Subject: [" + b"A" * 250_000 + b"x",
    b"Subject: " + b"=?a?q?" * 40_000, b"References: " + b"<a@b> " * 40_000, b"To: " + b"(" * 250_000,
    b"Content-Type: x/y\r\nContent-Disposition: a" + b"".join(b"; filename*%d*=a" % n for n in range(8000)),
    b"X: y\r\n\r\n" + b"Il " * 300_000, b"X: y\r\n\r\n" + b"Il x\n:\n" * 100_000,
    b"X: y\r\n\r\n" + b"From: a\n" * 100_000,
    b"Content-Type: text/html\r\n\r\n" + b"<" * 900_000, b"X: y\r\n\r\n" + b"\n" * 900_000,
    b"From: mailer-daemon@x.example\r\n\r\n" + b"550 a@b " * 100_000,
    b"Content-Type: multipart/mixed; " + b"boundary=" * 25_000,
]  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_no_mail_up_to_one_megabyte_takes_seconds(bomb: bytes) -> None:
    """B-030, B-032: what is not linear takes minutes here; the bound leaves room for a busy machine."""
    start = time.process_time()
    read(bomb + b"\r\n\r\nx")
    assert time.process_time() - start < 4


@pytest.mark.parametrize(
    ("raw", "has_id", "has_date"),
    [
        (mail(), True, True),
        (b"Message-ID: <>\r\nDate:\r\n\r\nMessage-ID: <a@b>", False, False),
        (b"Message-ID:\r\n <a@b>\r\n\r\nx", True, False),
        (b"\r\nDate: oggi\r\n\r\n", False, False),
    ],
)
def test_the_door_learns_whether_a_mail_names_itself(raw: bytes, has_id: bool, has_date: bool) -> None:  # noqa: FBT001 - expected values
    assert mime.door_facts(raw) == mime.DoorFacts(has_id, has_date)


def test_whoever_files_a_mail_asks_several_times_and_it_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: the doors, the lane and the reading each ask whether a mail is within the limits."""
    looked: list[int] = []

    def counted(raw: bytes) -> prescan.PreScan:
        looked.append(len(raw))
        return mime.prescan(raw)

    monkeypatch.setattr(prescan, "prescan", counted)
    raw = mail(b"Subject: letta una volta\r\n")
    answers = [mime.needs_child(raw), mime.needs_child(raw), mime.needs_child(raw)]
    assert (answers, read(raw).readable, len(looked)) == ([False] * 3, True, 1)
