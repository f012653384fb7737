"""A clock that tests set and pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class TestClock:
    """Stands still until it is told otherwise."""

    __test__ = False

    def __init__(self, at: str) -> None:
        self._now = datetime.fromisoformat(at).astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, at: str) -> None:
        self._now = datetime.fromisoformat(at).astimezone(UTC)

    def pass_(self, **duration: float) -> None:
        self._now += timedelta(**duration)
