"""Shapes as an installation writes them: plain lines with fields in braces, `Fax da {number} ({pages} pagine)`.

Everything outside the braces is meant literally, without regard to case; a line must match from its beginning to its
end. A field takes its own kind of characters, up to the first place where what follows it stands, and never more for
the sake of what comes later (each is an atomic group): no mail can make such a pattern slow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from adapters.fax.shapes import FIELDS, MAX_LINE, NUMBER, Shape

ANYTHING = "any"
"""A field that keeps nothing."""
_TAKES = {
    "number": f"{NUMBER}?",
    "caller": f"{NUMBER}?",
    "called": f"{NUMBER}?",
    "pages": r"[0-9]{1,4}?",
    "job": r"[A-Za-z0-9._:-]{1,60}?",
    "duration": r"[0-9][0-9:]{0,8}?",
    "time": r"[0-9][0-9A-Za-z :/.,+-]{4,40}?",
    ANYTHING: r".{0,120}?",
}
_OPEN = r".{1,80}?"
_SPACE = r"\s{1,4}"
_END = r"\s{0,4}$"
_BRACES = re.compile(r"\{([^{}]*)\}")
SHOWN_FIELDS = ", ".join(sorted((*FIELDS, ANYTHING)))


class TemplateError(ValueError):
    """`wrong` says what is not right with a template, `remedy` what to write instead."""

    def __init__(self, wrong: str, remedy: str) -> None:
        self.wrong, self.remedy = wrong, remedy
        super().__init__(wrong)


def compiled(template: str) -> re.Pattern[str]:
    """The pattern of one line.

    Raises:
        TemplateError: no such field, one twice or beside another, a brace that is none, nothing or too long.
    """
    if not template.strip() or len(template) > MAX_LINE:
        raise TemplateError(f"{template[:40]!r} is empty or too long", "write the line as the service writes it")
    first, *rest = _BRACES.split(template.strip())
    fields = rest[::2]
    _refuse_fields(template, fields)
    between = [_literal(piece, template) for piece in rest[1::2]]
    if not all(between[:-1]):
        raise TemplateError(f"two fields of {template!r} touch", "write what stands between them, a space at least")
    ends = [*between[:-1], between[-1] + _END] if between else []
    groups = "".join(_up_to(name, end) for name, end in zip(fields, ends, strict=True))
    return re.compile(r"^\s{0,40}" + _literal(first, template) + (groups or _END), re.IGNORECASE)


def _refuse_fields(template: str, fields: Sequence[str]) -> None:
    for name in fields:
        if name not in FIELDS and name != ANYTHING:
            raise TemplateError(f"{{{name}}} in {template!r} is no field", f"write one of {SHOWN_FIELDS}")
    named = [name for name in fields if name != ANYTHING]
    if len(set(named)) < len(named):
        raise TemplateError(f"a field stands twice in {template!r}", "name it once, and {any} where it comes again")


def _literal(piece: str, template: str) -> str:
    if "{" in piece or "}" in piece:
        raise TemplateError(f"a brace in {template!r} is not closed", "write fields as {number}")
    return _SPACE.join(re.escape(word) for word in re.split(r"\s+", piece))


def _up_to(name: str, end: str) -> str:
    """The field and what follows it, without a way back."""
    takes = _TAKES.get(name, _OPEN)
    kept = takes if name == ANYTHING else f"(?P<{name}>{takes})"
    return f"(?>{kept}(?={end})){end}"


def shape_of(
    name: str, lines_of: Mapping[str, Sequence[str]], labels: Mapping[str, str], *, zone: str = "Europe/Rome"
) -> Shape:
    """A shape of an installation's own; `lines_of` has templates by the names of `Shape`'s patterns.

    Raises:
        TemplateError: as `compiled`, a label for no field, or a zone that does not exist.
    """
    for label, given in labels.items():
        if given not in FIELDS:
            raise TemplateError(f"label {label!r} gives {given!r}, which is no field", f"write one of {SHOWN_FIELDS}")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise TemplateError(f"{zone!r} is no time zone", 'write one like "Europe/Rome"') from None
    told: dict[str, Any] = {key: tuple(compiled(line) for line in lines) for key, lines in lines_of.items()}
    plain = {" ".join(label.split()).casefold().rstrip(":"): given for label, given in labels.items()}
    return Shape(name=name, labels=plain, zone=zone, **told)
