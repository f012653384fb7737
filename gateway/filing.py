"""Making a ticket of an intake: which contract, which ticket, whom to tell. One unit, one commit.

Everything here runs inside one transaction and may be run again from the start; what was read of the bytes comes in as
a value. Nothing strange is dropped: what cannot be read becomes a ticket that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import paging, telling
from gateway.domain import correlation, replies, routing
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import local, opening
from gateway.domain.intake import Channel, IntakeState, MailReading
from gateway.domain.priority import is_urgent, type_by_words
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import (
    CLOSED_STATES,
    WAITING_FOR_A_PERSON,
    Act,
    Mark,
    Message,
    Priority,
    Requester,
    Ticket,
    TicketState,
    TicketType,
    after,
    late_reply_window,
)
from gateway.telling import AUTO_REPLIED, NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.intake import Attachment, Bounce, FaxReading, Intake
    from gateway.ports import Gateway, Transaction

HOUR = timedelta(hours=1)
MOST_ANSWERS_AN_HOUR = 5
"""To one address: whoever is forged as the sender of many mails gets no more than these from us (P12, B-052)."""
UNREAD = "unread"
"""The reason of an intake whose ticket only says that a person must open the original."""
UNREADABLE_TEXT = (
    "Il messaggio non è stato letto in modo sicuro: l’originale è conservato e va aperto da una persona.\n"
    "Motivo: {reason}"
)


@dataclass(frozen=True, slots=True)
class Contact:
    """What a contact says, whatever the medium: the common ground of mail, fax, SMS and call."""

    subject: str
    text: str
    new_text: str
    requester: Requester
    sender: str
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    message_id: str | None = None
    automatic: str | None = None
    marks: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    clause_facts: tuple[tuple[str, str], ...] = ()

    @property
    def wakes_nobody(self) -> bool:
        """Automatic mail and lists wake nobody (DESIGN, "Whom to wake"); what nobody could read does."""
        return self.automatic not in (None, "fax", "unread")


# ----------------------------------------------------------------------------------------------------------- mail, fax


def file_mail(
    gw: Gateway, tx: Transaction, intake: Intake, reading: MailReading, fax: FaxReading | None, at: datetime
) -> IntakeState:
    """What becomes of a mail, PEC or fax: a bounce or receipt finds what it is about, the rest finds its ticket."""
    if not tx.is_unfiled(intake.id):
        return intake.state
    earlier = _filed_earlier(tx, intake)
    if earlier is not None:
        return _file_again(gw, tx, intake, earlier, _contact(gw, intake, reading, fax), at)
    if reading.bounce:
        return _bounce(gw, tx, intake, reading, reading.bounce, at)
    if fax and fax.failed:
        return _settle(tx, intake, IntakeState.RECEIPT, "fax_not_received", at)
    if fax and _is_known_fax(tx, reading, fax, at):
        return _settle(tx, intake, IntakeState.DUPLICATE, "fax_sent_again", at)
    contracts, sure = _contracts(gw, intake, reading, fax)
    fresh = [contract for contract in contracts if not _is_duplicate(tx, intake, reading, contract, at)]
    if not fresh:
        return _settle(tx, intake, IntakeState.DUPLICATE, "content_key", at)
    contact = _contact(gw, intake, reading, fax)
    if not sure:
        contact = replace(contact, marks=(*contact.marks, Mark.CONTRACT_TO_CONFIRM))
    known = _ticket_of(gw, tx, intake, reading)
    if known is not None:
        join(gw, tx, intake, known, contact, at, thread=(*reading.in_reply_to, *reading.references))
        fresh = [contract for contract in fresh if contract.id != known.contract]
    opened = [open_ticket(gw, tx, intake, contract, contact, at) for contract in fresh if known is None]
    _link_all(tx, opened)
    tx.settle_intake(intake.id, IntakeState.FILED)
    return IntakeState.FILED


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


def _is_known_fax(tx: Transaction, reading: MailReading, fax: FaxReading, at: datetime) -> bool:
    """The same document from the same number again: by the provider's id, else within 24 hours (DESIGN, "Repeats").

    A fax mail with a Message-ID of its own is known by its content key, which also finds the first delivery.
    """
    key = fax.repeat_key
    return key is not None and not reading.message_id and tx.seen_before(key.value, at, key.holds_for)


def _settle(tx: Transaction, intake: Intake, state: IntakeState, reason: str, at: datetime) -> IntakeState:
    tx.settle_intake(intake.id, state, reason)
    data = {"intake": str(intake.id), "state": str(state), "reason": reason, "sha256": intake.sha256}
    tx.record(SYSTEM, Happening("intake_without_ticket", at, NOBODY, data=data))
    return state


def _contact(gw: Gateway, intake: Intake, reading: MailReading, fax: FaxReading | None) -> Contact:
    sender = reading.senders[0] if reading.senders else None
    address = sender.address if sender else intake.sender
    marks = [Mark.UNREADABLE, Mark.TO_VERIFY] if not reading.readable else []
    if _is_ambiguous(reading):
        marks.append(Mark.AMBIGUOUS_SENDER)
    text = reading.text
    if not reading.readable:
        text = UNREADABLE_TEXT.format(reason="; ".join(reading.defects[:3]) or "illeggibile") + f"\n\n{text}"
    if fax:
        return _fax_contact(gw, reading, fax, text, marks, intake)
    person = gw.rules.people.by_mail(address)
    return Contact(
        subject=reading.subject,
        text=text,
        new_text=reading.new_text or reading.text,
        requester=Requester(sender.name if sender else "", address, "", person.id if person else None),
        sender=address,
        html=reading.html,
        attachments=reading.attachments,
        message_id=reading.message_id,
        automatic=reading.automatic,
        marks=tuple(marks),
        defects=reading.defects,
    )


def _fax_contact(
    gw: Gateway, reading: MailReading, fax: FaxReading, text: str, marks: list[Mark], intake: Intake
) -> Contact:
    """A fax is from a number, not from the mailbox of the machine that sent it on; nobody answers that mailbox."""
    if fax.to_verify:
        marks.append(Mark.TO_VERIFY)
    number = fax.number or ""
    person = gw.rules.people.by_number(number) if number else None
    pages = f"{fax.pages} pagine" if fax.pages is not None else "pagine non dichiarate"
    facts = [("number", number or "anonimo"), ("pages", str(fax.pages or "")), ("station", fax.station_id or "")]
    if fax.sent_at:
        facts.append(("stated_at", fax.sent_at.isoformat()))
    if fax.partial:
        facts.append(("partial", "yes"))
    return Contact(
        subject=f"Fax da {number or fax.station_id or 'numero non disponibile'} ({pages})",
        text=text,
        new_text=text,
        requester=Requester(fax.station_id or "", "", number, person.id if person else None),
        sender=number or intake.sender,
        attachments=reading.attachments,
        message_id=reading.message_id,
        automatic="fax",
        marks=tuple(marks),
        defects=(*reading.defects, *fax.defects),
        clause_facts=tuple(facts),
    )


def _ticket_of(gw: Gateway, tx: Transaction, intake: Intake, reading: MailReading) -> Ticket | None:
    """The ticket a mail belongs to: signed token or thread first, then the mark, from somebody the ticket knows."""
    if _is_ambiguous(reading):
        return None
    number = correlation.signed_ticket(gw.rules.signing_key, reading, intake.recipients)
    found = tx.ticket(number) if number is not None else None
    if found:
        return found
    sender = reading.senders[0].address.casefold() if reading.senders else ""
    for marked in correlation.marked_tickets(reading.subject):
        ticket = tx.ticket(marked)
        if ticket and sender and sender in _participants(gw, tx, ticket):
            return ticket
    return None


def _is_ambiguous(reading: MailReading) -> bool:
    """Two senders, subjects, Message-IDs or dates: nobody can say whose mail it is (B-041)."""
    return any(defect.startswith("duplicate header") for defect in reading.defects)


def _participants(gw: Gateway, tx: Transaction, ticket: Ticket) -> set[str]:
    contract = gw.rules.contracts.get(ticket.contract)
    vendor = {contract.escalation.mailbox.casefold()} if contract and contract.escalation else set()
    written = {message.sender.casefold() for message in tx.messages(ticket.number) if message.direction == "in"}
    return {ticket.requester.address.casefold(), *vendor, *written} - {""}


# ------------------------------------------------------------------------------------------------------------- tickets


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
    _add_message(tx, intake, ticket, contact, lane="requester")
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


def _add_message(tx: Transaction, intake: Intake, ticket: Ticket, contact: Contact, *, lane: str) -> None:
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


def _link_all(tx: Transaction, tickets: Sequence[Ticket]) -> None:
    """One contact to several contracts: linked tickets, each with its own number."""
    for one in tickets[1:]:
        tx.add_link(tickets[0].number, one.number, "same_contact")


# --------------------------------------------------------------------------------------------------------------- joins


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
    _add_message(tx, intake, ticket, contact, lane=lane)
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


# -------------------------------------------------------------------------------------------------------------- bounces


def _bounce(
    gw: Gateway, tx: Transaction, intake: Intake, reading: MailReading, bounce: Bounce, at: datetime
) -> IntakeState:
    """A delivery report becomes the outcome of the message it is about; never a ticket, never answered (RFC 3464)."""
    number = correlation.ticket_of_message_id(gw.rules.signing_key, bounce.original_message_id or "")
    if number is None:
        number = correlation.signed_ticket(gw.rules.signing_key, reading, intake.recipients)
    ticket = tx.ticket(number) if number is not None else None
    if ticket is None:
        return _settle(tx, intake, IntakeState.BOUNCE, "bounce_of_nothing_known", at)
    about = _dispatch_about(tx, ticket.number, bounce, reading)
    if about and bounce.permanent and about.state is not DispatchState.REFUSED:
        reason = f"bounced: {bounce.status or ''} {bounce.diagnostic or ''}".strip()[:200]
        tx.change_dispatch(about.id, state=DispatchState.REFUSED, reason=reason)
        if about.kind is DispatchKind.ESCALATION:
            escalation_failed(gw, tx, ticket, about.to, reason, at)
    data = {"intake": str(intake.id), "status": bounce.status or "", "permanent": str(bounce.permanent)}
    tx.record(str(ticket.number), Happening("bounced", at, NOBODY, None, data))
    tx.settle_intake(intake.id, IntakeState.BOUNCE, "bounce")
    return IntakeState.BOUNCE


def _dispatch_about(tx: Transaction, ticket: int, bounce: Bounce, reading: MailReading) -> Dispatch | None:
    """The dispatch whose own Message-ID the report names: only whoever got that mail knows it."""
    named = {bounce.original_message_id, *reading.in_reply_to, *reading.references}
    sent = tx.dispatches(ticket=ticket, channel=Channel.MAIL, limit=1000)
    return next((dispatch for dispatch in sent if dispatch.facts.get("message_id") in named), None)


def escalation_failed(gw: Gateway, tx: Transaction, ticket: Ticket, mailbox: str, reason: str, at: datetime) -> None:
    """The vendor was not reached: the ticket says so and the supervisors are told (P11)."""
    if ticket.state is TicketState.ESCALATED:
        tx.change_ticket(ticket.number, state=after(ticket.state, Act.ESCALATION_REFUSED))
    tx.drop_timer("escalation", ticket.number)
    contract = gw.rules.contract(ticket.contract)
    tx.record(
        str(ticket.number),
        Happening("escalation_failed", at, NOBODY, contract.clauses.of("escalation"), {"reason": reason}),
    )
    values = replies.values(contract, ticket, opening(contract, at), at) | {"mailbox": mailbox, "reason": reason}
    telling.alarm(gw, tx, contract, text_id="T-ESC-FAILED", values=values, at=at, ticket=ticket)


# ---------------------------------------------------------------------------------------------------------- last resort


def file_unread(gw: Gateway, tx: Transaction, intake: Intake, reason: str, at: datetime) -> IntakeState:
    """After several failed tries: a ticket that says that a person must open the original (P4, C-47)."""
    if not tx.is_unfiled(intake.id):
        return intake.state
    if _filed_earlier(tx, intake) is not None:
        tx.settle_intake(intake.id, IntakeState.FILED, UNREAD)
        return IntakeState.FILED
    contracts = gw.rules.contracts_at(intake.channel, intake.recipients)
    fallback = gw.rules.contracts.get(intake.contract or "") or gw.rules.contracts[gw.rules.default_contract]
    contact = Contact(
        subject="Richiesta da aprire a mano",
        text=UNREADABLE_TEXT.format(reason=reason),
        new_text="",
        requester=Requester(address=intake.sender),
        sender=intake.sender,
        automatic="unread",
        marks=(Mark.UNREADABLE, Mark.TO_VERIFY),
        defects=(reason,),
    )
    _link_all(tx, [open_ticket(gw, tx, intake, each, contact, at) for each in contracts or (fallback,)])
    tx.settle_intake(intake.id, IntakeState.FILED, UNREAD)
    return IntakeState.FILED


def _filed_earlier(tx: Transaction, intake: Intake) -> Ticket | None:
    """The ticket that an intake already has: only one that is replayed, or was tried before, can have one."""
    if intake.attempts <= 1 and intake.reason is None:
        return None
    numbers = tx.tickets_of(intake.id)
    return tx.ticket(numbers[0]) if numbers else None


def _file_again(
    gw: Gateway, tx: Transaction, intake: Intake, ticket: Ticket, contact: Contact, at: datetime
) -> IntakeState:
    """What could not be read the first time completes the ticket it has; never a second one (C-47)."""
    contract = gw.rules.contract(ticket.contract)
    kept = tuple(mark for mark in ticket.marks if mark not in (Mark.UNREADABLE, Mark.TO_VERIFY))
    marks = tuple(dict.fromkeys((*kept, *contact.marks)))
    changed = tx.change_ticket(ticket.number, subject=contact.subject, requester=contact.requester, marks=marks)
    _add_message(tx, intake, changed, contact, lane="requester")
    data = {"intake": str(intake.id), "sha256": intake.sha256}
    personal = {"sender": contact.sender, "subject": contact.subject}
    tx.record(
        str(ticket.number), Happening("filed_again", at, NOBODY, contract.clauses.of("recording"), data, personal)
    )
    acknowledge(gw, tx, changed, contract, contact, at)
    word = is_urgent(contract.priority, contact.subject, contact.new_text)
    if word and changed.priority is Priority.NORMAL and not contact.wakes_nobody:
        paging.made_urgent(gw, tx, changed, at, by=NOBODY, clause=contract.clauses.of("priority"))
    tx.settle_intake(intake.id, IntakeState.FILED)
    return IntakeState.FILED
