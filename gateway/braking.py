"""The loop brake: whether the machine may answer an address by itself, and who is told when it may not (X6, S152).

Headers say of most robots that they are robots. This is for the others: whoever writes without end, and whoever is
forged as the sender of many mails, gets one answer and then none, and the operator hears of it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import telling
from gateway.domain import replies
from gateway.domain.answer_limits import Answered, Brake, brake
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import opening
from gateway.domain.register import Happening
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from gateway.domain.contract import Contract
    from gateway.domain.ticket import Ticket, Timer
    from gateway.ports import Gateway, Transaction

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STORM = "answer_storm"
"""While it is set, its address gets no automatic answer."""
DOMAIN = "answered_domain"
"""How many automatic answers a domain got in the hour that ends when it is due, and until when it has storms.

It is read for each answer in any case: only where it says so a storm of the address itself is looked for.
"""
STORMS_UNTIL = "storms_until"
ABOUT = {
    Brake.STORM: "T-ALARM-ANSWERS-STORM",
    Brake.ADDRESS: "T-ALARM-ANSWERS-ADDRESS",
    Brake.DOMAIN: "T-ALARM-ANSWERS-DOMAIN",
}


def answer_at(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, address: str, at: datetime, *, text_id: str
) -> datetime | None:
    """When an automatic answer to this address may leave; None when it may not, which is recorded and told.

    The same words to an address that had them a moment ago wait: if they are the first of many, they are never sent.
    """
    answered = _answered(gw, tx, ticket, address, at, text_id)
    why = brake(gw.rules.answers, answered)
    if why is None:
        _count(tx, address, at)
        return at + gw.rules.answers.pause if answered.in_pause else at
    tx.record(str(ticket.number), Happening("not_acknowledged", at, NOBODY, data={"why": str(why)}))
    if why is Brake.STORM:
        _storms(gw, tx, address, at)
    _tell(gw, tx, ticket, contract, address, why, at)
    return None


def _answered(gw: Gateway, tx: Transaction, ticket: Ticket, address: str, at: datetime, text_id: str) -> Answered:
    limits = gw.rules.answers
    counted = tx.timer(DOMAIN, _key(_domain(address)))
    storms = tx.timer(STORM, _key(address)) if _has_storms(counted, at) else None
    today = tx.acknowledged_since(address, at - DAY)
    of_ticket = ticket.opened_at < at and tx.dispatches(
        ticket=ticket.number, to=address, kind=DispatchKind.ACKNOWLEDGEMENT, since=at - DAY, limit=1
    )
    return Answered(
        in_pause=_same(tx, ticket, address, at - limits.pause, text_id) if today else 0,
        in_window=tx.acknowledged_since(address, at - limits.storm_window) if today else 0,
        today=today,
        domain=_counted(counted, at),
        of_ticket_today=len(of_ticket or ()),
        storms=storms is not None and storms.due_at > at,
    )


def _same(tx: Transaction, ticket: Ticket, address: str, since: datetime, text_id: str) -> int:
    """How often the address was answered the same by the same contract."""
    recent = tx.dispatches(to=address, kind=DispatchKind.ACKNOWLEDGEMENT, since=since, limit=20)
    return sum(one.contract == ticket.contract and one.facts.get("text_id") == text_id for one in recent)


def _storms(gw: Gateway, tx: Transaction, address: str, at: datetime) -> None:
    """What waits for its pause is not sent, and the storm lasts until the address was quiet for its whole window."""
    limits = gw.rules.answers
    tx.set_timer(STORM, _key(address), at + limits.storm_window, {})
    _note_storm(tx, address, at, at + limits.storm_window)
    waiting = tx.dispatches(
        to=address,
        kind=DispatchKind.ACKNOWLEDGEMENT,
        states=(DispatchState.DUE,),
        since=at - limits.storm_window,
        limit=limits.storm_mails,
    )
    for dispatch in waiting:
        if dispatch.due_at > at and not dispatch.attempts:
            tx.change_dispatch(dispatch.id, state=DispatchState.REFUSED, reason="held back: many mails of one address")


def _counted(counted: Timer | None, at: datetime) -> int:
    return int(counted.facts["count"]) if counted is not None and counted.due_at > at else 0


def _has_storms(counted: Timer | None, at: datetime) -> bool:
    until = counted.facts.get(STORMS_UNTIL) if counted is not None else None
    return until is not None and datetime.fromisoformat(until) > at


def _note_storm(tx: Transaction, address: str, at: datetime, until: datetime) -> None:
    key = _key(_domain(address))
    counted = tx.timer(DOMAIN, key)
    facts = dict(counted.facts) if counted is not None else {"count": "0"}
    latest = max(until, datetime.fromisoformat(facts.get(STORMS_UNTIL) or until.isoformat()))
    tx.set_timer(DOMAIN, key, counted.due_at if counted is not None else at, facts | {STORMS_UNTIL: latest.isoformat()})


def _count(tx: Transaction, address: str, at: datetime) -> None:
    key = _key(_domain(address))
    counted = tx.timer(DOMAIN, key)
    count = _counted(counted, at)
    ends = counted.due_at if counted is not None and count else at + HOUR
    facts = dict(counted.facts) if counted is not None else {}
    tx.set_timer(DOMAIN, key, ends, facts | {"count": str(count + 1)})


def _tell(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, address: str, why: Brake, at: datetime
) -> None:
    """The supervisors, once a day for each address or domain."""
    text_id = ABOUT.get(why)
    about = _domain(address) if why is Brake.DOMAIN else address
    if text_id is None or tx.seen_before(f"{text_id}:{_key(about)}", at, DAY):
        return
    values = replies.values(contract, ticket, opening(contract, at), at) | {"address": about}
    telling.alarm(gw, tx, contract, text_id=text_id, values=values, at=at, ticket=ticket)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def _key(text: str) -> int:
    """A timer belongs to a number: 48 bits that stand for an address."""
    return int(hashlib.sha256(text.strip().casefold().encode()).hexdigest()[:12], 16)
