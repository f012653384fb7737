"""What the people at the desk do to a ticket: take charge, record actions, work around, solve, escalate.

Each function is one unit's work: it reads the ticket inside the transaction, changes it along `ticket.TRANSITIONS`, and
records who did it. Who is always a person of the directory (`by`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from gateway import paging, telling
from gateway.domain import correlation, replies, wording
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState, OutgoingAttachment, OutgoingMail
from gateway.domain.errors import CentralinoError
from gateway.domain.escalation import (
    ActionLine,
    AttachmentLine,
    ContactPart,
    HistoryLine,
    Missing,
    SummaryInput,
    as_json,
    history_csv,
    missing,
    missing_lines,
    render,
    summarise,
)
from gateway.domain.hours import local, opening
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.sheet import sheet_with
from gateway.domain.texts import Filled
from gateway.domain.ticket import (
    WAITING_FOR_A_PERSON,
    Act,
    Action,
    Mark,
    Message,
    Outcome,
    Priority,
    Requester,
    Ticket,
    TicketState,
    TicketType,
    after,
    late_reply_window,
    number_for,
)
from gateway.filing import UNREAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.domain.contract import Contract, Escalation
    from gateway.domain.escalation import DiagnosticSummary
    from gateway.domain.intake import Intake
    from gateway.domain.roster import Person
    from gateway.ports import Gateway, Reading, Transaction

PREPARED_AT = "_prepared_at"
PREPARED_DIGEST = "_prepared_digest"
WORKAROUND = "_workaround"
NO_WORKAROUND = "_no_workaround"
NOBODY_WORKS = (*WAITING_FOR_A_PERSON, TicketState.ESCALATION_FAILED, TicketState.NOT_RECEIVABLE)


class DeskError(CentralinoError):
    """The desk asked for something that cannot be done; the text says why and what would be possible."""


class MissingFieldsError(DeskError):
    """The escalation cannot leave: what is missing, one line for each gap, in the words of the desk."""

    def __init__(self, gaps: tuple[Missing, ...]) -> None:
        self.gaps = gaps
        lines = "".join(f"\n- {line}" for line in missing_lines(gaps))
        super().__init__(f"the diagnostic summary is not complete:{lines}")


def find(reading: Reading, number: int) -> Ticket:
    """The ticket with this number; a number of up to six digits is one without its year, if that is unambiguous.

    Raises:
        DeskError: there is no such ticket, or several.
    """
    full = reading.ticket(number)
    if full:
        return full
    candidates = reading.numbers_ending(number) if number < number_for(1, 0) else []
    if len(candidates) == 1:
        found = reading.ticket(candidates[0])
        if found:
            return found
    if candidates:
        raise DeskError(f"ticket {number} is ambiguous: {', '.join(map(str, candidates))}; say the whole number")
    raise DeskError(f"there is no ticket {number}")


def _contract(gw: Gateway, ticket: Ticket) -> Contract:
    found = gw.rules.contracts.get(ticket.contract)
    if found is None:
        raise DeskError(f"ticket {ticket.number} is under contract {ticket.contract}, which is not loaded")
    return found


def _record(tx: Transaction, ticket: Ticket, happening: str, at: datetime, by: str, **data: str) -> None:
    tx.record(str(ticket.number), Happening(happening, at, by, None, data))


# ------------------------------------------------------------------------------------------------------------ handling


def open_ticket(  # noqa: PLR0913, PLR0917 - a request told to the desk has this many parts
    gw: Gateway, tx: Transaction, contract_id: str, sender: str, subject: str, text: str, by: Person, at: datetime
) -> Ticket:
    """A ticket for a request that reached the desk by itself (at the counter, in a meeting)."""
    contract = gw.rules.contracts.get(contract_id)
    if contract is None:
        raise DeskError(f"there is no contract {contract_id!r}; there are: {', '.join(sorted(gw.rules.contracts))}")
    by_mail = "@" in sender
    ticket = Ticket(
        number=tx.new_number(local(at).year),
        contract=contract.id,
        channel=Channel.DESK,
        type=TicketType.ASSISTANCE,
        state=TicketState.NEW,
        level=1,
        priority=Priority.NORMAL,
        subject=subject,
        requester=Requester(address=sender if by_mail else "", number="" if by_mail else sender),
        opened_at=at,
        received_at=at,
        marks=(Mark.TYPE_TO_CONFIRM,),
    )
    tx.add_ticket(ticket)
    tx.add_message(Message(0, ticket.number, "in", Channel.DESK, "requester", sender, (), at, subject, text))
    personal = {"sender": sender, "subject": subject}
    data = {"channel": "desk", "received_at": at.isoformat()}
    happening = Happening("received", at, by.id, contract.clauses.of("recording"), data, personal)
    tx.record(str(ticket.number), happening)
    return ticket


def take(gw: Gateway, tx: Transaction, number: int, by: Person, at: datetime) -> Ticket:
    """Take charge. Whoever was woken for it is told that it is taken; nobody is woken for it any more."""
    ticket = find(tx, number)
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.TAKE), owner=by.id, taken_at=at)
    _record(tx, ticket, "taken", at, by.id, medium="desk", before=str(ticket.owner or ""))
    paging.stop(gw, tx, changed, at, by=by.id)
    return changed


def classify(
    gw: Gateway, tx: Transaction, number: int, kind: str | None, priority: str | None, by: Person, at: datetime
) -> Ticket:
    """Set type and priority; a request made urgent outside hours is chased from now on."""
    ticket = find(tx, number)
    if kind:
        marks = tuple(mark for mark in ticket.marks if mark != Mark.TYPE_TO_CONFIRM)
        ticket = tx.change_ticket(ticket.number, type=_one_of(TicketType, kind, "type"), marks=marks)
    if priority:
        wanted = _one_of(Priority, priority, "priority")
        if wanted is Priority.URGENT and ticket.priority is not Priority.URGENT:
            ticket = paging.made_urgent(
                gw, tx, ticket, at, by=by.id, clause=_contract(gw, ticket).clauses.of("priority")
            )
        else:
            ticket = tx.change_ticket(ticket.number, priority=wanted)
    _record(tx, ticket, "classified", at, by.id, type=str(ticket.type), priority=str(ticket.priority))
    return ticket


E = TypeVar("E", TicketType, Priority, Outcome)


def _one_of(kinds: type[E], value: str, what: str) -> E:
    try:
        return kinds(value.casefold())
    except ValueError:
        raise DeskError(f"{value!r} is no {what}; there are: {', '.join(kinds)}") from None


def action(
    tx: Transaction, number: int, text: str, outcome: str, by: Person, at: datetime, done_at: datetime
) -> Action:
    """Record one thing that was done. It goes into field 12 of the diagnostic summary and cannot be left out there."""
    ticket = find(tx, number)
    if not text.strip() or not outcome.strip():
        raise DeskError("an action needs what was done (--text) and what came of it (--outcome)")
    if done_at > at:
        raise DeskError(f"the action cannot lie in the future: {done_at.isoformat()}")
    done = Action(ticket.number, done_at, at, by.id, by.role_words, text, outcome)
    tx.add_action(done)
    data = {"done_at": done_at.isoformat()}
    tx.record(str(ticket.number), Happening("action", at, by.id, None, data, {"text": text, "outcome": outcome}))
    return done


def identify(tx: Transaction, number: int, facts: Sequence[tuple[str, str]], by: Person, at: datetime) -> Ticket:
    """Set facts of the diagnostic sheet, by the keys of `escalation.identify_keys`."""
    ticket = find(tx, number)
    sheet = dict(ticket.sheet)
    for key, value in facts:
        sheet = sheet_with(sheet, key, value)
    changed = tx.change_ticket(ticket.number, sheet=sheet)
    personal = dict(facts)
    tx.record(str(ticket.number), Happening("identified", at, by.id, None, {"keys": ",".join(personal)}, personal))
    return changed


def workaround(
    tx: Transaction, number: int, text: str | None, none_reason: str | None, by: Person, at: datetime
) -> Ticket:
    """Say how the requester can go on meanwhile, or why there is no safe way.

    A ticket that nobody has taken keeps its state: the words do not take it.
    """
    ticket = find(tx, number)
    if bool(text and text.strip()) == bool(none_reason and none_reason.strip()):
        raise DeskError("say either how to go on meanwhile (--text) or why there is no way (--none)")
    kept = {key: value for key, value in ticket.sheet.items() if key not in (WORKAROUND, NO_WORKAROUND)}
    if text:
        sheet, marks = {**kept, WORKAROUND: text}, tuple(m for m in ticket.marks if m != Mark.NO_WORKAROUND)
        state = ticket.state if ticket.state in NOBODY_WORKS else after(ticket.state, Act.WORKED_AROUND)
    else:
        sheet = {**kept, NO_WORKAROUND: str(none_reason)}
        marks, state = tuple(dict.fromkeys((*ticket.marks, Mark.NO_WORKAROUND))), ticket.state
    changed = tx.change_ticket(ticket.number, sheet=sheet, marks=marks, state=state)
    personal = {"text": text or "", "none_reason": none_reason or ""}
    tx.record(str(ticket.number), Happening("workaround", at, by.id, None, {}, personal))
    return changed


def note(tx: Transaction, number: int, text: str, by: Person, at: datetime) -> Ticket:
    """An internal note: it leaves to nobody."""
    ticket = find(tx, number)
    tx.add_message(Message(0, ticket.number, "note", Channel.DESK, "internal", by.id, (), at, "", text))
    tx.record(str(ticket.number), Happening("noted", at, by.id, None, {}, {"text": text}))
    return ticket


def reply(gw: Gateway, tx: Transaction, number: int, text: str, by: Person, at: datetime) -> Ticket:
    """Write to the requester, by the medium that the ticket allows: mail, else an SMS is no place for it."""
    ticket = find(tx, number)
    contract = _contract(gw, ticket)
    if not ticket.requester.address:
        raise DeskError(f"ticket {ticket.number} has no mail address of its requester; telephone and record an action")
    values = replies.values(contract, ticket, opening(contract, at), at) | {"text": text}
    filled = gw.rules.texts(contract).fill("T-REPLY", values)
    _mail_requester(gw, tx, ticket, contract, filled, at)
    tx.record(str(ticket.number), Happening("replied", at, by.id, None, {}, {"text": text}))
    return ticket


def _mail_requester(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, filled: Filled, at: datetime
) -> None:
    thread = [m.message_id for m in tx.messages(ticket.number) if m.message_id and m.lane == "requester"]
    telling.owe_mail(
        gw,
        tx,
        ticket,
        contract,
        kind=DispatchKind.REPLY,
        to=ticket.requester.address,
        text=filled,
        at=at,
        answers=thread,
    )


def solve(gw: Gateway, tx: Transaction, number: int, text: str, outcome: str, by: Person, at: datetime) -> Ticket:
    """Conclude with an outcome (C1.3) and tell the requester; a reply to that reopens the ticket."""
    ticket = find(tx, number)
    contract = _contract(gw, ticket)
    how = _one_of(Outcome, outcome, "outcome")
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.SOLVE), outcome=how)
    paging.stop(gw, tx, changed, at, by=by.id)
    tx.drop_timer("escalation", ticket.number)
    tx.record(str(ticket.number), Happening("solved", at, by.id, None, {"outcome": str(how)}, {"text": text}))
    if ticket.requester.address:
        values = replies.values(contract, changed, opening(contract, at), at) | {
            "outcome": wording.outcome_name(how, contract.language),
            "solution": text,
            "days": str(late_reply_window().days),
        }
        _mail_requester(gw, tx, changed, contract, gw.rules.texts(contract).fill("T-SOL-NO-FEEDBACK", values), at)
    return changed


def close(tx: Transaction, number: int, by: Person, at: datetime) -> Ticket:
    """Close what was solved. Nothing is closed without an outcome (S004)."""
    ticket = find(tx, number)
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.CLOSE))
    _record(tx, ticket, "closed", at, by.id, outcome=str(ticket.outcome or ""))
    return changed


def reopen(tx: Transaction, number: int, text: str, by: Person, at: datetime) -> Ticket:
    """Open a concluded ticket again, with the reason."""
    ticket = find(tx, number)
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.REOPEN), outcome=None, owner=by.id)
    tx.record(str(ticket.number), Happening("reopened", at, by.id, None, {}, {"text": text}))
    return changed


def link(tx: Transaction, number: int, other: int, by: Person, at: datetime) -> Ticket:
    """Two tickets belong together; both say so."""
    one, two = find(tx, number), find(tx, other)
    if one.number == two.number:
        raise DeskError(f"ticket {one.number} cannot be linked to itself")
    tx.add_link(one.number, two.number, "related")
    _record(tx, one, "linked", at, by.id, other=str(two.number))
    _record(tx, two, "linked", at, by.id, other=str(one.number))
    return one


def merge(gw: Gateway, tx: Transaction, number: int, into: int, by: Person, at: datetime) -> Ticket:
    """Two tickets about one thing: this one is solved as a duplicate of the other; both keep number and history."""
    one, two = find(tx, number), find(tx, into)
    if one.number == two.number:
        raise DeskError(f"ticket {one.number} cannot be merged into itself")
    tx.add_link(one.number, two.number, "merged_into")
    changed = tx.change_ticket(one.number, state=after(one.state, Act.SOLVE), outcome=Outcome.DUPLICATE)
    paging.stop(gw, tx, changed, at, by=by.id)
    _record(tx, one, "merged", at, by.id, into=str(two.number))
    _record(tx, two, "merged_from", at, by.id, other=str(one.number))
    return changed


# ---------------------------------------------------------------------------------------------------------- escalation


@dataclass(frozen=True, slots=True)
class Prepared:
    """An escalation that may leave: the very bytes, and where they go."""

    ticket: Ticket
    summary: DiagnosticSummary
    mail: OutgoingMail
    raw: bytes
    key: str
    digest: str


def prepare(gw: Gateway, reading: Reading, number: int, to: str | None, at: datetime) -> Prepared:
    """The escalation as it would leave now. The same ticket unchanged gives the same bytes, preview or not.

    Raises:
        DeskError: no vendor, another vendor, or a state that cannot be escalated.
        MissingFieldsError: fields of the diagnostic summary are missing.

    Source: C2.1, S008; T-ESC; PROMISES P11, B-067, B-068.
    """
    ticket = find(reading, number)
    after(ticket.state, Act.ESCALATE)
    contract = _contract(gw, ticket)
    rules = _vendor(contract, to)
    summary = summarise(_summary_input(reading, ticket, contract))
    gaps = missing(summary, rules.required)
    if gaps:
        raise MissingFieldsError(gaps)
    return _composed(gw, reading, ticket, contract, rules, summary, at)


def _vendor(contract: Contract, to: str | None) -> Escalation:
    rules = contract.escalation
    if rules is None:
        raise DeskError(f"contract {contract.id} has no [escalation] mailbox: there is nobody to escalate to")
    if to and to.casefold() not in (rules.vendor_name.casefold(), rules.mailbox.casefold()):
        raise DeskError(f"{to!r} is not the vendor of {contract.id}: only {rules.vendor_name} ({rules.mailbox}) is")
    return rules


def _summary_input(reading: Reading, ticket: Ticket, contract: Contract) -> SummaryInput:
    actions = tuple(ActionLine(a.at, a.by_role, a.text, a.outcome) for a in reading.actions(ticket.number))
    messages = [m for m in reading.messages(ticket.number) if m.direction == "in" and m.lane == "requester"]
    files = tuple(
        AttachmentLine(a.shown_name or a.name, a.size, a.sha256)
        for message in messages
        for a in reading.attachments(message.id)
    )
    contact = contract.contact
    return SummaryInput(
        number=ticket.number,
        opened_at=ticket.opened_at,
        channel=str(ticket.channel),
        contract=contract.name,
        body=contract.body_name,
        priority=str(ticket.priority),
        sheet={key: value for key, value in ticket.sheet.items() if not key.startswith("_")},
        actions=actions,
        attachments=files,
        workaround=ticket.sheet.get(WORKAROUND, ""),
        no_workaround_reason=ticket.sheet.get(NO_WORKAROUND, ""),
        contact=ContactPart(contact.role, contact.phone, contact.mail, contact.hours),
    )


def _composed(
    gw: Gateway,
    reading: Reading,
    ticket: Ticket,
    contract: Contract,
    rules: Escalation,
    summary: DiagnosticSummary,
    at: datetime,
) -> Prepared:
    """The bytes. Message-ID follows from what is said, so a second send of the same is known as the same (C-37)."""
    sheet = json.dumps(as_json(summary), ensure_ascii=False, indent=2).encode()
    history = history_csv(_history(reading, ticket)).encode()
    earlier = len(reading.dispatches(ticket=ticket.number, kind=DispatchKind.ESCALATION))
    digest = correlation.content_digest(sheet, history, str(earlier).encode(), rules.mailbox.encode())
    date = _date_of(ticket, digest, at)
    values = replies.values(contract, ticket, opening(contract, at), at) | {
        "vendor": rules.vendor_name,
        "contract_reference": rules.contract_reference,
        "sender_body": contract.body_name,
        "summary": replies.values(contract, ticket, opening(contract, at), at)["subject"],
    }
    filled = render(summary, gw.rules.texts(contract), values)
    sender = telling.own_address(gw, contract)
    mail = OutgoingMail(
        message_id=correlation.message_id(gw.rules.signing_key, ticket.number, digest, sender.rpartition("@")[2]),
        sender=sender,
        sender_name=contract.service_name,
        to=(rules.mailbox,),
        subject=filled.subject,
        text=filled.body,
        date=date,
        envelope_from=sender,
        attachments=(
            OutgoingAttachment(f"scheda_{ticket.number}.json", "application/json", sheet),
            OutgoingAttachment(f"storia_{ticket.number}.csv", "text/csv", history),
        ),
    )
    return Prepared(ticket, summary, mail, gw.compose(mail), digest, digest)


def _date_of(ticket: Ticket, digest: str, at: datetime) -> datetime:
    """When these bytes were first prepared: a preview fixes the Date header of what it showed."""
    if ticket.sheet.get(PREPARED_DIGEST) == digest:
        return datetime.fromisoformat(ticket.sheet[PREPARED_AT])
    return at


def _history(reading: Reading, ticket: Ticket) -> list[HistoryLine]:
    """What the desk did, in order of time: roles, no names, and nothing of other lanes (B-068)."""
    return [HistoryLine(a.at, "action", a.by_role, a.text, a.outcome) for a in reading.actions(ticket.number)]


def preview(gw: Gateway, tx: Transaction, number: int, to: str | None, at: datetime) -> Prepared:
    """The bytes that would leave; they are fixed by this, so that what leaves later is what was shown."""
    prepared = prepare(gw, tx, number, to, at)
    _keep_prepared(tx, prepared)
    return prepared


def _keep_prepared(tx: Transaction, prepared: Prepared) -> None:
    marks = {PREPARED_AT: prepared.mail.date.isoformat(), PREPARED_DIGEST: prepared.digest}
    tx.change_ticket(prepared.ticket.number, sheet={**prepared.ticket.sheet, **marks})


def escalate(gw: Gateway, tx: Transaction, number: int, to: str | None, by: Person, at: datetime) -> Dispatch:
    """Forward the ticket to the vendor's mailbox, complete: level 2, one mail with both attachments, one reminder.

    Raises:
        DeskError, MissingFieldsError, StateError: as `prepare`; nothing happened.
    """
    prepared = prepare(gw, tx, number, to, at)
    ticket, mail = prepared.ticket, prepared.mail
    contract = _contract(gw, ticket)
    dispatch = tx.add_dispatch(
        Dispatch(
            id=0,
            key=gw.keys.dispatch_key(),
            kind=DispatchKind.ESCALATION,
            channel=Channel.MAIL,
            to=mail.to[0],
            state=DispatchState.DUE,
            due_at=at,
            expires_at=at + gw.rules.mail_lives,
            ticket=ticket.number,
            contract=contract.id,
            subject=mail.subject,
            text=mail.text,
            raw=prepared.raw,
            facts={"message_id": mail.message_id, "from": mail.sender, "envelope_from": mail.envelope_from},
            created_at=at,
        )
    )
    telling.note_outgoing(tx, dispatch, lane="vendor", message_id=mail.message_id)
    tx.change_ticket(
        ticket.number, state=after(ticket.state, Act.ESCALATE), level=2, escalated_at=at, owner=ticket.owner or by.id
    )
    paging.stop(gw, tx, ticket, at, by=by.id)
    if contract.escalation:
        tx.set_timer("escalation", ticket.number, at + contract.escalation.remind_after, {"dispatch": str(dispatch.id)})
    data = {"dispatch": str(dispatch.id), "to": mail.to[0], "level": "2", "sheet_sha256": prepared.digest}
    tx.record(str(ticket.number), Happening("escalated", at, by.id, contract.clauses.of("escalation"), data))
    return dispatch


# ------------------------------------------------------------------------------------------------- what was set aside


def replay(tx: Transaction, intake_id: int, by: Person, at: datetime) -> Intake:
    """File an intake once more: one that nobody could read, or that was set aside. A ticket that it has stays its own.

    Raises:
        DeskError: there is no such intake, or it is filed and was read.
    """
    intake = tx.intake(intake_id)
    if intake is None:
        raise DeskError(f"there is no intake {intake_id}")
    tickets = tx.tickets_of(intake_id)
    filed = ", ".join(map(str, tickets))
    unread = intake.state is IntakeState.FILED and intake.reason == UNREAD
    if intake.state in (IntakeState.FILED, IntakeState.REPLY) and not unread:
        raise DeskError(
            f"intake {intake_id} is {intake.state}{f' as ticket {filed}' if filed else ''}: nothing to replay"
        )
    if tickets and intake.channel in (Channel.SMS, Channel.PHONE):
        raise DeskError(f"intake {intake_id} has its ticket {filed} already: look at it there")
    tx.reopen_intake(intake_id, at)
    chain = str(tickets[0]) if tickets else SYSTEM
    data = {"intake": str(intake_id), "before": str(intake.state), "reason": intake.reason or ""}
    tx.record(chain, Happening("intake_replayed", at, by.id, None, data))
    return tx.intake(intake_id) or intake


def retry(gw: Gateway, tx: Transaction, dispatch_id: int, by: Person, at: datetime) -> Dispatch:
    """Send a dispatch that was refused once more, or one that waits at once; it has its whole life again.

    Raises:
        DeskError: there is no such dispatch, it has left, or nobody waits for it any more.
    """
    dispatch = tx.dispatch(dispatch_id)
    if dispatch is None:
        raise DeskError(f"there is no dispatch {dispatch_id}")
    if dispatch.state not in (DispatchState.DUE, DispatchState.REFUSED):
        raise DeskError(
            f"dispatch {dispatch_id} is {dispatch.state}: only one that is due or refused can be tried again"
        )
    page = tx.page(dispatch.page) if dispatch.page is not None else None
    if page is not None and page.state != paging.OPEN:
        raise DeskError(
            f"dispatch {dispatch_id} wakes {page.person} for ticket {page.ticket}, whose page is {page.state}"
        )
    ticket = tx.ticket(dispatch.ticket) if dispatch.ticket is not None else None
    if ticket and dispatch.kind is DispatchKind.ESCALATION and ticket.state is TicketState.ESCALATION_FAILED:
        _escalated_again(gw, tx, ticket, dispatch, at)
    lives = dispatch.expires_at - (dispatch.created_at or dispatch.due_at)
    changed = tx.change_dispatch(dispatch_id, state=DispatchState.DUE, due_at=at, expires_at=at + lives)
    data = {"dispatch": str(dispatch_id), "before": str(dispatch.state), "reason": dispatch.reason or ""}
    chain = SYSTEM if dispatch.ticket is None else str(dispatch.ticket)
    tx.record(chain, Happening("dispatch_retried", at, by.id, None, data))
    return changed


def _escalated_again(gw: Gateway, tx: Transaction, ticket: Ticket, dispatch: Dispatch, at: datetime) -> None:
    rules = _contract(gw, ticket).escalation
    tx.change_ticket(ticket.number, state=after(ticket.state, Act.ESCALATE), escalated_at=at)
    if rules:
        tx.set_timer("escalation", ticket.number, at + rules.remind_after, {"dispatch": str(dispatch.id)})
