"""The carrier's REST API over HTTP, as far as the gateway uses it: messages, calls, recordings.

Every request passes one door (`_through_the_door`): authentication, then the faults in force, then the resource.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.rehearsal import sound, wire
from adapters.rehearsal.carrier import Carrier
from adapters.rehearsal.courier import API_VERSION, Errand
from adapters.rehearsal.exchange import DEFAULT_RING_S, Order
from adapters.rehearsal.faults import Fault, Kind, Struck
from adapters.rehearsal.line import Diverted, Ended
from adapters.rehearsal.records import Call
from adapters.rehearsal.reports import DEFAULT_EVENTS
from adapters.rehearsal.twiml import Document, read_twiml

Cut = Callable[[Request], None]
Form = Mapping[str, str]
Endpoint = Callable[[Request, "Form", Struck], Awaitable[Response]]

EARLY_TIMEOUT_S = 5.0
MAX_BODY = 1600
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}")
_ITALIAN_LANDLINE = re.compile(r"\+390\d+")
_STATUS_CODES = {429: 20429, 500: 20500, 503: 20503, 401: 20003, 404: 20404}


def routes(carrier: Carrier, cut: Cut) -> list[BaseRoute]:
    """The routes of the REST API. `cut` ends the connection of a request without a byte of answer."""
    return Rest(carrier, cut).routes()


class Rest:
    """The endpoints, on one carrier."""

    def __init__(self, carrier: Carrier, cut: Cut) -> None:
        self._carrier = carrier
        self._cut = cut
        self._account = carrier.account

    def routes(self) -> list[BaseRoute]:
        root = f"/{API_VERSION}/Accounts/{{account}}"
        table: list[tuple[str, Mapping[str, Endpoint]]] = [
            ("/Messages.json", {"GET": self._list_messages, "POST": self._create_message}),
            ("/Messages/{sid}.json", {"GET": self._message, "POST": self._redact, "DELETE": self._delete}),
            ("/Calls.json", {"GET": self._list_calls, "POST": self._create_call}),
            ("/Calls/{sid}.json", {"GET": self._call, "POST": self._update_call, "DELETE": self._delete}),
            ("/Calls/{call}/Recordings.json", {"GET": self._list_recordings}),
            ("/Recordings.json", {"GET": self._list_recordings}),
            ("/Recordings/{sid}.json", {"GET": self._recording, "DELETE": self._delete}),
            ("/Recordings/{sid}.wav", {"GET": self._media}),
            ("/Recordings/{sid}.mp3", {"GET": self._media}),
            ("/Recordings/{sid}", {"GET": self._media, "DELETE": self._delete}),
        ]
        return [Route(root + path, self._through_the_door(by), methods=list(by)) for path, by in table]

    # ------------------------------------------------------------------------------------------------------- the door

    def _through_the_door(self, by_method: Mapping[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
        async def door(request: Request) -> Response:
            if not self._authorised(request):
                return wire.error(401, 20003, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})
            form = await _form(request)
            struck = self._carrier.faults.strike(request.method, request.url.path, form.get("To", ""))
            if not struck.acts:
                return await self._wrongly(request, struck, None)
            endpoint = by_method["GET" if request.method == "HEAD" else request.method]
            return await self._wrongly(request, struck, await endpoint(request, form, struck))

        return door

    def _authorised(self, request: Request) -> bool:
        if request.path_params["account"] != self._account.sid:
            return False
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            credentials = base64.b64decode(given, validate=True)
        except (binascii.Error, ValueError):
            return False
        expected = f"{self._account.sid}:{self._account.auth_token}".encode()
        return scheme.lower() == "basic" and hmac.compare_digest(credentials, expected)

    async def _wrongly(self, request: Request, struck: Struck, answer: Response | None) -> Response:
        """The answer as the faults will have it; `answer` is None where nothing was done."""
        late = struck.get(Kind.LATE)
        if late is not None:
            await self._carried_out(answer)
            await asyncio.sleep(late.delay_s)
        if Kind.NEVER in struck or Kind.CUT in struck:
            await self._carried_out(answer)
            if Kind.NEVER in struck:
                await self._until_they_give_up(request)
            self._cut(request)
            return Response(status_code=503)
        failure = struck.get(Kind.STATUS)
        if failure is not None:
            await self._carried_out(answer)
            return _failed(failure)
        if Kind.GARBAGE in struck and answer is not None:
            return Response(
                "<html>upstream", answer.status_code, media_type="application/json", background=answer.background
            )
        return answer or wire.error(500, 20500)

    async def _carried_out(self, answer: Response | None) -> None:
        """What was to begin after the answer begins now."""
        if answer is not None and answer.background is not None:
            await answer.background()

    async def _until_they_give_up(self, request: Request) -> None:
        gone = asyncio.create_task(_disconnected(request))
        closing = asyncio.create_task(self._carrier.closing.wait())
        await asyncio.wait({gone, closing}, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        closing.cancel()

    def _not_found(self, request: Request) -> Response:
        return wire.error(404, 20404, request.url.path)

    async def _begin(self, work: Any, struck: Struck, body: wire.Json) -> Response:  # noqa: ANN401 - any coroutine
        """201 with `body`; `work` goes on once that has been sent, or before it when a fault says so."""
        if Kind.EARLY in struck:
            await asyncio.wait({self._carrier.spawn(work)}, timeout=EARLY_TIMEOUT_S)
            return JSONResponse(body, 201)
        answered = asyncio.Event()
        self._carrier.spawn(_once(answered, work))
        return JSONResponse(body, 201, background=BackgroundTask(_set, answered))

    # ------------------------------------------------------------------------------------------------------- messages

    async def _create_message(self, _: Request, form: Form, struck: Struck) -> Response:
        refused = self._refuse_message(form)
        if refused is not None:
            return refused
        message = self._carrier.records.add_message(
            form["From"],
            form["To"],
            form["Body"],
            direction="outbound-api",
            status_callback=form.get("StatusCallback", ""),
        )
        body = wire.message_json(self._account, message)
        return await self._begin(self._carrier.texts.deliver(message, struck), struck, body)

    def _refuse_message(self, form: Form) -> Response | None:
        sender, to, body = form.get("From", ""), form.get("To", ""), form.get("Body", "")
        for missing, code in ((to, 21604), (sender, 21603), (body, 21602)):
            if not missing:
                return wire.error(400, code)
        if not _E164.fullmatch(to):
            return wire.error(400, 21211, to)
        if not (self._account.owns(sender) or _SENDER_NAME.fullmatch(sender)):
            return wire.error(400, 21606, sender)
        if len(body) > MAX_BODY:
            return wire.error(400, 21617)
        if _ITALIAN_LANDLINE.fullmatch(to):
            return wire.error(400, 21614, to)
        refusal = self._carrier.phones[to].refusal
        return wire.error(400, refusal) if refusal else None

    async def _message(self, request: Request, _form: Form, _struck: Struck) -> Response:
        message = self._carrier.records.message(request.path_params["sid"])
        return JSONResponse(wire.message_json(self._account, message)) if message else self._not_found(request)

    async def _redact(self, request: Request, form: Form, _: Struck) -> Response:
        """An empty Body removes the text (Twilio, Message resource, "Redact a Message")."""
        message = self._carrier.records.message(request.path_params["sid"])
        if message is None:
            return self._not_found(request)
        if form.get("Body") != "":
            return wire.error(400, 20001)
        message.body = ""
        return JSONResponse(wire.message_json(self._account, message))

    async def _list_messages(self, request: Request, _form: Form, _struck: Struck) -> Response:
        query, sent = request.query_params, wire.within(request.query_params, "DateSent")
        found = [
            wire.message_json(self._account, message)
            for message in reversed(self._carrier.records.messages)
            if _is(query, To=message.to, From=message.sender) and sent(message.sent_at)
        ]
        return JSONResponse(wire.page(request.url.path, query, "messages", found))

    # ---------------------------------------------------------------------------------------------------------- calls

    async def _create_call(self, request: Request, _: Form, struck: Struck) -> Response:
        form = await request.form()
        fields = {name: str(value) for name, value in form.items()}
        refused = self._refuse_call(fields)
        if refused is not None:
            return refused
        call = self._carrier.records.add_call(fields["From"], fields["To"], direction="outbound-api")
        body = wire.call_json(self._account, call)
        events = frozenset(str(event) for value in form.getlist("StatusCallbackEvent") for event in str(value).split())
        return await self._begin(self._carrier.exchange.outbound(call, _order(fields, events), struck), struck, body)

    def _refuse_call(self, form: Form) -> Response | None:
        sender, to = form.get("From", ""), form.get("To", "")
        for missing, code in ((to, 21201), (sender, 21213), (form.get("Url") or form.get("Twiml"), 21205)):
            if not missing:
                return wire.error(400, code)
        if not _E164.fullmatch(to):
            return wire.error(400, 21211, to)
        return None if self._account.owns(sender) else wire.error(400, 21210, sender)

    async def _call(self, request: Request, _form: Form, _struck: Struck) -> Response:
        call = self._carrier.records.call(request.path_params["sid"])
        return JSONResponse(wire.call_json(self._account, call)) if call else self._not_found(request)

    async def _update_call(self, request: Request, form: Form, _: Struck) -> Response:
        call = self._carrier.records.call(request.path_params["sid"])
        if call is None:
            return self._not_found(request)
        if not self._break_in(call, form):
            return wire.error(400, 21220)
        await asyncio.sleep(0)  # the call notices before we answer
        return JSONResponse(wire.call_json(self._account, call))

    def _break_in(self, call: Call, form: Form) -> bool:
        """End or redirect a live call; false when it is in no state for that."""
        leg = self._carrier.exchange.leg(call.sid)
        if leg is None:
            return False
        wanted = form.get("Status", "")
        ringing = call.status in {"queued", "ringing"}
        if wanted == "completed" or (wanted == "canceled" and ringing):
            leg.line.break_in(Ended("canceled" if ringing and call.direction != "inbound" else "completed"))
            return True
        if wanted or ringing or not (form.get("Url") or form.get("Twiml")):
            return False
        leg.line.break_in(Diverted(_target(form)))
        return True

    async def _list_calls(self, request: Request, _form: Form, _struck: Struck) -> Response:
        query = request.query_params
        started, ended = wire.within(query, "StartTime"), wire.within(query, "EndTime")
        found = [
            wire.call_json(self._account, call)
            for call in reversed(self._carrier.records.calls)
            if _is(query, To=call.to, From=call.caller, Status=call.status, ParentCallSid=call.parent_sid)
            and started(call.started_at)
            and ended(call.ended_at)
        ]
        return JSONResponse(wire.page(request.url.path, query, "calls", found))

    # ----------------------------------------------------------------------------------------------------- recordings

    async def _recording(self, request: Request, _form: Form, _struck: Struck) -> Response:
        recording = self._carrier.records.recording(request.path_params["sid"])
        if recording is None:
            return self._not_found(request)
        return JSONResponse(wire.recording_json(self._account, recording, self._carrier.media_url(recording)))

    async def _list_recordings(self, request: Request, _form: Form, _struck: Struck) -> Response:
        query = dict(request.query_params)
        if "call" in request.path_params:
            query["CallSid"] = request.path_params["call"]
        created = wire.within(query, "DateCreated")
        found = [
            wire.recording_json(self._account, recording, self._carrier.media_url(recording))
            for recording in reversed(self._carrier.recordings)
            if _is(query, CallSid=recording.call_sid) and created(recording.created_at)
        ]
        return JSONResponse(wire.page(request.url.path, request.query_params, "recordings", found))

    async def _media(self, request: Request, _form: Form, _struck: Struck) -> Response:
        recording = self._carrier.records.recording(request.path_params["sid"])
        if recording is None:
            return self._not_found(request)
        if request.url.path.endswith(".mp3"):
            return Response(sound.mp3(recording.duration_s), media_type="audio/mpeg")
        return Response(sound.wav(recording.duration_s), media_type="audio/x-wav")

    async def _delete(self, request: Request, _form: Form, _struck: Struck) -> Response:
        known = self._carrier.records.forget(request.path_params["sid"])
        return Response(status_code=204) if known else self._not_found(request)


async def _form(request: Request) -> Form:
    if request.method != "POST":
        return {}
    return {name: str(value) for name, value in (await request.form()).items()}


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _once(answered: asyncio.Event, work: Any) -> None:  # noqa: ANN401 - any coroutine
    await answered.wait()
    await work


async def _set(event: asyncio.Event) -> None:
    event.set()


def _failed(fault: Fault) -> Response:
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    return wire.error(fault.status, fault.code or _STATUS_CODES.get(fault.status, 20500), headers=headers)


def _is(query: Mapping[str, str], **actual: str | None) -> bool:
    return all(query[name] == value for name, value in actual.items() if query.get(name))


def _target(form: Form) -> Errand | Document:
    if form.get("Twiml"):
        return read_twiml(form["Twiml"], "")
    return Errand(form["Url"], (), form.get("Method", "POST"))


def _order(form: Form, events: frozenset[str]) -> Order:
    fallback = form.get("FallbackUrl")
    detection = form.get("MachineDetection", "")
    ring_s = form.get("Timeout", "")
    return Order(
        target=_target(form),
        fallback=Errand(fallback, (), form.get("FallbackMethod", "POST")) if fallback else None,
        status_callback=form.get("StatusCallback", ""),
        status_method=form.get("StatusCallbackMethod", "POST"),
        events=events or DEFAULT_EVENTS,
        ring_s=float(ring_s) if ring_s.isdigit() else DEFAULT_RING_S,
        detection="" if detection.lower() in {"", "none"} else detection,
        detection_is_async=form.get("AsyncAmd", "false").lower() == "true",
        detection_callback=form.get("AsyncAmdStatusCallback", ""),
    )
