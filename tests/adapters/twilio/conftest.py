from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.rehearsal import Rehearsal
from adapters.store import open_store
from tests.adapters.twilio.house import ACCOUNT, House, Loop
from tests.flow.station import Station
from tests.store.conftest import sqlite_template

__all__ = ["sqlite_template"]


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def rehearsal() -> Iterator[Rehearsal]:
    with Rehearsal(ACCOUNT, seconds_scale=0.001, seed="twilio") as rehearsal:
        yield rehearsal


@contextlib.contextmanager
def built(template: Path, folder: Path, rehearsal: Rehearsal, loop: Loop) -> Iterator[House]:
    shutil.copy(template, folder / "centralino.db")
    (folder / "site").mkdir()
    store = open_store(f"sqlite:///{folder / 'centralino.db'}", folder / "blobs", threaded=True)
    station = Station(store, folder / "site")
    house = House(station, rehearsal, loop)
    yield house
    house.close()
    store.close()
    station.reader.close()


@pytest.fixture
def house(sqlite_template: Path, tmp_path: Path, rehearsal: Rehearsal, loop: Loop) -> Iterator[House]:
    """A gateway on a Saturday night, with a carrier that knows it."""
    rehearsal.reset()
    with built(sqlite_template, tmp_path, rehearsal, loop) as house:
        yield house


@pytest.fixture(scope="session")
def quiet_house(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, rehearsal: Rehearsal, loop: Loop
) -> Iterator[House]:
    """One gateway for all tests in which nothing may happen."""
    with built(sqlite_template, tmp_path_factory.mktemp("quiet"), rehearsal, loop) as house:
        yield house
