"""The measurements: each figure beside the limit of the same moment, because other work may share the machine."""

from __future__ import annotations

import contextlib
import shutil
import smtplib
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from adapters.store import migrate
from tests.bench.installation import installation
from tests.bench.mails import RECIPIENT, letters
from tests.bench.processes import Memory, Sent, Watch, cpu_s, free_port, load, process
from tests.bench.stored import stored

SERVERS = "tests.bench.servers"
PAUSE_BETWEEN_S = 0.02
_seeds = count(1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    repetitions: int
    mails_alone: int
    """Over one connection."""
    mails: int
    visible: int
    growth: bool
    limit_rows: int
    webhooks: int
    pages: int


SHORT = Size(
    repetitions=1, mails_alone=150, mails=400, visible=40, growth=False, limit_rows=5_000, webhooks=300, pages=100
)
WHOLE = Size(
    repetitions=3, mails_alone=500, mails=1_500, visible=150, growth=True, limit_rows=20_000, webhooks=1_000, pages=300
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """How the load comes."""

    connections: int
    one: bool

    @property
    def name(self) -> str:
        return f"{self.connections} connections, {'one mail each' if self.one else 'many mails each'}"


PATTERNS = tuple(Pattern(connections, one) for connections in (1, 10, 50) for one in (True, False))


@dataclass(slots=True)
class Figures:
    """One pattern: what the sink and the daemon did, run by run."""

    sink: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    tickets: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    postfix: list[float] = field(default_factory=list)

    def answered_of_sink(self) -> float:
        return statistics.median(one / other for one, other in zip(self.answered, self.sink, strict=True))

    def tickets_of_sink(self) -> float:
        return statistics.median(one / other for one, other in zip(self.tickets, self.sink, strict=True))


@dataclass(slots=True)
class Running:
    """A daemon in its own process, and the watch on its database."""

    pid: int
    port: int
    watch: Watch


@contextlib.contextmanager
def daemon(
    folder: Path, relay: int, database: Path | None = None, *, web: str = "", more: str = ""
) -> Iterator[Running]:
    """The gateway as `serve` runs it: everything on, acknowledgements sent to the relay."""
    port = free_port()
    path = installation(folder, smtp_port=port, relay=relay, web=web, more=more)
    if database is None:
        migrate(f"sqlite:///{folder / 'centralino.db'}")  # as after its first start
    else:
        shutil.copy(database, folder / "centralino.db")
    with process(SERVERS, "daemon", str(path), log=folder / "daemon.log") as running:
        watch = Watch(folder / "centralino.db")
        try:
            yield Running(running.pid, port, watch)
        finally:
            watch.close()


@contextlib.contextmanager
def relay(folder: Path) -> Iterator[int]:
    """Where acknowledgements go: its port."""
    port = free_port()
    with process(SERVERS, "relay", str(port), log=folder / "relay.log"):
        yield port


@contextlib.contextmanager
def sink(folder: Path) -> Iterator[int]:
    """aiosmtpd that keeps nothing: its port."""
    port = free_port()
    with process(SERVERS, "sink", str(port), log=folder / "sink.log"):
        yield port


@dataclass(frozen=True, slots=True)
class Filed:
    """One load on the daemon, up to the last ticket with its acknowledgement queued."""

    sent: Sent
    tickets_per_s: float
    cpu_ms: float


def into(running: Running, pattern: Pattern, mails: int, key: Path | None = None) -> Filed:
    """Load the daemon (`key`: with signed letters); afterwards everything is filed and every acknowledgement has left.

    Raises:
        RuntimeError: not every mail became exactly one ticket.
    """
    before, owed, cpu = running.watch.tickets(), running.watch.owed(), cpu_s(running.pid)
    sent = load(running.port, pattern.connections, mails, next(_seeds), one=pattern.one, key=key)
    filed_at = running.watch.until_owed(owed + mails)
    running.watch.until_idle()
    made = running.watch.tickets() - before
    if made != mails:
        raise RuntimeError(f"{mails} mails became {made} tickets")
    return Filed(sent, mails / (filed_at - sent.began), (cpu_s(running.pid) - cpu) * 1000 / mails)


def rates(folder: Path, size: Size, patterns: Sequence[Pattern] = PATTERNS) -> tuple[dict[Pattern, Figures], float]:
    """Every pattern on the sink and on the daemon, in turn; and the most memory the daemon held, in MB."""
    figures = {pattern: Figures() for pattern in patterns}
    most_mb = []
    for repetition in range(size.repetitions):
        place = folder / f"rates-{repetition}"
        place.mkdir()
        with relay(place) as out, sink(place) as bare, daemon(place, out) as running:
            memory = Memory(running.pid)
            into(running, Pattern(2, one=False), 50)  # a cold start is measured by nobody's mail server
            for pattern in patterns:
                _both(figures[pattern], running, bare, pattern, size)
            most_mb.append(memory.close())
        shutil.rmtree(place)
    return figures, statistics.median(most_mb)


def _both(figures: Figures, running: Running, bare: int, pattern: Pattern, size: Size) -> None:
    mails = size.mails_alone if pattern.connections == 1 else size.mails
    figures.sink.append(load(bare, pattern.connections, mails, next(_seeds), one=pattern.one).rate)
    filed = into(running, pattern, mails)
    figures.answered.append(filed.sent.rate)
    figures.tickets.append(filed.tickets_per_s)
    figures.p50_ms.append(filed.sent.p50_ms)
    figures.p99_ms.append(filed.sent.p99_ms)
    figures.cpu_ms.append(filed.cpu_ms)


def visible_ms(folder: Path, size: Size) -> list[float]:
    """From the final dot until anybody who looks into the database sees the ticket, mail by mail, in ms."""
    place = folder / "visible"
    place.mkdir()
    took = []
    with relay(place) as out, daemon(place, out) as running:
        client = smtplib.SMTP("127.0.0.1", running.port, timeout=30)
        client.ehlo("posta.example")
        for mail in letters(next(_seeds), size.visible):
            before = running.watch.newest_ticket()
            client.mail(mail.sender)
            client.rcpt(RECIPIENT)
            began = time.perf_counter()
            client.data(mail.data.removesuffix(b".\r\n"))
            while running.watch.newest_ticket() == before:
                time.sleep(0.0002)
            took.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE_BETWEEN_S)
        client.quit()
    return took


@dataclass(slots=True)
class Growth:
    """What one mail costs with few and with many tickets stored: wall time from the first DATA, and CPU time, in ms."""

    few: int
    many: int
    wall_few_ms: list[float] = field(default_factory=list)
    wall_many_ms: list[float] = field(default_factory=list)
    cpu_few_ms: list[float] = field(default_factory=list)
    cpu_many_ms: list[float] = field(default_factory=list)

    def wall_ratio(self) -> float:
        return statistics.median(self.wall_many_ms) / statistics.median(self.wall_few_ms)

    def cpu_ratio(self) -> float:
        return statistics.median(self.cpu_many_ms) / statistics.median(self.cpu_few_ms)


FEW, MANY = 100, 100_000


def growth(folder: Path, size: Size) -> Growth:
    """The same load with 100 and with 100,000 tickets stored, in turn."""
    found = Growth(FEW, MANY)
    for repetition in range(size.repetitions):
        for tickets, wall, cpu in (
            (FEW, found.wall_few_ms, found.cpu_few_ms),
            (MANY, found.wall_many_ms, found.cpu_many_ms),
        ):
            place = folder / f"growth-{repetition}-{tickets}"
            place.mkdir()
            with relay(place) as out, daemon(place, out, stored(tickets)) as running:
                running.watch.until_sealed()
                into(running, Pattern(2, one=False), 50)
                filed = into(running, Pattern(10, one=False), size.mails)
            wall.append(1000 / filed.tickets_per_s)
            cpu.append(filed.cpu_ms)
            shutil.rmtree(place)
    return found
