"""From a folder on a server to committed intakes: oldest first, each exactly once, by UID and never by flags or dates.

The cursor (UIDVALIDITY, UID) moves in the transaction that keeps the mail. It never moves over a message that the
server names but does not deliver as it should (F17): that one is asked for again at each round, and meanwhile the later
ones are taken (their repeat keys recognise them after a restart).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from adapters.imap.settings import MailboxSettings
from adapters.mail.imap_session import Folder, ImapSession, Listed
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Receipt, RepeatKey
from gateway.ports import Clock, Store, Transaction

LISTED_AT_ONCE = 500
TELL_AT_ROUND = 2
GIVE_UP_AFTER = 3
"""Failures of the store in a row: then it is the store's trouble, not the mail's."""


class ImapHooks(Protocol):
    """What a mailbox tells the journal. Called in its thread: must not raise."""

    def accepted(self, mailbox: str, uid: int, receipt: Receipt, size: int) -> None:
        """A mail is on disk."""
        ...

    def withheld(self, mailbox: str, uid: int, reason: str) -> None:
        """A mail could not be taken and is asked for again at each round. Told once for each mail."""
        ...

    def rescanned(self, mailbox: str, uidvalidity: int) -> None:
        """The server has numbered the folder anew: everything in it is read again."""
        ...

    def unreachable(self, mailbox: str, failures: int, error: str) -> None:
        """The server failed us so many times in a row; told at the alarm limit and at each multiple of it."""
        ...

    def recovered(self, mailbox: str) -> None:
        """It works again after an alarm."""
        ...


class NoHooks:
    """Tells nobody."""

    def accepted(self, mailbox: str, uid: int, receipt: Receipt, size: int) -> None:
        """Tell nobody."""

    def withheld(self, mailbox: str, uid: int, reason: str) -> None:
        """Tell nobody."""

    def rescanned(self, mailbox: str, uidvalidity: int) -> None:
        """Tell nobody."""

    def unreachable(self, mailbox: str, failures: int, error: str) -> None:
        """Tell nobody."""

    def recovered(self, mailbox: str) -> None:
        """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One raw message and what the server said of it."""

    listed: Listed
    raw: bytes


class Collector:
    """Takes what is new in one folder. Keeps between rounds which later mails are in already and which are withheld."""

    def __init__(self, settings: MailboxSettings, store: Store, clock: Clock, hooks: ImapHooks) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._hooks = hooks
        self._uidvalidity = 0
        self._taken: set[int] = set()
        self._withheld: dict[int, int] = {}
        self._store_failures = 0

    @property
    def withheld(self) -> int:
        """How many mails the server names and does not deliver."""
        return len(self._withheld)

    def collect(self, session: ImapSession, folder: Folder) -> int:
        """One round: how many mails were taken. 0 means that nothing (more) can be had now.

        Raises:
            ImapError: the server failed us; what was taken before is committed.
            StoreError: the store fails.
        """
        cursor = self._cursor(folder)
        found = session.uids_after(cursor, folder.uidnext)
        self._withheld = {uid: rounds for uid, rounds in self._withheld.items() if uid in set(found)}
        wanted = [uid for uid in found if uid not in self._taken]
        taken = 0
        for start in range(0, len(wanted), LISTED_AT_ONCE):
            taken += self._take(session, folder, wanted[start : start + LISTED_AT_ONCE])
        self._catch_up(folder, found)
        return taken

    def _cursor(self, folder: Folder) -> int:
        known = self._store.read(lambda reading: reading.cursor(self._settings.name))
        same = known is not None and known[0] == folder.uidvalidity
        if self._uidvalidity != folder.uidvalidity:
            self._uidvalidity = folder.uidvalidity
            self._taken.clear()
            self._withheld.clear()
            if known is not None and not same:
                self._hooks.rescanned(self._settings.name, folder.uidvalidity)
        return known[1] if known is not None and same else 0

    def _take(self, session: ImapSession, folder: Folder, uids: Sequence[int]) -> int:
        listed = session.listed(uids)
        for uid in uids:
            if uid not in listed:
                self._withhold(uid, "the server names it but says nothing, or twice, of it")
        taken = 0
        for batch in batches([listed[uid] for uid in uids if uid in listed], self._settings):
            fetched = self._fetch(session, batch)
            kept = self._keep(folder, fetched)
            if kept and self._settings.mark_seen:
                session.flag_seen(kept)
            taken += len(kept)
        return taken

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

    def _keep(self, folder: Folder, fetched: Sequence[Fetched]) -> list[int]:
        """Commit a batch in one transaction; if that fails, one by one, to find the mail that cannot be kept."""
        if not fetched:
            return []
        try:
            receipts = self._commit(folder, fetched)
        except Exception as error:  # noqa: BLE001 - whatever one mail does to the store, the next one is taken
            if len(fetched) > 1:
                return [uid for one in fetched for uid in self._keep(folder, [one])]
            self._cannot_keep(fetched[0].listed.uid, error)
            return []
        self._store_failures = 0
        self._note(fetched, receipts)
        return [one.listed.uid for one in fetched]

    def _cannot_keep(self, uid: int, error: Exception) -> None:
        self._withhold(uid, str(error) if isinstance(error, StoreError) else type(error).__name__)
        self._store_failures += 1
        if self._store_failures >= GIVE_UP_AFTER:
            self._store_failures = 0
            raise error

    def _commit(self, folder: Folder, fetched: Sequence[Fetched]) -> list[Receipt]:
        at = self._clock.now()
        arrivals = [arrival(self._settings, folder, one, at) for one in fetched]
        last = fetched[-1].listed.uid
        moves = not any(uid < last for uid in self._withheld)
        name = self._settings.name

        def keep(transaction: Transaction) -> list[Receipt]:
            receipts = [transaction.accept(one, at) for one in arrivals]
            if moves:
                transaction.set_cursor(name, folder.uidvalidity, last)
            return receipts

        return self._store.submit(keep).result(self._settings.commit_timeout.total_seconds())

    def _note(self, fetched: Sequence[Fetched], receipts: Sequence[Receipt]) -> None:
        for one, receipt in zip(fetched, receipts, strict=True):
            self._taken.add(one.listed.uid)
            self._withheld.pop(one.listed.uid, None)
            self._hooks.accepted(self._settings.name, one.listed.uid, receipt, len(one.raw))

    def _withhold(self, uid: int, reason: str) -> None:
        """Ask for it again later. At the first time somebody may just have deleted it; at the second we tell."""
        rounds = self._withheld.get(uid, 0) + 1
        self._withheld[uid] = rounds
        if rounds == TELL_AT_ROUND:
            self._hooks.withheld(self._settings.name, uid, reason)

    def _catch_up(self, folder: Folder, found: Sequence[int]) -> None:
        """Move the cursor up to the first mail that is withheld: the ones before it are in or gone."""
        if not self._taken:
            return
        last = max((uid for uid in found if uid in self._taken), default=0)
        if self._withheld:
            last = min(last, min(self._withheld) - 1)
        name = self._settings.name
        known = self._store.read(lambda reading: reading.cursor(name))
        behind = known is None or known[0] != folder.uidvalidity or known[1] < last
        if last > 0 and behind:
            self._store.write(lambda transaction: transaction.set_cursor(name, folder.uidvalidity, last))
        self._taken = {uid for uid in self._taken if uid > last}


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


def arrival(settings: MailboxSettings, folder: Folder, fetched: Fetched, at: datetime) -> Arrival:
    """A fetched message as the gateway takes it. It was received when the server says it was (INTERNALDATE)."""
    listed = fetched.listed
    facts = {
        "mailbox": settings.name,
        "uidvalidity": str(folder.uidvalidity),
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
        repeat_key=RepeatKey(f"imap:{settings.name}:{folder.uidvalidity}:{listed.uid}"),
        facts=facts,
        contract=settings.contract,
    )
