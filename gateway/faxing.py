"""Faxes on their way to a ticket: those that are none, those that came before, and when each was received.

A fax is known again by the transmission's id and its document, or within a day by number and document (DESIGN,
"Repeats"). What came before is never dropped without a trace: the history of its ticket says that it came again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.bounces import without_ticket
from gateway.domain import faxes
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import CLOSED_STATES
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.intake import FaxReading, Intake
    from gateway.domain.ticket import Ticket
    from gateway.ports import Transaction

NOT_RECEIVED = "fax_not_received"
SENDING_REPORT = "fax_sending_report"
SENT_AGAIN = "fax_sent_again"
SAME_DOCUMENT = "same_document"
"""The link between two tickets that one document from one number opened."""


def without_request(tx: Transaction, intake: Intake, fax: FaxReading, at: datetime) -> IntakeState | None:
    """What becomes of a fax mail that asks for nothing: not received, a report on sending, or a fax that came before.

    None: it is a request.
    """
    if fax.sent:
        return without_ticket(tx, intake, IntakeState.RECEIPT, SENDING_REPORT, at)
    if fax.failed:
        return without_ticket(tx, intake, IntakeState.RECEIPT, NOT_RECEIVED, at)
    key = fax.repeat_key
    first = tx.earlier_intake(key.value, intake.id, at, key.holds_for) if key else None
    if first is None or (fax.job_id is None and _is_over(tx, first)):
        return None
    _came_again(tx, intake, first, at)
    return without_ticket(tx, intake, IntakeState.DUPLICATE, SENT_AGAIN, at)


def _is_over(tx: Transaction, first: int) -> bool:
    """Whether nobody works on that fax any more: who sends the same document again asks again."""
    tickets = [tx.ticket(number) for number in tx.tickets_of(first)]
    return bool(tickets) and all(ticket is not None and ticket.state in CLOSED_STATES for ticket in tickets)


def _came_again(tx: Transaction, intake: Intake, first: int, at: datetime) -> None:
    """The same fax once more: one more delivery of the first intake, seen in the history of its tickets."""
    tx.add_delivery(first, intake.door, intake.received_at)
    data = {"intake": str(intake.id), "first": str(first), "door": intake.door}
    tx.record(SYSTEM, Happening("duplicate_delivery", at, NOBODY, data=data))
    for number in tx.tickets_of(first):
        tx.record(str(number), Happening(SENT_AGAIN, at, NOBODY, data=data))


def as_received(intake: Intake, fax: FaxReading) -> tuple[Intake, FaxReading]:
    """The intake as the fax that it is by whatever door, with the instant that counts as its reception (C3.7, X2).

    What was stored of its arrival stays as it is.
    """
    received_at, odd = faxes.received_at(fax, intake.received_at)
    return replace(intake, channel=Channel.FAX, received_at=received_at), replace(
        fax, defects=(*fax.defects, odd)
    ) if odd else fax


def tickets_alike(tx: Transaction, intake: Intake, fax: FaxReading, at: datetime) -> list[int]:
    """The tickets of the same document from the same number within a day, sent as a transmission of its own."""
    key = faxes.same_document(fax)
    earlier = tx.earlier_intake(key.value, intake.id, at, key.holds_for) if key else None
    return tx.tickets_of(earlier) if earlier is not None else []


def to_be_read(tx: Transaction, intake: Intake, fax: FaxReading | None, opened: Sequence[Ticket], at: datetime) -> None:
    """The pages of a fax are looked at once its ticket exists (`gateway.recognising`), never before."""
    if fax and fax.document_sha256 and opened:
        tx.set_timer(
            faxes.RECOGNISE,
            opened[0].number,
            at,
            {"intake": str(intake.id), "attempts": "0", "stated": str(fax.pages or "")},
        )


def link_alike(tx: Transaction, opened: Sequence[Ticket], alike: Sequence[int], at: datetime) -> None:
    """Tickets that one document opened show each other; a person says whether they are one."""
    for ticket in opened:
        for other in alike:
            tx.add_link(other, ticket.number, SAME_DOCUMENT)
            for one, two in ((ticket.number, other), (other, ticket.number)):
                tx.record(str(one), Happening("same_document_again", at, NOBODY, data={"ticket": str(two)}))
