"""Webhooks of the carrier: no effect without a valid signature, one effect per event, 200 only after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from adapters.twilio.calls_in import KEY, Calls
from adapters.twilio.doorway import Doorway, Webhooks, xml
from adapters.twilio.gate import CALL, TEXT
from adapters.twilio.twiml import EMPTY, rendered
from gateway import journal, page_calls, settling, texting
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from adapters.twilio.gate import Signal
    from gateway.domain.call import Script

__all__ = ["Webhooks", "routes"]

_NEEDS = ("MessageSid", "From", "To", "Body|MediaUrl0")
"""A text without words has a picture at least."""


def routes(hooks: Webhooks) -> list[Route]:
    """Every path of the carrier, all POST."""
    doorway = Doorway(hooks)
    return [*Calls(hooks, doorway).routes(), *_Texts(hooks, doorway).routes()]


class _Texts:
    """The handlers of texts and of pages, which go out to technicians."""

    def __init__(self, hooks: Webhooks, doorway: Doorway) -> None:
        self._gw = hooks.gateway
        self._door = doorway
        self._how = hooks.how()

    def routes(self) -> list[Route]:
        """Every path of a text and of a page, all POST."""
        guarded = self._door.guarded
        return [
            Route("/twilio/sms", guarded(self.sms, *_NEEDS, known=TEXT), methods=["POST"]),
            Route(f"/twilio/page/{KEY}", guarded(self.page, "CallSid", known=CALL), methods=["POST"]),
            Route(f"/twilio/page/{KEY}/key", guarded(self.page_key, "CallSid", known=CALL), methods=["POST"]),
            Route(
                f"/twilio/status/{KEY}",
                guarded(self.sms_status, "MessageSid", "MessageStatus", known=TEXT),
                methods=["POST"],
            ),
            Route(
                f"/twilio/call-status/{KEY}",
                guarded(self.call_status, "CallSid", "CallStatus", known=CALL),
                methods=["POST"],
            ),
        ]

    # ---------------------------------------------------------------------------------------------- SMS in

    async def sms(self, signal: Signal) -> Response:
        """An SMS: a technician's reply or a citizen's text."""
        sid = signal.value("MessageSid")
        facts = {"sid": sid, "body": signal.value("Body"), "media": signal.value("NumMedia")}
        arrival = self._door.arrival(signal, Channel.SMS, f"twilio:{sid}", facts)
        at = self._gw.clock.now()
        await self._door.keep_or_do(arrival, lambda tx: texting.sms_arrives(self._gw, tx, arrival, at))
        return xml(EMPTY)

    # ----------------------------------------------------------------------------------------- voice pages

    async def page(self, signal: Signal) -> Response:
        """A technician was called: what to say."""
        key, at = signal.key(), self._gw.clock.now()
        script = await self._door.do(lambda tx: page_calls.page_begins(self._gw, tx, key, at))
        return self._spoken(script, f"/twilio/page/{key}/")

    async def page_key(self, signal: Signal) -> Response:
        """A technician pressed a key."""
        key, digits, at = signal.key(), signal.value("Digits"), self._gw.clock.now()
        script = await self._door.do(lambda tx: page_calls.page_key(self._gw, tx, key, digits, at))
        return self._spoken(script, f"/twilio/page/{key}/")

    # -------------------------------------------------------------------------------------------- statuses

    async def sms_status(self, signal: Signal) -> Response:
        """How an SMS of ours fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status = signal.value("MessageSid"), signal.value("MessageStatus")
        error = signal.value("ErrorCode")
        known = await self._door.do(lambda tx: settling.settle_sms(self._gw, tx, key, sid, status, error, at))
        journal.status_settled(key, status, known=known)
        return Response(status_code=204)

    async def call_status(self, signal: Signal) -> Response:
        """How a call of ours fares."""
        key, at = signal.key(), self._gw.clock.now()
        sid, status, by = signal.value("CallSid"), signal.value("CallStatus"), signal.value("AnsweredBy")
        known = await self._door.do(lambda tx: settling.settle_call(self._gw, tx, key, sid, status, by, at))
        journal.status_settled(key, status, known=known)
        return Response(status_code=204)

    # ------------------------------------------------------------------------------------------- rendering

    def _spoken(self, script: Script, base: str) -> Response:
        """The script as TwiML; a step is an address under `base`."""
        return xml(rendered(script, lambda step: f"{base}{step}", self._how))
