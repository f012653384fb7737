"""The processes of a run, the load on one of them, and what can be watched from outside: database, memory, CPU time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STOP_S = 30
TICK_S = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def process(module: str, *arguments: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m module` that has said `ready`; told to end afterwards.

    Raises:
        RuntimeError: it ended instead; the text is the end of what it logged.
    """
    with log.open("a") as errors:
        command = (sys.executable, "-m", module, *arguments)
        pipe = subprocess.PIPE
        running = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=errors, text=True)
        try:
            assert running.stdout is not None
            if running.stdout.readline().strip() != "ready":
                raise RuntimeError(f"{module} {' '.join(arguments)} did not start:\n{log.read_text()[-2000:]}")
            yield running
        finally:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(STOP_S)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


@dataclass(frozen=True, slots=True)
class Sent:
    """What the load saw: instants of the monotonic clock, and the time from final dot to 250."""

    began: float
    ended: float
    mails: int
    rate: float
    p50_ms: float
    p99_ms: float


def load(port: int, connections: int, count: int, seed: int, *, one: bool, key: Path | None = None) -> Sent:
    """Send `count` different mails over so many connections; `one`: each on a connection of its own."""
    arguments = [f"--port={port}", f"--connections={connections}", f"--count={count}", f"--seed={seed}"]
    if key is not None:
        arguments.append(f"--key={key}")
    command = [sys.executable, "-m", "tests.bench.load", *arguments, *(["--one"] if one else [])]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        running.stdout.readline()
        out, _ = running.communicate("go\n")
    if running.returncode:
        raise RuntimeError("the load failed; what it said stands above")
    return Sent(**json.loads(out))


class Watch:
    """The database, looked at from outside and never written."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, timeout=30)

    def _one(self, question: str) -> int:
        return int(self._connection.execute(question).fetchone()[0] or 0)

    def owed(self) -> int:
        """How many messages have ever been owed: one acknowledgement for each ticket here."""
        return self._one("SELECT coalesce(max(id), 0) FROM dispatch")

    def newest_ticket(self) -> int:
        return self._one("SELECT coalesce(max(number), 0) FROM ticket")

    def waiting(self) -> int:
        """Intakes that are not filed, and messages that have not left."""
        intakes = self._one("SELECT count(*) FROM intake WHERE state = 'received'")
        return intakes + self.to_send()

    def to_send(self) -> int:
        """Messages that have not left."""
        return self._one("SELECT count(*) FROM dispatch WHERE state IN ('due', 'sending')")

    def tickets(self) -> int:
        return self._one("SELECT count(*) FROM ticket")

    def close(self) -> None:
        self._connection.close()

    def until_owed(self, count: int, patience_s: float = 300) -> float:
        """The instant at which so many messages were owed."""
        return self._until(lambda: self.owed() >= count, patience_s, f"{count} acknowledgements")

    def until_filed(self, count: int, patience_s: float = 300) -> float:
        """The instant at which there were so many tickets and no contact waited to become one."""
        waiting = "SELECT count(*) FROM intake WHERE state = 'received'"
        filed = "so many tickets"
        return self._until(lambda: self.tickets() >= count and self._one(waiting) == 0, patience_s, filed)

    def until_sealed(self, patience_s: float = 120) -> float:
        """The instant at which yesterday's register was sealed, as the daemon does first of all."""
        return self._until(lambda: self._one("SELECT count(*) FROM seal") > 0, patience_s, "the daily seal")

    def until_idle(self, patience_s: float = 300) -> float:
        """The instant at which nothing waited any more."""
        return self._until(lambda: self.waiting() == 0, patience_s, "nothing to wait")

    def until_sent(self, patience_s: float = 300) -> float:
        """The instant at which everything that was owed had left. A call that goes on has an intake that waits."""
        return self._until(lambda: self.to_send() == 0, patience_s, "nothing to send")

    def _until(self, reached: Callable[[], bool], patience_s: float, what: str) -> float:
        until = time.monotonic() + patience_s
        while not reached():
            if time.monotonic() > until:
                raise RuntimeError(f"waited {patience_s:.0f} s in vain for {what}")
            time.sleep(0.003)
        return time.monotonic()


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its descendants, in MB; pages that they share count once (PSS)."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def cpu_s(pid: int) -> float:
    """CPU time of a process and its descendants, in seconds."""
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / _TICKS


class Memory:
    """The most memory that a process and its descendants held."""

    def __init__(self, pid: int) -> None:
        self.most_mb = 0.0
        self._pid = pid
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._stop.wait(TICK_S * 5):
            self.most_mb = max(self.most_mb, resident_mb(self._pid))

    def close(self) -> float:
        self._stop.set()
        self._thread.join()
        return self.most_mb
