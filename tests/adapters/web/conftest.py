"""A gateway behind its real web server, for the pages behind links."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from adapters.store import open_store
from adapters.web import WebServer, page_routes, swap_routes
from tests.adapters.twilio.house import Loop
from tests.flow.station import Station
from tests.store.conftest import sqlite_template

__all__ = ["sqlite_template"]


@dataclass(slots=True)
class Desk:
    """The station, and a browser on its server."""

    station: Station
    client: httpx2.Client


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def desk(sqlite_template: Path, tmp_path: Path, loop: Loop) -> Iterator[Desk]:
    """A Saturday night."""
    shutil.copy(sqlite_template, tmp_path / "centralino.db")
    (tmp_path / "site").mkdir()
    with open_store(f"sqlite:///{tmp_path / 'centralino.db'}", tmp_path / "blobs", threaded=True) as store:
        station = Station(store, tmp_path / "site")
        routes = [*page_routes(station.gw), *swap_routes(station.gw)]
        server = WebServer(routes, "127.0.0.1", 0, max_body_bytes=10_000)
        loop.run(server.start())
        url = f"http://127.0.0.1:{server.port}"
        with httpx2.Client(base_url=url, timeout=20, trust_env=False, follow_redirects=False) as client:
            yield Desk(station, client)
        loop.run(server.stop(2))
        station.reader.close()
