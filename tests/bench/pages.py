"""From ticket to the first page attempt, while a thousand urgent tickets of another contract wait and are chased.

An urgent mail outside hours becomes a ticket, its page is owed, and the carrier is asked to text the contact. Measured
is from the instant at which the ticket was opened until the request has come in at the carrier, a process of its own
that notes when. Their pages are not merged into one, which would make them wait on purpose (`storm_pages`).

As a program it is that carrier: `python -m tests.bench.pages PORT FILE`.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvloop

from gateway.domain.hours import local
from tests.bench.installation import installation
from tests.bench.measuring import relay
from tests.bench.processes import Watch, free_port, process
from tests.bench.servers import Carrier
from tests.bench.webhooks import SID, TEXTS, TOKEN
from tests.flow.probe_site import DUTY, GOLDEN, PERSON, PROBE_MAIL
from tests.flow.station import INTAKE

WAITING = 1_000
PAUSE_S = 0.05
PATIENCE_S = 300.0
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TICKET = re.compile(rb"(?:^|&)Body=[^&]*?(20\d{8})")


@dataclass(frozen=True, slots=True)
class Paged:
    """How long it took for each, in ms, shortest first; and how many tickets waited meanwhile."""

    waiting: int
    took_ms: list[float]

    @property
    def p50_ms(self) -> float:
        return self.took_ms[len(self.took_ms) // 2]

    @property
    def p99_ms(self) -> float:
        return self.took_ms[len(self.took_ms) * 99 // 100]


def paged(folder: Path, count: int, waiting: int = WAITING) -> Paged:
    """So many urgent mails, one after the other, beside so many tickets that wait."""
    place = folder / "pages"
    place.mkdir()
    with _daemon(place) as (port, watch):
        _send(port, INTAKE, waiting, pause_s=0)
        watch.until_filed(waiting)
        before = watch.newest_ticket()
        _send(port, PROBE_MAIL, count, pause_s=PAUSE_S)
        _until_asked(place, before, count)
        waited = watch.tickets() - count
    return Paged(waited, _took_ms(place, before))


def _asked(place: Path) -> dict[int, float]:
    """When the carrier was first asked to text somebody about each ticket."""
    asked: dict[int, float] = {}
    for line in (place / "carrier").read_text().splitlines():
        at, _, ticket = line.partition(" ")
        if ticket:
            asked.setdefault(int(ticket), float(at))
    return asked


def _until_asked(place: Path, before: int, count: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while sum(1 for ticket in _asked(place) if ticket > before) < count:
        if time.monotonic() > until:
            raise RuntimeError(f"waited {PATIENCE_S:.0f} s in vain for {count} pages")
        time.sleep(0.1)


@contextmanager
def _daemon(place: Path) -> Iterator[tuple[int, Watch]]:
    port, far = free_port(), free_port()
    web = "\n".join((
        f'[http]\nlisten = "127.0.0.1:{free_port()}"',
        f'[twilio]\naccount_sid = "{SID}"\nauth_token = {{file = "token"}}\nnumber = "{TEXTS}"',
        f'api_url = "http://127.0.0.1:{far}"',
        "[phone]\ncheck_address = false",
        *(f"max_{what}_per_{span} = 1000000" for what in ("sms", "calls") for span in ("hour", "day")),
    ))  # fmt: skip
    (place / "carrier").touch()
    with relay(place) as out:
        path = installation(place, smtp_port=port, relay=out, web=web)
        _with_duty(place)
        yield from _running(place, path, far, port)


def _running(place: Path, path: Path, far: int, port: int) -> Iterator[tuple[int, Watch]]:
    with (
        process("tests.bench.pages", str(far), str(place / "carrier"), log=place / "carrier.log"),
        process("tests.bench.servers", "daemon", str(path), log=place / "daemon.log"),
    ):
        watch = Watch(place / "centralino.db")
        try:
            yield port, watch
        finally:
            watch.close()


def _with_duty(place: Path) -> None:
    """A contract whose desk is closed today, with one contact, whose pages are never merged."""
    day = DAYS[(local(datetime.now(UTC)) + timedelta(days=3)).weekday()]
    contract = GOLDEN.read_text().replace('days = ["sun"]', f'days = ["{day}"]')
    assert 'ack_timeout = "2m"' in contract
    single = contract.replace('ack_timeout = "2m"', 'ack_timeout = "2m"\nstorm_pages = 1000000')
    (place / "contracts" / GOLDEN.name).write_text(single)
    for name, text in (("people.toml", PERSON), ("roster.toml", DUTY)):
        (place / name).write_text((place / name).read_text() + text)
    (place / "token").write_text(TOKEN)
    (place / "token").chmod(0o600)


def _send(port: int, to: str, count: int, *, pause_s: float) -> None:
    sender = "utente@sonda.example"
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        for number in range(count):
            name = f"{time.time_ns()}.{number}@sonda.example"
            lines = (f"From: {sender}", f"To: {to}", f"Subject: URGENTE {number}", f"Message-ID: <{name}>")
            client.sendmail(sender, [to], "\r\n".join((*lines, "", "Bloccato.", "")).encode())
            time.sleep(pause_s)


def _took_ms(place: Path, before: int) -> list[float]:
    """From the opening of each ticket after this number until the carrier was first asked for it."""
    asked = _asked(place)
    with sqlite3.connect(place / "centralino.db") as database:
        opened = database.execute("SELECT number, opened_at FROM ticket WHERE number > ?", (before,)).fetchall()
    return sorted((asked[number] - _instant(at)) * 1000 for number, at in opened)


def _instant(stored: str) -> float:
    at = datetime.fromisoformat(stored)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


# ---------------------------------------------------------------------------------------------------------- the carrier


class Noting(Carrier):
    """Notes when it was asked to text somebody, and of which ticket, before it answers."""

    def __init__(self, path: Path) -> None:
        self._notes = path

    def data_received(self, data: bytes) -> None:
        found = _TICKET.search(self._held + data)
        if found and b"/Messages" in self._held + data:
            with self._notes.open("a") as notes:
                notes.write(f"{time.time():.6f} {int(found[1])}\n")
        super().data_received(data)


async def _serve(port: int, path: Path) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Noting(path), "127.0.0.1", port, backlog=200)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as _runner:
        _runner.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
