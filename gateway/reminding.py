"""A vendor that does not answer: the supervisors are told once, the vendor is reminded, the user hears of it (P11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import escalating, telling
from gateway.domain import replies, wording
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import opening
from gateway.domain.register import Happening
from gateway.domain.ticket import CLOSED_STATES, Mark

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ticket import Ticket, Timer
    from gateway.ports import Gateway, Transaction

ESCALATION, TOLD = "escalation", "told"
"""The timer of a ticket that waits for the vendor, and its fact: the supervisors know."""


def vendor_silent(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """The vendor has not answered in time: the supervisors hear of it, once, and a reminder leaves when the desk opens.

    A reminder that would leave at night waits for the morning (S084): nobody there reads it before.
    """
    number = int(timer.ticket or 0)
    tx.drop_timer(ESCALATION, number)
    ticket = tx.ticket(number)
    if ticket is None or ticket.state in CLOSED_STATES:
        return
    contract = gw.rules.contract(ticket.contract)
    if TOLD not in timer.facts:
        telling.alarm_note(gw, tx, ticket, contract, gw.rules.phrase(contract, "P-VENDOR-SILENT"), at)
    state = opening(contract, at)
    if not state.is_open and state.next_opening is not None:
        tx.set_timer(ESCALATION, number, state.next_opening, {**timer.facts, TOLD: "yes"})
        return
    sent = tx.dispatch(int(timer.facts.get("dispatch", "0")))
    if sent is not None and contract.escalation is not None:
        _remind(gw, tx, ticket, contract, sent, at, answer_by=at + contract.escalation.remind_after)
        _tell_requester(gw, tx, ticket, contract, sent, at)


def _remind(
    gw: Gateway,
    tx: Transaction,
    ticket: Ticket,
    contract: Contract,
    sent: Dispatch,
    at: datetime,
    *,
    answer_by: datetime,
) -> None:
    """T-ESC-REM to where the escalation went, under it, with the instant by which an answer is asked for."""
    language = contract.language
    day, hour = wording.long_date(answer_by, language), wording.hour(answer_by, language)
    values = {
        "ticket": str(ticket.number),
        "date": wording.long_date(sent.created_at or sent.due_at, language),
        "priority": wording.priority_name(ticket.priority, language),
        "term": escalating.term_of(gw, tx, ticket) or gw.rules.phrase(contract, "P-NO-TERM"),
        "limit_time": gw.rules.phrase(contract, "P-BY-TIME", date=day, time=hour),
        "service": contract.service_name,
        "sender_body": contract.body_name,
    }
    text = gw.rules.texts(contract).fill("T-ESC-REM", values)
    thread = (sent.facts["message_id"],) if sent.facts.get("message_id") else ()
    telling.owe_mail(
        gw,
        tx,
        ticket,
        contract,
        kind=DispatchKind.NOTICE,
        to=sent.to,
        text=text,
        at=at,
        lane="vendor",
        answers=thread,
        channel=sent.channel,
    )
    data = {"dispatch": str(sent.id), "to": sent.to}
    tx.record(
        str(ticket.number), Happening("vendor_reminded", at, telling.NOBODY, contract.clauses.of("escalation"), data)
    )


def _tell_requester(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, sent: Dispatch, at: datetime
) -> None:
    """T-DELAY in the ticket's thread (C4.8, S084).

    Who has no mailbox is telephoned; a sender that nobody vouches for may be somebody else, and hears nothing.
    """
    if not ticket.requester.address or Mark.UNVERIFIED_SENDER in ticket.marks:
        return
    sent_date = wording.long_date(sent.created_at or sent.due_at, contract.language)
    values = replies.values(contract, ticket, opening(contract, at), at) | {"sent_date": sent_date}
    text = gw.rules.texts(contract).fill("T-DELAY", values)
    telling.owe_reply(gw, tx, ticket, contract, kind=DispatchKind.REPLY, text=text, at=at)
    tx.record(
        str(ticket.number), Happening("requester_told_of_delay", at, telling.NOBODY, contract.clauses.of("escalation"))
    )
