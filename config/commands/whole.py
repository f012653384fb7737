"""A ticket with everything that belongs to it: as the document of `ticket show --json`, and for people to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from config.commands import showing
from config.commands.verdicts import waiting_for
from gateway import scanning
from gateway.domain.dispatch import DispatchKind
from gateway.domain.explaining import explained
from gateway.domain.owed import is_met

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ledger import Line, SeenReceipt
    from gateway.domain.register import Entry
    from gateway.domain.telephony import Call, Recording
    from gateway.domain.ticket import Message, Ticket
    from gateway.domain.visits import Visit
    from gateway.ports import Gateway, Reading

ALWAYS_DUE: dict[str, datetime | None] = {"taken_in_charge": None, "solution": None, "on_site": None}
"""The terms that stand in the document even when the contract says nothing of them."""
MANY = 10_000
"""More dispatches than one ticket has."""


def listed(ticket: Ticket) -> dict[str, object]:
    """A ticket as one entry of a list."""
    who = ticket.requester
    return {
        "number": ticket.number,
        "contract": ticket.contract,
        "channel": str(ticket.channel),
        "type": str(ticket.type),
        "state": str(ticket.state),
        "level": ticket.level,
        "priority": str(ticket.priority),
        "subject": ticket.subject,
        "requester": {"name": who.name, "address": who.address, "number": who.number, "person": who.person},
        "opened_at": ticket.opened_at,
        "received_at": ticket.received_at,
        "owner": ticket.owner,
        "taken_at": ticket.taken_at,
        "outcome": None if ticket.outcome is None else str(ticket.outcome),
        "marks": [str(mark) for mark in ticket.marks],
        "became": ticket.became,
        "phase": ticket.phase,
        "party": ticket.party,
        "mode": ticket.mode,
        "site": ticket.site,
        "version": ticket.version,
        "due": ALWAYS_DUE | dict(ticket.due),
    }


def earliest_due(ticket: Ticket) -> datetime | None:
    """What is owed first; nothing of a ticket that is concluded or stands still."""
    return min((at for of, at in ticket.due.items() if not is_met(of, ticket)), default=None)


def whole(gw: Gateway, reading: Reading, ticket: Ticket) -> dict[str, Any]:
    """The document. Keys are never taken away; a due time is null where the contract sets no term, or it stands still.

    `explained` says how each due time was counted, a sentence for each run of days.
    """
    from gateway import dues

    number = ticket.number
    language = gw.rules.contract(ticket.contract, ticket.version).language
    counted = dues.dues_of(gw, reading, ticket)
    dispatches = sorted(reading.dispatches(ticket=number, limit=MANY), key=lambda each: each.id)
    told = reading.personal(str(number))
    return {
        **listed(ticket),
        "vendor_reference": ticket.vendor_reference,
        "escalated_at": ticket.escalated_at,
        "urgent_word": ticket.urgent_word,
        "sheet": {key: value for key, value in ticket.sheet.items() if not key.startswith("_")},
        "matter": ticket.matter,
        "priority_class": ticket.priority_class,
        "explained": {str(of): list(explained(due, language)) for of, due in counted.items()},
        "suspensions": [
            {"reason": s.reason, "starts_at": s.starts_at, "ends_at": s.ends_at, "message": s.message}
            for s in ticket.suspensions
        ],
        "visits": [visit_entry(each) for each in reading.visits(ticket=number)],
        "calls": [call_entry(each) for each in reversed(reading.calls(ticket=number, limit=MANY))],
        "recordings": [recording_entry(each) for each in reading.recordings(ticket=number, limit=MANY)],
        "messages": [_message(reading, message) for message in reading.messages(number)],
        "actions": [
            {"at": a.at, "recorded_at": a.recorded_at, "by": a.by, "role": a.by_role}
            | {"text": a.text, "outcome": a.outcome}
            for a in reading.actions(number)
        ],
        "dispatches": [dispatch_entry(each) for each in dispatches],
        "escalations": [_escalation(ticket, each) for each in dispatches if each.kind is DispatchKind.ESCALATION],
        "certified": [_certified(line) for line in reading.lines(ticket=number)],
        "receipts": [receipt_entry(each) for each in reading.receipts(ticket=number, limit=MANY)],
        "links": [{"number": other, "kind": kind} for other, kind in reading.links(number)],
        "intakes": [each.id for each in reading.intakes(ticket=number, limit=MANY)],
        "unverified": waiting_for(reading, number),
        "events": [event_entry(entry, told.get(entry.seq, {})) for entry in reading.entries(str(number))],
    }  # fmt: skip


def _certified(line: Line) -> dict[str, Any]:
    """How a certified message stands with one recipient."""
    return {
        "dispatch": line.dispatch,
        "to": line.recipient,
        "state": str(line.state),
        "at": line.state_at,
        "identifier": line.identifier or None,
        "external": line.is_external,
        "reason": line.reason or None,
    }


def receipt_entry(seen: SeenReceipt) -> dict[str, Any]:
    """A receipt of certified mail, believed or not."""
    return {
        "intake": seen.intake,
        "ticket": seen.ticket,
        "dispatch": seen.dispatch,
        "kind": seen.kind,
        "verdict": str(seen.verdict),
        "message_id": seen.message_id or None,
        "recipient": seen.recipient or None,
        "certified_at": seen.certified_at,
        "seen_at": seen.seen_at,
        "reasons": seen.report.get("reasons", []),
        "revocation": seen.report.get("revocation", "not_checked"),
    }


def visit_entry(visit: Visit) -> dict[str, Any]:
    """An on-site visit as one entry of a list."""
    return {
        "id": visit.id,
        "ticket": visit.ticket,
        "contract": visit.contract,
        "phase": visit.phase,
        "site": visit.site,
        "state": str(visit.state),
        "became": visit.became,
        "requested_at": visit.requested_at,
        "due_at": visit.due_at,
        "closed_at": visit.closed_at,
        "by": visit.by,
        "report": visit.report,
    }


def call_entry(call: Call) -> dict[str, Any]:
    """A call as one entry of a list."""
    return {
        "id": call.id,
        "sid": call.sid,
        "direction": str(call.direction),
        "contract": call.contract,
        "caller": call.caller,
        "called": call.called,
        "began_at": call.began_at,
        "ended_at": call.ended_at,
        "seconds": int(call.facts["duration_s"]) if "duration_s" in call.facts else None,
        "outcome": None if call.outcome is None else str(call.outcome),
        "reached": call.reached,
        "ticket": call.ticket,
        "intake": call.intake,
        "answered_by": call.answered_by,
        "answered_at": call.answered_at,
    }


def recording_entry(recording: Recording) -> dict[str, Any]:
    """A recording as one entry of a list."""
    return {
        "sid": recording.sid,
        "state": str(recording.state),
        "seconds": recording.seconds,
        "recorded_at": recording.recorded_at,
        "size": recording.size,
        "type": recording.type,
        "sha256": recording.sha256,
        "attempts": recording.attempts,
        "reason": recording.reason,
    }


def _message(reading: Reading, message: Message) -> dict[str, Any]:
    return {
        "direction": message.direction,
        "channel": str(message.channel),
        "lane": message.lane,
        "from": message.sender,
        "to": list(message.recipients),
        "at": message.at,
        "subject": message.subject,
        "text": message.text,
        "folds": [{"start": fold.start, "end": fold.end, "kind": fold.kind} for fold in message.folds],
        "message_id": message.message_id,
        "intake": message.intake,
        "dispatch": message.dispatch,
        "id": message.id,
        "attachments": _attachments(reading, message),
    }


def _attachments(reading: Reading, message: Message) -> list[dict[str, Any]]:
    """The files of a message: as they are called here, as the sender called them, and what speaks against them."""
    files = reading.attachments(message.id)
    scans = scanning.states(reading, files)
    return [
        {
            "name": a.name,
            "shown_name": a.shown_name,
            "type": a.type,
            "size": a.size,
            "sha256": a.sha256,
            "part": a.part,
            "danger": a.danger,
            "scan": scans[a.sha256],
        }
        for a in files
    ]


def dispatch_entry(dispatch: Dispatch) -> dict[str, Any]:
    """A dispatch as one entry of a list."""
    return {
        "id": dispatch.id,
        "ticket": dispatch.ticket,
        "kind": str(dispatch.kind),
        "channel": str(dispatch.channel),
        "to": dispatch.to,
        "state": str(dispatch.state),
        "attempts": dispatch.attempts,
        "reference": dispatch.reference,
        "reason": dispatch.reason,
        "subject": dispatch.subject,
        "created_at": dispatch.created_at,
        "due_at": dispatch.due_at,
        "sent_at": dispatch.sent_at,
    }


def _escalation(ticket: Ticket, dispatch: Dispatch) -> dict[str, Any]:
    """One that left, or is about to: nothing is missing in it, or it could not exist."""
    return {
        "at": dispatch.created_at,
        "to": dispatch.to,
        "state": str(dispatch.state),
        "vendor_reference": ticket.vendor_reference,
        "missing": [],
        "dispatch": dispatch.id,
        "message_id": dispatch.facts.get("message_id"),
    }


def event_entry(entry: Entry, personal: Mapping[str, str]) -> dict[str, Any]:
    """An entry of the register, with its personal values unless they were erased."""
    return {
        "seq": entry.seq,
        "at": entry.at,
        "type": entry.type,
        "by": entry.by,
        "clause": entry.clause,
        "data": {**entry.data, **personal},
        "erased": sorted(set(entry.commitments) - set(personal)),
    }


# ----------------------------------------------------------------------------------------------------------- for people


def print_whole(found: Mapping[str, Any], *, full: bool = False) -> None:
    """The same document for people to read; what is folded is named, and shown when it is `full`."""
    _header(found)
    _terms(found)
    for message in found["messages"]:
        sender, at = showing.shown(message["from"]), showing.rome(message["at"])
        print(f"\n{_arrow(message)} {at}  {message['channel']}  {sender}{_to(message)}")
        _indented(message["text"] if full else _folded(message))
        for each in message["attachments"]:
            known = "  ".join(filter(None, (each["danger"], each["scan"])))
            print(f"    + {_named(each)}  {each['type']}  {each['size']} bytes  {each['sha256'][:16]}  {known}")
    _table("Visits", ("ID", "STATE", "SITE", "OUTCOME", "REQUESTED", "DUE", "CLOSED", "REPORT"), (
        (v["id"], v["state"], v["site"], v["became"], showing.rome(v["requested_at"]), showing.due(v["due_at"]) or "-",
         showing.rome(v["closed_at"]) or "-", v["report"])
        for v in found["visits"]
    ))  # fmt: skip
    _table("Calls", ("ID", "BEGAN", "FROM", "REACHED", "OUTCOME", "ANSWERED BY"), (
        (c["id"], showing.rome(c["began_at"]), c["caller"], c["reached"], c["outcome"] or "going on", c["answered_by"])
        for c in found["calls"]
    ))  # fmt: skip
    _table("Recordings", ("SID", "STATE", "SECONDS", "TRIES", "REASON"), (
        (r["sid"], r["state"], r["seconds"], r["attempts"], r["reason"]) for r in found["recordings"]
    ))  # fmt: skip
    _table("Unverified, waiting for the desk (intake accept, intake file)", ("INTAKE", "RECEIVED", "FROM", "FOUND"), (
        (u["intake"], showing.rome(u["received_at"]), u["from"], u["found"]) for u in found["unverified"]
    ))  # fmt: skip
    _table("Actions", ("AT", "BY", "OUTCOME", "TEXT"), (
        (showing.rome(a["at"]), a["by"], a["outcome"], a["text"]) for a in found["actions"]
    ))  # fmt: skip
    _table("Dispatches", ("ID", "KIND", "CHANNEL", "TO", "STATE", "TRIES", "REASON"), (
        (d["id"], d["kind"], d["channel"], d["to"], d["state"], d["attempts"], d["reason"]) for d in found["dispatches"]
    ))  # fmt: skip
    _table("History", ("AT", "EVENT", "BY", "CLAUSE", "DETAILS"), (
        (showing.rome(e["at"]), e["type"], e["by"], e["clause"] or "-", _details(e["data"])) for e in found["events"]
    ))  # fmt: skip


def _header(found: Mapping[str, Any]) -> None:
    who = found["requester"]
    print(f"{found['number']}  {showing.shown(found['subject'])}\n")
    showing.facts((
        ("contract", f"{found['contract']} (version {found['version']})"),
        ("became", found["became"]),
        ("phase", found["phase"]),
        ("party", found["party"]),
        ("mode", "" if found["mode"] == "help_desk" else found["mode"]),
        ("site", found["site"]),
        ("matter", found["matter"]),
        ("state", f"{found['state']} (level {found['level']})"),
        ("outcome", found["outcome"]),
        ("type", found["type"]),
        ("priority", f"{found['priority']}" + (f" ({found['urgent_word']})" if found["urgent_word"] else "")),
        ("channel", found["channel"]),
        ("requester", "  ".join(filter(None, (who["name"], who["address"], who["number"])))),
        ("received", showing.rome(found["received_at"])),
        ("opened", showing.rome(found["opened_at"])),
        ("taken", showing.rome(found["taken_at"])),
        ("owner", found["owner"]),
        ("escalated", showing.rome(found["escalated_at"])),
        ("vendor's number", found["vendor_reference"]),
        ("marks", ", ".join(found["marks"])),
        ("linked", ", ".join(f"{each['number']} ({each['kind']})" for each in found["links"])),
        *((f"  {key}", value) for key, value in found["sheet"].items()),
    ))  # fmt: skip


def _terms(found: Mapping[str, Any]) -> None:
    """By when what must have happened, how that was counted, and when the clocks stood still."""
    for of, sentences in found["explained"].items():
        due = found["due"].get(of)
        print(f"\nDue: {of}  {showing.due(due) or 'stands still'}")
        for sentence in sentences:
            print(f"    {sentence}")
    _table("Suspensions", ("REASON", "FROM", "TO", "MESSAGE"), (
        (s["reason"], showing.rome(s["starts_at"]), showing.rome(s["ends_at"]) or "still", s["message"] or "-")
        for s in found["suspensions"]
    ))  # fmt: skip


def _arrow(message: Mapping[str, Any]) -> str:
    return {"in": "-->", "out": "<--"}.get(message["direction"], "---") + f" {message['lane']}"


def _to(message: Mapping[str, Any]) -> str:
    return f" -> {showing.shown(', '.join(message['to']))}" if message["to"] else ""


def _folded(message: Mapping[str, Any]) -> str:
    """The text of a message, with a line for each earlier mail or signature in it."""
    text, shown, at = message["text"], [], 0
    for fold in message["folds"]:
        lines = len(text[fold["start"] : fold["end"]].strip().splitlines())
        shown += [text[at : fold["start"]].rstrip("\n"), f"\n[{fold['kind']}: {lines} lines, --full shows them]\n"]
        at = fold["end"]
    return "".join([*shown, text[at:]])


def _indented(text: str) -> None:
    for line in showing.paragraphs(text).strip().splitlines():
        print(f"    {line}")


def _table(title: str, headings: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    listed_rows = list(rows)
    if listed_rows:
        print(f"\n{title}")
        showing.table(headings, listed_rows)


def _details(data: Mapping[str, str]) -> str:
    return "  ".join(f"{key}={value}" for key, value in data.items() if value != "")


def _named(each: Mapping[str, Any]) -> str:
    """A file by its safe name; what the sender called it stands beside when that is another."""
    name, sent = showing.shown(each["name"]), showing.shown(each["shown_name"])
    return f"{name} ({sent})" if sent and sent != name else name
