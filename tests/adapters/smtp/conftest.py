"""The door in front of the real store, on a temporary file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.smtp import SmtpSettings
from adapters.store import SqlStore, migrate, open_store
from tests.adapters.smtp.door import Running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"
    migrate(url)
    with open_store(url, tmp_path / "blobs", threaded=True) as opened:
        yield opened


@pytest.fixture
def opened(store: SqlStore) -> Iterator[Callable[..., Running]]:
    """Opens a door with the limits given."""
    doors: list[Running] = []

    def one(*, accept: Any = None, tls: Any = None, submitters: Any = None, **limits: Any) -> Running:  # noqa: ANN401 - settings by name
        doors.append(Running(store, SmtpSettings(**limits), accept=accept, tls=tls, submitters=submitters))
        return doors[-1]

    yield one
    for door in doors:
        door.close()


@pytest.fixture
def door(opened: Callable[..., Running]) -> Running:
    return opened()
