"""What the server has against what was recorded, at each round: messages that we lack, and numbers that nobody had.

A message below the cursor that is not recorded is *late*: a server that shows messages out of order, or one of ours
that went wrong. It is taken, and told. A number that the server gave and whose message we never saw is *gone*: somebody
in a shared mailbox, or a rule of the server, was quicker. It is told once, after two rounds.
"""

from __future__ import annotations

import time
from datetime import timedelta

from adapters.imap.book import Book, Page
from adapters.imap.hooks import ImapHooks
from adapters.imap.settings import MailboxSettings
from adapters.mail.imap_session import WINDOW, Folder, ImapSession, Listed

LATE_WINDOW = 500
"""So many numbers below the cursor are compared at each round."""
WHOLE_EVERY = timedelta(hours=24)
"""So often the whole folder is compared, and at the start."""
MOST_WINDOWS = 100
MOST_GONE = 5_000
"""A server that skips more numbers than this does not count messages by them."""
BACKWARDS_ROUNDS = 2


class Counting:
    """The comparison of one folder. What it remembers between rounds saves questions and is found out again."""

    def __init__(self, settings: MailboxSettings, folder: str, book: Book, hooks: ImapHooks) -> None:
        self._settings = settings
        self._folder = folder
        self._book = book
        self._hooks = hooks
        self.settled: set[int] = set()
        """Messages that are known to be on disk, or left alone."""
        self._missed: set[int] = set()
        self._whole_at_s = 0.0
        self._backwards = 0

    def forget(self) -> None:
        """The numbers are others now."""
        self.settled.clear()
        self._missed.clear()
        self._whole_at_s = 0.0

    def is_left(self, page: Page, listed: Listed) -> bool:
        """Whether a message lay there at first sight and is not to be taken."""
        if listed.uid >= page.first or page.floor is None:
            return False
        return listed.received_at is not None and listed.received_at < page.floor

    def late(self, session: ImapSession, folder: Folder, page: Page) -> tuple[list[int], list[int]]:
        """Messages up to the cursor: those that are not recorded, and those that are (looked up only now)."""
        if page.cursor == 0:
            return [], []
        is_whole = time.monotonic() >= self._whole_at_s
        low = page.old if is_whole else max(page.old, page.cursor - LATE_WINDOW + 1)
        held = _held(session, folder, max(1, low), page.cursor)
        unknown = [uid for uid in held if uid not in self.settled]
        recorded = self._book.recorded(page, unknown)
        if is_whole:
            there = set(held)
            self.settled = {uid for uid in self.settled if uid > page.cursor or uid in there}
            self._whole_at_s = time.monotonic() + WHOLE_EVERY.total_seconds()
        self.settled |= recorded
        return [uid for uid in unknown if uid not in recorded], sorted(recorded)

    def account(self, session: ImapSession, folder: Folder, page: Page) -> None:
        """Every number up to the server's next one is a message that we have or see, or is told as gone."""
        if folder.uidnext is None or folder.uidnext - 1 <= page.accounted:
            return
        low, top = page.accounted + 1, folder.uidnext - 1
        if top - low > MOST_GONE or not self._settings.watch_gaps:
            if page.cursor > page.accounted:
                self._book.account(page, page.cursor)
            return
        there = set(session.uids_between(low, top, deleted=True))
        alive = set(session.uids_between(low, top)) if there - self.settled else there
        numbers = [uid for uid in range(low, top + 1) if uid not in self.settled and uid not in alive]
        lacking = set(numbers) - self._book.recorded(page, numbers)
        sure = sorted(lacking & self._missed)
        self._missed = lacking - set(sure)
        if sure:
            self._hooks.gone(
                self._settings.name,
                self._folder,
                [uid for uid in sure if uid not in there],
                [uid for uid in sure if uid in there],
            )
        upto = min(self._missed) - 1 if self._missed else top
        if upto > page.accounted:
            self._book.account(page, upto)

    def went_back(self, session: ImapSession, folder: Folder, page: Page) -> bool:
        """Whether the server is about to give numbers again that it gave before, as one restored from a backup does."""
        uidnext = folder.uidnext
        if uidnext is None or uidnext > page.cursor or session.uids_between(uidnext, None, deleted=True):
            self._backwards = 0
            return False
        self._backwards += 1
        return self._backwards >= BACKWARDS_ROUNDS


def _held(session: ImapSession, folder: Folder, low: int, high: int) -> list[int]:
    """The messages of a stretch, asked for in answers that are not too long."""
    if folder.exists is not None and folder.exists <= WINDOW:
        return session.uids_between(low, high)
    found: list[int] = []
    for _ in range(MOST_WINDOWS):
        if high < low:
            break
        found += session.uids_between(max(low, high - WINDOW + 1), high)
        high -= WINDOW
    return sorted(found)
