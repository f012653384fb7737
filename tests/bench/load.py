"""`python -m tests.bench.load`: the load, in a process of its own: SMTP on bare sockets, every mail made beforehand.

Says `ready`, waits for a line on standard input, sends, and prints one JSON line. Instants are of the monotonic clock,
which all processes of a machine share.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import uvloop

from tests.bench.mails import RECIPIENT, Letter, letters

Commands = tuple[bytes, bytes, bytes]
_REPLY_CODE = 3
PATIENCE_S = 120


class Client(asyncio.Protocol):
    """One connection that sends one mail after the other, or one mail and QUIT; each command waits for its answer."""

    def __init__(self, mails: Iterator[Commands], *, one: bool, took: list[float], gone: asyncio.Future[None]) -> None:
        self._mails = mails
        self._one = one
        self._took = took
        self._gone = gone
        self._step = self._greeted
        self._mail: Commands = (b"", b"", b"")
        self._dot_at = 0.0
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._held += data
        last = self._held[self._held.rfind(b"\n", 0, -1) + 1 :]
        if not last.endswith(b"\n") or last[_REPLY_CODE : _REPLY_CODE + 1] == b"-":
            return
        if last[:1] not in b"23":
            self._fail(last)
        self._held = b""
        self._step()

    def _fail(self, answer: bytes) -> None:
        self._gone.set_exception(RuntimeError(answer.decode(errors="replace")))
        self._transport.close()

    def _greeted(self) -> None:
        self._transport.write(b"EHLO posta.example\r\n")
        self._step = self._next

    def _next(self) -> None:
        mail = next(self._mails, None)
        if mail is None:
            self._quit()
            return
        self._mail = mail
        self._transport.write(mail[0])
        self._step = self._sender_ok

    def _quit(self) -> None:
        self._transport.write(b"QUIT\r\n")
        self._step = self._transport.close

    def _sender_ok(self) -> None:
        self._transport.write(self._mail[1])
        self._step = self._recipient_ok

    def _recipient_ok(self) -> None:
        self._transport.write(b"DATA\r\n")
        self._step = self._data_ok

    def _data_ok(self) -> None:
        self._dot_at = time.monotonic()
        self._transport.write(self._mail[2])
        self._step = self._accepted

    def _accepted(self) -> None:
        self._took.append(time.monotonic() - self._dot_at)
        if self._one:
            self._quit()
        else:
            self._next()


async def _work(port: int, mails: Iterator[Commands], took: list[float], *, one: bool) -> None:
    """One customer after the other until no mail is left; with `one`, each on a connection of its own."""
    loop = asyncio.get_running_loop()
    while True:
        left = mails
        if one:
            mail = next(mails, None)
            if mail is None:
                return
            left = iter((mail,))
        gone = loop.create_future()
        await loop.create_connection(lambda m=left, g=gone: Client(m, one=one, took=took, gone=g), "127.0.0.1", port)  # type: ignore[misc]  # default arguments cannot be inferred
        await gone
        if not one:
            return


def commands(mail: Letter) -> Commands:
    """What is sent for one mail."""
    return (f"MAIL FROM:<{mail.sender}>\r\n".encode(), f"RCPT TO:<{RECIPIENT}>\r\n".encode(), mail.data)


async def send(port: int, mails: list[Commands], connections: int, *, one: bool) -> dict[str, float]:
    """Send all, and say when the first and the last 250 came."""
    took: list[float] = []
    queue = iter(mails)
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(_work(port, queue, took, one=one) for _ in range(connections)))
    ended = time.monotonic()
    took.sort()
    return {
        "began": began,
        "ended": ended,
        "mails": len(took),
        "rate": len(took) / (ended - began),
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[len(took) * 99 // 100] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--one", action="store_true", help="one mail per connection")
    parser.add_argument("--key", type=Path, help="with an attachment, signed with this DKIM key")
    options = parser.parse_args()
    mails = [commands(mail) for mail in letters(options.seed, options.count, options.key)]
    gc.freeze()
    print("ready", flush=True)
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(send(options.port, mails, options.connections, one=options.one))), flush=True)


if __name__ == "__main__":
    main()
