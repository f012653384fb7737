"""Channels that are down, each time with its start, end and cause: never a closure, always told (C2.3, C2.7, P8).

A failure alone is chance. Several in a row over some time are an outage: a row, an entry in the system chain, an alarm
mail, and M-09 to the supervisors by a path that works. The first success ends it. Failures in a row are counted in a
timer of the whole installation, one for each sign: that a channel answers is one, that it delivers another.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import alarms
from gateway.domain import causes, delivery, wording
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.telephony import Outage
from gateway.silences import NEVER
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from gateway.domain.contract import Contract
    from gateway.domain.intake import Channel
    from gateway.domain.ticket import Timer
    from gateway.ports import Gateway, Reading, Transaction

PHONE, SMS, MAIL, HEARTBEAT, PROBE = "phone", "sms", "mail", "heartbeat", "probe"
CHANNELS = {"voice": PHONE, "sms": SMS, "mail": MAIL, "pec": MAIL}
"""The channel of an outage by the channel of a dispatch."""
ANSWERS, DELIVERS, IN = "answers", "delivers", "in"
"""What a channel is watched by: it takes what we hand over; what it took arrives; it can reach us."""
FAILURES = 3
LEAST_TIME = timedelta(seconds=25)
"""So many failures in a row, over no less than this time, are an outage: a stumble is none, and P8 allows minutes."""
FORGOTTEN_AFTER = timedelta(hours=6)
"""Failures that nothing followed are no sign of anything any more."""


def channel_of(channel: Channel) -> str:
    """The channel of an outage for what left by this channel."""
    return CHANNELS.get(str(channel), str(channel))


def _kind(channel: str, sign: str) -> str:
    return f"trouble:{channel}:{sign}"


def failed(
    gw: Gateway, tx: Transaction, channel: str, sign: str, cause: str, at: datetime, *, at_once: bool = False
) -> bool:
    """One more failure; whether the channel is down by now. `at_once`: a single one is proof enough."""
    timer = tx.timer(_kind(channel, sign), 0)
    facts = dict(timer.facts) if timer else {"since": at.isoformat(), "failures": "0"}
    if "outage" in facts:
        return True
    facts["failures"] = str(int(facts["failures"]) + 1)
    began_at = datetime.fromisoformat(facts["since"])
    stumbled = int(facts["failures"]) < FAILURES or at - began_at < LEAST_TIME
    if stumbled and not at_once:
        tx.set_timer(_kind(channel, sign), 0, at + FORGOTTEN_AFTER, facts)
        return False
    outage = _begin(gw, tx, channel, cause, began_at, at)
    tx.set_timer(_kind(channel, sign), 0, NEVER, {**facts, "outage": str(outage.id)})
    return True


def worked(gw: Gateway, tx: Transaction, channel: str, sign: str, at: datetime) -> None:
    """A success: what failed before is forgotten, and an outage is over."""
    timer = tx.timer(_kind(channel, sign), 0)
    if timer is None:
        return
    tx.drop_timer(_kind(channel, sign), 0)
    if "outage" in timer.facts:
        _end(gw, tx, int(timer.facts["outage"]), at)


def is_down(reading: Reading, channel: str) -> bool:
    """Whether a channel is known to be down by any sign."""
    return any("outage" in timer.facts for timer in _troubles(reading, channel))


def is_in_trouble(reading: Reading, channel: str) -> bool:
    """Whether the last thing that a channel was used for failed."""
    return bool(_troubles(reading, channel))


def _troubles(reading: Reading, channel: str) -> list[Timer]:
    found = (reading.timer(_kind(channel, sign), 0) for sign in (ANSWERS, DELIVERS, IN))
    return [timer for timer in found if timer is not None]


def _begin(gw: Gateway, tx: Transaction, channel: str, cause: str, began_at: datetime, at: datetime) -> Outage:
    outage = tx.add_outage(Outage(0, channel, began_at, cause[:300], told_at=at))
    data = {"outage": str(outage.id), "channel": channel, "began_at": began_at.isoformat(), "cause": cause[:300]}
    tx.record(SYSTEM, Happening("channel_down", at, NOBODY, _clause(gw, channel), data))
    _tell(gw, tx, outage, at)
    return outage


def _end(gw: Gateway, tx: Transaction, outage_id: int, at: datetime) -> None:
    outage = tx.change_outage(outage_id, ended_at=at)
    data = {"outage": str(outage.id), "channel": outage.channel, "began_at": outage.began_at.isoformat()}
    tx.record(SYSTEM, Happening("channel_up", at, NOBODY, _clause(gw, outage.channel), data))
    contract = gw.rules.contracts[gw.rules.default_contract]
    values = _values(gw, contract, outage) | {"end_time": wording.hour(at, contract.language)}
    alarms.raise_once(gw, tx, "T-ALARM-OUTAGE-OVER", values, at, about=str(outage.id), within=None)


def _clause(gw: Gateway, channel: str) -> str | None:
    """C2.3 asks for the telephone's health where the telephone is the first means of contact."""
    contract = gw.rules.contracts[gw.rules.default_contract]
    return contract.clauses.of("channels") if channel == PHONE else None


def _tell(gw: Gateway, tx: Transaction, outage: Outage, at: datetime) -> None:
    """By mail in any case; by SMS unless the SMS is what is down, then by a call unless the telephone is too (S010)."""
    contract = gw.rules.contracts[gw.rules.default_contract]
    values = _values(gw, contract, outage)
    alarms.raise_once(gw, tx, "T-ALARM-OUTAGE", values, at, about=str(outage.id), within=None)
    if outage.channel != SMS and not is_in_trouble(tx, SMS):
        alarms.text_supervisors(gw, tx, "M-09", values, at)
    elif outage.channel != PHONE and not is_in_trouble(tx, PHONE):
        alarms.call_supervisors(gw, tx, "V-ALARM", values, at)


def _values(gw: Gateway, contract: Contract, outage: Outage) -> dict[str, str]:
    told = alarms.since(gw, contract, outage.began_at)
    cause = causes.told(gw.rules.texts(contract), outage.cause)
    return told | {"channel": wording.channel_name(outage.channel, contract.language), "cause": cause}


# ------------------------------------------------------------------------------------------------- a blocked caller id

CALLER_ID = "caller_id"


def call_ended(gw: Gateway, tx: Transaction, told: str, sent_at: datetime | None, at: datetime, *, rang: bool) -> None:
    """Count the calls in a row that failed at once: the networks may be blocking our caller id (X19, S171).

    `told` is the status of the call, and what the network said of it.

    SMS and mail of the pages go on. A call that rang shows that it is not so.
    """
    timer = tx.timer(CALLER_ID, 0)
    took_s = (at - (sent_at or at)).total_seconds()
    if not delivery.failed_at_once(told.partition(" ")[0], took_s, rang=rang):
        if timer is not None:
            tx.drop_timer(CALLER_ID, 0)
        return
    count = int(timer.facts["count"]) + 1 if timer else 1
    tx.set_timer(CALLER_ID, 0, at + FORGOTTEN_AFTER, {"count": str(count)})
    if count == delivery.QUICK_FAILURES:
        values = {"count": str(count), "number": gw.rules.sender_ids.calls}
        alarms.raise_once(gw, tx, "T-ALARM-CALLER-ID", values, at, about=CALLER_ID)
        tx.record(SYSTEM, Happening("caller_id_blocked", at, NOBODY, "X19", {"count": str(count), "detail": told}))
