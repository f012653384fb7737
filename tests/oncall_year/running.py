"""One run from nothing: a database on the fastest file system there is, the year, the verdict."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

from adapters.store import migrate, open_store
from tests.oncall_year.chance import Odds
from tests.oncall_year.judge import Verdict, judge
from tests.oncall_year.world import OUR_NUMBER, Year

MEMORY = Path("/dev/shm")  # noqa: S108 - a database that is thrown away
START = datetime.fromisoformat("2026-09-01T00:00:00+02:00")
"""So that a month has no night of the clocks and a year has both."""


def simulate(
    seed: int, days: int, *, start: datetime = START, odds: Odds | None = None, sender: str = OUR_NUMBER
) -> tuple[Verdict, float]:
    """The verdict over so many days, and how long it took, in seconds."""
    began = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="oncall-year-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        url = f"sqlite:///{folder / 'centralino.db'}"
        migrate(url)
        (folder / "site").mkdir()
        with open_store(url, folder / "blobs", threaded=False) as store:
            year = Year(store, folder / "site", seed=seed, start=start, days=days, odds=odds, sender=sender)
            try:
                year.run()
                verdict = judge(year)
            finally:
                year.station.reader.close()
    finally:
        shutil.rmtree(folder)
    return verdict, time.perf_counter() - began
