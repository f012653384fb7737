"""A new ticket under a contract: recorded, acknowledged, and whoever must be woken is told; one commit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import paging, telling
from gateway.domain import replies, routing
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import local, opening
from gateway.domain.intake import Channel
from gateway.domain.priority import is_urgent, type_by_words
from gateway.domain.register import Happening
from gateway.domain.ticket import Mark, Message, Priority, Ticket, TicketState, TicketType
from gateway.telling import AUTO_REPLIED, NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.intake import Intake
    from gateway.ports import Gateway, Transaction

HOUR = timedelta(hours=1)
MOST_ANSWERS_AN_HOUR = 5
"""To one address: whoever is forged as the sender of many mails gets no more than these from us (P12, B-052)."""


def open_ticket(
    gw: Gateway, tx: Transaction, intake: Intake, contract: Contract, contact: Contact, at: datetime
) -> Ticket:
    """A new ticket under a contract: recorded, acknowledged, and whoever must be woken is told; one commit."""
    state = opening(contract, at)
    word = is_urgent(contract.priority, contact.subject, contact.new_text)
    kind = type_by_words(contract.type_rules, contact.subject, contact.new_text)
    marks = contact.marks if kind else (*contact.marks, Mark.TYPE_TO_CONFIRM)
    if contact.requester.person is None and intake.channel is Channel.PHONE:
        marks = (*marks, Mark.UNKNOWN_REQUESTER)
    ticket = Ticket(
        number=tx.new_number(local(at).year),
        contract=contract.id,
        channel=intake.channel,
        type=TicketType(kind or TicketType.ASSISTANCE),
        state=TicketState.NEW,
        level=1,
        priority=Priority.URGENT if word else Priority.NORMAL,
        subject=contact.subject,
        requester=contact.requester,
        opened_at=at,
        received_at=intake.received_at,
        marks=marks,
        urgent_word=word,
    )
    tx.add_ticket(ticket)
    _record_received(tx, intake, ticket, contract, contact, at)
    add_message(tx, intake, ticket, contact, lane="requester")
    clauses = ",".join(state.clauses)
    way = routing.route(contract, state, ticket.priority) if not contact.wakes_nobody else routing.Route.QUEUE
    routed = {"state": str(state.state), "reason": str(state.reason or ""), "route": str(way), "clauses": clauses}
    tx.record(str(ticket.number), Happening("routed", at, NOBODY, next(iter(state.clauses), None), routed))
    acknowledge(gw, tx, ticket, contract, contact, at)
    if way is routing.Route.ON_CALL:
        return paging.start(gw, tx, ticket, contract, at)
    if ticket.priority is Priority.URGENT and way is routing.Route.DESK:
        return paging.chase_from(gw, tx, ticket, contract, at)
    return ticket


def _record_received(
    tx: Transaction, intake: Intake, ticket: Ticket, contract: Contract, contact: Contact, at: datetime
) -> None:
    data = {
        "intake": str(intake.id),
        "sha256": intake.sha256,
        "channel": str(intake.channel),
        "door": intake.door,
        "received_at": intake.received_at.isoformat(),
        "type": str(ticket.type),
        "priority": str(ticket.priority),
    } | dict(contact.clause_facts)
    if contact.automatic:
        data["automatic"] = contact.automatic
    if contact.defects:
        data["defects"] = "; ".join(contact.defects)[:500]
    personal = {"sender": contact.sender, "subject": contact.subject}
    clause = contract.clauses.of("recording")
    tx.record(str(ticket.number), Happening("received", at, NOBODY, clause, data, personal))


def add_message(tx: Transaction, intake: Intake, ticket: Ticket, contact: Contact, *, lane: str) -> None:
    """What the contact says becomes a message of the ticket, in one of its lanes."""
    tx.add_message(
        Message(
            id=0,
            ticket=ticket.number,
            direction="in",
            channel=intake.channel,
            lane=lane,
            sender=contact.sender,
            recipients=intake.recipients,
            at=intake.received_at,
            subject=contact.subject,
            text=contact.text,
            message_id=contact.message_id,
            intake=intake.id,
            html=contact.html,
        ),
        contact.attachments,
    )


def acknowledge(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, contact: Contact, at: datetime
) -> None:
    """The acknowledgement in the words of the contract; none to automatic mail, robots or ourselves (RFC 3834 §2)."""
    address = ticket.requester.address
    if not contract.acknowledgement.mail or contact.automatic or ticket.channel != Channel.MAIL:
        return
    if not replies.may_be_answered(address) or gw.rules.is_ours(address) or Mark.AMBIGUOUS_SENDER in ticket.marks:
        return
    if tx.acknowledged_since(address, at - HOUR) >= MOST_ANSWERS_AN_HOUR:
        tx.record(str(ticket.number), Happening("not_acknowledged", at, NOBODY, data={"why": "many to this address"}))
        return
    state = opening(contract, at)
    text_id = replies.acknowledgement_id(contract, state)
    text = gw.rules.texts(contract).fill(text_id, replies.values(contract, ticket, state, at))
    telling.owe_mail(
        gw,
        tx,
        ticket,
        contract,
        kind=DispatchKind.ACKNOWLEDGEMENT,
        to=address,
        text=text,
        at=at,
        auto=AUTO_REPLIED,
        answers=(contact.message_id,) if contact.message_id else (),
    )
    happening = Happening(
        "acknowledged", at, NOBODY, next(iter(state.clauses), None), {"text": text_id}, {"to": address}
    )
    tx.record(str(ticket.number), happening)
