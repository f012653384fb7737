"""What columns are made of, the same on SQLite and PostgreSQL.

Two column types of our own stand for all others: `UtcDateTime`, because SQLite drops time zones, and `CleanText`,
because one NUL or lone surrogate makes a mail that SQLite keeps poison on PostgreSQL (PROMISES F10).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store.clean import clean_text

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An instant: takes aware datetimes only, gives aware ones in UTC, with microseconds.

    On SQLite it is text of one length (`2026-11-24 21:10:00.000000`), which sorts as time does.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - text or datetime
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value.isoformat()} has no time zone; the store takes instants only"
            raise ValueError(msg)
        instant = value.astimezone(UTC)
        return instant.isoformat(" ", "microseconds")[:26] if dialect.name == "sqlite" else instant

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002 - as above; SQLAlchemy's signature
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        instant: datetime = value
        return instant.astimezone(UTC)


class CleanText(sa.types.TypeDecorator[str]):
    """Text that both databases take: NUL and lone surrogates become U+FFFD on the way in, also in questions."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else clean_text(value)


metadata = sa.MetaData(naming_convention=NAMES)

# On SQLite INTEGER, not BIGINT: only an INTEGER primary key is the row's own place and needs no second index.
_WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def text(name: str, *, null: bool = False, key: bool = False) -> sa.Column[Any]:
    """Text that is cleaned on its way in."""
    return sa.Column(name, CleanText(), primary_key=key, nullable=null)


def whole(name: str, *more: sa.schema.SchemaItem, null: bool = False, key: bool = False) -> sa.Column[Any]:
    """A whole number; as a key it is given, never counted up by the database."""
    return sa.Column(name, _WHOLE, *more, primary_key=key, nullable=null, autoincrement=False)


def instant(name: str, *, null: bool = False) -> sa.Column[Any]:
    """An instant."""
    return sa.Column(name, UtcDateTime(), nullable=null)


def json(name: str) -> sa.Column[Any]:
    """A value as JSON, never missing."""
    return sa.Column(name, sa.JSON(), nullable=False)
