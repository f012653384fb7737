"""C-18: PostgreSQL goes away and comes back under load."""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from adapters.store import SqlStore, migrate, open_store
from gateway.domain.errors import StoreError
from tests.databases import PostgresServer
from tests.store.values import NOW, arrival


def terminated(postgres: PostgresServer, url: str) -> None:
    """End every connection to the database, as an operator would."""
    engine = sa.create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        database = make_url(url).database
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.exec_driver_sql(query, (database,))
    engine.dispose()


def test_a_lost_connection_is_made_again_inside_the_unit_of_work(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.database()
    migrate(url)
    with open_store(url, tmp_path, threaded=True) as store:
        store.write(lambda unit: unit.accept(arrival("k1"), NOW))
        terminated(postgres, url)
        assert store.write(lambda unit: unit.accept(arrival("k2"), NOW)).intake_id == 2
        assert len(store.read(lambda reading: reading.intakes())) == 2


def test_a_connection_lost_in_the_middle_of_a_unit_runs_it_again(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.database()
    migrate(url)
    tries: list[None] = []
    with open_store(url, tmp_path, threaded=True) as store:

        def unit(transaction: object) -> int:
            tries.append(None)
            if len(tries) == 1:
                terminated(postgres, url)
            return transaction.accept(arrival(), NOW).intake_id  # type: ignore[attr-defined, no-any-return]  # a Transaction

        assert store.write(unit) == 1
    assert len(tries) == 2


def test_no_answered_mail_is_lost_when_the_server_is_restarted_at_once(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.database()
    migrate(url)
    with open_store(url, tmp_path, threaded=True) as store:
        futures = [store.submit_accept(arrival(f"a{n}"), NOW) for n in range(2_000)]
        postgres.control("restart", "-m", "immediate")
        futures += [store.submit_accept(arrival(f"b{n}"), NOW) for n in range(50)]
        answered = [future.result().intake_id for future in futures if future.exception() is None]
        assert all(isinstance(future.exception(), (StoreError, type(None))) for future in futures)
        assert recovered_within(store, seconds=10)
        kept = {intake.id for intake in store.read(lambda reading: reading.intakes(limit=10_000))}
    assert len(answered) == len(set(answered))
    assert set(answered) <= kept


def recovered_within(store: SqlStore, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            store.write(lambda unit: unit.accept(arrival("again"), NOW))
        except StoreError:
            time.sleep(0.1)
        else:
            return True
    return False
