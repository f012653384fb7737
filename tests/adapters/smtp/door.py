"""A listener on a loop in a thread, in front of the real store, and a client that says exactly what it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import uvloop

from adapters.smtp import SmtpListener, SmtpSettings, Submitters
from adapters.store import SqlStore
from gateway.domain.intake import Arrival, Intake, Receipt
from gateway.ports import Reading

INTAKE = "assistenza@comune.example"
MAIL = (
    b"From: Maria Rossi <maria@example.org>\r\nTo: assistenza@comune.example\r\nSubject: stampante\r\n"
    b"Date: Tue, 24 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@example.org>\r\n\r\nLa stampante non stampa.\r\n"
)


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Heard:
    """What the door told the journal."""

    accepted_ids: list[int] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    faults: list[tuple[str, BaseException]] = field(default_factory=list)

    def accepted(self, receipt: Receipt, *, peer: str, size: int, took_s: float) -> None:
        self.accepted_ids.append(receipt.intake_id)

    def refused(self, what: str, *, peer: str) -> None:
        self.refusals.append(what)

    def fault(self, reference: str, error: BaseException) -> None:
        self.faults.append((reference, error))


def is_ours(address: str) -> bool:
    local, _, domain = address.rpartition("@")
    return domain == "comune.example" and local.partition("+")[0] == "assistenza"


class Running:
    """A door that is open. `accept` may be replaced to make the store misbehave as one that we do not own would."""

    def __init__(
        self,
        store: SqlStore,
        settings: SmtpSettings,
        *,
        accept: Callable[[Arrival], Future[Receipt]] | None = None,
        tls: Callable[[], Any] | None = None,
        submitters: Submitters | None = None,
    ) -> None:
        self.store = store
        self.heard = Heard()
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

        def kept(arrival: Arrival) -> Future[Receipt]:
            return store.submit_accept(arrival, datetime.now(UTC))

        self.listener = self.on_loop(self._made(settings, accept or kept, tls, submitters))
        self.port = self.listener.port

    async def _made(
        self,
        settings: SmtpSettings,
        accept: Callable[[Arrival], Future[Receipt]],
        tls: Callable[[], Any] | None,
        submitters: Submitters | None,
    ) -> SmtpListener:
        hooks, clock = self.heard, WallClock()
        listener = SmtpListener(settings, is_ours, accept, clock, tls=tls, hooks=hooks, submitters=submitters)
        await listener.start()
        return listener

    def on_loop(self, what: Any) -> Any:  # noqa: ANN401 - whatever the coroutine answers
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(30)

    def close(self) -> None:
        self.on_loop(self.listener.stop(0.1))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    def intakes(self) -> list[Intake]:
        return self.store.read(whole)


def whole(reading: Reading) -> list[Intake]:
    found = [reading.intake(one.id, raw=True) for one in reading.intakes()]
    return [one for one in found if one is not None]


class Client:
    """A socket that speaks SMTP literally."""

    def __init__(self, port: int | Path, *, greeted: bool = True, timeout: float = 20) -> None:
        if isinstance(port, int):
            self.sock = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(timeout)
            self.sock.connect(str(port))
        self._file = self.sock.makefile("rb")
        if greeted:
            assert self.answer().startswith("220 ")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self) -> str:
        """The next answer, or "" when the connection is closed."""
        lines = []
        while True:
            try:
                line = self._file.readline()
            except ConnectionError:
                return ""
            lines.append(line.decode())
            if line[3:4] != b"-":
                return "".join(lines)

    def say(self, line: str | bytes) -> str:
        self.send((line if isinstance(line, bytes) else line.encode()) + b"\r\n")
        return self.answer()

    def over_tls(self, context: ssl.SSLContext) -> None:
        """STARTTLS, and go on inside."""
        assert self.say("EHLO client.example").startswith("250")
        assert self.say("STARTTLS").startswith("220")
        self.sock = context.wrap_socket(self.sock, server_hostname="mx.example")
        self._file = self.sock.makefile("rb")

    def envelope(self, recipient: str = INTAKE) -> None:
        """Everything up to the 354."""
        assert self.say("EHLO client.example").startswith("250")
        assert self.say("MAIL FROM:<maria@example.org>").startswith("250")
        assert self.say(f"RCPT TO:<{recipient}>").startswith("250")
        assert self.say("DATA").startswith("354")
