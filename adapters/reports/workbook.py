"""Workbooks (XLSX) of plain tables. Text stays text: no formula, no link, whatever a subject says (F19, B-046)."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import xlsxwriter

from gateway.domain.hours import local

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = str | int | float | timedelta | datetime | None
LONGEST_TEXT = 32_767
"""Characters of a cell, by the limits of the format."""
WIDEST = 60
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, lines of explanation above it, headings, rows, and below a row of totals or None.

    A duration is shown as hours and minutes, also above 24 hours; an instant as Rome's wall clock.
    """

    name: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    above: tuple[str, ...] = ()
    totals: tuple[Cell, ...] | None = None


def workbook(sheets: Sequence[Sheet], *, made_at: datetime) -> bytes:
    """The bytes of a workbook. The same sheets made at the same instant give the same bytes."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, _PLAIN)
    book.set_properties({"created": made_at.astimezone(UTC).replace(tzinfo=None)})
    formats = {
        "bold": book.add_format({"bold": True, "text_wrap": True, "valign": "top"}),
        "plain": book.add_format({"valign": "top"}),
        "hours": book.add_format({"num_format": "[h]:mm", "valign": "top"}),
        "instant": book.add_format({"num_format": "dd/mm/yyyy hh:mm", "valign": "top"}),
    }
    for sheet in sheets:
        _fill(book.add_worksheet(sheet.name), sheet, formats)
    book.close()
    return target.getvalue()


def _fill(page: Any, sheet: Sheet, formats: dict[str, Any]) -> None:  # noqa: ANN401 - the library has no types
    row = 0
    for line in sheet.above:
        page.write_string(row, 0, _text(line), formats["plain"])
        row += 1
    row += bool(sheet.above)
    for column, heading in enumerate(sheet.headings):
        page.write_string(row, column, _text(heading), formats["bold"])
        page.set_column(column, column, _width(sheet, column))
    page.freeze_panes(row + 1, 0)
    for cells in (*sheet.rows, *((sheet.totals,) if sheet.totals else ())):
        row += 1
        for column, cell in enumerate(cells):
            _write(page, row, column, cell, formats)


def _write(page: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:  # noqa: ANN401 - as above
    if isinstance(cell, str):
        page.write_string(row, column, _text(cell), formats["plain"])
    elif isinstance(cell, datetime):
        page.write_datetime(row, column, local(cell).replace(tzinfo=None), formats["instant"])
    elif isinstance(cell, timedelta):
        page.write_number(row, column, cell / timedelta(days=1), formats["hours"])
    elif cell is not None:
        page.write_number(row, column, cell, formats["plain"])


def _text(value: str) -> str:
    """What a cell can hold: no control characters, which the format forbids."""
    return "".join(c if c == "\n" or unicodedata.category(c) not in {"Cc", "Cs"} else " " for c in value)[:LONGEST_TEXT]


def _width(sheet: Sheet, column: int) -> int:
    shown = [row[column] for row in sheet.rows if column < len(row)]
    widest = max((len(cell) if isinstance(cell, str) else 16 for cell in shown), default=8)
    return min(max(widest + 2, 10), WIDEST)
