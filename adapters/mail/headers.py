"""The header block of a mail: raw fields, encoded words, parameters, addresses, ids and dates. Nothing here raises.

Reading a header through the standard library's modern policy raises on real mail (`Message-ID: <[bad]>`, an encoded
line end in From, a date with an absurd zone), so each kind of value has its own reader with the raw text as fallback.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from adapters.mail.charsets import clean, clean_line, decode, encoded
from gateway.domain.intake import Address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_MESSAGE_ID = 998
"""Characters. Longer ones fit no database index and no SMTP line (RFC 5322 §2.1.1)."""
MAX_REFERENCES = 100
MAX_ADDRESS = 320
MAX_ADDRESS_FIELD = 32 * 1024
"""Characters of one address field that are read: the standard reader needs seconds for longer ones that are forged."""
MAX_PARAMETERS = 200

_EMPTY_LINE = re.compile(rb"\r\n\r\n|\n\r?\n|\r\r")
_ENCODED_WORD = re.compile(r"=\?([^?*\s]{1,64})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?]*)\?=")
_PARAMETER = re.compile(r';\s*([^\s=;"*]{1,80})(?:\*(\d{1,4}))?(\*)?\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_NO_SEMICOLON = re.compile(r"^(\s*[^\s;=\"]{1,200})[ \t]+(?=(?:boundary|charset|name|filename)\*?\s*=)", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BARE_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"@]{1,64}@[^\s<>()\[\]:;,\"@]{1,255}")
# Seen from Exchange: "<domain postmaster@domain>". Run together it would be an address that nobody has.
_WORD_BEFORE = re.compile(r"<[^<>@\s\"]{1,255}[ \t]{1,20}([^<>@\s\"]{1,64}@[^<>@\s\"]{1,255})>")
_ID = re.compile(r"<\s*([^<>\s]{1,2000})\s*>")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header block and the body of a message, both as they are. Linear; without an empty line all is header."""
    if raw[:1] in (b"\r", b"\n"):
        return b"", raw
    found = _EMPTY_LINE.search(raw)
    return (raw, b"") if found is None else (raw[: found.start()], raw[found.end() :])


def fields(block: bytes) -> list[tuple[str, bytes]]:
    """The fields of a header block: name in lower case, value as raw bytes with its folding."""
    found: list[tuple[str, bytes]] = []
    name, start, place = "", 0, 0
    for line in block.splitlines(keepends=True):
        if line[:1] not in b" \t":
            if name:
                found.append((name, block[start:place].strip(b" \t\r\n")))
            head, colon, _ = line.partition(b":")
            name = head.strip().decode("latin-1").lower() if colon else ""
            start = place + len(head) + 1
        place += len(line)
    if name:
        found.append((name, block[start:place].strip(b" \t\r\n")))
    return found


def mended_block(raw: bytes) -> bytes | None:
    """The message with the lines that are no header folded into the field before, or None when it gains nothing.

    Blanks between a field's name and its colon are taken out, and lines of blanks in a folded field (RFC 5322 §4).

    Some mailers break a long field without a blank, or put a line of their own on top: to a strict reader the rest
    of the block, From and Subject with it, is then body. It gains something only when known fields come after.
    """
    block, body = split(raw.lstrip(b"\r\n"))
    written = block[: 256 * 1024].splitlines()
    lines = [_SPACED_NAME.sub(rb"\1:", line) for line in written]
    stray = {number for number, line in enumerate(lines) if line and not FIELD_LINE.match(line)}
    odd = [number for number, line in enumerate(lines) if number in stray or line != written[number]]
    if not odd or not any(_KNOWN_FIELD.match(line) for line in lines[odd[0] :]):
        return None
    mended = [b" " + line if number in stray else line for number, line in enumerate(lines) if line.strip()]
    while mended and mended[0][:1] in (b" ", b"\t"):
        del mended[0]
    return b"\r\n".join(mended) + b"\r\n\r\n" + body


# RFC 5322 §4.5 lets old programs put blanks before the colon; the standard parser takes such a line for the body.
_SPACED_NAME = re.compile(rb"^([!-9;-~]{1,100})[ \t]{1,100}:")
FIELD_LINE = re.compile(rb"[ \t]|From |[!-9;-~]{1,100}[ \t]*:")
_KNOWN_FIELD = re.compile(rb"(?:from|subject|to|date|message-id|content-type|mime-version)[ \t]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Headers:
    """The fields of one header block in order, names in lower case, values unfolded and still encoded."""

    items: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Headers:
        """From name and value as the standard parser holds them (ASCII with surrogates for other bytes)."""
        return cls(tuple((name.strip().lower(), unfolded(value)) for name, value in pairs))

    @classmethod
    def of_bytes(cls, block: bytes) -> Headers:
        """From a raw header block."""
        return cls.of((name, value.decode("ascii", "surrogateescape")) for name, value in fields(block))

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a field, still encoded."""
        return tuple(value for key, value in self.items if key == name)

    def first(self, name: str) -> str | None:
        """The first value of a field, still encoded, or None."""
        for key, value in self.items:
            if key == name:
                return value
        return None

    def text(self, name: str) -> str:
        """The first value of a field, decoded, on one line; empty without the field."""
        value = self.first(name)
        return "" if value is None else decoded(value)

    def startswith(self, prefix: str) -> str | None:
        """The name of the first field whose name begins so, or None."""
        for key, _ in self.items:
            if key.startswith(prefix):
                return key
        return None


def unfolded(value: str) -> str:
    """The value on one line, bytes beyond ASCII decoded by the charset ladder."""
    if not value.isascii():
        value = _unescaped(value)
    if "\n" in value or "\r" in value:
        value = value.replace("\r", "").replace("\n", "")
    return value.strip()


def _unescaped(value: str) -> str:
    try:
        raw = value.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return clean(value)
    return decode(raw)[0]


def decoded(value: str) -> str:
    """The value with its encoded words decoded (RFC 2047), on one line, blanks at the ends removed.

    Words that follow each other are joined as bytes before they are decoded when they name the same charset: many
    mailers cut a character in two, which RFC 2047 §5 forbids. A broken word stays as it was written.
    """
    if "=?" not in value:
        return clean_line(value).strip()
    return clean_line("".join(_decoded_runs(value))).strip()


def _decoded_runs(value: str) -> Iterator[str]:
    place = 0
    charset: str | None = None
    run: list[bytes] = []
    for word in _ENCODED_WORD.finditer(value):
        between = value[place : word.start()]
        content = _word_bytes(word[2], word[3], word[1])
        if run and (between.strip() or charset != word[1].lower()):
            yield decode(b"".join(run), charset)[0]
            run = []
            between = between if between.strip() else ""
        elif run or (place and not between.strip()):
            between = ""
        if between:
            yield between
        charset = word[1].lower()
        run.append(content)
        place = word.end()
    if run:
        yield decode(b"".join(run), charset)[0]
    yield value[place:]


def _word_bytes(encoding: str, content: str, charset: str) -> bytes:
    raw = content.encode("ascii") if content.isascii() else encoded(content, charset)
    if encoding in "bB":
        return base64_bytes(raw)
    return _HEX.sub(lambda match: bytes((int(match[1], 16),)), raw.replace(b"_", b" "))


_NOT_BASE64 = bytes(
    byte for byte in range(256) if not (chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "+/="))
)


def base64_bytes(raw: bytes) -> bytes:
    """The decoded bytes of base64 that may be unpadded, cut short, dirty, or several pieces one after another."""
    packed = raw.translate(None, _NOT_BASE64)
    pieces = [packed] if b"=" not in packed.rstrip(b"=") else re.split(b"=+", packed)
    return b"".join(_base64_piece(piece.rstrip(b"=")) for piece in pieces)


def _base64_piece(piece: bytes) -> bytes:
    if len(piece) % 4 == 1:
        piece = piece[:-1]
    try:
        return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))
    except binascii.Error:
        return b""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A value with parameters, as in Content-Type: the value in lower case, each parameter decoded to text.

    `rivals` are values that the same parameter also had in another notation (plain beside RFC 2231).
    """

    value: str
    named: dict[str, str]
    rivals: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """The parameter, or None."""
        return self.named.get(name)


def parameters(value: str | None) -> Parameters:
    """Read a value with parameters (RFC 2045 §5.1, RFC 2231). Linear in its length.

    `name*=` (RFC 2231) wins over `name=`, whatever their order; the first of two equal notations wins.
    """
    if not value:
        return Parameters("", {})
    head, _, _ = value.partition(";")
    if len(head.split(None, 1)) > 1:  # only then a semicolon may be missing, and looking for it costs
        value = _NO_SEMICOLON.sub(r"\1; ", value, count=1)
        head, _, _ = value.partition(";")
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(value, len(head))):
        if count >= MAX_PARAMETERS:
            break
        name = match[1].lower()
        content = _unquoted(match[4])
        if match[2] is None and match[3] is None:
            plain.setdefault(name, content)
        else:
            extended.setdefault(name, {}).setdefault(int(match[2] or 0), (match[3] is not None, content))
    named = {name: decoded(content) if "=?" in content else clean_line(content) for name, content in plain.items()}
    rivals: list[tuple[str, str]] = []
    for name, sections in extended.items():
        whole = _rfc2231(sections)
        if name in named and named[name] != whole:
            rivals.append((name, named[name]))
        named[name] = whole
    return Parameters(head.strip().lower(), named, tuple(rivals))


def _unquoted(content: str) -> str:
    content = content.strip()
    if content[:1] != '"':
        return content
    content = content[1:-1] if len(content) > 1 and content.endswith('"') else content[1:]
    return _ESCAPED.sub(r"\1", content) if "\\" in content else content


def _rfc2231(sections: dict[int, tuple[bool, str]]) -> str:
    charset: str | None = None
    pieces: list[bytes] = []
    for order, (number, (is_extended, content)) in enumerate(sorted(sections.items())):
        piece = content
        if is_extended and (number == 0 or order == 0) and piece.count("'") >= 2:  # noqa: PLR2004 - charset'language'text
            charset, _, piece = piece.split("'", 2)
        raw = piece.encode("utf-8", "surrogateescape")
        pieces.append(unquote_to_bytes(raw) if is_extended else raw)
    text = clean_line(decode(b"".join(pieces), charset or None)[0])
    return decoded(text) if "=?" in text else text


def addresses(values: Iterable[str]) -> tuple[Address, ...]:
    """The mailboxes of address fields, groups flattened, names decoded, domains in lower case, without repetitions."""
    return tuple(dict.fromkeys(one for value in values for one in _mailboxes(value[:MAX_ADDRESS_FIELD])))


def _mailboxes(value: str) -> tuple[Address, ...]:
    return _short(value) if len(value) <= 512 else _long(value)  # noqa: PLR2004 - what the cache may hold of one mail


def _long(value: str) -> tuple[Address, ...]:
    return tuple(Address(name, address) for name, address in _pairs(value) if address or name)


_short = lru_cache(maxsize=256)(_long)


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    try:
        parsed = getaddresses([_WORD_BEFORE.sub(r"<\1>", value)])
    except (ValueError, IndexError, RecursionError, TypeError, AttributeError):
        parsed = []
    if not any("@" in address for _, address in parsed):
        parsed = _rescued(value) or parsed
    waiting: list[str] = []
    for name, address in parsed:
        if "@" not in address and not name and address:
            waiting.append(address)  # "Rossi, Mario <m.rossi@…>" without quotes: the surname belongs to what follows
            continue
        full = ", ".join((*waiting, name)) if waiting else name
        waiting = []
        if full or address:
            yield decoded(full), _address(address)
    for address in waiting:
        yield "", _address(address)


def _rescued(value: str) -> list[tuple[str, str]]:
    """What still looks like an address: in the decoded text, or anywhere between the debris."""
    text = decoded(value)
    if text != value and "@" in text:
        try:
            again = getaddresses([text])
        except (ValueError, IndexError, RecursionError, TypeError, AttributeError):
            again = []
        if any("@" in address for _, address in again):
            return again
    return [
        (text[: match.start()].strip(' "<(\t') if not index else "", match[0])
        for index, match in enumerate(_BARE_ADDRESS.finditer(text))
    ]


def _address(address: str) -> str:
    address = clean_line(address).replace(" ", "").strip("<>\"'")[:MAX_ADDRESS]
    if "=?" in address:
        address = decoded(address).replace(" ", "")[:MAX_ADDRESS]
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{domain.lower()}" if at else address


def message_ids(value: str | None) -> tuple[str, ...]:
    """The ids of an In-Reply-To or References field, without `<>`, the newest last; at most `MAX_REFERENCES`."""
    if not value:
        return ()
    found = _ID.findall(value) or [word.strip("<>,;") for word in value.split() if "@" in word]
    wanted = [clean_line(one) for one in found if len(one) <= MAX_MESSAGE_ID]
    unique = tuple(dict.fromkeys(one for one in wanted if one))
    # The first is the start of the conversation, the last ones its end: what is left out is the middle.
    return unique if len(unique) <= MAX_REFERENCES else unique[:1] + unique[1 - MAX_REFERENCES :]


def message_id(value: str | None) -> tuple[str | None, str | None]:
    """The id of a Message-ID field without `<>` and, when it is unusable, a defect. None without an id."""
    if value is None:
        return None, "no Message-ID"
    found = _ID.search(value)
    text = clean_line(found[1] if found else value).strip(" <>")
    if not text:
        return None, "empty Message-ID"
    if len(value) > MAX_MESSAGE_ID:
        return None, f"Message-ID of {len(value)} characters"
    return text, None


def date(value: str | None) -> tuple[datetime | None, str | None]:
    """The instant of a Date field in UTC and, when it cannot be read, a defect. A date without zone counts as UTC."""
    if value is None:
        return None, "no Date"
    try:
        read = parsedate_to_datetime(clean_line(value))
        at = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError, RecursionError):
        return None, f"unreadable Date {clean_line(value)[:60]!r}"
    return at, None
