"""What the carrier's books hold and we never heard of: a call, a message or a text that came while we were away (C2.3).

Each is taken in with the time at which it really came, and once: calls and recordings are known by their SID on their
own lines, texts by the repeat key of their webhook.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gateway import calls, hangups, texting
from gateway.deeds import Signal
from gateway.domain.call import Step
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.register import SYSTEM, Happening
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.held import HeldCall, HeldRecording, HeldText
    from gateway.ports import Gateway, Reading, Transaction

DOOR = "carrier"
"""The door of what was found in the carrier's books."""


def is_news_of_call(reading: Reading, held: HeldCall) -> bool:
    """Whether a call that is over is unknown to us, or goes on as far as we know."""
    known = reading.call_by(held.sid)
    return held.is_over and (known is None or known.ended_at is None)


def is_news_of_recording(reading: Reading, held: HeldRecording) -> bool:
    """Whether a recording of a call of ours has no line yet."""
    return reading.recording_by(held.sid) is None and reading.call_by(held.call_sid) is not None


def is_news_of_text(reading: Reading, held: HeldText) -> bool:
    """Whether a text was never kept."""
    return not reading.is_kept(_key(held))


def _key(held: HeldText) -> str:
    """The repeat key of its webhook."""
    return f"twilio:{held.sid}"


def take_call(gw: Gateway, tx: Transaction, held: HeldCall, recordings: Sequence[HeldRecording], at: datetime) -> None:
    """A call that nobody told us of, with the message that the carrier's own document took, or the end of a known one.

    The messages come first: they say what became of the call.
    """
    if not is_news_of_call(tx, held):
        return
    if tx.call_by(held.sid) is None:
        _found(tx, "call", held.sid, at)
    for recording in recordings:
        _take_message(gw, tx, recording, _arrival_of(held), at)
    known = tx.call_by(held.sid)
    if known is None:
        calls.call_missed(gw, tx, _arrival_of(held), held.status, held.seconds, at)
    else:
        hangups.over(gw, tx, known, at, status=held.status, lasted_s=held.seconds)
    known = tx.call_by(held.sid)
    if known is not None and held.ended_at is not None:
        tx.change_call(known.id, ended_at=held.ended_at)


def take_recording(gw: Gateway, tx: Transaction, held: HeldRecording, at: datetime) -> None:
    """A recording of a call that we know, of which nobody told us."""
    call = tx.call_by(held.call_sid)
    if call is None or not is_news_of_recording(tx, held):
        return
    _found(tx, "recording", held.sid, at)
    if held.is_conversation:
        calls.conversation_recorded(tx, held.call_sid, held.sid, held.seconds, held.recorded_at)
        return
    facts = {"sid": held.call_sid, "step": str(Step.MESSAGE), "recording": held.sid}
    key = f"twilio:{held.call_sid}:{held.sid}"
    arrival = _arrival(Channel.PHONE, key, held.recorded_at, call.caller, call.called, asdict(held), facts)
    _take_message(gw, tx, held, arrival, at)


def _take_message(gw: Gateway, tx: Transaction, held: HeldRecording, arrival: Arrival, at: datetime) -> None:
    signal = Signal(sid=held.call_sid, step=str(Step.MESSAGE), turn=0, recording=held.sid, recording_s=held.seconds)
    calls.message_elsewhere(gw, tx, signal, arrival, at)


def take_text(gw: Gateway, tx: Transaction, held: HeldText, at: datetime) -> None:
    """A text that nobody told us of: a technician's reply takes effect, a citizen's becomes or joins a ticket."""
    if not is_news_of_text(tx, held):
        return
    _found(tx, "text", held.sid, at)
    facts = {"sid": held.sid, "body": held.body, "media": str(held.pictures)}
    arrival = _arrival(Channel.SMS, _key(held), held.sent_at, held.sender, held.to, asdict(held), facts)
    texting.sms_arrives(gw, tx, arrival, at)


def _arrival_of(held: HeldCall) -> Arrival:
    """The contact that a call is kept as, with the repeat key of its first webhook."""
    facts = {"sid": held.sid}
    key = f"twilio:{held.sid}:begin"
    return _arrival(Channel.PHONE, key, held.began_at, held.caller, held.called, asdict(held), facts)


def _arrival(
    channel: Channel, key: str, at: datetime, sender: str, to: str, raw: dict[str, Any], facts: dict[str, str]
) -> Arrival:
    return Arrival(
        channel=channel,
        door=DOOR,
        raw=json.dumps(raw, default=str, ensure_ascii=False, sort_keys=True).encode(),
        received_at=at,
        sender=sender,
        recipients=(to,),
        repeat_key=RepeatKey(key),
        facts=facts,
    )


def _found(tx: Transaction, what: str, sid: str, at: datetime) -> None:
    """That it came by the books and not by a webhook is on record: a webhook was lost, or somebody looked too early."""
    tx.record(SYSTEM, Happening("found_at_carrier", at, NOBODY, "C2.3", {"what": what, "sid": sid}))
