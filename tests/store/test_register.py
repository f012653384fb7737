from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import sqlalchemy as sa

from adapters.store import Fault, SqlStore, tables, verify
from adapters.store.engine import parsed, writing_engine
from adapters.store.reading import SqlReading
from gateway.domain.register import GENESIS
from gateway.ports import Transaction
from tests.store.conftest import Database
from tests.store.values import NOW, happening


def checked(store: SqlStore) -> Fault | None:
    def ask(reading: object) -> Fault | None:
        assert isinstance(reading, SqlReading)
        return verify(reading)

    return store.read(ask)


@pytest.fixture
def filled(database: Database) -> SqlStore:
    def day(unit: Transaction, n: int) -> None:
        for chain in ("system", "2026000001"):
            unit.record(chain, happening(data={"n": str(n)}, personal={"who": "Anna"}))
        unit.add_seal(f"2026-11-2{n}", NOW)

    store = database.open()
    for n in range(3):
        store.write(partial(day, n=n))
    store.write(lambda unit: unit.record("system", happening("after the last seal")))
    return store


def tampered(database: Database, *statements: sa.Executable) -> None:
    engine = writing_engine(parsed(database.url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
    engine.dispose()


def test_entries_are_chained_from_the_beginning(store: SqlStore) -> None:
    first, second = (store.write(lambda unit: unit.record("system", happening())) for _ in range(2))
    assert (first.seq, first.previous, second.seq, second.previous) == (1, GENESIS, 2, first.hash)
    assert store.read(lambda reading: reading.entries("system")) == [first, second]
    assert store.read(lambda reading: reading.chain_heads()) == [("system", 2, second.hash)]


def test_personal_values_are_committed_to_and_kept_apart(store: SqlStore) -> None:
    entry = store.write(lambda unit: unit.record("7", happening(personal={"who": "Anna"})))
    assert "Anna" not in str(entry)
    assert store.read(lambda reading: reading.personal("7")) == {1: {"who": "Anna"}}


def test_a_seal_follows_the_one_before_it(filled: SqlStore) -> None:
    seals = filled.read(lambda reading: reading.seals())
    assert [seal.previous for seal in seals] == [GENESIS, seals[0].hash, seals[1].hash]
    assert [seal.entries for seal in seals] == [2, 4, 6]


def test_an_untouched_register_verifies(filled: SqlStore) -> None:
    assert checked(filled) is None


def test_an_erased_person_leaves_the_register_valid(database: Database, filled: SqlStore) -> None:
    tampered(database, sa.delete(tables.personal))
    assert checked(filled) is None


_e, _c, _p, _s, _h = tables.entry, tables.chain, tables.personal, tables.seal, tables.seal_head
_second = sa.and_(_e.c.chain == "system", _e.c.seq == 2)
_unseal = sa.delete(_p).where(_p.c.chain == "system")
TAMPERED: dict[str, tuple[list[Callable[[], sa.Executable]], tuple[str, int]]] = {
    "changed data": ([lambda: sa.update(_e).where(_second).values(data={"n": "9"})], ("system", 2)),
    "changed time": ([lambda: sa.update(_e).where(_second).values(at=NOW.replace(year=2025))], ("system", 2)),
    "changed hash": ([lambda: sa.update(_e).where(_second).values(hash="f" * 64)], ("system", 2)),
    "removed entry": ([lambda: _unseal, lambda: sa.delete(_e).where(_second)], ("system", 2)),
    "cut off": (
        [lambda: _unseal, lambda: sa.delete(_e).where(_e.c.chain == "system", _e.c.seq == 4)],
        ("system", 3),
    ),
    "changed head": ([lambda: sa.update(_c).where(_c.c.name == "system").values(head="f" * 64)], ("system", 4)),
    "changed personal value": (
        [lambda: sa.update(_p).where(_p.c.chain == "system", _p.c.seq == 2).values(value="Ugo")],
        ("system", 2),
    ),
    "changed seal": ([lambda: sa.update(_s).where(_s.c.number == 2).values(root="f" * 64)], ("seal", 2)),
    "forged seal": ([lambda: sa.update(_h).where(_h.c.seal == 3).values(head="f" * 64)], ("2026000001", 3)),
    "removed heads of a seal": ([lambda: sa.delete(_h).where(_h.c.seal == 3)], ("2026000001", 3)),
    "removed seal": (
        [lambda: sa.delete(_h).where(_h.c.seal == 3), lambda: sa.delete(_s).where(_s.c.number == 3)],
        ("2026000001", 3),
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_the_first_bad_row_is_named(database: Database, filled: SqlStore, how: str) -> None:
    statements, place = TAMPERED[how]
    tampered(database, *(make() for make in statements))
    fault = checked(filled)
    assert fault is not None
    assert (fault.chain, fault.seq) == place


def test_a_tail_that_was_cut_with_its_head_is_found_by_the_seal(database: Database, filled: SqlStore) -> None:
    entries = filled.read(lambda reading: reading.entries("system"))
    tampered(
        database,
        _unseal,
        sa.delete(_e).where(_e.c.chain == "system", _e.c.seq > 2),
        sa.update(_c).where(_c.c.name == "system").values(length=2, head=entries[1].hash),
    )
    fault = checked(filled)
    assert fault is not None
    assert "was sealed and is missing" in fault.reason
