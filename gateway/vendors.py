"""What comes from the vendor: known by its mailbox or by the number it gave a ticket, and what its answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import telling
from gateway.domain import correlation
from gateway.domain.register import Happening
from gateway.domain.ticket import Act, TicketState, after
from gateway.domain.vendor_words import sent_back

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.intake import MailReading
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

LANE = "vendor"
DIGITS = 10
"""Of a ticket's number."""


def is_vendors(contract: Contract, sender: str) -> bool:
    """Whether an address is the vendor's mailbox, or somebody's in its domain; never one of a domain we receive at."""
    if contract.escalation is None or "@" not in sender:
        return False
    mailbox = contract.escalation.mailbox.casefold()
    domain = mailbox.rpartition("@")[2]
    ours = {each.address.rpartition("@")[2].casefold() for each in contract.endpoints if "@" in each.address}
    return sender == mailbox or (domain not in ours and sender.rpartition("@")[2] == domain)


def ticket_called(gw: Gateway, tx: Transaction, reading: MailReading) -> Ticket | None:
    """The ticket that the vendor of its contract calls by the number it gave it (X16)."""
    sender = reading.senders[0].address.casefold() if reading.senders else ""
    contracts = {contract.id for contract in gw.rules.contracts.values() if is_vendors(contract, sender)}
    if not contracts:
        return None
    for reference in correlation.spoken_references(reading.subject, reading.new_text or reading.text):
        for ticket in tx.tickets(vendor_reference=reference, limit=5):
            if ticket.contract in contracts and ticket.requester.address.casefold() != sender:
                return ticket
    return None


def speaks(contract: Contract, ticket: Ticket, contact: Contact) -> bool:
    """Whether a contact is the vendor's: from its mailbox, or by its own number from somebody in its domain."""
    sender = contact.sender.casefold()
    if contract.escalation and sender == contract.escalation.mailbox.casefold():
        return True
    if not ticket.vendor_reference or sender == ticket.requester.address.casefold():
        return False
    called = correlation.spoken_references(contact.subject, contact.new_text)
    return is_vendors(contract, sender) and ticket.vendor_reference in called


def answered(gw: Gateway, tx: Transaction, ticket: Ticket, contact: Contact, at: datetime, *, signed: bool) -> None:
    """The vendor's number is kept and the reminder is not needed any more, if the answer is to our own mail (B-066)."""
    told = correlation.vendor_references(contact.subject, contact.new_text, ticket.number)
    reference = next((one for one in told if not _is_ours(tx, one)), None)
    data = {"reference": reference or "", "signed": "yes" if signed else "no"}
    tx.record(str(ticket.number), Happening("vendor_answered", at, LANE, None, data))
    if not signed:
        return
    tx.drop_timer("escalation", ticket.number)
    if reference and reference != ticket.vendor_reference:
        tx.change_ticket(ticket.number, vendor_reference=reference)
    reason = sent_back(contact.subject, contact.new_text, automatic=contact.automatic is not None)
    if reason and ticket.state is TicketState.ESCALATED:
        _refused(gw, tx, ticket, reason, at)


def _is_ours(tx: Transaction, reference: str) -> bool:
    """Whether a number is that of another ticket of ours, which the vendor only mentions."""
    is_number = reference.isascii() and reference.isdigit() and len(reference) == DIGITS
    return is_number and tx.ticket(int(reference)) is not None


def _refused(gw: Gateway, tx: Transaction, ticket: Ticket, reason: str, at: datetime) -> None:
    """The vendor sends it back: the ticket says so with the reason, and the supervisors are told (C9.8, S124)."""
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.VENDOR_REFUSED))
    contract = gw.rules.contract(ticket.contract)
    clause = contract.clauses.of("escalation")
    tx.record(str(ticket.number), Happening("vendor_refused", at, LANE, clause, {}, {"reason": reason}))
    problem = gw.rules.phrase(contract, "P-VENDOR-REFUSED", reason=reason)
    telling.alarm_note(gw, tx, changed, contract, problem, at)
