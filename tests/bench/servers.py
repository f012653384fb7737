"""`python -m tests.bench.servers sink|relay|carrier|daemon`: what is measured, each in a process of its own.

`sink` is aiosmtpd that keeps nothing: the limit that the SMTP engine sets. `relay` takes mail with as little work as
possible, so that where our acknowledgements go costs next to nothing; `carrier` does so with SMS. `daemon` is the
gateway as `serve` runs it.
"""

from __future__ import annotations

import asyncio
import re
import sys
import types
from pathlib import Path
from typing import cast

import uvloop
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP


async def _listen(factory: type[asyncio.Protocol] | None, port: int) -> None:
    loop = asyncio.get_running_loop()

    def bare() -> asyncio.Protocol:
        return SMTP(Sink(), hostname="sink.test", decode_data=False, enable_SMTPUTF8=True, loop=loop)

    server = await loop.create_server(factory or bare, "127.0.0.1", port, backlog=200)
    print("ready", flush=True)
    await server.serve_forever()


class Relay(asyncio.Protocol):
    """Answers 250 to everything; knows only DATA, the final dot and QUIT."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._held = b""
        self._in_data = False
        self._transport.write(b"220 relay.test\r\n")

    def data_received(self, data: bytes) -> None:
        self._held += data
        while self._held:
            if self._in_data:
                end = self._held.find(b"\r\n.\r\n")
                if end < 0:
                    return
                self._held, self._in_data = self._held[end + 5 :], False
                self._transport.write(b"250 OK\r\n")
                continue
            line, found, rest = self._held.partition(b"\r\n")
            if not found:
                return
            self._held = rest
            self._command(line[:4].upper())

    def _command(self, verb: bytes) -> None:
        if verb == b"DATA":
            self._in_data = True
            self._transport.write(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._transport.write(b"221 bye\r\n")
            self._transport.close()
        else:
            self._transport.write(b"250 OK\r\n")


class Carrier(asyncio.Protocol):
    """Takes every SMS and call, and has nothing in its books."""

    ANSWERS = types.MappingProxyType(
        {
            b"POST": b'{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued", "error_code": null}',
            b"call": b'{"calls": [], "next_page_uri": null, "page": 0, "page_size": 50}',
            b"mess": b'{"messages": [], "next_page_uri": null, "page": 0, "page_size": 50}',
            b"reco": b'{"recordings": [], "next_page_uri": null, "page": 0, "page_size": 50}',
        }
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._held = b""

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, rest = self._held.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if not found or len(rest) < (int(length[1]) if length else 0):
            return
        self._held = b""
        method, path = head.split(b" ", 2)[:2]
        what = b"POST" if method == b"POST" else path.partition(b"?")[0].rpartition(b"/")[2][:4].lower()
        body = self.ANSWERS.get(what, self.ANSWERS[b"POST"])
        status = b"201 Created" if method == b"POST" else b"200 OK"
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)


def _daemon(path: Path) -> None:
    from config.daemon import run
    from config.logs import configure

    configure(as_json=True)
    run(path, lambda _: print("ready", flush=True))


def main() -> None:
    kind, where = sys.argv[1:]
    if kind == "daemon":
        _daemon(Path(where))
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_listen({"relay": Relay, "carrier": Carrier}.get(kind), int(where)))


if __name__ == "__main__":
    main()
