"""From a folder on a server to committed intakes: oldest first, each exactly once, by UID and never by flags or dates.

The cursor (UIDVALIDITY, UID) moves in the transaction that keeps the mail. It never moves over a message that the
server names but does not deliver as it should (F17): that one is asked for again at each round, and meanwhile the later
ones are taken (their repeat keys recognise them after a restart).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from adapters.imap.book import Book, Page
from adapters.imap.counting import Counting
from adapters.imap.hooks import ImapHooks
from adapters.imap.settings import MailboxSettings
from adapters.mail.imap_address import ImapFolderError
from adapters.mail.imap_session import Folder, ImapSession, Listed
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Receipt, RepeatKey
from gateway.ports import Clock, Store, Transaction

LISTED_AT_ONCE = 500
TELL_AT_ROUND = 2
MOVE_AGAIN_AFTER = timedelta(hours=1)
GIVE_UP_AFTER = 3
"""Failures of the store in a row: then it is the store's trouble, not the mail's."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One raw message and what the server said of it."""

    listed: Listed
    raw: bytes


class Collector:
    """Takes what is new in one folder. Keeps between rounds which later mails are in already and which are withheld."""

    def __init__(self, settings: MailboxSettings, folder: str, store: Store, clock: Clock, hooks: ImapHooks) -> None:
        self.folder = folder
        self._settings = settings
        self._store = store
        self._clock = clock
        self._hooks = hooks
        self._book = Book(settings, folder, store, clock)
        self._counting = Counting(settings, folder, self._book, hooks)
        self._numbers = (0, 0)
        self._taken: set[int] = set()
        self._withheld: dict[int, int] = {}
        self._store_failures = 0
        self._moves_at_s = 0.0

    @property
    def withheld(self) -> int:
        """How many mails the server names and does not deliver."""
        return len(self._withheld)

    def heard_at(self) -> datetime | None:
        """When something new came last, or since when we listen; None before the first look."""
        return self._book.heard_at()

    def collect(self, session: ImapSession) -> int:
        """One round: how many mails were dealt with. 0 means that nothing (more) can be had now.

        Raises:
            ImapFolderError: the server does not open the folder.
            ImapError: the server failed us; what was taken before is committed.
            StoreError: the store fails.
        """
        folder = session.open(self.folder, writable=self._settings.writable)
        page = self._opened(session, folder)
        found = session.uids_after(page.cursor, folder)
        late, recorded = self._counting.late(session, folder, page)
        self._move(session, recorded)
        seen = {*late, *found}
        self._withheld = {uid: rounds for uid, rounds in self._withheld.items() if uid in seen}
        wanted = [uid for uid in found if uid not in self._taken]
        dealt = self._all(session, page, late, is_late=True) + self._all(session, page, wanted)
        self._catch_up(page, found)
        if not dealt:
            self._counting.account(session, folder, page)
        return dealt

    def _opened(self, session: ImapSession, folder: Folder) -> Page:
        page = self._book.page(folder, session.last_uid)
        if self._counting.went_back(session, folder, page):
            self._book.begin_again(page, folder)
            page = replace(self._book.page(folder, lambda: 0), is_anew=True)
        numbers = (page.uidvalidity, page.again)
        if numbers != self._numbers:
            self._numbers = numbers
            self._taken.clear()
            self._withheld.clear()
            self._counting.forget()
        if page.is_anew:
            self._hooks.rescanned(self._settings.name, folder.uidvalidity)
        return page

    def _all(self, session: ImapSession, page: Page, uids: Sequence[int], *, is_late: bool = False) -> int:
        dealt, news = 0, list[int]()
        for start in range(0, len(uids), LISTED_AT_ONCE):
            some = self._take(session, page, uids[start : start + LISTED_AT_ONCE], news)
            dealt += some
        if is_late and news:
            self._hooks.late(self._settings.name, self.folder, news)
        return dealt

    def _take(self, session: ImapSession, page: Page, uids: Sequence[int], news: list[int]) -> int:
        listed = session.listed(uids)
        for uid in uids:
            if uid not in listed:
                self._withhold(uid, "the server names it but says nothing, or twice, of it")
        left = [one.uid for one in listed.values() if self._counting.is_left(page, one)]
        self._settle(left)
        dealt = len(left)
        for batch in batches([listed[uid] for uid in uids if uid in listed and uid not in left], self._settings):
            fetched = self._fetch(session, batch)
            kept = self._keep(page, fetched, news)
            if kept and self._settings.mark_seen:
                session.flag_seen(kept)
            self._move(session, kept)
            dealt += len(kept)
        return dealt

    def _settle(self, uids: Sequence[int]) -> None:
        self._taken.update(uids)
        self._counting.settled.update(uids)

    def _move(self, session: ImapSession, uids: Sequence[int]) -> None:
        """Only what is on disk. What the server does not move is told, and tried again an hour later."""
        target = self._settings.move_to
        if target is None or not uids or time.monotonic() < self._moves_at_s:
            return
        try:
            for start in range(0, len(uids), LISTED_AT_ONCE):
                session.move(uids[start : start + LISTED_AT_ONCE], target)
        except ImapFolderError as error:
            self._moves_at_s = time.monotonic() + MOVE_AGAIN_AFTER.total_seconds()
            self._hooks.not_moved(self._settings.name, self.folder, str(error))

    def _fetch(self, session: ImapSession, batch: Sequence[Listed]) -> list[Fetched]:
        if len(batch) == 1 and batch[0].size > self._settings.batch_bytes:
            raw = self._in_pieces(session, batch[0].uid)
            bodies = {} if raw is None else {batch[0].uid: raw}
        else:
            bodies = session.bodies([one.uid for one in batch], sum(one.size for one in batch))
        for one in batch:
            if one.uid not in bodies:
                self._withhold(one.uid, "the server did not deliver it exactly once and whole")
        return [Fetched(one, bodies[one.uid]) for one in batch if one.uid in bodies]

    def _in_pieces(self, session: ImapSession, uid: int) -> bytes | None:
        raw = bytearray()
        while len(raw) < self._settings.max_message_bytes:
            length = min(self._settings.batch_bytes, self._settings.max_message_bytes - len(raw))
            piece = session.piece(uid, len(raw), length)
            if piece is None or len(piece) > length:
                return None
            raw += piece
            if len(piece) < length:
                break
        return bytes(raw)

    def _keep(self, page: Page, fetched: Sequence[Fetched], news: list[int]) -> list[int]:
        """Commit a batch in one transaction; if that fails, one by one, to find the mail that cannot be kept."""
        if not fetched:
            return []
        try:
            receipts = self._commit(page, fetched)
        except Exception as error:  # noqa: BLE001 - whatever one mail does to the store, the next one is taken
            if len(fetched) > 1:
                return [uid for one in fetched for uid in self._keep(page, [one], news)]
            self._cannot_keep(fetched[0].listed.uid, error)
            return []
        self._store_failures = 0
        self._note(fetched, receipts)
        news += [one.listed.uid for one, receipt in zip(fetched, receipts, strict=True) if not receipt.repeated]
        return [one.listed.uid for one in fetched]

    def _cannot_keep(self, uid: int, error: Exception) -> None:
        self._withhold(uid, str(error) if isinstance(error, StoreError) else type(error).__name__)
        self._store_failures += 1
        if self._store_failures >= GIVE_UP_AFTER:
            self._store_failures = 0
            raise error

    def _commit(self, page: Page, fetched: Sequence[Fetched]) -> list[Receipt]:
        at = self._clock.now()
        arrivals = [self._arrival(page, one, at) for one in fetched]
        last = fetched[-1].listed.uid
        moves = last > page.cursor and not any(page.cursor < uid < last for uid in self._withheld)
        name = self._book.key

        def keep(transaction: Transaction) -> list[Receipt]:
            receipts = [transaction.accept(one, at) for one in arrivals]
            self._book.heard(transaction, at)
            if moves:
                transaction.set_cursor(name, page.uidvalidity, last)
            return receipts

        return self._store.submit(keep).result(self._settings.commit_timeout.total_seconds())

    def _note(self, fetched: Sequence[Fetched], receipts: Sequence[Receipt]) -> None:
        for one, receipt in zip(fetched, receipts, strict=True):
            self._settle([one.listed.uid])
            self._withheld.pop(one.listed.uid, None)
            self._hooks.accepted(self._settings.name, one.listed.uid, receipt, len(one.raw))

    def _withhold(self, uid: int, reason: str) -> None:
        """Ask for it again later. At the first time somebody may just have deleted it; at the second we tell."""
        rounds = self._withheld.get(uid, 0) + 1
        self._withheld[uid] = rounds
        if rounds == TELL_AT_ROUND:
            self._hooks.withheld(self._settings.name, uid, reason)

    def _catch_up(self, page: Page, found: Sequence[int]) -> None:
        """Move the cursor up to the first mail that is withheld: the ones before it are in or gone."""
        if not self._taken:
            return
        last = max((uid for uid in found if uid in self._taken), default=0)
        ahead = [uid for uid in self._withheld if uid > page.cursor]
        if ahead:
            last = min(last, min(ahead) - 1)
        name = self._book.key
        known = self._store.read(lambda reading: reading.cursor(name))
        behind = known is None or known[0] != page.uidvalidity or known[1] < last
        if last > 0 and behind:
            self._store.write(lambda transaction: transaction.set_cursor(name, page.uidvalidity, last))
        self._taken = {uid for uid in self._taken if uid > last}

    def _arrival(self, page: Page, fetched: Fetched, at: datetime) -> Arrival:
        """A fetched message as the gateway takes it. It was received when the server says it was (INTERNALDATE)."""
        listed, settings = fetched.listed, self._settings
        facts = {
            "mailbox": settings.name,
            "folder": self.folder,
            "uidvalidity": str(page.uidvalidity),
            "uid": str(listed.uid),
            "user": settings.address.user,
        }
        if listed.received_at is None:
            facts["internaldate"] = "unreadable"
        if listed.size > len(fetched.raw) >= settings.max_message_bytes:
            facts["truncated"] = "yes"
            facts["size"] = str(listed.size)
        return Arrival(
            channel=settings.channel,
            door="imap",
            raw=fetched.raw,
            received_at=listed.received_at or at,
            sender="",
            recipients=(),
            repeat_key=RepeatKey(self._book.repeat_key(page, listed.uid)),
            facts=facts,
            contract=settings.contract,
        )


def batches(listed: Sequence[Listed], settings: MailboxSettings) -> list[list[Listed]]:
    """Messages in order, grouped so that no group is too big or too many; a large message is alone."""
    groups: list[list[Listed]] = []
    size = 0
    for one in listed:
        if not groups or len(groups[-1]) >= settings.batch_messages or size + one.size > settings.batch_bytes:
            groups.append([])
            size = 0
        groups[-1].append(one)
        size += one.size
    return groups
