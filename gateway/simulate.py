"""What would happen to a request, with the clause behind each decision. Nothing is stored and nobody is told.

The same functions decide as in `flow`: `reception` says what becomes of it, `roster` and `routing` who is woken, the
texts what the requester hears or reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gateway import speaking
from gateway.domain import answers, call_words
from gateway.domain.call import Door
from gateway.domain.call_prompts import opening_ids
from gateway.domain.explaining import explained
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.phases import with_acceptance
from gateway.domain.priority import is_urgent
from gateway.domain.provisions import Of
from gateway.domain.reception import Request, Used, decide
from gateway.domain.routing import Role, Route, ladder, voice_number
from gateway.domain.ticket import Priority, Requester, Ticket, TicketState, TicketType, number_for

if TYPE_CHECKING:
    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Office
    from gateway.domain.reception import Decision, QuotaUse
    from gateway.domain.roster import Chain, Person
    from gateway.domain.routing import Rung
    from gateway.domain.rules import Rules

ALWAYS_TOLD = (Of.TAKEN_IN_CHARGE, Of.SOLUTION, Of.ON_SITE)
"""The terms that stand in the answer even when the contract says nothing of them."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that is imagined: under which contract, by which channel, when, from whom, in which words.

    `sender` is a mail address or a number (E.164); None is somebody whom nobody knows. `site` makes it the wish for a
    visit there. `acceptance` supposes the final acceptance on that day; `used` is how much of a quota is taken.
    """

    contract: str
    channel: Channel
    at: datetime
    sender: str | None = None
    site: str | None = None
    acceptance: date | None = None
    urgent: bool = False
    subject: str = ""
    text: str = ""
    used: Used = field(default_factory=Used)


def simulate(rules: Rules, asked: Asked) -> dict[str, Any]:
    """The answer as `simulate --json` gives it (DESIGN, Interfaces); instants are aware.

    `chain` is the whole ladder: what is `only_if_urgent` happens to an urgent request alone, while nobody has taken it.

    Raises:
        LookupError: there is no such contract.
        ValueError: `at` is naive.
    """
    contract = _contract(rules, asked)
    person = _known(rules, asked.sender)
    urgent = asked.urgent or is_urgent(contract.priority, asked.subject, asked.text) is not None
    request = _request(asked, person, urgent=urgent)
    decision = decide(contract, request, lambda _quota: asked.used, rules.place_named)
    chain = _chain(rules, contract, asked.at) if decision.route is Route.ON_CALL else None
    state = decision.opening
    return {
        "contract": contract.id,
        "version": contract.version,
        "channel": str(asked.channel),
        "at": local(asked.at),
        "from": asked.sender,
        "requester": person.id if person else None,
        "group": decision.group.id if decision.group else None,
        "site": decision.site.id if decision.site else asked.site,
        "mode": str(decision.mode),
        "state": str(state.state),
        "reason": None if state.reason is None else str(state.reason),
        "holiday": state.holiday,
        "next_opening": state.next_opening,
        "phase": decision.phase.id if decision.phase else None,
        "entitled": decision.entitled,
        "outcome": str(decision.became),
        "level": decision.level,
        "route": _route(rules, decision),
        "urgent": urgent,
        "priority_class": decision.priority_class.number if decision.priority_class else None,
        "matter": decision.matter.id if decision.matter else None,
        "marks": [str(mark) for mark in decision.marks],
        "chain": _told(contract, chain, urgent=urgent, live=asked.channel is Channel.PHONE),
        **_terms(decision, contract.language),
        "quota": _quota(decision.quota),
        "forward_to": _office(decision.forward_to),
        "ask": _office(decision.ask),
        "answer": answers.written_id(decision),
        "says": _says(rules, decision, request, _imagined(contract, asked, request, decision)),
        "clauses": list(dict.fromkeys((*decision.clauses, *(chain.clauses if chain else ())))),
    }


def _contract(rules: Rules, asked: Asked) -> Contract:
    if asked.contract not in rules.contracts:
        raise LookupError(asked.contract)
    contract = rules.in_force(asked.contract, asked.at)
    return with_acceptance(contract, asked.acceptance) if asked.acceptance else contract


def _known(rules: Rules, sender: str | None) -> Person | None:
    """The person of the directory that this address or number is."""
    if not sender:
        return None
    return rules.people.by_mail(sender) if "@" in sender else rules.people.by_number(sender)


def _request(asked: Asked, person: Person | None, *, urgent: bool) -> Request:
    sender = asked.sender or ""
    return Request(
        channel=asked.channel,
        at=asked.at,
        address=sender if "@" in sender else "",
        number="" if "@" in sender else sender,
        person=person.id if person else None,
        subject=asked.subject,
        text=asked.text,
        site=asked.site,
        urgent=urgent,
    )


def _route(rules: Rules, decision: Decision) -> str:
    """Where it goes first; where nothing is recorded there is no voicemail."""
    is_voicemail = decision.route is Route.VOICEMAIL
    return str(Route.QUEUE if is_voicemail and not rules.voicemail else decision.route)


# --------------------------------------------------------------------------------------------------------- who is woken


def _chain(rules: Rules, contract: Contract, at: datetime) -> Chain | None:
    try:
        return rules.roster.chain(contract.id, at)
    except LookupError:
        return None


def _told(contract: Contract, chain: Chain | None, *, urgent: bool, live: bool) -> list[dict[str, Any]]:
    """Who is told, by what, and how long after the request when everybody stays silent.

    Somebody on the telephone says with a key that it is urgent, and then the contact is rung while they wait; without
    the key the contact has the SMS alone.
    """
    if chain is None or contract.on_call is None:
        return []
    told: list[dict[str, Any]] = []
    after = timedelta(0)
    for rung in ladder(contract.on_call, chain, live=live):
        media = _usable(rung)
        told += [
            {
                "contact": rung.person.id,
                "name": rung.person.name,
                "role": str(rung.role),
                "by": str(medium),
                "after_s": int(after.total_seconds()),
                "only_if_urgent": not urgent and (rung.role, medium) != (Role.CONTACT, Channel.SMS),
            }
            for medium in media
        ]
        after += rung.wait if media else timedelta(0)
    return told


def _usable(rung: Rung) -> tuple[Channel, ...]:
    """The media of a rung by which the person can be reached at all."""
    reached = {Channel.SMS: rung.person.mobile, Channel.VOICE: voice_number(rung.person)}
    return tuple(medium for medium in rung.media if reached[medium])


# ---------------------------------------------------------------------------------------------------- terms and offices


def _terms(decision: Decision, language: str) -> dict[str, Any]:
    due: dict[str, datetime | None] = {str(of): None for of in ALWAYS_TOLD}
    due |= {str(of): each.at and local(each.at) for of, each in decision.due.items()}
    return {
        "due": due,
        "explained": {str(of): list(explained(each, language)) for of, each in decision.due.items()},
        "periods": {
            "on_site_until": decision.periods.get(Of.ON_SITE),
            "second_level_until": decision.periods.get(Of.SECOND_LEVEL),
        },
    }


def _quota(quota: QuotaUse | None) -> dict[str, Any] | None:
    if quota is None:
        return None
    return {
        "of": str(quota.quota.of),
        "phase": quota.quota.phase,
        "count": quota.count,
        "used": quota.used,
        "reserved": quota.reserved,
        "warn": quota.warn,
    }


def _office(office: Office | None) -> dict[str, str] | None:
    return {"name": office.name, "mail": office.mail, "phone": office.phone} if office else None


# ------------------------------------------------------------------------------------------------------- what is said


def _says(rules: Rules, decision: Decision, request: Request, ticket: Ticket) -> str | None:
    """What the requester hears or reads at once, for an invented ticket number; None when nothing is said."""
    contract, at = decision.contract, ticket.received_at
    texts = rules.texts(contract)
    if ticket.channel == Channel.PHONE:
        return _announced(rules, decision, request, ticket)
    if ticket.channel == Channel.MAIL and contract.acknowledgement.mail:
        text_id = answers.written_id(decision)
        return answers.written(texts, decision, text_id, ticket, at).body if text_id else None
    if ticket.channel == Channel.SMS and contract.acknowledgement.sms:
        return texts.fill(answers.sms_id(decision), answers.sms_values(decision, ticket, at)).body
    return None


def _announced(rules: Rules, decision: Decision, request: Request, ticket: Ticket) -> str:
    """The announcement of a call, and what somebody is asked whom nobody knows (V-13).

    A caller is received by number, as if it were urgent: what is said is decided before anything is chosen.
    """
    contract, at = decision.contract, request.at
    asked = Request(Channel.PHONE, at, request.address, request.number, request.person, "", urgent=True)
    heard = decide(contract, asked, place_named=rules.place_named)
    door = speaking.door_by(heard)
    values = call_words.values(contract, ticket, heard.opening, at) | rules.voice_facts(contract.language)
    if door is Door.ELSEWHERE:
        values |= answers.spoken_values(heard, ticket, at)
    fill = speaking.filler_of(rules.texts(contract), values, contract.language)
    opening = speaking.announcement(rules, contract, speaking.state_by(heard), recorded=rules.record_calls)
    asked_who = tuple(text_id for text_id in answers.spoken_ids(heard) if text_id == "V-13")
    return " ".join(fill(text_id).text for text_id in (*opening_ids(opening, door, fill), *asked_who))


def _imagined(contract: Contract, asked: Asked, request: Request, decision: Decision) -> Ticket:
    return Ticket(
        number=number_for(local(asked.at).year, 0),
        contract=contract.id,
        channel=asked.channel,
        type=TicketType.ASSISTANCE,
        state=TicketState.NEW,
        level=decision.level,
        priority=Priority.URGENT if request.urgent else Priority.NORMAL,
        subject=asked.subject,
        requester=Requester(address=request.address, number=request.number),
        opened_at=asked.at,
        received_at=asked.at,
        version=contract.version,
        became=str(decision.became),
        due={str(of): due.at for of, due in decision.owed.items() if due.at},
    )
