"""What a diagnostic summary lacks: an escalation cannot exist with fields missing (C4.10, C9.6, C9.7)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.escalation import values_of
from gateway.domain.receivability import Why, hollow
from gateway.domain.sheet import BY_KEY, FIELD_LABELS, FIELDS, SheetError, templates_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.domain.escalation import ActionLine, DiagnosticSummary, WorkaroundPart

ALWAYS_REQUIRED = (
    "priority", "system", "description", "expected_obtained", "error", "analysis", "actions", "workaround",
)  # fmt: skip
"""Fields 3, 4, 7 and 9–13: sending is blocked while one of them says nothing (DOMAIN 13, T-ESC)."""

_BY_ITSELF = ("priority.priority", "priority.impact", "system.system")
"""The parts without which fields 3 and 4 say nothing; a contract asks for others by name (`system.version`)."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One gap: the field, its part (empty for a field without parts; `2.outcome` for the second action), and why."""

    field: str
    part: str
    why: str


_NUMERIC = frozenset({"priority.priority", "priority.users", "system.version"})
_ALLOWED = {
    "system.environment": frozenset({"test", "prova"}),
    "articles": frozenset({"nessuno", "nessuna", "none"}),
}


def missing(
    summary: DiagnosticSummary, required: Iterable[str] = (), *, minimum_characters: int = 0
) -> tuple[Missing, ...]:
    """What must still be said before the summary may leave, in the order of the fields; nothing when it may.

    Fields 3, 4, 7 and 9–13 always; `required` adds fields (`steps`, `workstation`) or parts (`system.version`) of the
    contract. `minimum_characters` holds for the description and the analysis (C9.6).

    Raises:
        SheetError: `required` has a name that is no field or part.

    Source: DOMAIN 13 (T-ESC), C4.10, C9.6, C9.7; PROMISES B-067.
    """
    values = values_of(summary)
    asked = set(_asked(required, values))
    gaps: list[Missing] = []
    for name in FIELDS:
        if name == "actions":
            gaps += _missing_actions(summary.actions)
        elif name == "workaround":
            gaps += _missing_workaround(summary.workaround)
        elif name == "attachments":
            gaps += [Missing(name, "", Why.EMPTY)] if name in asked and not summary.attachments else []
        else:
            gaps += _missing_values(name, values, asked, minimum_characters)
    return tuple(gaps)


def requirable() -> frozenset[str]:
    """Every name that a contract may ask for beyond the fields that are always required."""
    return frozenset(FIELDS) | BY_KEY.keys() | {"contract.contract", "contract.body"}


def _asked(required: Iterable[str], values: Mapping[str, str]) -> Iterable[str]:
    yield from _BY_ITSELF
    yield from ("description", "expected_obtained.expected", "expected_obtained.obtained", "error", "analysis")
    for name in required:
        if name not in requirable():
            near = difflib.get_close_matches(name, sorted(requirable()), n=1, cutoff=0.0)
            raise SheetError(f"no field is called {name!r}; did you mean {near[0]}?")
        if name in values or name == "attachments":
            yield name
        elif name not in ALWAYS_REQUIRED:
            yield from (key for key in values if key.startswith(f"{name}."))


def _missing_values(name: str, values: Mapping[str, str], asked: set[str], minimum: int) -> list[Missing]:
    gaps = []
    for key, value in values.items():
        if key in asked and key.split(".")[0] == name:
            why = _hollow(key, value, minimum if name in {"description", "analysis"} else 0)
            gaps += [Missing(name, key.partition(".")[2], why)] if why else []
    return gaps


def _hollow(key: str, value: str, minimum: int = 0) -> Why | None:
    return hollow(
        value,
        templates=templates_of(key.partition(".")[0]),
        numeric=key in _NUMERIC,
        code=key == "error",
        allowed=_ALLOWED.get(key, frozenset()),
        minimum_characters=minimum,
    )


def _missing_actions(actions: Sequence[ActionLine]) -> list[Missing]:
    if not actions:
        return [Missing("actions", "", Why.EMPTY)]
    gaps = []
    for count, action in enumerate(actions, 1):
        for part, value in (("text", action.text), ("outcome", action.outcome)):
            why = _hollow("actions", value)
            gaps += [Missing("actions", f"{count}.{part}", why)] if why else []
    return gaps


def _missing_workaround(workaround: WorkaroundPart) -> list[Missing]:
    reasons = [_hollow("workaround", value) for value in (workaround.text, workaround.none_reason)]
    if None in reasons:
        return []
    said = next((why for why in reasons if why and why is not Why.EMPTY), Why.EMPTY)
    return [Missing("workaround", "", said)]


_WHY_WORDS = {
    Why.EMPTY: ("mancante", "missing"),
    Why.TEMPLATE: ("è rimasto il modello", "the template was left standing"),
    Why.FILLER: ("senza contenuto", "without content"),
    Why.TOO_SHORT: ("troppo breve", "too short"),
}


def missing_lines(gaps: Iterable[Missing], language: str = "it") -> tuple[str, ...]:
    """The gaps as people read them: `azioni svolte: mancante` (S088), `azioni svolte, n. 2, esito: mancante` (S123)."""
    english = language == "en"
    return tuple(f"{_label(gap, english=english)}: {_WHY_WORDS[Why(gap.why)][english]}" for gap in gaps)


def _label(gap: Missing, *, english: bool) -> str:
    if gap.field == "actions" and gap.part:
        count, _, part = gap.part.partition(".")
        words = {"text": ("azione", "action"), "outcome": ("esito", "outcome")}[part]
        return f"{FIELD_LABELS['actions'][english]}, n. {count}, {words[english]}"
    known = BY_KEY.get(f"{gap.field}.{gap.part}" if gap.part else gap.field)
    if known is None:
        return FIELD_LABELS[gap.field][english]
    return known.label_en if english else known.label


def questions(gaps: Iterable[Missing], language: str = "it") -> tuple[str, ...]:
    """What to ask the requester for these gaps, one question each, for T-ASK `{missing}` (S122).

    Only what a requester can know: nothing about analysis, actions, workaround, articles or the contact.
    """
    ours = {"analysis", "articles", "contact"}
    found = [
        BY_KEY[f"{gap.field}.{gap.part}" if gap.part else gap.field]
        for gap in gaps
        if gap.field not in ours and (f"{gap.field}.{gap.part}" if gap.part else gap.field) in BY_KEY
    ]
    return tuple(each.question_en if language == "en" else each.question for each in found)
