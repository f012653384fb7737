"""What leaves with an escalation: the mail, its JSON and its history. Nothing here sends.

The same summary always gives the same text.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway.domain.escalation import values_of
from gateway.domain.sheet import FIELDS
from gateway.domain.texts import Catalogue, Filled, clean, quoted_subject
from gateway.domain.wording import channel_name, hour, in_rome, long_date, priority_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gateway.domain.escalation import ActionLine, AttachmentLine, DiagnosticSummary, WorkaroundPart

SHEET_SCHEMA = 1
SUMMARY_CHARS = 60


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
        TextError: one of the four values is missing, or the catalogue lacks a phrase of the sheet (P-ESC).
    """
    language = catalogue.language
    blank, none = (catalogue.fill(each, {}).body for each in ("P-ESC-NOT-STATED", "P-ESC-NONE"))
    title = quoted_subject(_first_line(summary.description), empty=summary.system.system, limit=SUMMARY_CHARS)
    told = {
        **_parts(summary, blank),
        "ticket": str(summary.number.number),
        "opened_date": long_date(summary.number.opened_at, language),
        "opened_time": hour(summary.number.opened_at, language),
        "channel": channel_name(summary.number.channel, language),
        "priority": priority_name(summary.priority.priority, language) or blank,
        "actions": "\n".join(_action(each, catalogue) for each in summary.actions),
        "workaround": _workaround(summary.workaround, catalogue),
        "articles": summary.articles or none,
        "attachments": "\n".join(_attachment(each, catalogue) for each in summary.attachments) or none,
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
    return {named.get(key, key.split(".")[-1]): value or blank for key, value in values_of(summary).items()}


def _first_line(value: str) -> str:
    return next((line for line in value.splitlines() if line.strip()), "")


def _action(action: ActionLine, catalogue: Catalogue) -> str:
    language = catalogue.language
    when = {"date": long_date(action.at, language), "time": hour(action.at, language)}
    values = {**when, "text": action.text, "by": action.by_role, "outcome": action.outcome}
    return catalogue.fill("P-ESC-ACTION", values).body


def _workaround(workaround: WorkaroundPart, catalogue: Catalogue) -> str:
    return workaround.text or catalogue.fill("P-ESC-NO-WORKAROUND", {"reason": workaround.none_reason}).body


def _attachment(attachment: AttachmentLine, catalogue: Catalogue) -> str:
    values = {"name": attachment.name, "size": str(attachment.size), "sha256": attachment.sha256}
    return catalogue.fill("P-ESC-FILE-INFECTED" if attachment.infected else "P-ESC-FILE", values).body
