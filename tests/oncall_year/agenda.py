"""The virtual time: what is to happen when, in order, and the clock that jumps from one to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

Event = Callable[[], None]


@dataclass(slots=True)
class Agenda:
    """A clock and the events ahead. Events of the same instant happen in the order in which they were written down."""

    at: datetime
    _ahead: list[tuple[datetime, int, Event]] = field(default_factory=list)
    _number: count[int] = field(default_factory=count)

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self.at.astimezone(UTC)

    def then(self, at: datetime, event: Event) -> None:
        """Something happens at an instant; one that has passed happens now."""
        heapq.heappush(self._ahead, (max(at.astimezone(UTC), self.now()), next(self._number), event))

    def after(self, seconds: float, event: Event) -> None:
        """Something happens so many seconds from now."""
        self.then(self.now() + timedelta(seconds=seconds), event)

    def next_at(self) -> datetime | None:
        """When the next event happens."""
        return self._ahead[0][0] if self._ahead else None

    def jump(self, at: datetime) -> None:
        """It is now this instant, and everything up to it happens."""
        self.at = max(at.astimezone(UTC), self.now())
        while self._ahead and self._ahead[0][0] <= self.at:
            heapq.heappop(self._ahead)[2]()


@dataclass(frozen=True, slots=True)
class Span:
    """A time [start, end) in which something is so."""

    start: datetime
    end: datetime


def covers(spans: list[Span], at: datetime) -> bool:
    """Whether one of the spans lasts at an instant."""
    return any(span.start <= at < span.end for span in spans)
