"""Noticing what other processes commit, so that a command's dispatch leaves at once and not at the next tick.

SQLite has no bell: `PRAGMA data_version` is asked every 200 ms. PostgreSQL has one: every commit of a store is
announced on a channel with the writer's name. Our own commits may ring too; a bell too many does no harm.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from adapters.store.engine import parsed, sqlite_path
from adapters.store.writer import CHANNEL

INTERVAL_S = 0.2
_AGAIN_S = 1.0


class ForeignWatch:
    """A thread that calls back when somebody else may have committed something. Survives a database that goes away.

    `own_name` is `SqlStore.name`: its commits do not ring on PostgreSQL.
    """

    def __init__(self, url: str, callback: Callable[[], None], *, own_name: str = "") -> None:
        self._callback = callback
        self._own_name = own_name
        self._stopping = threading.Event()
        address = parsed(url)
        path = sqlite_path(address)
        watch: Callable[[str], None] = self._listen if path is None else self._watch_file
        named = address.set(drivername="postgresql").render_as_string(hide_password=False)
        argument = named if path is None else str(path)
        self._thread = threading.Thread(target=self._run, args=(watch, argument), name="store-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._thread.join()

    def _run(self, watch: Callable[[str], None], argument: str) -> None:
        while not self._stopping.is_set():
            try:
                watch(argument)
            except (sqlite3.Error, OSError):
                # What was missed meanwhile is unknown: ring once, then watch again.
                self._stopping.wait(_AGAIN_S)
                self._callback()

    def _watch_file(self, path: str) -> None:
        connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)
        try:
            last = None
            while not self._stopping.wait(INTERVAL_S):
                version = connection.execute("PRAGMA data_version").fetchone()[0]
                if last is not None and version != last:
                    self._callback()
                last = version
        finally:
            connection.close()

    def _listen(self, address: str) -> None:
        import psycopg  # noqa: PLC0415 - an extra: an installation on SQLite does not have it

        try:
            with psycopg.connect(address, autocommit=True, connect_timeout=5, keepalives_idle=10) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not self._stopping.is_set():
                    heard = list(connection.notifies(timeout=INTERVAL_S, stop_after=1))
                    if any(notice.payload != self._own_name for notice in heard):
                        self._callback()
        except psycopg.Error as error:
            raise ConnectionError(str(error)) from error
