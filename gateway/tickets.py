"""A ticket as a person names it, the contract it is under, and the refusal that the person reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.errors import CentralinoError
from gateway.domain.ticket import number_for

if TYPE_CHECKING:
    from gateway.domain.contract import Contract
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Reading


class DeskError(CentralinoError):
    """The desk asked for something that cannot be done; the text says why and what would be possible."""


def find(reading: Reading, number: int) -> Ticket:
    """The ticket with this number; a number of up to six digits is one without its year, if that is unambiguous.

    Raises:
        DeskError: there is no such ticket, or several.
    """
    full = reading.ticket(number)
    if full:
        return full
    candidates = reading.numbers_ending(number) if number < number_for(1, 0) else []
    if len(candidates) == 1:
        found = reading.ticket(candidates[0])
        if found:
            return found
    if candidates:
        raise DeskError(f"ticket {number} is ambiguous: {', '.join(map(str, candidates))}; say the whole number")
    raise DeskError(f"there is no ticket {number}")


def contract_of(gw: Gateway, ticket: Ticket) -> Contract:
    """The contract that a ticket is under.

    Raises:
        DeskError: it is not loaded.
    """
    found = gw.rules.contracts.get(ticket.contract)
    if found is None:
        raise DeskError(f"ticket {ticket.number} is under contract {ticket.contract}, which is not loaded")
    return found
