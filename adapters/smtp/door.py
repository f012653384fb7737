"""What the SMTP door decides: whom it lets in, whose mail it takes, and that 250 means stored.

aiosmtpd calls the `handle_…` methods; the dialogue itself is in `session.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from hashlib import sha256
from typing import Protocol

from aiosmtpd.smtp import Envelope, Session

from adapters.smtp import answers, paths
from adapters.smtp.arrivals import Delivery, arrival
from adapters.smtp.login import Turnstile
from adapters.smtp.progress import Progress
from adapters.smtp.rates import Rate, origin
from adapters.smtp.settings import Networks, SmtpSettings
from adapters.smtp.submitters import Submitters
from gateway.domain.intake import Arrival, Receipt
from gateway.ports import Clock

BIG_BYTES = 262_144
"""From here on hashing and scanning a message takes long enough to be no business of the event loop."""
MOST_DELAYS = 20
"""A failed log-in waits as many times `refusal_delay` at the most."""
MOST_REMEMBERED = 10_000
PATIENCE = 3
"""Unknown recipients that are answered at once: people mistype."""


class Client(Protocol):
    """A connection, as the door sees it."""

    peer: str
    tls_version: str
    declared_size: int
    submitter: str
    progress: Progress

    def cut(self, answer: str) -> None:
        """Say why, and close."""
        ...

    def hang_up_soon(self) -> None:
        """Close after the answer that is about to be given."""
        ...

    def drain_out(self) -> None:
        """The service stops: close now, or after the answer to the message under way."""
        ...


class SmtpHooks(Protocol):
    """What the door tells the journal. Called on the event loop: must be quick and must not raise."""

    def accepted(self, receipt: Receipt, *, peer: str, size: int, took_s: float) -> None:
        """A message is on disk and about to be answered 250."""
        ...

    def refused(self, what: str, *, peer: str) -> None:
        """Something was turned down for a reason on the client's side: the fixed answer it got."""
        ...

    def fault(self, reference: str, error: BaseException) -> None:
        """Something failed on our side; the client was told the reference and nothing else."""
        ...


class NoHooks:
    """Tells nobody."""

    def accepted(self, receipt: Receipt, *, peer: str, size: int, took_s: float) -> None:
        """Tell nobody."""

    def refused(self, what: str, *, peer: str) -> None:
        """Tell nobody."""

    def fault(self, reference: str, error: BaseException) -> None:
        """Tell nobody."""


class Door:
    """The decisions of one listener, and what its connections share."""

    def __init__(
        self,
        settings: SmtpSettings,
        recipients: Callable[[str], bool],
        accept: Callable[[Arrival], Future[Receipt]],
        clock: Clock,
        *,
        tls: Callable[[], ssl.SSLContext] | None,
        hooks: SmtpHooks,
        submitters: Submitters | None = None,
    ) -> None:
        self.settings = settings
        self.hostname = settings.hostname or socket.gethostname()
        self.hooks = hooks
        self.tls = tls
        self.closing = False
        self.heard_at = 0.0
        """When the last command came, in loop time."""
        self.sessions: set[Client] = set()
        self.empty = asyncio.Event()
        self.empty.set()
        self._recipients = recipients
        self._accept = accept
        self._clock = clock
        self.takes_logins = bool(submitters) and not settings.lmtp
        self._turnstile = Turnstile((submitters or Submitters({})).knows)
        self._connections = Rate(settings.max_connections_per_minute)
        self._messages = Rate(settings.max_messages_per_minute)
        self._senders = Rate(settings.max_messages_per_sender)
        self._failed_logins = Rate(settings.max_failed_logins, settings.failed_logins_window.total_seconds())
        self._trusted: dict[str, bool] = {}
        self._from: Counter[str] = Counter()
        self._held_bytes = 0
        self._answers = _Answers()

    def trust(self, networks: Networks) -> None:
        """Whom limits for each sender do not bind, from now on."""
        self.settings = replace(self.settings, trusted=networks)
        self._trusted.clear()

    # -------------------------------------------------------------------------------------------------- connections

    def admits(self, session: Client, peer: str) -> str | None:
        """None and a place for the connection, or the answer with which it is turned away."""
        if self.closing:
            return answers.CLOSING
        limits = self.settings
        if len(self.sessions) >= limits.max_connections or self._from[peer] >= limits.max_connections_per_address:
            return answers.TOO_MANY_CONNECTIONS
        now = asyncio.get_running_loop().time()
        if not self._trusts(peer) and not self._connections.allows(origin(peer), now):
            return answers.TOO_MANY_AT_ONCE
        self.sessions.add(session)
        self.empty.clear()
        self._from[peer] += 1
        return None

    def leaves(self, session: Client, peer: str) -> None:
        """A connection is over; its place is free."""
        if session in self.sessions:
            self.sessions.discard(session)
            self._from[peer] -= 1
            if self._from[peer] <= 0:
                del self._from[peer]
            if not self.sessions:
                self.empty.set()

    def hold(self, size: int) -> bool:
        """Whether there is room for so many more bytes of an unfinished message; they are counted until `let_go`."""
        if self._held_bytes + size > self.settings.max_bytes_in_flight:
            return False
        self._held_bytes += size
        return True

    def let_go(self, size: int) -> None:
        """So many bytes are held no more."""
        self._held_bytes -= size

    def fault(self, error: BaseException) -> str:
        """The answer to any fault of ours; what it was goes to the journal under the reference."""
        reference = secrets.token_hex(4)
        self.hooks.fault(reference, error)
        return answers.fault(reference)

    async def lets_in(self, server: Client, user: str, password: bytes) -> bool:
        """Whether a client may come in under this name. Each failure is answered later than the one before (B-009)."""
        if await self._turnstile.lets_in(user, password):
            return True
        count = self._failed_logins.count(origin(server.peer), asyncio.get_running_loop().time())
        self.hooks.refused(answers.WRONG_LOGIN, peer=server.peer)
        await asyncio.sleep(self.settings.refusal_delay.total_seconds() * min(count, MOST_DELAYS))
        return False

    def sends_away(self, peer: str) -> bool:
        """Whether too many wrong passwords came from an address lately: no further one is looked at."""
        return self._failed_logins.is_over(origin(peer), asyncio.get_running_loop().time())

    # ------------------------------------------------------------------------------------------- called by aiosmtpd

    async def handle_exception(self, error: Exception) -> str:
        """The same 451 as for every fault: aiosmtpd would answer 500 and show the exception to the stranger."""
        return self.fault(error)

    async def handle_VRFY(self, server: Client, session: Session, envelope: Envelope, address: str) -> str:
        """Tell nobody who is known here."""
        return answers.MAY_EXIST

    async def handle_MAIL(
        self, server: Client, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any sender may write, the null sender too (RFC 5321 §4.5.5)."""
        if server.declared_size > self.settings.max_message_bytes:
            self.hooks.refused(answers.TOO_BIG, peer=server.peer)
            return answers.TOO_BIG
        if not address.isascii() and not envelope.smtp_utf8:
            return answers.NO_UTF8
        if not self._may_send(server.peer, address):
            self.hooks.refused(answers.TOO_MANY_MESSAGES, peer=server.peer)
            return answers.TOO_MANY_MESSAGES
        envelope.mail_from = address
        return "250 2.1.0 OK"

    def _trusts(self, peer: str) -> bool:
        """As the settings say; remembered, for it is asked with every message."""
        known = self._trusted.get(peer)
        if known is None:
            if len(self._trusted) >= MOST_REMEMBERED:
                self._trusted.clear()
            known = self._trusted[peer] = self.settings.trusts(peer)
        return known

    def _may_send(self, peer: str, sender: str) -> bool:
        """Whether one more message may come from a peer and an envelope sender in this minute."""
        if self._trusts(peer):
            return True
        now = asyncio.get_running_loop().time()
        if not self._messages.allows(origin(peer), now):
            return False
        return sender == paths.NULL_SENDER or self._senders.allows(paths.canonical(sender).casefold(), now)

    async def handle_RCPT(
        self, server: Client, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only addresses that are configured exactly so, and no more of them than one message may have."""
        if not address.isascii() and not envelope.smtp_utf8:
            return answers.NO_UTF8
        recipient = paths.canonical(address)
        if not self._recipients(recipient):
            return await self._unknown(server)
        if recipient in envelope.rcpt_tos and not self.settings.lmtp:
            return "250 2.1.5 OK"
        if len(envelope.rcpt_tos) >= self.settings.max_recipients:
            self.hooks.refused(answers.TOO_MANY_RECIPIENTS, peer=server.peer)
            return answers.TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(recipient)
        return "250 2.1.5 OK"

    async def _unknown(self, server: Client) -> str:
        server.progress.unknown_recipients += 1
        count = server.progress.unknown_recipients
        self.hooks.refused(answers.NO_SUCH_RECIPIENT, peer=server.peer)
        if count > self.settings.max_refused_recipients:
            server.hang_up_soon()
            return answers.TOO_MANY_UNKNOWN
        if count > PATIENCE:
            await asyncio.sleep(self.settings.refusal_delay.total_seconds() * (count - PATIENCE))
        return answers.NO_SUCH_RECIPIENT

    async def handle_DATA(self, server: Client, session: Session, envelope: Envelope) -> str:
        """250 once the message is on disk; 451 for whatever goes wrong here."""
        return await self._kept(server, self._delivery(server, session, envelope))

    async def handle_each(self, server: Client, session: Session, envelope: Envelope) -> str:
        """LMTP: one answer for each recipient in their order, each kept by itself (RFC 2033 §4.2; B-024)."""
        whole = self._delivery(server, session, envelope)
        once = list(dict.fromkeys(envelope.rcpt_tos))
        if len(once) > 1:
            whole = replace(whole, delivery=sha256(whole.raw).hexdigest()[:32])
        said = await asyncio.gather(*(self._kept(server, replace(whole, recipients=(one,))) for one in once))
        by_recipient = dict(zip(once, said, strict=True))
        return "\r\n".join(by_recipient[one] for one in envelope.rcpt_tos)

    async def _kept(self, server: Client, delivery: Delivery) -> str:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            receipt = await self._stored(loop, delivery)
        except Exception as error:  # noqa: BLE001 - whatever it is, the sender keeps the mail and comes again
            return self.fault(error)
        self.hooks.accepted(receipt, peer=server.peer, size=len(delivery.raw), took_s=loop.time() - begun)
        return answers.ACCEPTED

    def _delivery(self, server: Client, session: Session, envelope: Envelope) -> Delivery:
        sender = envelope.mail_from or ""
        raw = envelope.content
        return Delivery(
            sender="" if sender == paths.NULL_SENDER else paths.canonical(sender),
            recipients=tuple(envelope.rcpt_tos),
            raw=raw if isinstance(raw, bytes) else b"",
            peer=server.peer,
            helo=session.host_name or "",
            tls=server.tls_version,
            smtputf8=envelope.smtp_utf8,
            received_at=self._clock.now(),
            submitter=server.submitter,
            door="lmtp" if self.settings.lmtp else "smtp",
        )

    async def _stored(self, loop: asyncio.AbstractEventLoop, delivery: Delivery) -> Receipt:
        if len(delivery.raw) > BIG_BYTES:
            made = await loop.run_in_executor(None, arrival, delivery)
        else:
            made = arrival(delivery)
        # F4: aiosmtpd cancels us when the client leaves. The commit goes on without us, and the repeat key
        # recognises the next try.
        waiting: asyncio.Future[Receipt] = loop.create_future()
        self._accept(made).add_done_callback(lambda answer: self._answers.tell(loop, waiting, answer))
        async with asyncio.timeout(self.settings.commit_timeout.total_seconds()):
            return await waiting


class _Answers:
    """What the store's thread says, brought to the loop: those of one commit together, in one call."""

    def __init__(self) -> None:
        self._said: deque[tuple[asyncio.Future[Receipt], Future[Receipt]]] = deque()
        self._under_way = False

    def tell(self, loop: asyncio.AbstractEventLoop, waiting: asyncio.Future[Receipt], answer: Future[Receipt]) -> None:
        """Called by the store. The loop may have ended meanwhile: then nobody waits."""
        self._said.append((waiting, answer))
        if not self._under_way:
            self._under_way = True
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._pass_on)

    def _pass_on(self) -> None:
        self._under_way = False
        while self._said:
            waiting, answer = self._said.popleft()
            if waiting.done():
                continue  # whoever waited has left
            if error := answer.exception():
                waiting.set_exception(error)
            else:
                waiting.set_result(answer.result())
