"""The telephones of the rehearsal: each a number with a behaviour that can be changed at any time.

A number that nobody described rings out and takes texts silently, like a telephone left in another room.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from adapters.rehearsal.records import Call
from adapters.rehearsal.script import Step, read_script

Reply = str | Callable[[str], str | None]

UNREACHABLE_HANDSET = 30003
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
# Twilio, "Support for opt-out keywords": the texts that stop and start messages to a number, whatever the case.
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})


class Ring(StrEnum):
    """What happens when the telephone is called."""

    ANSWERS = "answers"
    RINGS_OUT = "rings_out"
    BUSY = "busy"
    VOICEMAIL = "voicemail"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a telephone behaves. Seconds are telephone seconds, scaled like every other.

    `reply` answers each text: a template ("OK {code}"; `{code}` is the six-digit code, `{text}` the whole) or a
    function from text to answer, None for none. `sms_error` makes texts end `undelivered` with that code; 21610 in
    `sms_refusal` makes the REST call itself fail, as after STOP.
    """

    ring: Ring = Ring.RINGS_OUT
    script: tuple[Step, ...] = ()
    answers_after_s: float = 4
    talks_s: float = 30
    reply: Reply | None = None
    reply_after_s: float = 5
    sms_error: int | None = None
    sms_refusal: int | None = None
    call_status_when_off: str = "no-answer"

    def but(self, **changes: object) -> Behaviour:
        """The same behaviour with `changes`, for example `answers("1").but(reply="OK {code}")`."""
        return replace(self, **changes)  # type: ignore[arg-type]  # replace() itself checks the names


def answers(*script: Step | str, after_s: float = 4) -> Behaviour:
    """Picks up and does `script`: `answers("1")` presses 1 at the first Gather."""
    return Behaviour(Ring.ANSWERS, read_script(script), answers_after_s=after_s)


def replies(reply: Reply, after_s: float = 5) -> Behaviour:
    """Answers every text, `replies("OK {code}")`; calls ring out."""
    return Behaviour(reply=reply, reply_after_s=after_s)


def rings_out() -> Behaviour:
    """Nobody picks up; texts arrive."""
    return Behaviour()


def voicemail(after_s: float = 20) -> Behaviour:
    """A machine picks up, presses nothing and lets everything be said to it."""
    return Behaviour(Ring.VOICEMAIL, answers_after_s=after_s)


def switched_off(call_status: str = "no-answer") -> Behaviour:
    """Texts end undelivered with 30003; calls end at once as `call_status` (`no-answer` or `failed`)."""
    return Behaviour(Ring.OFF, sms_error=UNREACHABLE_HANDSET, call_status_when_off=call_status)


def busy() -> Behaviour:
    """Calls meet the busy tone; texts arrive."""
    return Behaviour(Ring.BUSY)


def opted_out() -> Behaviour:
    """Texts are refused with 21610, as after a STOP; calls ring out."""
    return Behaviour(sms_refusal=21610)


BY_NAME: dict[str, Callable[[], Behaviour]] = {
    "answers": answers,
    "replies": lambda: replies("OK {code}"),
    "rings_out": rings_out,
    "voicemail": voicemail,
    "off": switched_off,
    "busy": busy,
    "opted_out": opted_out,
}


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS as it lies on the telephone."""

    at: datetime
    sender: str
    body: str
    sid: str

    @property
    def code(self) -> str | None:
        """The six-digit code in it, if there is one."""
        found = _CODE.search(self.body)
        return found.group() if found else None

    @property
    def answerable(self) -> bool:
        """Whether a reply would go anywhere: a sender that is a name takes none."""
        return not any(char.isalpha() for char in self.sender)


@dataclass(slots=True)
class Phone:
    """A telephone: assign `behaviour` at any time, from any thread; the next text or call obeys it."""

    number: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    inbox: list[Text] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    """Calls that this telephone received or placed, oldest first; `call.heard` is what was said to it."""
    stopped: bool = False
    """It texted STOP and has not texted START since."""

    @property
    def heard(self) -> list[str]:
        """Everything said to it in all its calls."""
        return [said for call in self.calls for said in call.heard]

    @property
    def refusal(self) -> int | None:
        """The error with which the carrier refuses to text this number, if it does."""
        return 21610 if self.stopped else self.behaviour.sms_refusal

    def reply_to(self, text: Text) -> str | None:
        """What the person texts back, if anything. A template with `{code}` says nothing to a text without one."""
        reply = self.behaviour.reply
        if reply is None or not isinstance(reply, str):
            return reply(text.body) if reply else None
        if "{code}" in reply and text.code is None:
            return None
        return reply.replace("{code}", text.code or "").replace("{text}", text.body)

    def note_keyword(self, body: str) -> None:
        """STOP and START change what the carrier accepts for this number."""
        word = body.strip().upper()
        if word in STOP_WORDS:
            self.stopped = True
        elif word in START_WORDS:
            self.stopped = False


class Phones:
    """The telephones by number; asking for an unknown one connects it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phones: dict[str, Phone] = {}

    def __getitem__(self, number: str) -> Phone:
        with self._lock:
            return self._phones.setdefault(number, Phone(number))

    def __setitem__(self, number: str, behaviour: Behaviour) -> None:
        self[number].behaviour = behaviour

    def clear(self) -> None:
        """Disconnect every telephone."""
        with self._lock:
            self._phones.clear()

    def all(self) -> list[Phone]:
        with self._lock:
            return list(self._phones.values())
