from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.store import migrate, open_store, require_current, schema_revision, tables
from adapters.store.columns import metadata
from adapters.store.engine import parsed, writing_engine
from adapters.store.schema import MIGRATIONS, revisions
from gateway.domain.errors import StoreError
from tests.databases import PostgresServer
from tests.store.values import NOW, opened

SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
def upgrade():
    with op.batch_alter_table("ticket") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), nullable=True))
        batch.alter_column("subject", existing_type=sa.Text(), nullable=True)
    {more}
"""


def later_version(folder: Path, more: str = "") -> Path:
    """The migrations of a version that has one revision more."""
    location = folder / "migrations"
    shutil.copytree(MIGRATIONS, location, ignore=shutil.ignore_patterns("__pycache__"))
    (location / "versions" / "9999_second.py").write_text(SECOND.format(more=more, head=revisions()[-1]))
    return location


def index_of(index: Mapping[str, Any]) -> str:
    """An index in words: SQLAlchemy gives its condition as an object, never equal to another."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return f"{index['name']} {index['column_names']} {index['unique']} {options}"


def described(engine: sa.Engine) -> dict[str, object]:
    """Everything that an inspector says of a schema, in a form that can be compared."""
    inspector = sa.inspect(engine)
    answers: dict[str, object] = {}
    for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        answers[name] = {
            "columns": {
                c["name"]: (str(c["type"]), c["nullable"], str(c["default"])) for c in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(name))),
            "indexes": sorted(map(index_of, inspector.get_indexes(name))),
            "unique": sorted(map(str, inspector.get_unique_constraints(name))),
        }
    return answers


def other_url(url: str, request: pytest.FixtureRequest) -> str:
    if url.startswith("sqlite"):
        return url + ".other"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database()


def test_the_migrations_make_exactly_the_tables(empty_url: str, request: pytest.FixtureRequest) -> None:
    migrate(empty_url)
    migrated = writing_engine(parsed(empty_url))
    made = writing_engine(parsed(other_url(empty_url, request)))
    with made.begin() as connection:
        metadata.create_all(connection)
    with migrated.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert described(migrated) == described(made)
    assert differences == []
    migrated.dispose()
    made.dispose()


def test_migrating_twice_changes_nothing_and_copies_nothing(empty_url: str) -> None:
    assert migrate(empty_url) is None
    assert migrate(empty_url) is None
    require_current(empty_url)


def test_an_older_schema_is_migrated_with_its_rows_after_a_copy(empty_url: str, tmp_path: Path) -> None:
    migrate(empty_url)
    with open_store(empty_url, tmp_path, threaded=False) as store:
        number = store.write(opened)
    copy = migrate(empty_url, _location=later_version(tmp_path))
    assert schema_revision(empty_url) == "9999"
    engine = writing_engine(parsed(empty_url))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT number, colour FROM ticket").all() == [(number, None)]
    engine.dispose()
    if empty_url.startswith("sqlite"):
        assert copy is not None
        with sqlite3.connect(copy) as old:
            assert old.execute("SELECT number FROM ticket").fetchall() == [(number,)]
            assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [(revisions()[-1],)]
    else:
        assert copy is None


def test_the_names_of_the_files_say_what_the_revisions_say() -> None:
    """`schema` goes by the names, so that a daemon with nothing to migrate does not load what migrates."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    chain = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(chain)) == revisions()


def test_a_daemon_with_nothing_to_migrate_does_not_load_what_migrates() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, config.daemon; print('alembic' in sys.modules)"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert told.stdout.strip() == "False"


def test_a_ticket_of_the_first_schema_was_accepted_at_the_help_desk(empty_url: str, tmp_path: Path) -> None:
    """What contracts say of a ticket came with the second schema."""
    first = tmp_path / "first"
    shutil.copytree(MIGRATIONS, first, ignore=shutil.ignore_patterns("__pycache__", "000[2-9]_*"))
    migrate(empty_url, _location=first)
    values: dict[str, Any] = {"requester": {"address": "anna@example.it"}, "marks": [], "sheet": {}}
    values |= dict.fromkeys(("contract", "channel", "subject", "address_key", "number_key", "search"), "x")
    values |= {"number": 2026000001, "level": 1, "type": "report", "state": "new", "priority": "urgent"}
    values |= dict.fromkeys(("opened_at", "received_at", "touched_at"), NOW)
    columns = [tables.ticket.c[name] for name in values]
    engine = writing_engine(parsed(empty_url))
    with engine.begin() as connection:
        old = sa.Table("ticket", sa.MetaData(), *(sa.Column(each.name, each.type) for each in columns))
        connection.execute(sa.insert(old).values(values))
    engine.dispose()
    migrate(empty_url)
    with open_store(empty_url, tmp_path, threaded=False) as store:
        found = store.read(lambda reading: reading.ticket(2026000001))
    assert found is not None
    assert (found.version, found.became, found.mode, found.due, found.suspensions) == (
        1,
        "accepted",
        "help_desk",
        {},
        (),
    )


def test_a_migration_that_fails_has_not_happened(empty_url: str, tmp_path: Path) -> None:
    """C-44."""
    migrate(empty_url)
    location = later_version(tmp_path, more='op.execute("INSERT INTO no_such_table VALUES (1)")')
    with pytest.raises(StoreError, match="it is as it was"):
        migrate(empty_url, _location=location)
    assert schema_revision(empty_url) == revisions()[-1]
    with open_store(empty_url, tmp_path, threaded=False) as store:
        assert store.write(opened) == 2026000001


def test_a_newer_schema_is_refused_with_the_remedy(empty_url: str, tmp_path: Path) -> None:
    migrate(empty_url, _location=later_version(tmp_path))
    for asked in (migrate, require_current):
        with pytest.raises(StoreError, match=r"newer than this version.*start the newer version"):
            asked(empty_url)


def test_a_command_refuses_a_database_without_a_schema(empty_url: str, tmp_path: Path) -> None:
    if empty_url.startswith("sqlite"):
        with pytest.raises(StoreError, match="there is no database at"):
            open_store(empty_url, tmp_path, threaded=False)
        sqlite3.connect(empty_url.removeprefix("sqlite:///")).close()
        Path(empty_url.removeprefix("sqlite:///")).touch()
    with pytest.raises(StoreError, match="run `centralino serve`"):
        open_store(empty_url, tmp_path, threaded=False)
