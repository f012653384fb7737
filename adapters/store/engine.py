"""Connections: SQLite in WAL with every commit on disk, PostgreSQL with limits on every wait.

SQLAlchemy's own defaults do not fit (PROMISES F11): it leaves foreign keys off and lets sqlite3 begin transactions when
it likes. Here every connection is set up in one place, and what was set is read back: a store that cannot keep its
promise refuses to open.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from gateway.domain.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection, Engine

BUSY_TIMEOUT_MS = 5_000
_LOOK_AGAIN_MS = 3
"""How long a BEGIN IMMEDIATE waits before it asks again. SQLite itself asks ever more seldom, in the end every 100 ms,
and misses the few ms that a busy daemon leaves free twenty times a second."""
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_CHECKPOINT_PAGES = 2_000  # 8 MB: a batch of mails does not end in a checkpoint every time
_READERS = 4
_CACHED_STATEMENTS = 512  # each table has an INSERT for several numbers of rows
_SYNCHRONOUS = {"FULL": 2, "NORMAL": 1}

# Every wait has an end: connecting, a lock (the other writers), a statement, a peer that vanished without a word.
_POSTGRES_ARGUMENTS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "options": "-c statement_timeout=30000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
    " -c synchronous_commit=on",
}


def parsed(url: str) -> URL:
    """The address of a database as SQLAlchemy takes it; PostgreSQL always by psycopg.

    Raises:
        StoreError: neither a SQLite file nor PostgreSQL.
    """
    remedy = "write sqlite:////var/lib/centralino/centralino.db or postgresql://user@host/database"
    try:
        made = make_url(url)
    except sa.exc.ArgumentError as error:
        raise StoreError(f"[database] url is no address of a database; {remedy}") from error
    kind = made.get_backend_name()
    if kind in ("postgresql", "postgres"):
        return made.set(drivername="postgresql+psycopg")
    if kind == "sqlite" and made.database and made.database != ":memory:":
        return made
    raise StoreError(f"[database] url names {kind!r}, which cannot keep the promises; {remedy}")


def sqlite_path(url: URL) -> Path | None:
    """The file of a SQLite database, or None for PostgreSQL."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def writing_engine(url: URL, *, synchronous: str = "FULL") -> Engine:
    """The engine whose transactions begin with the right to write. One connection.

    Raises:
        StoreError: the database cannot be opened with the settings that the promises need.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, begin=_begin_writing, synchronous=synchronous, pool_size=1, busy_ms=_LOOK_AGAIN_MS)
    return _postgres(url, pool_size=1, max_overflow=1)


def reading_engine(url: URL) -> Engine:
    """The engine for questions: several connections, each transaction one consistent view, nothing can be written."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, begin=_begin_reading, synchronous="FULL", pool_size=_READERS, read_only=True)
    engine = _postgres(url, pool_size=_READERS, max_overflow=_READERS, pool_pre_ping=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite(
    url: URL,
    *,
    begin: Callable[[Connection], None],
    synchronous: str,
    pool_size: int,
    busy_ms: int = BUSY_TIMEOUT_MS,
    read_only: bool = False,
) -> Engine:
    engine = sa.create_engine(
        url,
        poolclass=sa.pool.QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={
            "check_same_thread": False,
            "timeout": BUSY_TIMEOUT_MS / 1000,
            "cached_statements": _CACHED_STATEMENTS,
        },
    )

    def set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection has no type in SQLAlchemy
        connection.isolation_level = None  # sqlite3 begins nothing by itself; the event below does
        _set_pragmas(connection, synchronous=synchronous, busy_ms=busy_ms)
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    sa.event.listen(engine, "connect", set_up)
    sa.event.listen(engine, "begin", begin)
    return engine


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_writing(connection: Connection) -> None:
    """Begin with the right to write, within `BUSY_TIMEOUT_MS`. What else is wrong is told at once (PROMISES F12)."""
    until = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except sa.exc.OperationalError as error:
            is_busy = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= until:
                raise
        else:
            return


def _set_pragmas(connection: Any, *, synchronous: str, busy_ms: int) -> None:  # noqa: ANN401 - as above
    wanted = {
        "journal_mode": ("WAL", "wal"),
        "synchronous": (synchronous, _SYNCHRONOUS[synchronous]),
        "foreign_keys": ("ON", 1),
        "wal_autocheckpoint": (str(_CHECKPOINT_PAGES), _CHECKPOINT_PAGES),
        "journal_size_limit": (str(_WAL_LIMIT_BYTES), _WAL_LIMIT_BYTES),
        "busy_timeout": (str(busy_ms), busy_ms),  # last: the settings before wait for the lock as long as it takes
    }
    for name, (value, expected) in wanted.items():
        connection.execute(f"PRAGMA {name} = {value}")
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != expected:
            raise StoreError(
                f"SQLite keeps {name} at {found!r} instead of {value}, so what is acknowledged would not be safe; "
                "put the database on a local disk whose file system has locks and shared memory"
            )


def _postgres(url: URL, **pool: Any) -> Engine:  # noqa: ANN401 - SQLAlchemy's pool settings
    name = f"centralino {os.getpid()}@{socket.gethostname()}"
    arguments = _POSTGRES_ARGUMENTS | {"application_name": name}
    if "connect_timeout" in url.query:
        arguments.pop("connect_timeout")
    return sa.create_engine(url, connect_args=arguments, **pool)


def said(error: BaseException) -> str:
    """What a database error says, in one line, without the statement and its values (they may be personal)."""
    original = getattr(error, "orig", None) or error
    return " ".join(str(original).split()) or type(original).__name__
