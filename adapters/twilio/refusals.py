"""Requests that had no effect: counted, and in the system chain at a bounded rate, so that nobody fills it (X11)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import journal
from gateway.domain.register import SYSTEM, Happening
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from gateway.ports import Gateway, Transaction

APART = timedelta(minutes=1)
"""At most one entry in this time; it says how many there were since the last."""
LONGEST_PATH = 120


@dataclass(slots=True)
class Refused:
    """How many requests were refused since the start, and how many of them no entry tells of yet. Thread-safe."""

    total: int = 0
    _untold: int = 0
    _told_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def one_more(self, at: datetime) -> int:
        """Count one; how many the entry tells that is due now, 0 when none is."""
        with self._lock:
            self.total += 1
            self._untold += 1
            if self._told_at is not None and at - self._told_at < APART:
                return 0
            told, self._untold, self._told_at = self._untold, 0, at
            return told


def refuse(gw: Gateway, refused: Refused, path: str, reason: str, peer: str) -> None:
    """Write a refusal down. The answer does not wait for it: whoever is refused must not slow us down."""
    journal.webhook_refused(path, reason, peer)
    at = gw.clock.now()
    count = refused.one_more(at)
    if not count:
        return
    data = {"path": path[:LONGEST_PATH], "reason": reason, "peer": peer, "refused": str(count)}

    def unit(tx: Transaction) -> None:
        tx.record(SYSTEM, Happening("webhook_refused", at, NOBODY, "X11", data))

    gw.store.submit(unit)
