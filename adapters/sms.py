"""How long an SMS is: the GSM 03.38 tables are smsutil's."""

from __future__ import annotations

from functools import lru_cache

import smsutil


def septets(text: str) -> int | None:
    """The length of a text in septets, an extension character counting two; None when it is not GSM-7.

    Source: 3GPP TS 23.038 §6.2.1.
    """
    counts = [_of(char) for char in text]
    return None if None in counts else sum(count for count in counts if count)


@lru_cache(maxsize=4096)
def _of(char: str) -> int | None:
    """The septets of one character: a text is looked at letter by letter, again and again, while it is fitted."""
    if not smsutil.is_valid_gsm(char):
        return None
    return 2 if char in smsutil.GSM_EXT_CHARSET else 1
