"""From an error of TOML or of a model to the one line that an operator reads: file, key, clause, remedy."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.fields import REFUSED
from gateway.domain.errors import SettingError

WHOLE_CONFIGURATION = "X18"
"""The clause of a refusal that no contract asks for: configuration errors are told, not survived."""
SEE_COMMENT = "see the comment of this key in the shipped configuration"
_TABLE = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read: its name for messages, its folder, its text and its tables."""

    path: Path
    text: str
    data: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name that messages use: `contracts/c02-comune.toml`, `gateway.toml`."""
        return _shown(self.path)

    def refusal(self, key: str, wrong: str, *, clause: str, remedy: str) -> SettingError:
        """The error that refuses this file for this key."""
        return SettingError(self.name, key, wrong, clause=clause, remedy=remedy, line=line_of(self.text, key))


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if path.parent.name == "contracts" else path.name


def read_toml(path: Path) -> Source:
    """The file, read and parsed.

    Raises:
        SettingError: it cannot be read, is not UTF-8, or is not TOML.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        return Source(path, text, tomllib.loads(text))
    except OSError as error:
        wrong, remedy = f"the file cannot be read: {error.strerror}", "create it, or make it readable (centralino init)"
    except UnicodeDecodeError:
        wrong, remedy = "the file is not UTF-8 text", "save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        wrong, remedy = f"this is not TOML: {error}", "put the line right; texts stand in quotes, tables in brackets"
    raise SettingError(_shown(path), "file", wrong, clause=WHOLE_CONFIGURATION, remedy=remedy)


def checked(model: type[Model], source: Source, clauses: Mapping[str, str], context: Mapping[str, Any]) -> Model:
    """The file as its model.

    `clauses` gives the clause for a key or for everything below it (`hours.band`); the longest one counts.

    Raises:
        SettingError: the first error in the order of the file, with the number of the others.
    """
    try:
        return model.model_validate(source.data, context=dict(context))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=True)
    causes = _without_what_follows(details)
    first = _refusal(model, source, clauses, min(causes, key=lambda detail: _place(source, detail)))
    raise SettingError(
        first.file,
        first.key,
        first.wrong,
        clause=first.clause,
        remedy=first.remedy,
        line=first.line,
        others=len(causes) - 1,
    )


def _without_what_follows(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors, but none that says of a whole what another says of its part: a list that a bad entry emptied."""
    wholes = {detail["loc"][:depth] for detail in details for depth in range(len(detail["loc"]))}
    return [detail for detail in details if detail["loc"] not in wholes]


def _place(source: Source, detail: ErrorDetails) -> tuple[int, str]:
    key = _key(detail)
    return line_of(source.text, key) or 0, key


def _key(detail: ErrorDetails) -> str:
    inside = detail.get("ctx", {}).get("key") if detail["type"] == REFUSED else None
    return dotted((*detail["loc"], inside) if inside else detail["loc"])


def _refusal(model: type[BaseModel], source: Source, clauses: Mapping[str, str], detail: ErrorDetails) -> SettingError:
    key = _key(detail)
    clause = clause_for(key, clauses)
    if detail["type"] == REFUSED:
        context = detail.get("ctx", {})
        clause = context.get("clause") or clause
        return source.refusal(key, str(context["wrong"]), clause=clause, remedy=str(context["remedy"]))
    if detail["type"] == "extra_forbidden":
        known = known_keys(model, detail["loc"][:-1])
        return source.refusal(key, "unknown key", clause=clause, remedy=_nearest(str(detail["loc"][-1]), known))
    if detail["type"] == "missing":
        return source.refusal(key, "the key is missing", clause=clause, remedy=f"add {detail['loc'][-1]!s} to it")
    return source.refusal(key, _in_short(detail), clause=clause, remedy=_remedy(detail))


def _remedy(detail: ErrorDetails) -> str:
    """For a value of a fixed list the nearest one; it is named by the message itself."""
    allowed = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    near = difflib.get_close_matches(str(detail["input"]), allowed, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"write one of: {', '.join(allowed)}" if allowed else SEE_COMMENT


def _in_short(detail: ErrorDetails) -> str:
    message = detail["msg"][:1].lower() + detail["msg"][1:]
    given = detail["input"]
    return f"{message}, not {given!r}" if isinstance(given, str | int | float | bool) else message


def clause_for(key: str, clauses: Mapping[str, str]) -> str:
    """The clause of a dotted key: that of its longest prefix that has one, of `quota[2]` before that of `quota`."""
    parts = key.split(".")
    numbered = (".".join(parts[:count]) for count in range(len(parts), -1, -1))
    prefixes = (form for prefix in numbered for form in (prefix, re.sub(r"\[\d+\]", "", prefix)))
    return next((clauses[prefix] for prefix in prefixes if prefix in clauses), WHOLE_CONFIGURATION)


def dotted(location: tuple[int | str, ...]) -> str:
    """The path of a key as the operator writes it: `hours.band[2].times`; tables are counted from 1."""
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".") or "file"


def known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys that a table knows, by the path to the table."""
    here: type[BaseModel] | None = model
    for part in location:
        if here and isinstance(part, str):
            here = _model_of(here, part)
    return [info.alias or name for name, info in here.model_fields.items()] if here else []


def _model_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    return _inside(fields[key].annotation) if key in fields else None


def _inside(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _inside(each))), None)


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if near:
        return f"did you mean {near[0]}?"
    return f"known keys here: {', '.join(known)}" if known else "take it out"


def line_of(text: str, key: str) -> int | None:
    """The line on which a dotted key stands, or that of the nearest table around it; None when neither is found."""
    path = tuple(re.findall(r"[^.\[\]]+|\[\d+\]", key))
    lines = _lines(text)
    return max((lines[path[:depth]] for depth in range(len(path) + 1) if path[:depth] in lines), default=None)


@lru_cache(maxsize=4)
def _lines(text: str) -> dict[tuple[str, ...], int]:
    """The last line on which each table and key of a file stands; a file that is all wrong asks for a thousand."""
    lines: dict[tuple[str, ...], int] = {}
    here: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if table := _TABLE.match(line):
            here = _table_path(table[1], table[2], counts)
            lines[here] = number
        elif "=" in line and not line.lstrip().startswith("#"):
            lines[*here, *line.split("=", 1)[0].strip().split(".")] = number
    return lines


def _table_path(bracket: str, name: str, counts: dict[tuple[str, ...], int]) -> tuple[str, ...]:
    """The path of a table's head: below an array of tables it belongs to the last one before it."""
    parts = [part.strip().strip('"') for part in name.split(".")]
    path: tuple[str, ...] = ()
    for depth, part in enumerate(parts, 1):
        path = (*path, part)
        if depth == len(parts) and bracket == "[[":
            counts[path] = counts.get(path, 0) + 1
        if path in counts:
            path = (*path, f"[{counts[path]}]")
    return path
