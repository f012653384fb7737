"""Statements for the driver, compiled once: a row costs a tuple, and not the detours that SQLAlchemy takes each time.

What goes in was cleaned when it came into the buffer, so text needs nothing here; everything else passes the column's
own type, on the way in and on the way out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store.columns import CleanText

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Dialect
    from sqlalchemy.sql.compiler import SQLCompiler

    from adapters.store.rows import Row

Values = Mapping[str, Any]
_ROWS = (64, 32, 16, 8, 4, 2, 1)
"""For how many rows an INSERT is kept: any number is a sum of few of these."""
Processor = Callable[[Any], Any]


class Prepared:
    """One statement for one dialect. `types` are the types of its parameters, by name."""

    def __init__(self, statement: sa.Executable, dialect: Dialect) -> None:
        compiled: SQLCompiler = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement has it
        self._sql = str(compiled)
        names = compiled.positiontup if compiled.positiontup is not None else list(compiled.params)
        self._positional = compiled.positional
        self._parameters = tuple((name, _on_the_way_in(compiled.binds[name].type, dialect)) for name in names)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._for_rows: dict[int, str] = {}
        self._columns = _columns(statement, dialect) if isinstance(statement, sa.Select) else ()

    def parameters(self, values: Values) -> Any:  # noqa: ANN401 - what the driver takes: a tuple or a dictionary
        """The values as the driver takes them."""
        if self._fixed:
            values = {**self._fixed, **values}
        if self._positional:
            return tuple(values[name] if into is None else into(values[name]) for name, into in self._parameters)
        return {name: values[name] if into is None else into(values[name]) for name, into in self._parameters}

    def ask(self, connection: Connection, values: Values) -> list[Row]:
        """The rows that a question finds."""
        found = connection.exec_driver_sql(self._sql, self.parameters(values))
        return [self._row(each) for each in found.fetchall()]

    def _row(self, found: Iterable[Any]) -> Row:
        return {
            name: value if value is None or out is None else out(value)
            for (name, out), value in zip(self._columns, found, strict=True)
        }

    def run(self, connection: Connection, several: Iterable[Values]) -> None:
        """Execute it for several sets of values at once."""
        connection.exec_driver_sql(self._sql, [self.parameters(values) for values in several])

    def insert(self, connection: Connection, rows: Collection[Values]) -> None:
        """Insert rows, many in one statement.

        The sqlite3 module lets go of the interpreter at every step of a statement, and a thread at the doors that
        takes it keeps it for a while: one statement for many rows is one step.
        """
        if not self._positional:
            self.run(connection, rows)
            return
        waiting = [self.parameters(row) for row in rows]
        while waiting:
            size = next(size for size in _ROWS if size <= len(waiting))
            taken, waiting = waiting[:size], waiting[size:]
            connection.exec_driver_sql(self._of_rows(size), tuple(value for row in taken for value in row))

    def _of_rows(self, size: int) -> str:
        sql = self._for_rows.get(size)
        if sql is None:
            head, one = self._sql.split(" VALUES ", 1)
            sql = self._for_rows[size] = f"{head} VALUES {', '.join([one] * size)}"
        return sql


def _columns(query: sa.Select[Any], dialect: Dialect) -> tuple[tuple[str, Processor | None], ...]:
    return tuple(
        (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for column in query.selected_columns
    )


def _on_the_way_in(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, CleanText):
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


_PREPARED: dict[tuple[sa.Executable, str], Prepared] = {}


def prepared(statement: sa.Executable, dialect: Dialect) -> Prepared:
    """The statement for this dialect. It must be one that is built once and kept: that is how it is known again."""
    found = _PREPARED.get((statement, dialect.name))
    if found is None:
        found = _PREPARED[statement, dialect.name] = Prepared(statement, dialect)
    return found
