"""SMS and voice out. Only to numbers of the directory, below the ceilings, each attempt with our own id in its URLs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from adapters.twilio.sdk import Api, RestFault
from gateway.domain import delivery
from gateway.domain.delivery import Told
from gateway.domain.dispatch import Deferred, DispatchKind, Outcome, Refused, Sent
from gateway.domain.intake import Channel
from gateway.domain.numbers import may_be_called, may_be_texted

if TYPE_CHECKING:
    from gateway.domain.dispatch import Dispatch
    from gateway.ports import Clock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TOO_MANY, SERVER_FAULT = 429, 500
UNAUTHORISED = (401, 403)

_FIRST = (DispatchKind.PAGE, DispatchKind.ALARM)
"""What the whole of a ceiling is for; everything else leaves a part of it free."""
_TO_REQUESTERS = (DispatchKind.ACKNOWLEDGEMENT, DispatchKind.NOTICE)


@dataclass(slots=True)
class Ceilings:
    """How many messages and calls leave in an hour and a day at the most (P15).

    What is no page and no alarm leaves `reserve` of each ceiling free for them (in percent), so that whoever floods us
    with texts uses up their own share. `recent(channel, since)` is how many have left since, by whatever process; every
    request that this process makes, a second try too, is counted here besides. `told(channel, which, limit)` hears that
    a ceiling is reached, the whole one and not a share of it, at most once in its hour or day.
    """

    per_hour: dict[Channel, int]
    per_day: dict[Channel, int]
    recent: Callable[[Channel, datetime], int]
    told: Callable[[Channel, str, int], None] = lambda _channel, _which, _limit: None
    reserve: int = 0
    _left: dict[Channel, deque[datetime]] = field(default_factory=dict)
    _told_at: dict[tuple[Channel, str], datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, channel: Channel, now: datetime, *, first: bool = True) -> Deferred | None:
        """Count one more that leaves now; or why nothing more may leave by this channel. `first`: a page, an alarm."""
        with self._lock:
            reached = self._reached(channel, now, first=first)
            if reached is None:
                self._left.setdefault(channel, deque()).append(now)
                return None
            which, limit, span, whole = reached
            tell = whole and self._is_news(channel, which, now)
        if tell:
            self.told(channel, which, limit)
        share = "" if whole else " for what is no page"
        return Deferred(f"ceiling of {limit} {channel} in a {which}{share} reached", span / 12)

    def used(self, now: datetime) -> dict[str, float]:
        """How much of each ceiling is used, from 0 to 1."""
        with self._lock:
            return {
                f"{channel}.{which}": self._count(channel, now - span) / limits[channel]
                for which, limits, span in self._ceilings()
                for channel in limits
            }

    def _ceilings(self) -> tuple[tuple[str, dict[Channel, int], timedelta], ...]:
        return ("hour", self.per_hour, HOUR), ("day", self.per_day, DAY)

    def _reached(self, channel: Channel, now: datetime, *, first: bool) -> tuple[str, int, timedelta, bool] | None:
        left = self._left.setdefault(channel, deque())
        while left and left[0] <= now - DAY:
            left.popleft()
        for which, limits, span in self._ceilings():
            limit = limits.get(channel)
            if limit is None:
                continue
            count = self._count(channel, now - span)
            share = limit if first else limit * (100 - self.reserve) // 100
            if count >= share:
                return which, share, span, count >= limit
        return None

    def _count(self, channel: Channel, since: datetime) -> int:
        ours = sum(1 for at in self._left.get(channel, ()) if at > since)
        return max(ours, self.recent(channel, since))

    def _is_news(self, channel: Channel, which: str, now: datetime) -> bool:
        last = self._told_at.get((channel, which))
        if last is not None and now - last < (HOUR if which == "hour" else DAY):
            return False
        self._told_at[channel, which] = now
        return True


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
        full = self._ceilings.take(dispatch.channel, self._clock.now(), first=dispatch.kind in _FIRST)
        if full:
            return full
        try:
            return Sent(self._send(dispatch))
        except RestFault as fault:
            return _outcome(dispatch.channel, fault)
        except (OSError, ValueError) as error:
            row = delivery.row(dispatch.channel, delivery.NO_ANSWER)
            return Deferred(f"{row.why}: {type(error).__name__}", down=row.down)

    def status(self, dispatch: Dispatch) -> Told | None:
        """How a message or call fares that the carrier took, asked by its reference; None when it does not answer."""
        try:
            fetched = self._api.fetch_sms if dispatch.channel is Channel.SMS else self._api.fetch_call
            status, code = fetched(dispatch.reference or "")
        except (RestFault, OSError, ValueError):
            return None
        return Told(status, code, dispatch.reference or "")

    def ceilings_used(self) -> dict[str, float]:
        """How much of each ceiling is used, from 0 to 1, by channel and span: `sms.hour`."""
        return self._ceilings.used(self._clock.now())

    def is_reachable(self) -> str | None:
        """Whether the carrier answers a question that changes nothing; else why it does not."""
        try:
            self._api.ask()
        except RestFault as fault:
            return f"the carrier answered {fault.status}"
        except (OSError, ValueError) as error:
            return f"no answer from the carrier: {type(error).__name__}"
        return None

    def _send(self, dispatch: Dispatch) -> str:
        if dispatch.channel is Channel.SMS:
            return self._api.send_sms(
                to=dispatch.to,
                sender=dispatch.facts.get("from") or self._number,
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


def _outcome(channel: Channel, fault: RestFault) -> Outcome:
    """What an error of the carrier means. Our own account's faults are ours to mend: perhaps later."""
    if delivery.is_permanent(channel, fault.code):
        return Refused(delivery.row(channel, delivery.REFUSED, fault.code).why, str(fault.code))
    wait = timedelta(seconds=fault.retry_after_s) if fault.retry_after_s else None
    status = _status(fault.status)
    if status is None:
        return Deferred(f"the carrier answered {fault.status} ({fault.code})", wait)
    row = delivery.row(channel, status)
    return Deferred(f"{row.why} ({fault.status})", wait, down=row.down)


def _status(http_status: int) -> str | None:
    """The row of the table that an HTTP status of the carrier stands for."""
    if http_status == TOO_MANY:
        return delivery.TOO_MANY
    if http_status in UNAUTHORISED:
        return delivery.UNAUTHORISED
    return delivery.FAULT if http_status >= SERVER_FAULT else None
