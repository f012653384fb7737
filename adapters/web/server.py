"""One HTTP server for all routes, inside the daemon's event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import BaseRoute

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""On every answer (PROMISES B-100)."""

MAX_PENDING = 2_048


class WebServer:
    """Listens from `start` to `stop`. A body larger than `max_body_bytes` is refused before it is read."""

    def __init__(self, routes: Sequence[BaseRoute], host: str, port: int, *, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        application = Starlette(
            routes=routes,
            middleware=[Middleware(BaseHTTPMiddleware, dispatch=self._answer)],
            exception_handlers={Exception: _fault},
        )
        config = uvicorn.Config(
            application,
            host=host,
            port=port,
            http="httptools",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=30,
            backlog=MAX_PENDING,
        )
        self._server = _Quiet(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be used.
        """
        self._task = asyncio.get_running_loop().create_task(self._serve())
        while not self._server.started:
            if self._task.done():
                self._task.result()
                raise OSError("the web server ended before it listened")
            await asyncio.sleep(0.01)

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit as ended:
            # uvicorn exits the process when the address is taken; the daemon says so itself.
            host, port = self._server.config.host, self._server.config.port
            raise OSError(f"cannot listen on {host}:{port} for HTTP: is something else listening there?") from ended

    @property
    def port(self) -> int:
        """The port it listens on, 0 before `start`."""
        for server in self._server.servers:
            for socket in server.sockets:
                return int(socket.getsockname()[1])
        return 0

    async def stop(self, grace_s: float) -> None:
        """Take no more requests, let those under way finish."""
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, grace_s)

    async def _answer(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) > self._max_body_bytes:
            return PlainTextResponse("too large", 413)
        response = await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class _Quiet(uvicorn.Server):
    """Without signal handlers of its own: the daemon has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the daemon."""
        yield


async def _fault(_request: Request, _error: Exception) -> Response:
    """Our own fault: a fixed sentence, nothing of the error (B-092)."""
    return PlainTextResponse("internal error", 500)
