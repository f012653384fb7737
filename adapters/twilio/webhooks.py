"""Webhooks of the carrier: no effect without a valid signature, one effect per event, 200 only after the commit.

The signature is checked on the configured public URL, never on what the request says of its host (B-074); parameters
must have names that the carrier uses, so that nothing can hide in a name (B-073).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from starlette.formparsers import FormParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.twilio.sdk import Signatures, Twiml, empty_answer
from gateway import calls, flow, journal
from gateway.domain.call import Gather, Hangup, Record, Redirect, Say
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Channel, RepeatKey

if TYPE_CHECKING:
    from starlette.datastructures import FormData

    from gateway.domain.call import Script
    from gateway.ports import Gateway, Transaction

T = TypeVar("T")

MAX_BODY_BYTES = 64 * 1024
KEY = "{key:str}"
_DISPATCH_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_STEPS = ("choice", "speech", "notice", "message")
APOLOGY = "Ci scusiamo, si è verificato un problema. La Sua chiamata è registrata e sarà esaminata."

# Twilio, "Twilio's request to your application" (voice, messaging) and the status callbacks: the names that it sends.
KNOWN = frozenset(
    """
    AccountSid AddOns AnsweredBy ApiVersion ApplicationSid Body Called
    CalledCity CalledCountry CalledState CalledVia
    CalledZip Caller CallerCity CallerCountry CallerId CallerName CallerState CallerZip CallbackSource CallDuration
    CallSid CallStatus CallToken ChannelToMessage Confidence DialBridged DialCallDuration DialCallSid DialCallStatus
    Digits Direction Duration ErrorCode ErrorMessage ErrorUrl FinishedOnKey ForwardedFrom From FromCity FromCountry
    FromState FromZip Language MessageSid MessageStatus MessagingServiceSid MessageType msg NumMedia NumSegments
    OptOutType ParentCallSid QueueResult QueueTime RawDlrDoneDate RecordingDuration RecordingSid RecordingSource
    RecordingStatus RecordingUrl SequenceNumber SipResponseCode SmsMessageSid SmsSid SmsStatus SpeechResult
    StirPassportToken StirStatus StirVerstat Timestamp To ToCity ToCountry ToState ToZip TranscriptionSid
    UnstableSpeechResult
    """.split()  # noqa: SIM905 - forty names in a list of strings are not easier to read
)
_NUMBERED = re.compile(r"(?:MediaUrl|MediaContentType|MediaSid)[0-9]{1,2}", re.ASCII)


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


class Refusal(Exception):  # noqa: N818 - an answer
    """A request that has no effect: status and the fixed words."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


def routes(hooks: Webhooks) -> list[Route]:
    """Every path of the carrier, all POST."""
    carrier = _Carrier(hooks)
    return [
        Route("/twilio/voice", carrier.guarded(carrier.voice), methods=["POST"]),
        Route("/twilio/voice/{step:str}", carrier.guarded(carrier.voice_step), methods=["POST"]),
        Route("/twilio/sms", carrier.guarded(carrier.sms), methods=["POST"]),
        Route(f"/twilio/page/{KEY}", carrier.guarded(carrier.page), methods=["POST"]),
        Route(f"/twilio/page/{KEY}/key", carrier.guarded(carrier.page_key), methods=["POST"]),
        Route(f"/twilio/status/{KEY}", carrier.guarded(carrier.sms_status), methods=["POST"]),
        Route(f"/twilio/call-status/{KEY}", carrier.guarded(carrier.call_status), methods=["POST"]),
        Route("/twilio/status", carrier.guarded(carrier.unknown_status), methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Signal:
    """A request that the carrier signed: its form and its bytes."""

    request: Request
    form: FormData
    body: bytes

    def value(self, name: str) -> str:
        """The first value of a parameter, or nothing."""
        found = self.form.get(name)
        return found if isinstance(found, str) else ""

    def key(self) -> str:
        """The attempt id in the path; what is none is nobody's."""
        key = str(self.request.path_params.get("key", ""))
        return key if _DISPATCH_KEY.fullmatch(key) else ""


Handler = Callable[[Signal], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class _Carrier:
    """The handlers over one gateway."""

    def __init__(self, hooks: Webhooks) -> None:
        self._hooks = hooks
        self._gw = hooks.gateway
        self._signatures = Signatures(hooks.auth_token)

    # -------------------------------------------------------------------------------------------- the gate

    def guarded(self, handler: Handler) -> Endpoint:
        """The same handler behind signature, size and names."""

        async def endpoint(request: Request) -> Response:
            try:
                signal = await self._signal(request)
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

    async def _signal(self, request: Request) -> Signal:
        body = await _body(request)
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Refusal(403, "not a form")
        form = await FormParser(request.headers, _once(body)).parse()
        if not self._signatures.is_valid(self._url(request), form, request.headers.get("x-twilio-signature")):
            raise Refusal(403, "signature missing or wrong")
        unknown = [name for name in form if name not in KNOWN and not _NUMBERED.fullmatch(name)]
        if unknown:
            raise Refusal(400, "a parameter that the carrier does not send")
        if form.get("AccountSid") not in (None, self._hooks.account_sid):
            raise Refusal(403, "another account")
        return Signal(request, form, body)

    def _url(self, request: Request) -> str:
        path = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or request.url.path
        query = request.scope.get("query_string", b"").decode("latin-1")
        return f"{self._hooks.public_url}{path}" + (f"?{query}" if query else "")

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
        return Arrival(
            channel=channel,
            door="twilio",
            raw=signal.body,
            received_at=self._gw.clock.now(),
            sender=sender if sender.startswith("+") else "",
            recipients=(signal.value("To"),),
            repeat_key=RepeatKey(key),
            facts={name: value for name, value in facts.items() if value},
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
        if step not in _STEPS or not ticket.isascii() or not ticket.isdigit():
            return self._spoken((Hangup(),), "")
        facts = self._step_facts(signal)
        said = hashlib.sha256("|".join(sorted(f"{k}={v}" for k, v in facts.items())).encode()).hexdigest()[:24]
        key = f"twilio:{signal.value('CallSid')}:{step}:{said}"
        arrival = self._arrival(signal, Channel.PHONE, key, facts)
        at = self._gw.clock.now()
        script = await self._keep_or_do(
            arrival, lambda tx: calls.call_goes_on(self._gw, tx, arrival, int(ticket), step, at)
        )
        return self._spoken(script or (Say(APOLOGY), Hangup()), f"?ticket={ticket}", "/twilio/voice/")

    def _step_facts(self, signal: Signal) -> dict[str, str]:
        recording = signal.value("RecordingUrl")
        return {
            "sid": signal.value("CallSid"),
            "digits": signal.value("Digits"),
            "speech": signal.value("SpeechResult"),
            "recording": recording if self._is_ours(recording) else "",
            "recording_s": signal.value("RecordingDuration"),
        }

    def _is_ours(self, url: str) -> bool:
        """Whether a recording lies at our carrier, in our own account: nothing else is ever fetched (B-084)."""
        told, ours = urlsplit(url), urlsplit(self._hooks.api_url)
        path = f"/2010-04-01/Accounts/{self._hooks.account_sid}/Recordings/"
        same = (told.scheme, told.netloc) == (ours.scheme, ours.netloc)
        return same and told.path.startswith(path) and ".." not in told.path

    # ---------------------------------------------------------------------------------------------- SMS in

    async def sms(self, signal: Signal) -> Response:
        """An SMS: a technician's reply or a citizen's text."""
        sid = signal.value("MessageSid") or signal.value("SmsSid")
        facts = {"sid": sid, "body": signal.value("Body"), "media": signal.value("NumMedia")}
        arrival = self._arrival(signal, Channel.SMS, f"twilio:{sid}", facts)
        at = self._gw.clock.now()
        await self._keep_or_do(arrival, lambda tx: calls.sms_arrives(self._gw, tx, arrival, at))
        return _xml(empty_answer())

    # ----------------------------------------------------------------------------------------- voice pages

    async def page(self, signal: Signal) -> Response:
        """A technician was called: what to say."""
        key, at = signal.key(), self._gw.clock.now()
        script = await self._do(lambda tx: calls.page_begins(self._gw, tx, key, at))
        return self._spoken(script, "", f"/twilio/page/{key}/")

    async def page_key(self, signal: Signal) -> Response:
        """A technician pressed a key."""
        key, digits, at = signal.key(), signal.value("Digits"), self._gw.clock.now()
        script = await self._do(lambda tx: calls.page_key(self._gw, tx, key, digits, at))
        return self._spoken(script, "", f"/twilio/page/{key}/")

    # -------------------------------------------------------------------------------------------- statuses

    async def sms_status(self, signal: Signal) -> Response:
        """How an SMS of ours fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status = signal.value("MessageSid"), signal.value("MessageStatus") or signal.value("SmsStatus")
        error = signal.value("ErrorCode")
        known = await self._do(lambda tx: flow.settle_sms(self._gw, tx, key, sid, status, error, at))
        journal.status_settled(key, status, known=known)
        return Response(status_code=204)

    async def call_status(self, signal: Signal) -> Response:
        """How a call of ours fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status, by = signal.value("CallSid"), signal.value("CallStatus"), signal.value("AnsweredBy")
        known = await self._do(lambda tx: flow.settle_call(self._gw, tx, key, sid, status, by, at))
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
        twiml = Twiml(self._hooks.voice, self._hooks.language)
        for verb in script:
            _render(twiml, verb, lambda step: f"{base}{step}{query}", self._hooks.max_record_s)
        return _xml(twiml.xml())


def _render(twiml: Twiml, verb: object, address: Callable[[str], str], max_record_s: int) -> None:
    if isinstance(verb, Say):
        twiml.say(verb.text)
    elif isinstance(verb, Gather):
        action = address(verb.step)
        twiml.gather(verb.prompts, action=action, digits=verb.digits, timeout_s=verb.timeout_s, speech=verb.speech)
    elif isinstance(verb, Record):
        twiml.record(action=address(verb.step), max_s=min(verb.max_s, max_record_s))
    elif isinstance(verb, Redirect):
        twiml.redirect(address(verb.step))
    elif isinstance(verb, Hangup):
        twiml.hangup()


def _xml(text: str) -> Response:
    return Response(text, media_type="text/xml")


async def _body(request: Request) -> bytes:
    """The whole body.

    Raises:
        Refusal: it is larger than any webhook of the carrier.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Refusal(413, "too large")
    return bytes(body)


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
    yield b""
