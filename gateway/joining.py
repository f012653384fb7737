"""A contact that joins a ticket: its lane, what it reopens, whom it wakes, and what the vendor answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import dues, identifying, paging, passing_on, vendors, visiting
from gateway.domain.hours import opening
from gateway.domain.intake import Channel
from gateway.domain.owed import NOBODY_OWES
from gateway.domain.priority import is_urgent
from gateway.domain.register import Happening
from gateway.domain.ticket import CLOSED_STATES, WAITING_FOR_A_PERSON, Act, Priority, after
from gateway.passing_on import CLIENT
from gateway.receiving import add_message, open_ticket
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.intake import Intake
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

OFFICES = (vendors.LANE, CLIENT)
"""The lanes of mails that go to others than the requester."""


def join(
    gw: Gateway,
    tx: Transaction,
    intake: Intake,
    ticket: Ticket,
    contact: Contact,
    at: datetime,
    *,
    thread: tuple[str, ...] = (),
) -> None:
    """A contact joins its ticket; what answers the vendor's thread has a lane of its own and goes on to nobody.

    `thread` are the Message-IDs that the contact answers. An urgent word outside hours wakes somebody: on a ticket that
    nobody has yet by chasing it, else by a ticket of its own beside it (C2.8).
    """
    contract = gw.rules.contract(ticket.contract)
    lane = _lane(tx, ticket, contract, contact, thread)
    asks = lane == "requester"
    served = asks and not contact.wakes_nobody and ticket.became not in NOBODY_OWES
    word = is_urgent(contract.priority, "", contact.new_text) if served else None
    concluded_at = _concluded_at(tx, ticket)
    is_late = concluded_at is not None and at - concluded_at > gw.rules.reopens_for(contract)
    if asks and (is_late or _sleeps(contract, ticket, at, urgent=bool(word))):
        follow_up = open_ticket(gw, tx, intake, contract, contact, at)
        tx.add_link(ticket.number, follow_up.number, "follow_up")
        return
    add_message(tx, intake, ticket, contact, lane=lane)
    data = {"intake": str(intake.id), "sha256": intake.sha256, "lane": lane, "channel": str(intake.channel)}
    tx.record(str(ticket.number), Happening("message_joined", at, NOBODY, None, data, {"sender": contact.sender}))
    if lane == vendors.LANE:
        vendors.answered(gw, tx, ticket, contact, at, signed=_answers(tx, ticket, thread, lane))
        return
    if not contact.automatic:
        dues.answered(gw, tx, ticket, lane, at)
    if asks:
        _requester_wrote(gw, tx, intake, ticket, contact, word, at)


def _requester_wrote(
    gw: Gateway, tx: Transaction, intake: Intake, ticket: Ticket, contact: Contact, word: str | None, at: datetime
) -> None:
    """What was concluded opens again, what was passed on goes the same way, and an urgent word is chased."""
    ticket = identifying.by_reply(gw, tx, ticket, contact, at)
    if not contact.automatic:
        passing_on.follow(gw, tx, ticket, contact, at)
    if intake.channel is Channel.PHONE or not contact.automatic:
        visiting.spoken(gw, tx, ticket, contact, at)
    if ticket.state in CLOSED_STATES and not contact.automatic:
        ticket = tx.change_ticket(ticket.number, state=after(ticket.state, Act.REOPEN), outcome=None)
        dues.watch_again(tx, ticket)
        tx.record(str(ticket.number), Happening("reopened", at, NOBODY, None, {"intake": str(intake.id)}))
    elif word and ticket.priority is Priority.NORMAL:
        clause = gw.rules.contract(ticket.contract).clauses.of("priority")
        paging.made_urgent(gw, tx, ticket, at, by=NOBODY, clause=clause)


def _sleeps(contract: Contract, ticket: Ticket, at: datetime, *, urgent: bool) -> bool:
    """Whether an urgent word would disappear: it is night, and somebody has the ticket and sleeps."""
    waits = ticket.state in WAITING_FOR_A_PERSON
    return urgent and not waits and contract.on_call is not None and not opening(contract, at).is_open


def _concluded_at(tx: Transaction, ticket: Ticket) -> datetime | None:
    if ticket.state not in CLOSED_STATES:
        return None
    solved = [entry.at for entry in tx.entries(str(ticket.number)) if entry.type in ("solved", "merged")]
    return solved[-1] if solved else None


def _lane(tx: Transaction, ticket: Ticket, contract: Contract, contact: Contact, thread: tuple[str, ...]) -> str:
    """Whose lane a contact is in: the vendor's and the client's by the mail it answers, or by whom it is from.

    The client's own office may be the requester of a ticket; then only what answers our question to it is in its lane.
    """
    sender = contact.sender.casefold()
    if vendors.speaks(contract, ticket, contact):
        return vendors.LANE
    sent = [message for message in tx.messages(ticket.number) if message.lane in OFFICES]
    for message in sent:
        if message.message_id in thread:
            return message.lane
    asked = {to.casefold() for message in sent if message.lane == CLIENT for to in message.recipients}
    return CLIENT if sender in asked - {ticket.requester.address.casefold()} else "requester"


def _answers(tx: Transaction, ticket: Ticket, thread: tuple[str, ...], lane: str) -> bool:
    """Whether a contact answers a mail that we sent in a lane: its Message-ID is signed and nobody else has it."""
    if not thread:
        return False
    ours = {message.message_id for message in tx.messages(ticket.number) if message.lane == lane}
    return any(one in ours for one in thread)
