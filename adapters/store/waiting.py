"""What waits for the writer. Keeping a contact goes first: somebody stands at the door and waits for a 250.

The other units (filing, claims, outcomes) take milliseconds each, so only a few of them share a batch: a contact that
comes meanwhile waits for those few and not for a whole backlog.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

AT_A_TIME = 8
"""How many other units a batch takes when no contact waits."""
BESIDE = 2
"""How many it takes beside contacts, so that the others go on however many contacts come."""


class Waiting(Generic[T]):
    """Two lines and one door. Thread-safe; one thread takes."""

    def __init__(self) -> None:
        self._contacts: deque[T] = deque()
        self._others: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, one: T, *, contact: bool) -> None:
        """Queue up."""
        with self._changed:
            (self._contacts if contact else self._others).append(one)
            self._changed.notify()

    def close(self) -> None:
        """`take` gives what still waits, and then nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, most: int) -> list[T]:
        """The next batch, at most `most`; waits for one. Empty when closed and nothing waits."""
        with self._changed:
            while not (self._contacts or self._others or self._closed):
                self._changed.wait()
            batch = _from(self._contacts, most)
            return batch + _from(self._others, min(BESIDE if batch else AT_A_TIME, most - len(batch)))

    def drain(self) -> list[T]:
        """Everything that waits now."""
        with self._changed:
            return _from(self._contacts, len(self._contacts)) + _from(self._others, len(self._others))

    def __len__(self) -> int:
        return len(self._contacts) + len(self._others)


def _from(line: deque[T], most: int) -> list[T]:
    return [line.popleft() for _ in range(min(most, len(line)))]
