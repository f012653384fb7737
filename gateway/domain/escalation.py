"""A ticket going to the vendor: the diagnostic summary of seventeen fields, what is missing in it, and its files.

An escalation cannot exist with fields missing (C4.10, C9.6, C9.7). Field 12 is made of the recorded actions and of
nothing else; of the requester only what the fields ask for leaves. Nothing here sends: `render`, `as_json` and
`history_csv` give what leaves, and the same summary always gives the same text.
"""

from __future__ import annotations

import csv
import dataclasses
import difflib
import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.domain.receivability import Why, hollow
from gateway.domain.sheet import (
    BY_KEY,
    FIELD_LABELS,
    FIELDS,
    SheetError,
    canonical_key,
    identify_keys,
    sheet_with,
    templates_of,
)
from gateway.domain.texts import Catalogue, Filled, clean, one_line, quoted_subject
from gateway.domain.wording import channel_name, hour, in_rome, long_date, priority_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = [
    "ALWAYS_REQUIRED",
    "FIELDS",
    "ActionLine",
    "AttachmentLine",
    "ContactPart",
    "ContractPart",
    "DiagnosticSummary",
    "ExpectedObtained",
    "HistoryLine",
    "Missing",
    "NumberPart",
    "OccurrencePart",
    "PriorityPart",
    "SheetError",
    "SummaryInput",
    "SystemPart",
    "WorkaroundPart",
    "WorkstationPart",
    "as_json",
    "canonical_key",
    "history_csv",
    "identify_keys",
    "missing",
    "missing_lines",
    "questions",
    "render",
    "requirable",
    "sheet_with",
    "summarise",
]

ALWAYS_REQUIRED = (
    "priority", "system", "description", "expected_obtained", "error", "analysis", "actions", "workaround",
)  # fmt: skip
"""Fields 3, 4, 7 and 9–13: sending is blocked while one of them says nothing (DOMAIN 13, T-ESC)."""

SHEET_SCHEMA = 1
SUMMARY_CHARS = 60
_BY_ITSELF = ("priority.priority", "priority.impact", "system.system")
"""The parts without which fields 3 and 4 say nothing; a contract asks for others by name (`system.version`)."""


# --------------------------------------------------------------------------------------------------------- the summary


@dataclass(frozen=True, slots=True)
class NumberPart:
    """Field 1: which request, and when and how it came. `opened_at` is aware."""

    number: int
    opened_at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class ContractPart:
    """Field 2: under which contract, for which client."""

    contract: str
    body: str


@dataclass(frozen=True, slots=True)
class PriorityPart:
    """Field 3."""

    priority: str = ""
    impact: str = ""
    users: str = ""


@dataclass(frozen=True, slots=True)
class SystemPart:
    """Field 4."""

    system: str = ""
    module: str = ""
    version: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class WorkstationPart:
    """Field 5: the requester's role, never a name."""

    os: str = ""
    browser: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class OccurrencePart:
    """Field 6."""

    first: str = ""
    frequency: str = ""
    reproducible: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedObtained:
    """Field 9."""

    expected: str = ""
    obtained: str = ""


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One line of field 12, as recorded: when, what, by which role (no names), with what outcome."""

    at: datetime
    by_role: str
    text: str
    outcome: str


@dataclass(frozen=True, slots=True)
class WorkaroundPart:
    """Field 13: the workaround in use, or why there is none."""

    text: str = ""
    none_reason: str = ""


@dataclass(frozen=True, slots=True)
class AttachmentLine:
    """One line of field 15: a file as kept, size in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ContactPart:
    """Field 16: who answers the vendor's questions; a role, never a person's name."""

    role: str = ""
    phone: str = ""
    mail: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class DiagnosticSummary:
    """The seventeen fields, in order."""

    number: NumberPart
    contract: ContractPart
    priority: PriorityPart
    system: SystemPart
    workstation: WorkstationPart
    occurrence: OccurrencePart
    description: str
    steps: str
    expected_obtained: ExpectedObtained
    error: str
    analysis: str
    actions: tuple[ActionLine, ...]
    workaround: WorkaroundPart
    articles: str
    attachments: tuple[AttachmentLine, ...]
    contact: ContactPart
    term: str


@dataclass(frozen=True, slots=True)
class SummaryInput:
    """What a summary is made of. `sheet` holds what the desk set, by the keys of `identify_keys()`."""

    number: int
    opened_at: datetime
    channel: str
    contract: str
    body: str
    priority: str = ""
    sheet: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[ActionLine, ...] = ()
    attachments: tuple[AttachmentLine, ...] = ()
    workaround: str = ""
    no_workaround_reason: str = ""
    contact: ContactPart = field(default_factory=ContactPart)
    term: str = ""


def summarise(facts: SummaryInput) -> DiagnosticSummary:
    """The summary of a ticket. What the desk set goes before what the ticket and the contract say.

    Actions are put in order of time; none can be left out or edited here. Values lose control characters and
    direction overrides.
    """
    sheet = {key: clean(value).strip() for key, value in facts.sheet.items()}

    def said(key: str, otherwise: str = "") -> str:
        return sheet.get(key) or clean(otherwise).strip()

    return DiagnosticSummary(
        number=NumberPart(facts.number, facts.opened_at, facts.channel),
        contract=ContractPart(one_line(facts.contract), one_line(facts.body)),
        priority=PriorityPart(
            said("priority.priority", facts.priority), said("priority.impact"), said("priority.users")
        ),
        system=SystemPart(
            said("system.system"), said("system.module"), said("system.version"), said("system.environment")
        ),
        workstation=WorkstationPart(said("workstation.os"), said("workstation.browser"), said("workstation.role")),
        occurrence=OccurrencePart(
            said("occurrence.first"), said("occurrence.frequency"), said("occurrence.reproducible")
        ),
        description=said("description"),
        steps=said("steps"),
        expected_obtained=ExpectedObtained(said("expected_obtained.expected"), said("expected_obtained.obtained")),
        error=said("error"),
        analysis=said("analysis"),
        actions=tuple(
            dataclasses.replace(
                each, by_role=one_line(each.by_role), text=clean(each.text), outcome=clean(each.outcome)
            )
            for each in sorted(facts.actions, key=lambda each: each.at)
        ),
        workaround=WorkaroundPart(
            said("workaround.text", facts.workaround), said("workaround.none_reason", facts.no_workaround_reason)
        ),
        articles=said("articles"),
        attachments=tuple(dataclasses.replace(each, name=one_line(each.name)) for each in facts.attachments),
        contact=ContactPart(
            said("contact.role", facts.contact.role),
            said("contact.phone", facts.contact.phone),
            said("contact.mail", facts.contact.mail),
            said("contact.hours", facts.contact.hours),
        ),
        term=said("term", facts.term),
    )


# ----------------------------------------------------------------------------------------------------- what is missing


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
    values = _values(summary)
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


def _values(summary: DiagnosticSummary) -> dict[str, str]:
    """Every value that is text, by field or `field.part`."""
    values: dict[str, str] = {}
    for name in FIELDS:
        value = getattr(summary, name)
        if isinstance(value, str):
            values[name] = value
        elif not isinstance(value, tuple):
            values |= {f"{name}.{part.name}": str(getattr(value, part.name)) for part in dataclasses.fields(value)}
    return values


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


# --------------------------------------------------------------------------------------------------------- what leaves


def as_json(summary: DiagnosticSummary) -> dict[str, Any]:
    """The content of `scheda_<ticket>.json`: the seventeen fields in order, then `schema`. Times are ISO 8601."""
    sheet: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(summary, name)
        sheet[name] = value if isinstance(value, str) else _plain(value)
    opened = in_rome(summary.number.opened_at)
    sheet["number"] = {
        "number": summary.number.number,
        "opened_on": opened.date().isoformat(),
        "opened_at": opened.isoformat(timespec="seconds"),
        "channel": summary.number.channel,
    }
    sheet["actions"] = [
        {
            "at": in_rome(each.at).isoformat(timespec="seconds"),
            "action": each.text,
            "by_role": each.by_role,
            "outcome": each.outcome,
        }
        for each in summary.actions
    ]
    sheet["workaround"] = {
        "text": summary.workaround.text or None,
        "none_reason": None if summary.workaround.text else summary.workaround.none_reason,
    }
    return {**sheet, "schema": SHEET_SCHEMA}


def _plain(value: Any) -> Any:  # noqa: ANN401 - a part of the summary, or a tuple of parts
    return [dataclasses.asdict(each) for each in value] if isinstance(value, tuple) else dataclasses.asdict(value)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of `storia_<ticket>.csv`. `by` is a role, never a name."""

    at: datetime
    type: str
    by: str
    text: str
    outcome: str = ""


_PHONE = re.compile(r"\+[0-9][0-9 ]{4,18}")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def history_csv(lines: Iterable[HistoryLine]) -> str:
    """The content of `storia_<ticket>.csv`: header `at,type,by,text,outcome`, commas, CRLF (RFC 4180).

    A cell that a spreadsheet would take for a formula gets a `'` in front; a telephone number `+39…` stays as it is.

    Source: PROMISES B-046.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("at", "type", "by", "text", "outcome"))
    for line in lines:
        at = in_rome(line.at).isoformat(timespec="seconds")
        writer.writerow((at, *(_cell(each) for each in (line.type, line.by, line.text, line.outcome))))
    return out.getvalue()


def _cell(value: str) -> str:
    if _PHONE.fullmatch(value):
        return value
    told = clean(value)  # first: a control character that goes away would uncover the formula behind it
    risky = value.startswith(_FORMULA) or told.lstrip().startswith(_FORMULA)
    return ("'" if risky else "") + told


def render(summary: DiagnosticSummary, catalogue: Catalogue, values: Mapping[str, str]) -> Filled:
    """T-ESC with all seventeen lines. `values` gives `vendor`, `contract_reference`, `service`, `sender_body`.

    `summary` in `values` is the short title in the subject; without it the first line of the description is. Lines
    after the first of a value are indented, so that no value can pass for the next field.

    Raises:
        TextError: one of the four values is missing.
    """
    language = catalogue.language
    blank = _pick(language, "non indicato", "not stated")
    title = quoted_subject(_first_line(summary.description), empty=summary.system.system, limit=SUMMARY_CHARS)
    told = {
        **_parts(summary, blank),
        "ticket": str(summary.number.number),
        "opened_date": long_date(summary.number.opened_at, language),
        "opened_time": hour(summary.number.opened_at, language),
        "channel": channel_name(summary.number.channel, language),
        "priority": priority_name(summary.priority.priority, language) or blank,
        "actions": "\n".join(_action(each, language) for each in summary.actions),
        "workaround": _workaround(summary.workaround, language),
        "articles": summary.articles or _pick(language, "nessuno", "none"),
        "attachments": _attachments(summary.attachments, language),
    }
    indented = {name: value.replace("\n", "\n    ") for name, value in told.items()}
    return catalogue.fill("T-ESC", {"summary": title, **values, **indented})


def _parts(summary: DiagnosticSummary, blank: str) -> dict[str, str]:
    """The placeholders that are a value of the sheet as it stands; a part that was not said says so."""
    named = {
        "contract.contract": "contract",
        "contract.body": "body",
        "occurrence.first": "first_seen",
        "contact.role": "contact_role",
        "contact.phone": "contact_phone",
        "contact.mail": "contact_mail",
        "contact.hours": "contact_hours",
    }
    return {named.get(key, key.split(".")[-1]): value or blank for key, value in _values(summary).items()}


def _first_line(value: str) -> str:
    return next((line for line in value.splitlines() if line.strip()), "")


def _action(action: ActionLine, language: str) -> str:
    when = f"{long_date(action.at, language)}{_pick(language, ', ore ', ' at ')}{hour(action.at, language)}"
    return f"{when} – {action.text} – {action.by_role} – {action.outcome}"


def _workaround(workaround: WorkaroundPart, language: str) -> str:
    if workaround.text:
        return workaround.text
    return f"{_pick(language, 'nessuna, perché', 'none, because')} {workaround.none_reason}"


def _attachments(attachments: Sequence[AttachmentLine], language: str) -> str:
    if not attachments:
        return _pick(language, "nessuno", "none")
    return "\n".join(f"{each.name} ({each.size} byte, SHA-256 {each.sha256})" for each in attachments)


def _pick(language: str, italian: str, english: str) -> str:
    return english if language == "en" else italian
