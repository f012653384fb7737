"""By when something must have happened on a ticket, counted again from what the ticket keeps.

A ticket keeps its contract's version, so its terms are counted by the clause that was in force when it was received,
whatever an amendment says since. What has been done already is not owed any more.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain import terms
from gateway.domain.decision import Became
from gateway.domain.hours import is_valid_on, local
from gateway.domain.periods import last_day_of
from gateway.domain.places import no_place, place_called
from gateway.domain.provisions import Of, Suspension
from gateway.domain.terms import Due, Suspended
from gateway.domain.ticket import CLOSED_STATES, TicketType
from gateway.domain.visits import VisitState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    from gateway.domain.contract import Contract
    from gateway.domain.places import Place
    from gateway.domain.provisions import Site, Term
    from gateway.domain.ticket import Ticket
    from gateway.domain.visits import Visit

SECOND = 2
NOBODY_OWES = (Became.NOT_ENTITLED, Became.OUT_OF_SCOPE)


def dues(contract: Contract, ticket: Ticket) -> Mapping[Of, Due]:
    """Every term that runs for a ticket, with its suspensions; those of its visits are `visit_due`."""
    found = {
        term.of: terms.due(term, contract, ticket.received_at, suspended=_suspended(contract, ticket))
        for term in _terms(contract, ticket, _wanted(contract, ticket))
    }
    return MappingProxyType(found)


def visit_due(
    contract: Contract,
    ticket: Ticket,
    visit: Visit,
    since: datetime,
    place_named: Callable[[str], Place | None] = no_place,
) -> Due | None:
    """By when a visit has to be made, from its request or from the client's authorisation on; None without a term."""
    term = next(iter(_terms(contract, ticket, frozenset({Of.ON_SITE}))), None)
    if term is None:
        return None
    place = site_of(contract, visit.site, since, place_named)
    return terms.due(term, contract, since, place=place, suspended=_suspended(contract, ticket))


def _suspended(contract: Contract, ticket: Ticket) -> list[Suspended]:
    """The times in which the clocks stood still; not for a reason that the contract does not allow any more."""
    return [
        Suspended(Suspension(pause.reason), pause.starts_at, pause.ends_at, pause.message)
        for pause in ticket.suspensions
        if pause.reason in contract.suspensions
    ]


def site_of(
    contract: Contract, place: str, at: datetime, place_named: Callable[[str], Place | None] = no_place
) -> Site | None:
    """The place of a visit as its term counts it, by the id that a visit keeps."""
    return place_called(contract, place, place_named).for_terms(contract, local(at).date()) if place else None


def _wanted(contract: Contract, ticket: Ticket) -> frozenset[Of]:
    day = local(ticket.received_at).date()
    if ticket.became in NOBODY_OWES or not is_valid_on(contract, day) or _second_level_is_over(contract, ticket, day):
        return frozenset()
    complaint = {Of.COMPLAINT} if ticket.type is TicketType.COMPLAINT else set()
    second = {Of.SECOND_LEVEL} if ticket.level == SECOND else set()
    return frozenset({Of.TAKEN_IN_CHARGE, Of.SOLUTION} | complaint | second)


def _second_level_is_over(contract: Contract, ticket: Ticket, day: date) -> bool:
    """Whether there was no second level any more for a ticket of it when it was received (C3.23)."""
    periods = [p for p in contract.periods if p.of is Of.SECOND_LEVEL and p.phase in {"", ticket.phase}]
    ends = [last_day_of(period, contract) for period in periods] if ticket.level == SECOND else []
    return any(last is not None and last < day for last in ends)


def _terms(contract: Contract, ticket: Ticket, wanted: frozenset[Of]) -> Iterable[Term]:
    """Of each kind the term of the ticket's class, else the one of every class."""
    found: dict[Of, Term] = {}
    for term in sorted(contract.terms, key=lambda term: not term.classes):
        if term.of in wanted and (not term.classes or ticket.priority_class in term.classes):
            found.setdefault(term.of, term)
    return found.values()


def is_met(of: str, ticket: Ticket, visits: Iterable[Visit] | None = None) -> bool:
    """Whether nothing is owed any more: taken, concluded, or no visit reserved. `visits` None: nobody looked."""
    if ticket.state in CLOSED_STATES:
        return True
    if of == Of.TAKEN_IN_CHARGE:
        return ticket.taken_at is not None
    if of != Of.ON_SITE or visits is None:
        return False
    return not any(visit.state is VisitState.RESERVED for visit in visits)
