"""One mail out through a relay, with every time-out explicit. Every answer is a value; nothing here raises.

Certificates are always checked and clear text is never a fallback (B-006). An unknown failure is `Deferred`, and so is
a refusal that concerns our own configuration (greeting, TLS, login); `Refused` is what the far side said about this
very sender, recipient or message. A connection lost after the final dot is `Deferred`: perhaps sent, and the same
Message-ID on the retry lets the far side see it.

aiosmtplib rather than smtplib: it doubles the dot of every line and leaves no bare CR or LF (smtplib overlooks
CR . CR LF, F7), and one deadline can be put over the whole dialogue, which a slowly dripping server cannot stretch line
by line. It runs in a loop of its own inside the calling worker thread.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
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
    """Hand one mail to the relay: `Sent` with its Message-ID, `Deferred`, or `Refused`.

    All recipients or none: when one is refused or deferred, nobody gets the mail, so that a retry doubles nothing.
    Blocks for at most ten times `relay.timeout_s`.
    """
    sender = plain_address(envelope_from.strip("<> "))
    if envelope_from.strip("<> ") and not sender:
        return Refused("the envelope sender is not an address", "5.1.7")
    to = tuple(plain_address(one) for one in recipients)
    if not to or not all(to):
        return Refused("a recipient is not an address", "5.1.3")
    if relay.tls == "none" and not _is_loopback(relay.host):
        return Deferred("clear text to a relay that is not on this machine is not allowed: set tls")
    try:
        return asyncio.run(_within(relay, sender, to, _wire(raw)))
    except Exception as error:  # noqa: BLE001 - an outlet answers with a value; what we do not know is "perhaps later"
        return Deferred(_reason("not sent", error))


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


async def _within(relay: Relay, sender: str, to: tuple[str, ...], raw: bytes) -> Outcome:
    stage = _Stage()
    try:
        async with asyncio.timeout(relay.timeout_s * WHOLE_DIALOGUE):
            return await _dialogue(relay, sender, to, raw, stage)
    except TimeoutError:
        return Deferred(_maybe(stage, "the relay takes too long"))


def _maybe(stage: _Stage, reason: str) -> str:
    return f"perhaps sent: {reason}"[:MAX_REASON] if stage.dotted else reason[:MAX_REASON]


async def _dialogue(relay: Relay, sender: str, to: tuple[str, ...], raw: bytes, stage: _Stage) -> Outcome:
    client = _client(relay)
    try:
        await client.connect()
        if relay.user and relay.password is not None:
            await client.login(relay.user, relay.password)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        # A 5xx here is about us, not about this mail: every mail would be refused while a setting is wrong.
        return Deferred(_reason("no connection to the relay", error))
    try:
        return await _transaction(client, sender, to, raw, stage)
    except aiosmtplib.SMTPResponseException as error:
        return _said(error)
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return Deferred(_maybe(stage, _reason("the dialogue broke off", error)))
    finally:
        await _leave(client)


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
