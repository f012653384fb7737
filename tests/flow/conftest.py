from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.station import Station
from tests.store.conftest import Database, database, postgres, postgres_template, sqlite_template

__all__ = ["database", "postgres", "postgres_template", "sqlite_template"]


SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made inside


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the machine has one: what a test writes there need not outlive a power cut."""
    if not SHARED_MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY, prefix="centralino-") as folder:
        yield Path(folder)


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Iterator[Station]:
    """A gateway on a Saturday night."""
    folder = tmp_path / "site"
    folder.mkdir()
    station = Station(database.open(), folder)
    yield station
    station.reader.close()
