"""Asking the carrier: recordings are fetched once, kept here and deleted there; what we missed is taken in (C2.3, X12).

Both are rounds of the worker. The network is used with no transaction open; every step leaves its row behind, so that
a process that is killed goes on where it was: a recording is deleted there only after it lies here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from gateway import journal, missed
from gateway.domain.errors import ArchiveError
from gateway.domain.held import HeldCall, HeldRecording, HeldText, audio_type
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.telephony import RecordingState
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.domain.rules import Rules
    from gateway.domain.telephony import Recording
    from gateway.ports import Folder, Gateway, Reading, Transaction
    from gateway.telephone import Archive

Held = TypeVar("Held", HeldCall, HeldText, HeldRecording)

EVERY = timedelta(minutes=15)
OVERLAP = timedelta(hours=1)
"""So much of what was looked at is looked at again: the carrier's books are written late."""
SETTLED_AFTER = timedelta(seconds=90)
"""Of what is younger a webhook may still be on its way."""
AGAIN_AFTER, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
AT_ONCE = 20
CURSOR = "carrier:books"
NOT_A_SOUND = "what the carrier gave is no sound that we keep"


def numbers_of(rules: Rules) -> tuple[str, ...]:
    """Every number of ours that people call or text."""
    phones = (Channel.PHONE, Channel.SMS)
    theirs = (e.address for c in rules.contracts.values() for e in c.endpoints if e.channel in phones)
    return tuple(dict.fromkeys(number for number in (*rules.sender_ids.numbers, *theirs) if number))


@dataclass(slots=True)
class Collector:
    """The two rounds over one gateway. Only how long to wait after a failure is in memory: a restart tries at once."""

    gw: Gateway
    archive: Archive
    folder: Folder
    _not_before: dict[str, datetime] = field(default_factory=dict)
    _look_at: datetime | None = None

    # --------------------------------------------------------------------------------------------------- recordings

    def fetch(self) -> None:
        """Every recording that lies at the carrier: fetched, kept, deleted there; one that fails waits longer."""
        waiting = (RecordingState.AT_CARRIER, RecordingState.KEPT)
        now = self.gw.clock.now()
        found = self.gw.store.read(lambda reading: reading.recordings(states=waiting, limit=1000))
        due = [each for each in found if self._not_before.get(each.sid, now) <= now]
        for recording in due[:AT_ONCE]:
            self._attempt(recording)

    def _attempt(self, recording: Recording) -> None:
        try:
            if recording.state is RecordingState.AT_CARRIER:
                self._keep(recording)
            self.archive.forget(recording.sid)
        except (ArchiveError, OSError) as error:
            self._failed(recording, error)
        else:
            self._not_before.pop(recording.sid, None)
            self._now(recording, "recording_left_carrier", state=RecordingState.ONLY_HERE, reason=None)

    def _keep(self, recording: Recording) -> None:
        raw = self.archive.sound(recording.sid)
        kind = audio_type(raw)
        if kind is None:
            raise ArchiveError(NOT_A_SOUND)
        sha256 = hashlib.sha256(raw).hexdigest()
        self.folder.keep(sha256, raw)
        values = {"sha256": sha256, "size": len(raw), "type": kind, "reason": None}
        self._now(recording, "recording_kept", state=RecordingState.KEPT, **values)

    def _now(self, recording: Recording, happened: str, **values: object) -> None:
        """A recording has come further, on its line and in the history of its ticket."""
        at = self.gw.clock.now()
        told = {name: str(value) for name, value in values.items() if name in ("sha256", "size", "type", "reason")}
        data = {"recording": recording.sid} | {name: value for name, value in told.items() if value != "None"}

        def unit(tx: Transaction) -> None:
            known = tx.recording_by(recording.sid)
            if known is None or known.state is RecordingState.ERASED:
                return
            tx.change_recording(known.id, attempts=known.attempts + 1, **values)
            chain = str(known.ticket) if known.ticket is not None else SYSTEM
            tx.record(chain, Happening(happened, at, NOBODY, "X12", data))

        self.gw.store.write(unit)

    def _failed(self, recording: Recording, error: Exception) -> None:
        """Tried again, later each time; the first failure is on record. What the carrier has no more is gone."""
        journal.warned("recording.not_fetched", recording=recording.sid, reason=str(error)[:200])
        gone = isinstance(error, ArchiveError) and error.gone
        asked = timedelta(seconds=error.wait_s) if isinstance(error, ArchiveError) and error.wait_s else AGAIN_AFTER
        wait = min(asked * 2 ** min(recording.attempts, 10), LONGEST_WAIT)
        self._not_before[recording.sid] = self.gw.clock.now() + wait
        reason = str(error)[:300]
        if gone and recording.state is RecordingState.AT_CARRIER:
            self._now(recording, "recording_lost", state=RecordingState.ERASED, reason=reason)
        elif recording.reason is None:
            self._now(recording, "recording_not_fetched", reason=reason)
        else:
            self.gw.store.write(
                lambda tx: tx.change_recording(recording.id, attempts=recording.attempts + 1, reason=reason)
            )

    # ------------------------------------------------------------------------------------------------ what was missed

    def look_back(self) -> None:
        """What happened on our numbers since the last look, by the carrier's books: at the start, then in turns."""
        now = self.gw.clock.now()
        if self._look_at is not None and now < self._look_at:
            return
        seen = self.gw.store.read(lambda reading: reading.cursor(CURSOR))
        if seen is None:  # nothing before our first start is ours
            self._seen_until(now)
            return
        since = datetime.fromtimestamp(seen[1], UTC) - OVERLAP
        try:
            is_settled = self._take_in(since, now)
        except ArchiveError as error:
            journal.warned("carrier.books_closed", reason=str(error)[:200])
            self._look_at = now + (timedelta(seconds=error.wait_s) if error.wait_s else AGAIN_AFTER)
            return
        self._seen_until(now)
        if not is_settled:
            self._look_at = now + SETTLED_AFTER

    def _seen_until(self, at: datetime) -> None:
        self.gw.store.write(lambda tx: tx.set_cursor(CURSOR, 1, int(at.timestamp())))
        self._look_at = at + EVERY

    def _take_in(self, since: datetime, now: datetime) -> bool:
        """Everything of which nobody told us; whether nothing was too young to know."""
        numbers = numbers_of(self.gw.rules)
        calls = [call for number in numbers for call in self.archive.calls(number, since)]
        texts = [text for number in numbers for text in self.archive.texts(number, since)]
        recordings = self.archive.recordings(since)
        old = now - SETTLED_AFTER
        self._take_calls([call for call in calls if (call.ended_at or call.began_at) <= old], recordings, now)
        self._take_texts([text for text in texts if text.sent_at <= old], now)
        self._take_recordings([each for each in recordings if each.recorded_at <= old], now)
        young = (
            any(not call.is_over or (call.ended_at or call.began_at) > old for call in calls),
            any(text.sent_at > old for text in texts),
            any(each.recorded_at > old for each in recordings),
        )
        return not any(young)

    def _take_calls(self, calls: Sequence[HeldCall], recordings: Sequence[HeldRecording], at: datetime) -> None:
        gw = self.gw

        def take(held: HeldCall, tx: Transaction) -> None:
            theirs = [each for each in recordings if each.call_sid == held.sid and not each.is_conversation]
            missed.take_call(gw, tx, held, theirs, at)

        self._each(calls, missed.is_news_of_call, take)

    def _take_texts(self, texts: Sequence[HeldText], at: datetime) -> None:
        gw = self.gw
        self._each(texts, missed.is_news_of_text, lambda held, tx: missed.take_text(gw, tx, held, at))

    def _take_recordings(self, recordings: Sequence[HeldRecording], at: datetime) -> None:
        gw = self.gw
        self._each(recordings, missed.is_news_of_recording, lambda held, tx: missed.take_recording(gw, tx, held, at))

    def _each(
        self,
        held: Sequence[Held],
        is_news: Callable[[Reading, Held], bool],
        take: Callable[[Held, Transaction], None],
    ) -> None:
        """One unit for each thing that is news: what cannot be taken in is told, and keeps none of the others back."""
        for one in self.gw.store.read(lambda reading: [each for each in held if is_news(reading, each)]):
            try:
                self.gw.store.write(partial(take, one))
            except Exception as error:  # noqa: BLE001 - the edge of a loop: journalled, and the rest is taken in
                journal.loop_failed(f"look back {one.sid}", error)
