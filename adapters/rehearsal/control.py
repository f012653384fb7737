"""The rehearsal by HTTP, for the demo and for operators: telephones, calls, texts, faults and mail, all as JSON.

Reachable on loopback only and without a password: `same_origin` says who may ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from adapters.rehearsal.carrier import Carrier
from adapters.rehearsal.faults import Fault, Kind
from adapters.rehearsal.mail_sink import MailFault, MailSink, Stage, SunkMail
from adapters.rehearsal.phones import BY_NAME, Phone
from adapters.rehearsal.records import Call, Message
from adapters.rehearsal.same_origin import Endpoint, guarded, json_object
from adapters.rehearsal.script import read_script

Json = dict[str, Any]
FASTEST_SPEECH = 100.0
_BEHAVIOUR_FIELDS = ("answers_after_s", "talks_s", "reply", "reply_after_s", "sms_error", "sms_refusal")


def routes(carrier: Carrier, sink: MailSink) -> list[BaseRoute]:
    """The routes under /rehearsal/."""
    control = Control(carrier, sink)
    table: list[tuple[str, str, Endpoint]] = [
        ("/state", "GET", control.state),
        ("/phones", "GET", control.phones),
        ("/phones/{number}", "GET", control.phone),
        ("/phones/{number}", "POST", control.change_phone),
        ("/calls", "POST", control.place_call),
        ("/messages", "POST", control.send_sms),
        ("/pace", "POST", control.set_pace),
        ("/faults", "GET", control.faults),
        ("/faults", "POST", control.add_fault),
        ("/faults", "DELETE", control.clear_faults),
        ("/mail", "GET", control.mail),
        ("/mail/{n:int}", "GET", control.raw_mail),
    ]
    return [Route("/rehearsal" + path, guarded(endpoint), methods=[method]) for path, method, endpoint in table]


class Control:
    """The endpoints. They run on the carrier's loop, so they use its inner methods."""

    def __init__(self, carrier: Carrier, sink: MailSink) -> None:
        self._carrier = carrier
        self._sink = sink

    async def state(self, _: Request) -> Response:
        carrier, records = self._carrier, self._carrier.records
        return JSONResponse(
            {
                "account_sid": carrier.account.sid,
                "number": carrier.account.number,
                "numbers": [carrier.account.number, *carrier.account.numbers],
                "idle": carrier.idle,
                "messages": [message_json(message) for message in records.messages],
                "calls": [call_json(call) for call in records.calls],
                "recordings": [_plain(asdict(recording)) for recording in records.recordings],
                "errors": [_plain(asdict(trouble)) for trouble in records.troubles],
                "faults": [_plain(asdict(fault)) for fault in carrier.faults.pending],
                "mail_faults": [_plain(asdict(fault)) for fault in self._sink.pending],
                "mail": len(self._sink.messages),
            }
        )

    # ----------------------------------------------------------------------------------------------------- telephones

    async def phones(self, _: Request) -> Response:
        return JSONResponse([phone_json(phone) for phone in self._carrier.phones.all()])

    async def phone(self, request: Request) -> Response:
        return JSONResponse(phone_json(self._carrier.phones[request.path_params["number"]]))

    async def change_phone(self, request: Request) -> Response:
        """Set the behaviour (`behaviour`, `script`, ...), or do something now: `press`, `answer`, `hang_up`, `send`."""
        number, wish = request.path_params["number"], await _object(request)
        phone = self._carrier.phones[number]
        _behave(phone, wish)
        done: Json = {}
        carrier = self._carrier
        if wish.get("answer"):
            done["answer"] = await carrier.picked_up(number, by_machine=wish["answer"] == "machine")
        if "press" in wish:
            press = wish["press"]
            done["press"] = await carrier.pressed(number, tuple(press if isinstance(press, list) else [press]))
        if wish.get("hang_up"):
            done["hang_up"] = await carrier.hung_up(number)
        if "send" in wish:
            sent = await carrier.sent_sms(number, str(wish["send"]), str(wish.get("to") or carrier.account.number))
            done["send"] = sent.sid
        return JSONResponse(phone_json(phone) | {"done": done})

    async def place_call(self, request: Request) -> Response:
        """`{"from": "+39...", "script": [...], "to": "+39..."}`."""
        wish = await _object(request)
        steps = read_script(wish.get("script", ()))
        to = str(wish.get("to") or self._carrier.account.number)
        return JSONResponse(call_json(await self._carrier.placed_call(str(wish["from"]), steps, to)), 201)

    async def send_sms(self, request: Request) -> Response:
        """`{"from": "+39...", "body": "OK 123456", "to": "+39...", "times": 1}`."""
        wish = await _object(request)
        to = str(wish.get("to") or self._carrier.account.number)
        sent = await self._carrier.sent_sms(str(wish["from"]), str(wish["body"]), to, int(wish.get("times", 1)))
        return JSONResponse(message_json(sent), 201)

    async def set_pace(self, request: Request) -> Response:
        """`{"speech": 8}`: what is said takes an eighth of the time that a voice needs."""
        speech = float((await _object(request))["speech"])
        if not 0 < speech <= FASTEST_SPEECH:
            raise ValueError(f"speech is above 0 and at most {FASTEST_SPEECH}")
        self._carrier.exchange.pace.speech = speech
        return JSONResponse({"speech": speech})

    # ---------------------------------------------------------------------------------------------------------- faults

    async def faults(self, _: Request) -> Response:
        return JSONResponse(
            {
                "carrier": [_plain(asdict(fault)) for fault in self._carrier.faults.pending],
                "mail": [_plain(asdict(fault)) for fault in self._sink.pending],
            }
        )

    async def add_fault(self, request: Request) -> Response:
        """A carrier's fault (`{"kind": "status", "status": 429, ...}`) or the sink's (`{"mail": "data", ...}`)."""
        wish = await _object(request)
        if "mail" in wish:
            self._sink.add(MailFault(Stage(wish.pop("mail")), **wish))
        else:
            kind = Kind(wish.pop("kind"))
            wish.setdefault("acts", kind not in {Kind.STATUS, Kind.NEVER})
            self._carrier.faults.add(Fault(kind, **wish))
        return await self.faults(request)

    async def clear_faults(self, request: Request) -> Response:
        self._carrier.faults.clear()
        self._sink.clear_faults()
        return await self.faults(request)

    # ------------------------------------------------------------------------------------------------------------ mail

    async def mail(self, _: Request) -> Response:
        mails = await asyncio.to_thread(lambda: [mail_json(n, mail) for n, mail in enumerate(self._sink.messages)])
        return JSONResponse(mails)

    async def raw_mail(self, request: Request) -> Response:
        mails, n = self._sink.messages, request.path_params["n"]
        if n >= len(mails):
            return JSONResponse({"error": f"there are {len(mails)} mails, the first is 0"}, 404)
        # Plain text, whatever is in it: a browser must not render somebody's mail.
        headers = {"X-Content-Type-Options": "nosniff"}
        return Response(mails[n].raw, media_type="text/plain; charset=utf-8", headers=headers)


async def _object(request: Request) -> Json:
    return await json_object(request)


def _behave(phone: Phone, wish: Mapping[str, Any]) -> None:
    behaviour = phone.behaviour
    if "behaviour" in wish:
        if wish["behaviour"] not in BY_NAME:
            raise ValueError(f"unknown behaviour {wish['behaviour']!r}; known: {', '.join(sorted(BY_NAME))}")
        behaviour = BY_NAME[wish["behaviour"]]()
    changes = {name: wish[name] for name in _BEHAVIOUR_FIELDS if name in wish}
    if "script" in wish:
        changes["script"] = read_script(wish["script"])
    phone.behaviour = behaviour.but(**changes)


def message_json(message: Message) -> Json:
    """A text, as /rehearsal/state shows it."""
    return _plain(asdict(message))


def call_json(call: Call) -> Json:
    """A call with what was heard and pressed in it."""
    return _plain(asdict(call))


def phone_json(phone: Phone) -> Json:
    """A telephone with its behaviour, inbox and calls."""
    behaviour = phone.behaviour
    return {
        "number": phone.number,
        "ring": behaviour.ring.value,
        "script": [{type(step).__name__: asdict(step)} for step in behaviour.script],
        "reply": behaviour.reply if isinstance(behaviour.reply, str) or behaviour.reply is None else "(function)",
        "answers_after_s": behaviour.answers_after_s,
        "sms_error": behaviour.sms_error,
        "sms_refusal": phone.refusal,
        "inbox": [_plain(asdict(text)) for text in phone.inbox],
        "calls": [call_json(call) for call in phone.calls],
    }


def mail_json(n: int, mail: SunkMail) -> Json:
    """One line about a mail; `n` is its number in /rehearsal/mail/{n}."""
    return {
        "n": n,
        "at": mail.at.isoformat(),
        "from": mail.mail_from,
        "to": list(mail.rcpt_tos),
        "subject": mail.subject,
        "bytes": len(mail.raw),
    }


def _plain(values: Mapping[str, Any]) -> Json:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
