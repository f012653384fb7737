"""How a database gets the schema that this version needs (`schema` says which it has).

`serve` and `demo` migrate at start; commands only ask. All revisions run in one transaction, so a migration that is
killed has not happened (PROMISES C-44).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from adapters.store.engine import parsed, said, sqlite_path, writing_engine
from adapters.store.schema import MIGRATIONS, is_current, revision_of, revisions
from gateway.domain.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection, Engine


def migrate(url: str, *, _location: Path = MIGRATIONS) -> Path | None:
    """Bring a database to the schema of this version; answers with the copy that was made of an older one.

    SQLite is copied beside its file first. On PostgreSQL everything happens in one transaction and nothing is copied:
    the backup is the operator's (`pg_dump` before an update).

    Raises:
        StoreError: the database cannot be reached or changed, or its schema is newer than this version.
    """
    address = parsed(url)
    path = sqlite_path(address)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    engine = writing_engine(address)
    try:
        found = revision_of(engine)
        if is_current(found, _location):
            return None
        copy = None if path is None or found is None else _copy(path, revisions(_location)[-1])
        _upgrade(engine, _location)
        return copy
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the database could not be migrated ({said(error)}); it is as it was") from error
    finally:
        engine.dispose()


def _config(location: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415 - 11 MB that a daemon with nothing to migrate does without

    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _copy(path: Path, head: str) -> Path:
    """A consistent copy of a SQLite database, on disk when this returns."""
    copy = path.with_name(f"{path.name}.before-{head}")
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("VACUUM INTO ?", (str(part),))
        finally:
            connection.close()
        _sync(part)
        part.replace(copy)
        _sync(copy.parent)
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise StoreError(f"no copy could be made at {copy} ({error}); nothing was migrated: make room there") from error
    return copy


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _upgrade(engine: Engine, location: Path) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    config = _config(location)
    with engine.connect() as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        if on_sqlite:
            _foreign_keys(connection, on=False)  # rebuilding a table drops it for a moment
        with connection.begin():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if on_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StoreError("the migration would leave rows that refer to nothing; the database is as it was")
        if on_sqlite:
            _foreign_keys(connection, on=True)


def _foreign_keys(connection: Connection, *, on: bool) -> None:
    """Switch foreign keys on the driver's connection: inside a transaction SQLite ignores it."""
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
