"""Values of the domain as rows, and rows as values. No class of SQLAlchemy leaves this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from adapters.store.clean import address_key, clean_text, searchable, shortened
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.faxes import RECOGNISED
from gateway.domain.intake import Attachment, Channel, Fold, Intake, IntakeState
from gateway.domain.register import Entry, Seal
from gateway.domain.telephony import (
    Call,
    CallOutcome,
    ChangeKind,
    ChangeState,
    Direction,
    Outage,
    Recording,
    RecordingState,
    RosterChange,
)
from gateway.domain.ticket import (
    Action,
    Message,
    Outcome,
    Page,
    Priority,
    Requester,
    Standing,
    Ticket,
    TicketState,
    TicketType,
)
from gateway.domain.ticket import Timer as TimerValue
from gateway.domain.visits import Visit, VisitState

Row = dict[str, Any]
_SEARCHED_CHARACTERS = 400


@cache
def _fields(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _flat(value: Any) -> Row:  # noqa: ANN401 - any dataclass of the domain
    """The fields of a dataclass by name; unlike `asdict` it does not copy what is inside them."""
    names = _fields(value.__class__)
    return dict(zip(names, attrgetter(*names)(value), strict=True))


def intake_of(row: Mapping[str, Any], raw: bytes = b"") -> Intake:
    """The intake in a row, with its bytes when they were asked for."""
    return Intake(
        id=row["id"],
        channel=Channel(row["channel"]),
        door=row["door"],
        received_at=row["received_at"],
        sender=row["sender"],
        recipients=tuple(row["recipients"]),
        sha256=row["sha256"],
        size=row["size"],
        state=IntakeState(row["state"]),
        attempts=row["attempts"],
        facts=dict(row["facts"]),
        contract=row["contract"],
        raw=raw,
        reason=row["reason"],
        accepted_at=row["accepted_at"],
    )


def ticket_row(ticket: Ticket) -> Row:
    """A ticket as a row, all but `touched_at`, which belongs to the store."""
    who = ticket.requester
    found_by = f"{ticket.number} {ticket.subject[:_SEARCHED_CHARACTERS]} {who.name} {who.address} {who.number}"
    return {
        "number": ticket.number,
        "contract": ticket.contract,
        "channel": str(ticket.channel),
        "type": str(ticket.type),
        "state": str(ticket.state),
        "level": ticket.level,
        "priority": str(ticket.priority),
        "subject": ticket.subject,
        "requester": _flat(who),
        "opened_at": ticket.opened_at,
        "received_at": ticket.received_at,
        "owner": ticket.owner,
        "taken_at": ticket.taken_at,
        "outcome": None if ticket.outcome is None else str(ticket.outcome),
        "vendor_reference": ticket.vendor_reference,
        "escalated_at": ticket.escalated_at,
        "marks": [str(mark) for mark in ticket.marks],
        "sheet": dict(ticket.sheet),
        "urgent_word": ticket.urgent_word,
        "version": ticket.version,
        "became": str(ticket.became),
        "phase": ticket.phase,
        "party": ticket.party,
        "mode": str(ticket.mode),
        "site": ticket.site,
        "matter": ticket.matter,
        "priority_class": ticket.priority_class,
        "due": {str(of): at.isoformat() for of, at in ticket.due.items()},
        "suspensions": [_standing_row(each) for each in ticket.suspensions],
        "address_key": address_key(who.address),
        "number_key": address_key(who.number),
        "search": searchable(found_by)[: 2 * _SEARCHED_CHARACTERS] + searchable(ticket.sheet.get(RECOGNISED, "")),
    }


def ticket_of(row: Mapping[str, Any]) -> Ticket:
    """The ticket in a row."""
    return Ticket(
        number=row["number"],
        contract=row["contract"],
        channel=row["channel"],
        type=TicketType(row["type"]),
        state=TicketState(row["state"]),
        level=row["level"],
        priority=Priority(row["priority"]),
        subject=row["subject"],
        requester=Requester(**row["requester"]),
        opened_at=row["opened_at"],
        received_at=row["received_at"],
        owner=row["owner"],
        taken_at=row["taken_at"],
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        vendor_reference=row["vendor_reference"],
        escalated_at=row["escalated_at"],
        marks=tuple(row["marks"]),
        sheet=dict(row["sheet"]),
        urgent_word=row["urgent_word"],
        version=row["version"],
        became=row["became"],
        phase=row["phase"],
        party=row["party"],
        mode=row["mode"],
        site=row["site"],
        matter=row["matter"],
        priority_class=row["priority_class"],
        due={of: datetime.fromisoformat(at) for of, at in row["due"].items()},
        suspensions=tuple(_standing_of(each) for each in row["suspensions"]),
    )


def _standing_row(standing: Standing) -> list[Any]:
    ends = None if standing.ends_at is None else standing.ends_at.isoformat()
    return [str(standing.reason), standing.starts_at.isoformat(), ends, standing.message]


def _standing_of(found: list[Any]) -> Standing:
    reason, starts, ends, message = found
    return Standing(reason, datetime.fromisoformat(starts), ends and datetime.fromisoformat(ends), message)


def call_of(row: Mapping[str, Any]) -> Call:
    """The call in a row."""
    outcome = None if row["outcome"] is None else CallOutcome(row["outcome"])
    return Call(**{**row, "direction": Direction(row["direction"]), "outcome": outcome, "facts": dict(row["facts"])})


def recording_of(row: Mapping[str, Any]) -> Recording:
    """The recording in a row."""
    return Recording(**{**row, "state": RecordingState(row["state"])})


def outage_of(row: Mapping[str, Any]) -> Outage:
    """The outage in a row."""
    return Outage(**row)


def roster_change_of(row: Mapping[str, Any]) -> RosterChange:
    """The change of the roster in a row."""
    return RosterChange(**{**row, "kind": ChangeKind(row["kind"]), "state": ChangeState(row["state"])})


def flat(value: Call | Recording | Outage | RosterChange) -> Row:
    """A value whose fields are the columns of its table."""
    return _flat(value)


def visit_row(visit: Visit) -> Row:
    """A visit as a row."""
    return _flat(visit)


def visit_of(row: Mapping[str, Any]) -> Visit:
    """The visit in a row."""
    return Visit(**{**row, "state": VisitState(row["state"])})


def message_row(message: Message, number: int) -> Row:
    """A message as a row with the id `number`."""
    return {
        "id": number,
        "ticket": message.ticket,
        "direction": message.direction,
        "channel": str(message.channel),
        "lane": message.lane,
        "sender": message.sender,
        "recipients": list(message.recipients),
        "at": message.at,
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "message_id": message.message_id,
        "intake": message.intake,
        "dispatch": message.dispatch,
        "folds": [[fold.start, fold.end, fold.kind] for fold in message.folds],
    }


def message_of(row: Mapping[str, Any]) -> Message:
    """The message in a row."""
    folds = tuple(Fold(*fold) for fold in row["folds"])
    return Message(**{**row, "recipients": tuple(row["recipients"]), "folds": folds})


def attachment_row(attachment: Attachment, message: int, position: int) -> Row:
    """An attachment as the row at `position` of a message."""
    return {**_flat(attachment), "message": message, "position": position}


def attachment_of(row: Mapping[str, Any]) -> Attachment:
    """The attachment in a row."""
    return Attachment(**{name: value for name, value in row.items() if name not in ("message", "position")})


def action_row(action: Action, number: int) -> Row:
    """An action as a row with the id `number`."""
    return {**_flat(action), "id": number}


def action_of(row: Mapping[str, Any]) -> Action:
    """The action in a row."""
    return Action(**{name: value for name, value in row.items() if name != "id"})


def page_row(page: Page) -> Row:
    """A page as a row."""
    return _flat(page)


def page_of(row: Mapping[str, Any]) -> Page:
    """The page in a row."""
    return Page(**row)


def dispatch_row(dispatch: Dispatch) -> Row:
    """A dispatch as a row, all but `wake_at`, which the store keeps."""
    return {
        "id": dispatch.id,
        "key": dispatch.key,
        "kind": str(dispatch.kind),
        "channel": str(dispatch.channel),
        "to": dispatch.to,
        "to_key": address_key(dispatch.to),
        "state": str(dispatch.state),
        "due_at": dispatch.due_at,
        "expires_at": dispatch.expires_at,
        "ticket": dispatch.ticket,
        "contract": dispatch.contract,
        "page": dispatch.page,
        "attempts": dispatch.attempts,
        "reference": dispatch.reference,
        "reference_key": None if dispatch.reference is None else shortened(dispatch.reference),
        "reason": dispatch.reason,
        "subject": dispatch.subject,
        "text": dispatch.text,
        "raw": dispatch.raw,
        "facts": dict(dispatch.facts),
        "created_at": dispatch.created_at,
        "sent_at": dispatch.sent_at,
    }


_KEPT_BY_THE_STORE = ("to_key", "reference_key", "wake_at")


def dispatch_of(row: Mapping[str, Any]) -> Dispatch:
    """The dispatch in a row."""
    values = {name: value for name, value in row.items() if name not in _KEPT_BY_THE_STORE}
    values["kind"] = DispatchKind(row["kind"])
    values["channel"] = Channel(row["channel"])
    values["state"] = DispatchState(row["state"])
    values["facts"] = dict(row["facts"])
    return Dispatch(**values)


def timer_of(row: Mapping[str, Any]) -> TimerValue:
    """The timer in a row."""
    return TimerValue(row["id"], row["kind"], row["ticket"] or None, row["due_at"], dict(row["facts"]))


def entry_row(entry: Entry) -> Row:
    """An entry of the register as a row."""
    return _flat(entry)


def entry_of(row: Mapping[str, Any]) -> Entry:
    """The entry in a row."""
    return Entry(**row)


def seal_of(row: Mapping[str, Any]) -> Seal:
    """The seal in a row."""
    return Seal(row["day"], row["root"], row["chains"], row["entries"], row["previous"], row["hash"])


def cleaned_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts whose names and values both databases take."""
    return {clean_text(str(name)): clean_text(str(value)) for name, value in facts.items()}
