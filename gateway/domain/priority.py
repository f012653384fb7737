"""What a request says of itself: whether it is urgent and of which type, by the words that the contract lists.

A word counts only whole, in any case, with or without accents; a phrase counts with any white space between its words.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.domain.contract import Priority, TypeRule

_MARKS = re.compile("[" + "".join(chr(c) for c in range(0x300, 0x370)) + "]+")
"""Combining marks that a decomposed Latin letter carries (Unicode block 0300)."""
READ_CHARS = 500
"""How much of the new text is read (DESIGN, "Whom to wake")."""


def is_urgent(priority: Priority, subject: str, new_text: str) -> str | None:
    """The urgent word found in the subject or the first 500 characters of new text, as the contract writes it.

    A word that stands behind a negation ("non urgente") does not count. None when there is none.
    """
    text = plain(f"{subject} \n {new_text[:READ_CHARS]}")
    before = [_word(word) for word in priority.negations]
    return next((word for word in priority.urgent_words if _stands_in(_word(word), text, before)), None)


def type_by_words(rules: Iterable[TypeRule], subject: str, new_text: str) -> str | None:
    """The type of the first rule one of whose words is found, or None: the desk has to confirm the type (C1.1)."""
    text = plain(f"{subject} \n {new_text[:READ_CHARS]}")
    if not text:
        return None
    return next((rule.type for rule in rules if any(_stands_in(_word(w), text, ()) for w in rule.words)), None)


def words_in(words: Iterable[str], subject: str, new_text: str, negations: Iterable[str] = ()) -> tuple[str, ...]:
    """Which of these words stand in the subject or the first 500 characters of new text, as they were written.

    A word behind one of the `negations` does not count.
    """
    text = plain(f"{subject} \n {new_text[:READ_CHARS]}")
    if not text:
        return ()
    before = [_word(word) for word in negations]
    return tuple(word for word in words if _stands_in(_word(word), text, before))


@lru_cache(maxsize=64)
def plain(text: str) -> str:
    """In one case, without accents, blanks folded. One mail is asked about several times in a row."""
    folded = text.casefold()
    if not folded.isascii():
        folded = _MARKS.sub("", unicodedata.normalize("NFKD", folded))
    return " ".join(folded.split())


@lru_cache(maxsize=4096)
def _word(word: str) -> str:
    """A contract's own word; they are few and always the same."""
    return plain(word)


def _stands_in(word: str, text: str, negations: Iterable[str]) -> bool:
    if word not in text:
        return False
    # The word is escaped and the text is short: the search is linear (PROMISES B-032).
    found = re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text)
    return any(not _negated(text[: match.start()], negations) for match in found)


def _negated(before: str, negations: Iterable[str]) -> bool:
    said = f" {before.rstrip()}"
    return any(said.endswith(f" {negation}") for negation in negations)
