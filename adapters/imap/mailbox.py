"""One mailbox: a thread that stays connected, takes what is new, and comes back after every failure."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.imap.collector import Collector
from adapters.imap.hooks import ImapHooks, NoHooks
from adapters.imap.settings import MailboxSettings
from adapters.mail.imap_address import ImapFolderError, ImapLoginError
from adapters.mail.imap_session import ImapSession
from gateway.domain.errors import CentralinoError
from gateway.ports import Clock, Store

SHORTEST_ROUND_S = 0.1
"""Between two rounds, also when a server never stops telling."""


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How a mailbox does, for `readyz`."""

    name: str
    connected: bool = False
    last_success_at: datetime | None = None
    """The last time that everything the server had was on disk here."""
    last_error: str | None = None
    failures: int = 0
    """In a row."""
    withheld: int = 0
    """Mails that the server names and does not deliver."""


class Mailbox:
    """Mail in by IMAP. Nothing on the server is ever deleted; with `move_to` what is on disk goes to that folder."""

    def __init__(
        self, settings: MailboxSettings, store: Store, clock: Clock, *, hooks: ImapHooks | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._hooks: ImapHooks = hooks or NoHooks()
        self._collectors = [Collector(settings, each, store, clock, self._hooks) for each in settings.folders]
        self._state = MailboxState(settings.name)
        self._read_at_s = time.monotonic()
        self._stopping = threading.Event()
        self._cut: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=self._run, name=f"imap-{settings.name}", daemon=True)

    @property
    def state(self) -> MailboxState:
        """A snapshot."""
        return self._state

    @property
    def unread_s(self) -> float:
        """For how long it could not be read, in seconds of a clock that nobody sets; of a thread that hangs too."""
        return time.monotonic() - self._read_at_s

    def heard_at(self) -> datetime | None:
        """When something new came last into any folder, or since when we listen; None before the first look."""
        found = [at for at in (each.heard_at() for each in self._collectors) if at is not None]
        return max(found, default=None)

    def start(self) -> None:
        """Begin to read, in a thread of its own."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End at once, in the middle of whatever it waits for; whether it has ended."""
        self._stopping.set()
        self._cut()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read_on()
            except Exception as error:  # noqa: BLE001 - the edge of the loop: a mailbox never stops being read
                if not self._stopping.is_set():
                    self._failed(error)
                    self._stopping.wait(self._pause_s(refused=_is_refused(error)))
        self._state = replace(self._state, connected=False)

    def _read_on(self) -> None:
        with ImapSession.connect(self._settings.address, started=self._cuttable) as session:
            idles = self._settings.idle and session.can_idle
            while not self._stopping.is_set():
                self._round(session)
                self._succeeded()
                self._rest(session, idles=idles)

    def _round(self, session: ImapSession) -> None:
        """Every folder, the first one last, so that the server tells of it. One that is refused keeps no other back."""
        refused: ImapFolderError | None = None
        for collector in reversed(self._collectors):
            try:
                while collector.collect(session) and not self._stopping.is_set():
                    pass
            except ImapFolderError as error:
                refused = error
        if refused is not None:
            raise refused

    def _rest(self, session: ImapSession, *, idles: bool) -> None:
        """Until the server tells or it is time to look. Every IDLE is followed by a look: news may come at its end."""
        wait_s = self._settings.poll_every.total_seconds()
        if idles:
            session.wait(min(wait_s, self._settings.idle_for.total_seconds()))
            self._stopping.wait(SHORTEST_ROUND_S)
        else:
            self._stopping.wait(wait_s)

    def _cuttable(self, cut: Callable[[], None]) -> None:
        self._cut = cut
        if self._stopping.is_set():
            cut()

    def _succeeded(self) -> None:
        if self._state.failures >= self._settings.alarm_after:
            self._hooks.recovered(self._settings.name)
        self._read_at_s = time.monotonic()
        self._state = MailboxState(
            self._settings.name,
            connected=True,
            last_success_at=self._clock.now(),
            last_error=self._state.last_error,
            withheld=sum(each.withheld for each in self._collectors),
        )

    def _failed(self, error: Exception) -> None:
        said = str(error) if isinstance(error, CentralinoError) else type(error).__name__
        failures = self._state.failures + 1
        self._state = replace(
            self._state,
            connected=False,
            last_error=said,
            failures=failures,
            withheld=sum(each.withheld for each in self._collectors),
        )
        if failures % self._settings.alarm_after == 0:
            self._hooks.unreachable(self._settings.name, failures, said)

    def _pause_s(self, *, refused: bool) -> float:
        """Doubling, with jitter: many mailboxes of one server do not come back in one moment."""
        first = self._settings.retry_first.total_seconds()
        longest = (self._settings.refused_longest if refused else self._settings.retry_longest).total_seconds()
        full = min(longest, first * float(2 ** min(self._state.failures - 1, 16)))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter is no secret


def _is_refused(error: Exception) -> bool:
    """Whether we are not let in, and most likely will not be until somebody does something."""
    return isinstance(error, ImapLoginError) or bool(getattr(error, "lasting", False))
