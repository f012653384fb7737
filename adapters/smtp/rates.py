"""How often somebody did something lately, and whether that is too often. Pure: `now` is loop time in s."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass, field

MAX_KEYS = 100_000
"""So many are told apart in one window; beyond it counting begins anew, so that a flood of keys costs no memory."""
_HOST_BITS = 64
"""Whoever has one IPv6 address has the whole /64."""


def origin(peer: str) -> str:
    """Whom an address stands for when one counts: an IPv4 address, or the network that an IPv6 address is in."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer
    if isinstance(address, ipaddress.IPv4Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _HOST_BITS), strict=False))


@dataclass(slots=True)
class Rate:
    """At most `limit` of each key in a window of `window_s` seconds; a limit of 0 is none.

    Windows follow each other without a gap, so that around their border twice the limit may pass.
    """

    limit: int
    window_s: float = 60.0
    _began: float = 0.0
    _seen: Counter[str] = field(default_factory=Counter)

    def allows(self, key: str, now: float) -> bool:
        """Whether one more may pass; it is counted."""
        if not self.limit:
            return True
        self._seen_at(now)[key] += 1
        return self._seen[key] <= self.limit

    def is_over(self, key: str, now: float) -> bool:
        """Whether the limit is used up; nothing is counted."""
        return bool(self.limit) and self._seen_at(now)[key] >= self.limit

    def count(self, key: str, now: float) -> int:
        """How many there were in this window, this one included."""
        seen = self._seen_at(now)
        seen[key] += 1
        return seen[key]

    def _seen_at(self, now: float) -> Counter[str]:
        if now - self._began >= self.window_s or len(self._seen) > MAX_KEYS:
            self._began = now
            self._seen.clear()
        return self._seen
