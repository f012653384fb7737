"""SMS and voice out. Only to numbers of the directory, below the ceilings, each attempt with our own id in its URLs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapters.twilio.sdk import Api, RestFault
from gateway.domain.dispatch import Deferred, DispatchKind, Outcome, Refused, Sent
from gateway.domain.intake import Channel
from gateway.domain.numbers import may_be_called, may_be_texted

if TYPE_CHECKING:
    from gateway.domain.dispatch import Dispatch
    from gateway.ports import Clock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOO_MANY, SERVER_FAULT = 429, 500
UNAUTHORISED = (401, 403)

PERMANENT = {
    13223: "the number cannot be called",
    13224: "the number cannot be called",
    21211: "not a telephone number",
    21214: "the number cannot be reached",
    21217: "not a telephone number",
    21265: "the number cannot be texted",
    21408: "texts to this country are not enabled",
    21610: "the number has texted STOP",
    21612: "no route to this number",
    21614: "not a mobile number",
    21635: "not a mobile number",
}
"""Error codes of the carrier after which trying again is no use. Anything else is tried again."""

_TO_REQUESTERS = (DispatchKind.ACKNOWLEDGEMENT, DispatchKind.NOTICE)


@dataclass(slots=True)
class Ceilings:
    """How many messages and calls leave in an hour and a day at the most (P15).

    `recent(channel, since)` is how many have left since, by whatever process; every request that this process makes,
    a second try too, is counted here besides. `told` hears that a ceiling is reached, at most once an hour.
    """

    per_hour: dict[Channel, int]
    per_day: dict[Channel, int]
    recent: Callable[[Channel, datetime], int]
    told: Callable[[Channel, str], None] = lambda _channel, _which: None
    _left: dict[Channel, deque[datetime]] = field(default_factory=dict)
    _told_at: dict[tuple[Channel, str], datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, channel: Channel, now: datetime) -> Deferred | None:
        """Count one more that leaves now; or why nothing more may leave by this channel."""
        with self._lock:
            left = self._left.setdefault(channel, deque())
            while left and left[0] <= now - DAY:
                left.popleft()
            for which, limits, span in (("hour", self.per_hour, HOUR), ("day", self.per_day, DAY)):
                if channel not in limits:
                    continue
                ours = sum(1 for at in left if at > now - span)
                if max(ours, self.recent(channel, now - span)) >= limits[channel]:
                    self._tell(channel, which, now)
                    return Deferred(f"ceiling of {limits[channel]} {channel} in a {which} reached", span / 12)
            left.append(now)
        return None

    def _tell(self, channel: Channel, which: str, now: datetime) -> None:
        last = self._told_at.get((channel, which))
        if last is None or now - last >= HOUR:
            self._told_at[(channel, which)] = now
            self.told(channel, which)


class TwilioOutlet:
    """Sends by the carrier's REST API."""

    def __init__(
        self,
        api: Api,
        *,
        number: str,
        public_url: str,
        is_known: Callable[[str], bool],
        countries: Iterable[str],
        ceilings: Ceilings,
        clock: Clock,
    ) -> None:
        self._api = api
        self._number = number
        self._public_url = public_url
        self._is_known = is_known
        self._countries = tuple(countries)
        self._ceilings = ceilings
        self._clock = clock

    def send(self, dispatch: Dispatch) -> Outcome:
        """One SMS or call. What is not known to be refused is tried again: perhaps it was sent."""
        forbidden = self._forbidden(dispatch)
        if forbidden:
            return Refused(forbidden, "not_allowed")
        full = self._ceilings.take(dispatch.channel, self._clock.now())
        if full:
            return full
        try:
            return Sent(self._send(dispatch))
        except RestFault as fault:
            return _outcome(fault)
        except (OSError, ValueError) as error:
            return Deferred(f"no answer from the carrier, perhaps sent: {type(error).__name__}")

    def _send(self, dispatch: Dispatch) -> str:
        if dispatch.channel is Channel.SMS:
            return self._api.send_sms(
                to=dispatch.to,
                sender=self._number,
                body=dispatch.text,
                status_url=f"{self._public_url}/twilio/status/{dispatch.key}",
            )
        return self._api.call(
            to=dispatch.to,
            sender=self._number,
            url=f"{self._public_url}/twilio/page/{dispatch.key}",
            status_url=f"{self._public_url}/twilio/call-status/{dispatch.key}",
            ring_s=int(dispatch.facts.get("ring_s", "25")),
        )

    def _forbidden(self, dispatch: Dispatch) -> str | None:
        """Three gates: the directory, the class of the number, the countries (X10). A requester may be texted only."""
        texted = dispatch.channel is Channel.SMS
        known = self._is_known(dispatch.to) or (texted and dispatch.kind in _TO_REQUESTERS)
        if not known:
            return "the number is not in the directory"
        allowed = may_be_texted if texted else may_be_called
        return None if allowed(dispatch.to, self._countries) else f"the number may not get {dispatch.channel}"


def _outcome(fault: RestFault) -> Outcome:
    """What an error of the carrier means. Our own account's faults are ours to mend: perhaps later."""
    if fault.code in PERMANENT:
        return Refused(PERMANENT[fault.code], str(fault.code))
    wait = timedelta(seconds=fault.retry_after_s) if fault.retry_after_s else None
    if fault.status == TOO_MANY:
        return Deferred("the carrier asks us to be slower", wait)
    if fault.status in UNAUTHORISED:
        return Deferred(f"the carrier does not accept our account ({fault.status}): check [twilio] auth_token", wait)
    if fault.status >= SERVER_FAULT:
        return Deferred(f"the carrier has a fault of its own ({fault.status}), perhaps sent", wait)
    return Deferred(f"the carrier answered {fault.status} ({fault.code})", wait)
