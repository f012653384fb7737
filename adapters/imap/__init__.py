"""The IMAP door: mailboxes elsewhere are read, one thread each, and touched only after our commit."""

from __future__ import annotations

from adapters.imap.book import is_known
from adapters.imap.hooks import ImapHooks, NoHooks
from adapters.imap.mailbox import Mailbox, MailboxState
from adapters.imap.settings import MailboxSettings

__all__ = ["ImapHooks", "Mailbox", "MailboxSettings", "MailboxState", "NoHooks", "is_known"]
