from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from adapters.store import SqlStore
from gateway.domain.errors import StoreError
from gateway.ports import Transaction
from tests.store.conftest import Database
from tests.store.values import NOW, arrival, dispatch, opened


def held(store: SqlStore) -> tuple[threading.Event, Future[None]]:
    """A unit that keeps the writer busy until the event is set, so that what follows waits together."""
    go, begun = threading.Event(), threading.Event()

    def wait(_: Transaction) -> None:
        begun.set()
        go.wait(10)

    future = store.submit(wait)
    begun.wait(10)
    return go, future


def test_units_that_wait_together_share_one_commit(store: SqlStore) -> None:
    go, _ = held(store)
    futures = [store.submit_accept(arrival(f"k{n}"), NOW) for n in range(50)]
    assert store.pending() == 50
    go.set()
    assert sorted(future.result().intake_id for future in futures) == list(range(1, 51))
    assert store.commits() == 1


@pytest.mark.parametrize("bad_unit", [lambda _: 1 / 0, lambda unit: unit.add_dispatch(dispatch("k3"))])
def test_one_bad_unit_fails_alone(store: SqlStore, bad_unit: object) -> None:
    go, _ = held(store)
    good = [store.submit(lambda unit, n=n: unit.add_dispatch(dispatch(f"k{n}"))) for n in range(5)]  # type: ignore[misc]  # mypy does not infer a lambda's default
    bad = store.submit(bad_unit)  # type: ignore[arg-type, var-annotated]  # a unit of either kind
    later = [store.submit(lambda unit, n=n: unit.add_dispatch(dispatch(f"k{n}"))) for n in range(5, 9)]  # type: ignore[misc]  # as above
    go.set()
    assert [future.result().key for future in good + later] == [f"k{n}" for n in range(9)]
    assert isinstance(bad.exception(), (ZeroDivisionError, StoreError))
    assert store.read(lambda reading: reading.counts())["dispatch"] == 9


def test_what_a_failed_unit_wrote_is_gone(store: SqlStore) -> None:
    def half(unit: Transaction) -> None:
        opened(unit)
        raise LookupError("no such contract")

    with pytest.raises(LookupError, match="no such contract"):
        store.write(half)
    assert store.read(lambda reading: reading.tickets()) == []


def test_a_unit_that_only_asks_commits_nothing(store: SqlStore) -> None:
    rung: list[None] = []
    store.on_commit(lambda: rung.append(None))
    store.write(lambda unit: unit.tickets())
    assert (store.commits(), rung) == (0, [])


def test_a_commit_that_changed_something_rings(store: SqlStore) -> None:
    rung: list[None] = []
    store.on_commit(lambda: rung.append(None))
    store.write(opened)
    store.close()
    assert rung == [None]


def test_a_unit_whose_caller_left_before_it_began_is_dropped(store: SqlStore) -> None:
    go, _ = held(store)
    future = store.submit(opened)
    assert future.cancel()
    go.set()
    store.close()
    assert store.commits() == 0


def test_closing_commits_what_was_submitted(database: Database) -> None:
    store = database.open()
    futures = [store.submit(opened) for _ in range(20)]
    store.close()
    assert all(future.result() for future in futures)
    with pytest.raises(StoreError, match="closed"):
        store.write(opened)


def test_without_a_writer_thread_a_unit_runs_in_the_calling_thread(database: Database) -> None:
    store = database.open(threaded=False)
    assert store.write(lambda _: threading.current_thread()) is threading.current_thread()
    assert store.write(opened) == 2026000001


def test_a_reader_sees_one_moment_while_others_write(store: SqlStore) -> None:
    store.write(opened)

    def twice(reading: object) -> tuple[int, int]:
        before = len(reading.tickets())  # type: ignore[attr-defined]  # a Reading
        store.write(opened)
        return before, len(reading.tickets())  # type: ignore[attr-defined]  # a Reading

    assert store.read(twice) == (1, 1)
    assert len(store.read(lambda reading: reading.tickets())) == 2
