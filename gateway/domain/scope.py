"""Which matter of the scope catalogue a request is about, by its words.

The list of matters is never closed: what matches none is inside, and a person decides (C4.5, C9.4, S080, S120).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.priority import words_in

if TYPE_CHECKING:
    from gateway.domain.provisions import Matter, Scope


def matter_of(scope: Scope | None, subject: str, text: str) -> Matter | None:
    """The matter that the subject and the beginning of the text speak of, or None.

    Words count whole, in any case, with or without accents. Of several matters the one with the longest phrase wins
    (most words), then the one of which most words are found, then the longer word; when all that is equal one that is
    inside the service, because sending somebody away is the graver mistake.
    """
    best: Matter | None = None
    weight: tuple[int, int, int, bool] = (0, 0, 0, False)
    for matter in scope.matters if scope else ():
        found = words_in(matter.words, subject, text)
        if not found:
            continue
        weighs = (max(len(word.split()) for word in found), len(found), max(map(len, found)), matter.inside)
        if weighs > weight:
            best, weight = matter, weighs
    return best
