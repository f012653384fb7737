"""Forwarding a ticket to the vendor's mailbox: what is missing, the very bytes that leave, and level 2."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway import dues, paging, posting, scanning, telling
from gateway.domain import correlation, replies, wording
from gateway.domain.addition import additions
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState, OutgoingAttachment, OutgoingMail
from gateway.domain.escalation import ActionLine, AttachmentLine, ContactPart, SummaryInput, summarise
from gateway.domain.escalation_mail import HistoryLine, as_json, history_csv, render
from gateway.domain.hours import opening
from gateway.domain.incomplete import Missing, missing, missing_lines
from gateway.domain.intake import Channel
from gateway.domain.phrases import deadline, term_name
from gateway.domain.register import Happening
from gateway.domain.texts import Filled
from gateway.domain.ticket import CLOSED_STATES, Act, TicketState, after
from gateway.tickets import DeskError, contract_of, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.domain.contract import Contract, Escalation
    from gateway.domain.escalation import DiagnosticSummary
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Reading, Transaction

SHEET_PART = "2"
"""The part of an escalation that is its summary as JSON."""
PREPARED_AT = "_prepared_at"
PREPARED_DIGEST = "_prepared_digest"
WORKAROUND = "_workaround"
NO_WORKAROUND = "_no_workaround"


class MissingFieldsError(DeskError):
    """The escalation cannot leave: what is missing, one line for each gap, in the words of the desk."""

    def __init__(self, gaps: tuple[Missing, ...]) -> None:
        self.gaps = gaps
        lines = "".join(f"\n- {line}" for line in missing_lines(gaps))
        super().__init__(f"the diagnostic summary is not complete:{lines}")


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
    contract = contract_of(gw, ticket)
    rules = _vendor(contract, to)
    if rules.channel is Channel.PEC:
        _can_go_by_pec(gw, reading, ticket, contract)
    summary = summarise(_summary_input(reading, ticket, contract, term_of(gw, reading, ticket)))
    gaps = missing(summary, rules.required, minimum_characters=rules.minimum_characters)
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


def _can_go_by_pec(gw: Gateway, reading: Reading, ticket: Ticket, contract: Contract) -> None:
    """Whether there is an account to send from, and no escalation whose receipt is still waited for.

    Raises:
        DeskError: there is none, or there is one under way.
    """
    if not posting.sender(gw, contract):
        raise DeskError("there is no [[pec_account]] for the certified address of this contract")
    sent = reading.dispatches(ticket=ticket.number, kind=DispatchKind.ESCALATION, channel=Channel.PEC)
    waiting = [one.id for one in sent if one.state in (DispatchState.DUE, DispatchState.SENDING, DispatchState.SENT)]
    if waiting:
        raise DeskError(f"dispatch {waiting[0]} escalates it by PEC already: its receipt of delivery is waited for")


def _summary_input(reading: Reading, ticket: Ticket, contract: Contract, term: str) -> SummaryInput:
    actions = tuple(ActionLine(a.at, a.by_role, a.text, a.outcome) for a in reading.actions(ticket.number))
    messages = [m for m in reading.messages(ticket.number) if m.direction == "in" and m.lane == "requester"]
    kept = [a for message in messages for a in reading.attachments(message.id)]
    bad = scanning.infected(reading, kept)
    files = tuple(AttachmentLine(a.shown_name or a.name, a.size, a.sha256, a.sha256 in bad) for a in kept)
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
        term=term,
    )


def term_of(gw: Gateway, reading: Reading, ticket: Ticket) -> str:
    """Field 17: the terms that run and by when, as the clause counts them; nothing where the contract sets none."""
    contract = gw.rules.contract(ticket.contract, ticket.version)
    language = contract.language
    return "; ".join(
        gw.rules.phrase(contract, "P-TERM", name=term_name(of, language), deadline=deadline(due.at, due.on, language))
        for of, due in dues.dues_of(gw, reading, ticket).items()
        if due.at and due.on
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
    earlier = reading.dispatches(ticket=ticket.number, kind=DispatchKind.ESCALATION)
    digest = correlation.content_digest(sheet, history, str(len(earlier)).encode(), rules.mailbox.encode())
    date = _date_of(ticket, digest, at)
    values = replies.values(contract, ticket, opening(contract, at), at) | {
        "vendor": rules.vendor_name,
        "contract_reference": rules.contract_reference,
        "sender_body": contract.body_name,
        "summary": replies.values(contract, ticket, opening(contract, at), at)["subject"],
    }
    filled = render(summary, gw.rules.texts(contract), values)
    if ticket.state is TicketState.NOT_RECEIVABLE and earlier:
        added = _addition(gw, reading, ticket, contract, sheet, values)
        filled = Filled(added.subject, f"{added.body.rstrip()}\n\n{filled.body}")
    thread = tuple(one.facts["message_id"] for one in reversed(earlier) if one.facts.get("message_id"))
    sender = telling.own_address(gw, contract, rules.channel)
    mail = OutgoingMail(
        message_id=correlation.message_id(gw.rules.signing_key, ticket.number, digest, sender.rpartition("@")[2]),
        sender=sender,
        sender_name=contract.service_name,
        to=(rules.mailbox,),
        subject=filled.subject,
        text=filled.body,
        date=date,
        envelope_from=sender,
        in_reply_to=thread[-1] if thread else None,
        references=thread[-10:],
        attachments=(
            OutgoingAttachment(f"scheda_{ticket.number}.json", "application/json", sheet),
            OutgoingAttachment(f"storia_{ticket.number}.csv", "text/csv", history),
        ),
        headers=posting.asking_for(DispatchKind.ESCALATION) if rules.channel is Channel.PEC else (),
    )
    return Prepared(ticket, summary, mail, gw.compose(mail), digest, digest)


def _addition(
    gw: Gateway,
    reading: Reading,
    ticket: Ticket,
    contract: Contract,
    sheet: bytes,
    values: Mapping[str, str],
) -> Filled:
    """What stands above an escalation that the vendor sent back: what was added to it (T-ESC-INT, S124)."""
    language = contract.language
    earlier = reading.dispatches(ticket=ticket.number, kind=DispatchKind.ESCALATION)
    refused = [entry.at for entry in reading.entries(str(ticket.number)) if entry.type == "vendor_refused"]
    first, last = earlier[-1], earlier[0]
    before = json.loads(gw.reader.attachment(last.raw, SHEET_PART)) if last.raw else {}
    told = {
        **values,
        "count": str(len(earlier)),
        "date": wording.long_date((refused or [first.due_at])[-1], language),
        "first_date": wording.long_date(first.created_at or first.due_at, language),
        "additions": additions(before, json.loads(sheet), language),
    }
    return gw.rules.texts(contract).fill("T-ESC-INT", told)


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
    contract = contract_of(gw, ticket)
    by_pec = contract.escalation is not None and contract.escalation.channel is Channel.PEC
    dispatch = tx.add_dispatch(
        Dispatch(
            id=0,
            key=gw.keys.dispatch_key(),
            kind=DispatchKind.ESCALATION,
            channel=Channel.PEC if by_pec else Channel.MAIL,
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
    posting.open_line(tx, dispatch, at)
    tx.change_ticket(ticket.number, owner=ticket.owner or by.id)
    paging.stop(gw, tx, ticket, at, by=by.id)
    data = {"dispatch": str(dispatch.id), "to": mail.to[0], "level": "2", "sheet_sha256": prepared.digest}
    if by_pec:
        tx.record(str(ticket.number), Happening("escalation_sent", at, by.id, contract.clauses.of("escalation"), data))
    else:
        _is_the_vendors(gw, tx, ticket, dispatch, by=by.id, since=at, at=at)
        tx.record(str(ticket.number), Happening("escalated", at, by.id, contract.clauses.of("escalation"), data))
    return dispatch


def _is_the_vendors(
    gw: Gateway, tx: Transaction, ticket: Ticket, dispatch: Dispatch, *, by: str, since: datetime, at: datetime
) -> None:
    """The ticket is on level 2 from `since` on, and the vendor is reminded when nothing comes back."""
    # DOMAIN 2, "Suspension": a term that stood still for an answer does not go on to do so for the vendor.
    ticket = dues.no_longer_waiting(gw, tx, ticket, by=by, at=at)
    tx.change_ticket(ticket.number, state=after(ticket.state, Act.ESCALATE), level=2, escalated_at=since)
    rules = contract_of(gw, ticket).escalation
    if rules:
        tx.set_timer("escalation", ticket.number, since + rules.remind_after, {"dispatch": str(dispatch.id)})


def arrived(
    gw: Gateway, tx: Transaction, ticket: Ticket, dispatch: Dispatch, certified_at: datetime, at: datetime
) -> None:
    """The receipt of delivery of an escalation by PEC is here: only now is it done, at the certified time (X4)."""
    if ticket.state not in CLOSED_STATES:
        _is_the_vendors(gw, tx, ticket, dispatch, by=telling.NOBODY, since=certified_at, at=at)
    data = {"dispatch": str(dispatch.id), "to": dispatch.to, "level": "2", "certified_at": certified_at.isoformat()}
    clause = contract_of(gw, ticket).clauses.of("escalation")
    tx.record(str(ticket.number), Happening("escalated", at, telling.NOBODY, clause, data))


def escalated_again(gw: Gateway, tx: Transaction, ticket: Ticket, dispatch: Dispatch, at: datetime) -> None:
    """An escalation that failed is sent once more: the ticket is the vendor's again, and is reminded of as before."""
    rules = contract_of(gw, ticket).escalation
    tx.change_ticket(ticket.number, state=after(ticket.state, Act.ESCALATE), escalated_at=at)
    if rules:
        tx.set_timer("escalation", ticket.number, at + rules.remind_after, {"dispatch": str(dispatch.id)})
