"""The forms in which fax services write to us: one `Shape` each, read from the table that comes with Centralino.

The table is `shapes.toml`. A pattern takes one line of at most `MAX_LINE` characters and has no repeat inside a repeat,
so that no mail can make it slow. What an installation adds is written plainly: `adapters.fax.templates`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

MAX_LINE = 400
MAX_LINES = 400

FIELDS = frozenset(("number", "caller", "who", "station", "pages", "time", "job", "called", "quality", "duration"))
"""What a pattern or a label can give.

`number`: the calling number as written. `caller`: the same, from the line (CLIP), not from the sending machine.
`who`: a number or a name. `station`: what the sending machine calls itself (TSI/CSID). `called`: our number.
"""
NUMBER = r"\+?[0-9][0-9 ()./-]{2,30}"

TABLE = Path(__file__).with_name("shapes.toml")
PATTERNS = ("subject", "sender", "needs", "lines", "file_name", "partial", "failed", "sent")
_FLAGS = ("blank_text", "needs_document", "station_is_number", "country_code")


@dataclass(frozen=True, slots=True)
class Shape:
    """How one system writes.

    It is this shape when one of `subject` matches, one of `sender` matches the From address and one of `needs` a line
    of the text; an empty tuple asks nothing. `labels` are `Label: value` lines by their label in lower case, `lines`
    patterns anywhere in the text, `file_name` what the name of the document says (asked last). `partial`, `failed` and
    `sent` say what became of it. `station_is_number`: with no number from the line, what the machine calls itself
    stands for it, with a defect. `country_code`: numbers begin with the country's code, without a plus.
    """

    name: str
    subject: tuple[re.Pattern[str], ...] = ()
    sender: tuple[re.Pattern[str], ...] = ()
    needs: tuple[re.Pattern[str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[re.Pattern[str], ...] = ()
    file_name: tuple[re.Pattern[str], ...] = ()
    partial: tuple[re.Pattern[str], ...] = ()
    failed: tuple[re.Pattern[str], ...] = ()
    sent: tuple[re.Pattern[str], ...] = ()
    blank_text: bool = False
    needs_document: bool = False
    station_is_number: bool = False
    country_code: bool = False
    zone: str = "Europe/Rome"

    @property
    def patterns(self) -> tuple[re.Pattern[str], ...]:
        """All that can give a field."""
        return self.subject + self.sender + self.needs + self.lines + self.file_name


@dataclass(frozen=True, slots=True)
class Table:
    """Every shape in its order, and the words that mean the same whoever writes them."""

    shapes: tuple[Shape, ...]
    partial: tuple[re.Pattern[str], ...]
    failed: tuple[re.Pattern[str], ...]
    withheld: tuple[re.Pattern[str], ...]


@lru_cache(maxsize=1)
def shipped() -> Table:
    """What comes with Centralino."""
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    words = data["words"]
    return Table(
        shapes=tuple(_shape(entry, data["label_sets"]) for entry in data["shape"]),
        partial=patterns(words["partial"]),
        failed=patterns(words["failed"]),
        withheld=patterns(words["withheld"]),
    )


def patterns(texts: list[str]) -> tuple[re.Pattern[str], ...]:
    """Compiled, without regard to case."""
    return tuple(re.compile(text.replace("NUMBER", NUMBER), re.IGNORECASE) for text in texts)


def _shape(entry: Mapping[str, Any], label_sets: Mapping[str, Mapping[str, str]]) -> Shape:
    labels = entry.get("labels", {})
    told: dict[str, Any] = {key: patterns(entry.get(key, [])) for key in PATTERNS}
    told |= {key: entry[key] for key in _FLAGS if key in entry}
    return Shape(name=entry["name"], labels=label_sets[labels] if isinstance(labels, str) else labels, **told)
