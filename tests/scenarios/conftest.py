from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.store import open_store
from config.compose import rules_of
from config.load import load
from gateway.domain.rules import Rules
from tests.config.variant import Variant
from tests.flow.station import Station, site_folder
from tests.store.conftest import sqlite_template

__all__ = ["sqlite_template"]


@pytest.fixture(scope="session")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    """The shipped contracts, people, roster and texts."""
    return rules_of(load(site_folder(tmp_path_factory.mktemp("shipped"))))


@pytest.fixture
def variant(tmp_path: Path) -> Variant:
    """A copy of the shipped configuration, to be changed where a scenario names other dates or a wrong setting."""
    folder = tmp_path / "variant"
    folder.mkdir()
    site_folder(folder)
    return Variant(folder)


@pytest.fixture
def station(sqlite_template: Path, tmp_path: Path) -> Iterator[Station]:
    """A gateway over the real store; what a scenario says of a database is the same on both (tests/flow)."""
    shutil.copy(sqlite_template, tmp_path / "centralino.db")
    folder = tmp_path / "site"
    folder.mkdir()
    store = open_store(f"sqlite:///{tmp_path / 'centralino.db'}", tmp_path / "blobs", threaded=True)
    station = Station(store, folder)
    yield station
    store.close()
    station.reader.close()
