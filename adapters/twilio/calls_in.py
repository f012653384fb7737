"""Webhooks of calls: a citizen's, from the first signal to the end, and of the telephones that ring for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from adapters.twilio.doorway import Doorway, Webhooks, xml
from adapters.twilio.gate import CALL, TEXT_OR_CALL
from adapters.twilio.twiml import rendered
from gateway import calls, deeds, hangups, journal, ringing, whispering
from gateway.domain.call import Hangup, Say, Step
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from adapters.twilio.gate import Signal
    from gateway.calls import Heard
    from gateway.domain.call import Script
    from gateway.ports import Transaction

KEY = "{key}"
STEPS = frozenset(str(step) for step in Step)
_NEEDS = ("CallSid", "From", "To")
_TURN = re.compile(r"[0-9]{1,6}", re.ASCII)
_DURATION = re.compile(r"[0-9]{1,6}", re.ASCII)
_RECORDING = re.compile(r"RE[0-9a-f]{32}", re.ASCII)


class Calls:
    """The handlers over one gateway."""

    def __init__(self, hooks: Webhooks, doorway: Doorway) -> None:
        self._hooks = hooks
        self._gw = hooks.gateway
        self._door = doorway
        self._how = hooks.how()
        rules = hooks.gateway.rules
        default = rules.contracts[rules.default_contract]
        self._language = default.language
        self._apology, self._thanks = (rules.texts(default).fill(each, {}).body for each in ("V-APOLOGY", "V-THANKS"))
        recordings = f"{hooks.api_url.rstrip('/')}/2010-04-01/Accounts/{hooks.account_sid}/Recordings/"
        self._recording = re.compile(re.escape(recordings) + r"(RE[0-9a-f]{32})(?:\.(?:wav|mp3))?", re.ASCII)

    def routes(self) -> list[Route]:
        """Every path of a call, all POST."""
        guarded = self._door.guarded
        return [
            Route("/twilio/voice", guarded(self.begins, *_NEEDS, known=CALL), methods=["POST"]),
            Route("/twilio/voice/{step}", guarded(self.goes_on, *_NEEDS, known=CALL), methods=["POST"]),
            Route(f"/twilio/leg/{KEY}", guarded(self.leg, "CallSid", known=CALL), methods=["POST"]),
            Route(f"/twilio/leg/{KEY}/key", guarded(self.leg_key, "CallSid", known=CALL), methods=["POST"]),
            Route(
                f"/twilio/leg-status/{KEY}",
                guarded(self.leg_fate, "CallSid", "CallStatus", known=CALL),
                methods=["POST"],
            ),
            Route(
                "/twilio/recording",
                guarded(self.recorded, "CallSid", "RecordingSid", known=CALL),
                methods=["POST"],
            ),
            Route("/twilio/fallback", guarded(self.fallback, "CallSid", known=CALL), methods=["POST"]),
            Route("/twilio/status", guarded(self.over, known=TEXT_OR_CALL), methods=["POST"]),
        ]

    # ------------------------------------------------------------------------------------------------- the caller

    async def begins(self, signal: Signal) -> Response:
        """The first signal of a citizen's call."""
        sid = signal.value("CallSid")
        facts = {"sid": sid, "city": signal.value("FromCity"), "state": signal.value("CallStatus")}
        arrival = self._door.arrival(signal, Channel.PHONE, f"twilio:{sid}:begin", facts)
        at = self._gw.clock.now()
        heard = await self._door.keep_or_do(arrival, lambda tx: calls.call_begins(self._gw, tx, arrival, at))
        return self._spoken(heard)

    async def goes_on(self, signal: Signal) -> Response:
        """A key, speech, a recording, silence, or what came of the telephones that rang."""
        step = str(signal.request.path_params.get("step", ""))
        turn = signal.request.query_params.get("n", "")
        if step not in STEPS or not _TURN.fullmatch(turn):
            return xml(rendered((Hangup(),), str, self._how))
        told = self._told(signal, step, int(turn))
        facts = {
            "sid": told.sid,
            "step": step,
            "turn": turn,
            "digits": told.digits,
            "speech": told.speech,
            "recording": told.recording,
            "recording_s": str(told.recording_s) if told.recording else "",
        }
        arrival = self._door.arrival(signal, Channel.PHONE, f"twilio:{told.sid}:{step}:{turn}", facts)
        at = self._gw.clock.now()
        heard = await self._door.keep_or_do(arrival, lambda tx: calls.call_goes_on(self._gw, tx, told, arrival, at))
        return self._spoken(heard)

    def _told(self, signal: Signal, step: str, turn: int) -> deeds.Signal:
        duration = signal.value("RecordingDuration")
        return deeds.Signal(
            sid=signal.value("CallSid"),
            step=step,
            turn=turn,
            digits="" if signal.value("RecordingUrl") else signal.value("Digits"),
            speech=signal.value("SpeechResult"),
            recording=self._our_recording(signal),
            recording_s=int(duration) if _DURATION.fullmatch(duration) else 0,
            dialled=signal.value("DialCallStatus")[:40],
        )

    def _our_recording(self, signal: Signal) -> str:
        """The id of a recording at our carrier, in our own account: nothing else is ever fetched (B-084)."""
        url = signal.value("RecordingUrl")
        found = self._recording.fullmatch(url)
        if url and found is None:
            journal.warned("recording.refused", call=signal.value("CallSid"))
        return found[1] if found else ""

    async def over(self, signal: Signal) -> Response:
        """A call has ended. A status of something else that carries no id of ours is noted in the journal only."""
        sid, status = signal.value("CallSid"), signal.value("CallStatus") or signal.value("MessageStatus")
        duration = signal.value("CallDuration")
        lasted_s = int(duration) if _DURATION.fullmatch(duration) else None
        at = self._gw.clock.now()

        def unit(tx: Transaction) -> bool:
            call = tx.call_by(sid) if sid and status in ringing.ENDED else None
            if call is not None:
                hangups.over(self._gw, tx, call, at, status=status, lasted_s=lasted_s)
            return call is not None

        journal.status_settled("", status, known=await self._door.do(unit))
        return Response(status_code=204)

    async def fallback(self, signal: Signal) -> Response:
        """The carrier's own document took a message while we were away: the call is kept now, the message fetched."""
        sid = signal.value("CallSid")
        arrival = self._door.arrival(signal, Channel.PHONE, f"twilio:{sid}:begin", {"sid": sid})
        at = self._gw.clock.now()
        told = self._told(signal, str(Step.MESSAGE), 0)
        await self._door.keep_or_do(arrival, lambda tx: calls.message_elsewhere(self._gw, tx, told, arrival, at))
        return self._last_words(self._thanks)

    # ------------------------------------------------------------------------------------- the telephones that ring

    async def leg(self, signal: Signal) -> Response:
        """Somebody of ours picked up: what it is about, and which key takes the call."""
        key, at = signal.key(), self._gw.clock.now()
        script = await self._door.do(lambda tx: whispering.whisper(self._gw, tx, key, at))
        return self._at_leg(script, key)

    async def leg_key(self, signal: Signal) -> Response:
        """Somebody of ours pressed a key."""
        key, digits, at = signal.key(), signal.value("Digits"), self._gw.clock.now()
        script = await self._door.do(lambda tx: whispering.key_pressed(self._gw, tx, key, digits, at))
        return self._at_leg(script, key)

    async def leg_fate(self, signal: Signal) -> Response:
        """How a telephone that rings for a caller fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status = signal.value("CallSid"), signal.value("CallStatus")
        detail = signal.value("SipResponseCode")
        known = await self._door.do(lambda tx: ringing.leg_fate(self._gw, tx, key, sid, status, detail, at))
        journal.status_settled(key, status, known=known)
        return Response(status_code=204)

    async def recorded(self, signal: Signal) -> Response:
        """The recording of a conversation lies at the carrier."""
        sid, call_sid = signal.value("RecordingSid"), signal.value("CallSid")
        duration = signal.value("RecordingDuration")
        seconds, at = int(duration) if _DURATION.fullmatch(duration) else 0, self._gw.clock.now()
        known = await self._door.do(lambda tx: calls.conversation_recorded(tx, call_sid, sid, seconds, at))
        journal.status_settled("", "recorded", known=known)
        return Response(status_code=204)

    # ------------------------------------------------------------------------------------------------- rendering

    def _spoken(self, heard: Heard | None) -> Response:
        """What the caller hears as TwiML; a step is an address with the turn in it."""
        if heard is None:
            return self._last_words(self._apology)

        def address(step: str) -> str:
            return f"/twilio/voice/{step}?n={heard.turn}"

        return xml(rendered(heard.script, address, self._how, heard.language))

    def _last_words(self, words: str) -> Response:
        """What ends a call of which nothing else is known, in the language of the default contract.

        The words are at hand since the start: whatever fails later, they can be said.
        """
        return xml(rendered((Say(words), Hangup()), str, self._how, self._language))

    def _at_leg(self, script: Script, key: str) -> Response:
        return xml(rendered(script, lambda step: f"/twilio/leg/{key}/{step}", self._how))
