"""The SMTP listener: opens the door on the daemon's event loop, looks after its connections, and closes it gently."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from adapters.smtp import answers
from adapters.smtp.door import Door, NoHooks, SmtpHooks
from adapters.smtp.progress import Phase
from adapters.smtp.session import SmtpSession, blank
from adapters.smtp.settings import Networks, SmtpSettings
from adapters.smtp.submitters import Submitters
from gateway.domain.intake import Arrival, Receipt
from gateway.ports import Clock

BACKLOG = 512
SLOWEST_ROUND_S = 1.0
SOCKET_MODE = 0o660
"""Whoever is in our group may deliver: our own mail server's user."""


class SmtpListener:
    """Mail in by SMTP.

    `recipients` answers whether an address (domain in lower case) is one of ours; it is called on the loop. `accept`
    hands the arrival to the store and must return at once; its future is done after the commit is on disk. `tls`
    gives the context for STARTTLS, anew for each connection.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        recipients: Callable[[str], bool],
        accept: Callable[[Arrival], Future[Receipt]],
        clock: Clock,
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        hooks: SmtpHooks | None = None,
        submitters: Submitters | None = None,
    ) -> None:
        self._settings = settings
        self._door = Door(settings, recipients, accept, clock, tls=tls, hooks=hooks or NoHooks(), submitters=submitters)
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port it listens on (0 before `start`, and on a Unix socket)."""
        if self._server is None or not self._server.sockets or self._settings.path:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._door.sessions)

    @property
    def heard_at(self) -> float:
        """When a client said something last, in s of the monotonic clock; what it sends of a message does not count."""
        return self._door.heard_at

    def trust(self, networks: Networks) -> None:
        """Whom limits for each sender do not bind, from now on. Called on the loop."""
        self._door.trust(networks)

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be used.
        """
        # aiosmtpd logs addresses and every command; what is worth a line goes through the hooks, masked there.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        loop = asyncio.get_running_loop()
        begin: Mapping[str, object] = blank(self._door, loop)

        def session() -> SmtpSession:
            return SmtpSession(self._door, begin, loop)

        where = self._settings
        if where.path:
            self._server = await loop.create_unix_server(session, where.path, backlog=BACKLOG)
            os.chmod(where.path, SOCKET_MODE)  # noqa: PTH101 - nothing but a path of the settings
        else:
            self._server = await loop.create_server(session, where.host, where.port, backlog=BACKLOG)
        self._watch = loop.create_task(self._look_after())

    async def stop(self, grace_s: float = 10.0) -> None:
        """Take no more connections, let messages under way finish for `grace_s` seconds, tell the others 421."""
        self._door.closing = True
        if self._server is not None:
            self._server.close()
        for session in list(self._door.sessions):
            session.drain_out()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._door.empty.wait(), grace_s)
        for session in list(self._door.sessions):
            session.cut(answers.CLOSING)
        if self._watch is not None:
            self._watch.cancel()
        await asyncio.sleep(0)

    async def _look_after(self) -> None:
        """Cut who is too slow."""
        loop = asyncio.get_running_loop()
        limits = self._settings
        shortest = min(limits.idle_timeout, limits.progress_timeout, limits.session_timeout, limits.rate_grace)
        every_s = min(SLOWEST_ROUND_S, max(0.02, shortest.total_seconds() / 4))
        while True:
            await asyncio.sleep(every_s)
            now = loop.time()
            for session in list(self._door.sessions):
                if session.progress.phase is not Phase.COMMIT and session.progress.too_slow(limits, now):
                    session.cut(answers.TOO_SLOW)
