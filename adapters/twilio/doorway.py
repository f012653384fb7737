"""What every webhook passes: the gate, one unit with its commit, and an answer that is honest when we fail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from adapters.twilio.gate import Gate, Refusal, Signal
from adapters.twilio.refusals import Refused, refuse
from adapters.twilio.twiml import How
from gateway import journal
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Channel, RepeatKey

if TYPE_CHECKING:
    from gateway.ports import Gateway, Transaction

T = TypeVar("T")
Handler = Callable[[Signal], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]

_NUMBER = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)
# Twilio sends a withheld number as its reason spelled on the keypad: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN,
# UNAVAILABLE. Whoever calls so must not look like one and the same person.
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the webhooks need beside the gateway. `number` is what our telephones show when they ring for a caller."""

    gateway: Gateway
    auth_token: str
    account_sid: str
    public_url: str
    api_url: str
    voice: str
    language: str
    max_record_s: int
    english_voice: str = "Polly.Amy"
    english_language: str = "en-GB"
    number: str = ""
    refused: Refused = field(default_factory=Refused)

    def how(self) -> How:
        """How scripts are rendered."""
        voices = {"it": (self.voice, self.language), "en": (self.english_voice, self.english_language)}
        return How(voices, self.max_record_s, self.number)


class Doorway:
    """The way in for one gateway."""

    def __init__(self, hooks: Webhooks) -> None:
        self._gw = hooks.gateway
        self._refused = hooks.refused
        self._gate = Gate(hooks.public_url, hooks.account_sid, hooks.auth_token)

    def guarded(self, handler: Handler, *needs: str, known: frozenset[str]) -> Endpoint:
        """The same handler behind the gate; `needs` are the parameters that it cannot do without."""

        async def endpoint(request: Request) -> Response:
            try:
                signal = await self._gate.signal(request, needs, known)
            except Refusal as refusal:
                peer = request.client.host if request.client else ""
                refuse(self._gw, self._refused, request.url.path, refusal.reason, peer)
                return PlainTextResponse("refused", refusal.status)
            except ClientDisconnect:
                return PlainTextResponse("gone", 400)
            try:
                return await handler(signal)
            except StoreError as error:
                journal.warned("webhook.deferred", path=request.url.path, error=type(error).__name__)
                return PlainTextResponse("try again", 503)

        return endpoint

    async def do(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit and wait for its commit, on the loop, whatever becomes of the client."""
        return await asyncio.shield(asyncio.wrap_future(self._gw.store.submit(unit, on_the_line=True)))

    async def keep_or_do(self, arrival: Arrival, unit: Callable[[Transaction], T]) -> T | None:
        """The unit; if it fails by a fault of ours, at least the arrival is kept and filed later by the worker."""
        try:
            return await self.do(unit)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the step: kept, journalled, answered politely
            journal.loop_failed("webhook", error)
            await asyncio.shield(asyncio.wrap_future(self._gw.store.submit_accept(arrival, self._gw.clock.now())))
            return None

    def arrival(self, signal: Signal, channel: Channel, key: str, facts: Mapping[str, str]) -> Arrival:
        """The request as the contact that it is kept as; a withheld number is nobody's."""
        sender = signal.value("From")
        number = shown_number(sender)
        more = {} if number else {"caller": sender}
        return Arrival(
            channel=channel,
            door="twilio",
            raw=signal.body,
            received_at=self._gw.clock.now(),
            sender=number,
            recipients=(signal.value("To"),),
            repeat_key=RepeatKey(key),
            facts={name: value for name, value in {**facts, **more}.items() if value},
        )


def shown_number(sender: str) -> str:
    """The number that a call or text comes from; nothing for one that is withheld or none."""
    return sender if _NUMBER.fullmatch(sender) and sender not in _WITHHELD else ""


def xml(text: str) -> Response:
    """TwiML as an answer."""
    return Response(text, media_type="text/xml")
