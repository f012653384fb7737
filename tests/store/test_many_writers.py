from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.store import SqlStore, verify
from adapters.store.reading import SqlReading
from gateway.domain.errors import StoreError
from tests.store.conftest import Database
from tests.store.values import NOW, arrival, opened

ROOT = Path(__file__).parents[2]
HAMMER = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from adapters.store import open_store
from tests.store.values import happening, opened

url, blobs, name, threaded, count = sys.argv[1:6]
def unit(transaction, n):
    number = opened(transaction, subject=f"{name} {n}")
    transaction.record("system", happening(data={"n": f"{name} {n}"}))
    transaction.record(str(number), happening(personal={"who": name}))
    return number

with open_store(url, Path(blobs), threaded=threaded == "yes") as store:
    futures = [store.submit(lambda t, n=n: unit(t, n)) for n in range(int(count))]
    for n, future in enumerate(futures):
        print(f"{name} {n} {future.result()}", flush=True)
"""
EACH = 25


def hammer(database: Database, name: str, *, threaded: bool, count: int = EACH) -> subprocess.Popen[str]:
    arguments = [database.url, str(database.blobs), name, "yes" if threaded else "no", str(count)]
    return subprocess.Popen([sys.executable, "-c", HAMMER, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def checked(store: SqlStore) -> object:
    def ask(reading: object) -> object:
        assert isinstance(reading, SqlReading)
        return verify(reading)

    return store.read(ask)


def test_eight_processes_lose_nothing_double_no_number_and_fork_no_chain(database: Database) -> None:
    processes = [hammer(database, f"p{n}", threaded=n % 2 == 0) for n in range(8)]
    said = [line.split() for process in processes for line in process.communicate(timeout=100)[0].splitlines()]
    assert [process.returncode for process in processes] == [0] * 8
    numbers = [int(number) for _, _, number in said]
    assert len(set(numbers)) == len(numbers) == 8 * EACH
    store = database.open()
    stored = {found.number: found.subject for found in store.read(lambda reading: reading.tickets(limit=10_000))}
    assert stored == {int(number): f"{name} {n}" for name, n, number in said}
    assert len(store.read(lambda reading: reading.entries("system"))) == 8 * EACH
    assert checked(store) is None


@pytest.mark.parametrize("moment", range(4))
def test_what_was_answered_before_a_kill_is_there_after_it(database: Database, moment: int) -> None:
    process = hammer(database, "p", threaded=True, count=100_000)
    assert process.stdout is not None
    said = [process.stdout.readline().split()]
    time.sleep(0.03 * moment)
    process.send_signal(signal.SIGKILL)
    said += [line.split() for line in process.stdout.read().splitlines() if line.count(" ") == 2]
    process.wait(10)
    store = database.open()
    stored = {found.number for found in store.read(lambda reading: reading.tickets(limit=1_000_000))}
    assert {int(words[2]) for words in said if len(words[2]) == 10} <= stored
    assert checked(store) is None
    assert store.write(opened) == max(stored) + 1


def test_a_database_that_somebody_holds_is_an_error_after_the_busy_timeout(database: Database) -> None:
    """C-16: the door answers 451, not 500, and goes on afterwards."""
    store, other = database.open(), database.open(threaded=False)

    def hold(_: object) -> str:
        began = time.monotonic()
        with pytest.raises(StoreError, match="5 seconds"):
            store.write(lambda unit: unit.accept(arrival(), NOW))
        return "early" if time.monotonic() - began < 4 else "after the timeout"

    assert other.write(hold) == "after the timeout"
    assert store.write(lambda unit: unit.accept(arrival(), NOW)).repeated is False
