"""What the stand-in mailboxes hold: folders of messages, byte for byte, in memory."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser

SYSTEM_FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
"""The months of IMAP, whatever the locale."""
_FIELD = re.compile(rb"[^\n]*\n(?:[ \t][^\n]*\n)*")
_BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")


@dataclass(slots=True)
class Kept:
    """One message in a folder. Only the flags ever change, and are then replaced as a whole."""

    uid: int
    raw: bytes
    at: datetime
    """INTERNALDATE, in UTC and whole seconds: IMAP knows no parts of one."""
    flags: frozenset[str] = frozenset()

    @property
    def internaldate(self) -> str:
        """As IMAP writes it, without the quotes (RFC 3501 §9, date-time)."""
        month = next(name for name, number in MONTHS.items() if number == self.at.month)
        return f"{self.at:%d}-{month}-{self.at.year:04} {self.at:%H:%M:%S} +0000"


class Folder:
    """Messages in the order they came, with UIDs from 1. `add` may be called by any thread."""

    def __init__(self) -> None:
        self.messages: list[Kept] = []
        self.changes = 0
        """How often flags were changed: when it is what it was, nothing has to be told."""
        self._lock = threading.Lock()

    @property
    def uidnext(self) -> int:
        return len(self.messages) + 1

    def add(self, raw: bytes, at: datetime) -> Kept:
        with self._lock:
            kept = Kept(self.uidnext, raw, at.astimezone(UTC).replace(microsecond=0))
            self.messages.append(kept)
        return kept

    def flag(self, kept: Kept, flags: frozenset[str]) -> None:
        if kept.flags != flags:
            kept.flags = flags
            self.changes += 1

    @property
    def unseen(self) -> int:
        return sum("\\Seen" not in kept.flags for kept in list(self.messages))


def folder_name(name: str) -> str:
    """The name as it is looked up: INBOX whatever the case (RFC 3501 §5.1)."""
    return "INBOX" if name.upper() == "INBOX" else name


def flag_name(word: bytes) -> str:
    r"""A flag as it is kept: `\seen` as `\Seen`, a keyword as it was written."""
    flag = word.decode("ascii", "replace")
    return next((known for known in SYSTEM_FLAGS if known.upper() == flag.upper()), flag)


def split(raw: bytes) -> tuple[bytes, bytes]:
    """The header with its empty line, and what follows."""
    blank = _BLANK_LINE.search(raw)
    return (raw, b"") if blank is None else (raw[: blank.end()], raw[blank.end() :])


def header(raw: bytes, field: str) -> bytes:
    """All lines of one field, one after the other; empty without any."""
    found = BytesHeaderParser().parsebytes(split(raw)[0]).get_all(field) or []
    return b"\n".join(str(value).encode("utf-8", "surrogateescape") for value in found)


def chosen(head: bytes, fields: list[str], *, others: bool) -> bytes:
    """The header lines of these fields as they stand, or those of all others, and the empty line."""
    wanted = {field.lower().encode() for field in fields}
    lines = _FIELD.findall(head.rstrip(b"\r\n") + b"\r\n")
    return (
        b"".join(line for line in lines if (line.partition(b":")[0].strip().lower() in wanted) is not others) + b"\r\n"
    )
