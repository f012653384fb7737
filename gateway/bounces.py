"""What ends without a ticket, by a named rule: delivery reports, receipts, second deliveries.

A delivery report becomes the outcome of the message it is about; an escalation that did not arrive fails aloud. Hardly
any report is signed, so what is believed is that it names our message by its signed Message-ID, which nobody has but
whoever got it; only one whose domain says that it is forged waits for the desk (P11, P13).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import telling, verifying
from gateway.domain import causes, correlation, replies
from gateway.domain.authentication import Standing
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import opening
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import Act, TicketState, after
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.authentication import Verdict
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.intake import Bounce, Intake, MailReading
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

MUST_ARRIVE = {
    DispatchKind.REPLY: "P-BOUNCED-REPLY",
    DispatchKind.FORWARD: "P-BOUNCED-FORWARD",
    DispatchKind.DECISION: "P-BOUNCED-DECISION",
}
"""What somebody waits for, and the phrase by which the supervisors are told when it does not arrive."""


def without_ticket(tx: Transaction, intake: Intake, state: IntakeState, reason: str, at: datetime) -> IntakeState:
    """An intake ends without a ticket: by which rule, in the register (DESIGN, "Repeats")."""
    tx.settle_intake(intake.id, state, reason)
    data = {"intake": str(intake.id), "state": str(state), "reason": reason, "sha256": intake.sha256}
    tx.record(SYSTEM, Happening("intake_without_ticket", at, NOBODY, data=data))
    return state


def settle_report(
    gw: Gateway,
    tx: Transaction,
    intake: Intake,
    reading: MailReading,
    bounce: Bounce,
    sender: Verdict | None,
    at: datetime,
) -> IntakeState:
    """A delivery report becomes the outcome of the message it is about; never a ticket, never answered (RFC 3464).

    A forged one that would change something waits; when the desk does not accept it, it ends without a ticket.
    """
    number = correlation.ticket_of_message_id(gw.rules.signing_key, bounce.original_message_id or "")
    if number is None:
        number = correlation.signed_ticket(gw.rules.signing_key, reading, intake.recipients)
    ticket = tx.ticket(number) if number is not None else None
    if ticket is None:
        return without_ticket(tx, intake, IntakeState.BOUNCE, "bounce_of_nothing_known", at)
    about = _dispatch_about(tx, ticket.number, bounce, reading)
    if about and bounce.permanent and about.state is not DispatchState.REFUSED:
        if sender is not None and sender.standing is Standing.FORGED:
            if sender.by is not None:
                return without_ticket(tx, intake, IntakeState.BOUNCE, "bounce_not_believed", at)
            return verifying.hold(gw, tx, intake, ticket, sender, at, name=_name(reading))
        reason = f"bounced: {bounce.status or ''} {bounce.diagnostic or ''}".strip()[:200]
        tx.change_dispatch(about.id, state=DispatchState.REFUSED, reason=reason)
        not_delivered(gw, tx, ticket, about, reason, at)
    data = {
        "intake": str(intake.id),
        "status": bounce.status or "",
        "permanent": str(bounce.permanent),
        "why": str(bounce.reason),
        "address_is_dead": str(bounce.is_hard),
        "dispatch": str(about.id) if about else "",
    }
    if sender is not None:
        data["sender_is"] = str(sender.standing)
    tx.record(str(ticket.number), Happening("bounced", at, NOBODY, None, data))
    tx.settle_intake(intake.id, IntakeState.BOUNCE, f"{ticket.number}: {bounce.status or ''} {bounce.reason}")
    return IntakeState.BOUNCE


def _name(reading: MailReading) -> str:
    return reading.senders[0].address if reading.senders else ""


def _dispatch_about(tx: Transaction, ticket: int, bounce: Bounce, reading: MailReading) -> Dispatch | None:
    """The dispatch whose own Message-ID the report names: only whoever got that mail knows it."""
    named = {bounce.original_message_id, *reading.in_reply_to, *reading.references}
    sent = tx.dispatches(ticket=ticket, channel=Channel.MAIL, limit=1000)
    return next((dispatch for dispatch in sent if dispatch.facts.get("message_id") in named), None)


def not_delivered(gw: Gateway, tx: Transaction, ticket: Ticket, dispatch: Dispatch, reason: str, at: datetime) -> None:
    """What had to arrive did not: an escalation fails aloud, of another mail the supervisors are told."""
    if dispatch.kind is DispatchKind.ESCALATION:
        escalation_failed(gw, tx, ticket, dispatch.to, reason, at)
    elif dispatch.kind in MUST_ARRIVE:
        contract = gw.rules.contract(ticket.contract)
        why = causes.told(gw.rules.texts(contract), reason)
        problem = gw.rules.phrase(contract, MUST_ARRIVE[dispatch.kind], reason=why)
        telling.alarm_note(gw, tx, ticket, contract, problem, at)


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
    why = causes.told(gw.rules.texts(contract), reason)
    values = replies.values(contract, ticket, opening(contract, at), at) | {"mailbox": mailbox, "reason": why}
    telling.alarm(gw, tx, contract, text_id="T-ESC-FAILED", values=values, at=at, ticket=ticket)
