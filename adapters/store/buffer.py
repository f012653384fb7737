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
from adapters.store.prepared import prepared
from adapters.store.rows import Row

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Key = tuple[Any, ...]


@cache
def key_columns(table: sa.Table) -> tuple[str, ...]:
    """The names of a table's primary key."""
    return tuple(column.name for column in table.primary_key.columns)


@cache
def _by_key(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(*(table.c[name] == sa.bindparam(f"k_{name}") for name in key_columns(table)))


@cache
def _update(table: sa.Table, names: tuple[str, ...]) -> sa.Update:
    where = (table.c[name] == sa.bindparam(f"k_{name}") for name in key_columns(table))
    return sa.update(table).where(*where).values({name: sa.bindparam(f"v_{name}") for name in names})


@cache
def _delete(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(*(table.c[name] == sa.bindparam(f"k_{name}") for name in key_columns(table)))


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


_SIZES = (1, 4, 16, 64, 256)
"""For how many keys a question is kept ready; the last key stands in for those that are missing."""


@cache
def _by_first(table: sa.Table, size: int) -> sa.Select[Any]:
    first = table.c[key_columns(table)[0]]
    return sa.select(table).where(first.in_([sa.bindparam(f"k{place}", type_=first.type) for place in range(size)]))


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
        self.whole: set[Any] = set()
        """First parts of keys of which every row is known."""

    def knows(self, key: Key) -> bool:
        """Whether it is known what row, if any, has this key."""
        return key in self.known or key[0] in self.whole

    @property
    def pending(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def flush(self, connection: Connection) -> None:
        if self.gone:
            self._run(connection, _delete(self.table), [self._where(key) for key in self.gone])
            self.gone.clear()
        if self.new:
            prepared(_insert(self.table), connection.dialect).insert(connection, self.new.values())
            self.new.clear()
        if self.changed:
            for names, keys in self._changes().items():
                rows = [self._where(key) | self._values(key, names) for key in keys]
                self._run(connection, _update(self.table, names), rows)
            self.changed.clear()

    @staticmethod
    def _run(connection: Connection, statement: sa.Executable, several: Iterable[Row]) -> None:
        prepared(statement, connection.dialect).run(connection, several)

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
        if not rows.knows(cleaned):
            where = {f"k_{name}": part for name, part in zip(key_columns(table), cleaned, strict=True)}
            found = prepared(_by_key(table), self._connection.dialect).ask(self._connection, where)
            rows.known[cleaned] = found[0] if found else None
        return rows.known.get(cleaned)

    def has(self, table: sa.Table, *key: Any) -> bool:  # noqa: ANN401 - parts of a primary key
        """Whether this transaction has seen a row with this key; nobody is asked."""
        return self._of(table).known.get(key) is not None

    def fetch(self, table: sa.Table, firsts: Collection[Any]) -> None:
        """Get to know every row whose key begins with one of `firsts`, or that there is none, in one question."""
        rows = self._of(table)
        asked = [first for first in {clean(each) for each in firsts} if first not in rows.whole]
        for begin in range(0, len(asked), _SIZES[-1]):
            self._fetch(rows, asked[begin : begin + _SIZES[-1]])
        rows.whole.update(asked)

    def _fetch(self, rows: _TableRows, asked: list[Any]) -> None:
        size = next(size for size in _SIZES if size >= len(asked))
        values = {f"k{place}": asked[min(place, len(asked) - 1)] for place in range(size)}
        question = prepared(_by_first(rows.table, size), self._connection.dialect)
        for row in question.ask(self._connection, values):
            rows.known.setdefault(self._key(rows.table, row), row)

    def none_of(self, table: sa.Table, first: Any) -> None:  # noqa: ANN401 - part of a primary key
        """There is no row yet whose key begins so: whoever made up the key of it knows."""
        self._of(table).whole.add(clean(first))

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
