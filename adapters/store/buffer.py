"""The rows of one transaction: what it knows, and what it has still to write.

A row that was read or written once is known by its key until the transaction ends, so looking it up again asks nobody;
nobody else can change it meanwhile, because writers take turns (decision 0003). Inserts and changes wait and leave as
one `executemany` per table: at the end, or before a question that must see them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store import tables
from adapters.store.clean import clean
from adapters.store.rows import Row

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect

Key = tuple[Any, ...]


@cache
def key_columns(table: sa.Table) -> tuple[str, ...]:
    """The names of a table's primary key."""
    return tuple(column.name for column in table.primary_key.columns)


@cache
def _by_key(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(*(table.c[name] == sa.bindparam(f"k_{name}") for name in key_columns(table)))


@cache
def _by_keys(table: sa.Table) -> sa.Select[Any]:
    (name,) = key_columns(table)
    return sa.select(table).where(table.c[name].in_(sa.bindparam("keys", expanding=True)))


@cache
def _update(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    where = (table.c[name] == sa.bindparam(f"k_{name}") for name in key_columns(table))
    return sa.update(table).where(*where).values({name: sa.bindparam(f"v_{name}") for name in names})


@cache
def _delete(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(*(table.c[name] == sa.bindparam(f"k_{name}") for name in key_columns(table)))


class _Insert:
    """The INSERT of a table for the driver: compiled once, so that a row costs a tuple and not SQLAlchemy's detours.

    The rows were cleaned when they came in, so text needs nothing here.
    """

    def __init__(self, table: sa.Table, dialect: Dialect) -> None:
        compiled = sa.insert(table).compile(dialect=dialect)
        self.sql = str(compiled)
        self._positional = compiled.positional
        names = compiled.positiontup if compiled.positiontup is not None else [column.name for column in table.columns]
        self._columns = tuple((name, _processor(table.c[name].type, dialect)) for name in names)

    def parameters(self, row: Row) -> Any:  # noqa: ANN401 - what the driver takes: a tuple or a dictionary
        """One row as the driver takes it."""
        if self._positional:
            return tuple(row[name] if processor is None else processor(row[name]) for name, processor in self._columns)
        return {name: row[name] if processor is None else processor(row[name]) for name, processor in self._columns}


def _processor(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, tables.CleanText):
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


_INSERTS: dict[tuple[sa.Table, str], _Insert] = {}


def _insert(table: sa.Table, dialect: Dialect) -> _Insert:
    found = _INSERTS.get((table, dialect.name))
    if found is None:
        found = _INSERTS[table, dialect.name] = _Insert(table, dialect)
    return found


@cache
def _needed_by(table: sa.Table) -> tuple[sa.Table, ...]:
    """The table and all that it refers to, in the order in which they may be written."""
    found: set[sa.Table] = set()
    waiting = [table]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(key.column.table for key in current.foreign_keys)
    return tuple(sorted(found, key=lambda each: tables.ORDER[each]))


class _TableRows:
    """The rows of one table in this transaction."""

    def __init__(self, table: sa.Table) -> None:
        self.table = table
        self.known: dict[Key, Row | None] = {}
        self.new: dict[Key, Row] = {}
        self.changed: dict[Key, set[str]] = {}
        self.gone: set[Key] = set()

    @property
    def pending(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def flush(self, connection: Connection) -> None:
        if self.gone:
            connection.execute(_delete(self.table), [self._where(key) for key in self.gone])
            self.gone.clear()
        if self.new:
            insert = _insert(self.table, connection.dialect)
            connection.exec_driver_sql(insert.sql, [insert.parameters(row) for row in self.new.values()])
            self.new.clear()
        if self.changed:
            for names, keys in self._changes().items():
                rows = [self._where(key) | self._values(key, names) for key in keys]
                connection.execute(_update(self.table, names), rows)
            self.changed.clear()

    def _changes(self) -> dict[tuple[str, ...], list[Key]]:
        """The changed rows by which columns changed: each group is one statement."""
        groups: dict[tuple[str, ...], list[Key]] = {}
        for key, names in self.changed.items():
            groups.setdefault(tuple(sorted(names)), []).append(key)
        return groups

    def _where(self, key: Key) -> Row:
        return {f"k_{name}": part for name, part in zip(key_columns(self.table), key, strict=True)}

    def _values(self, key: Key, names: Iterable[str]) -> Row:
        row = self.known[key]
        if row is None:
            msg = f"a row of {self.table.name} was changed and is not known"
            raise RuntimeError(msg)
        return {f"v_{name}": row[name] for name in names}


class Buffer:
    """All rows of one transaction on one connection. Not for two threads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tables: dict[sa.Table, _TableRows] = {}
        self.wrote = False

    def _of(self, table: sa.Table) -> _TableRows:
        rows = self._tables.get(table)
        if rows is None:
            rows = self._tables[table] = _TableRows(table)
        return rows

    def get(self, table: sa.Table, *key: Any) -> Row | None:  # noqa: ANN401 - parts of a primary key
        """The row with this primary key, as this transaction sees it, or None. Do not change it: see `change`."""
        rows = self._of(table)
        cleaned: Key = tuple(clean(part) for part in key)
        if cleaned not in rows.known:
            names = key_columns(table)
            where = {f"k_{name}": part for name, part in zip(names, cleaned, strict=True)}
            found = self._connection.execute(_by_key(table), where).mappings().first()
            rows.known[cleaned] = None if found is None else dict(found)
        return rows.known[cleaned]

    def fetch(self, table: sa.Table, keys: Collection[Any]) -> None:
        """Get to know many rows of a table with a single key column, or that there are none, in one question."""
        rows = self._of(table)
        asked = {clean(key) for key in keys if (clean(key),) not in rows.known}
        if not asked:
            return
        name = key_columns(table)[0]
        for found in self._connection.execute(_by_keys(table), {"keys": list(asked)}).mappings():
            rows.known[(found[name],)] = dict(found)
        for key in asked:
            rows.known.setdefault((key,), None)

    def remember(self, table: sa.Table, found: Mapping[str, Any]) -> Row:
        """Note a row that a question brought; answers with the row as this transaction sees it."""
        rows = self._of(table)
        key = self._key(table, found)
        row = rows.known.get(key)
        if row is None:
            row = rows.known[key] = dict(found)
        return row

    def insert(self, table: sa.Table, row: Row) -> Row:
        """Write a new row, cleaned; answers with it as it will be stored."""
        self.wrote = True
        rows = self._of(table)
        cleaned = {name: clean(value) for name, value in row.items()}
        key = self._key(table, cleaned)
        rows.known[key] = rows.new[key] = cleaned
        return cleaned

    def change(self, table: sa.Table, key: Key, values: Row) -> Row:
        """Set columns of a row that is there.

        Raises:
            KeyError: there is no such row.
        """
        row = self.get(table, *key)
        if row is None:
            raise KeyError(f"{table.name} {key}")
        rows = self._of(table)
        key = self._key(table, row)
        cleaned = {name: clean(value) for name, value in values.items()}
        names = {name for name, value in cleaned.items() if row[name] != value}
        if names:
            self.wrote = True
            row.update(cleaned)
            if key not in rows.new:
                rows.changed.setdefault(key, set()).update(names)
        return row

    def delete(self, table: sa.Table, *key: Any) -> None:  # noqa: ANN401 - parts of a primary key
        """Take a row away if it is there."""
        row = self.get(table, *key)
        if row is None:
            return
        self.wrote = True
        rows = self._of(table)
        key = self._key(table, row)
        rows.known[key] = None
        rows.changed.pop(key, None)
        if rows.new.pop(key, None) is None:
            rows.gone.add(key)

    def flush(self, table: sa.Table, matters: Callable[[Row], bool] | None = None) -> None:
        """Write what waits for a table, and what it refers to, when a waiting row matters to the coming question.

        `matters` may look only at columns that never change.
        """
        rows = self._tables.get(table)
        if rows is None or not rows.pending or not (rows.gone or matters is None or self._any(rows, matters)):
            return
        for needed in _needed_by(table):
            self._of(needed).flush(self._connection)

    def flush_all(self) -> None:
        """Write everything that waits."""
        for table in sorted(self._tables, key=lambda each: tables.ORDER[each]):
            self._tables[table].flush(self._connection)

    @staticmethod
    def _any(rows: _TableRows, matters: Callable[[Row], bool]) -> bool:
        waiting = (row for key in (*rows.new, *rows.changed) if (row := rows.known[key]) is not None)
        return any(matters(row) for row in waiting)

    @staticmethod
    def _key(table: sa.Table, row: Mapping[str, Any]) -> Key:
        return tuple(row[name] for name in key_columns(table))
