"""Units of work into transactions: many units share one, and one bad unit fails alone.

`Batches` runs a batch in the calling thread. `GroupCommit` feeds it from one thread: it takes everything that waits,
and answers each caller after the commit is on disk. Throughput comes from sharing the sync and from one statement per
table, not from more writers: writers take turns (decision 0003).
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from adapters.store import tables
from adapters.store.blobs import BlobFolder
from adapters.store.engine import said, sqlite_path, writing_engine
from adapters.store.transaction import SqlTransaction
from adapters.store.units import Accepting
from adapters.store.waiting import Line, Waiting
from gateway.domain.errors import StoreError
from gateway.ports import Expected

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

Unit = Callable[[SqlTransaction], Any]

MAX_BATCH = 256
WRITERS_LOCK = 0x43454E54  # "CENT": the advisory lock that lets one writer in at a time on PostgreSQL
CHANNEL = "centralino"
"""The PostgreSQL channel on which every commit is announced, with the writer's name."""

_REOPEN_FIRST_S, _REOPEN_MOST_S = 0.2, 5.0

# What SQLite says when the disk, not the statement, is at fault (PROMISES F12, C-22). After any of these the state of
# the page cache is unknown: close, reopen, check.
_DISK_FAULTS = ("disk i/o error", "malformed", "not a database", "readonly", "disk is full", "unable to open")
_WRITER = postgresql.insert(tables.writer)
_MARK = _WRITER.on_conflict_do_update(index_elements=["name"], set_={"batch": _WRITER.excluded.batch})


@dataclass(frozen=True, slots=True)
class Done:
    """What a unit answered; it is on disk."""

    answer: Any


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a unit did not happen."""

    error: BaseException


Result = Done | Failed


class _Undecided(Exception):  # noqa: N818 - not an error of anybody: the batch has to be run again, or not
    """The connection was lost. `committed` says whether COMMIT had been sent."""

    def __init__(self, error: sa.exc.DBAPIError, *, committing: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.committing = committing


class Batches:
    """Runs batches of units, one transaction each, in the calling thread. One thread at a time.

    `broken` is why nothing is accepted at the moment, or None.
    """

    def __init__(self, url: URL, blobs: BlobFolder, *, synchronous: str = "FULL") -> None:
        self._url = url
        self._blobs = blobs
        self._synchronous = synchronous
        self._engine: Engine = writing_engine(url, synchronous=synchronous)
        self._connection: Connection | None = None
        self._on_sqlite = sqlite_path(url) is not None
        self._batch = 0
        self.name = secrets.token_hex(8)
        self.broken: StoreError | None = None
        self.commits = 0

    # ------------------------------------------------------------------------------------------------ running

    def run(self, units: Sequence[Unit]) -> tuple[list[Result], bool]:
        """The result of each unit, and whether anything was changed. Never raises an `Exception`."""
        if self.broken is not None:
            return [Failed(self.broken)] * len(units), False
        try:
            return self._twice(units)
        except StoreError as error:
            return [Failed(error)] * len(units), False
        except Exception as error:  # noqa: BLE001 - a unit of the batch failed: which one shows when each runs alone
            translated = self._translated(error)
            if len(units) == 1 or self.faulty():
                # After a fault of the disk a second try would succeed, and prove nothing (PROMISES F12).
                return [Failed(translated)] * len(units), False
            alone = [self.run([unit]) for unit in units]
            return [results[0] for results, _ in alone], any(changed for _, changed in alone)

    def _twice(self, units: Sequence[Unit]) -> tuple[list[Result], bool]:
        """Once more on a fresh connection when the first was lost (PROMISES C-18)."""
        try:
            return self._once(units)
        except _Undecided as lost:
            answers = getattr(lost, "answers", None)
            if lost.committing and self._was_committed():
                return [Done(answer) for answer in answers or ()], True
        try:
            return self._once(units)
        except _Undecided as lost:
            raise self._unreachable(lost.error) from lost.error

    def _once(self, units: Sequence[Unit]) -> tuple[list[Result], bool]:
        answers: list[Any] = []
        committing = False
        try:
            with self._begun() as connection:
                transaction = SqlTransaction(connection, self._blobs)
                self._expect(transaction, units)
                answers.extend(unit(transaction) for unit in units)
                transaction.flush()
                if not transaction.wrote:
                    connection.rollback()
                    return [Done(answer) for answer in answers], False
                self._announce(connection)
                committing = True
                self._commit(connection)
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated and not self._on_sqlite:
                lost = _Undecided(error, committing=committing)
                lost.answers = answers  # type: ignore[attr-defined]  # read once, by the caller above
                raise lost from error
            raise
        self.commits += 1
        return [Done(answer) for answer in answers], True

    @contextlib.contextmanager
    def _begun(self) -> Any:  # noqa: ANN401 - a context manager of a connection
        """A connection that holds the right to write. Rolled back unless committed."""
        connection = self._connected()
        try:
            self._begin(connection)
            yield connection
        finally:
            self._leave(connection)

    def _connected(self) -> Connection:
        """The connection that stays open from batch to batch."""
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except sa.exc.DBAPIError as error:
                self._take_note(error)
                raise self._unreachable(error) from error
        return self._connection

    def _leave(self, connection: Connection) -> None:
        """Undo what was not committed; a connection with which anything is wrong is not used again."""
        if not connection.in_transaction() and not connection.invalidated:
            return
        try:
            connection.rollback()
        except sa.exc.DBAPIError:
            connection.invalidate()
        if connection.invalidated:
            self._forget()

    def _forget(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sa.exc.DBAPIError):
                connection.close()

    def _begin(self, connection: Connection) -> None:
        try:
            connection.begin()
            if not self._on_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITERS_LOCK)))
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated and not self._on_sqlite:
                raise _Undecided(error, committing=False) from error
            self._take_note(error)
            if self.broken is not None:
                raise self.broken from error
            msg = f"nobody let us write for 5 seconds ({said(error)}); look for a program that holds the database"
            raise StoreError(msg) from error

    @staticmethod
    def _expect(transaction: SqlTransaction, units: Sequence[Unit]) -> None:
        known = [each for unit in units if (each := getattr(unit, "expected", None)) is not None]
        if len(known) > 1:
            transaction.expect(
                Expected(
                    tuple(key for each in known for key in each.repeat_keys),
                    tuple(intake for each in known for intake in each.intakes),
                    tuple(content for each in known for content in each.contents),
                )
            )

    def _announce(self, connection: Connection) -> None:
        if self._on_sqlite:
            return
        self._batch += 1
        connection.execute(_MARK, {"name": self.name, "batch": self._batch})
        connection.execute(sa.select(sa.func.pg_notify(CHANNEL, self.name)))

    def _commit(self, connection: Connection) -> None:
        """Commit; when this returns everything is on disk."""
        try:
            connection.commit()
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated and not self._on_sqlite:
                raise
            # A commit that failed must not be tried again unit by unit: the disk is at fault, not a unit.
            self._take_note(error)
            raise StoreError(f"the commit failed ({said(error)}); nothing was stored") from error

    def _was_committed(self) -> bool:
        """Whether the batch whose COMMIT got no answer is there.

        Raises:
            StoreError: the database cannot be asked.
        """
        mark = sa.select(tables.writer.c.batch).where(tables.writer.c.name == self.name)
        try:
            with self._begun() as connection:
                return bool(connection.execute(mark).scalar() == self._batch)
        except (sa.exc.DBAPIError, _Undecided) as error:
            raise self._unreachable(error) from error

    # ------------------------------------------------------------------------------------------------- faults

    def faulty(self) -> bool:
        """Whether nothing is accepted at the moment."""
        return self.broken is not None

    def _translated(self, error: Exception) -> BaseException:
        if not isinstance(error, sa.exc.SQLAlchemyError):
            return error
        self._take_note(error)
        translated = StoreError(f"the store refused ({said(error)}); nothing was stored")
        translated.__cause__ = error
        return translated

    def _take_note(self, error: sa.exc.SQLAlchemyError) -> None:
        """Stop accepting after a fault of the disk."""
        text = said(error).lower()
        if self._on_sqlite and any(fault in text for fault in _DISK_FAULTS):
            self.broken = StoreError(
                f"the disk refused the database ({said(error)}); nothing is accepted until it was reopened and checked"
            )

    @staticmethod
    def _unreachable(error: BaseException) -> StoreError:
        return StoreError(f"the database cannot be reached ({said(error)}); nothing was stored, try again")

    def reopen(self) -> bool:
        """Close, open, check and write a little; whether units are accepted again."""
        self._forget()
        self._engine.dispose()
        try:
            self._engine = writing_engine(self._url, synchronous=self._synchronous)
            with self._engine.connect() as connection:
                verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
                if verdict != "ok":
                    self.broken = StoreError(f"the database is damaged ({verdict}); restore it from a backup")
                    return False
            with self._engine.begin() as connection:
                connection.execute(sa.update(tables.counter).values(value=tables.counter.c.value))
        except (sa.exc.DBAPIError, StoreError) as error:
            self.broken = StoreError(f"the database cannot be reopened ({said(error)})")
            return False
        self.broken = None
        return True

    def close(self) -> None:
        """Give the connections back."""
        self._forget()
        with contextlib.suppress(sa.exc.DBAPIError):
            if not self._on_sqlite and self._batch:
                with self._engine.begin() as connection:
                    connection.execute(sa.delete(tables.writer).where(tables.writer.c.name == self.name))
        self._engine.dispose()


TURN_S = 0.05
"""How long the daemon's writer goes on before it leaves the database free for other processes."""
LEFT_FREE_S = 0.003


class GroupCommit:
    """One writer thread: what arrives together shares a transaction and a sync."""

    def __init__(
        self,
        batches: Batches,
        *,
        committed: Callable[[], None],
        faulted: Callable[[StoreError | None], None],
        max_batch: int = MAX_BATCH,
    ) -> None:
        self._batches = batches
        self._committed = committed
        self._faulted = faulted
        self._max_batch = max_batch
        self._waiting: Waiting[tuple[Unit, Future[Any]]] = Waiting()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, unit: Unit, line: Line = Line.OTHER) -> Future[Any]:
        """The unit's answer once it is committed. At once a `StoreError` while the store is broken or closed."""
        future: Future[Any] = Future()
        if self._closing.is_set():
            future.set_exception(StoreError("the store is closed"))
        elif self._batches.broken is not None:
            future.set_exception(self._batches.broken)
        else:
            self._waiting.put((unit, future), Line.CONTACT if isinstance(unit, Accepting) else line)
        return future

    def pending(self) -> int:
        """How many units wait for the writer."""
        return len(self._waiting)

    def close(self) -> None:
        """Commit what was submitted, then stop."""
        self._closing.set()
        self._waiting.close()
        self._thread.join()

    def _run(self) -> None:
        turn_began = time.monotonic()
        while batch := self._waiting.take(self._max_batch):
            taken = [(unit, future) for unit, future in batch if future.set_running_or_notify_cancel()]
            if taken:
                self._answer(taken)
            if self._batches.broken is not None:
                self._recover()
            if time.monotonic() - turn_began > TURN_S:
                # SQLite has no queue for its lock: whoever waits looks again now and then, and must find it free once.
                time.sleep(LEFT_FREE_S)
                turn_began = time.monotonic()
        self._refuse_waiting(StoreError("the store is closed"))

    def _answer(self, taken: Sequence[tuple[Unit, Future[Any]]]) -> None:
        results, changed = self._batches.run([unit for unit, _ in taken])
        for (_, future), result in zip(taken, results, strict=True):
            if isinstance(result, Done):
                future.set_result(result.answer)
            else:
                future.set_exception(result.error)
        if changed:
            self._committed()

    def _recover(self) -> None:
        """Refuse everything until the database was reopened and checked."""
        self._faulted(self._batches.broken)
        wait_s = _REOPEN_FIRST_S
        while not self._closing.is_set():
            self._refuse_waiting(self._batches.broken)
            if self._batches.reopen():
                self._faulted(None)
                return
            self._closing.wait(wait_s)
            wait_s = min(2 * wait_s, _REOPEN_MOST_S)

    def _refuse_waiting(self, error: StoreError | None) -> None:
        refusal = error or StoreError("the store is closed")
        for _, future in self._waiting.drain():
            if future.set_running_or_notify_cancel():
                future.set_exception(refusal)


class InThread:
    """No writer thread: units run at once in the calling thread, one at a time. For commands."""

    def __init__(self, batches: Batches, *, committed: Callable[[], None]) -> None:
        self._batches = batches
        self._committed = committed
        self._turn = threading.Lock()
        self._closed = False

    def submit(self, unit: Unit, line: Line = Line.OTHER) -> Future[Any]:  # noqa: ARG002 - as its sibling: none waits
        """The unit's answer; it is committed when this returns."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        with self._turn:
            if self._closed:
                future.set_exception(StoreError("the store is closed"))
                return future
            if self._batches.broken is not None:
                self._batches.reopen()
            results, changed = self._batches.run([unit])
        (result,) = results
        if isinstance(result, Done):
            future.set_result(result.answer)
        else:
            future.set_exception(result.error)
        if changed:
            self._committed()
        return future

    def pending(self) -> int:
        """Always 0: nothing waits."""
        return 0

    def close(self) -> None:
        """No further units."""
        self._closed = True
