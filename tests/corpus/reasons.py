"""Why a field does not hold: what was found when its like was looked at. No rule names a file, and none makes a hit.

A miss without a reason is one that nobody has looked at: the test of the shares fails on it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.corpus.judging import Verdict


def why(miss: Verdict) -> str | None:
    """Why it does not hold, or None when its like was never looked at."""
    return next((reason for field, fits, reason in RULES if field == miss.field and fits(miss)), None)


def _shows_more(miss: Verdict) -> bool:
    """What was found is cut short for printing: what it begins with decides."""
    wanted, found = set(miss.wanted.split()), set(miss.found.split())
    return not wanted or bool(wanted & found)


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def _encoded(miss: Verdict) -> bool:
    """Whether every size that is not ours is a third larger than one of ours, as base64 is."""
    ours = _numbers(miss.found)
    return all(
        any(size == one or 1.33 * one <= size <= 1.5 * one + 9 for one in ours) for size in _numbers(miss.wanted)
    )


def _always(_miss: Verdict) -> bool:
    return True


RULES: tuple[tuple[str, Callable[[Verdict], bool], str], ...] = (
    ("reply text", _shows_more, "more stays open than the source leaves: in doubt nothing of the sender's is folded"),
    ("reply text", lambda miss: miss.found.startswith(("---", ">")), "what is forwarded, or all there is, stays open"),
    ("leaves", _always, "a broken multipart: the source drops what we show, or takes it apart"),
    ("decoded", lambda miss: "differ" in miss.found, "a broken multipart or header block, cut at other lines"),
    (
        "hard",
        lambda miss: "{False}" in miss.wanted and "unknown_" in miss.found,
        "the server says that nobody is there; the source knows that this server says so of filtered mail too",
    ),
    ("hard", lambda miss: "'disabled'" in miss.found, "the server says that the mailbox is closed for now"),
    (
        "hard",
        lambda miss: "{True}" in miss.wanted and re.search("'(?:other|spam|rejected)'", miss.found) is not None,
        "the words say no more than that the server refuses; the source knows the server",
    ),
    ("hard", lambda miss: "'4." in miss.found, "the status says that it may work later; the source goes by the words"),
    (
        "status",
        lambda miss: miss.found != "None",
        "the mail states more than one: ours is the report's own, the source's that of the dialogue",
    ),
    ("status", _always, "stated further down than what the report says itself"),
    ("somebody", _always, "the report names nobody"),
    ("bounce", lambda miss: miss.wanted == "True", "a person forwards it, it is spam, or it is a notice in JSON"),
    ("bounce", _always, "a report by RFC 3464 that the source does not count as one"),
    ("sizes", _encoded, "counts the encoded bytes"),
    (
        "count",
        lambda miss: _numbers(miss.found) > _numbers(miss.wanted),
        "the source leaves out what is empty or nameless",
    ),
    ("body", lambda miss: miss.wanted == "no visible content", "the source's sanitiser leaves nothing of it"),
    (
        "body",
        lambda miss: miss.wanted.startswith(miss.found.strip()),
        "the source shows the delimiters of a broken multipart too",
    ),
    ("sender", lambda miss: "@" in miss.found, "an address field that breaks the grammar, read otherwise"),
    ("recipients", lambda miss: "@" in miss.found, "an address field that breaks the grammar, read otherwise"),
    ("name", lambda miss: miss.found.startswith(miss.wanted), "we keep the comment that follows the name"),
)
