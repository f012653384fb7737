"""Which schema a database has, and whether it is the one of this version. Nothing here changes it.

A revision is a file of `migrations/versions` called `<revision>_<what>.py`; the last is the one of this version.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from adapters.store.engine import parsed, reading_engine, said, sqlite_path
from gateway.domain.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

MIGRATIONS = Path(__file__).parent / "migrations"


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
    engine = reading_engine(address)
    try:
        found = revision_of(engine)
    except sa.exc.SQLAlchemyError as error:
        raise StoreError(f"the database cannot be reached ({said(error)}); check [database] url") from error
    finally:
        engine.dispose()
    if is_current(found):
        return
    raise StoreError(
        f"the database has schema {found or 'none'}, this version needs {revisions()[-1]}; "
        "run `centralino serve` (it migrates, after a copy)"
    )


def schema_revision(url: str) -> str | None:
    """The revision of the schema that a database has, or None when it has none."""
    engine = reading_engine(parsed(url))
    try:
        return revision_of(engine)
    finally:
        engine.dispose()


def revisions(location: Path = MIGRATIONS) -> tuple[str, ...]:
    """Every revision, the oldest first; the last is the one of this version."""
    return tuple(sorted(path.name.partition("_")[0] for path in (location / "versions").glob("[0-9]*_*.py")))


def revision_of(engine: Engine) -> str | None:
    """The revision that the database behind an engine has, or None when it has none."""
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if found is None else str(found)


def is_current(found: str | None, location: Path = MIGRATIONS) -> bool:
    """Whether a revision is the one of this version.

    Raises:
        StoreError: it is newer than this version; the text says what to do.
    """
    known = revisions(location)
    if found is not None and found not in known:
        raise StoreError(
            f"the database has schema {found}, which is newer than this version of centralino; "
            "start the newer version again, or restore the copy that it made beside the database"
        )
    return found == known[-1]
