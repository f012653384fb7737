"""A carrier's books that tests write themselves, and a folder that may refuse."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.domain.errors import ArchiveError
from gateway.domain.held import HeldCall, HeldRecording, HeldText
from tests.flow.station import CITIZEN, DESK_NUMBER, SMS_NUMBER

if TYPE_CHECKING:
    from datetime import datetime

WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 20


@dataclass(slots=True)
class Books:
    """What the carrier holds: lines and sounds by their id. `fault` is raised by whatever is asked."""

    lines: list[HeldCall | HeldText | HeldRecording] = field(default_factory=list)
    sounds: dict[str, bytes] = field(default_factory=dict)
    fault: ArchiveError | None = None
    asked: list[datetime] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    _count: int = 0

    # ------------------------------------------------------------------------------------------------ what happened

    def call(self, began_at: datetime, ended_at: datetime | None, *, status: str = "completed", sid: str = "",
             caller: str = CITIZEN, to: str = DESK_NUMBER) -> HeldCall:  # fmt: skip
        """Somebody called."""
        seconds = int((ended_at - began_at).total_seconds()) if ended_at else 0
        held = HeldCall(sid or self._sid("CA"), caller, to, status, began_at, ended_at, seconds)
        self.lines.append(held)
        return held

    def text(self, at: datetime, body: str, *, sender: str = CITIZEN, sid: str = "") -> HeldText:
        """Somebody texted."""
        held = HeldText(sid or self._sid("SM"), sender, SMS_NUMBER, body, at)
        self.lines.append(held)
        return held

    def recording(self, call_sid: str, at: datetime, *, seconds: int = 9, conversation: bool = False,
                  sound: bytes = WAVE) -> HeldRecording:  # fmt: skip
        """Somebody was recorded."""
        held = HeldRecording(self._sid("RE"), call_sid, at, seconds, conversation)
        self.lines.append(held)
        self.sounds[held.sid] = sound
        return held

    def _sid(self, prefix: str) -> str:
        self._count += 1
        return prefix + hashlib.sha256(f"{prefix}{self._count}".encode()).hexdigest()[:32]

    # ------------------------------------------------------------------------------------------------ the archive

    def calls(self, number: str, since: datetime) -> list[HeldCall]:
        self._ask(since)
        return [each for each in self.lines if isinstance(each, HeldCall) and each.called == number
                and each.began_at >= since]  # fmt: skip

    def texts(self, number: str, since: datetime) -> list[HeldText]:
        self._ask(since)
        return [each for each in self.lines if isinstance(each, HeldText) and each.to == number
                and each.sent_at >= since]  # fmt: skip

    def recordings(self, since: datetime) -> list[HeldRecording]:
        self._ask(since)
        return [each for each in self.lines if isinstance(each, HeldRecording) and each.recorded_at >= since]

    def sound(self, sid: str) -> bytes:
        if self.fault:
            raise self.fault
        self.fetched.append(sid)
        return self.sounds[sid]

    def forget(self, sid: str) -> None:
        if self.fault:
            raise self.fault
        self.deleted.append(sid)
        self.sounds.pop(sid, None)

    def _ask(self, since: datetime) -> None:
        if self.fault:
            raise self.fault
        self.asked.append(since)
