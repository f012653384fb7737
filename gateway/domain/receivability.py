"""What counts as content in a diagnostic sheet, and what only looks like it.

A vendor sends back a request to take charge that says nothing (C4.10, C9.6–C9.8), so blanks, invisible characters, the
template itself and fillers do not open the gate. It is no judge of quality: any real sentence passes.
Source: PROMISES B-067.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Why(StrEnum):
    """Why a value does not count."""

    EMPTY = "empty"
    TEMPLATE = "template"
    FILLER = "filler"
    TOO_SHORT = "too_short"


# Letters by category, blanks to the eye: Hangul fillers, the empty Braille cell, the grapheme joiner, Khmer inherent
# vowels, Mongolian and ordinary variation selectors.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f").union(
    chr(c) for c in range(0xFE00, 0xFE10)
)
_BLANKS = re.compile(f"[{''.join(sorted(_BLANK_LETTERS))}]")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})

# Words in braces are a placeholder; an error text in JSON has quotes or colons and stays what it is.
_PLACEHOLDER = re.compile(r"\{[^\W\d][\w |,.…'’-]*\}")
_LABELLED = re.compile(r"\s*(?:\d{1,2}[.)])?\s*([^:\n]{1,80}):(.*)", re.DOTALL)
_REPEATED = re.compile(r"(.{1,4}?)\1{2,}")
_WORD = re.compile(r"[^\W_]+")

_FILLERS_TEXT = (
    "n d a nd na np nn tbd tba todo xxx asd asdf asdfg asdasd qwe qwerty boh null nil none nessuno nessuna niente nulla"
    " vuoto empty blank test prova idem lorem ipsum da compilare completare definire inserire fill in"
)
_FILLERS = frozenset(_FILLERS_TEXT.split())
"""Words that say nothing when nothing else stands beside them: `n.d.`, `n/a`, `da compilare`, `test test`."""


def skeleton(value: str) -> str:
    """Letters and digits alone, folded: what is left of a value when its dress is taken off."""
    plain = unicodedata.normalize("NFKC", value).casefold()
    return _BLANKS.sub("", "".join(filter(str.isalnum, plain)))


def visible(value: str) -> str:
    """What of the value a reader sees: no blanks, format characters or letters that show nothing."""
    return "".join(
        c
        for c in unicodedata.normalize("NFKC", value)
        if c not in _BLANK_LETTERS and unicodedata.category(c) not in _INVISIBLE
    )


def hollow(
    value: str,
    *,
    templates: frozenset[str] = frozenset(),
    numeric: bool = False,
    code: bool = False,
    allowed: frozenset[str] = frozenset(),
    minimum_characters: int = 0,
) -> Why | None:
    """Why the value says nothing, or None when it is content.

    `templates` are the skeletons of labels and help sentences that may have been left standing; `numeric` lets a lone
    digit or a number pass (`3` users), `code` a number of at least three digits (error 500), `allowed` filler words
    that mean something here (`test` as an environment). `minimum_characters` counts what a reader sees.
    """
    seen = visible(value)
    if not seen:
        return Why.EMPTY
    if _is_template(value, templates):
        return Why.TEMPLATE
    if _is_filler(value, numeric=numeric, code=code, allowed=allowed):
        return Why.FILLER
    return Why.TOO_SHORT if len(seen) < minimum_characters else None


def _is_template(value: str, templates: frozenset[str]) -> bool:
    bare = skeleton(value)
    without = skeleton(_PLACEHOLDER.sub(" ", value)) if _PLACEHOLDER.search(value) else bare
    if bare and (not without or bare in templates or without in templates):
        return True
    labelled = _LABELLED.fullmatch(value)
    if labelled is None or skeleton(labelled[1]) not in templates:
        return False
    # "Descrizione: {descrizione}" is the template; "Descrizione: x" is judged by what follows the label.
    return not skeleton(labelled[2]) or _is_template(labelled[2], templates) or _is_filler(labelled[2])


def _is_filler(value: str, *, numeric: bool = False, code: bool = False, allowed: frozenset[str] = frozenset()) -> bool:
    bare = skeleton(value)
    if not bare:
        return True
    if bare.isdigit() and (numeric or (code and len(set(bare)) > 1)):
        return False
    if len(set(bare)) == 1 or _REPEATED.fullmatch(bare):
        return True
    if not bare.isascii():
        return False  # every filler is
    found = set(_WORD.findall(unicodedata.normalize("NFKC", value).casefold()))
    words = {word for word in found if skeleton(word)}
    return words <= _FILLERS and not words & allowed
