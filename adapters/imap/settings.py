"""One mailbox: where it is and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from adapters.mail.imap_session import ImapAddress
from gateway.domain.intake import Channel


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """A mailbox. With the defaults a server that has gone silent is noticed within 50 s (C-09)."""

    name: str
    address: ImapAddress
    folder: str = "INBOX"
    contract: str | None = None
    channel: Channel = Channel.MAIL
    """mail, pec or fax."""
    mark_seen: bool = False
    idle: bool = True
    poll_every: timedelta = timedelta(seconds=30)
    idle_for: timedelta = timedelta(minutes=9)
    """The longest single IDLE, well below the 29 minutes of RFC 2177."""
    max_message_bytes: int = 52_428_800
    """Of a larger message this much is kept, and the fact `truncated` says so."""
    batch_bytes: int = 4_194_304
    """How much is fetched at once."""
    batch_messages: int = 50
    retry_first: timedelta = timedelta(seconds=1)
    retry_longest: timedelta = timedelta(seconds=60)
    alarm_after: int = 3
    """Failures in a row after which somebody is told."""
    commit_timeout: timedelta = timedelta(seconds=60)
