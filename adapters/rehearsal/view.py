"""The page's one answer: telephones with their calls and texts, the mail that left, faults, and the house behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from email.header import decode_header, make_header
from typing import Any

from adapters.rehearsal.carrier import Carrier
from adapters.rehearsal.exchange import Exchange, telephone_of
from adapters.rehearsal.house import PersonSeen, Seen
from adapters.rehearsal.mail_sink import MailSink, SunkMail
from adapters.rehearsal.phones import Phone, Text
from adapters.rehearsal.records import Call

Json = dict[str, Any]
MOST_TEXTS, MOST_MAILS, MOST_TROUBLES = 30, 40, 20


def view(carrier: Carrier, sink: MailSink, seen: Seen, caller: str) -> Json:
    """Everything at this instant, as JSON; `caller` is the number of the telephone from which calls are placed."""
    phones = {phone.number: phone for phone in carrier.phones.all()}
    return {
        "now": seen.now.isoformat(),
        "speech": carrier.exchange.pace.speech,
        "contracts": [_json(asdict(contract)) for contract in seen.contracts],
        "tickets": [_json(asdict(ticket)) for ticket in seen.tickets],
        "events": [_json(asdict(event)) for event in seen.events],
        "phones": [
            _telephone(carrier.exchange, number, phones.get(number)) | _whose(person, number)
            for person in seen.people
            for number in (person.mobile, person.landline)
            if number
        ],
        "caller": _telephone(carrier.exchange, caller, phones.get(caller)),
        "mails": _mails(sink.messages),
        "faults": [_json(asdict(fault)) for fault in carrier.faults.pending],
        "troubles": [_json(asdict(trouble)) for trouble in carrier.errors[-MOST_TROUBLES:]],
    }


def _whose(person: PersonSeen, number: str) -> Json:
    kind = "mobile" if number == person.mobile else "landline"
    return {"person": person.id, "name": person.name, "role": person.role, "kind": kind}


def _telephone(exchange: Exchange, number: str, phone: Phone | None) -> Json:
    leg = exchange.leg_of(number)
    last = leg.call if leg else phone.calls[-1] if phone and phone.calls else None
    return {
        "number": number,
        "state": _state(leg.call if leg else None, number),
        "behaviour": _behaviour(phone) if phone else "rings_out",
        "call": _call(last, number) if last else None,
        "inbox": [_text(text) for text in phone.inbox[-MOST_TEXTS:]] if phone else [],
    }


def _text(text: Text) -> Json:
    """One SMS with what a quick reply needs: its code, and whether a reply would arrive."""
    return {**_json(asdict(text)), "code": text.code, "answerable": text.answerable}


def _state(call: Call | None, number: str) -> str:
    """`idle`, `ringing`, `in_call`, or `calling` while a call of this telephone is not answered yet."""
    if call is None or (call.status == "queued" and call.to == number):
        return "idle"
    if call.status == "in-progress":
        return "in_call"
    return "ringing" if call.to == number and call.direction != "inbound" else "calling"


def _behaviour(phone: Phone) -> str:
    """The name under which `control` sets what the telephone does."""
    if phone.refusal is not None:
        return "opted_out"
    if phone.behaviour.reply is not None:
        return "replies"
    return phone.behaviour.ring.value


def _call(call: Call, number: str) -> Json:
    incoming = call.direction != "inbound" and call.to == number
    return {
        "sid": call.sid,
        "status": call.status,
        "ended": call.ended,
        "doing": call.doing,
        "incoming": incoming,
        "other": call.caller if telephone_of(call) == call.to else call.to,
        "told": [list(each) for each in call.told],
        "started_at": call.started_at.isoformat() if call.started_at else None,
        "duration_s": call.duration_s,
    }


def _mails(mails: list[SunkMail]) -> list[Json]:
    """The newest first; `n` is the number in /rehearsal/mail/{n}."""
    numbered = list(enumerate(mails))[-MOST_MAILS:]
    return [
        {"n": n, "at": mail.at.isoformat(), "to": list(mail.rcpt_tos), "subject": _subject(mail)}
        for n, mail in reversed(numbered)
    ]


def _subject(mail: SunkMail) -> str:
    try:
        return str(make_header(decode_header(mail.subject)))
    except (LookupError, ValueError):
        return mail.subject


def _json(value: Any) -> Any:  # noqa: ANN401 - what JSON is made of
    """Instants as ISO 8601, tuples as lists, whatever lies in them too."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): _json(each) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_json(each) for each in value]
    return value
