"""What the carrier's own books hold of us: calls, texts, recordings. Asked for after we were away (C2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
"""The states of a call in which nothing more comes."""
# A WAVE file is a RIFF form (RFC 2361); a frame of MPEG audio begins with eleven set bits, or an ID3 tag stands before.
_FRAME_1, _FRAME_2 = 0xFF, 0xE0


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A call to one of our numbers as the carrier's books have it."""

    sid: str
    caller: str
    called: str
    status: str
    began_at: datetime
    ended_at: datetime | None
    seconds: int

    @property
    def is_over(self) -> bool:
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class HeldText:
    """A text to one of our numbers as the carrier's books have it."""

    sid: str
    sender: str
    to: str
    body: str
    sent_at: datetime
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class HeldRecording:
    """A recording as the carrier's books have it: a message after the tone, or a conversation."""

    sid: str
    call_sid: str
    recorded_at: datetime
    seconds: int
    is_conversation: bool = False


def audio_type(raw: bytes) -> str | None:
    """The type of a sound by its first bytes, whatever anybody says of it; None when it is none that we keep."""
    if raw[:4] == b"RIFF" and raw[8:12] == b"WAVE":
        return "audio/wav"
    is_frame = len(raw) > 1 and raw[0] == _FRAME_1 and raw[1] & _FRAME_2 == _FRAME_2
    return "audio/mpeg" if is_frame or raw[:3] == b"ID3" else None
