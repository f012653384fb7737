"""One message we owe somebody: to whom, by which channel, what, by when; attempts and outcome.

Every outlet answers `Sent`, `Deferred` or `Refused`. An unknown failure is `Deferred`: perhaps later, never gone.
`Refused` needs a reason we recognise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.domain.intake import Channel


class DispatchState(StrEnum):
    """The life of a dispatch. `sending` after a crash means: perhaps sent, so it is sent again with the same id."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class DispatchKind(StrEnum):
    """Why we owe it."""

    ACKNOWLEDGEMENT = "acknowledgement"
    REPLY = "reply"
    PAGE = "page"
    NOTICE = "notice"
    ESCALATION = "escalation"
    ALARM = "alarm"
    FORWARD = "forward"
    """A contact passed on to whoever is in charge of it."""
    DECISION = "decision"
    """A question that only the client can answer."""
    CALL = "call"
    """A telephone of the desk that rings for a caller on the line."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The far side took it. `reference` is its id there (Message SID, Call SID, Message-ID)."""

    reference: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: try again, no sooner than `retry_after` when the far side asked for it.

    `down`: the far side could not be used at all, which counts towards an outage of the channel.
    """

    reason: str
    retry_after: timedelta | None = None
    down: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the far side said so in words we recognise. `code` is its own code (21610, 5.1.1)."""

    reason: str
    code: str | None = None


Outcome = Sent | Deferred | Refused


@dataclass(frozen=True, slots=True)
class OutgoingAttachment:
    """A file that leaves with a mail."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail before it is bytes. The same value always composes to the same bytes, so a preview is what leaves.

    `auto_submitted` is `auto-replied`, `auto-generated` or None for what a person wrote (RFC 3834 §5).
    An automatic reply leaves with the null envelope sender (`envelope_from=""`): no bounce of it comes back.
    """

    message_id: str
    sender: str
    sender_name: str
    to: tuple[str, ...]
    subject: str
    text: str
    date: datetime
    envelope_from: str
    auto_submitted: str | None = None
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[OutgoingAttachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One message we owe somebody, as stored. `key` is the attempt id, the same in every attempt at it."""

    id: int
    key: str
    kind: DispatchKind
    channel: Channel
    to: str
    state: DispatchState
    due_at: datetime
    expires_at: datetime
    ticket: int | None = None
    contract: str | None = None
    page: int | None = None
    attempts: int = 0
    reference: str | None = None
    reason: str | None = None
    subject: str = ""
    text: str = ""
    raw: bytes | None = None
    facts: dict[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    sent_at: datetime | None = None


RETRY_FIRST = timedelta(minutes=1)
RETRY_MOST = timedelta(minutes=30)
PAGE_RETRY = timedelta(seconds=10)


def retry_delay(kind: DispatchKind, attempt: int) -> timedelta:
    """How long to wait before retry number `attempt` (the first retry is 1).

    Doubles from 1 minute up to 30 minutes; a page doubles from 10 seconds up to 1 minute. When to give up is
    `Dispatch.expires_at`, not a count.

    Raises:
        ValueError: `attempt` is below 1.

    Source: RFC 5321 §4.5.4.1 asks mail for 30 minutes at least, and allows less with a reason. A page to the person
    on duty cannot wait that long.
    """
    if attempt < 1:
        msg = f"the first retry is 1, not {attempt}"
        raise ValueError(msg)
    first, most = (PAGE_RETRY, RETRY_FIRST) if kind is DispatchKind.PAGE else (RETRY_FIRST, RETRY_MOST)
    doubled: timedelta = first * int(2 ** min(attempt - 1, 10))
    return min(doubled, most)
