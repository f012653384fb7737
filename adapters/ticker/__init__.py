"""The metronome: it wakes the worker and starts the daily work. It remembers nothing and runs nothing that is due.

APScheduler drops a job that is late by more than its grace (PROMISES F13), so nothing is planned in it: a tick that is
lost costs the time to the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

if TYPE_CHECKING:
    from collections.abc import Callable

DAILY_AT_HOUR_UTC = 3
"""04:00 or 05:00 in Rome: never in the hour that summer time skips or repeats (PROMISES F14)."""


class Ticker:
    """Calls `tick` every `every_s` seconds and `daily` once a day and once at the start; both must be idempotent."""

    def __init__(self, tick: Callable[[], None], daily: Callable[[], None], *, every_s: float = 1.0) -> None:
        self._scheduler = BackgroundScheduler(timezone="UTC")
        common = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler.add_job(tick, "interval", seconds=every_s, **common)
        self._scheduler.add_job(daily, "cron", hour=DAILY_AT_HOUR_UTC, **common)
        self._scheduler.add_job(daily, "date", **common)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more; what runs is finished."""
        self._scheduler.shutdown(wait=True)
