"""A night on a clock of its own: the real way out with its gates and ceilings, and a carrier that only notes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.twilio import Ceilings, TwilioOutlet
from adapters.twilio.sdk import RestFault
from gateway import flow, settling
from gateway.domain.intake import Channel
from tests.flow.station import SMS_NUMBER, Station

if TYPE_CHECKING:
    from gateway.domain.dispatch import Dispatch

RINGS_FOR = timedelta(seconds=25)


@dataclass(slots=True)
class Line:
    """What the carrier was asked for, in the words of `Api`; `down` answers every request with 503."""

    clock: Any
    asked: list[tuple[datetime, str, str]] = field(default_factory=list)
    down: bool = False

    def send_sms(self, *, to: str, **_: object) -> str:
        return self._taken("sms", to)

    def call(self, *, to: str, **_: object) -> str:
        return self._taken("voice", to)

    def _taken(self, channel: str, to: str) -> str:
        if self.down:
            raise RestFault(503, 20503, "", None)
        self.asked.append((self.clock.now(), channel, to))
        return f"{'SM' if channel == 'sms' else 'CA'}{len(self.asked):032d}"

    def of(self, channel: str) -> list[tuple[datetime, str]]:
        """When and whom, by one channel."""
        return [(at, to) for at, by, to in self.asked if by == channel]

    def most_in(self, channel: str, span: timedelta) -> int:
        """The most that left in any stretch of time so long."""
        window: deque[datetime] = deque()
        most = 0
        for at, _ in self.of(channel):
            window.append(at)
            while window[0] <= at - span:
                window.popleft()
            most = max(most, len(window))
        return most


class Night:
    """A station whose messages leave through the real gates, minute by minute. Nobody answers unless a test says so."""

    def __init__(self, station: Station, *, sms: int = 60, calls: int = 60, per_day: int = 300) -> None:
        self.station = station
        self.line = Line(station.clock)
        self.told: list[tuple[Channel, str]] = []
        self._ringing: list[tuple[datetime, Dispatch]] = []
        store = station.store
        self.ceilings = Ceilings(
            per_hour={Channel.SMS: sms, Channel.VOICE: calls},
            per_day={Channel.SMS: per_day, Channel.VOICE: per_day},
            recent=lambda channel, since: store.read(lambda reading: reading.sent_since(channel, since)),
            told=lambda channel, which, _limit: self.told.append((channel, which)),
            reserve=50,
        )
        self.outlet = TwilioOutlet(
            self.line,  # type: ignore[arg-type]  # the requests of the API, written down
            number=SMS_NUMBER,
            public_url="https://assistenza.example",
            is_known=lambda number: station.gw.rules.people.by_number(number) is not None,
            countries=("+39",),
            ceilings=self.ceilings,
            clock=station.clock,
        )

    def step(self, **duration: float) -> None:
        """Time passes; what is due leaves, texts arrive, telephones that nobody answers stop ringing."""
        self.station.clock.pass_(**duration)
        now = self.station.clock.now()
        for call in [call for ends_at, call in self._ringing if ends_at <= now]:
            self.station.call_status(call, "ringing")
            self.station.call_status(call, "no-answer")
        self._ringing = [each for each in self._ringing if each[0] > now]
        self.station.chase()
        self.deliver()
        self.station.ask()
        self.station.chase()
        self.deliver()

    def deliver(self) -> None:
        """Send everything that is due by SMS and voice."""
        ways = {Channel.SMS: self.outlet, Channel.VOICE: self.outlet}
        while claimed := flow.claim_due(self.station.gw, list(ways), 32):
            for dispatch in claimed:
                flow.deliver(self.station.gw, ways, dispatch)
                self._settle(dispatch)

    def _settle(self, dispatch: Dispatch) -> None:
        sent = self.station.store.read(lambda reading: reading.dispatch(dispatch.id))
        if sent is None or sent.state != "sent":
            return
        if dispatch.channel is Channel.VOICE:
            self._ringing.append((self.station.clock.now() + RINGS_FOR, sent))
            return
        now, gw = self.station.clock.now(), self.station.gw
        self.station.store.write(
            lambda tx: settling.settle_sms(gw, tx, sent.key, f"SM{sent.id:032d}", "delivered", "", now)
        )
