"""The other side: mail servers that send at the same time and come again until they get their 250.

What they write down is the ledger: the only judge of what was promised.
"""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from tests.powercut import mails
from tests.powercut.mails import drawn

if TYPE_CHECKING:
    import random
    from io import BufferedReader
    from pathlib import Path
    from types import TracebackType

    from tests.powercut.mails import Mail

TIMEOUT_S = 20.0
GATE_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 2.0
AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Answered:
    """One line of the ledger: this mail got its 250, on this connection, after so many tries."""

    mail: Mail
    client_port: int
    tries: int


class Ledger:
    """Every 250, in memory and in a file. Safe from any thread."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._file = file.open("w")
        self.answered: list[Answered] = []
        self.refused: list[str] = []

    def note(self, answered: Answered) -> None:
        mail = answered.mail
        line = {"serial": mail.serial, "sha256": mail.sha256, "to": mail.recipients, "tries": answered.tries}
        with self._lock:
            self.answered.append(answered)
            self._file.write(json.dumps(line) + "\n")

    def refuse(self, mail: Mail, reply: str) -> None:
        """A 5xx: the sender's server would give the mail up for good."""
        with self._lock:
            self.refused.append(f"mail {mail.serial}: {reply}")

    def close(self) -> None:
        self._file.close()


class Round:
    """One life of the daemon. Every client brings one mail up to 354; then all bodies leave at once."""

    def __init__(self, number: int, clients: int, *, more: int, fresh: bool) -> None:
        self.number = number
        self.more = more
        self.fresh = fresh
        self._clients = clients
        self._condition = threading.Condition()
        self._at_gate = 0
        self._opened = False
        self._dots: list[float] = []
        self._over = False
        self._answers = 0

    def arrive(self) -> None:
        """A client waits here with its mail in flight until the gate opens."""
        with self._condition:
            self._at_gate += 1
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._opened or self._over, GATE_TIMEOUT_S)

    def dot(self) -> None:
        """A final dot has left."""
        with self._condition:
            self._dots.append(time.monotonic())
            self._condition.notify_all()

    def open_gate(self) -> int:
        """Wait until every client is at the gate, open it; how many mails are in flight then."""
        with self._condition:
            self._condition.wait_for(lambda: self._at_gate >= self._clients, GATE_TIMEOUT_S)
            self._opened = True
            self._condition.notify_all()
            return self._at_gate

    def wait_for_dot(self, number: int) -> float:
        """When the final dot of that number left (monotonic seconds)."""
        with self._condition:
            self._condition.wait_for(lambda: len(self._dots) >= number, GATE_TIMEOUT_S)
            return self._dots[min(number, len(self._dots)) - 1] if self._dots else time.monotonic()

    def answer(self) -> None:
        """A 250 for a mail has arrived."""
        with self._condition:
            self._answers += 1
            self._condition.notify_all()

    def wait_for_answer(self) -> None:
        """Until the first 250 of the round: the others are on their way."""
        with self._condition:
            self._condition.wait_for(lambda: self._answers > 0, ANSWER_TIMEOUT_S)

    def end(self) -> None:
        with self._condition:
            self._over = True
            self._condition.notify_all()


@dataclass
class Clients:
    """So many mail servers, each a thread. `begin` a round when the daemon is ready."""

    port: int
    ledger: Ledger
    seed: str
    count: int = 16
    serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _round: Round | None = None
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._condition = threading.Condition()
        self._pending: dict[int, Mail] = {}
        self._tries: dict[int, int] = {}
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(self.count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._round:
            self._round.end()
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def begin(self, *, more: int = 1, fresh: bool = True) -> Round:
        """A new round: each client sends what it still owes or, if `fresh`, a new mail, and then up to `more` new."""
        with self._condition:
            number = self._round.number + 1 if self._round else 1
            self._round = Round(number, self.count if fresh else len(self._pending), more=more, fresh=fresh)
            self._condition.notify_all()
            return self._round

    def pending(self) -> int:
        """How many mails have no 250 yet."""
        with self._condition:
            return len(self._pending)

    # ------------------------------------------------------------------------------------------------- each thread

    def _run(self, client: int) -> None:
        chance = drawn(f"{self.seed}/client/{client}")
        done = 0
        while (current := self._next(done)) is not None:
            done = current.number
            self._play(client, current, chance)

    def _next(self, done: int) -> Round | None:
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or (self._round and self._round.number > done))
            return None if self._stopping else self._round

    def _play(self, client: int, current: Round, chance: random.Random) -> None:
        for nth in range(1 + (chance.randint(0, current.more) if current.more else 0)):
            mail = self._mail(client, current, chance)
            if mail is None or not self._deliver(client, mail, current, gate=nth == 0):
                return

    def _mail(self, client: int, current: Round, chance: random.Random) -> Mail | None:
        with self._condition:
            if client not in self._pending and current.fresh:
                self._pending[client] = mails.make(next(self.serials), chance)
            return self._pending.get(client)

    def _deliver(self, client: int, mail: Mail, current: Round, *, gate: bool) -> bool:
        """Until 250; False when the daemon went away."""
        while True:
            self._tries[mail.serial] = self._tries.get(mail.serial, 0) + 1
            try:
                reply, port = send(self.port, mail, current if gate else None)
            except OSError:
                return False
            if reply.startswith("250"):
                current.answer()
                self.ledger.note(Answered(mail, port, self._tries[mail.serial]))
                break
            if reply.startswith("5"):
                self.ledger.refuse(mail, reply)
                break
            gate = False
            time.sleep(AGAIN_S)
        with self._condition:
            self._pending.pop(client, None)
        return True


def send(port: int, mail: Mail, current: Round | None = None) -> tuple[str, int]:
    """Send one mail: the answer to the final dot (or the first that is not as it should be), and our own port.

    Raises:
        OSError: the other side is not there, or went away.
    """
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        own: int = connection.getsockname()[1]
        replies = connection.makefile("rb")
        greeting = _reply(replies)
        if not greeting.startswith("220"):
            return greeting, own
        recipients = [f"RCPT TO:<{address}>" for address in mail.recipients]
        for command in ("EHLO mx.cittadini.example", f"MAIL FROM:<{mail.sender}>", *recipients, "DATA"):
            connection.sendall(command.encode() + b"\r\n")
            answer = _reply(replies)
            if answer[:1] not in "23":
                return answer, own
        if current is not None:
            current.arrive()
        connection.sendall(stuffed(mail.raw) + b".\r\n")
        if current is not None:
            current.dot()
        return _reply(replies), own


def stuffed(raw: bytes) -> bytes:
    """The data as it goes over the wire (RFC 5321 §4.5.2)."""
    return (b"\r\n" + raw).replace(b"\r\n.", b"\r\n..")[2:]


def _reply(replies: BufferedReader) -> str:
    while True:
        line = replies.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the other side went away")
        if line[3:4] != b"-":
            return line.decode("ascii", "replace").strip()
