"""A mailbox that is being read, and what it told."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.imap import Mailbox, MailboxSettings
from adapters.mail.imap_address import ImapAddress
from adapters.store import SqlStore
from gateway.domain.intake import Intake, Receipt
from gateway.ports import Reading as StoreReading
from tests.peers.dovecot import PASSWORD

SHORT = timedelta(seconds=0.05)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Heard:
    def __init__(self) -> None:
        self.accepted_uids: list[int] = []
        self.repeats: list[int] = []
        self.withheld_uids: list[int] = []
        self.rescans: list[int] = []
        self.gone_uids: list[tuple[list[int], list[int]]] = []
        self.late_uids: list[int] = []
        self.unmoved: list[str] = []
        self.alarms: list[tuple[int, str]] = []
        self.recoveries = 0

    def accepted(self, mailbox: str, uid: int, receipt: Receipt, size: int) -> None:
        (self.repeats if receipt.repeated else self.accepted_uids).append(uid)

    def withheld(self, mailbox: str, uid: int, reason: str) -> None:
        self.withheld_uids.append(uid)

    def rescanned(self, mailbox: str, uidvalidity: int) -> None:
        self.rescans.append(uidvalidity)

    def gone(self, mailbox: str, folder: str, uids: Sequence[int], deleted: Sequence[int]) -> None:
        self.gone_uids.append((list(uids), list(deleted)))

    def late(self, mailbox: str, folder: str, uids: Sequence[int]) -> None:
        self.late_uids += uids

    def not_moved(self, mailbox: str, folder: str, reason: str) -> None:
        self.unmoved.append(reason)

    def unreachable(self, mailbox: str, failures: int, error: str) -> None:
        self.alarms.append((failures, error))

    def recovered(self, mailbox: str) -> None:
        self.recoveries += 1


class Reading:
    def __init__(
        self,
        store: SqlStore,
        port: int,
        *,
        timeout_s: float = 5,
        user: str = "user",
        **settings: Any,  # noqa: ANN401 - settings by name
    ) -> None:
        here = ImapAddress("127.0.0.1", port, user, PASSWORD, "none", timeout=timedelta(seconds=timeout_s))
        box = MailboxSettings("assistenza", here, idle=False, poll_every=SHORT)
        box = replace(box, retry_first=SHORT, retry_longest=SHORT, refused_longest=SHORT)
        self.store = store
        self.heard = Heard()
        self.mailbox = Mailbox(replace(box, **settings), store, WallClock(), hooks=self.heard)
        self.mailbox.start()

    def rounds(self) -> None:
        """Wait for a whole round that begins after now."""
        for _ in range(2):
            self._another_round()

    def _another_round(self) -> None:
        before = self.mailbox.state.last_success_at
        assert until(lambda: self.mailbox.state.last_success_at not in (None, before)), self.mailbox.state

    def intakes(self) -> list[Intake]:
        """Oldest first, with their bytes."""
        return self.store.read(_whole)

    def bodies(self) -> list[bytes]:
        return [intake.raw for intake in self.intakes()]

    def cursor(self) -> tuple[int, int] | None:
        return self.store.read(lambda reading: reading.cursor("assistenza"))


def _whole(reading: StoreReading) -> list[Intake]:
    found = [reading.intake(one.id, raw=True) for one in reversed(reading.intakes())]
    return [one for one in found if one is not None]


def until(true: Callable[[], bool], within_s: float = 10) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return true()
