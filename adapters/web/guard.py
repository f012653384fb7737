"""What every request passes on its way in and out: limits on head, body and time, fixed headers, no word of a fault.

uvicorn's httptools protocol takes headers without end and waits for a request without end; `Patient` sets both ends
(PROMISES B-098). `Guard` stands around the whole application, so that its own faults get the headers too (B-100).
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway import journal

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    # RFC 6797 §8.1: browsers pass over it where the connection is not encrypted.
    "Strict-Transport-Security": "max-age=31536000",
}
"""On every answer that does not have its own (PROMISES B-100)."""

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
"""Each costs a call in Python: five thousand tiny ones in every request would keep everybody else waiting."""
HEAD_WITHIN_S = 15.0
BODY_WITHIN_S = 30.0
_CLOSE = {"Connection": "close"}


class Guard:
    """Around the application: a body within size and time, or 413 and 408; headers on every answer."""

    def __init__(self, application: ASGIApp, max_body_bytes: int, body_within_s: float = BODY_WITHIN_S) -> None:
        self._application = application
        self._max_body_bytes = max_body_bytes
        self._body_within_s = body_within_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(_with_headers(message))

        try:
            if self._declared_too_large(scope):
                await PlainTextResponse("too large", 413, _CLOSE)(scope, receive, send_with_headers)
            else:
                await self._application(scope, self._limited(receive), send_with_headers)
        except Exception:
            # Already journalled and answered by `fault`; without an answer uvicorn makes one.
            if not begun:
                raise

    def _declared_too_large(self, scope: Scope) -> bool:
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        return any(value.isdigit() and int(value) > self._max_body_bytes for value in lengths)

    def _limited(self, receive: Receive) -> Receive:
        """Raises (inside the application, which answers) on a body that is too large or never ends."""
        size, complete, loop = 0, False, asyncio.get_running_loop()
        until = loop.time() + self._body_within_s

        async def receive_limited() -> Message:
            nonlocal size, complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "too slow", _CLOSE) from None
            size += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if size > self._max_body_bytes:
                raise HTTPException(413, "too large", _CLOSE)
            return message

        return receive_limited


def _with_headers(message: Message) -> Message:
    if message["type"] != "http.response.start":
        return message
    headers = list(message.get("headers", []))
    given = {name.lower() for name, _ in headers}
    headers += [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.lower().encode() not in given]
    return {**message, "headers": headers}


async def fault(request: Request, error: Exception) -> Response:
    """Our own fault: a reference to look for in the log, nothing of the error (B-092)."""
    reference = secrets.token_hex(6)
    journal.warned("web.fault", reference=reference, path=request.url.path, error=type(error).__name__)
    return PlainTextResponse(f"internal error {reference}", 500)


class Patient(HttpToolsProtocol):
    """A connection whose heads end within `MAX_HEAD_BYTES`, `MAX_HEADERS` and `HEAD_WITHIN_S`, or that is closed.

    Only uvicorn's h11 protocol has such a limit of its own; it is the slower one.
    """

    _head_bytes = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent
        """Start the clock of the first request."""
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop it."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and count what belongs to no complete head yet."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._deadline is None:
                self._wait_for_head()
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Headers too large.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """One more header; the parser answers 400 when this raises."""
        if len(self.headers) >= MAX_HEADERS:
            raise ValueError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete, whatever its body does."""
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next byte belongs to the next head."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _wait_for_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_WITHIN_S, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
