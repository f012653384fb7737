"""What the people at the desk do to a ticket: classify, record actions, work around, solve, escalate.

Each function is one unit's work: it reads the ticket inside the transaction, changes it along `ticket.TRANSITIONS`, and
records who did it. Who is always a person of the directory (`by`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gateway import deciding, dues, paging, posting, telling, waking
from gateway.contacts import Contact
from gateway.domain import replies, wording
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import local, opening
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.sheet import sheet_with
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
)
from gateway.domain.visits import VisitState
from gateway.escalating import NO_WORKAROUND, WORKAROUND, escalated_again
from gateway.receiving import kept, obey, record_routed
from gateway.tickets import DeskError, contract_of, find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.dispatch import Dispatch
    from gateway.domain.roster import Person
    from gateway.ports import Gateway, Transaction

NOBODY_WORKS = (*WAITING_FOR_A_PERSON, TicketState.ESCALATION_FAILED, TicketState.NOT_RECEIVABLE)
STILL_OPEN = (VisitState.ASKED, VisitState.RESERVED)
E = TypeVar("E", TicketType, Priority, Outcome)


def open_ticket(  # noqa: PLR0913, PLR0917 - a request told to the desk has this many parts
    gw: Gateway, tx: Transaction, contract_id: str, sender: str, subject: str, text: str, by: Person, at: datetime
) -> Ticket:
    """A ticket for a request that reached the desk by itself (at the counter, in a meeting).

    The contract decides on it as on every other; nobody is written to at once, for somebody is being talked to.
    """
    if contract_id not in gw.rules.contracts:
        raise DeskError(f"there is no contract {contract_id!r}; there are: {', '.join(sorted(gw.rules.contracts))}")
    number = tx.new_number(local(at).year)
    contract = gw.rules.in_force(contract_id, at)
    contact = Contact(subject, text, text, _requester(gw, sender), sender)
    request = deciding.request_of(contact, Channel.DESK, at, urgent=False)
    decision = deciding.decision_on(gw, tx, contract, request, at)
    ticket = Ticket(
        number=number,
        contract=contract.id,
        channel=Channel.DESK,
        type=TicketType.ASSISTANCE,
        state=TicketState.NEW,
        level=decision.level,
        priority=Priority.NORMAL,
        subject=subject,
        requester=contact.requester,
        opened_at=at,
        received_at=at,
        marks=(Mark.TYPE_TO_CONFIRM, *decision.marks),
        **kept(decision),
    )
    tx.add_ticket(ticket)
    tx.add_message(Message(0, ticket.number, "in", Channel.DESK, "requester", sender, (), at, subject, text))
    personal = {"sender": sender, "subject": subject}
    data = {"channel": "desk", "received_at": at.isoformat(), "version": str(ticket.version), "outcome": ticket.became}
    happening = Happening("received", at, by.id, contract.clauses.of("recording"), data, personal)
    tx.record(str(ticket.number), happening)
    record_routed(tx, ticket, decision, at)
    obey(gw, tx, ticket, decision, contact, at)
    return ticket


def _requester(gw: Gateway, sender: str) -> Requester:
    by_mail = "@" in sender
    person = gw.rules.people.by_mail(sender) if by_mail else gw.rules.people.by_number(sender)
    known = person.id if person else None
    return Requester(address=sender if by_mail else "", number="" if by_mail else sender, person=known)


def classify(  # noqa: PLR0913 - what is set by whom when, and why a complaint would be none
    gw: Gateway,
    tx: Transaction,
    number: int,
    kind: str | None,
    priority: str | None,
    by: Person,
    at: datetime,
    *,
    reason: str = "",
) -> Ticket:
    """Set type and priority; a request made urgent outside hours is chased from now on.

    Raises:
        DeskError: it is a complaint, and who would say that it is none has not the role, or gives no reason (C8.3).
    """
    ticket = find(tx, number)
    if kind:
        wanted_type = _one_of(TicketType, kind, "type")
        if ticket.type is TicketType.COMPLAINT and wanted_type is not TicketType.COMPLAINT:
            _downgrade(gw, tx, ticket, wanted_type, by, reason, at)
        marks = tuple(mark for mark in ticket.marks if mark != Mark.TYPE_TO_CONFIRM)
        ticket = tx.change_ticket(ticket.number, type=wanted_type, marks=marks)
    if priority:
        wanted = _one_of(Priority, priority, "priority")
        if wanted is Priority.URGENT and ticket.priority is not Priority.URGENT:
            ticket = paging.made_urgent(
                gw, tx, ticket, at, by=by.id, clause=contract_of(gw, ticket).clauses.of("priority")
            )
        else:
            ticket = tx.change_ticket(ticket.number, priority=wanted)
    if gw.rules.contract(ticket.contract, ticket.version).terms:
        ticket = dues.recounted(gw, tx, ticket)
    _record(tx, ticket, "classified", at, by.id, type=str(ticket.type), priority=str(ticket.priority))
    return ticket


def _downgrade(
    gw: Gateway, tx: Transaction, ticket: Ticket, kind: TicketType, by: Person, reason: str, at: datetime
) -> None:
    """In doubt it is a complaint: where the contract names a role, only that says otherwise, and why (C8.3, S112)."""
    rule = gw.rules.contract(ticket.contract, ticket.version).complaints
    if rule is None:
        return
    if by.role_words.casefold() != rule.downgraded_by.casefold():
        raise DeskError(
            f"ticket {ticket.number} is a complaint; only the role {rule.downgraded_by!r} may say that it is none "
            f"(clause {rule.clause}), and {by.id} is {by.role_words!r}"
        )
    if not reason.strip():
        raise DeskError(f"to say that a complaint is none needs the reason (--reason; clause {rule.clause})")
    data = {"before": str(ticket.type), "type": str(kind)}
    tx.record(str(ticket.number), Happening("downgraded", at, by.id, rule.clause, data, {"reason": reason}))


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
    """Set facts of the diagnostic sheet, by the keys of `sheet.identify_keys`."""
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

    A ticket that nobody has taken keeps its state: the words do not take it. One that waits for an answer waits on.
    """
    ticket = find(tx, number)
    if bool(text and text.strip()) == bool(none_reason and none_reason.strip()):
        raise DeskError("say either how to go on meanwhile (--text) or why there is no way (--none)")
    kept = {key: value for key, value in ticket.sheet.items() if key not in (WORKAROUND, NO_WORKAROUND)}
    if text:
        sheet, marks = {**kept, WORKAROUND: text}, tuple(m for m in ticket.marks if m != Mark.NO_WORKAROUND)
        stays = ticket.state in (*NOBODY_WORKS, *dues.WAITING)
        state = ticket.state if stays else after(ticket.state, Act.WORKED_AROUND)
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
    contract = contract_of(gw, ticket)
    if not ticket.requester.address:
        raise DeskError(f"ticket {ticket.number} has no mail address of its requester; telephone and record an action")
    values = replies.values(contract, ticket, opening(contract, at), at) | {"text": text}
    filled = gw.rules.texts(contract).fill("T-REPLY", values)
    telling.owe_reply(gw, tx, ticket, contract, kind=DispatchKind.REPLY, text=filled, at=at)
    tx.record(str(ticket.number), Happening("replied", at, by.id, None, {}, {"text": text}))
    return ticket


def solve(gw: Gateway, tx: Transaction, number: int, text: str, outcome: str, by: Person, at: datetime) -> Ticket:
    """Conclude with an outcome (C1.3) and tell the requester; a reply to that reopens the ticket.

    Raises:
        DeskError: nothing is said: whatever the outcome, the requester is told what was done or why not (S120).
    """
    if not text.strip():
        raise DeskError("say what was done, or why it cannot be: --text is told to the requester")
    ticket = find(tx, number)
    contract = contract_of(gw, ticket)
    how = _one_of(Outcome, outcome, "outcome")
    changed = _concluded(gw, tx, ticket, how, by, at)
    tx.record(str(ticket.number), Happening("solved", at, by.id, None, {"outcome": str(how)}, {"text": text}))
    if ticket.requester.address:
        values = replies.values(contract, changed, opening(contract, at), at) | {
            "outcome": wording.outcome_name(how, contract.language),
            "solution": text,
            "days": str(gw.rules.reopens_for(contract).days),
        }
        filled = gw.rules.texts(contract).fill("T-SOL-NO-FEEDBACK", values)
        telling.owe_reply(gw, tx, changed, contract, kind=DispatchKind.REPLY, text=filled, at=at)
    return changed


def _concluded(gw: Gateway, tx: Transaction, ticket: Ticket, how: Outcome, by: Person, at: datetime) -> Ticket:
    """The ticket is solved: nobody is woken, reminded or warned any more, and it waits for nothing.

    Raises:
        DeskError: a visit of it is still to be made or decided (S039).
    """
    visits = tx.visits(ticket=ticket.number, states=STILL_OPEN) if ticket.mode == "on_site" else []
    if visits:
        told = ", ".join(f"{visit.id} ({visit.state})" for visit in visits)
        raise DeskError(f"ticket {ticket.number} has a visit that is not concluded: {told}; visit done or visit cancel")
    if dues.waits_for(ticket):
        ticket = dues.resume(gw, tx, ticket, by=by.id, at=at)
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.SOLVE), outcome=how)
    paging.stop(gw, tx, changed, at, by=by.id)
    for timer in ("escalation", dues.TERM):
        tx.drop_timer(timer, ticket.number)
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
    dues.watch_again(tx, changed)
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
    changed = _concluded(gw, tx, one, Outcome.DUPLICATE, by, at)
    _record(tx, one, "merged", at, by.id, into=str(two.number))
    _record(tx, two, "merged_from", at, by.id, other=str(one.number))
    return changed


# --------------------------------------------------------------------------------------------------- what was set aside


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
    if page is not None and page.state != waking.OPEN:
        raise DeskError(
            f"dispatch {dispatch_id} wakes {page.person} for ticket {page.ticket}, whose page is {page.state}"
        )
    ticket = tx.ticket(dispatch.ticket) if dispatch.ticket is not None else None
    failed = ticket is not None and ticket.state is TicketState.ESCALATION_FAILED
    posting.open_line(tx, dispatch, at)
    if ticket and failed and dispatch.kind is DispatchKind.ESCALATION and dispatch.channel is not Channel.PEC:
        escalated_again(gw, tx, ticket, dispatch, at)
    lives = dispatch.expires_at - (dispatch.created_at or dispatch.due_at)
    changed = tx.change_dispatch(dispatch_id, state=DispatchState.DUE, due_at=at, expires_at=at + lives)
    data = {"dispatch": str(dispatch_id), "before": str(dispatch.state), "reason": dispatch.reason or ""}
    chain = SYSTEM if dispatch.ticket is None else str(dispatch.ticket)
    tx.record(chain, Happening("dispatch_retried", at, by.id, None, data))
    return changed


def _record(tx: Transaction, ticket: Ticket, happening: str, at: datetime, by: str, **data: str) -> None:
    tx.record(str(ticket.number), Happening(happening, at, by, None, data))
