"""What answers a swap that was asked for: a code for a text, a token for a link, each for one swap and one person."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.domain.telephony import RosterChange

CODE_DIGITS = 6
_TOKEN = re.compile(r"([0-9]{1,12})-([0-9a-f]{32})", re.ASCII)
_DIGITS = 32


def swap_code(key: bytes, swap: RosterChange) -> str:
    """The six digits by which whoever was asked answers by SMS. Nobody without the key can work them out (P14)."""
    return f"{int(_digest(key, 'swap-code', swap)[:15], 16) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def swap_token(key: bytes, swap: RosterChange) -> str:
    """What the link in the mail carries: the swap, and a signature that is this swap's and this person's alone."""
    return f"{swap.id}-{_digest(key, 'swap-link', swap)[:_DIGITS]}"


def swap_id_of(token: str) -> int | None:
    """Which swap a token claims to be for; None when it is none. It proves nothing: `is_token_of` does."""
    found = _TOKEN.fullmatch(token)
    return int(found[1]) if found else None


def is_token_of(key: bytes, token: str, swap: RosterChange) -> bool:
    """Whether the token was made for this swap and the one who was asked."""
    return hmac.compare_digest(token, swap_token(key, swap)) if swap_id_of(token) is not None else False


def _digest(key: bytes, purpose: str, swap: RosterChange) -> str:
    text = f"{purpose}.{swap.id}.{swap.contract}.{swap.contact}.{swap.by}.{swap.asked_at.timestamp():.6f}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
