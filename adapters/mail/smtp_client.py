"""One mail out through a relay, with every time-out explicit. Every answer is a value; nothing here raises.

Certificates are always checked and clear text is never a fallback (B-006). An unknown failure is `Deferred`, and so is
a refusal that concerns our own configuration (greeting, TLS, login); `Refused` is what the far side said about this
very sender, recipient or message. A connection lost after the final dot is `Deferred`: perhaps sent, and the same
Message-ID on the retry lets the far side see it.

aiosmtplib rather than smtplib: it doubles the dot of every line and leaves no bare CR or LF (smtplib overlooks
CR . CR LF, F7), and one deadline can be put over the whole dialogue, which a slowly dripping server cannot stretch line
by line. It runs in a loop of its own inside the calling worker thread.

`RelaySessions` keeps a connection for the mails that follow: connecting, greeting and TLS cost more than the mail.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib

from adapters.mail.compose import plain_address
from adapters.mail.headers import Headers, message_id, split
from gateway.domain.dispatch import Deferred, Outcome, Refused, Sent

MAX_REASON = 200
"""Characters of what the far side said."""
WHOLE_DIALOGUE = 10
"""Times `timeout_s` that a whole dialogue may take, the data included."""
KEPT_S = 4.0
"""How long a connection without mail is kept, in seconds."""
MOST_MAILS = 100
"""How many mails go by one connection: many servers ask for a new one then."""
SERVICE_CLOSING = 421

_ADDRESS = re.compile(r"[^\s<>@:;,\"']{1,64}@[^\s<>@:;,\"']{1,253}")
_ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
_BARE = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Relay:
    """Where our mail goes out. `tls` "none" is accepted for loopback only. `ca_file` replaces the system's roots."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: Literal["none", "starttls", "implicit"]
    helo: str
    timeout_s: float
    ca_file: str | None = None


def send(relay: Relay, envelope_from: str, recipients: tuple[str, ...], raw: bytes) -> Outcome:
    """Hand one mail to the relay on a connection of its own: see `RelaySessions.send`."""
    with contextlib.closing(RelaySessions(relay)) as sessions:
        return sessions.send(envelope_from, recipients, raw)


class RelaySessions:
    """Connections to one relay, kept for a while for the mail that follows. Thread-safe; one mail at a time on each."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._lock = threading.Lock()
        self._idle: list[_Session] = []
        self._sweeper: threading.Timer | None = None
        self._closed = False

    def send(self, envelope_from: str, recipients: tuple[str, ...], raw: bytes) -> Outcome:
        """Hand one mail to the relay: `Sent` with its Message-ID, `Deferred`, or `Refused`.

        All recipients or none: when one is refused or deferred, nobody gets the mail, so that a retry doubles nothing.
        Blocks for at most ten times `relay.timeout_s`, twice that when a kept connection turns out to be dead.
        """
        sender = plain_address(envelope_from.strip("<> "))
        if envelope_from.strip("<> ") and not sender:
            return Refused("the envelope sender is not an address", "5.1.7")
        to = tuple(plain_address(one) for one in recipients)
        if not to or not all(to):
            return Refused("a recipient is not an address", "5.1.3")
        if self._relay.tls == "none" and not _is_loopback(self._relay.host):
            return Deferred("clear text to a relay that is not on this machine is not allowed: set tls")
        try:
            return self._deliver(sender, to, _wire(raw))
        except Exception as error:  # noqa: BLE001 - an outlet answers with a value; what we do not know is "perhaps later"
            return Deferred(_reason("not sent", error), down=True)

    def _deliver(self, sender: str, to: tuple[str, ...], raw: bytes) -> Outcome:
        """On a kept connection, or on a new one where that had ended before anything was sent on it."""
        kept = self._take()
        if kept is not None:
            outcome = kept.deliver(sender, to, raw)
            self._give_back(kept)
            if not (isinstance(outcome, Deferred) and kept.ended_before_the_mail):
                return outcome
        fresh = _Session(self._relay)
        try:
            return fresh.deliver(sender, to, raw)
        finally:
            self._give_back(fresh)

    def _take(self) -> _Session | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _give_back(self, session: _Session) -> None:
        with self._lock:
            if session.is_good() and not self._closed:
                self._idle.append(session)
                self._sweep_later()
                return
        session.close()

    def _sweep_later(self) -> None:
        if self._sweeper is None:
            self._sweeper = threading.Timer(KEPT_S, self._sweep)
            self._sweeper.daemon = True
            self._sweeper.start()

    def _sweep(self) -> None:
        """Leave the relay when nothing more came: nobody likes a caller who holds the line and is silent."""
        now = time.monotonic()
        with self._lock:
            over = [session for session in self._idle if now - session.used_at >= KEPT_S / 2]
            self._idle = [session for session in self._idle if session not in over]
            self._sweeper = None
            if self._idle:
                self._sweep_later()
        for session in over:
            session.close()

    def close(self) -> None:
        """Leave the relay."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            if self._sweeper is not None:
                self._sweeper.cancel()
        for session in idle:
            session.close()


class _Session:
    """One connection with a loop of its own. Used by one thread at a time."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._client: aiosmtplib.SMTP | None = None
        self._mails = 0
        self.used_at = time.monotonic()
        self.ended_before_the_mail = False

    def deliver(self, sender: str, to: tuple[str, ...], raw: bytes) -> Outcome:
        """One mail."""
        return self._runner.run(self._within(sender, to, raw))

    def is_good(self) -> bool:
        """Whether the next mail may go the same way."""
        return self._client is not None and self._client.is_connected and self._mails < MOST_MAILS

    def close(self) -> None:
        """Say goodbye if the line still stands."""
        try:
            if self._client is not None:
                self._runner.run(_leave(self._client))
        finally:
            self._runner.close()

    async def _within(self, sender: str, to: tuple[str, ...], raw: bytes) -> Outcome:
        stage = _Stage()
        try:
            async with asyncio.timeout(self._relay.timeout_s * WHOLE_DIALOGUE):
                return await self._dialogue(sender, to, raw, stage)
        except TimeoutError:
            self._drop()
            return Deferred(_maybe(stage, "the relay takes too long"), down=True)

    async def _dialogue(self, sender: str, to: tuple[str, ...], raw: bytes, stage: _Stage) -> Outcome:
        try:
            client = self._client or await self._connected()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # A 5xx here is about us, not about this mail: every mail would be refused while a setting is wrong.
            return Deferred(_reason("no connection to the relay", error), down=True)
        outcome = await self._mail(client, sender, to, raw, stage)
        self._mails += 1
        self.used_at = time.monotonic()
        return outcome

    async def _connected(self) -> aiosmtplib.SMTP:
        client = _client(self._relay)
        try:
            await client.connect()
            if self._relay.user and self._relay.password is not None:
                await client.login(self._relay.user, self._relay.password)
        except BaseException:
            client.close()
            raise
        self._client = client
        return client

    async def _mail(
        self, client: aiosmtplib.SMTP, sender: str, to: tuple[str, ...], raw: bytes, stage: _Stage
    ) -> Outcome:
        try:
            return await _transaction(client, sender, to, raw, stage)
        except aiosmtplib.SMTPResponseException as error:
            self.ended_before_the_mail = error.code == SERVICE_CLOSING and not stage.dotted
            self._drop()
            return _said(error)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self.ended_before_the_mail = not stage.dotted
            self._drop()
            return Deferred(_maybe(stage, _reason("the dialogue broke off", error)), down=True)

    def _drop(self) -> None:
        """After anything that went wrong the next mail gets a new connection."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wire(raw: bytes) -> bytes:
    """The bytes with CRLF at every line end and no NUL (RFC 5321 §2.3.8)."""
    return _BARE.sub(b"\r\n", raw.replace(b"\0", b""))


class _Stage:
    """How far a dialogue came: what a failure means depends on it."""

    def __init__(self) -> None:
        self.dotted = False


def _maybe(stage: _Stage, reason: str) -> str:
    return f"perhaps sent: {reason}"[:MAX_REASON] if stage.dotted else reason[:MAX_REASON]


def _client(relay: Relay) -> aiosmtplib.SMTP:
    context = None
    if relay.tls != "none":
        context = ssl.create_default_context(cafile=relay.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        timeout=relay.timeout_s,
        local_hostname=relay.helo,
        use_tls=relay.tls == "implicit",
        start_tls=relay.tls == "starttls",
        tls_context=context,
        validate_certs=True,
    )


async def _transaction(client: aiosmtplib.SMTP, sender: str, to: tuple[str, ...], raw: bytes, stage: _Stage) -> Outcome:
    options = [f"SIZE={len(raw)}"] if client.supports_extension("size") else []
    await client.mail(sender, options=options)
    for one in to:
        await client.rcpt(one)
    stage.dotted = True
    await client.data(raw)
    return Sent(_message_id(raw))


def _message_id(raw: bytes) -> str:
    block, _ = split(raw)
    return message_id(Headers.of_bytes(block).first("message-id"))[0] or "accepted by the relay"


def _said(error: aiosmtplib.SMTPResponseException) -> Outcome:
    reason = _reason("the relay says", error)
    # 421 and 4xx: later. 5xx with words: never. RFC 5321 §4.2.1; 530, 534, 535, 538: we are not logged in as we should.
    if 500 <= error.code < 600 and error.code not in (500, 501, 502, 503, 504, 530, 534, 535, 538):  # noqa: PLR2004 - SMTP
        enhanced = _ENHANCED.match(error.message)
        return Refused(reason, enhanced[1] if enhanced else str(error.code))
    return Deferred(reason)


def _reason(what: str, error: Exception) -> str:
    """What went wrong in at most 200 characters, without anybody's address."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        said = f"{error.code} {error.message}"
    else:
        said = f"{type(error).__name__}: {error}"
    said = " ".join(_ADDRESS.sub("…", said).split())
    printable = "".join(char for char in said if char.isprintable())
    return f"{what}: {printable}"[:MAX_REASON]


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        if client.is_connected:
            await client.quit(timeout=2)
    except (aiosmtplib.SMTPException, OSError):
        pass
    finally:
        client.close()
