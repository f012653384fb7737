"""The rehearsal as a running thing: the carrier's HTTP server and the mail sink, in a thread of their own."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapters.rehearsal import control, rest
from adapters.rehearsal.carrier import Carrier, utc_now
from adapters.rehearsal.courier import Gateway
from adapters.rehearsal.mail_sink import MailSink
from adapters.rehearsal.page import Page
from adapters.rehearsal.records import Account, Clock

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
log = logging.getLogger(__name__)

Peer = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the stand-ins listen; 0 picks a free port."""

    host: str = "127.0.0.1"
    http: int = 0
    smtp: int = 0


class Connections:
    """The open HTTP connections by peer, so that one can be cut without an answer: no web framework offers that."""

    def __init__(self) -> None:
        self._open: dict[Peer, asyncio.Transport] = {}

    def protocol(self) -> type[H11Protocol]:
        """A protocol class for the web server that notes its connections here."""
        open_connections = self._open

        class Noted(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as its parent
                super().connection_made(transport)
                open_connections[_peer(transport)] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                open_connections.pop(_peer(self.transport), None)
                super().connection_lost(exc)

        return Noted

    def cut(self, request: Request) -> None:
        if request.client is not None:
            transport = self._open.get((request.client.host, request.client.port))
            if transport is not None:
                transport.abort()


def _peer(transport: asyncio.Transport) -> Peer:
    host, port = transport.get_extra_info("peername")[:2]
    return str(host), int(port)


def bound(host: str, port: int) -> socket.socket:
    """A socket listening there, with the protocol named.

    asyncio switches Nagle's algorithm off only where `proto` says TCP, and `socket.create_server` leaves it 0: each
    answer in two writes would then wait 40 ms for a delayed acknowledgement.

    Raises:
        OSError: the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(100)
    except OSError:
        listening.close()
        raise
    return listening


class Rehearsal:
    """Carrier and mail sink on loopback. A context manager; `start` and `stop` do the same by hand.

    `clock` dates everything; `seconds_scale` is how many real seconds a telephone second takes; with a `seed` the ids
    are the same at every run. The gateway may be given later, with `connect`.
    """

    def __init__(
        self,
        account: Account,
        *,
        gateway: Gateway | None = None,
        clock: Clock = utc_now,
        seconds_scale: float = 1.0,
        seed: str | None = None,
        ports: Ports | None = None,
    ) -> None:
        self._ports = ports or Ports()
        self.carrier = Carrier(account, clock=clock, seconds_scale=seconds_scale, seed=seed)
        self.mail = MailSink(clock)
        self.page = Page(self.carrier, self.mail)
        self.base_url = ""
        self.smtp_port = 0
        if gateway is not None:
            self.connect(gateway)
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._server: uvicorn.Server | None = None

    def connect(self, gateway: Gateway) -> None:
        """Tell the carrier where the gateway is, before or after the start."""
        self.carrier.connect(gateway)

    def start(self) -> Self:
        """Listen. Afterwards `base_url` and `smtp_port` are known.

        Raises:
            OSError: a port is taken.
            TimeoutError: the servers did not come up.
        """
        self._thread = threading.Thread(target=self._run, name="rehearsal", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S):
            raise TimeoutError(f"the stand-ins did not start within {START_TIMEOUT_S} s")
        if self._failure is not None:
            raise self._failure
        return self

    def reset(self) -> None:
        """Begin anew with the same addresses: no calls, texts, telephones, mails or faults."""
        self.carrier.reset()
        self.mail.clear()

    def stop(self) -> None:
        """Hang up, close both servers and wait for the thread."""
        if self._server is not None:
            self.carrier.stop_waiting()
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as failure:  # noqa: BLE001 - handed to whoever called start()
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        host = self._ports.host
        listening = bound(host, self._ports.http)
        self.base_url = self.carrier.base_url = f"http://{host}:{listening.getsockname()[1]}"
        smtp = await self.mail.listen(host, self._ports.smtp)
        self.smtp_port = smtp.sockets[0].getsockname()[1]
        self.carrier.attach(asyncio.get_running_loop())
        self._server = uvicorn.Server(self._config())
        serving = asyncio.create_task(self._server.serve(sockets=[listening]))
        self._ready.set()
        try:
            await serving
        finally:
            smtp.close()
            await self.carrier.close()

    def _config(self) -> uvicorn.Config:
        connections = Connections()
        app = Starlette(
            routes=[
                *rest.routes(self.carrier, connections.cut),
                *control.routes(self.carrier, self.mail),
                *self.page.routes(),
            ]
        )
        return uvicorn.Config(
            app,
            http=connections.protocol(),
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
