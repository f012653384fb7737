"""A new ticket under a contract: recorded, acknowledged, and whoever is in charge is told; one commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway import answering, deciding, dues, paging, passing_on, visiting
from gateway.domain import answers, routing
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.priority import is_urgent, type_by_words
from gateway.domain.register import Happening
from gateway.domain.ticket import Mark, Message, Priority, Ticket, TicketState, TicketType
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.decision import Decision
    from gateway.domain.intake import Intake
    from gateway.ports import Gateway, Transaction

OPEN_DESK = (routing.Route.DESK, routing.Route.SECOND_LEVEL)


def open_ticket(
    gw: Gateway, tx: Transaction, intake: Intake, contract: Contract, contact: Contact, at: datetime
) -> Ticket:
    """A new ticket under a contract: recorded, acknowledged, and whoever is in charge is told; one commit.

    The contract decides in the version that is in force when the contact was received; the ticket keeps it.
    """
    number = tx.new_number(local(at).year)  # before anything is counted: on several nodes it makes the others wait
    contract = gw.rules.in_force(contract.id, intake.received_at)
    word = is_urgent(contract.priority, contact.subject, contact.new_text)
    request = deciding.request_of(contact, intake.channel, intake.received_at, urgent=word is not None)
    decision = deciding.decision_on(gw, tx, contract, request, at)
    ticket = _ticket(number, intake, contact, decision, word, at)
    if contract.id == gw.rules.probe_contract:
        ticket = replace(ticket, marks=(*ticket.marks, Mark.SYNTHETIC))
    tx.add_ticket(ticket)
    _record_received(tx, intake, ticket, contract, contact, at)
    add_message(tx, intake, ticket, contact, lane="requester")
    record_routed(tx, ticket, decision, at)
    obey(gw, tx, ticket, decision, contact, at)
    return ticket if contact.on_the_line else wake(gw, tx, ticket, decision, at)


def _ticket(
    number: int, intake: Intake, contact: Contact, decision: Decision, word: str | None, at: datetime
) -> Ticket:
    kind = contact.kind or type_by_words(decision.contract.type_rules, contact.subject, contact.new_text)
    return Ticket(
        number=number,
        contract=decision.contract.id,
        channel=intake.channel,
        type=TicketType(kind or TicketType.ASSISTANCE),
        state=TicketState.NEW,
        level=decision.level,
        priority=Priority.URGENT if word else Priority.NORMAL,
        subject=contact.subject,
        requester=contact.requester,
        opened_at=at,
        received_at=intake.received_at,
        marks=_marks(intake, contact, decision, is_typed=kind is not None),
        urgent_word=word,
        **kept(decision),
    )


def _marks(intake: Intake, contact: Contact, decision: Decision, *, is_typed: bool) -> tuple[str, ...]:
    """What a person must know at a glance. Whom nobody can write back to is called back at the reopening (S050)."""
    stranger = contact.requester.person is None
    marks = (
        *contact.marks,
        *(() if is_typed else (Mark.TYPE_TO_CONFIRM,)),
        *((Mark.UNKNOWN_REQUESTER,) if stranger and intake.channel is Channel.PHONE else ()),
        *decision.marks,
        *((Mark.CALL_BACK,) if stranger and contact.automatic == "fax" and contact.requester.number else ()),
    )
    return tuple(dict.fromkeys(marks))


def kept(decision: Decision) -> dict[str, Any]:
    """What a ticket keeps of the decision on it."""
    return {
        "version": decision.contract.version,
        "became": str(decision.became),
        "phase": decision.phase.id if decision.phase else None,
        "party": decision.group.id if decision.group else None,
        "mode": str(decision.mode),
        "site": decision.site.id if decision.site else None,
        "matter": decision.matter.id if decision.matter else None,
        "priority_class": decision.priority_class.number if decision.priority_class else None,
        "due": {str(of): due.at for of, due in decision.owed.items() if due.at},
    }


def obey(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, contact: Contact, at: datetime) -> None:
    """What the decision asks for: a visit, an answer, whoever is in charge told, and the terms watched."""
    visiting.plan(tx, ticket, decision, ticket.received_at, at, NOBODY)
    if ticket.channel == Channel.SMS:
        answering.acknowledge_sms(gw, tx, ticket, decision, at)
    else:
        answering.acknowledge(gw, tx, ticket, decision, contact, at)
    passing_on.pass_on(gw, tx, ticket, decision, contact, at)
    if ticket.due:
        dues.watch(tx, ticket, {})


def wake(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, at: datetime) -> Ticket:
    """Whoever is on call is told; an urgent request at an open desk is chased from its closing on (C2.8)."""
    if decision.route is routing.Route.ON_CALL:
        return paging.start(gw, tx, ticket, decision.contract, at)
    if ticket.priority is Priority.URGENT and decision.route in OPEN_DESK:
        return paging.chase_from(gw, tx, ticket, decision.contract, at)
    return ticket


def record_routed(tx: Transaction, ticket: Ticket, decision: Decision, at: datetime) -> None:
    """Where a ticket goes first and what became of it, and every clause that decided."""
    data = {
        "state": str(decision.opening.state),
        "reason": str(decision.opening.reason or ""),
        "route": str(decision.route),
        "outcome": ticket.became,
        "phase": ticket.phase or "",
        "party": ticket.party or "",
        "clauses": ",".join(decision.clauses),
    }
    tx.record(str(ticket.number), Happening("routed", at, NOBODY, answers.ruling_clause(decision), data))


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
        "version": str(ticket.version),
        "outcome": ticket.became,
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
            folds=contact.folds,
        ),
        contact.attachments,
    )
