"""The store (`gateway.ports.Store`): opened by its address, with or without a writer thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

import sqlalchemy as sa

from adapters.store.authentication import AuthenticationReading
from adapters.store.blobs import BlobFolder
from adapters.store.engine import parsed, reading_engine, said, sqlite_path
from adapters.store.schema import require_current
from adapters.store.units import Accepting, Expecting
from adapters.store.waiting import Line
from adapters.store.writer import Batches, GroupCommit, InThread
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Receipt
from gateway.ports import Expected, Reading, Transaction

T = TypeVar("T")


class SqlStore:
    """Where everything lies, on SQLite or PostgreSQL. Thread-safe. Close it."""

    def __init__(self, url: str, blobs: Path, *, threaded: bool, _synchronous: str = "FULL") -> None:
        address = parsed(url)
        self.url = url
        self.blobs = BlobFolder(blobs)
        self._path = sqlite_path(address)
        self._listeners: list[Callable[[], None]] = []
        self._alarms: list[Callable[[StoreError | None], None]] = []
        self._batches = Batches(address, self.blobs, synchronous=_synchronous)
        self._reader = reading_engine(address)
        self._writer: GroupCommit | InThread
        if threaded:
            self._writer = GroupCommit(self._batches, committed=self._committed, faulted=self._faulted)
        else:
            self._writer = InThread(self._batches, committed=self._committed)

    # --------------------------------------------------------------------------------------------------- port

    def submit(
        self, unit: Callable[[Transaction], T], expected: Expected | None = None, *, on_the_line: bool = False
    ) -> Future[T]:
        line = Line.CALLER if on_the_line else Line.OTHER
        return self._writer.submit(unit if expected is None else Expecting(unit, expected), line)

    def write(self, unit: Callable[[Transaction], T]) -> T:
        return self.submit(unit).result()

    def read(self, query: Callable[[Reading], T]) -> T:
        try:
            with self._reader.connect() as connection, connection.begin():
                return query(AuthenticationReading(connection, self.blobs))
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(f"the store could not answer ({said(error)})") from error

    # ------------------------------------------------------------------------------------------ around the port

    def submit_accept(self, arrival: Arrival, at: datetime) -> Future[Receipt]:
        """Keep an arrival: the quick form of `submit(lambda unit: unit.accept(arrival, at))`."""
        return self.submit(Accepting(arrival, at))

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back after every commit of this store that changed something, in the writer's thread: be quick."""
        self._listeners.append(callback)

    def on_fault(self, callback: Callable[[StoreError | None], None]) -> None:
        """Call back when the disk failed (with the error) and when the store accepts again (with None)."""
        self._alarms.append(callback)

    def pending(self) -> int:
        """How many units wait for the writer: the pressure."""
        return self._writer.pending()

    def commits(self) -> int:
        """How many transactions have been committed since the store was opened."""
        return self._batches.commits

    def broken(self) -> StoreError | None:
        """Why nothing is accepted at the moment, or None."""
        return self._batches.broken

    def wal_bytes(self) -> int:
        """The size of SQLite's write-ahead log: growing without end means that a reader never ends (C-59)."""
        if self._path is None:
            return 0
        log = self._path.with_name(self._path.name + "-wal")
        return log.stat().st_size if log.exists() else 0

    @property
    def name(self) -> str:
        """The name under which this store announces its commits."""
        return self._batches.name

    def close(self) -> None:
        """Commit what was submitted, then give everything back."""
        self._writer.close()
        self._batches.close()
        self._reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _committed(self) -> None:
        for listener in self._listeners:
            listener()

    def _faulted(self, error: StoreError | None) -> None:
        for alarm in self._alarms:
            alarm(error)


def open_store(url: str, blobs: Path, *, threaded: bool) -> SqlStore:
    """The store at this address; `blobs` is the folder for mails above 256 KB.

    Raises:
        StoreError: it cannot be reached, cannot keep its promises, or has another schema (the text has the remedy).
    """
    require_current(url)
    return SqlStore(url, blobs, threaded=threaded)
