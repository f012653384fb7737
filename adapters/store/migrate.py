"""The schema: which one a database has, and how it gets the one that this version needs.

`serve` and `demo` migrate at start; commands only ask. All revisions run in one transaction, so a migration that is
killed has not happened (PROMISES C-44).
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.store.engine import parsed, said, sqlite_path, writing_engine
from gateway.domain.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

_HERE = Path(__file__).parent / "migrations"


def migrate(url: str, *, _location: Path = _HERE) -> Path | None:
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
    script = _script(_location)
    engine = writing_engine(address)
    try:
        found = _revision(engine)
        if found == script.get_current_head():
            return None
        _refuse_newer(script, found)
        copy = None if path is None or found is None else _copy(path, str(script.get_current_head()))
        _upgrade(engine, _location)
        return copy
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the database could not be migrated ({said(error)}); it is as it was") from error
    finally:
        engine.dispose()


def require_current(url: str) -> None:
    """Nothing, when the database has the schema of this version.

    Raises:
        StoreError: it has another one, or cannot be reached; the text says what to do.
    """
    address = parsed(url)
    path = sqlite_path(address)
    if path is not None and not path.exists():
        raise StoreError(
            f"there is no database at {path}; run `centralino serve` (it makes one), or check [database] url"
        )
    script = _script(_HERE)
    engine = writing_engine(address)
    try:
        found = _revision(engine)
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the database cannot be reached ({said(error)}); check [database] url") from error
    finally:
        engine.dispose()
    if found == script.get_current_head():
        return
    _refuse_newer(script, found)
    raise StoreError(
        f"the database has schema {found or 'none'}, this version needs {script.get_current_head()}; "
        "run `centralino serve` (it migrates, after a copy)"
    )


def schema_revision(url: str) -> str | None:
    """The revision of the schema that a database has, or None when it has none."""
    engine = writing_engine(parsed(url))
    try:
        return _revision(engine)
    finally:
        engine.dispose()


def _config(location: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _script(location: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(location))


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(script: ScriptDirectory, found: str | None) -> None:
    known = {revision.revision for revision in script.walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"the database has schema {found}, which is newer than this version of centralino; "
            "start the newer version again, or restore the copy that it made beside the database"
        )


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
