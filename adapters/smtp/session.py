"""The dialogue with one client: aiosmtpd's state machine, with a reader of messages and limits of our own.

Three traits of aiosmtpd 1.4.6 are answered here: an unended line grows without bound (F2), the timeout is not renewed
while data flows (F3), and a client that leaves cancels our work (F4; the commit itself is shielded in `door.py`).
"""

from __future__ import annotations

import asyncio
import base64
import re
import select
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from adapters.smtp import answers, login, paths
from adapters.smtp.door import Door
from adapters.smtp.progress import Phase, Progress

READ_BYTES = 65_536
"""Up to here a message is one piece of the stream; twice that is read ahead at most."""
MAX_COMMAND_BYTES = 2_048
MAX_UNKNOWN_COMMANDS = 5
_END = b"\r\n.\r\n"
_HOST = re.compile(r"[!-~]{1,255}$")


class _OneLimit(dict[str, int]):
    """The same size for every command: aiosmtpd keeps a dictionary that each EHLO makes larger for all connections."""

    def __missing__(self, _: str) -> int:
        return MAX_COMMAND_BYTES

    def __setitem__(self, key: str, value: int) -> None:
        """Stay as it is."""


class _Verbs(dict[str, Any]):
    """The commands of one session; asked for any other word it answers too, so that nothing is echoed."""

    def __init__(self, session: SmtpSession) -> None:
        super().__init__()
        self._session = session

    def get(self, verb: str, default: object = None) -> Any:  # noqa: ANN401 - the signature of dict
        return partial(self._session.obey, verb)


def blank(door: Door, loop: asyncio.AbstractEventLoop) -> Mapping[str, object]:
    """The state that every new session of a door begins with."""
    ident = answers.LMTP_GREETING if door.settings.lmtp else answers.GREETING
    return dict(vars(SMTP(door, loop=loop, hostname=door.hostname, ident=ident, enable_SMTPUTF8=True)))


class _TurnedAway(asyncio.Protocol):
    """A connection that got its answer and is being closed."""


class SmtpSession(SMTP):
    """One connection."""

    command_size_limit = MAX_COMMAND_BYTES
    command_size_limits = _OneLimit()
    line_length_limit = READ_BYTES

    def __init__(self, door: Door, begin: Mapping[str, object], loop: asyncio.AbstractEventLoop) -> None:
        # SMTP.__init__ looks through all methods of itself and of the handler, a third of the cost of a short
        # connection: it is run once (`blank`), and its result copied.
        self.__dict__.update(begin)
        asyncio.StreamReaderProtocol.__init__(
            self,
            asyncio.StreamReader(limit=READ_BYTES, loop=loop),
            client_connected_cb=self._cb_client_connected,
            loop=loop,
        )
        self._smtp_methods = _Verbs(self)
        self.tls_context = door.tls() if door.tls is not None else None
        self.data_size_limit = door.settings.max_message_bytes
        self.door = door
        self.peer = ""
        self.tls_version = ""
        self.declared_size = 0
        self.submitter = ""
        now = loop.time()
        self.progress = Progress(now, now, now)
        self._greeted = False
        self._early = False
        self._gone = False
        self._unknown_commands = 0
        self._held = 0

    # --------------------------------------------------------------------------------------------------- connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is None and not self._let_in(transport):
            return
        super().connection_made(transport)
        if self._original_transport is not None:
            self.progress.unended = 0
            cipher = transport.get_extra_info("cipher")
            self.tls_version = cipher[1] if cipher else "TLS"

    def _let_in(self, transport: asyncio.BaseTransport) -> bool:
        name = transport.get_extra_info("peername")
        self.peer = str(name[0]) if isinstance(name, tuple) else "local"
        refusal = self.door.admits(self, self.peer)
        if refusal is None:
            return True
        self.door.hooks.refused(refusal, peer=self.peer)
        way_back = cast("asyncio.WriteTransport", transport)  # uvloop's transports are no subclasses
        way_back.set_protocol(_TurnedAway())
        way_back.write(refusal.encode() + b"\r\n")
        way_back.close()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.door.leaves(self, self.peer)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self.progress.took(data, self.loop.time())
        if not self._greeted:
            self._early = True
        excess = self.progress.too_much(self.door.settings)
        if excess is not None:
            self.cut(excess)
            return
        super().data_received(data)

    def eof_received(self) -> bool | None:
        if self.progress.phase is Phase.COMMIT:
            # The client has closed its half after the final dot and may still listen: it gets its answer.
            self._gone = True
            return self.session is not None and self.session.ssl is None
        return super().eof_received()

    def _reset_timeout(self, duration: float | None = None) -> None:
        """No timer for each connection: the listener looks at `progress` of all of them (F3)."""
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(0, bool)

    async def _handle_client(self) -> None:
        try:
            if await self._turn_is_kept():
                await super()._handle_client()
        except ConnectionError:
            pass  # the client is gone; `connection_lost` has been or will be called
        except Exception as error:  # noqa: BLE001 - the edge of one session: no other one may notice
            self.door.fault(error)
            self.hang_up()

    async def _turn_is_kept(self) -> bool:
        delay_s = self.door.settings.greeting_delay.total_seconds()
        if delay_s:
            await asyncio.sleep(delay_s)
        self._greeted = True
        if not (self._early or self._readable()):
            return True
        self.cut(answers.TALKS_TOO_EARLY)
        return False

    def _readable(self) -> bool:
        """Whether bytes (or an end) of the client lie in the kernel already."""
        sock = self.transport.get_extra_info("socket") if self.transport is not None else None
        if sock is None or sock.fileno() < 0:
            return False
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def cut(self, answer: str) -> None:
        """Say why, and close."""
        if self.transport is not None and not self.transport.is_closing():
            self.door.hooks.refused(answer, peer=self.peer)
            self._writer.write(answer.encode() + b"\r\n")
            self.hang_up()

    def hang_up(self) -> None:
        """Close once what was written is out; a client that does not read it is not waited for."""
        for transport in (self.transport, self._original_transport):
            if transport is not None:
                transport.close()
        self.loop.call_later(5, self._abort)

    def hang_up_soon(self) -> None:
        """Close after the answer that is about to be given."""
        self.loop.call_soon(self.hang_up)

    def _abort(self) -> None:
        transport = self._original_transport or self.transport
        if transport is not None:
            cast("asyncio.WriteTransport", transport).abort()

    def drain_out(self) -> None:
        """The service stops: close now if it is the client's turn, else after the answer to its message."""
        if self.progress.phase is Phase.COMMAND:
            self.cut(answers.CLOSING)

    async def handle_exception(self, error: Exception) -> str:
        status = await super().handle_exception(error)
        if self.progress.phase is Phase.DATA:
            self.hang_up_soon()  # the rest of the message must not be read as commands
        return status

    # ----------------------------------------------------------------------------------------------------- commands

    async def obey(self, verb: str, argument: str | None) -> None:
        """Do one command, if it may be done."""
        self.door.heard_at = self.loop.time()
        self.progress.command(self.door.heard_at)
        if self.progress.commands > self.door.settings.max_commands:
            self.cut(answers.TOO_MUCH_TALK)
            return
        name = _METHODS.get(verb)
        if name is None:
            await self._unknown(verb)
        elif argument is not None and paths.FORBIDDEN.search(argument):
            await self.push(answers.BAD_CHARACTERS)
        else:
            await getattr(self, name)(argument)

    async def _unknown(self, verb: str) -> None:
        self._unknown_commands += 1
        if self._unknown_commands >= MAX_UNKNOWN_COMMANDS or verb in _NOT_MAIL:
            self.cut(answers.TOO_MUCH_TALK)
        else:
            await self.push(answers.UNKNOWN_COMMAND)

    async def smtp_HELO(self, hostname: str) -> None:
        if self.door.settings.lmtp:
            await self.push(answers.NOT_THIS_PROTOCOL)
        elif hostname and _HOST.match(hostname) is None:
            await self.push(answers.BAD_HELO)
        else:
            await super().smtp_HELO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:
        """Say what is offered, in one packet. AUTH is only inside TLS: what a password proves is who sends."""
        if self.door.settings.lmtp:
            await self.push(answers.NOT_THIS_PROTOCOL)
        else:
            await self._greet(hostname)

    async def smtp_LHLO(self, hostname: str) -> None:
        """EHLO under the name that LMTP gives it (RFC 2033 §4.1)."""
        if self.door.settings.lmtp:
            await self._greet(hostname)
        else:
            await self.push(answers.UNKNOWN_COMMAND)

    async def _greet(self, hostname: str) -> None:
        if not hostname or _HOST.match(hostname) is None or self.session is None:
            await self.push(answers.BAD_HELO)
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped
        self.session.extended_smtp = True
        self.session.host_name = hostname
        lines = [self.hostname, f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8", "PIPELINING"]
        if self.tls_context and not self._tls_protocol:
            lines.append("STARTTLS")
        if self._tls_protocol and self.door.takes_logins:
            lines.append("AUTH " + " ".join(login.MECHANISMS))
        await self.push("\r\n".join(f"250-{line}" for line in lines) + "\r\n250 HELP")

    async def smtp_STARTTLS(self, arg: str) -> None:
        if self._tls_protocol is not None:
            await self.push(answers.OUT_OF_ORDER)
        else:
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        refusal = self._login_refusal()
        if refusal is not None:
            await self.push(refusal)
            return
        if self.door.sends_away(self.peer):
            self.cut(answers.TOO_MANY_LOGINS)
            return
        said = await login.credentials(arg, self._ask)
        if isinstance(said, str):
            await self.push(said)
        elif await self.door.lets_in(self, *said):
            self.submitter = said[0]
            await self.push(answers.LOGGED_IN)
        else:
            await self.push(answers.WRONG_LOGIN)

    def _login_refusal(self) -> str | None:
        if not self.door.takes_logins:
            return answers.NOT_OFFERED
        if self._tls_protocol is None:
            return answers.NEEDS_TLS
        begun = self.envelope is not None and self.envelope.mail_from is not None
        known = self.session is not None and self.session.host_name
        return answers.OUT_OF_ORDER if self.submitter or begun or not known else None

    async def _ask(self, prompt: bytes) -> bytes:
        """The client's next line, without its end."""
        await self.push(b"334 " + base64.b64encode(prompt))
        return bytes(await self._reader.readline()).strip()

    async def smtp_EXPN(self, arg: str) -> None:
        await self.push(answers.NOT_OFFERED)

    async def smtp_VRFY(self, arg: str) -> None:
        await self.push(answers.MAY_EXIST)

    async def smtp_HELP(self, arg: str) -> None:
        await self.push(answers.HELP)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        return paths.path(arg) or (None, None)

    def _getparams(self, params: Any) -> dict[str, str | bool] | None:  # noqa: ANN401 - as aiosmtpd declares it
        found = super()._getparams(params)
        if not found:
            return found
        for name in paths.TOLERATED & found.keys():
            del found[name]
        # Whether it is too big is said with its enhanced code in `handle_MAIL`.
        size = found.get("SIZE")
        self.declared_size = 0
        if isinstance(size, str) and size.isascii() and size.isdigit():
            self.declared_size = int(size[:20])
            del found["SIZE"]
        return found

    # ------------------------------------------------------------------------------------------------------ message

    async def smtp_DATA(self, arg: str) -> None:
        refusal = self._data_refusal(arg)
        if refusal is not None:
            await self.push(refusal)
            return
        if self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001 - as aiosmtpd itself looks at it for STARTTLS
            self.cut(answers.TALKS_TOO_EARLY)
            return
        self.progress.enter(Phase.DATA, self.loop.time())
        await self.push(answers.START)
        try:
            status = await self._take_message()
        finally:
            self.door.let_go(self._held)
            self._held = 0
        self.progress.delivered(self.loop.time())
        if self.door.settings.lmtp and self.envelope is not None and "\n" not in status:
            status = "\r\n".join([status] * len(self.envelope.rcpt_tos))
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped
        await self.push(status)
        if self.door.closing:
            self.drain_out()
        elif self._gone:
            self.hang_up()

    def _data_refusal(self, arg: str) -> str | None:
        if self.session is None or not self.session.host_name or self.envelope is None:
            return answers.OUT_OF_ORDER
        if not self.envelope.mail_from or not self.envelope.rcpt_tos:
            return answers.OUT_OF_ORDER
        return answers.NO_ARGUMENT if arg else None

    async def _take_message(self) -> str:
        message = await self._message()
        self.progress.enter(Phase.COMMIT, self.loop.time())
        if isinstance(message, str):
            self.door.hooks.refused(message, peer=self.peer)
            return message
        assert self.envelope is not None and self.session is not None  # noqa: S101, PT018 - checked in _data_refusal
        self.envelope.content = message
        take = self.door.handle_each if self.door.settings.lmtp else self.door.handle_DATA
        return await take(self, self.session, self.envelope)

    async def _message(self) -> bytes | str:
        """The message up to its final dot, dots unstuffed; or the answer, if it is over a limit (all of it was read).

        Only CRLF.CRLF ends it (RFC 5321 §4.1.1.4), and only CRLF makes a line that a dot was doubled for (§4.5.2):
        no other line end is taken for one, in the text or at its end.
        """
        # The CRLF that ended the DATA command also begins the end of an empty message.
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001 - the stream has no public way to put back
        pieces: list[bytes] = []
        size = 0
        refusal: str | None = None
        while True:
            try:
                piece = await self._reader.readuntil(_END)
                ended = True
            except asyncio.LimitOverrunError as more:
                piece = await self._reader.read(more.consumed)
                ended = False
            size += len(piece)
            refusal = refusal or self._no_room(size, len(piece), ended=ended)
            if refusal is None:
                pieces.append(piece)
            else:
                pieces.clear()
            if ended:
                return refusal or _unstuffed(pieces)

    def _no_room(self, size: int, piece: int, *, ended: bool) -> str | None:
        if size - len(_END) > self.door.settings.max_message_bytes:
            return answers.TOO_BIG
        if ended and size <= READ_BYTES:
            return None  # small messages, one piece each, are bounded by the number of connections
        if not self.door.hold(piece):
            return answers.TOO_MUCH_HELD
        self._held += piece
        return None


def _unstuffed(pieces: list[bytes]) -> bytes:
    stuffed = b"".join(pieces) if len(pieces) > 1 else pieces[0]
    body = stuffed[:-3]
    pieces.clear()
    if b"\r\n." in body:
        body = body.replace(b"\r\n.", b"\r\n")
    return body[2:]


_METHODS = {name.removeprefix("smtp_"): name for name in dir(SmtpSession) if name.startswith("smtp_")}
# Browsers made to speak to us (cross-protocol attacks), and a proxy header from whoever: no mail server says these.
_NOT_MAIL = frozenset({"GET", "POST", "PUT", "CONNECT", "HEAD", "OPTIONS", "PROXY"})
