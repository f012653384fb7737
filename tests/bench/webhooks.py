"""Webhooks of the carrier: how many a second fifty lines at once get answered, and how long each waits.

As a program it is the load, in a process of its own: signed requests, made beforehand, over bare sockets. *At full
speed* every line sends its next request as soon as the last is answered. *As fifty callers* every line sends one every
`EVERY_S`, which is still more than people do: one listens for seconds between two requests.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from hashlib import sha1
from hmac import digest
from pathlib import Path
from typing import cast
from urllib.parse import urlencode

import uvloop

from tests.bench.measuring import SERVERS, daemon, relay
from tests.bench.processes import ROOT, Sent, free_port, process

LINES = 50
EVERY_S = 1.0
PUBLIC_URL = "https://bench.example"
SID, TOKEN, DESK, TEXTS = "AC" + "0" * 32, "the-token-of-the-bench-account", "+390700000200", "+393330000200"
KINDS = ("voice", "sms")
PATIENCE_S = 120
_OK = b"HTTP/1.1 200"
_SEEDS = iter(range(1, 1_000))


@dataclass(slots=True)
class Answered:
    """One kind of webhook, run by run: at full speed, and as fifty callers."""

    rate: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    paced_p50_ms: list[float] = field(default_factory=list)
    paced_p99_ms: list[float] = field(default_factory=list)


def answered(folder: Path, repetitions: int, requests: int) -> dict[str, Answered]:
    """Both kinds of webhook on the daemon, in turn."""
    found = {kind: Answered() for kind in KINDS}
    for repetition in range(repetitions):
        place = folder / f"webhooks-{repetition}"
        place.mkdir()
        (place / "token").write_text(TOKEN)
        (place / "token").chmod(0o600)
        web, carrier = free_port(), free_port()
        with (
            relay(place) as out,
            process(SERVERS, "carrier", str(carrier), log=place / "carrier.log"),
            daemon(place, out, web=_settings(web, carrier)) as running,
        ):
            for kind in KINDS:
                _load(web, kind, LINES, every_s=0)  # a cold start is measured by nobody's telephone
            for kind, figures in found.items():
                fast = _load(web, kind, requests, every_s=0)
                figures.rate.append(fast.rate)
                figures.p50_ms.append(fast.p50_ms)
                figures.p99_ms.append(fast.p99_ms)
                running.watch.until_sent()
                paced = _load(web, kind, requests, every_s=EVERY_S)
                figures.paced_p50_ms.append(paced.p50_ms)
                figures.paced_p99_ms.append(paced.p99_ms)
        shutil.rmtree(place)
    return found


def _settings(web: int, carrier: int) -> str:
    return "\n".join((
        f'[http]\nlisten = "127.0.0.1:{web}"\npublic_url = "{PUBLIC_URL}"',
        f'[twilio]\naccount_sid = "{SID}"\nauth_token = {{file = "token"}}\nnumber = "{TEXTS}"',
        f'api_url = "http://127.0.0.1:{carrier}"',
        "[phone]\ncheck_address = false\nmax_sms_per_hour = 100000\nmax_sms_per_day = 100000",
    ))  # fmt: skip


def _load(port: int, kind: str, count: int, *, every_s: float) -> Sent:
    arguments = [f"--port={port}", f"--kind={kind}", f"--count={count}", f"--seed={next(_SEEDS)}", f"--every={every_s}"]
    command = [sys.executable, "-m", "tests.bench.webhooks", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        running.stdout.readline()
        out, _ = running.communicate("go\n")
    if running.returncode:
        raise RuntimeError("the load failed; what it said stands above")
    return Sent(**json.loads(out))


# ------------------------------------------------------------------------------------------------------------- the load


def webhook(kind: str, number: int, seed: int) -> bytes:
    """A signed request: a call or a text of somebody who never called before."""
    name = f"{seed:08x}{number:024x}"
    caller = f"+3933{seed % 10}{number:07d}"
    form = {"AccountSid": SID, "ApiVersion": "2010-04-01", "From": caller}
    if kind == "voice":
        form |= {"CallSid": f"CA{name}", "CallStatus": "ringing", "Direction": "inbound", "To": DESK}
    else:
        form |= {"Body": f"Non riesco a entrare nel portale ({number})", "MessageSid": f"SM{name}", "To": TEXTS}
    path = f"/twilio/{kind}"
    signed = PUBLIC_URL + path + "".join(name + form[name] for name in sorted(form))
    signature = b64encode(digest(TOKEN.encode(), signed.encode(), sha1)).decode()
    body = urlencode(form)
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench.example\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class Line(asyncio.Protocol):
    """One telephone line: a request, its answer, the next."""

    def __init__(
        self, requests: Iterator[bytes], every_s: float, took: list[float], gone: asyncio.Future[None]
    ) -> None:
        self._requests = requests
        self._every_s = every_s
        self._took = took
        self._gone = gone
        self._held = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._gone.done():
            self._gone.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, body = self._held.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        if not found or len(body) < int(length or 0):
            return
        if not head.startswith(_OK):
            self._gone.set_exception(RuntimeError(head.decode(errors="replace")))
            self._transport.close()
            return
        waited = time.monotonic() - self._sent_at
        self._took.append(waited)
        self._held = b""
        if self._every_s:
            asyncio.get_running_loop().call_later(max(0.0, self._every_s - waited), self._next)
        else:
            self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent_at = time.monotonic()
        self._transport.write(request)


async def send(port: int, requests: list[bytes], every_s: float) -> Sent:
    """All of them over `LINES` lines; paced lines begin one after the other, as callers do."""
    loop, queue = asyncio.get_running_loop(), iter(requests)
    took: list[float] = []
    began = time.monotonic()
    ends = []
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(LINES):
            gone = loop.create_future()
            ends.append(gone)
            await loop.create_connection(lambda gone=gone: Line(queue, every_s, took, gone), "127.0.0.1", port)  # type: ignore[misc]  # default arguments cannot be inferred
            await asyncio.sleep(every_s / LINES)
        await asyncio.gather(*ends)
    ended = time.monotonic()
    took.sort()
    count = len(took)
    p50_ms, p99_ms = took[count // 2] * 1000, took[count * 99 // 100] * 1000
    return Sent(began, ended, count, count / (ended - began), p50_ms, p99_ms)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--every", type=float, required=True)
    options = parser.parse_args()
    requests = [webhook(options.kind, number, options.seed) for number in range(options.count)]
    gc.freeze()
    print("ready", flush=True)
    sys.stdin.readline()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(send(options.port, requests, options.every)))), flush=True)


if __name__ == "__main__":
    main()
