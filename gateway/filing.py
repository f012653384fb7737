"""Making a ticket of an intake: which contract, which ticket. One unit, one commit.

Everything here runs inside one transaction and may be run again from the start; what was read of the bytes comes in as
a value. Nothing strange is dropped: what cannot be read becomes a ticket that says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import alarms, faxing, scanning, vendors, verifying
from gateway.bounces import settle_report, without_ticket
from gateway.contacts import Contact, contact_of, is_ambiguous
from gateway.domain import correlation, wording
from gateway.domain.intake import Channel, IntakeState, MailReading
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import Mark, Requester
from gateway.joining import join
from gateway.passing_on import CLIENT
from gateway.receiving import open_ticket
from gateway.replaying import UNREAD, file_again, filed_earlier, turned_out
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.authentication import Verdict
    from gateway.domain.certified import CertifiedReading
    from gateway.domain.contract import Contract
    from gateway.domain.intake import FaxReading, Intake, MailReading
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

ONE_DELIVERY = timedelta(hours=24)
"""How long what one message was kept as is known to belong together."""


def file_mail(  # noqa: PLR0913 - so much is known of a mail before it is filed
    gw: Gateway,
    tx: Transaction,
    intake: Intake,
    reading: MailReading,
    fax: FaxReading | None,
    at: datetime,
    certified: CertifiedReading | None = None,
    *,
    looked: Verdict | None = None,
) -> IntakeState:
    """What becomes of a mail, PEC or fax: a bounce or receipt finds what it is about, the rest finds its ticket."""
    if not tx.is_unfiled(intake.id):
        return intake.state
    sender = verifying.settled(tx, intake, looked, certified)
    earlier = filed_earlier(tx, intake)
    if reading.bounce:
        state = settle_report(gw, tx, intake, reading, reading.bounce, sender, at)
        turned_out(tx, intake, earlier, state, at)
        return state
    if earlier:
        _find_others(gw, tx, intake, reading, earlier)
        intake, fax = faxing.as_received(intake, fax) if fax else (intake, fax)
        contact = verifying.marked(contact_of(gw, intake, reading, fax, certified), sender)
        scanning.owe(gw, tx, intake, reading.attachments, at)
        faxing.to_be_read(tx, intake, fax, earlier, at)
        return file_again(gw, tx, intake, earlier, contact, at)
    alike: list[int] = []
    if fax:
        ended = faxing.without_request(tx, intake, fax, at)
        if ended is not None:
            return ended
        alike = faxing.tickets_alike(tx, intake, fax, at)
        intake, fax = faxing.as_received(intake, fax)
    contracts, sure = _contracts(gw, intake, reading, fax)
    fresh = [contract for contract in contracts if not _is_duplicate(tx, intake, reading, contract, at)]
    if not fresh:
        return without_ticket(tx, intake, IntakeState.DUPLICATE, "content_key", at)
    contact = _marked(contact_of(gw, intake, reading, fax, certified), sender, sure=sure)
    scanning.owe(gw, tx, intake, reading.attachments, at)
    known = _ticket_of(gw, tx, intake, reading)
    way = verifying.way(gw, known, contact, sender, at)
    if known is not None and sender is not None and way is verifying.Way.WAITS:
        tells = not contact.automatic
        return verifying.hold(gw, tx, intake, known, sender, at, name=contact.sender, tells=tells)
    contact = verifying.naming(contact, known, way)
    known = known if way is verifying.Way.JOINS else None
    beside = _of_the_same_delivery(tx, intake, at)
    if known is None:
        opened = [open_ticket(gw, tx, intake, contract, contact, at) for contract in fresh]
    else:
        if known.number not in {one.number for one in beside}:
            join(gw, tx, intake, known, contact, at, thread=(*reading.in_reply_to, *reading.references))
        opened, beside = _for_the_others(gw, tx, intake, known, contact, at), [known]
    _link_all(tx, [*beside, *opened])
    faxing.link_alike(tx, opened, alike, at)
    faxing.to_be_read(tx, intake, fax, opened, at)
    scanning.mark_known(gw, tx, intake.id, reading.attachments, at)
    tx.settle_intake(intake.id, IntakeState.FILED, None if reading.readable else UNREAD)
    return IntakeState.FILED


def _marked(contact: Contact, sender: Verdict | None, *, sure: bool) -> Contact:
    """The contact with the marks of what nobody is sure of: its contract, and who sent it."""
    if not sure:
        contact = replace(contact, marks=(*contact.marks, Mark.CONTRACT_TO_CONFIRM))
    return verifying.marked(contact, sender)


def _find_others(gw: Gateway, tx: Transaction, intake: Intake, reading: MailReading, earlier: Sequence[Ticket]) -> None:
    """What is read at last may answer a ticket, or be a second delivery: then the tickets show each other."""
    known = _ticket_of(gw, tx, intake, reading)
    for ticket in earlier:
        if known is not None and known.number not in {one.number for one in earlier}:
            _link_once(tx, ticket.number, known.number, "answers")
        owner = tx.content_owner(reading.content_key, ticket.contract) if reading.message_id else None
        if reading.message_id and owner is None:
            tx.claim_content(reading.content_key, ticket.contract, intake.id)
        for other in tx.tickets_of(owner) if owner not in (None, intake.id) else ():
            _link_once(tx, ticket.number, other, "same_contact")


def _link_once(tx: Transaction, number: int, other: int, kind: str) -> None:
    if number != other and (other, kind) not in tx.links(number):
        tx.add_link(number, other, kind)


def _contracts(
    gw: Gateway, intake: Intake, reading: MailReading, fax: FaxReading | None
) -> tuple[tuple[Contract, ...], bool]:
    """Which contracts, in DESIGN's order, and whether that is sure: else the unassigned lane, never dropped."""
    headers = tuple(address.address for address in (*reading.to, *reading.cc))
    rules = gw.rules
    called = rules.contracts_at(Channel.FAX, (fax.called_number,)) if fax and fax.called_number else ()
    by_address = (
        called
        or rules.contracts_at(intake.channel, intake.recipients)
        or rules.contracts_at(intake.channel, reading.delivered_to)
        or rules.contracts_at(intake.channel, headers)
    )
    if by_address:
        return by_address, True
    if intake.contract and intake.contract in rules.contracts:
        return (rules.contracts[intake.contract],), True
    return (rules.contracts[rules.default_contract],), False


def _is_duplicate(tx: Transaction, intake: Intake, reading: MailReading, contract: Contract, at: datetime) -> bool:
    """The same mail by another door is a second delivery of the first; without a Message-ID nobody can know."""
    if not reading.message_id:
        return False
    owner = tx.content_owner(reading.content_key, contract.id)
    if owner is None:
        tx.claim_content(reading.content_key, contract.id, intake.id)
        return False
    if owner == intake.id:
        return False
    tx.add_delivery(owner, intake.door, intake.received_at)
    data = {"intake": str(intake.id), "first": str(owner), "door": intake.door, "contract": contract.id}
    tx.record(SYSTEM, Happening("duplicate_delivery", at, NOBODY, data=data))
    return True


def _ticket_of(gw: Gateway, tx: Transaction, intake: Intake, reading: MailReading) -> Ticket | None:
    """The ticket a mail belongs to, in DESIGN's order: token, thread, the vendor's own number; last the mark.

    A number proves nothing by itself: the vendor's counts from the vendor, ours from somebody that the ticket knows.
    """
    if is_ambiguous(reading):
        return None
    number = correlation.signed_ticket(gw.rules.signing_key, reading, intake.recipients)
    found = tx.ticket(number) if number is not None else None
    if found:
        return found
    sender = reading.senders[0].address.casefold() if reading.senders else ""
    called = vendors.ticket_called(gw, tx, reading)
    if called:
        return called
    for marked in correlation.marked_tickets(reading.subject):
        ticket = tx.ticket(marked)
        if ticket and sender and sender in _participants(gw, tx, ticket):
            return ticket
    return None


def _participants(gw: Gateway, tx: Transaction, ticket: Ticket) -> set[str]:
    contract = gw.rules.contracts.get(ticket.contract)
    vendor = {contract.escalation.mailbox.casefold()} if contract and contract.escalation else set()
    messages = tx.messages(ticket.number)
    written = {message.sender.casefold() for message in messages if message.direction == "in"}
    asked = {to.casefold() for message in messages if message.lane == CLIENT for to in message.recipients}
    return {ticket.requester.address.casefold(), *vendor, *written, *asked} - {""}


def _of_the_same_delivery(tx: Transaction, intake: Intake, at: datetime) -> list[Ticket]:
    """The ticket of the first intake of a delivery that was kept recipient by recipient (LMTP); none of any other."""
    delivery = intake.facts.get("delivery")
    first = tx.earlier_intake(f"lmtp:{delivery}", intake.id, at, ONE_DELIVERY) if delivery else None
    numbers = tx.tickets_of(first) if first is not None else []
    found = tx.ticket(numbers[0]) if numbers else None
    return [found] if found else []


def _for_the_others(
    gw: Gateway, tx: Transaction, intake: Intake, known: Ticket, contact: Contact, at: datetime
) -> list[Ticket]:
    """The other contracts that the requester of a ticket writes to at once: the ticket beside it, or a new one.

    Only what the envelope says counts, and only from whom the ticket is: an answer of the vendor is no new request.
    """
    if contact.automatic or contact.sender.casefold() != known.requester.address.casefold():
        return []
    beside = {other.contract: other for number, _ in tx.links(known.number) if (other := tx.ticket(number))}
    opened = []
    for contract in gw.rules.contracts_at(intake.channel, intake.recipients):
        if contract.id == known.contract:
            continue
        if contract.id in beside:
            join(gw, tx, intake, beside[contract.id], contact, at)
        else:
            opened.append(open_ticket(gw, tx, intake, contract, contact, at))
    return opened


def _link_all(tx: Transaction, tickets: Sequence[Ticket]) -> None:
    """One contact to several contracts: linked tickets, each with its own number."""
    for one in tickets[1:]:
        tx.add_link(tickets[0].number, one.number, "same_contact")


# ---------------------------------------------------------------------------------------------------------- last resort


def file_unread(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> IntakeState:
    """After several failed tries: a ticket that says that a person must open the original (P4, C-47)."""
    if not tx.is_unfiled(intake.id):
        return intake.state
    if filed_earlier(tx, intake):
        tx.settle_intake(intake.id, IntakeState.FILED, UNREAD)
        return IntakeState.FILED
    contracts = gw.rules.contracts_at(intake.channel, intake.recipients)
    fallback = gw.rules.contracts.get(intake.contract or "") or gw.rules.contracts[gw.rules.default_contract]
    opened = [open_ticket(gw, tx, intake, each, _unread(gw, each, intake), at) for each in contracts or (fallback,)]
    _link_all(tx, opened)
    tx.settle_intake(intake.id, IntakeState.FILED, UNREAD)
    return IntakeState.FILED


def _unread(gw: Gateway, contract: Contract, intake: Intake) -> Contact:
    """What is known of a contact that nobody could read: why, in the language of its contract."""
    phrase = gw.rules.phrase
    reason = intake.reason or phrase(contract, "P-UNREAD-TRIES", attempts=str(gw.rules.file_attempts))
    return Contact(
        subject=phrase(contract, "P-UNREAD-SUBJECT"),
        text=phrase(contract, "P-UNREAD", reason=reason),
        new_text="",
        requester=Requester(address=intake.sender),
        sender=intake.sender,
        automatic="unread",
        marks=(Mark.UNREADABLE, Mark.TO_VERIFY),
        defects=(reason,),
    )


def nobody_sees(gw: Gateway, tx: Transaction, intake: Intake, reason: str, at: datetime) -> None:
    """Not even that ticket could be made: the supervisors are told by mail once a day, and it is tried again."""
    language = gw.rules.contracts[gw.rules.default_contract].language
    channel = wording.channel_name(intake.channel, language)
    values = {"intake": str(intake.id), "channel": channel, "reason": reason}
    alarms.raise_once(gw, tx, "T-ALARM-UNFILED", values, at, about=str(intake.id))
