"""What waits for the writer. First come callers, who hear nothing until their commit, and contacts, who wait for a 250.

The other units (filing, claims, outcomes) take milliseconds each, as those of callers do, so only a few of them share a
batch: whoever comes meanwhile waits for those few and not for a backlog. Beside the first they have their turn when
they waited.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Generic, TypeVar

T = TypeVar("T")

AT_A_TIME = 8
"""How many of the callers a batch takes, and how many other units when nobody else waits."""
BESIDE = 2
"""How many it takes beside callers and contacts, once one of them has waited `PATIENCE_S`: the others go on however
many come."""
PATIENCE_S = 0.5


class Line(Enum):
    """Which of them a unit queues in."""

    CONTACT = "contact"
    CALLER = "caller"
    """Somebody is on the line until its commit: a webhook of the carrier, a button that was pressed."""
    OTHER = "other"


class Waiting(Generic[T]):
    """Three lines and one door. Thread-safe; one thread takes."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._contacts: deque[T] = deque()
        self._callers: deque[T] = deque()
        self._others: deque[T] = deque()
        self._since: deque[float] = deque()
        self._now = now
        self._changed = threading.Condition()
        self._closed = False

    def put(self, one: T, line: Line) -> None:
        """Queue up."""
        with self._changed:
            if line is Line.CONTACT:
                self._contacts.append(one)
            elif line is Line.CALLER:
                self._callers.append(one)
            else:
                self._others.append(one)
                self._since.append(self._now())
            self._changed.notify()

    def close(self) -> None:
        """`take` gives what still waits, and then nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, most: int) -> list[T]:
        """The next batch, at most `most`; waits for one. Empty when closed and nothing waits."""
        with self._changed:
            while not (len(self) or self._closed):
                self._changed.wait()
            batch = _from(self._callers, min(AT_A_TIME, most))
            batch += _from(self._contacts, most - len(batch))
            others = self._others_beside() if batch and not self._closed else AT_A_TIME
            return batch + self._take_others(min(others, most - len(batch)))

    def _others_beside(self) -> int:
        return BESIDE if self._since and self._now() - self._since[0] > PATIENCE_S else 0

    def _take_others(self, most: int) -> list[T]:
        taken = _from(self._others, most)
        _from(self._since, len(taken))
        return taken

    def drain(self) -> list[T]:
        """Everything that waits now."""
        with self._changed:
            first = _from(self._callers, len(self._callers)) + _from(self._contacts, len(self._contacts))
            return first + self._take_others(len(self._others))

    def __len__(self) -> int:
        return len(self._callers) + len(self._contacts) + len(self._others)


def _from(line: deque[Any], most: int) -> list[Any]:
    return [line.popleft() for _ in range(min(most, len(line)))]
