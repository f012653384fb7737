"""The way back for what was set aside: the same bytes are read once more, and complete the ticket that they have.

Never a second ticket (C-47). What people did meanwhile stays: a subject or requester that somebody corrected is theirs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway import deciding, dues, paging
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.priority import is_urgent
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import CLOSED_STATES, Mark, Priority
from gateway.receiving import add_message, kept, obey
from gateway.telling import NOBODY
from gateway.tickets import DeskError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.intake import Attachment, Intake
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Message, Ticket
    from gateway.ports import Gateway, Reading, Transaction

UNREAD = "unread"
"""The reason of an intake whose ticket only says that a person must open the original."""
REPLAYED = "replayed"
"""The reason of an intake that waits to be read once more."""
TRIED_ONCE = 1
"""The attempts of such an intake: it is read in a child, where it delays nobody."""
_MARKS = (Mark.UNREADABLE, Mark.TO_VERIFY)


# ------------------------------------------------------------------------------------------------------- what people do


def replay(tx: Transaction, intake_id: int, by: Person, at: datetime) -> Intake:
    """Read an intake once more with the parser as it is now; asked twice before it was done, it is done once.

    Raises:
        DeskError: there is no such intake, or it is a call or an SMS that is a ticket already: nothing of it is parsed.
    """
    intake = tx.intake(intake_id)
    if intake is None:
        raise DeskError(f"there is no intake {intake_id}")
    if intake.state is IntakeState.RECEIVED and intake.reason == REPLAYED and intake.attempts == TRIED_ONCE:
        return intake
    tickets = tx.tickets_of(intake_id)
    if intake.channel in (Channel.SMS, Channel.PHONE) and (tickets or intake.state is not IntakeState.RECEIVED):
        filed = f" as ticket {', '.join(map(str, tickets))}" if tickets else ""
        raise DeskError(f"intake {intake_id} is {intake.state}{filed}: nothing to replay")
    tx.reopen_intake(intake_id, at)
    chains = map(str, tickets) if tickets else (SYSTEM,)
    data = {"intake": str(intake_id), "before": str(intake.state), "reason": intake.reason or ""}
    for chain in chains:
        tx.record(chain, Happening("intake_replayed", at, by.id, None, data))
    return tx.intake(intake_id) or intake


def set_aside(reading: Reading, limit: int) -> list[Intake]:
    """The intakes whose tickets only say that a person must open the original, newest first."""
    return reading.intakes(state=IntakeState.FILED, reason=UNREAD, limit=limit)


# ------------------------------------------------------------------------------------------------------ what follows


def filed_earlier(tx: Transaction, intake: Intake) -> tuple[Ticket, ...]:
    """The tickets that an intake already has: only one that is replayed, or was tried before, can have any."""
    if intake.attempts <= 1 and intake.reason is None:
        return ()
    found = (tx.ticket(number) for number in tx.tickets_of(intake.id))
    return tuple(ticket for ticket in found if ticket is not None)


def file_again(
    gw: Gateway, tx: Transaction, intake: Intake, tickets: Sequence[Ticket], contact: Contact, at: datetime
) -> IntakeState:
    """What is read now completes every ticket that the intake has, and its history says what changed."""
    for ticket in tickets:
        _again(gw, tx, intake, ticket, contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED, UNREAD if Mark.UNREADABLE in contact.marks else None)
    return IntakeState.FILED


def turned_out(tx: Transaction, intake: Intake, tickets: Sequence[Ticket], state: IntakeState, at: datetime) -> None:
    """What nobody could read is a report or a receipt: it went where it belongs, and its ticket says so."""
    for ticket in tickets:
        tx.change_ticket(ticket.number, marks=tuple(mark for mark in ticket.marks if mark not in _MARKS))
        data = {"intake": str(intake.id), "sha256": intake.sha256, "changed": f"it is a {state}"}
        tx.record(str(ticket.number), Happening("filed_again", at, NOBODY, None, data))


def _again(gw: Gateway, tx: Transaction, intake: Intake, ticket: Ticket, contact: Contact, at: datetime) -> None:
    messages = sorted(tx.messages(ticket.number), key=lambda message: message.id)
    last = [message for message in messages if message.intake == intake.id][-1]
    changed = _differences(last, tx.attachments(last.id), contact)
    opened_by_it = messages[0].intake == intake.id
    if opened_by_it:
        ticket = _completed(gw, tx, ticket, last, contact, at)
    if changed:
        add_message(tx, intake, ticket, contact, lane=last.lane)
    clause = gw.rules.contract(ticket.contract, ticket.version).clauses.of("recording")
    data = {
        "intake": str(intake.id),
        "sha256": intake.sha256,
        "outcome": ticket.became,
        "changed": ",".join(changed) or "nothing",
    }
    if contact.defects:
        data["defects"] = "; ".join(contact.defects)[:500]
    personal = {"sender": contact.sender, "subject": contact.subject}
    tx.record(str(ticket.number), Happening("filed_again", at, NOBODY, clause, data, personal))


def _differences(last: Message, files: Sequence[Attachment], contact: Contact) -> tuple[str, ...]:
    """What is read otherwise than the last time."""
    pairs = {
        "sender": (last.sender, contact.sender),
        "subject": (last.subject, contact.subject),
        "text": (last.text, contact.text),
        "html": (last.html or "", contact.html or ""),
        "message_id": (last.message_id or "", contact.message_id or ""),
        "attachments": (_names(files), _names(contact.attachments)),
    }
    return tuple(name for name, (before, now) in pairs.items() if before != now)


def _names(files: Sequence[Attachment]) -> list[tuple[str, str]]:
    return [(one.name, one.sha256) for one in files]


def _completed(gw: Gateway, tx: Transaction, ticket: Ticket, last: Message, contact: Contact, at: datetime) -> Ticket:
    """The ticket with what is known now. What a person wrote in it meanwhile is theirs."""
    values: dict[str, Any] = {}
    was_unread, is_unread = Mark.UNREADABLE in ticket.marks, Mark.UNREADABLE in contact.marks
    if ticket.subject == last.subject:
        values["subject"] = contact.subject
    if ticket.requester.person is None and ticket.requester.address in (last.sender, ""):
        values["requester"] = contact.requester
    kept_marks = ticket.marks if is_unread else tuple(mark for mark in ticket.marks if mark != Mark.UNREADABLE)
    if was_unread and not is_unread and Mark.TO_VERIFY not in contact.marks:
        kept_marks = tuple(mark for mark in kept_marks if mark != Mark.TO_VERIFY)
    values["marks"] = tuple(dict.fromkeys((*kept_marks, *contact.marks)))
    changed = tx.change_ticket(ticket.number, **values)
    if was_unread and not is_unread and ticket.state not in CLOSED_STATES:
        return _decided(gw, tx, changed, contact, at)
    return changed


def _decided(gw: Gateway, tx: Transaction, ticket: Ticket, contact: Contact, at: datetime) -> Ticket:
    """The contract decides on what nobody could read before, as on every request.

    Where the desk opened the original and asked for a visit meanwhile, the words ask for no second one (C3.20).
    """
    contract = gw.rules.contract(ticket.contract, ticket.version)
    has_visit = bool(tx.visits(ticket=ticket.number))
    word = is_urgent(contract.priority, contact.subject, contact.new_text)
    request = deciding.request_of(contact, Channel(ticket.channel), ticket.received_at, urgent=word is not None)
    if has_visit:
        request = replace(request, on_site=False)
    decision = deciding.decision_on(gw, tx, contract, request, at)
    marks = tuple(dict.fromkeys((*ticket.marks, *decision.marks)))
    values = kept(decision) | ({"mode": ticket.mode, "site": ticket.site} if has_visit else {})
    changed = tx.change_ticket(ticket.number, marks=marks, **values)
    if has_visit:
        changed = dues.recounted(gw, tx, changed)
    obey(gw, tx, changed, decision, _not_answered_twice(tx, ticket, contact), at)
    if word and changed.priority is Priority.NORMAL and not contact.wakes_nobody:
        paging.made_urgent(gw, tx, changed, at, by=NOBODY, clause=contract.clauses.of("priority"))
    return changed


def _not_answered_twice(tx: Transaction, ticket: Ticket, contact: Contact) -> Contact:
    """Whoever had an acknowledgement when nobody could read what they wrote gets no second one."""
    told = tx.dispatches(ticket=ticket.number, kind=DispatchKind.ACKNOWLEDGEMENT, limit=1)
    return replace(contact, automatic=contact.automatic or "unread") if told else contact
