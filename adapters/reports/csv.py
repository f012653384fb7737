"""Tables as CSV (RFC 4180) that a spreadsheet takes for text: no cell becomes a formula (B-046)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def table_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The table in UTF-8 with CRLF line ends; None is an empty cell, text that looks like a formula gets a quote."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if not isinstance(value, str):
        return "" if value is None else str(value)
    plain = value.replace("\0", "")
    return f"'{plain}" if plain.startswith(FORMULA) else plain
