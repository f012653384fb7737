"""The metronome: it wakes the worker and starts the daily work. It remembers nothing and runs nothing that is due.

APScheduler drops a job that is late by more than its grace (PROMISES F13), so nothing is planned in it: a tick that is
lost costs the time to the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apscheduler.schedulers.background import BackgroundScheduler

if TYPE_CHECKING:
    from collections.abc import Callable

DAILY_AT = {"hour": "22,23", "minute": 5}
"""UTC: one of the two is five past midnight in Rome, when the day is over that is sealed (S165, PROMISES F14).

Not told as Rome's own time: APScheduler 3.11 leaves out the whole day after the night of March, as a test shows. At the
other of the two there is nothing left to do.
"""


class Ticker:
    """Calls `tick` every `every_s` seconds and `daily` twice a night and once at the start; both must be idempotent."""

    def __init__(self, tick: Callable[[], None], daily: Callable[[], None], *, every_s: float = 1.0) -> None:
        self._scheduler = BackgroundScheduler(timezone="UTC")
        common = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler.add_job(tick, "interval", seconds=every_s, **common)
        self._scheduler.add_job(daily, "cron", **DAILY_AT, **common)
        self._scheduler.add_job(daily, "date", **common)

    def start(self) -> None:
        """Begin to tick."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tick no more; what runs is finished. One that never began has nothing to end."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
