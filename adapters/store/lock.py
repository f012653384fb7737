"""Only one daemon on a database; commands may ask whether one is alive.

SQLite: `flock` on `<database>.daemon`, which the kernel gives back however the process ends. PostgreSQL: an advisory
lock on a connection of its own, which the server gives back when the connection ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import sqlalchemy as sa

from adapters.store.engine import parsed, said, sqlite_path, writing_engine
from gateway.domain.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

DAEMON_LOCK = 0x43454E55  # the number after the writers' lock
_ASKING_S = 1.0  # a command that asks holds the lock for a moment; a daemon waits that long before it gives up
_STEP_S = 0.05

_HOLDER = sa.text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = :lock"
)


@contextlib.contextmanager
def daemon_lock(url: str) -> Iterator[None]:
    """Hold the one daemon's place while the block runs.

    Raises:
        StoreError: another daemon has it; the text names its process.
    """
    path = sqlite_path(parsed(url))
    with _file_lock(_lock_path(path)) if path is not None else _advisory_lock(url):
        yield


def daemon_alive(url: str) -> bool:
    """Whether a daemon is running on this database.

    Raises:
        StoreError: PostgreSQL cannot be asked.
    """
    path = sqlite_path(parsed(url))
    if path is None:
        return _postgres_holder(url) is not None
    lock = _lock_path(path)
    if not lock.exists():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _lock_path(database: Path) -> Path:
    return database.with_name(database.name + ".daemon")


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        _take(file, path)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        file.truncate(0)


def _take(file: IO[str], path: Path) -> None:
    give_up = time.monotonic() + _ASKING_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise _taken(path.read_text(encoding="ascii", errors="replace").strip()) from None
            time.sleep(_STEP_S)
        else:
            return


def _taken(holder: str) -> StoreError:
    return StoreError(f"a daemon is already running on this database (process {holder or 'unknown'}); stop it first")


@contextlib.contextmanager
def _advisory_lock(url: str) -> Iterator[None]:
    engine = writing_engine(parsed(url))
    try:
        connection = _locked(engine)
        yield
        connection.close()
    finally:
        engine.dispose()


def _locked(engine: Engine) -> Connection:
    """A connection that holds the daemon's lock until it is closed."""
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(DAEMON_LOCK))).scalar():
            raise _taken(str(connection.execute(_HOLDER, {"lock": DAEMON_LOCK}).scalar()))
    except sa.exc.DBAPIError as error:
        raise StoreError(f"the database cannot be reached ({said(error)}); check [database] url") from error
    return connection


def _postgres_holder(url: str) -> str | None:
    engine = writing_engine(parsed(url))
    try:
        with engine.connect() as connection:
            holder = connection.execute(_HOLDER, {"lock": DAEMON_LOCK}).scalar()
            return None if holder is None else str(holder)
    except sa.exc.DBAPIError as error:
        raise StoreError(f"the database cannot be reached ({said(error)}); check [database] url") from error
    finally:
        engine.dispose()
