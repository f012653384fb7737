"""A page as a value: its states, the link that accepts it, and whether a message of it may still leave."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Mark

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ticket import Page, Ticket

OPEN = "open"
PASSED_BY = "passed_by"
ANSWERABLE = (OPEN, PASSED_BY)
"""A page that the ladder has left behind can still be answered: whoever answers first owns the ticket."""
ACCEPTED = "accepted"

ASKED_FOR = "asked_for"
"""The fact of a call that the technician wanted (INFO): it leaves as long as there is something to hear."""
WAKING = (Channel.SMS, Channel.VOICE)
"""What rings. A mail of a page lies beside them: that it does not arrive moves nothing."""

LINK_LIVES = timedelta(days=7)
"""A link lies in a mailbox for ever: so long after its page was made it opens nothing, unless the page still waits."""

_TOKEN = re.compile(r"([0-9]{1,12})-([0-9a-f]{32})", re.ASCII)
_DIGITS = 32


def link_token(key: bytes, page: Page) -> str:
    """What the link in a page's mail carries: the page, and a signature that is this page's and this person's alone."""
    return f"{page.id}-{_signature(key, page)}"


def page_id_of(token: str) -> int | None:
    """Which page a token claims to be for; None when it is none. It proves nothing: `is_token_of` does."""
    found = _TOKEN.fullmatch(token)
    return int(found[1]) if found else None


def is_token_of(key: bytes, token: str, page: Page) -> bool:
    """Whether the token was made for this page and its person."""
    found = _TOKEN.fullmatch(token)
    return bool(found) and hmac.compare_digest(found[2] if found else "", _signature(key, page))


def link_has_ended(page: Page, at: datetime) -> bool:
    """Whether a page's link opens nothing any more."""
    return page.state not in ANSWERABLE and at - page.opened_at >= LINK_LIVES


def _signature(key: bytes, page: Page) -> str:
    text = f"page.{page.id}.{page.ticket}.{page.person}.{page.code}.{page.opened_at.timestamp():.6f}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_DIGITS]


def why_not_sent(dispatch: Dispatch, page: Page | None, ticket: Ticket | None, at: datetime) -> str | None:
    """Why a message of a page must not leave now, by how things stand now; None when it may.

    After an outage of ours or of the carrier what is due is old: the newest state is paged, not a queue of stale ones
    (C-55). A call that was asked for leaves in any case.
    """
    if dispatch.kind is not DispatchKind.PAGE or page is None or ASKED_FOR in dispatch.facts:
        return None
    if at >= dispatch.expires_at:
        return "older than a page lives"
    if page.state not in ANSWERABLE:
        return "the page was answered"
    if ticket is not None and Mark.DRILL in ticket.marks:
        return None
    if ticket is None or ticket.state not in WAITING_FOR_A_PERSON:
        return "nobody is needed for the request any more"
    return "the ladder has gone on" if page.state == PASSED_BY and not _made_after(dispatch, page) else None


def _made_after(dispatch: Dispatch, page: Page) -> bool:
    """Whether a message was made when the ladder had gone on already: what a storm held back is told all the same."""
    return bool(dispatch.created_at and page.closed_at and dispatch.created_at > page.closed_at)
