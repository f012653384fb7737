"""What the stand-in carrier remembers: texts, calls, recordings, and what went wrong. All in memory, gone at the end.

Records change only on the carrier's own loop. Other threads read them freely: every list handed out is a copy.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

Clock = Callable[[], datetime]

FINAL_CALL_STATES = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the gateway is a customer of. `numbers` are further numbers of ours beside `number`."""

    sid: str
    auth_token: str
    number: str
    numbers: tuple[str, ...] = ()

    def owns(self, number: str) -> bool:
        return number == self.number or number in self.numbers


@dataclass(slots=True)
class Message:
    """One SMS, ours to a telephone (`outbound-api`, `outbound-reply`) or a telephone's to us (`inbound`)."""

    sid: str
    sender: str
    to: str
    body: str
    direction: str
    created_at: datetime
    updated_at: datetime
    status: str
    status_callback: str = ""
    sent_at: datetime | None = None
    error_code: int | None = None


@dataclass(slots=True)
class Call:
    """One leg of a call. `heard` is what the person at the telephone was told, `verbs` what was walked, in order."""

    sid: str
    caller: str
    to: str
    direction: str
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    parent_sid: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    answered_by: str | None = None
    heard: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    """What was keyed or spoken into each Gather, in order."""
    told: list[tuple[str, str]] = field(default_factory=list)
    """All of it in order, for people who watch: (`heard`, words), (`key`, digits), (`said`, words), (`tone`, ""),
    (`left`, seconds), (`rings`, number), (`joined`, number), (`machine`, "")."""
    doing: str = ""
    """What goes on at this moment: `hears`, `listens` (a Gather waits), `records`, `rings`, `talks`, or nothing."""

    def hears(self, words: str) -> None:
        """The person is told something."""
        self.heard.append(words)
        self.told.append(("heard", words))

    @property
    def ended(self) -> bool:
        return self.status in FINAL_CALL_STATES


@dataclass(slots=True)
class Recording:
    """What a caller left after the tone, or a whole conversation."""

    sid: str
    call_sid: str
    source: str
    created_at: datetime
    duration_s: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the gateway did that the carrier could not use. `code` is the carrier's own error number."""

    at: datetime
    code: int
    detail: str
    sid: str = ""


class Sids:
    """Makes ids of the carrier's shape: two letters and 32 hexadecimal digits; with a `seed` always the same ones."""

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed
        self._count = count(1)

    def new(self, prefix: str) -> str:
        if self._seed is None:
            return prefix + secrets.token_hex(16)
        return prefix + hashlib.sha256(f"{self._seed}:{next(self._count)}".encode()).hexdigest()[:32]


class Records:
    """Everything that happened, oldest first."""

    def __init__(self, clock: Clock, seed: str | None = None) -> None:
        self.now = clock
        self.sids = Sids(seed)
        self._lock = threading.Lock()
        self._messages: dict[str, Message] = {}
        self._calls: dict[str, Call] = {}
        self._recordings: dict[str, Recording] = {}
        self._troubles: list[Trouble] = []

    @property
    def messages(self) -> list[Message]:
        with self._lock:
            return list(self._messages.values())

    @property
    def calls(self) -> list[Call]:
        with self._lock:
            return list(self._calls.values())

    @property
    def recordings(self) -> list[Recording]:
        with self._lock:
            return list(self._recordings.values())

    @property
    def troubles(self) -> list[Trouble]:
        with self._lock:
            return list(self._troubles)

    def add_message(self, sender: str, to: str, body: str, *, direction: str, status_callback: str = "") -> Message:
        status = "received" if direction == "inbound" else "queued"
        at = self.now()
        sid = self.sids.new("SM")
        message = Message(sid, sender, to, body, direction, at, at, status, status_callback)
        if direction == "inbound":
            message.sent_at = at
        with self._lock:
            self._messages[message.sid] = message
        return message

    def add_call(self, caller: str, to: str, *, direction: str, parent_sid: str | None = None) -> Call:
        at = self.now()
        call = Call(self.sids.new("CA"), caller, to, direction, at, at, parent_sid=parent_sid)
        with self._lock:
            self._calls[call.sid] = call
        return call

    def add_recording(self, call: Call, *, source: str, duration_s: int) -> Recording:
        recording = Recording(self.sids.new("RE"), call.sid, source, self.now(), duration_s)
        with self._lock:
            self._recordings[recording.sid] = recording
        return recording

    def add_trouble(self, code: int, detail: str, sid: str = "") -> None:
        with self._lock:
            self._troubles.append(Trouble(self.now(), code, detail, sid))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._messages.clear()
            self._calls.clear()
            self._recordings.clear()
            self._troubles.clear()

    def message(self, sid: str) -> Message | None:
        return self._messages.get(sid)

    def call(self, sid: str) -> Call | None:
        return self._calls.get(sid)

    def recording(self, sid: str) -> Recording | None:
        return self._recordings.get(sid)

    def forget(self, sid: str) -> bool:
        """Delete a message, call or recording; false when there is none of that id."""
        with self._lock:
            for kind in (self._messages, self._calls, self._recordings):
                if kind.pop(sid, None) is not None:
                    return True
        return False
