"""A voice page: what a technician hears who was called, and the keys that accept or pass on.

Each webhook is one unit. "completed" says that something answered, never that a person took it: only a key does (S029).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import accepting, paging, storms
from gateway.domain import replies
from gateway.domain.call import PROMPT_LIMIT, Gather, Hangup, Say, Script
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import opening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Mark, Priority

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.ticket import Page, Ticket
    from gateway.ports import Gateway, Transaction

ACCEPT, PASS = "1", "2"
"""The keys where a contract names none."""


def page_begins(gw: Gateway, tx: Transaction, dispatch_key: str, at: datetime) -> Script:
    """What a technician hears who was called: the essentials, three times at the most, until a key is pressed.

    In a storm the call is about everything of theirs that waits. An alarm is said twice and asks for nothing.
    """
    dispatch = tx.dispatch_by(key=dispatch_key)
    if dispatch is not None and dispatch.kind is DispatchKind.ALARM:
        return (Say(dispatch.text), Say(dispatch.text), Hangup())
    page, ticket = _page_of(tx, dispatch_key)
    if page is None or ticket is None:
        return (Hangup(),)
    if Mark.DRILL in ticket.marks:
        return _asked(gw, ticket, at, "V-DRILL")
    told = storms.meant_by_call(tx, gw.rules.contract(page.contract), page)
    if not told and ticket.state not in WAITING_FOR_A_PERSON:
        return _late(gw, page, ticket, at)
    if len(told) > 1:
        return _asked(gw, told[0][1], at, "V-PAGE-MANY", count=str(len(told)))
    return _asked(gw, ticket, at, "V-PAGE" if ticket.priority is Priority.URGENT else "V-PAGE-NORMAL")


def _late(gw: Gateway, page: Page, ticket: Ticket, at: datetime) -> Script:
    """Who has the request meanwhile; whoever accepted it while their telephone was about to ring has it themselves."""
    owner = accepting.owner_of(gw, ticket)
    text_id = "V-PAGE-TAKEN" if ticket.owner == page.person else accepting.late_id(owner)
    return (*_say(gw, ticket, at, text_id, person=owner), Hangup())


def _asked(gw: Gateway, ticket: Ticket, at: datetime, text_id: str, **more: str) -> Script:
    asked = Gather("key", _say(gw, ticket, at, text_id, **more), digits=1, timeout_s=5)
    return (*(asked,) * PROMPT_LIMIT, *_say(gw, ticket, at, "V-PAGE-NO-KEY"), Hangup())


def _page_of(tx: Transaction, dispatch_key: str) -> tuple[Page | None, Ticket | None]:
    dispatch = tx.dispatch_by(key=dispatch_key)
    page = tx.page(dispatch.page) if dispatch and dispatch.page else None
    return page, tx.ticket(page.ticket) if page else None


def page_key(gw: Gateway, tx: Transaction, dispatch_key: str, digits: str, at: datetime) -> Script:
    """A key pressed in a voice page: only a human presses one (C2.8, S029)."""
    page, ticket = _page_of(tx, dispatch_key)
    if page is None or ticket is None:
        return (Hangup(),)
    on_call = gw.rules.contract(page.contract).on_call
    accepts, passes = (on_call.accept_key, on_call.decline_key) if on_call else (ACCEPT, PASS)
    if digits == accepts:
        return _accepted(gw, tx, page, at)
    told = storms.meant_by_call(tx, gw.rules.contract(page.contract), page)
    if digits == passes and told:
        for each, _ in told:
            paging.pass_on(gw, tx, each, at, by=page.person, medium="voice")
        text_id = "V-PAGE-PASSED" if len(told) == 1 else "V-PAGE-PASSED-MANY"
        return (*_say(gw, ticket, at, text_id, count=str(len(told))), Hangup())
    return page_begins(gw, tx, dispatch_key, at)


def _accepted(gw: Gateway, tx: Transaction, page: Page, at: datetime) -> Script:
    told = storms.meant_by_call(tx, gw.rules.contract(page.contract), page)
    accepted = accepting.accept(gw, tx, page, at, medium="voice", told=told)
    if not accepted.tickets:
        return (Hangup(),)
    values = {"count": str(len(accepted.tickets)), "person": accepted.owner}
    return (*_say(gw, accepted.tickets[0], at, accepted.spoken_id, **values), Hangup())


def _say(gw: Gateway, ticket: Ticket, at: datetime, *text_ids: str, **more: str) -> tuple[Say, ...]:
    contract = gw.rules.contract(ticket.contract)
    values = replies.values(contract, ticket, opening(contract, at), at) | more
    return tuple(Say(gw.rules.texts(contract).fill(text_id, values).body) for text_id in text_ids)
