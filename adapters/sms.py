"""How long an SMS is: the GSM 03.38 tables are smsutil's."""

from __future__ import annotations

import smsutil


def septets(text: str) -> int | None:
    """The length of a text in septets, an extension character counting two; None when it is not GSM-7.

    Source: 3GPP TS 23.038 §6.2.1.
    """
    if not smsutil.is_valid_gsm(text):
        return None
    return sum(2 if c in smsutil.GSM_EXT_CHARSET else 1 for c in text)
