"""A mail as bytes. The same value always gives the same bytes, so what was previewed is what leaves.

Everything that is not ours to choose (subject, names, recipients, text) is cleaned here, not refused: a mail that
cannot be written would be tried for ever (B-042). Lines end in CRLF, none is longer than 998 bytes, all is ASCII.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import re
from collections.abc import Iterator
from email.utils import format_datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from adapters.mail.charsets import clean, clean_line
from adapters.mail.headers import MAX_ADDRESS
from adapters.mail.names import safe, shown
from gateway.domain.dispatch import OutgoingAttachment, OutgoingMail

MAX_LINE = 998
"""Bytes without CRLF (RFC 5322 §2.1.1)."""
FOLD_AT = 76
MAX_SUBJECT = 400
"""Characters of a subject that leaves: it may quote what somebody wrote to us."""
MAX_FIELD = 2_000
"""Characters of a further field: one that is longer would be no header that anybody reads, ourselves included."""
MAX_REFERENCES = 20
_BLANKS = " " * FOLD_AT
"""Where so many stand no line can be broken: a line of blanks alone is none of a header (RFC 5322 §3.2.2)."""
_WORD_BYTES = 42
"""UTF-8 bytes in one encoded word: 56 characters of base64 and the frame stay below 75 (RFC 2047 §2)."""

_ROME = ZoneInfo("Europe/Rome")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ID_CHARACTERS = re.compile(r"[^\x21-\x3b\x3d\x3f-\x7e]")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}")
_OURS = frozenset(
    (
        "from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "reply-to",
        "mime-version", "content-type", "content-transfer-encoding",
        "x-loop", "auto-submitted", "sender", "return-path",
    )
)  # fmt: skip


def compose(mail: OutgoingMail, loop_token: str) -> bytes:
    """The mail as it goes over the wire, without the final dot. Never raises on texts; drops what is no address.

    `loop_token` goes into X-Loop, by which we know our own mail when it comes back (RFC 3834 §2).
    """
    lines: list[str] = []
    for name, value in _head(mail, loop_token):
        lines.extend(_folded(name, value))
    lines.append("MIME-Version: 1.0")
    lines.extend(_body(mail))
    return "\r\n".join(lines).encode("ascii", "replace") + b"\r\n"


def _head(mail: OutgoingMail, loop_token: str) -> Iterator[tuple[str, str]]:
    yield "Date", format_datetime(mail.date.astimezone(_ROME))
    yield "From", _mailbox(mail.sender_name, mail.sender)
    recipients = [one for one in (plain_address(address) for address in mail.to) if one]
    yield "To", ", ".join(recipients) or "undisclosed-recipients:;"
    if mail.reply_to and plain_address(mail.reply_to):
        yield "Reply-To", plain_address(mail.reply_to)
    yield "Subject", words(clean_line(mail.subject).strip()[:MAX_SUBJECT])
    yield "Message-ID", f"<{_id(mail.message_id)}>"
    if mail.in_reply_to and _id(mail.in_reply_to):
        yield "In-Reply-To", f"<{_id(mail.in_reply_to)}>"
    references = _references(mail.references)
    if references:
        yield "References", " ".join(f"<{one}>" for one in references)
    if mail.auto_submitted:
        yield "Auto-Submitted", _printable(mail.auto_submitted)
    yield "X-Loop", _printable(loop_token)
    for name, value in mail.headers:
        if _FIELD_NAME.fullmatch(name) and name.lower() not in _OURS:
            yield name, words(clean_line(value).strip()[:MAX_FIELD])


def plain_address(address: str) -> str:
    """The address if it is one that can stand in a header and in an SMTP command, else an empty string.

    Whole or nothing: a part of "a@b> CR LF RCPT TO:<x@y>" is not what anybody meant to write to.
    """
    address = address.strip()
    if _MAILBOX.fullmatch(address):
        return address
    if len(address) > MAX_ADDRESS:  # the name encoder of Python needs seconds for what is longer and forged
        return ""
    local, at, domain = address.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
    except (UnicodeError, ValueError):
        return ""
    whole = f"{local}{at}{ascii_domain}"
    return whole if _MAILBOX.fullmatch(whole) else ""


def _mailbox(name: str, address: str) -> str:
    name = clean_line(name).strip()[:100]
    address = plain_address(address) or "invalid@invalid"
    if not name:
        return address
    if not name.isascii():
        return f"{words(name)} <{address}>"
    quoted = name if _ATOM.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{quoted} <{address}>"


def _id(text: str) -> str:
    return _ID_CHARACTERS.sub("", text.strip().strip("<>"))[:250]


def _references(ids: tuple[str, ...]) -> list[str]:
    usable = list(dict.fromkeys(one for one in (_id(text) for text in ids) if one))
    # RFC 5322 §3.6.4 asks for all; what is dropped for length is the middle, never the first or the last.
    return usable if len(usable) <= MAX_REFERENCES else [usable[0], *usable[1 - MAX_REFERENCES :]]


def _printable(text: str) -> str:
    return re.sub(r"[^\x20-\x7e]", "", text).strip()[:200]


def words(text: str) -> str:
    """The text as it may stand in a header: itself when it is plain ASCII, else encoded words (RFC 2047)."""
    is_plain = text.isascii() and "=?" not in text and _BLANKS not in text
    if is_plain and all(len(word) < FOLD_AT for word in text.split(" ")):
        return text
    return " ".join(f"=?utf-8?b?{base64.b64encode(piece.encode()).decode()}?=" for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    piece, size = "", 0
    for char in text:
        width = len(char.encode())
        if size + width > _WORD_BYTES:
            yield piece
            piece, size = "", 0
        piece += char
        size += width
    if piece:
        yield piece


def _folded(name: str, value: str) -> Iterator[str]:
    line = head = f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > FOLD_AT and line != head and line.strip():
            yield line
            line = ""
        line = f"{line} {word[: MAX_LINE - 80]}"
    yield line


def _body(mail: OutgoingMail) -> Iterator[str]:
    if not mail.attachments:
        yield from _text(mail.text)
        return
    boundary = "=_" + hashlib.sha256(mail.message_id.encode("utf-8", "replace")).hexdigest()[:40]
    yield f'Content-Type: multipart/mixed; boundary="{boundary}"'
    yield ""
    yield f"--{boundary}"
    yield from _text(mail.text)
    for number, one in enumerate(mail.attachments, 2):
        yield f"--{boundary}"
        yield from _file(one, number)
    yield f"--{boundary}--"


def _text(text: str) -> Iterator[str]:
    lines = clean(text).rstrip("\n").split("\n")
    joined = "\n".join(lines)
    # "=_" cannot occur in quoted-printable, nor any boundary: what is 7bit must not look like one, nor like "From ".
    is_plain = joined.isascii() and all(len(line) <= FOLD_AT + 2 and line[:5] != "From " for line in lines)
    is_plain = is_plain and "--=_" not in joined and not any(line.endswith((" ", "\t")) for line in lines)
    yield f"Content-Type: text/plain; charset={'us-ascii' if is_plain else 'utf-8'}"
    yield f"Content-Transfer-Encoding: {'7bit' if is_plain else 'quoted-printable'}"
    yield ""
    if is_plain:
        yield from lines
        return
    encoded = quopri.encodestring(joined.encode("utf-8", "replace")).decode("ascii")
    yield from (re.sub(r"^From ", "=46rom ", line) for line in encoded.split("\n"))


def _file(one: OutgoingAttachment, number: int) -> Iterator[str]:
    media_type = one.type.strip().lower()
    # RFC 2046 §5.2.1 forbids base64 on message/rfc822, and sent as it is a bare CR in it would travel on (F7).
    if not _TYPE.fullmatch(media_type) or media_type.startswith(("message/", "multipart/")):
        media_type = "application/octet-stream"
    name = safe(shown(one.name), media_type, str(number))
    yield f"Content-Type: {media_type}"
    yield "Content-Transfer-Encoding: base64"
    yield "Content-Disposition: attachment;"
    yield from _filename(name)
    yield ""
    yield from (
        base64.b64encode(one.content[place : place + 57]).decode("ascii") for place in range(0, len(one.content), 57)
    )


def _filename(name: str) -> Iterator[str]:
    """The name as parameter lines: plain when it is ASCII, else by RFC 2231, cut into sections when it is long."""
    if name.isascii() and len(name) <= 60:  # noqa: PLR2004 - one line
        yield f' filename="{name}"'
        return
    encoded = quote(name.encode(), safe="")
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,18}", encoded)
    if len(pieces) == 1:
        yield f" filename*=utf-8''{pieces[0]}"
        return
    for number, piece in enumerate(pieces):
        start = "utf-8''" if number == 0 else ""
        yield f" filename*{number}*={start}{piece}{';' if number < len(pieces) - 1 else ''}"
