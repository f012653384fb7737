"""Walks the gateway's TwiML on one leg of a call, with the person at the telephone answering.

One method per verb. Each returns the errand that fetches the next document, or None to go on with the next verb; the
end of a call is `Ended`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import format_datetime

from adapters.rehearsal.courier import Answer, Courier, Errand, Params, call_params
from adapters.rehearsal.line import Diverted, Ended, Leg
from adapters.rehearsal.records import Account, Recording, Records
from adapters.rehearsal.script import HangUp, Leave, Press, Speak, Step
from adapters.rehearsal.twiml import Document, Verb, read_twiml

SPOKEN_CHARACTERS_PER_S = 15
PLAYED_S = 5.0
MAX_DOCUMENTS = 200
DOCUMENT_PARSE_FAILURE = 12100
SCHEMA_WARNING = 12200
WRONG_CONTENT_TYPE = 12300
ENDLESS_CALL = 11750
NO_RECORD = "do-not-record"
REJECTED_AS = {"busy": "busy", "rejected": "no-answer"}


@dataclass(frozen=True, slots=True)
class Dialled:
    """How a Dial ended. `bridged` says whether the two parties were connected: status alone does not."""

    status: str
    sid: str
    duration_s: int = 0
    bridged: bool = False


@dataclass(slots=True)
class Pace:
    """How fast is spoken, as a multiple of a person's speed: who rehearses reads faster than a voice speaks."""

    speech: float = 1.0

    def spoken_s(self, words: str) -> float:
        """How long it takes to say `words`, in seconds of the call."""
        return math.ceil(len(words) / SPOKEN_CHARACTERS_PER_S) / self.speech


@dataclass(frozen=True, slots=True)
class Switch:
    """What a walk needs of the carrier."""

    account: Account
    records: Records
    courier: Courier
    media_url: Callable[[Recording], str]
    dial: Callable[[Leg, Verb, str], Awaitable[Dialled]]
    later: Callable[[Errand, str], None]
    pace: Pace


class Walk:
    """The life of one leg from its first document to its end."""

    def __init__(self, switch: Switch, leg: Leg, fallback: Errand | Document | None = None) -> None:
        self._switch = switch
        self._leg = leg
        self._call = leg.call
        self._fallback = fallback
        self._document = Document("", ())
        self._verbs: dict[str, Callable[[Verb], Awaitable[Errand | None]]] = {
            "Say": self._say,
            "Play": self._play,
            "Pause": self._pause,
            "Redirect": self._redirect,
            "Hangup": self._hang_up,
            "Reject": self._reject,
            "Gather": self._gather,
            "Record": self._record,
            "Dial": self._dial,
        }

    async def run(self, start: Errand | Document) -> None:
        """Walk from `start` until the documents come to an end.

        Raises:
            Ended: by Hangup, Reject, the person, or the REST API.
        """
        target: Errand | Document | None = start
        for _ in range(MAX_DOCUMENTS):
            if target is None:
                return
            target = await self._one(target)
        self._trouble(ENDLESS_CALL, f"more than {MAX_DOCUMENTS} documents in one call")

    async def _one(self, target: Errand | Document) -> Errand | Document | None:
        try:
            document = await self._fetch(target) if isinstance(target, Errand) else target
            self._leg.line.check()
            return await self._walk(document)
        except Diverted as diverted:
            return diverted.target

    async def _fetch(self, errand: Errand) -> Document:
        fields = dict(call_params(self._switch.account, self._call)) | dict(errand.params)
        errand = Errand(errand.url, tuple(fields.items()), errand.method, errand.base)
        document = self._read(await self._switch.courier.carry(errand, self._call.sid))
        if document is None and self._fallback is not None:
            fallback, self._fallback = self._fallback, None
            document = fallback if isinstance(fallback, Document) else await self._fetch(fallback)
        if document is None:
            # Twilio says "an application error has occurred" and hangs up.
            self._pick_up()
            raise Ended
        return document

    def _read(self, answer: Answer | None) -> Document | None:
        if answer is None:
            return None
        if "xml" not in answer.content_type:
            self._trouble(WRONG_CONTENT_TYPE, f"{answer.url}: content type {answer.content_type!r}")
            return None
        document = read_twiml(answer.body, answer.url)
        code = SCHEMA_WARNING if document.verbs else DOCUMENT_PARSE_FAILURE
        for problem in document.problems:
            self._trouble(code, f"{answer.url}: {problem}")
        return document if document.verbs or not document.problems else None

    def _trouble(self, code: int, detail: str) -> None:
        self._switch.records.add_trouble(code, detail, self._call.sid)

    async def _walk(self, document: Document) -> Errand | None:
        self._document = document
        for verb in document.verbs:
            self._answer(verb)
            self._leg.next_verb(verb.name)
            following = await self._verbs[verb.name](verb)
            if following is not None:
                return following
        return None

    def _answer(self, verb: Verb) -> None:
        """An inbound call is answered by its first verb, save those that Twilio carries out before answering."""
        if verb.name not in {"Reject", "Redirect"}:
            self._pick_up()

    def _pick_up(self) -> None:
        if self._call.status == "ringing":
            self._call.status = "in-progress"
            self._call.started_at = self._call.updated_at = self._switch.records.now()

    def _errand(self, verb: Verb, params: Params = ()) -> Errand:
        """Where `action` leads; without one, the current document again (Twilio, Gather and Record, "action")."""
        return Errand(verb.get("action") or self._document.url, params, verb.get("method", "POST"), self._document.url)

    # ------------------------------------------------------------------------------------------------ heard, not asked

    async def _say(self, verb: Verb) -> None:
        times = max(1, min(10, int(verb.number("loop", 1))))
        self._call.doing = "hears"
        for _ in range(times):
            self._call.hears(verb.text)
        await self._leg.pass_time(times * self._switch.pace.spoken_s(verb.text))

    async def _play(self, verb: Verb) -> None:
        self._call.doing = "hears"
        self._call.hears(f"[{verb.text or verb.get('digits')}]")
        await self._leg.pass_time(PLAYED_S)

    async def _pause(self, verb: Verb) -> None:
        await self._leg.pass_time(verb.number("length", 1))

    async def _redirect(self, verb: Verb) -> Errand:
        return Errand(verb.text or self._document.url, (), verb.get("method", "POST"), self._document.url)

    async def _hang_up(self, _: Verb) -> None:
        raise Ended

    async def _reject(self, verb: Verb) -> None:
        raise Ended(REJECTED_AS.get(verb.get("reason", "rejected"), "no-answer"))

    # ---------------------------------------------------------------------------------------------------------- Gather

    async def _gather(self, verb: Verb) -> Errand | None:
        for prompt in verb.children:
            if await self._cut_short(prompt):
                break
        self._call.doing = "listens"
        given = self._given(verb, await self._step(verb.number("timeout", 5)))
        if given is None:
            if not verb.says("actionOnEmptyResult", default=False):
                return None
            given = (("Digits", ""),) if "dtmf" in verb.get("input", "dtmf") else (("SpeechResult", ""),)
        else:
            (kind, words), *_ = given
            self._call.pressed.append(words)
            self._call.told.append(("key" if kind == "Digits" else "said", words))
        return self._errand(verb, given)

    async def _cut_short(self, prompt: Verb) -> bool:
        """Say a prompt of a Gather; true when whoever listens presses or speaks meanwhile (Twilio, Gather: barge-in).

        What a script will do waits until everything was said.
        """
        said = asyncio.ensure_future(self._verbs[prompt.name](prompt))
        acts = asyncio.ensure_future(self._leg.person.breaks_in())
        try:
            await asyncio.wait({said, acts}, return_when=asyncio.FIRST_COMPLETED)
            if said.done():
                await said
            return not said.done()
        finally:
            acts.cancel()
            said.cancel()
            await asyncio.gather(said, acts, return_exceptions=True)

    async def _step(self, timeout_s: float) -> Step | None:
        """What the person does within `timeout_s`: by script at once, else live; None for nothing."""
        if self._leg.person.next_step() is None:
            await self._leg.pass_time(timeout_s, until=self._leg.person.live_step())
        step = self._leg.person.next_step()
        if isinstance(step, HangUp) or (isinstance(step, Press) and not self._has_heard(step.after_hearing)):
            await self._leg.pass_time(timeout_s)
            return None
        return step

    def _has_heard(self, text: str) -> bool:
        return not text or any(text in said for said in self._call.heard)

    def _given(self, verb: Verb, step: Step | None) -> Params | None:
        """The parameters that `step` puts into the request of this Gather; None when it puts in nothing."""
        listens = verb.get("input", "dtmf").split()
        if step is None:
            return None
        if isinstance(step, Press) and "dtmf" in listens:
            self._leg.person.take()
            digits = self._keyed(step, int(verb.number("numDigits", 0)), verb.get("finishOnKey", "#"))
            return (("Digits", digits),) if digits else None
        if isinstance(step, Leave):
            return None  # waits for the tone
        self._leg.person.take()
        if isinstance(step, Speak) and "speech" in listens:
            return (("SpeechResult", step.text), ("Confidence", str(step.confidence)))
        return None  # keys into a deaf Gather, words into one that only takes keys

    def _keyed(self, step: Press, most: int, finish: str) -> str:
        digits, ended, ahead = step.keys, "", ""
        if finish:
            digits, ended, ahead = digits.partition(finish[0])
        if most and len(digits) > most:
            digits, ended, ahead = digits[:most], "", digits[most:] + ended + ahead
        if ahead:  # typed ahead: meant for the next Gather
            self._leg.person.put_back(Press(ahead))
        return digits

    # ---------------------------------------------------------------------------------------------------------- Record

    async def _record(self, verb: Verb) -> Errand | None:
        self._call.doing = "records"
        self._call.told.append(("tone", ""))
        step = await self._step(verb.number("timeout", 5))
        left = _left(step)
        if step is not None:
            self._leg.person.take()
        if left is None:
            # Twilio, Record, "timeout": where nothing was said, nothing is recorded and the next verb follows.
            return None
        if isinstance(step, Speak):
            self._call.told.append(("said", step.text))
        seconds, key = await self._recorded(min(left.seconds, int(verb.number("maxLength", 3600))), left.key)
        self._call.told.append(("left", str(seconds)))
        recording = self._switch.records.add_recording(self._call, source="RecordVerb", duration_s=seconds)
        self._announce(verb, recording)
        errand = self._errand(
            verb,
            (
                ("RecordingUrl", self._switch.media_url(recording)),
                ("RecordingSid", recording.sid),
                ("RecordingDuration", str(seconds)),
                ("Digits", key or "hangup"),
            ),
        )
        if key:
            return errand
        self._call.status = "completed"  # the person hung up after the message; the action still hears of it
        fields = dict(call_params(self._switch.account, self._call)) | dict(errand.params)
        self._switch.later(Errand(errand.url, tuple(fields.items()), errand.method, errand.base), self._call.sid)
        raise Ended

    async def _recorded(self, seconds: int, key: str) -> tuple[int, str]:
        """How long was recorded, and the key that ended it: none when the person hung up, which ends a message too."""
        began_s = self._leg.line.elapsed_s
        try:
            await self._leg.pass_time(seconds)
        except Ended:
            return max(1, math.ceil(self._leg.line.elapsed_s - began_s)), ""
        return seconds, key

    def _announce(self, verb: Verb, recording: Recording) -> None:
        """Twilio, "recordingStatusCallback": sent when the file can be fetched."""
        url = verb.get("recordingStatusCallback")
        if not url:
            return
        params = (
            ("AccountSid", self._switch.account.sid),
            ("CallSid", recording.call_sid),
            ("RecordingSid", recording.sid),
            ("RecordingUrl", self._switch.media_url(recording)),
            ("RecordingStatus", "completed"),
            ("RecordingDuration", str(recording.duration_s)),
            ("RecordingChannels", "2" if verb.get("record").endswith("-dual") else "1"),
            ("RecordingStartTime", format_datetime(recording.created_at)),
            ("RecordingSource", recording.source),
        )
        method = verb.get("recordingStatusCallbackMethod", "POST")
        self._switch.later(Errand(url, params, method, self._document.url), self._call.sid)

    # ------------------------------------------------------------------------------------------------------------ Dial

    async def _dial(self, verb: Verb) -> Errand | None:
        self._call.doing = "rings"
        try:
            dialled = await self._switch.dial(self._leg, verb, self._document.url)
        finally:
            self._keep_conversation(verb)
        if not verb.get("action"):
            return None
        params: Params = (
            ("DialCallStatus", dialled.status),
            ("DialCallSid", dialled.sid),
            ("DialCallDuration", str(dialled.duration_s)),
            ("DialBridged", str(dialled.bridged).lower()),
        )
        return self._errand(verb, params)

    def _keep_conversation(self, verb: Verb) -> None:
        """What the two said from when they were put through, whoever of them hung up (Twilio, Dial, "record")."""
        talked_s, self._leg.talked_s = math.ceil(self._leg.talked_s), 0.0
        if talked_s and verb.get("record", NO_RECORD) != NO_RECORD:
            self._announce(verb, self._switch.records.add_recording(self._call, source="DialVerb", duration_s=talked_s))


def _left(step: Step | None) -> Leave | None:
    """What `step` leaves after the tone of a Record."""
    if isinstance(step, Leave):
        return step
    if isinstance(step, Speak):
        return Leave(max(1, math.ceil(len(step.text) / SPOKEN_CHARACTERS_PER_S)))
    return None
