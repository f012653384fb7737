"""Whom to tell about a request, in which order, and by what medium.

Inside hours the desk sees the ticket. Outside hours with on-call duty the contact in force gets one SMS
(`page = "all"`) or only for urgent requests (`page = "urgent"`). An urgent request is chased up a ladder until a human
accepts:

    rung 0  contact      SMS
    rung 1  contact      voice call that takes a key
    rung 2  deputy       SMS and voice call
    rung 3  supervisor   SMS (M-06) and voice call, and an alarm mail

For somebody who is on the telephone the contact is rung at once, and each rung waits no longer than a telephone rings
(S027). And after `retry_every` the ladder begins again (C2.11): never silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.domain.contract import Page
from gateway.domain.dispatch import DispatchState
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from gateway.domain.contract import Contract, OnCall
    from gateway.domain.hours import Opening
    from gateway.domain.roster import Chain, Person
    from gateway.domain.ticket import Priority as TicketPriority

CALL_OPEN = (DispatchState.DUE, DispatchState.SENDING, DispatchState.SENT)


class Role(StrEnum):
    """A place in the chain."""

    CONTACT = "contact"
    DEPUTY = "deputy"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder: who, by which media at once, how long to wait for a human before the next."""

    person: Person
    role: Role
    media: tuple[Channel, ...]
    wait: timedelta


class Route(StrEnum):
    """Where a request goes first (DESIGN, Interfaces)."""

    DESK = "desk"
    ON_CALL = "on_call"
    VOICEMAIL = "voicemail"
    QUEUE = "queue"
    FIRST_LEVEL = "first_level"
    SECOND_LEVEL = "second_level"


def route(contract: Contract, opening: Opening, priority: TicketPriority) -> Route:
    """Where a request that is served goes at an instant whose opening state is known: desk, on call or queue.

    What else decides (entitlement, phase, scope, the telephone) is in `reception`. Source: C2.4, C2.8.
    """
    if opening.is_open:
        return Route.DESK
    if contract.on_call is None or opening.reason in ("not_started", "ended"):
        return Route.QUEUE
    if contract.on_call.page is Page.URGENT and priority != "urgent":
        return Route.QUEUE
    return Route.ON_CALL


def ladder(on_call: OnCall, chain: Chain, *, live: bool = False) -> tuple[Rung, ...]:
    """The rungs for a chain, each person once (a contact who is also the supervisor is not told twice).

    `live`: the requester is on the telephone and waits, so the contact is rung before and not after the SMS, which goes
    out beside the call. The first two rungs are the contact's either way.
    """
    called, texted, both = (Channel.VOICE,), (Channel.SMS,), (Channel.SMS, Channel.VOICE)
    rings = timedelta(seconds=on_call.ring_s)
    wait = rings if live else on_call.ack_timeout
    first, second = (called, texted) if live else (texted, called)
    rungs = [
        Rung(chain.contact, Role.CONTACT, first, timedelta(0) if live else wait),
        Rung(chain.contact, Role.CONTACT, second, rings if live else on_call.call_timeout),
    ]
    told = {chain.contact.id}
    for person, role in ((chain.deputy, Role.DEPUTY), (chain.supervisor, Role.SUPERVISOR)):
        if person and person.id not in told:
            told.add(person.id)
            rungs.append(Rung(person, role, both, wait))
    return tuple(rungs)


def voice_number(person: Person) -> str | None:
    """The number to call: the mobile first."""
    return next(iter(person.numbers), None)
