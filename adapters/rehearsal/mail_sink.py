"""An SMTP sink: takes every mail for anybody, keeps it byte for byte, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mail
from email.parser import BytesParser
from enum import StrEnum

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from adapters.rehearsal.records import Clock

MAX_BYTES = 64 * 1024 * 1024
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SunkMail:
    """One mail as it arrived. `raw` is what stood between DATA and the final dot, unstuffed."""

    at: datetime
    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes

    @property
    def parsed(self) -> Mail:
        """Read leniently (compat32), for looking at headers."""
        return BytesParser().parsebytes(self.raw)

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"] or "")


class Stage(StrEnum):
    """When the sink misbehaves."""

    RECIPIENT = "recipient"  # at RCPT TO
    DATA = "data"  # after the final dot


@dataclass(slots=True)
class MailFault:
    """One wrong, for the next `times` mails or recipients (None: until cleared), to `recipient` or to anybody.

    `reply` is answered instead of 250; without one the sink is only slow (`delay_s` real seconds) or cuts the
    connection (`cut`) after the final dot: then the mail was taken and the client cannot know.
    """

    stage: Stage
    reply: str = ""
    times: int | None = 1
    recipient: str = ""
    delay_s: float = 0
    cut: bool = False


class MailSink:
    """What was sent. `on_mail`, when set, is called with each mail in a thread before it is answered with 250."""

    def __init__(self, clock: Clock) -> None:
        self._now = clock
        self._lock = threading.Lock()
        self._messages: list[SunkMail] = []
        self._faults: list[MailFault] = []
        self.on_mail: Callable[[SunkMail], None] | None = None

    # --------------------------------------------------------------------------------------------------- what was sent

    @property
    def messages(self) -> list[SunkMail]:
        """Every mail taken, oldest first."""
        with self._lock:
            return list(self._messages)

    def to(self, recipient: str) -> list[SunkMail]:
        """The mails that were sent to `recipient`, whatever the case."""
        return [mail for mail in self.messages if recipient.lower() in {to.lower() for to in mail.rcpt_tos}]

    def clear(self) -> None:
        """Forget the mails and the faults, hand nothing on any more."""
        self.on_mail = None
        with self._lock:
            self._messages.clear()
            self._faults.clear()

    def keep(self, mail: SunkMail) -> None:
        with self._lock:
            self._messages.append(mail)

    # ----------------------------------------------------------------------------------------------------- misbehaving

    def refuse(self, code: int, text: str = "as rehearsed", *, recipient: str = "", times: int | None = 1) -> MailFault:
        """Answer `code` (4xx or 5xx): to that recipient at RCPT, else to the next mails after the final dot."""
        stage = Stage.RECIPIENT if recipient else Stage.DATA
        reply = f"{code} {code // 100}.0.0 {text}"
        return self.add(MailFault(stage, reply, times, recipient))

    def cut(self, times: int | None = 1) -> MailFault:
        """Take the mail and drop the connection after the final dot, without 250."""
        return self.add(MailFault(Stage.DATA, times=times, cut=True))

    def slow(self, delay_s: float, times: int | None = 1) -> MailFault:
        """Take `delay_s` real seconds to answer the final dot."""
        return self.add(MailFault(Stage.DATA, times=times, delay_s=delay_s))

    def add(self, fault: MailFault) -> MailFault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    @property
    def pending(self) -> list[MailFault]:
        with self._lock:
            return list(self._faults)

    def strike(self, stage: Stage, recipients: tuple[str, ...]) -> MailFault | None:
        """The fault that hits now, with one time less from now on."""
        with self._lock:
            for fault in self._faults:
                if fault.stage is stage and fault.recipient.lower() in {"", *(to.lower() for to in recipients)}:
                    if fault.times is not None:
                        fault.times -= 1
                        self._faults = [one for one in self._faults if one.times != 0]
                    return fault
        return None

    # ------------------------------------------------------------------------------------------------------- over SMTP

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Serve SMTP on the running loop; AUTH is offered and believes everybody."""
        loop = asyncio.get_running_loop()
        handler = _Handler(self, self._now)

        def protocol() -> SMTP:
            return SMTP(
                handler,
                data_size_limit=MAX_BYTES,
                enable_SMTPUTF8=True,
                hostname="mail-sink.invalid",
                ident="rehearsal",
                auth_require_tls=False,
                authenticator=_believe,
                loop=loop,
            )

        return await loop.create_server(protocol, host, port)


def _address(envelope: Envelope) -> str:
    """The return path; the library leaves the null one as it was written, `<>`."""
    return "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)


def _believe(*_: object) -> AuthResult:
    return AuthResult(success=True)


class _Handler:
    """The hooks of the SMTP library; it fixes their names and signatures."""

    def __init__(self, sink: MailSink, clock: Clock) -> None:
        self._sink = sink
        self._now = clock

    async def handle_RCPT(  # noqa: N802 - the library looks the hook up by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        fault = self._sink.strike(Stage.RECIPIENT, (address,))
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            return fault.reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        recipients = tuple(str(to) for to in envelope.rcpt_tos)
        fault = self._sink.strike(Stage.DATA, recipients) or MailFault(Stage.DATA)
        await asyncio.sleep(fault.delay_s)
        if fault.reply:
            return fault.reply
        mail = SunkMail(self._now(), _address(envelope), recipients, bytes(envelope.original_content or b""))
        if not await self._hand_on(mail):
            return "451 4.3.0 the mail could not be handed on"
        self._sink.keep(mail)
        if fault.cut and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "250 2.0.0 taken"

    async def _hand_on(self, mail: SunkMail) -> bool:
        if self._sink.on_mail is None:
            return True
        try:
            await asyncio.to_thread(self._sink.on_mail, mail)
        except Exception:
            log.exception("the mail sink could not hand a mail on")
            return False
        return True
