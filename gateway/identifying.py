"""Whoever was asked who they are says it: the contract decides again, and what waited is served (C3.2, C9.1).

A reply tells it by itself when it comes from somebody whom the contract knows. Words alone identify nobody: then a
person at the desk reads them and says which group of the contract it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import deciding
from gateway.domain.decision import Became
from gateway.domain.entitlement import entitlement_on, group_of, is_entitled, is_to_identify
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.phases import phase_on
from gateway.domain.provisions import Elsewhere
from gateway.domain.register import Happening
from gateway.domain.ticket import CLOSED_STATES, Mark, Priority, Requester
from gateway.receiving import kept, obey, wake
from gateway.telling import NOBODY
from gateway.tickets import DeskError, find
from gateway.visiting import first_contact

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Entitlement, Group
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction


def by_reply(gw: Gateway, tx: Transaction, ticket: Ticket, contact: Contact, at: datetime) -> Ticket:
    """The ticket, of a known requester from now on if the reply is from somebody whom the contract serves.

    What is answered then goes to the address that is known. A request that another office has already is left there.
    """
    contract, new = gw.rules.contract(ticket.contract, ticket.version), contact.requester
    who = _entitlement(contract, ticket)
    if who is None or contact.automatic or not _is_asked(who, ticket):
        return ticket
    group = group_of(contract, address=new.address, number=new.number, person=new.person)
    if group is None or not is_entitled(who, group):
        return ticket
    old = ticket.requester
    known = Requester(new.name or old.name, new.address or old.address, new.number or old.number, new.person)
    return _decided(gw, tx, tx.change_ticket(ticket.number, requester=known), group, at, NOBODY)


def _is_asked(who: Entitlement, ticket: Ticket) -> bool:
    """Whether the requester was asked who they are, and nobody else serves them meanwhile."""
    is_elsewhere = ticket.became == Became.NOT_ENTITLED and who.others is not Elsewhere.IDENTIFY
    return ticket.party is None and is_to_identify(who, None) and not is_elsewhere and ticket.state not in CLOSED_STATES


def by_desk(gw: Gateway, tx: Transaction, number: int, group_id: str, by: Person, at: datetime) -> Ticket:
    """The desk says which group of the contract the requester belongs to.

    Raises:
        DeskError: no such ticket or group, or the ticket does not wait to be told who asks.
    """
    ticket = find(tx, number)
    contract = gw.rules.contract(ticket.contract, ticket.version)
    group = next((each for each in contract.groups if each.id == group_id.strip()), None)
    if group is None:
        there_are = ", ".join(each.id for each in contract.groups) or "none"
        raise DeskError(f"{contract.id} has no group {group_id!r}; there are: {there_are}")
    if ticket.party is not None:
        raise DeskError(f"ticket {ticket.number} is known to be of {ticket.party}")
    if ticket.state in CLOSED_STATES:
        raise DeskError(f"ticket {ticket.number} is {ticket.state}; reopen it first")
    return _decided(gw, tx, ticket, group, at, by.id)


def _entitlement(contract: Contract, ticket: Ticket) -> Entitlement | None:
    return entitlement_on(contract, phase_on(contract, local(ticket.received_at).date()))


def _decided(gw: Gateway, tx: Transaction, ticket: Ticket, group: Group, at: datetime, by: str) -> Ticket:
    """The contract decides as it would have when the request came, had it been known who asks.

    Who was served provisionally is only known by name now: nothing is planned, answered or passed on twice.
    """
    contract, contact = gw.rules.contract(ticket.contract, ticket.version), first_contact(tx, ticket)
    urgent = ticket.priority is Priority.URGENT
    asked = deciding.request_of(contact, Channel(ticket.channel), ticket.received_at, urgent=urgent)
    decision = deciding.decision_on(gw, tx, contract, replace(asked, group=group.id), at)
    was_refused = ticket.became == Became.NOT_ENTITLED
    marks = tuple(mark for mark in ticket.marks if mark != Mark.UNKNOWN_REQUESTER)
    values = {"level": decision.level, **kept(decision)} if was_refused else {"party": group.id}
    changed = tx.change_ticket(ticket.number, marks=marks, **values)
    who = _entitlement(contract, ticket)
    data = {"party": group.id, "before": ticket.became, "outcome": changed.became}
    personal = {"requester": ticket.requester.address or ticket.requester.number}
    clause = who.clause if who else contract.clause
    tx.record(str(ticket.number), Happening("requester_identified", at, by, clause, data, personal))
    if not was_refused:
        return changed
    obey(gw, tx, changed, decision, contact, at)
    return wake(gw, tx, changed, decision, at) if decision.became is Became.ACCEPTED else changed
