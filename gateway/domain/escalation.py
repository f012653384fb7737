"""A ticket going to the vendor: the diagnostic summary of seventeen fields.

Field 12 is made of the recorded actions and of nothing else; of the requester only what the fields ask for leaves.
What is missing in a summary stands in `incomplete`, what leaves of it in `escalation_mail`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.domain.sheet import FIELDS
from gateway.domain.texts import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


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
    infected: bool = False
    """A scanner found something in it: it is named here, and goes nowhere."""


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


def values_of(summary: DiagnosticSummary) -> dict[str, str]:
    """Every value that is text, by field or `field.part`."""
    values: dict[str, str] = {}
    for name in FIELDS:
        value = getattr(summary, name)
        if isinstance(value, str):
            values[name] = value
        elif not isinstance(value, tuple):
            values |= {f"{name}.{part.name}": str(getattr(value, part.name)) for part in dataclasses.fields(value)}
    return values
