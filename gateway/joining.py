"""A contact that joins a ticket: its lane, what it reopens, whom it wakes, and what the vendor answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import paging
from gateway.domain import correlation
from gateway.domain.hours import opening
from gateway.domain.priority import is_urgent
from gateway.domain.register import Happening
from gateway.domain.ticket import CLOSED_STATES, WAITING_FOR_A_PERSON, Act, Priority, after, late_reply_window
from gateway.receiving import add_message, open_ticket
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.intake import Intake
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction


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
    word = None if lane == "vendor" or contact.wakes_nobody else is_urgent(contract.priority, "", contact.new_text)
    if (
        _needs_its_own(contract, ticket, at, urgent=bool(word), concluded_at=_concluded_at(tx, ticket))
        and lane != "vendor"
    ):
        follow_up = open_ticket(gw, tx, intake, contract, contact, at)
        tx.add_link(ticket.number, follow_up.number, "follow_up")
        return
    add_message(tx, intake, ticket, contact, lane=lane)
    data = {"intake": str(intake.id), "sha256": intake.sha256, "lane": lane, "channel": str(intake.channel)}
    tx.record(str(ticket.number), Happening("message_joined", at, NOBODY, None, data, {"sender": contact.sender}))
    if lane == "vendor":
        _vendor_answered(tx, ticket, contact, at, signed=_answers_vendor(tx, ticket, thread))
    elif ticket.state in CLOSED_STATES and not contact.automatic:
        tx.change_ticket(ticket.number, state=after(ticket.state, Act.REOPEN), outcome=None)
        tx.record(str(ticket.number), Happening("reopened", at, NOBODY, None, {"intake": str(intake.id)}))
    elif word and ticket.priority is Priority.NORMAL:
        paging.made_urgent(gw, tx, ticket, at, by=NOBODY, clause=contract.clauses.of("priority"))


def _needs_its_own(
    contract: Contract, ticket: Ticket, at: datetime, *, urgent: bool, concluded_at: datetime | None
) -> bool:
    """Whether a contact must not disappear in the ticket it answers.

    An urgent word at night, when somebody has the ticket and sleeps; or an answer long after the conclusion (X16).
    """
    if concluded_at is not None and at - concluded_at > late_reply_window():
        return True
    waits = ticket.state in WAITING_FOR_A_PERSON
    return urgent and not waits and contract.on_call is not None and not opening(contract, at).is_open


def _concluded_at(tx: Transaction, ticket: Ticket) -> datetime | None:
    if ticket.state not in CLOSED_STATES:
        return None
    solved = [entry.at for entry in tx.entries(str(ticket.number)) if entry.type in ("solved", "merged")]
    return solved[-1] if solved else None


def _lane(tx: Transaction, ticket: Ticket, contract: Contract, contact: Contact, thread: tuple[str, ...]) -> str:
    by_address = bool(contract.escalation and contact.sender.casefold() == contract.escalation.mailbox.casefold())
    return "vendor" if by_address or _answers_vendor(tx, ticket, thread) else "requester"


def _answers_vendor(tx: Transaction, ticket: Ticket, thread: tuple[str, ...]) -> bool:
    """Whether a contact answers a mail that we sent to the vendor: its Message-ID is signed and nobody else has it."""
    if not thread:
        return False
    ours = {message.message_id for message in tx.messages(ticket.number) if message.lane == "vendor"}
    return any(one in ours for one in thread)


def _vendor_answered(tx: Transaction, ticket: Ticket, contact: Contact, at: datetime, *, signed: bool) -> None:
    """The vendor's number is kept and the reminder is not needed any more, if the answer is to our own mail (B-066)."""
    reference = correlation.vendor_reference(contact.subject, contact.new_text)
    data = {"reference": reference or "", "signed": "yes" if signed else "no"}
    tx.record(str(ticket.number), Happening("vendor_answered", at, "vendor", None, data))
    if not signed:
        return
    tx.drop_timer("escalation", ticket.number)
    if reference and reference != ticket.vendor_reference:
        tx.change_ticket(ticket.number, vendor_reference=reference)
