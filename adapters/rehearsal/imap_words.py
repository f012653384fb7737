"""The grammar of IMAP commands (RFC 3501 §9), as far as the stand-in mailboxes understand it: words, sets, searches."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from adapters.rehearsal.imap_folders import MONTHS, Kept, flag_name, header

Word = bytes | list["Word"]
Test = Callable[[int, Kept], bool]
"""Whether a message, with its sequence number, is meant."""

_TOKEN = re.compile(
    rb"""\ *(?:
        (?P<open>\() | (?P<close>\))
        | "(?P<quoted>(?:[^"\\\r\n]|\\["\\])*)"
        | \{(?P<literal>\d{1,9})\+?\}\r\n
        | (?P<atom>[^\s()"{\[]*\[[^\]]*\](?:<[\d.]+>)? | [^\s()"{]+)
    )""",
    re.VERBOSE,
)
_ITEM = re.compile(
    rb"(?P<name>BODY|BODY\.PEEK)\[(?P<section>[^\]]*)\](?:<(?P<start>\d{1,9})\.(?P<length>\d{1,9})>)?", re.IGNORECASE
)
_DAY = re.compile(rb"(\d{1,2})-([A-Za-z]{3})-(\d{4})")


class MalformedError(Exception):
    """The command cannot be read; the client is told BAD and the reason."""


def words(command: bytes) -> list[Word]:
    """A command in its words; what stands in parentheses is a list.

    Raises:
        MalformedError: a quote or a parenthesis is missing, or there are control characters.
    """
    found: list[Word] = []
    outer: list[list[Word]] = []
    at = 0
    while command[at:].strip():
        token = _TOKEN.match(command, at)
        if token is None:
            raise MalformedError("this is not a list of atoms and strings")
        at = token.end()
        if token["literal"] is not None:
            at += int(token["literal"])
            found.append(command[token.end() : at])
        elif token["open"]:
            outer.append(found)
            found = []
        elif token["close"]:
            found = _closed(outer, found)
        else:
            found.append(_plain(token))
    if outer:
        raise MalformedError("a parenthesis is not closed")
    return found


def _closed(outer: list[list[Word]], inner: list[Word]) -> list[Word]:
    if not outer:
        raise MalformedError("a parenthesis was never opened")
    found = outer.pop()
    found.append(inner)
    return found


def _plain(token: re.Match[bytes]) -> bytes:
    if token["quoted"] is not None:
        return re.sub(rb"\\(.)", rb"\1", token["quoted"])
    return token["atom"]


def text(word: Word) -> bytes:
    """A word that must not be a list."""
    if isinstance(word, list):
        raise MalformedError("a list stands where a word should")
    return word


def several(word: Word) -> list[bytes]:
    """A list of words, or one word as a list."""
    return [text(one) for one in word] if isinstance(word, list) else [word]


def number(word: Word) -> int:
    """A word of digits as a number."""
    if not re.fullmatch(rb"\d{1,10}", text(word)):
        raise MalformedError("a number is expected")
    return int(text(word))


@dataclass(frozen=True, slots=True)
class NumberSet:
    """`4,7:9,12:*`; the star is the last number there is, and a range may be written backwards.

    `ranges` are in order and do not touch.
    """

    ranges: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, word: Word, last: int) -> NumberSet:
        ranges = []
        for part in text(word).split(b","):
            low, _, high = part.partition(b":")
            ends = [last if end == b"*" else number(end) for end in (low, high or low)]
            ranges.append((min(ends), max(ends)))
        return cls(_merged(sorted(ranges)))

    def __contains__(self, number: int) -> bool:
        at = bisect.bisect_right(self.ranges, number, key=lambda one: one[0])
        return at > 0 and number <= self.ranges[at - 1][1]


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same numbers in as few ranges as possible: clients list UIDs one by one, thousands at a time."""
    merged = ranges[:1]
    for low, high in ranges[1:]:
        if low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return tuple(merged)


# ------------------------------------------------------------------------------------------------------ what to fetch


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to fetch: `name` in capitals, and for BODY the section and the part of it."""

    name: str
    section: str | None = None
    start: int | None = None
    length: int = 0

    @property
    def marks_seen(self) -> bool:
        return self.name in {"BODY", "RFC822", "RFC822.TEXT"}

    @classmethod
    def read(cls, word: bytes) -> Item:
        body = _ITEM.fullmatch(word)
        if body is None:
            return cls(word.decode("ascii", "replace").upper())
        section = body["section"].decode("ascii", "replace")
        start = None if body["start"] is None else int(body["start"])
        return cls(body["name"].decode().upper(), section, start, int(body["length"] or 0))


def items(word: Word) -> list[Item]:
    """What a FETCH asks for, the macro FAST spelled out."""
    found = several(word)
    if [one.upper() for one in found] == [b"FAST"]:
        found = [b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"]
    return [Item.read(one) for one in found]


# ------------------------------------------------------------------------------------------------------------- SEARCH


class Search:
    """A SEARCH (RFC 3501 §6.4.4): flags, numbers, days, sizes and strings in the headers or the raw text."""

    def __init__(self, keys: list[Word], last_number: int, last_uid: int) -> None:
        self._keys = list(reversed(keys))
        self._last = last_number, last_uid

    def test(self) -> Test:
        """One test for all keys together.

        Raises:
            MalformedError: a key is unknown or lacks its argument.
        """
        tests = []
        while self._keys:
            tests.append(self._one())
        return _all(tests)

    def _next(self) -> Word:
        if not self._keys:
            raise MalformedError("a search key lacks its argument")
        return self._keys.pop()

    def _one(self) -> Test:
        word = self._next()
        if isinstance(word, list):
            return Search(word, *self._last).test()
        name = word.decode("ascii", "replace").upper()
        if name in _FLAGS:
            return _flagged(*_FLAGS[name])
        if name in {"NOT", "OR", "UID", "CHARSET"}:
            return self._structure(name)
        if re.fullmatch(r"[\d*][\d*:,]*", name):
            numbers = NumberSet.read(word, self._last[0])
            return lambda number, _: number in numbers
        return self._about(name)

    def _structure(self, name: str) -> Test:
        if name == "NOT":
            inner = self._one()
            return lambda number, kept: not inner(number, kept)
        if name == "OR":
            one, other = self._one(), self._one()
            return lambda number, kept: one(number, kept) or other(number, kept)
        if name == "CHARSET":  # ours are compared byte by byte
            self._next()
            return lambda *_: True
        uids = NumberSet.read(self._next(), self._last[1])
        return lambda _, kept: kept.uid in uids

    def _about(self, name: str) -> Test:
        if name in _WITH_ARGUMENT:
            return _WITH_ARGUMENT[name](text(self._next()))
        if name == "HEADER":
            field = text(self._next()).decode("latin-1")
            return _in_header(field)(text(self._next()))
        raise MalformedError("an unknown search key")


def _all(tests: list[Test]) -> Test:
    return lambda number, kept: all(test(number, kept) for test in tests)


def _flagged(flag: str, wanted: bool) -> Test:  # noqa: FBT001 - filled from the table below
    return lambda _, kept: not flag or (flag in kept.flags) is wanted


def _in_header(field: str) -> Callable[[bytes], Test]:
    def of(sought: bytes) -> Test:
        return lambda _, kept: sought.lower() in header(kept.raw, field).lower()

    return of


def _in_text(sought: bytes) -> Test:
    return lambda _, kept: sought.lower() in kept.raw.lower()


def _day(word: bytes) -> date:
    found = _DAY.fullmatch(word)
    month = None if found is None else MONTHS.get(found[2].decode().title())
    if month is None or found is None:
        raise MalformedError("a day is written 24-Nov-2026")
    try:
        return date(int(found[3]), month, int(found[1]))
    except ValueError as error:
        raise MalformedError("there is no such day") from error


def _since(word: bytes) -> Test:
    day = _day(word)
    return lambda _, kept: kept.at.date() >= day


def _before(word: bytes) -> Test:
    day = _day(word)
    return lambda _, kept: kept.at.date() < day


def _on(word: bytes) -> Test:
    day = _day(word)
    return lambda _, kept: kept.at.date() == day


def _larger(word: bytes) -> Test:
    size = number(word)
    return lambda _, kept: len(kept.raw) > size


def _smaller(word: bytes) -> Test:
    size = number(word)
    return lambda _, kept: len(kept.raw) < size


def _keyword(word: bytes) -> Test:
    return _flagged(flag_name(word), True)


def _unkeyword(word: bytes) -> Test:
    return _flagged(flag_name(word), False)


_FLAGS = {
    "ALL": ("", True),
    **{flag.upper(): (f"\\{flag}", True) for flag in ("Answered", "Deleted", "Draft", "Flagged", "Seen")},
    **{f"UN{flag.upper()}": (f"\\{flag}", False) for flag in ("Answered", "Deleted", "Draft", "Flagged", "Seen")},
}
_WITH_ARGUMENT: dict[str, Callable[[bytes], Test]] = {
    "SINCE": _since,
    "BEFORE": _before,
    "ON": _on,
    "LARGER": _larger,
    "SMALLER": _smaller,
    "KEYWORD": _keyword,
    "UNKEYWORD": _unkeyword,
    "SUBJECT": _in_header("Subject"),
    "FROM": _in_header("From"),
    "TO": _in_header("To"),
    "CC": _in_header("Cc"),
    "TEXT": _in_text,
}
