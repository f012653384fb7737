"""How results look: tables that stay whole when they are piped, JSON documents, times in Rome with their offset."""

from __future__ import annotations

import json
import sys
import unicodedata
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from gateway.domain.hours import local

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNLIMITED_COLUMNS = 100_000
_DIRECTIONS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def rome(at: datetime | None) -> str | None:
    """The instant in ISO 8601 with Rome's offset, to the second; None stays None."""
    return None if at is None else local(at).isoformat(timespec="seconds")


def due(at: datetime | None) -> str | None:
    """By when something is owed, as `rome`; the end of a day is that day's 24:00, not midnight of the next."""
    if at is None or local(at).time() != time.min:
        return rome(at)
    ended = local(at - timedelta(seconds=1))
    return f"{ended.date()}T24:00:00{ended.isoformat()[-6:]}"


def shown(value: object) -> str:
    """The value in one line that a terminal cannot be led astray by: no control or direction characters."""
    return _plain("" if value is None else str(value), keep="").strip()


def paragraphs(text: str) -> str:
    """The same for text of several lines."""
    return _plain(text.replace("\r\n", "\n"), keep="\n")


def _plain(text: str, *, keep: str) -> str:
    return "".join(char if char in keep or not _misleading(char) else " " for char in text)


def _misleading(char: str) -> bool:
    return char in _DIRECTIONS or unicodedata.category(char) in {"Cc", "Zl", "Zp"}


def document(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """One JSON document on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=as_text))


def line(value: Any) -> None:  # noqa: ANN401 - as `document`
    """One JSON document in one line."""
    print(json.dumps(value, ensure_ascii=False, default=as_text))


def as_text(value: object) -> str:
    """Instants in Rome time; everything else by its own word."""
    return str(rome(value)) if isinstance(value, datetime) else str(value)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, last_wraps: bool = True) -> None:
    """A table on standard output. Piped it is as wide as it must be; on a terminal only the last column is cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    on_terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, highlight=False, width=None if on_terminal else UNLIMITED_COLUMNS)
    made = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for number, heading in enumerate(headings):
        last = number == len(headings) - 1
        made.add_column(heading, no_wrap=not (last and last_wraps), overflow="fold")
    for row in rows:
        made.add_row(*(Text(shown(cell)) for cell in row))
    with console.capture() as captured:
        console.print(made)
    print("\n".join(each.rstrip() for each in captured.get().splitlines()))


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line, the empty ones left out."""
    told = [(name, shown(value)) for name, value in pairs if value not in (None, "", (), [])]
    width = max((len(name) for name, _ in told), default=0)
    for name, value in told:
        print(f"{name:<{width}}  {value}")
