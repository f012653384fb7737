"""Values that both databases take, from values that people send (PROMISES F10)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MAX_KEY_CHARACTERS = 200

_AS_THEY_ARE = frozenset((int, datetime, bytes, bool, type(None)))
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The same text with NUL and lone surrogates replaced by U+FFFD.

    PostgreSQL has no NUL in text; a lone surrogate has no UTF-8 on either database.
    """
    if text.isascii():
        return text.replace("\x00", REPLACEMENT) if "\x00" in text else text
    return _NOT_STORABLE.sub(REPLACEMENT, text)


def clean(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    """The same value with every text in it cleaned, also inside lists and dictionaries."""
    kind = type(value)
    if kind is str:
        return clean_text(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, str):
        return clean_text(str(value))  # a StrEnum is stored as its text
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(inner) for inner in value]
    return value


def shortened(text: str) -> str:
    """A key that an index takes: the text itself, or its SHA-256 when it is long.

    A PostgreSQL index refuses entries above 2,704 bytes, and people send addresses longer than that.
    """
    text = clean_text(text)
    if len(text) <= MAX_KEY_CHARACTERS:
        return text
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def address_key(text: str) -> str:
    """The key of an address or number: without surrounding blanks, in lower case, short."""
    return shortened(text.strip().casefold())


def searchable(text: str) -> str:
    """Text as it is searched: lower case, without accents, so that `citta` finds `Città`."""
    decomposed = unicodedata.normalize("NFKD", clean_text(text).casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
