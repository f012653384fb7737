"""A voice page: what a technician hears who was called, and the keys that accept or pass on.

Each webhook is one unit. "completed" says that something answered, never that a person took it: only a key does (S029).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import paging
from gateway.domain import replies
from gateway.domain.call import PROMPT_LIMIT, Gather, Hangup, Say, Script
from gateway.domain.hours import opening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Priority

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.ticket import Page, Ticket
    from gateway.ports import Gateway, Transaction

ACCEPT, PASS = "1", "2"
"""The keys where a contract names none."""


def page_begins(gw: Gateway, tx: Transaction, dispatch_key: str, at: datetime) -> Script:
    """What a technician hears who was called: the essentials, three times at the most, until a key is pressed."""
    page, ticket = _page_of(tx, dispatch_key)
    if page is None or ticket is None:
        return (Hangup(),)
    if ticket.state not in WAITING_FOR_A_PERSON:
        return (*_say(gw, ticket, at, "V-PAGE-LATE"), Hangup())
    text_id = "V-PAGE" if ticket.priority is Priority.URGENT else "V-PAGE-NORMAL"
    asked = Gather("key", _say(gw, ticket, at, text_id), digits=1, timeout_s=5)
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
    if ticket.state not in WAITING_FOR_A_PERSON:
        own = ticket.owner == page.person
        return (*_say(gw, ticket, at, "V-PAGE-TAKEN" if own else "V-PAGE-LATE"), Hangup())
    if digits == accepts:
        ticket = paging.accept(gw, tx, page, at, by=page.person, medium="voice")
        return (*_say(gw, ticket, at, "V-PAGE-TAKEN"), Hangup())
    if digits == passes:
        paging.pass_on(gw, tx, page, at, by=page.person, medium="voice")
        return (*_say(gw, ticket, at, "V-PAGE-PASSED"), Hangup())
    return page_begins(gw, tx, dispatch_key, at)


def _say(gw: Gateway, ticket: Ticket, at: datetime, *text_ids: str) -> tuple[Say, ...]:
    contract = gw.rules.contract(ticket.contract)
    values = replies.values(contract, ticket, opening(contract, at), at)
    return tuple(Say(gw.rules.texts(contract).fill(text_id, values).body) for text_id in text_ids)
