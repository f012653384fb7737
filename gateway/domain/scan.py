"""What the scanner said of a file, known by its SHA-256. A file without a row was never owed to a scanner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(minutes=30)
MAX_FAILURES = 3
"""So often a scanner may say that it cannot scan a file; then nobody asks it again."""


class ScanState(StrEnum):
    """`unscanned`: nobody could say yet. `failed`: the scanner refuses the file. The others are what it said."""

    UNSCANNED = "unscanned"
    CLEAN = "clean"
    INFECTED = "infected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Scan:
    """One file and what became of its scan. `intake` and `part` say where its bytes are; `due_at` is None once settled.

    `found` is the scanner's name for what it found, or why it could not scan.
    """

    sha256: str
    intake: int
    part: str
    state: ScanState
    due_at: datetime | None
    attempts: int = 0
    found: str = ""
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scanner answered. `state` UNSCANNED means that it could not be asked, and `detail` why."""

    state: ScanState
    detail: str = ""


def retry_delay(attempt: int) -> timedelta:
    """How long to wait after attempt number `attempt` (from 1) before the scanner is asked again.

    Doubles from one minute to half an hour, and never ends: a file is not lost because a scanner was down.
    """
    doubled: timedelta = FIRST_RETRY * 2 ** min(max(attempt, 1) - 1, 10)
    return min(doubled, LONGEST_RETRY)
