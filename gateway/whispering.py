"""What somebody of ours hears who picked up for a caller on the line, and the keys that take the call or pass it on.

The leg is known by its attempt id, which nobody can guess and which belongs to this one telephone (B-078, B-079).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import accepting, paging, ringing
from gateway.accepting import Answer
from gateway.domain import call_words
from gateway.domain.call import Gather, Hangup, Say, Script
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import opening
from gateway.domain.pages import ANSWERABLE
from gateway.domain.register import Happening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Act, after

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.call_prompts import Fill
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.telephony import Call
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

ACCEPT, PASS = "1", "2"
"""The keys at the desk, and where a contract's on-call duty names none."""


@dataclass(frozen=True, slots=True)
class _Picked:
    """A telephone of ours that was picked up: its leg, the caller's call, and the request it is about."""

    leg: Dispatch
    call: Call
    ticket: Ticket

    @property
    def person(self) -> str:
        return self.leg.facts[ringing.PERSON]

    @property
    def rings_on(self) -> bool:
        """Whether the caller is still there and waits for somebody."""
        return self.leg.state is DispatchState.SENT and self.call.ended_at is None and self.call.answered_by is None


def _picked(tx: Transaction, key: str) -> _Picked | None:
    leg = tx.dispatch_by(key=key)
    call = tx.call_by(leg.facts.get(ringing.LIVE, "")) if leg else None
    ticket = tx.ticket(leg.ticket) if leg and leg.ticket else None
    return _Picked(leg, call, ticket) if leg and call and ticket else None


def whisper(gw: Gateway, tx: Transaction, key: str, at: datetime) -> Script:
    """What somebody of ours hears who picked up: what it is about, and which key takes the call (V-08)."""
    picked = _picked(tx, key)
    if picked is None:
        return (Hangup(),)
    say = _sayer(gw, picked.ticket, at)
    if not picked.rings_on:
        return (say("V-LEG-GONE"), Hangup())
    if not _is_still_wanted(picked):
        return (say(_late(gw, picked.ticket)), Hangup())
    asked = Gather("key", (say("V-08" if picked.leg.page else "V-DESK"),), digits=1, timeout_s=5)
    return (asked, asked, say("V-PAGE-NO-KEY"), Hangup())


def _is_still_wanted(picked: _Picked) -> bool:
    """Whether somebody who was called for an urgent request is still needed; the desk takes whoever waits."""
    waits = picked.ticket.state in WAITING_FOR_A_PERSON
    return picked.leg.page is None or waits or picked.ticket.owner == picked.person


def _late(gw: Gateway, ticket: Ticket) -> str:
    return accepting.late_id(accepting.owner_of(gw, ticket))


def _sayer(gw: Gateway, ticket: Ticket, at: datetime) -> Fill:
    contract = gw.rules.contract(ticket.contract, ticket.version)
    values = call_words.values(contract, ticket, opening(contract, at), at)
    values["person"] = accepting.owner_of(gw, ticket)
    catalogue = gw.rules.texts(contract)
    return lambda text_id: Say(catalogue.fill(text_id, values).body)


def key_pressed(gw: Gateway, tx: Transaction, key: str, digits: str, at: datetime) -> Script:
    """A key on a telephone of ours: who accepts talks to the caller, who passes on is left alone (C2.8, S029)."""
    picked = _picked(tx, key)
    if picked is None:
        return (Hangup(),)
    say = _sayer(gw, picked.ticket, at)
    if picked.call.answered_by == picked.person and picked.leg.state is DispatchState.CONFIRMED:
        return (say("V-CONNECTED"),)
    accepts, passes = _keys(gw, picked.ticket, picked.leg)
    if digits == accepts:
        return _accept(gw, tx, picked, say, at)
    if digits == passes and picked.rings_on:
        _pass_on(tx, picked, at)
        return (say("V-PAGE-PASSED"), Hangup())
    return whisper(gw, tx, key, at)


def _accept(gw: Gateway, tx: Transaction, picked: _Picked, say: Fill, at: datetime) -> Script:
    """A document that ends without a hang-up puts the two through."""
    if not picked.rings_on:
        return _too_late(gw, tx, picked, say, at)
    if picked.leg.page is None:
        _take_at_desk(gw, tx, picked, at)
    elif not _is_theirs(gw, tx, picked.leg, at):
        return (say(_late(gw, picked.ticket)), Hangup())
    tx.change_dispatch(picked.leg.id, state=DispatchState.CONFIRMED, reason=None)
    tx.change_call(picked.call.id, answered_by=picked.person, answered_at=at)
    clause = ringing.clause_of(gw, picked.call, picked.leg.kind)
    data = {"person": picked.person, "call": picked.call.sid}
    tx.record(str(picked.ticket.number), Happening("call_answered", at, picked.person, clause, data))
    return (say("V-CONNECTED"),)


def _keys(gw: Gateway, ticket: Ticket, leg: Dispatch) -> tuple[str, str]:
    on_call = gw.rules.contract(ticket.contract).on_call
    return (on_call.accept_key, on_call.decline_key) if leg.page is not None and on_call else (ACCEPT, PASS)


def _is_theirs(gw: Gateway, tx: Transaction, leg: Dispatch, at: datetime) -> bool:
    """The page is accepted; False when somebody else has the request."""
    page = tx.page(leg.page) if leg.page is not None else None
    return page is not None and accepting.accept(gw, tx, page, at, medium="voice", told=()).answer is Answer.YOURS


def _too_late(gw: Gateway, tx: Transaction, picked: _Picked, say: Fill, at: datetime) -> Script:
    """The caller has gone or talks to somebody else; an urgent request that nobody has is accepted all the same."""
    waits = picked.leg.page is not None and picked.ticket.state in WAITING_FOR_A_PERSON
    if waits and _is_theirs(gw, tx, picked.leg, at):
        return (say("V-LEG-GONE"), say("V-PAGE-TAKEN"), Hangup())
    return (say("V-LEG-GONE"), Hangup())


def _take_at_desk(gw: Gateway, tx: Transaction, picked: _Picked, at: datetime) -> None:
    """Whoever answers at the desk has taken charge of the request, unless somebody has it already."""
    if picked.ticket.state not in WAITING_FOR_A_PERSON:
        return
    state, by = after(picked.ticket.state, Act.TAKE), picked.person
    taken = tx.change_ticket(picked.ticket.number, state=state, owner=by, taken_at=at)
    clause = ringing.clause_of(gw, picked.call, DispatchKind.CALL)
    data = {"medium": "voice", "call": picked.call.sid}
    tx.record(str(taken.number), Happening("taken", at, by, clause, data))
    paging.stop(gw, tx, taken, at, by=by)


def _pass_on(tx: Transaction, picked: _Picked, at: datetime) -> None:
    """The next telephone rings as soon as this one has hung up: the caller's own line sees to it."""
    page = tx.page(picked.leg.page) if picked.leg.page is not None else None
    if page is not None and page.state in ANSWERABLE:
        tx.change_page(page.id, state="passed", closed_at=at)
        data = {"page": str(page.id), "medium": "voice"}
        tx.record(str(picked.ticket.number), Happening("passed_on", at, page.person, data=data))
    ringing.close(tx, picked.leg, "passed on", at)
