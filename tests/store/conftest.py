from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from adapters.store import SqlStore, migrate, open_store
from tests.databases import PostgresServer, postgres_bin, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    binaries = postgres_bin()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt install postgresql")
    with postgres_server(binaries) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Database:
    """One empty database, its folder for big mails, and a way to open it as often as a test needs."""

    url: str
    blobs: Path
    open: Callable[..., SqlStore]

    @property
    def on_sqlite(self) -> bool:
        return self.url.startswith("sqlite")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database, to be copied."""
    path = tmp_path_factory.mktemp("template") / "centralino.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """The name of a migrated PostgreSQL database, to be copied."""
    url = postgres.database()
    migrate(url)
    return str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without a schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'centralino.db'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with today's schema and nothing in it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'centralino.db'}"
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "centralino.db")
    else:
        url = request.getfixturevalue("postgres").database(request.getfixturevalue("postgres_template"))
    opened: list[SqlStore] = []

    def opener(*, threaded: bool = True) -> SqlStore:
        store = open_store(url, tmp_path / "blobs", threaded=threaded)
        opened.append(store)
        return store

    yield Database(url, tmp_path / "blobs", opener)
    for store in opened:
        store.close()


@pytest.fixture
def store(database: Database) -> SqlStore:
    return database.open()
