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
from gateway.domain.places import no_place, place_called
from gateway.domain.provisions import Of, Suspension
from gateway.domain.terms import Due, Suspended
from gateway.domain.ticket import CLOSED_STATES, TicketType
from gateway.domain.visits import VisitState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.places import Place
    from gateway.domain.provisions import Site, Term
    from gateway.domain.ticket import Ticket
    from gateway.domain.visits import Visit

SECOND = 2
NOBODY_OWES = (Became.NOT_ENTITLED, Became.OUT_OF_SCOPE)


def dues(
    contract: Contract,
    ticket: Ticket,
    visit: tuple[Visit, datetime] | None = None,
    place_named: Callable[[str], Place | None] = no_place,
) -> Mapping[Of, Due]:
    """Every term that runs for a ticket, with its suspensions. `visit`: one that is reserved, and since when it runs.

    A visit that the client authorised runs from the authorisation.
    """
    pauses = [Suspended(Suspension(s.reason), s.starts_at, s.ends_at, s.message) for s in ticket.suspensions]
    found = {}
    for term in _terms(contract, ticket, _wanted(contract, ticket, visited=visit is not None)):
        begins, place = ticket.received_at, None
        if term.of is Of.ON_SITE and visit:
            begins, place = visit[1], site_of(contract, visit[0].site, begins, place_named)
        found[term.of] = terms.due(term, contract, begins, place=place, suspended=pauses)
    return MappingProxyType(found)


def site_of(
    contract: Contract, place: str, at: datetime, place_named: Callable[[str], Place | None] = no_place
) -> Site | None:
    """The place of a visit as its term counts it, by the id that a visit keeps."""
    return place_called(contract, place, place_named).for_terms(contract, local(at).date()) if place else None


def _wanted(contract: Contract, ticket: Ticket, *, visited: bool) -> frozenset[Of]:
    over = ticket.became == Became.PERIOD_EXPIRED and ticket.mode == "help_desk"
    in_force = is_valid_on(contract, local(ticket.received_at).date())
    visits = {Of.ON_SITE} if visited else set()
    if over or ticket.became in NOBODY_OWES or not in_force:
        return frozenset(visits)
    asked = {Of.TAKEN_IN_CHARGE, Of.SOLUTION} | ({Of.COMPLAINT} if ticket.type is TicketType.COMPLAINT else set())
    return frozenset(asked | visits | ({Of.SECOND_LEVEL} if ticket.level == SECOND else set()))


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
