"""The negative controls: two daemons that are known to be wrong. A harness that does not report them is blind.

Without repeat keys a mail that was committed but not answered comes in twice (PROMISES F21). With WAL and
synchronous=NORMAL a 250 leaves before anything is on disk (F22; in `cuts`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from adapters.store.engine import parsed
from tests.powercut import kills

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.powercut.clients import Ledger
    from tests.powercut.site import Place

MOST_KILLS = 60
ENOUGH = 3


def doubles_without_repeat_keys(folder: Path, seed: str, on_kill: Callable[[], None]) -> kills.Kills:
    """The kill ledger against a daemon that makes every repeat key unique; ends when some doubles are there."""
    return kills.run(folder, MOST_KILLS, seed, options=("--unique-keys",), on_kill=on_kill, enough=_enough)


def _enough(_ledger: Ledger, place: Place) -> bool:
    engine = sa.create_engine(parsed(place.url))
    try:
        with engine.connect() as connection:
            sums = Counter(row.sha256 for row in connection.execute(sa.text("SELECT sha256 FROM intake")))
    finally:
        engine.dispose()
    return sum(count > 1 for count in sums.values()) >= ENOUGH
