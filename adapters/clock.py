"""The time: the real one, or the real one plus an offset that every command of a demo shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class OffsetClock:
    """The real time plus an offset (seconds) kept in a file, so that a jump is seen by every process at once."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at = 0
        self._offset = timedelta(0)

    def offset(self) -> timedelta:
        """How far this clock is from the real one; a missing or unreadable file means not at all."""
        try:
            changed_at = self._file.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._offset = timedelta(seconds=float(self._file.read_text().strip() or 0))
                self._read_at = changed_at
        except (OSError, ValueError):
            return self._offset
        return self._offset

    def now(self) -> datetime:
        """The present instant of the demo in UTC."""
        return datetime.now(UTC) + self.offset()

    def shifted(self, stated_at: datetime) -> datetime:
        """A time that the outside world stated (an INTERNALDATE), on this clock."""
        return stated_at + self.offset()

    def jump(self, forward: timedelta) -> None:
        """Go forward. Written beside and renamed, so that no process reads half a number."""
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{(self.offset() + forward).total_seconds():.6f}\n")
        beside.replace(self._file)
