"""What a caller is told, put together: the words of the contract in the language of the call, as things stand now.

A call has its language, its door and its texts from its first moment on its line (`Call.facts`); nothing is decided
anew for a caller who waits (S014).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import deciding
from gateway.domain import answers, call_words
from gateway.domain.call import Door, Say
from gateway.domain.call_prompts import Opening
from gateway.domain.hours import opening
from gateway.domain.reception import OUTSIDE_VALIDITY
from gateway.domain.routing import Route
from gateway.domain.ticket import Priority, Requester, Ticket, TicketState, TicketType

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gateway.domain.call_prompts import Fill
    from gateway.domain.contract import Contract
    from gateway.domain.decision import Decision
    from gateway.domain.rules import Rules
    from gateway.domain.telephony import Call
    from gateway.domain.texts import Catalogue
    from gateway.ports import Gateway

ENGLISH = "en"
DOOR, STATE, LANGUAGE, UNKNOWN, NO_RECORDING = "door", "state", "language", "unknown", "no_recording"
"""Facts of a call: how it is received, the text of that state, its language, whether nobody knows who it is."""
_NOT_THE_STATE = ("V-02", "V-13")
_ROUTES = {Route.DESK: Door.OPEN, Route.SECOND_LEVEL: Door.OPEN, Route.ON_CALL: Door.ON_CALL}


def contract_of(gw: Gateway, call: Call) -> Contract:
    """The contract of a call in the version that was in force when it began."""
    return gw.rules.in_force(call.contract, call.began_at)


def requester_of(gw: Gateway, call: Call) -> Requester:
    """Who calls, as far as the number tells: a hint, no proof (B-078)."""
    person = gw.rules.people.by_number(call.caller) if call.caller else None
    return Requester(person.name if person else "", "", call.caller, person.id if person else None)


def imagined(gw: Gateway, call: Call, priority: Priority = Priority.NORMAL) -> Ticket:
    """The ticket that a call would become, for whoever speaks or decides before there is one."""
    contract = contract_of(gw, call)
    return Ticket(
        number=0,
        contract=contract.id,
        channel="phone",
        type=TicketType.ASSISTANCE,
        state=TicketState.NEW,
        level=1,
        priority=priority,
        subject="",
        requester=requester_of(gw, call),
        opened_at=call.began_at,
        received_at=call.began_at,
        version=contract.version,
    )


# ------------------------------------------------------------------------------------------------------- how received


def reception_of(gw: Gateway, call: Call, at: datetime) -> dict[str, str]:
    """How a call is received, as the facts of its line: decided once, by what the contract says of an urgent caller.

    Whoever calls at night may say that it is urgent; whether somebody is rung then is what the door says (A2.6).
    """
    decision = deciding.decision_for_caller(gw, imagined(gw, call, Priority.URGENT), at)
    stranger = decision.group is None and requester_of(gw, call).person is None
    facts = {DOOR: str(door_by(decision)), STATE: state_by(decision), LANGUAGE: decision.contract.language}
    return facts | ({UNKNOWN: "yes"} if stranger else {})


def state_by(decision: Decision) -> str:
    """The text of the opening state."""
    return next(text_id for text_id in answers.spoken_ids(decision) if text_id not in _NOT_THE_STATE)


def door_by(decision: Decision) -> Door:
    """How a call is received, by what the contract says of an urgent one."""
    if decision.opening.reason in OUTSIDE_VALIDITY:
        return Door.OVER
    if decision.route is Route.FIRST_LEVEL:
        return Door.ELSEWHERE
    return _ROUTES.get(decision.route, Door.CLOSED)


def door_of(call: Call) -> Door:
    """How a call is received."""
    return Door(call.facts.get(DOOR, Door.CLOSED))


def language_of(call: Call) -> str:
    """The language in which a call goes on."""
    return call.facts.get(LANGUAGE, "it")


def is_recorded(gw: Gateway, call: Call) -> bool:
    """Whether the conversation of a call is recorded: where it is switched on, and the caller did not refuse (X12)."""
    return gw.rules.record_calls and NO_RECORDING not in call.facts


def opening_of(gw: Gateway, call: Call) -> Opening:
    """What the announcement of a call is made of."""
    contract, state = contract_of(gw, call), call.facts.get(STATE, "V-CLOSED")
    opening = announcement(gw.rules, contract, state, recorded=is_recorded(gw, call))
    return replace(opening, english=opening.english and language_of(call) != ENGLISH)


def abroad(gw: Gateway, call: Call) -> str:
    """The country in which those at the desk are, when it is not Italy (art. 24-bis d.l. 83/2012)."""
    desk = contract_of(gw, call).desk
    return desk.abroad if desk else ""


def announcement(rules: Rules, contract: Contract, state_id: str, *, recorded: bool) -> Opening:
    """What the announcement of a contract is made of, in its own language."""
    english = contract.language != ENGLISH and ENGLISH in rules.catalogues
    return Opening(state_id=state_id, desk=contract.desk is not None, recorded=recorded, english=english)


# ----------------------------------------------------------------------------------------------------------- the words


def filler(gw: Gateway, call: Call, ticket: Ticket | None, at: datetime, **more: str) -> Fill:
    """How texts become words for the caller of this call; `more` are values that only this moment has."""
    language = language_of(call)
    contract = _in_language(contract_of(gw, call), language)
    told = ticket or imagined(gw, call)
    values = call_words.values(contract, told, opening(contract, at), at) | gw.rules.voice_facts(language) | more
    values |= {"country": abroad(gw, call)}
    if door_of(call) is Door.ELSEWHERE:
        decision = replace(deciding.decision_for_caller(gw, imagined(gw, call), at), contract=contract)
        values |= answers.spoken_values(decision, told, at)
    catalogue = gw.rules.texts(contract)

    return filler_of(catalogue, values, language)


def filler_of(catalogue: Catalogue, values: Mapping[str, str], language: str) -> Fill:
    """How texts become words, in a language, with these values."""

    def fill(text_id: str) -> Say:
        words = catalogue.fill(text_id, values).body.strip()
        if text_id == "V-ENGLISH":
            return Say(words, ENGLISH)
        return Say(call_words.contracted(words) if language == "it" else words)

    return fill


def _in_language(contract: Contract, language: str) -> Contract:
    """The contract as it speaks in a language: its own words for texts are in its own."""
    return contract if contract.language == language else replace(contract, language=language, texts=())
