"""One HTTP server for all routes, inside the daemon's event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette

from adapters.web.guard import Guard, Patient, fault

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

MAX_PENDING = 256
"""How many wait to be accepted; asyncio accepts as many in one go, while nobody else is served."""
MAX_CONNECTIONS = 4_000
"""At the same time; a further request is answered 503."""
KEEP_ALIVE_S = 30


class WebServer:
    """Listens from `start` to `stop`. A body larger than `max_body_bytes` is refused, if it says so before it is read.

    Raises (from `start`):
        OSError: the address cannot be used.
    """

    def __init__(self, routes: Sequence[BaseRoute], host: str, port: int, *, max_body_bytes: int) -> None:
        application = Starlette(routes=routes, exception_handlers={Exception: fault})
        config = uvicorn.Config(
            Guard(application, max_body_bytes),
            host=host,
            port=port,
            http=Patient,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            limit_concurrency=MAX_CONNECTIONS,
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
        for server in getattr(self._server, "servers", ()):
            for socket in server.sockets:
                return int(socket.getsockname()[1])
        return 0

    async def stop(self, grace_s: float) -> None:
        """Take no more requests, let those under way finish."""
        self._server.should_exit = True
        if self._task is not None:
            with contextlib.suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(self._task, grace_s)


class _Quiet(uvicorn.Server):
    """Without signal handlers of its own: the daemon has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the daemon."""
        yield
