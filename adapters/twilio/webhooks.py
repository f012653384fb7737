"""Webhooks of the carrier: no effect without a valid signature, one effect per event, 200 only after the commit."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.twilio.gate import Gate, Refusal, Signal
from adapters.twilio.twiml import EMPTY, How, rendered
from gateway import calls, journal, page_calls, settling, texting
from gateway.domain.call import Hangup, Say
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Channel, RepeatKey

if TYPE_CHECKING:
    from gateway.domain.call import Script
    from gateway.ports import Gateway, Transaction

T = TypeVar("T")

KEY = "{key}"
_STEPS = ("choice", "speech", "notice", "message")
_TICKET = re.compile(r"[0-9]{1,12}", re.ASCII)
_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
# Twilio sends a withheld number as its reason spelled on the keypad: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN,
# UNAVAILABLE. Whoever calls so must not look like one and the same person.
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
APOLOGY = "Ci scusiamo, si è verificato un problema. La Sua chiamata è registrata e sarà esaminata."
_CALL = ("CallSid", "From", "To")
_TEXT = ("MessageSid", "From", "To", "Body")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the webhooks need beside the gateway."""

    gateway: Gateway
    auth_token: str
    account_sid: str
    public_url: str
    api_url: str
    voice: str
    language: str
    max_record_s: int


def routes(hooks: Webhooks) -> list[Route]:
    """Every path of the carrier, all POST."""
    carrier = _Carrier(hooks)
    return [
        Route("/twilio/voice", carrier.guarded(carrier.voice, *_CALL), methods=["POST"]),
        Route("/twilio/voice/{step}", carrier.guarded(carrier.voice_step, *_CALL), methods=["POST"]),
        Route("/twilio/sms", carrier.guarded(carrier.sms, *_TEXT), methods=["POST"]),
        Route(f"/twilio/page/{KEY}", carrier.guarded(carrier.page, "CallSid"), methods=["POST"]),
        Route(f"/twilio/page/{KEY}/key", carrier.guarded(carrier.page_key, "CallSid"), methods=["POST"]),
        Route(
            f"/twilio/status/{KEY}",
            carrier.guarded(carrier.sms_status, "MessageSid", "MessageStatus"),
            methods=["POST"],
        ),
        Route(
            f"/twilio/call-status/{KEY}",
            carrier.guarded(carrier.call_status, "CallSid", "CallStatus"),
            methods=["POST"],
        ),
        Route("/twilio/status", carrier.guarded(carrier.unknown_status), methods=["POST"]),
    ]


Handler = Callable[[Signal], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class _Carrier:
    """The handlers over one gateway."""

    def __init__(self, hooks: Webhooks) -> None:
        self._hooks = hooks
        self._gw = hooks.gateway
        self._gate = Gate(hooks.public_url, hooks.account_sid, hooks.auth_token)
        recordings = f"{hooks.api_url.rstrip('/')}/2010-04-01/Accounts/{hooks.account_sid}/Recordings/"
        self._recording = re.compile(re.escape(recordings) + r"RE[0-9a-f]{32}(?:\.(?:wav|mp3))?", re.ASCII)

    # -------------------------------------------------------------------------------------------- the gate

    def guarded(self, handler: Handler, *needs: str) -> Endpoint:
        """The same handler behind the gate; `needs` are the parameters that it cannot do without."""

        async def endpoint(request: Request) -> Response:
            try:
                signal = await self._gate.signal(request, needs)
            except Refusal as refusal:
                peer = request.client.host if request.client else ""
                journal.webhook_refused(request.url.path, refusal.reason, peer)
                return PlainTextResponse("refused", refusal.status)
            except ClientDisconnect:
                return PlainTextResponse("gone", 400)
            try:
                return await handler(signal)
            except StoreError as error:
                journal.warned("webhook.deferred", path=request.url.path, error=type(error).__name__)
                return PlainTextResponse("try again", 503)

        return endpoint

    # --------------------------------------------------------------------------------------------- effects

    async def _do(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit and wait for its commit, on the loop, whatever becomes of the client."""
        return await asyncio.shield(asyncio.wrap_future(self._gw.store.submit(unit)))

    async def _keep_or_do(self, arrival: Arrival, unit: Callable[[Transaction], T]) -> T | None:
        """The unit; if it fails by a fault of ours, at least the arrival is kept and filed later by the worker."""
        try:
            return await self._do(unit)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the step: kept, journalled, answered politely
            journal.loop_failed("webhook", error)
            await asyncio.shield(asyncio.wrap_future(self._gw.store.submit_accept(arrival, self._gw.clock.now())))
            return None

    def _arrival(self, signal: Signal, channel: Channel, key: str, facts: Mapping[str, str]) -> Arrival:
        sender = signal.value("From")
        shown = bool(_NUMBER.fullmatch(sender)) and sender not in _WITHHELD
        more = {} if shown else {"caller": sender}
        return Arrival(
            channel=channel,
            door="twilio",
            raw=signal.body,
            received_at=self._gw.clock.now(),
            sender=sender if shown else "",
            recipients=(signal.value("To"),),
            repeat_key=RepeatKey(key),
            facts={name: value for name, value in {**facts, **more}.items() if value},
        )

    # -------------------------------------------------------------------------------------------- calls in

    async def voice(self, signal: Signal) -> Response:
        """The first signal of a citizen's call."""
        sid = signal.value("CallSid")
        facts = {"sid": sid, "city": signal.value("FromCity"), "state": signal.value("CallStatus")}
        arrival = self._arrival(signal, Channel.PHONE, f"twilio:{sid}:begin", facts)
        at = self._gw.clock.now()
        begun = await self._keep_or_do(arrival, lambda tx: calls.call_begins(self._gw, tx, arrival, at))
        if begun is None:
            return self._spoken((Say(APOLOGY), Hangup()), "")
        script, number = begun
        return self._spoken(script, f"?ticket={number}", "/twilio/voice/")

    async def voice_step(self, signal: Signal) -> Response:
        """A key, speech or a recording of a citizen's call."""
        step = str(signal.request.path_params.get("step", ""))
        ticket = signal.request.query_params.get("ticket", "")
        if step not in _STEPS or not _TICKET.fullmatch(ticket):
            return self._spoken((Hangup(),), "")
        facts = self._step_facts(signal) | {"ticket": ticket, "step": step}
        said = hashlib.sha256("|".join(sorted(f"{k}={v}" for k, v in facts.items())).encode()).hexdigest()[:24]
        key = f"twilio:{signal.value('CallSid')}:{step}:{said}"
        arrival = self._arrival(signal, Channel.PHONE, key, facts)
        at = self._gw.clock.now()
        script = await self._keep_or_do(
            arrival, lambda tx: calls.call_goes_on(self._gw, tx, arrival, int(ticket), step, at)
        )
        return self._spoken(script or (Say(APOLOGY), Hangup()), f"?ticket={ticket}", "/twilio/voice/")

    def _step_facts(self, signal: Signal) -> dict[str, str]:
        return {
            "sid": signal.value("CallSid"),
            "digits": signal.value("Digits"),
            "speech": signal.value("SpeechResult"),
            "recording": self._our_recording(signal),
            "recording_s": signal.value("RecordingDuration"),
        }

    def _our_recording(self, signal: Signal) -> str:
        """The address of a recording at our carrier, in our own account: nothing else is ever fetched (B-084)."""
        url = signal.value("RecordingUrl")
        if url and not self._recording.fullmatch(url):
            journal.warned("recording.refused", call=signal.value("CallSid"))
            return ""
        return url

    # ---------------------------------------------------------------------------------------------- SMS in

    async def sms(self, signal: Signal) -> Response:
        """An SMS: a technician's reply or a citizen's text."""
        sid = signal.value("MessageSid")
        facts = {"sid": sid, "body": signal.value("Body"), "media": signal.value("NumMedia")}
        arrival = self._arrival(signal, Channel.SMS, f"twilio:{sid}", facts)
        at = self._gw.clock.now()
        await self._keep_or_do(arrival, lambda tx: texting.sms_arrives(self._gw, tx, arrival, at))
        return _xml(EMPTY)

    # ----------------------------------------------------------------------------------------- voice pages

    async def page(self, signal: Signal) -> Response:
        """A technician was called: what to say."""
        key, at = signal.key(), self._gw.clock.now()
        script = await self._do(lambda tx: page_calls.page_begins(self._gw, tx, key, at))
        return self._spoken(script, "", f"/twilio/page/{key}/")

    async def page_key(self, signal: Signal) -> Response:
        """A technician pressed a key."""
        key, digits, at = signal.key(), signal.value("Digits"), self._gw.clock.now()
        script = await self._do(lambda tx: page_calls.page_key(self._gw, tx, key, digits, at))
        return self._spoken(script, "", f"/twilio/page/{key}/")

    # -------------------------------------------------------------------------------------------- statuses

    async def sms_status(self, signal: Signal) -> Response:
        """How an SMS of ours fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status = signal.value("MessageSid"), signal.value("MessageStatus")
        error = signal.value("ErrorCode")
        known = await self._do(lambda tx: settling.settle_sms(self._gw, tx, key, sid, status, error, at))
        journal.status_settled(key, status, known=known)
        return Response(status_code=204)

    async def call_status(self, signal: Signal) -> Response:
        """How a call of ours fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status, by = signal.value("CallSid"), signal.value("CallStatus"), signal.value("AnsweredBy")
        known = await self._do(lambda tx: settling.settle_call(self._gw, tx, key, sid, status, by, at))
        journal.status_settled(key, status, known=known)
        return Response(status_code=204)

    async def unknown_status(self, signal: Signal) -> Response:
        """A status of something that carries no id of ours (a citizen's call ended): noted in the journal only."""
        status = signal.value("CallStatus") or signal.value("MessageStatus")
        journal.status_settled("", status, known=False)
        return Response(status_code=204)

    # ------------------------------------------------------------------------------------------- rendering

    def _spoken(self, script: Script, query: str, base: str = "") -> Response:
        """The script as TwiML; a step is an address under `base`."""
        hooks = self._hooks
        return _xml(
            rendered(
                script,
                lambda step: f"{base}{step}{query}",
                How({"it": (hooks.voice, hooks.language)}, hooks.max_record_s),
            )
        )


def _xml(text: str) -> Response:
    return Response(text, media_type="text/xml")
