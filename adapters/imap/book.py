"""What is durably known of one folder: how far it was read, what lay there at first sight, what is accounted for.

Each is a row beside the cursor. A row counts only under the UIDVALIDITY that it was written under.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from adapters.imap.settings import MailboxSettings
from adapters.mail.imap_session import Folder
from gateway.ports import Clock, Reading, Store, Transaction

FIRST, OLD, ACCOUNTED, AGAIN, START = "#first", "#old", "#accounted", "#again", "#start"
HEARD = "#heard"
ROWS = ("", FIRST, OLD, ACCOUNTED, AGAIN, START)
KEYS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """A folder under its present numbers.

    `cursor`: up to here everything is taken. `first`: the first UID that came after our first sight. `old`: what is
    below was left at first sight. `accounted`: up to here every number is either taken or was told as gone. `floor`:
    what is below `first` and was received before is left. `again`: how often numbers began anew under one UIDVALIDITY.
    """

    uidvalidity: int
    cursor: int
    first: int
    old: int
    accounted: int
    again: int
    floor: datetime | None
    is_anew: bool = False
    """The server has numbered the folder anew, and this is the first time that we see it."""


class Book:
    """The rows of one folder."""

    def __init__(self, settings: MailboxSettings, folder: str, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self.key = key_of(settings.name, folder)

    def page(self, folder: Folder, top: Callable[[], int]) -> Page:
        """The folder as it is known; at first sight it is written down what lies there (`top` is the last UID)."""
        rows = self._rows()
        known, first = rows[""], rows[FIRST]
        if first is None and known is not None and known[0] == folder.uidvalidity:
            self._store.write(lambda tx: tx.set_cursor(f"{self.key}{FIRST}", known[0], known[1] + 1))
            return self._page(folder, self._rows())
        if first is not None and first[0] == folder.uidvalidity:
            return self._page(folder, rows)
        is_new = known is None and first is None
        self._first_sight(folder, top(), is_new=is_new)
        return replace(self._page(folder, self._rows()), is_anew=not is_new)

    def _rows(self) -> dict[str, tuple[int, int] | None]:
        return self._store.read(lambda reading: {row: reading.cursor(f"{self.key}{row}") for row in ROWS})

    def _page(self, folder: Folder, rows: dict[str, tuple[int, int] | None]) -> Page:
        def value(row: str, otherwise: int) -> int:
            found = rows[row]
            return found[1] if found is not None and found[0] == folder.uidvalidity else otherwise

        start, first = rows[START], value(FIRST, 1)
        floor = self._settings.since
        if self._settings.first_is_new and start is not None:
            floor = datetime.fromtimestamp(start[1], UTC)
        return Page(
            folder.uidvalidity,
            value("", 0),
            first,
            value(OLD, 0),
            value(ACCOUNTED, first - 1),
            value(AGAIN, 0),
            floor,
        )

    def _first_sight(self, folder: Folder, top: int, *, is_new: bool) -> None:
        uidvalidity, at = folder.uidvalidity, int(self._clock.now().timestamp())
        left_alone = is_new and self._settings.first_is_new

        def write(transaction: Transaction) -> None:
            transaction.set_cursor(f"{self.key}{FIRST}", uidvalidity, top + 1)
            if is_new:
                transaction.set_cursor(f"{self.key}{START}", 1, at)
            if left_alone:
                transaction.set_cursor(f"{self.key}{OLD}", uidvalidity, top + 1)
                transaction.set_cursor(self.key, uidvalidity, top)

        self._store.write(write)

    def begin_again(self, page: Page, folder: Folder) -> None:
        """The server gives numbers that it has given before: everything is read again, under keys of its own."""
        uidnext = folder.uidnext or 1

        def write(transaction: Transaction) -> None:
            transaction.set_cursor(f"{self.key}{AGAIN}", page.uidvalidity, page.again + 1)
            transaction.set_cursor(f"{self.key}{FIRST}", page.uidvalidity, uidnext)
            transaction.set_cursor(f"{self.key}{OLD}", page.uidvalidity, min(page.old, uidnext))
            transaction.set_cursor(f"{self.key}{ACCOUNTED}", page.uidvalidity, uidnext - 1)
            transaction.set_cursor(self.key, page.uidvalidity, 0)

        self._store.write(write)

    def account(self, page: Page, uid: int) -> None:
        """Every number up to this one is taken, or has been told as gone."""
        self._store.write(lambda tx: tx.set_cursor(f"{self.key}{ACCOUNTED}", page.uidvalidity, uid))

    def heard(self, transaction: Transaction, at: datetime) -> None:
        """Something new has come."""
        transaction.set_cursor(f"{self.key}{HEARD}", 1, int(at.timestamp()))

    def heard_at(self) -> datetime | None:
        """When something new came last, or since when we listen; None before the first look."""
        rows = self._store.read(lambda reading: [reading.cursor(f"{self.key}{row}") for row in (HEARD, START)])
        found = [row[1] for row in rows if row is not None]
        return datetime.fromtimestamp(max(found), UTC) if found else None

    def repeat_key(self, page: Page, uid: int) -> str:
        """What a message is recognised by."""
        again = f"+{page.again}" if page.again else ""
        return f"imap:{self.key}:{page.uidvalidity}{again}:{uid}"

    def recorded(self, page: Page, uids: Iterable[int]) -> set[int]:
        """Which of these messages are on disk here."""
        by_key = {self.repeat_key(page, uid): uid for uid in uids}
        keys, found = list(by_key), set[int]()
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = keys[start : start + KEYS_AT_ONCE]
            found |= {by_key[key] for key in self._store.read(partial(_kept, some))}
        return found


def _kept(keys: Sequence[str], reading: Reading) -> set[str]:
    return reading.kept(keys)


def key_of(mailbox: str, folder: str) -> str:
    """Under which name a folder is written: two of one mailbox may have the same UIDVALIDITY, and the same UIDs."""
    return mailbox if folder.upper() == "INBOX" else f"{mailbox}/{folder}"


def is_known(store: Store, mailbox: str, folder: str) -> bool:
    """Whether a folder was looked at before."""
    key = key_of(mailbox, folder)
    return store.read(lambda reading: any(reading.cursor(f"{key}{row}") for row in ("", FIRST)))
