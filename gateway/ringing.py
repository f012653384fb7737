"""Telephones of ours that ring for a caller on the line: the desk's, or the chain on duty one after the other.

Each leg is a dispatch that has left already, so that ceilings, events and "one telephone rings once at a time" count it
like every other call. Only a key takes the call (S029); whoever presses it talks to the caller. While the chain rings
live, its clock (`paging.CHASE`) stands behind it: if the line is lost, the ladder goes on where it was cut.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import alarms, outages, paging, speaking, waking
from gateway.domain.call import Leg, Ring, Step
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.intake import Channel
from gateway.domain.numbers import may_be_called
from gateway.domain.pages import OPEN, PASSED_BY
from gateway.domain.register import Happening
from gateway.domain.routing import CALL_OPEN, Role, Rung, ladder, voice_number
from gateway.domain.ticket import WAITING_FOR_A_PERSON
from gateway.duty import chain_at
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.roster import Person
    from gateway.domain.telephony import Call
    from gateway.domain.ticket import Page, Ticket
    from gateway.ports import Gateway, Reading, Transaction

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEG_LASTS = timedelta(minutes=4)
WHISPER_LASTS = timedelta(seconds=60)
"""How long somebody who picked up may listen before the chain is taken to be lost."""
RESERVE = 0.2
"""The part of the ceilings that calls to the desk leave free for those who wake somebody."""
RUNG, PERSON, LIVE, RANG = "rung", "person", "live", "rang"
"""Facts: on a call, who has been rung in this round; on a leg, whose telephone, for which call, whether it rang."""
ENDED = ("completed", "busy", "no-answer", "failed", "canceled")


# --------------------------------------------------------------------------------------------------------- who can ring


def free_at_desk(gw: Gateway, reading: Reading, call: Call, at: datetime) -> list[Person]:
    """Who at the desk can be rung now: not rung in this round, not ringing, not talking; all of them or the next."""
    desk = speaking.contract_of(gw, call).desk
    if desk is None or _ceiling(gw, reading, at, share=1 - RESERVE) is not None:
        return []
    rung = _rung(call)
    people = [gw.rules.people[each] for each in desk.people if each in gw.rules.people and each not in rung]
    free = [person for person in people if _is_free(gw, reading, person, at)]
    return free if desk.together else free[:1]


def next_on_call(gw: Gateway, reading: Reading, call: Call, at: datetime) -> Person | None:
    """The next of the chain on duty who has not been rung for this caller, did not say NO, and has a free telephone."""
    if speaking.contract_of(gw, call).on_call is None or _ceiling(gw, reading, at, share=1) is not None:
        return None
    chain = chain_at(gw, reading, call.contract, at)
    passed = [page.person for page in reading.pages(ticket=call.ticket or 0, states=("passed",))]
    tried = [*_rung(call), *passed]
    waiting = [person for person in (chain.people() if chain else ()) if person.id not in tried]
    return next((person for person in waiting if _is_free(gw, reading, person, at)), None)


def _rung(call: Call) -> list[str]:
    return [each for each in call.facts.get(RUNG, "").split(",") if each]


def _is_free(gw: Gateway, reading: Reading, person: Person, at: datetime) -> bool:
    """Whether somebody's telephone may ring for this caller: its class, and that it does not ring or talk already."""
    number = voice_number(person)
    if number is None or not may_be_called(number, gw.rules.countries):
        return False
    if reading.dispatches(to=number, states=CALL_OPEN, channel=Channel.VOICE, since=at - LEG_LASTS, limit=1):
        return False
    going_on = reading.calls(going_on=True, limit=1000)
    return not any(other.answered_by == person.id or other.caller in person.numbers for other in going_on)


def _ceiling(gw: Gateway, reading: Reading, at: datetime, *, share: float) -> tuple[str, int] | None:
    """The ceiling of calls that is reached, for whoever may use so much of it: hour or day, and how many (P15)."""
    for which, most, span in (("hour", gw.rules.calls_per_hour, HOUR), ("day", gw.rules.calls_per_day, DAY)):
        if reading.sent_since(Channel.VOICE, at - span) >= most * share:
            return which, most
    return None


# ------------------------------------------------------------------------------------------------------------- to ring


def ring_desk(
    gw: Gateway, tx: Transaction, call: Call, ticket: Ticket, people: Sequence[Person], at: datetime
) -> tuple[Call, Ring]:
    """The telephones of these people ring for the caller; they count as rung in this round."""
    call = _note_rung(tx, call, people)
    legs = [_leg(gw, tx, call, ticket, person, at) for person in people]
    recorded = speaking.is_recorded(gw, call)
    return call, Ring(Step.DESK, tuple(legs), _ring_s(gw, call, DispatchKind.CALL), recorded=recorded)


def ring_on_call(
    gw: Gateway, tx: Transaction, call: Call, ticket: Ticket, person: Person, at: datetime
) -> tuple[Call, Ring]:
    """The telephone of the next on duty rings for the caller, an SMS goes beside it, and the ladder's clock waits."""
    rung, index = _rung_of(gw, tx, call, person, at)
    page = _page(gw, tx, ticket, rung, index, at)
    call = _note_rung(tx, call, [person])
    leg = _leg(gw, tx, call, ticket, person, at, page=page)
    ring_s = _ring_s(gw, call, DispatchKind.PAGE)
    tx.set_timer(paging.CHASE, ticket.number, at + timedelta(seconds=ring_s) + WHISPER_LASTS, _turn(index))
    return call, Ring(Step.ON_CALL, (leg,), ring_s, recorded=speaking.is_recorded(gw, call))


def _ring_s(gw: Gateway, call: Call, kind: DispatchKind) -> int:
    """How long a telephone rings, by the contract."""
    contract = speaking.contract_of(gw, call)
    rings = contract.on_call if kind is DispatchKind.PAGE else contract.desk
    return rings.ring_s if rings else 25


def _turn(index: int) -> dict[str, str]:
    """Where the ladder goes on if the line is lost: at this very rung, by a call of its own.

    A page of the live chain has the same rung, so that nothing said of it meanwhile moves the clock: the caller waits
    for the next telephone here, and not for the worker.
    """
    return {"round": "1", "rung": str(index)}


def _rung_of(gw: Gateway, tx: Transaction, call: Call, person: Person, at: datetime) -> tuple[Rung, int]:
    """The rung at which a person is told beside the call, and its place in the ladder that would call them."""
    on_call, chain = speaking.contract_of(gw, call).on_call, chain_at(gw, tx, call.contract, at)
    rungs = ladder(on_call, chain) if on_call and chain else ()
    found = [(rung, n) for n, rung in enumerate(rungs) if rung.person.id == person.id and Channel.VOICE in rung.media]
    role, index = (found[0][0].role, found[0][1]) if found else (Role.DEPUTY, 0)
    return Rung(person, role, (Channel.SMS,), timedelta(0)), index


def _page(gw: Gateway, tx: Transaction, ticket: Ticket, rung: Rung, index: int, at: datetime) -> Page:
    """The person's page: the contact was told when the request became urgent, the others are told now (S027)."""
    for page in tx.pages(ticket=ticket.number, states=(OPEN,)):
        if page.person == rung.person.id:
            return tx.change_page(page.id, round=1, rung=index)
        tx.change_page(page.id, state=PASSED_BY, closed_at=at)  # still acceptable: only the chain has gone on
    contract = gw.rules.contract(ticket.contract)
    waking.tell(gw, tx, ticket, contract, rung, turn=(1, index), at=at)
    return next(page for page in tx.pages(ticket=ticket.number, states=(OPEN,)) if page.person == rung.person.id)


def _note_rung(tx: Transaction, call: Call, people: Sequence[Person]) -> Call:
    rung = ",".join([*_rung(call), *(person.id for person in people)])
    return tx.change_call(call.id, facts={**call.facts, RUNG: rung})


def _leg(
    gw: Gateway, tx: Transaction, call: Call, ticket: Ticket, person: Person, at: datetime, *, page: Page | None = None
) -> Leg:
    """One telephone that rings: a dispatch that has left, by the carrier's own doing."""
    number, key = voice_number(person) or "", gw.keys.dispatch_key()
    kind = DispatchKind.PAGE if page else DispatchKind.CALL
    tx.add_dispatch(
        Dispatch(
            id=0,
            key=key,
            kind=kind,
            channel=Channel.VOICE,
            to=number,
            state=DispatchState.SENT,
            due_at=at,
            expires_at=at + gw.rules.page_lives,
            ticket=ticket.number,
            contract=call.contract,
            page=page.id if page else None,
            attempts=1,
            facts={PERSON: person.id, LIVE: call.sid, "ring_s": str(_ring_s(gw, call, kind))},
            created_at=at,
            sent_at=at,
        )
    )
    data = {"person": person.id, "call": call.sid, "kind": str(kind)}
    tx.record(str(ticket.number), Happening("leg_rings", at, NOBODY, clause_of(gw, call, kind), data))
    return Leg(number, key)


def clause_of(gw: Gateway, call: Call, kind: DispatchKind) -> str:
    """The clause by which a telephone rings: the on-call duty's, or the desk's."""
    return speaking.contract_of(gw, call).clauses.of("on_call" if kind is DispatchKind.PAGE else "desk")


def tell_of_ceiling(gw: Gateway, tx: Transaction, at: datetime, *, desk: bool) -> None:
    """Nobody was rung because of a ceiling: whoever keeps the installation going is told (P15, P8)."""
    reached = _ceiling(gw, tx, at, share=1 - RESERVE if desk else 1)
    if reached is not None:
        alarms.ceiling_reached(gw, tx, Channel.VOICE, reached[0], reached[1], at)


# ------------------------------------------------------------------------------------------------------ what came of it


def leg_fate(gw: Gateway, tx: Transaction, key: str, sid: str, status: str, detail: str, at: datetime) -> bool:
    """The carrier tells how a leg fares, in any order and more than once; False when we do not know it (B-075)."""
    leg = tx.dispatch_by(key=key)
    if leg is None or tx.seen_before(f"twilio:{sid}:{status}", at):
        return leg is not None
    outages.worked(gw, tx, outages.PHONE, outages.DELIVERS, at)
    if status in ENDED:
        outages.call_ended(gw, tx, f"{status} {detail}".strip(), leg.sent_at, at, rang=RANG in leg.facts)
        close(tx, leg, f"{status} {detail}".strip(), at, reference=sid)
    elif RANG not in leg.facts:
        tx.change_dispatch(leg.id, reference=sid, facts={**leg.facts, RANG: "yes"})
    return True


def close(tx: Transaction, leg: Dispatch, result: str, at: datetime, *, reference: str | None = None) -> None:
    """A leg that rang in vain, with its result as an event (S027); one that was taken, or closed before, stays so."""
    if leg.state is not DispatchState.SENT:
        if reference and not leg.reference:
            tx.change_dispatch(leg.id, reference=reference)
        return
    tx.change_dispatch(leg.id, state=DispatchState.REFUSED, reason=result[:300], reference=reference or leg.reference)
    data = {"person": leg.facts.get(PERSON, ""), "call": leg.facts.get(LIVE, ""), "result": result[:100]}
    tx.record(str(leg.ticket), Happening("leg_ended", at, "carrier", data=data))


def legs_of(reading: Reading, call: Call) -> list[Dispatch]:
    """The telephones that have rung for a call, newest first."""
    if call.ticket is None:
        return []
    found = reading.dispatches(ticket=call.ticket, channel=Channel.VOICE, limit=500)
    return [leg for leg in found if leg.facts.get(LIVE) == call.sid]


def ended(tx: Transaction, call: Call, status: str, at: datetime) -> bool:
    """What rang for the caller has ended, with the carrier's word for it; whether somebody took the call."""
    for leg in legs_of(tx, call):
        close(tx, leg, status or "no-answer", at)
    return call.answered_by is not None


def caller_gone(tx: Transaction, call: Call, ticket: Ticket | None, at: datetime) -> None:
    """The caller hung up while telephones rang: an urgent request is chased on from the one that was cut."""
    for leg in legs_of(tx, call):
        close(tx, leg, "caller hung up", at)
    timer = tx.timer(paging.CHASE, ticket.number) if ticket and call.reached == Step.ON_CALL else None
    if ticket and timer and ticket.state in WAITING_FOR_A_PERSON:
        tx.set_timer(paging.CHASE, ticket.number, at, timer.facts)


def exhausted(gw: Gateway, tx: Transaction, call: Call, ticket: Ticket, at: datetime) -> None:
    """Nobody of the chain took the call: marked, the supervisors told, and the ladder begins again later (C2.11).

    Where nobody could even be rung, the ladder that the request started stands as it is.
    """
    on_call = gw.rules.contract(ticket.contract).on_call
    chain = chain_at(gw, tx, call.contract, at)
    if not _rung(call) or on_call is None or chain is None or ticket.state not in WAITING_FOR_A_PERSON:
        return
    tx.set_timer(paging.CHASE, ticket.number, at, _turn(len(ladder(on_call, chain))))
    timer = tx.timer(paging.CHASE, ticket.number)
    if timer is not None:
        paging.climb(gw, tx, timer, at)


def new_round(tx: Transaction, call: Call) -> Call:
    """Everybody at the desk may be rung again for a caller who waited."""
    return tx.change_call(call.id, facts={name: value for name, value in call.facts.items() if name != RUNG})
