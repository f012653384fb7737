"""The stand-in carrier and the relay: what we do not own. They keep an outside ledger, and fail as the real ones do."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from adapters.twilio.sdk import Api, RestFault
from gateway.domain.dispatch import Deferred, Outcome, Sent
from tests.oncall_year.agenda import Agenda, Span, covers
from tests.oncall_year.chance import Odds

if TYPE_CHECKING:
    from gateway.domain.dispatch import Dispatch

BUSY, DOWN = RestFault(429, 20429, "too many requests", 5.0), RestFault(503, 20503, "unavailable", None)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that reached the far side: an SMS or call with our attempt id, or a mail."""

    at: datetime
    medium: str
    to: str
    key: str
    text: str
    sid: str


@dataclass(slots=True)
class Ledger:
    """What really left, as the far side writes it down."""

    lines: list[Line] = field(default_factory=list)

    def of(self, medium: str) -> list[Line]:
        """Everything that left by a medium, in order."""
        return [line for line in self.lines if line.medium == medium]


class StandInCarrier(Api):
    """Takes SMS and calls; `reached` hears of each that was taken, and may be told nothing of what becomes of it."""

    def __init__(self, agenda: Agenda, rng: random.Random, odds: Odds, outages: list[Span], ledger: Ledger) -> None:
        super().__init__("AC" + "0" * 32, "x" * 32, "http://127.0.0.1:1", 1.0)
        self._agenda, self._rng, self._odds, self._outages = agenda, rng, odds, outages
        self._ledger = ledger
        self._statuses: dict[str, tuple[str, int | None]] = {}
        self.reached: Callable[[Line], None] = lambda _line: None

    def send_sms(self, *, to: str, sender: str, body: str, status_url: str) -> str:
        return self._take("sms", to, status_url, body)

    def call(self, *, to: str, sender: str, url: str, status_url: str, ring_s: int) -> str:
        return self._take("call", to, status_url, "")

    def _take(self, medium: str, to: str, status_url: str, text: str) -> str:
        now = self._agenda.now()
        if covers(self._outages, now):
            raise self._rng.choice([DOWN, OSError("connection refused")])
        if self._rng.random() < self._odds.busy_reply:
            raise BUSY
        sid = f"{'SM' if medium == 'sms' else 'CA'}{len(self._ledger.lines):032d}"
        line = Line(now, medium, to, status_url.rpartition("/")[2], text, sid)
        self._ledger.lines.append(line)
        self._statuses[sid] = ("queued", None)
        self.reached(line)
        if self._rng.random() < self._odds.silent_success:
            raise OSError("time-out after the request was sent")
        return sid

    def becomes(self, sid: str, status: str, code: int | None = None) -> None:
        """How a message or call fares, for whoever asks."""
        self._statuses[sid] = (status, code)

    def fetch_sms(self, sid: str) -> tuple[str, int | None]:
        return self._fetch(sid)

    def fetch_call(self, sid: str) -> tuple[str, int | None]:
        return self._fetch(sid)

    def _fetch(self, sid: str) -> tuple[str, int | None]:
        if covers(self._outages, self._agenda.now()):
            raise DOWN
        return self._statuses[sid]

    def ask(self) -> None:
        if covers(self._outages, self._agenda.now()):
            raise DOWN


@dataclass(slots=True)
class StandInRelay:
    """Takes mail, unless it is down."""

    agenda: Agenda
    outages: list[Span]
    ledger: Ledger

    def send(self, dispatch: Dispatch) -> Outcome:
        """One mail."""
        now = self.agenda.now()
        if covers(self.outages, now):
            return Deferred("451 4.3.2 not now", down=True)
        self.ledger.lines.append(Line(now, "mail", dispatch.to, dispatch.key, dispatch.subject, ""))
        return Sent(f"<{dispatch.key}@relay.example>")
