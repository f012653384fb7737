"""Mailboxes that are read into the real store, on a temporary file."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.store import SqlStore, migrate, open_store
from tests.adapters.imap.reading import Reading
from tests.peers.dovecot import USERS, Dovecot, dovecot_server
from tests.peers.identity import IdentityProvider, identity_provider
from tests.peers.lying_imap import LyingImap

_NAMES = iter(USERS)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with the newest schema, to be copied: making one takes longer than most of these tests."""
    file = tmp_path_factory.mktemp("migrated") / "gateway.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Iterator[SqlStore]:
    file = tmp_path / "gateway.db"
    shutil.copyfile(migrated, file)
    with open_store(f"sqlite:///{file}", tmp_path / "blobs", threaded=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    """Whose tokens the server takes."""
    with identity_provider(tmp_path_factory.mktemp("identity")) as running:
        yield running


@pytest.fixture(scope="session")
def dovecot_running(provider: IdentityProvider) -> Iterator[Dovecot]:
    with dovecot_server(provider.introspection_url) as server:
        yield server


@pytest.fixture
def dovecot(dovecot_running: Dovecot) -> Dovecot:
    """A server with an empty mailbox."""
    return dovecot_running.of(next(_NAMES))


@pytest.fixture
def liar() -> Iterator[Callable[..., LyingImap]]:
    """Starts a server that lies as told."""
    servers: list[LyingImap] = []

    def one(*args: Any, **options: Any) -> LyingImap:  # noqa: ANN401 - as LyingImap takes them
        servers.append(LyingImap(*args, **options))
        return servers[-1]

    yield one
    for server in servers:
        server.close()


@pytest.fixture
def read(store: SqlStore) -> Iterator[Callable[..., Reading]]:
    """Starts to read a mailbox."""
    started: list[Reading] = []

    def one(port: int, **settings: Any) -> Reading:  # noqa: ANN401 - settings by name
        started.append(Reading(settings.pop("store", store), port, **settings))
        return started[-1]

    yield one
    for reading in started:
        assert reading.mailbox.stop()
