"""How an input is spoilt: bytes, lines of a header block, parts of a mail, and tokens that have broken parsers before.

Everything is drawn from the `Random` that is handed in, so the same seed gives the same inputs on every machine.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    Mutation = Callable[[bytes, "Random"], bytes]

MAX_BYTES = 300_000
"""A mutated input is cut here; parsers have limits of their own for what is larger."""
MAX_SWELL = 120_000
"""Bytes of one token repeated: what takes the square of its length is seen at this size."""
MAX_ROUNDS = 6

SEPARATOR = b"\n\x1d\n"
"""Between the fields of an input that is several texts."""

TEXT_TOKENS = (
    b"\x00", b"\r", b"\n", b"\r\n", b"\t", b"\x0b\x0c", b"\x1b[2J", b"\x7f", b"\xc2\x85", b"\xe2\x80\xa8",
    b"\xed\xa0\x80", b"\xed\xb0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xff\xfe", b"\xef\xbf\xbf", b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae", b"\xe2\x80\x8b", b"\xc2\xa0", b"\xcc\x81" * 40, b"\xef\xb7\xba", b"\xc7\x84", b"\xc4\xb0",
    b"[2026000123]", b"[2026000123", b"\xd9\xa1\xd9\xa2\xd9\xa3", b"{ticket}", b"{", b"{{}}", b"%s%n", b"${x}",
    b"=cmd|' /C calc'!A0", b"@SUM(1)", b"+39 333 1234567", b"'\"<>&;", b"../../etc/passwd", b"CON.txt", b"..%2f",
    b"Re: ", b"RIF[1]: ", b"urgente", b"non urgente", b"riferimento n.: ", b"ABC-1", b"999999999999999999999",
    b"From ", b".\r\n", b"\r\nBcc: x@evil.example\r\n", b"\r\n\r\n", b"<script>", b" ", b"-", b"1", b"a",
)  # fmt: skip
MAIL_TOKENS = (
    b"=?utf-8?q?=00?=", b"=?utf-8?b?", b"=?utf-8?b?w6g?=", b"=?utf-8?b?w?= =?utf-8?b?6g==?=", b"=?x-unknown?q?=E8?=",
    b"=?utf-7?q?+AAA-?=", b"=?utf-16?b?2AA=?=", b"=?idna?q?xn--?=", b"=?punycode?q?a-b?=",
    b"=?unicode_escape?q?=5Cud800?=",
    b"=?utf-8*it?Q?a?=", b"=?iso-2022-jp?b?GyRC?=", b"=?hz?q?~{?=", b"=?rot13?q?a?=", b"=?zlib?b?eJw=?=", b"=?",
    b"?=", b'"', b"\\", b'\\"', b"(", b")", b"((((", b"(a\\", b"<", b">", b"<<>>", b"@", b"@@", b",", b";", b":",
    b"<a@b,@c:d@e>", b"group: a@b, c@d;", b"a@[IPv6:::1]", b'"a b"@c', b"a@" + b"b." * 200, b"<>",
    b"--", b"--=_x", b"\r\n--=_x--\r\n", b'boundary="=_x"', b"boundary=", b'boundary=""', b"boundary*0=a; boundary*1=b",
    b"charset=utf-16", b"charset=utf-7", b"charset=utf-32", b"charset=hex", b"charset=idna", b"charset=undefined",
    b'charset="\x00"', b"charset=" + b"x" * 300, b"charset*=utf-8''%00", b"filename*=utf-8''%ED%A0%80%2F..%00",
    b"filename*0*=x'", b"filename*999999=a", b"filename*0=a; filename*0=b", b'filename="../../a\x00b"',
    b"filename=" + b"a" * 400,
    b"name*1=b; name*0=a", b"; ;;=;a=;=b", b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: multipart/mixed\r\n",
    b"Content-Type: multipart/digest; boundary=a\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Content-Transfer-Encoding: \xff\r\n", b"begin 644 a\r\n", b"M" * 61 + b"\r\n", b"=\r\n", b"=0", b"=ED=A0=80",
    b"====", b"AAA=AAAA",
    b"Date: Tue, 99 Foo 99999 99:99:99 +9999\r\n", b"Date: Mon, 1 Jan 0001 00:00:00 +2359\r\n",
    b"Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n", b"Message-ID: <[a]>\r\n", b"Message-ID: <" + b"a" * 1200 + b">\r\n",
    b"References: " + b"<a@b> " * 150 + b"\r\n", b"From: a, b, c\r\n", b"From: (((\r\n", b"Subject: \r\n \r\n\t\r\n",
    b"\r\n ", b"\r\n\t", b"X-Loop: ", b"Auto-Submitted: auto-replied\r\n", b"Return-Path: <>\r\n",
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n",
    b"Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    b"<table><tr><td>", b"</td></tr></table>", b"<div>", b"<ul><li>", b"<pre>", b"<!--", b"<![CDATA[", b"&#0;",
    b"&#xD800;", b"&amp" * 30,
    b"<meta charset=utf-16>", b"<style>", b"<td rowspan=65535 colspan=65535>", b"<ol start=99999999999><li>",
    b"Il giorno 1 gen 2026 alle ore 10 ", b" ha scritto:\r\n", b"> ", b">" * 200,
    b"-----Messaggio originale-----\r\n", b"Da: a\r\nInviato: b\r\n",
    b"Fax ricevuto da: ", b"fax da +39070123456 (3 pagine)", b"CommID: c0001\r\n",
    b"Ricevuto il: 31/12/9999 23:59:59\r\n",
    b"Pages: 99999999999\r\n", b"Received: 2026-10-25 02:30 CET\r\n",
    b"Data: 01/01/0001 00:00\r\n", b"Numero: " + b"+39 " * 60,
)  # fmt: skip
TOML_TOKENS = (
    b"nan", b"inf", b"-1", b"0", b"9223372036854775808", b"1e400", b"true", b'""', b'"\\u0000"', b"[]", b"{}", b"[[]]",
    b"1979-05-27", b"1979-05-27T07:32:00Z", b"07:32:00", b"0001-01-01", b"9999-12-31", b'"25:99"', b'"08:00-08:00"',
    b'"24:00"',
    b'"P1D"', b'"99999999999d"', b'"1e9h"', b'"-5m"', b'"\xe2\x88\x9e"', b"[a]\n", b"[[a]]\n", b'"\xd9\xa1"',
    b'"+39"', b'"@"', b'"a@\xc3\xa9"',
    b'"host:99999"', b'"[::1]:25"', b'":"', b'"sqlite:///"', b'"postgresql://"', b'{credential = "../x"}',
    b'{file = "/nonexistent"}',
    b'"Europe/\\u0000"', b'"../../etc"', b'"Europe/Rome"', b"=", b"#", b"'''", b'"""', b"\\", b"[", b"]", b"\xff",
    b'"29/02"', b'"2026-W53"',
)  # fmt: skip

_TOML_VALUE = re.compile(rb"(?m)^([ \t]*[A-Za-z0-9_.\"-]+[ \t]*=[ \t]*)(.*)$")


def spoilt(raw: bytes, rng: Random, mutations: Sequence[Mutation]) -> bytes:
    """The input after one to six mutations."""
    for _ in range(rng.randint(1, MAX_ROUNDS)):
        raw = rng.choice(mutations)(raw, rng)[:MAX_BYTES]
    return raw


# ---------------------------------------------------------------------------------------------------------------- bytes


def _place(raw: bytes, rng: Random) -> int:
    """A place, more often near the beginning: that is where the structure is."""
    return min(rng.randint(0, len(raw)), rng.randint(0, len(raw))) if rng.random() < 0.5 else rng.randint(0, len(raw))


def flip(raw: bytes, rng: Random) -> bytes:
    """A few bytes become others."""
    spoiled = bytearray(raw)
    for _ in range(rng.randint(1, 8) if raw else 0):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    return bytes(spoiled)


def cut(raw: bytes, rng: Random) -> bytes:
    """A slice is missing, or the end."""
    start = _place(raw, rng)
    end = len(raw) if rng.random() < 0.2 else min(len(raw), start + rng.choice((1, 4, 40, 400)))
    return raw[:start] + raw[end:]


def double(raw: bytes, rng: Random) -> bytes:
    """A slice comes several times."""
    start = _place(raw, rng)
    piece = raw[start : start + rng.choice((1, 8, 64, 600))]
    return raw[:start] + piece * rng.choice((2, 3, 20)) + raw[start:]


def move(raw: bytes, rng: Random) -> bytes:
    """A slice stands elsewhere."""
    start, to = _place(raw, rng), _place(raw, rng)
    piece = raw[start : start + rng.choice((2, 20, 200))]
    return raw[:to] + piece + raw[to:]


def token(tokens: Sequence[bytes]) -> Mutation:
    """Puts one of these somewhere in, alone."""

    def put(raw: bytes, rng: Random) -> bytes:
        place = _place(raw, rng)
        return raw[:place] + rng.choice(tokens) + raw[place:]

    return put


def swell(tokens: Sequence[bytes]) -> Mutation:
    """Puts one of these in many times: what is not linear shows."""

    def put(raw: bytes, rng: Random) -> bytes:
        place, piece = _place(raw, rng), rng.choice(tokens)
        if rng.random() < 0.3:
            piece += rng.choice(tokens)
        size = rng.choice((*(200,) * 6, *(5_000,) * 3, MAX_SWELL))
        return raw[:place] + piece * max(1, size // len(piece)) + raw[place:]

    return put


# ---------------------------------------------------------------------------------------------------------------- lines


def _line_at(lines: list[bytes], rng: Random) -> int:
    return rng.randrange(min(len(lines), 40) if rng.random() < 0.6 else len(lines))


def swap_lines(raw: bytes, rng: Random) -> bytes:
    """Two lines change places."""
    lines = raw.splitlines(keepends=True) or [b""]
    one, other = _line_at(lines, rng), _line_at(lines, rng)
    lines[one], lines[other] = lines[other], lines[one]
    return b"".join(lines)


def double_line(raw: bytes, rng: Random) -> bytes:
    """A line comes again, sometimes very often."""
    lines = raw.splitlines(keepends=True) or [b""]
    number = _line_at(lines, rng)
    return b"".join((*lines[:number], lines[number] * rng.choice((2, 2, 2, 1_500)), *lines[number:]))


def drop_line(raw: bytes, rng: Random) -> bytes:
    """A line is missing."""
    lines = raw.splitlines(keepends=True) or [b""]
    del lines[_line_at(lines, rng)]
    return b"".join(lines)


def line_ends(raw: bytes, rng: Random) -> bytes:
    """All line ends, or one of them, are of another kind."""
    ending = rng.choice((b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n"))
    if rng.random() < 0.5:
        return re.sub(rb"\r\n|\n", lambda _: ending, raw)
    place = raw.find(b"\n", _place(raw, rng))
    return raw if place < 0 else raw[:place].rstrip(b"\r") + ending + raw[place + 1 :]


def header_value(tokens: Sequence[bytes]) -> Mutation:
    """The value of a header field, or a piece of it, becomes a token."""

    def replace(raw: bytes, rng: Random) -> bytes:
        lines = raw.splitlines(keepends=True) or [b""]
        number = _line_at(lines, rng)
        name, colon, value = lines[number].partition(b":")
        kept = value.rstrip(b"\r\n") if rng.random() < 0.4 else b""
        lines[number] = name + (colon or b":") + b" " + kept + rng.choice(tokens).rstrip(b"\r\n") + b"\r\n"
        return b"".join(lines)

    return replace


# ----------------------------------------------------------------------------------------------------------------- MIME


def _head(kind: bytes) -> bytes:
    return b"From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n\r\n"


def nest(raw: bytes, rng: Random) -> bytes:
    """The mail lies in others: as a message, as a part, in an encoding."""
    for level in range(rng.choice((1, 2, 5, 120))):
        if rng.random() < 0.5:
            raw = _head(b"message/rfc822") + raw
        else:
            mark = b"n%d" % level
            kind = rng.choice((b"mixed", b"alternative", b"related", b"report", b"digest", b"signed"))
            inner = rng.choice((b"Content-Type: message/rfc822\r\n\r\n", b""))
            head = _head(b"multipart/" + kind + b"; boundary=" + mark)
            raw = head + b"--" + mark + b"\r\n" + inner + raw + b"\r\n--" + mark + b"--\r\n"
        if len(raw) > MAX_BYTES:
            break
    return raw


def many_parts(raw: bytes, rng: Random) -> bytes:
    """The first part of the mail comes very often."""
    found = re.search(rb'(?i)boundary="?([^\s";]{1,70})', raw)
    if found is None:
        return nest(raw, rng)
    mark = b"--" + found[1]
    pieces = raw.split(mark, 2)
    if len(pieces) < 3:
        return raw
    times = rng.choice((2, 10, 300, 1_100))
    return pieces[0] + (mark + pieces[1][:2_000]) * times + mark + pieces[2]


def other_boundary(raw: bytes, rng: Random) -> bytes:
    """One use of the boundary, or its declaration, is another."""
    found = re.search(rb'(?i)boundary="?([^\s";]{1,70})', raw)
    if found is None:
        return raw
    return raw.replace(found[1], rng.choice((found[1] + b"-", found[1][:-1], b"", b"--", b"\xff")), rng.randint(1, 3))


def other_encoding(raw: bytes, rng: Random) -> bytes:
    """A transfer encoding or a charset is not the one that was used."""
    if rng.random() < 0.5:
        word = rng.choice((b"base64", b"quoted-printable", b"x-uuencode", b"binary", b"8bit", b"\x00"))
        return re.sub(rb"(?i)(content-transfer-encoding:[ \t]*)[^\r\n]*", lambda found: found[1] + word, raw, count=1)
    word = rng.choice((
        b"utf-16", b"utf-7", b"utf-32", b"iso-2022-jp", b"iso-2022-kr", b"hz", b"big5", b"gb18030", b"cp037", b"koi8-r",
        b"shift_jis", b"idna", b"unicode_escape", b"x", b"cp65001", b"mac-roman", b"tis-620", b"johab", b"euc-kr",
    ))  # fmt: skip
    return re.sub(rb"(?i)(charset=)\"?[^\s\";]*\"?", lambda found: found[1] + word, raw, count=rng.randint(0, 2))


# ----------------------------------------------------------------------------------------------------------------- TOML


def toml_value(raw: bytes, rng: Random) -> bytes:
    """One value becomes another: a token, or the value of another key."""
    found = list(_TOML_VALUE.finditer(raw))
    if not found:
        return raw
    one = rng.choice(found)
    value = rng.choice(TOML_TOKENS) if rng.random() < 0.6 else rng.choice(found)[2]
    return raw[: one.start(2)] + value + raw[one.end(2) :]


def toml_key(raw: bytes, rng: Random) -> bytes:
    """One line of key and value stands under another key, or in another table."""
    found = list(_TOML_VALUE.finditer(raw))
    if not found:
        return raw
    one, other = rng.choice(found), rng.choice(found)
    if rng.random() < 0.5:
        return raw[: one.start(1)] + other[1] + raw[one.end(1) :]
    return raw[: one.start()] + other[0] + b"\n" + raw[one.start() :]


def uncomment(raw: bytes, rng: Random) -> bytes:
    """A setting that is only shown becomes one that counts."""
    found = list(re.finditer(rb"(?m)^#[ \t]*(?=\[|[a-z_]+[ \t]*=)", raw))
    if not found:
        return raw
    one = rng.choice(found)
    return raw[: one.start()] + raw[one.end() :]


PLAIN: tuple[Mutation, ...] = (flip, cut, double, move)
LINES: tuple[Mutation, ...] = (swap_lines, double_line, drop_line, line_ends)
TEXT: tuple[Mutation, ...] = (*PLAIN, token(TEXT_TOKENS), token(TEXT_TOKENS), swell(TEXT_TOKENS))
MAIL: tuple[Mutation, ...] = (
    *PLAIN,
    *LINES,
    token(TEXT_TOKENS),
    *(token(MAIL_TOKENS),) * 3,
    *(header_value(MAIL_TOKENS),) * 3,
    swell(MAIL_TOKENS),
    nest,
    many_parts,
    other_boundary,
    other_encoding,
)
TOML: tuple[Mutation, ...] = (
    *PLAIN,
    *LINES,
    token(TOML_TOKENS),
    *(toml_value,) * 6,
    *(toml_key,) * 3,
    *(uncomment,) * 2,
)
TIFF: tuple[Mutation, ...] = (*(flip,) * 3, cut, double, move)
