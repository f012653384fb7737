"""What an SMS does: a technician's reply takes effect, a citizen's text becomes or joins a ticket.

Each webhook is one unit: its raw body is kept as an intake, its effect happens once. The same webhook again (the
carrier retries) changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import replying
from gateway.contacts import Contact, contract_for_number
from gateway.domain.intake import Channel, Intake, IntakeState
from gateway.domain.ticket import Requester
from gateway.joining import join
from gateway.receiving import open_ticket

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.intake import Arrival
    from gateway.ports import Gateway, Transaction


def sms_arrives(gw: Gateway, tx: Transaction, arrival: Arrival, at: datetime) -> None:
    """An SMS: a technician's reply takes effect, a citizen's text becomes or joins a ticket."""
    receipt = tx.accept(arrival, at)
    if receipt.repeated:
        return
    intake = tx.intake(receipt.intake_id)
    if intake:
        file_sms(gw, tx, intake, at)


def file_sms(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> None:
    """What becomes of an SMS that was kept."""
    if not tx.is_unfiled(intake.id):
        return
    reply = replying.read(gw, tx, intake)
    if reply is not None:
        replying.obey(gw, tx, intake, reply, at)
    else:
        _citizen(gw, tx, intake, intake.facts.get("body", ""), at)


def _citizen(gw: Gateway, tx: Transaction, intake: Intake, body: str, at: datetime) -> None:
    contract = contract_for_number(gw, Channel.SMS, intake)
    person = gw.rules.people.by_number(intake.sender)
    first_line = body.strip().partition("\n")[0][:80]
    contact = Contact(
        subject=first_line or gw.rules.phrase(contract, "P-SMS", number=intake.sender),
        text=body,
        new_text=body,
        requester=Requester(person.name if person else "", "", intake.sender, person.id if person else None),
        sender=intake.sender,
    )
    recent = tx.open_tickets_of(contract.id, intake.sender, since=at - gw.rules.sms_joins_for)
    if len(recent) == 1:
        join(gw, tx, intake, recent[0], contact, at)
    else:
        open_ticket(gw, tx, intake, contract, contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED)
