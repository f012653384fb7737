from __future__ import annotations

import contextlib
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapters.store import (
    SqlStore,
    daemon_alive,
    daemon_lock,
    migrate,
    open_store,
    require_current,
    schema_revision,
)
from adapters.store.engine import parsed, reading_engine, writing_engine
from adapters.store.watch import ForeignWatch
from gateway.domain.errors import StoreError
from tests.store.conftest import Database
from tests.store.values import opened, ticket

ROOT = Path(__file__).parents[2]
DAEMON = """
import sys, time
from adapters.store import daemon_lock
with daemon_lock(sys.argv[1]):
    print("here", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(("engine_of", "busy_ms"), [(writing_engine, 3), (reading_engine, 5000)])
def test_every_sqlite_connection_syncs_fully_and_checks_foreign_keys(
    tmp_path: Path, engine_of: object, busy_ms: int
) -> None:
    """F11: WAL with NORMAL answers 250 with nothing on disk."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    engine = engine_of(parsed(url))  # type: ignore[operator]  # one of two functions
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": busy_ms}


def test_whoever_wants_to_write_finds_the_moments_that_a_busy_daemon_leaves_free(tmp_path: Path) -> None:
    """C-16: SQLite's own wait asks every 100 ms at last, and missed one command of twenty for 5 seconds."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    moments, over = [0], threading.Event()

    def write_on() -> None:
        busy = sqlite3.connect(tmp_path / "a.db", isolation_level=None, timeout=5)
        while not over.is_set():
            busy.execute("BEGIN IMMEDIATE")
            time.sleep(0.05)
            busy.execute("COMMIT")
            moments[0] += 1
            time.sleep(0.003)

    engine = writing_engine(parsed(url))
    daemon = threading.Thread(target=write_on)
    daemon.start()
    try:
        began = moments[0]
        for begins_ms in range(0, 50, 5):
            time.sleep(begins_ms / 1000)
            with engine.begin() as connection:
                connection.exec_driver_sql("UPDATE counter SET value = value")
        taken = moments[0] - began
    finally:
        over.set()
        daemon.join()
        engine.dispose()
    assert taken < 40, taken


def test_which_schema_a_database_has_is_asked_without_the_right_to_write(tmp_path: Path) -> None:
    """A command that only shows something does not wait for a daemon that writes."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        require_current(url)
        assert schema_revision(url)


def test_a_database_that_was_overwritten_is_known_as_broken_when_the_next_unit_begins(tmp_path: Path) -> None:
    """C-22, F12: SQLite says so at BEGIN, as another kind of error than "busy"."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    with open_store(url, tmp_path / "blobs", threaded=False) as store:
        store.write(lambda _: None)
        with contextlib.closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
            other.execute("UPDATE counter SET value = value")
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with (tmp_path / "a.db").open("r+b") as file:
            file.write(b"X" * 100)
        with pytest.raises(StoreError, match=r"the disk refused the database .file is not a database"):
            store.write(lambda _: None)
        assert store.broken() is not None


def test_a_writer_that_never_lets_go_is_waited_for_only_so_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.store.engine.BUSY_TIMEOUT_MS", 60)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    with (
        open_store(url, tmp_path / "blobs", threaded=False) as store,
        contextlib.closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as busy,
    ):
        busy.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(StoreError, match="nobody let us write"):
            store.write(lambda _: None)
        assert 0.06 <= time.monotonic() - start < 2
        assert store.broken() is None
        busy.execute("ROLLBACK")
        store.write(lambda _: None)


def test_a_database_that_cannot_have_a_write_ahead_log_is_refused() -> None:
    with pytest.raises(StoreError, match=r"journal_mode at 'memory'"):
        writing_engine(sa.engine.make_url("sqlite://")).connect()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://h/d", "nonsense"])
def test_other_databases_are_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:////var/lib/centralino"):
        parsed(url)


def test_a_time_without_a_zone_is_refused(store: SqlStore) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises((StoreError, ValueError), match="no time zone"):
        store.write(lambda unit: unit.add_ticket(ticket(1, opened_at=naive)))


def test_a_second_daemon_is_refused_by_the_process_that_has_the_place(database: Database) -> None:
    """C-41."""
    import os

    with daemon_lock(database.url):
        assert daemon_alive(database.url)
        with pytest.raises(StoreError, match=f"already running.*{os.getpid()}"), daemon_lock(database.url):
            pass
    assert not daemon_alive(database.url)


def test_a_killed_daemon_leaves_its_place_free(database: Database) -> None:
    with subprocess.Popen([sys.executable, "-c", DAEMON, database.url], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert daemon_alive(database.url)
        process.kill()
        process.wait()
    with daemon_lock(database.url):
        pass


def test_a_foreign_commit_rings(database: Database) -> None:
    import threading

    rung = threading.Event()
    store, other = database.open(), database.open(threaded=False)
    watch = ForeignWatch(database.url, rung.set, own_name=store.name)
    threading.Event().wait(0.5)
    rung.clear()
    other.write(opened)
    assert rung.wait(2)
    watch.close()


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


def _full_disk() -> None:
    """Run in a process of its own: files may not grow, then they may again (C-22)."""
    import time

    folder = Path(sys.argv[1])
    url = f"sqlite:///{folder / 'a.db'}"
    migrate(url)
    faults: list[str | None] = []
    with open_store(url, folder / "blobs", threaded=True) as store:
        store.on_fault(lambda error: faults.append(None if error is None else str(error)))
        store.write(opened)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            store.write(lambda unit: opened(unit, subject="x" * 100_000))
        except StoreError as error:
            say("refused", error)
        try:
            store.write(opened)
        except StoreError as error:
            say("refused at once", error)
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        deadline = time.monotonic() + 20
        while store.broken() is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        say("number", store.write(opened))
        say("tickets", len(store.read(lambda reading: reading.tickets())))
    say("alarms", len(faults), "last", faults[-1])


def test_after_a_fault_of_the_disk_nothing_is_accepted_until_it_was_reopened(tmp_path: Path) -> None:
    """F12, C-22."""
    code = "from tests.store.test_engine import _full_disk; _full_disk()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    lines = done.stdout.splitlines()
    assert [line.split(" the ")[0] for line in lines[:2]] == ["refused", "refused at once"], done.stderr
    assert lines[2:] == ["number 2026000002", "tickets 2", "alarms 2 last None"]


def test_a_damaged_database_is_not_written_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    migrate(url)
    with open_store(url, tmp_path / "blobs", threaded=True) as store:
        store.write(opened)
    raw = bytearray((tmp_path / "a.db").read_bytes())
    raw[4096:] = b"\xee" * (len(raw) - 4096)
    (tmp_path / "a.db").write_bytes(raw)
    store = SqlStore(url, tmp_path / "blobs", threaded=True)
    for _ in range(2):
        with pytest.raises(StoreError):
            store.write(opened)
    assert store.broken() is not None
    store.close()


def test_a_store_opens_beside_another(database: Database) -> None:
    database.open().write(opened)
    assert database.open(threaded=False).write(opened) == 2026000002
