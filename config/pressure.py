"""Whether contacts are coming in at this moment: what nobody waits for gives way to them (decisions 0006, 0008)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from gateway.domain.intake import Receipt

SETTLES_S = 0.005
"""How long after a word of a client or an answer to one the next is still on its way."""


class Heard(Protocol):
    """A door that knows when somebody spoke to it last, in s of the monotonic clock."""

    @property
    def heard_at(self) -> float:
        """That moment."""
        ...


class Pressure:
    """Whether contacts are coming in right now. Any thread may ask."""

    def __init__(self) -> None:
        self.doors: Sequence[Heard] = ()
        self._lock = threading.Lock()
        self._unanswered = 0
        self._last_s = 0.0

    def accepted(self, receipt: Future[Receipt]) -> None:
        """A contact came in; `receipt` is done when it is answered."""
        with self._lock:
            self._unanswered += 1
        receipt.add_done_callback(self._answered)

    def _answered(self, _: Future[Receipt]) -> None:
        with self._lock:
            self._unanswered -= 1
            self._last_s = time.monotonic()

    def streaming(self) -> bool:
        """Whether one waits for its answer, or somebody had one or spoke this very moment: the next is on its way."""
        last_s = max([self._last_s, *(door.heard_at for door in self.doors)])
        return self._unanswered > 0 or time.monotonic() - last_s < SETTLES_S
