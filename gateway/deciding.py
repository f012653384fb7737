"""What a contract says of a contact: the one decision, by the version in force when the contact was received.

Quotas are counted in the transaction that takes from them. What depends on whether the desk is open, who is told and
what is answered, is as of now: what was received while the desk was open may be filed after it closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.decision import Request, Used
from gateway.domain.intake import Channel
from gateway.domain.reception import decide
from gateway.domain.visits import VisitState, takes_quota

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.decision import Decision
    from gateway.domain.provisions import Quota
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Reading, Transaction


def request_of(contact: Contact, channel: Channel, received_at: datetime, *, urgent: bool) -> Request:
    """A contact as it is decided about."""
    return Request(
        channel=channel,
        at=received_at,
        address=contact.requester.address,
        number=contact.requester.number,
        person=contact.requester.person,
        subject=contact.subject,
        text=contact.new_text,
        on_site=False if contact.wakes_nobody else None,  # no machine asks for a visit
        urgent=urgent,
        wakes_nobody=contact.wakes_nobody,
    )


def decision_on(gw: Gateway, tx: Transaction, contract: Contract, request: Request, at: datetime) -> Decision:
    """What becomes of a contact. `contract` is the version in force when it was received; `at` is now."""
    filed_at = None if _in_one_minute(request.at, at) else at
    return decide(contract, request, uses_of(tx, contract), gw.rules.place_named, filed_at)


def uses_of(reading: Reading, contract: Contract) -> Callable[[Quota], Used]:
    """How much of a quota is taken: asked only where the contract has one that the request is about (C3.10, C3.22)."""

    def used(quota: Quota) -> Used:
        states = takes_quota(contract.on_site)
        visits = reading.visits(contract=contract.id, phase=quota.phase or None, states=states)
        reserved = sum(visit.state is VisitState.RESERVED for visit in visits)
        return Used(len(visits) - reserved, reserved)

    return used


def _in_one_minute(one: datetime, other: datetime) -> bool:
    """Whether no desk can have opened or closed between two instants: they do so on whole minutes."""
    return abs(other - one).total_seconds() < 60 and one.minute == other.minute  # noqa: PLR2004 - a minute has 60 s


def decision_for_caller(gw: Gateway, ticket: Ticket, at: datetime) -> Decision:
    """The decision on a call as its caller hears it, by the ticket it became; nothing is counted for it."""
    who = ticket.requester
    request = Request(
        Channel.PHONE, at, who.address, who.number, who.person, ticket.subject, urgent=ticket.priority == "urgent"
    )
    return decide(gw.rules.contract(ticket.contract, ticket.version), request, place_named=gw.rules.place_named)
