"""What a webhook must be before it has an effect: signed by our account, a form, its names known, its ids there.

The signature is checked on the configured public URL, never on what the request says of its host (PROMISES B-074). It
joins names and values without a separator, so whoever has one signed request can cut the same text elsewhere (F16,
B-073): a value may swallow the next name, a name the value before it, a value may become a second one of its name.
Hence no name may begin with a known one, none may come twice, and the ids and parties that we act upon must all be
there and have their shape. Names that the carrier adds one day are let through, noted, and read by nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException

from adapters.twilio.sdk import Signatures
from gateway import journal

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 200
FORM = "application/x-www-form-urlencoded"

# Twilio, "Twilio's request to your application" (voice, messaging), the status callbacks, "Recording status callbacks".
_ANY = """
    AccountSid AddOns ApiVersion CalledCity CalledCountry CalledState CalledZip CallerCity CallerCountry CallerState
    CallerZip ErrorCode ErrorMessage ErrorUrl From FromCity FromCountry FromState FromZip Timestamp To ToCity ToCountry
    ToState ToZip
"""
_OF_A_CALL = """
    AnsweredBy ApplicationSid Called CalledVia Caller CallerId CallerName CallbackSource CallDuration CallSid CallStatus
    CallToken Confidence DialBridged DialCallDuration DialCallSid DialCallStatus DialSipResponseCode Digits Direction
    Duration FinishedOnKey ForwardedFrom Language MachineDetectionDuration msg ParentCallSid QueueResult QueueSid
    QueueTime RecordingChannels RecordingDuration RecordingSid RecordingSource RecordingStartTime RecordingStatus
    RecordingTrack RecordingUrl SequenceNumber SipResponseCode SpeechResult StirPassportToken StirStatus StirVerstat
    TranscriptionSid UnstableSpeechResult
"""
_OF_A_TEXT = """
    Body ChannelPrefix ChannelToAddress ChannelToMessage MessageSid MessageStatus MessageType MessagingServiceSid
    NumMedia NumSegments OptOutType ProfileName RawDlrDoneDate SmsMessageSid SmsSid SmsStatus StructuredMessage WaId
"""
CALL = frozenset(f"{_ANY} {_OF_A_CALL}".split())
TEXT = frozenset(f"{_ANY} {_OF_A_TEXT}".split())
TEXT_OR_CALL = CALL | TEXT
"""The names that the carrier sends about a call, about a text, and where either may come."""
KNOWN = TEXT_OR_CALL
_NUMBERED = re.compile(r"(?:MediaUrl|MediaContentType|MediaSid)[0-9]{1,2}", re.ASCII)
_PLAUSIBLE = re.compile(r"[A-Z][A-Za-z]{3,39}", re.ASCII)
_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}", re.ASCII)
_DISPATCH_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Refusal(Exception):  # noqa: N818 - an answer
    """A request that has no effect: status and the reason for the journal, which the client does not hear."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Signal:
    """A request that the carrier signed: its form and its bytes."""

    request: Request
    form: FormData
    body: bytes

    def value(self, name: str) -> str:
        """The value of a parameter, or nothing."""
        found = self.form.get(name)
        return found if isinstance(found, str) else ""

    def key(self) -> str:
        """The attempt id in the path; what is none is nobody's."""
        key = str(self.request.path_params.get("key", ""))
        return key if _DISPATCH_KEY.fullmatch(key) else ""


class Gate:
    """Lets through what our account's carrier signed for our public URL."""

    def __init__(self, public_url: str, account_sid: str, auth_token: str) -> None:
        self._public_url = public_url
        self._account_sid = account_sid
        self._signatures = Signatures(auth_token)

    async def signal(self, request: Request, needs: Iterable[str], known: frozenset[str] = KNOWN) -> Signal:
        """The request as a signal; `needs` are the parameters without which it could not be acted upon (`A|B`: one).

        `known` are the names that the carrier sends to this webhook; one that it sends to others is no name here.

        Raises:
            Refusal: it has no effect.
        """
        body = await _body(request)
        if not request.headers.get("content-type", "").startswith(FORM):
            raise Refusal(403, "not a form")
        form = await _form(request, body)
        if not self._signatures.is_valid(self._url(request), form, request.headers.get("x-twilio-signature")):
            raise Refusal(403, "signature missing or wrong")
        _check_names(form, known)
        if form.get("AccountSid") != self._account_sid:
            raise Refusal(403, "another account")
        for name in needs:
            value = next((form[each] for each in name.split("|") if each in form), None)
            if value is None or (name.endswith("Sid") and not _SID.fullmatch(str(value))):
                raise Refusal(400, f"no {name}")
        return Signal(request, form, body)

    def _url(self, request: Request) -> str:
        path = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or request.url.path
        query = request.scope.get("query_string", b"").decode("latin-1")
        return f"{self._public_url}{path}" + (f"?{query}" if query else "")


def is_strange(name: str) -> bool:
    """Whether a parameter's name is none of the carrier's, nor one that it might add (B-073)."""
    if name in KNOWN or _NUMBERED.fullmatch(name):
        return False
    return not _PLAUSIBLE.fullmatch(name) or any(name.startswith(known) for known in KNOWN)


def _check_names(form: FormData, known: frozenset[str]) -> None:
    names = Counter(name for name, _ in form.multi_items())
    if any(is_strange(name) for name in names):
        raise Refusal(400, "a parameter that the carrier does not send")
    if any(name in KNOWN and name not in known for name in names):
        raise Refusal(400, "a parameter of another webhook")
    if any(count > 1 for count in names.values()):
        raise Refusal(400, "a parameter comes twice")
    new = sorted(name for name in names if name not in KNOWN and not _NUMBERED.fullmatch(name))
    if new:
        journal.noted("webhook.parameter_unknown", names=" ".join(new))


async def _form(request: Request, body: bytes) -> FormData:
    try:
        return await FormParser(request.headers, _once(body), max_fields=MAX_FIELDS).parse()
    except (MultiPartException, ValueError):
        raise Refusal(400, "a form that cannot be read") from None


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
