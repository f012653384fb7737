"""How deep, how many, how big a mail is, before anything parses it: linear, and cheaper than parsing it.

The answer errs upwards. What is beyond the limits is read in a child process or not at all (`mime.read` says so).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from adapters.mail.headers import FIELD_LINE, split

MAX_SIZE = 1_000_000
"""Bytes up to which a mail is parsed in process."""
MAX_LEVELS = 100
MAX_PARTS = 1_000
MAX_HEADER_BYTES = 256 * 1024
MAX_TYPE_BYTES = 16 * 1024
"""Bytes of one Content-Type: the standard parser takes the square of their number for its parameters."""

_MARK = re.compile(rb"^(?:--([^\n]*)|content-type[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*))", re.IGNORECASE | re.MULTILINE)
_BLANKS = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
"""What the standard library strips from a text, in bytes."""
# A boundary whose name the standard library is sure to read in the same way; every other one is hidden from us.
_BOUNDARY = re.compile(
    rb'boundary\s{0,20}=\s{0,20}(?:"([^"\\<\n]{1,500})"|([^\s;"<]{1,500}+))(?=[\s\x1c-\x1f]*(?:;|\Z))', re.IGNORECASE
)
_ANY_BOUNDARY = re.compile(rb"boundary[\s\x1c-\x1f]*[*=]", re.IGNORECASE)
_MULTIPART = re.compile(rb"[\s\x1c-\x1f]*multipart\b", re.IGNORECASE)
_NO_FIELD = re.compile(rb"^(?!%b)" % FIELD_LINE.pattern, re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PreScan:
    """Levels of nesting, number of parts, bytes of all header blocks and of the longest Content-Type, size in bytes."""

    levels: int
    parts: int
    header_bytes: int
    type_bytes: int
    size: int

    def over(self) -> str | None:
        """The limit that the mail exceeds, in words, or None. Size limits only what is read in process."""
        if self.levels > MAX_LEVELS:
            return f"more than {MAX_LEVELS} levels"
        if self.parts > MAX_PARTS:
            return f"more than {MAX_PARTS} parts"
        if self.header_bytes > MAX_HEADER_BYTES:
            return f"more than {MAX_HEADER_BYTES} bytes of headers"
        if self.type_bytes > MAX_TYPE_BYTES:
            return f"a Content-Type of more than {MAX_TYPE_BYTES} bytes"
        return None


class _Scan:
    """The open boundaries while the marks of a mail go by.

    Only a header block opens one: what a text says of types is text. A block begins at a delimiter, and a message in
    the message is a leaf, which is scanned by itself when it is looked into.
    """

    def __init__(self, text: bytes) -> None:
        self.text = text
        self.open: list[bytes | None] = []
        self.depth_of: dict[bytes, int] = {}
        self.has_hidden = False
        self.levels = self.parts = self.type_bytes = self.header_bytes = 0
        self.blank = -1
        self.block_end = 0
        self.repeated = (-1, 0)
        self._begin_block(0)

    def _begin_block(self, place: int) -> None:
        if self.blank < place:
            end = self.text.find(b"\n\n", place)
            self.blank = len(self.text) if end < 0 else end
        self.block_end = self.blank
        self.header_bytes += self.blank - place

    def delimiter(self, line: bytes, start: int, place: int) -> None:
        name = line.rstrip(b" \t")
        depth = self.depth_of.get(name)
        closes = depth is None and name.endswith(b"--")
        if closes:
            depth = self.depth_of.get(name[:-2])
        if depth is None:
            self.parts += self.has_hidden
            return
        # The standard parser passes over further delimiters below one, though they be closing ones.
        closes = closes and self.repeated != (start, depth)
        while len(self.open) > depth + (not closes):
            self.depth_of.pop(self.open.pop() or b"", None)
        if closes:
            self.block_end = place
        else:
            self.parts += 1
            self.repeated = (place + 1, depth)
            self._begin_block(place)

    def content_type(self, value: bytes, place: int) -> None:
        if place > self.block_end and not self.has_hidden:
            return
        self.type_bytes = max(self.type_bytes, len(value))
        if len(value) <= MAX_TYPE_BYTES and _MULTIPART.match(value) is not None:
            self.opens(value)

    def opens(self, value: bytes) -> None:
        """Every boundary in the value is open from here on."""
        found = list(_BOUNDARY.finditer(value))
        for one in found:
            name = (one[1] or one[2].lstrip(_BLANKS)).rstrip(_BLANKS)
            if name and name not in self.depth_of:
                self.depth_of[name] = len(self.open)
                self.open.append(name)
        if len(_ANY_BOUNDARY.findall(value)) > len(found):
            self.has_hidden = True
            self.open.append(None)
        self.levels = max(self.levels, len(self.open))


def prescan(raw: bytes) -> PreScan:
    """What a parser would meet in `raw`. Linear; never raises."""
    text = raw.lstrip(b"\r\n").replace(b"\r\n", b"\n")
    if b"\r" in text:
        text = text.replace(b"\r", b"\n")
    scan = _Scan(text)
    top = scan.blank if scan.blank <= MAX_HEADER_BYTES and _NO_FIELD.search(text, 0, scan.blank) else len(text)
    for mark in _MARK.finditer(text):
        if mark.start() > top:  # a line that is no field may be read as more of the field before it
            scan.opens(split(raw.lstrip(b"\r\n"))[0])
            top = len(text)
        if mark[2] is None:
            scan.delimiter(mark[1], mark.start(), mark.end())
        else:
            scan.content_type(mark[2], mark.start())
    return PreScan(scan.levels, scan.parts, scan.header_bytes, scan.type_bytes, len(raw))


_OUTLOOK = (b"ms-tnef", b"winmail.dat", b"win.dat")


def needs_child(raw: bytes) -> bool:
    """Whether a mail is to be read in a child process with limits of its own, rather than here.

    A `winmail.dat` always is (DESIGN, "Parsing"): what opens it believes its lengths.
    """
    return len(raw) > MAX_SIZE or holds_tnef(raw) or limit(raw) is not None


def limit(raw: bytes) -> str | None:
    """`prescan(raw).over()`: whoever files a mail asks several times, one after the other, and it is looked at once."""
    return _limit(raw) if len(raw) <= MAX_SIZE else prescan(raw).over()


def holds_tnef(raw: bytes) -> bool:
    """Whether a mail may carry a `winmail.dat`, somewhere. Linear."""
    return _holds_tnef(raw) if len(raw) <= MAX_SIZE else _names_outlook(raw)


def _names_outlook(raw: bytes) -> bool:
    small = raw.lower()
    return any(word in small for word in _OUTLOOK)


_limit = lru_cache(maxsize=2)(lambda raw: prescan(raw).over())
_holds_tnef = lru_cache(maxsize=2)(_names_outlook)


@dataclass(frozen=True, slots=True)
class DoorFacts:
    """What a door must know of a mail before it answers: whether it carries what a repeat is recognised by."""

    has_message_id: bool
    has_date: bool


_MESSAGE_ID = re.compile(rb"\nmessage-id[ \t]*:[ \t\r\n]*<?[^\s<>]")
_DATE = re.compile(rb"\ndate[ \t]*:[ \t]*\S")


def door_facts(raw: bytes) -> DoorFacts:
    """Whether the header block has a Message-ID and a Date with something in them. Linear; never raises."""
    block, _ = split(raw)
    lines = b"\n" + block.lower()
    if lines.count(b"\r") != lines.count(b"\r\n"):
        lines = lines.replace(b"\r", b"\n")  # a bare CR ends a line for every reader of ours (B-001)
    return DoorFacts(_MESSAGE_ID.search(lines) is not None, _DATE.search(lines) is not None)
