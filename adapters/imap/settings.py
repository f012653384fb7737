"""One mailbox: where it is and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.mail.imap_address import ImapAddress
from gateway.domain.intake import Channel


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """A mailbox. With the defaults a server that has gone silent is noticed within 50 s (C-09)."""

    name: str
    address: ImapAddress
    folders: tuple[str, ...] = ("INBOX",)
    """At least one. The server tells by itself only of the first; the others are looked into every `poll_every`."""
    contract: str | None = None
    channel: Channel = Channel.MAIL
    """mail, pec or fax."""
    first_is_new: bool = False
    """Whether what lies in a folder when it is first seen is left alone. Otherwise all of it is taken."""
    since: datetime | None = None
    """What arrived earlier, and lies in a folder when it is first seen, is left alone."""
    mark_seen: bool = False
    move_to: str | None = None
    """The folder into which a message goes once it is on disk here."""
    watch_gaps: bool = True
    """Whether to tell of numbers that the server gave and whose messages were gone before we saw them."""
    idle: bool = True
    poll_every: timedelta = timedelta(seconds=30)
    idle_for: timedelta = timedelta(seconds=25)
    """After so long an IDLE is ended, which the server must answer: far below the 29 minutes of RFC 2177."""
    max_message_bytes: int = 52_428_800
    """Of a larger message this much is kept, and the fact `truncated` says so."""
    batch_bytes: int = 4_194_304
    """How much is fetched at once."""
    batch_messages: int = 50
    retry_first: timedelta = timedelta(seconds=1)
    retry_longest: timedelta = timedelta(seconds=60)
    refused_longest: timedelta = timedelta(minutes=5)
    """The longest pause after a refused log-in: a provider may lock an account that is tried at every minute."""
    alarm_after: int = 3
    """Failures in a row after which somebody is told."""
    commit_timeout: timedelta = timedelta(seconds=60)

    @property
    def writable(self) -> bool:
        """Whether anything on the server is ever changed."""
        return self.mark_seen or self.move_to is not None
