from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.station import Station
from tests.store.conftest import Database, database, postgres, postgres_template, sqlite_template

__all__ = ["database", "postgres", "postgres_template", "sqlite_template"]


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Iterator[Station]:
    """A gateway on a Saturday night."""
    folder = tmp_path / "site"
    folder.mkdir()
    station = Station(database.open(), folder)
    yield station
    station.reader.close()
