"""Telling whoever keeps the installation going, by another path than the one that is broken (P8).

An alarm is a mail to the alarm addresses, an entry in the system chain, and for what cannot wait an SMS or a call to
the supervisor of every on-call duty. Each is raised once in its window, however often its cause is seen.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import telling
from gateway.domain import wording
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.routing import voice_number
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Priority
from gateway.duty import chain_at
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gateway.domain.contract import Contract, OnCall
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Timer
    from gateway.ports import Gateway, Reading, Transaction

DAY = timedelta(days=1)


def raise_once(
    gw: Gateway,
    tx: Transaction,
    text_id: str,
    values: Mapping[str, str],
    at: datetime,
    *,
    about: str,
    within: timedelta | None = DAY,
) -> bool:
    """Raise an alarm of the installation, at most once `within` this time for what it is `about`; whether it was."""
    if within is not None and tx.seen_before(f"alarm:{text_id}:{about}", at, within):
        return False
    contract = gw.rules.contracts[gw.rules.default_contract]
    to = gw.rules.alarm_mails or gw.rules.alarmed(contract)
    text = gw.rules.texts(contract).fill(text_id, {**since(gw, contract, at), **values})
    telling.mail_alarm(gw, tx, contract, to, text, at)
    tx.record(SYSTEM, Happening("alarm_raised", at, NOBODY, data={"text": text_id, "recipients": str(len(to))}))
    return True


def since(gw: Gateway, contract: Contract, at: datetime) -> dict[str, str]:
    """The values that every alarm may tell: who we are, and when."""
    language = contract.language
    return {
        "name": gw.rules.name,
        "date": wording.long_date(at, language),
        "time": wording.hour(at, language),
        "time_spoken": wording.spoken_hour(at, language),
    }


def supervisors(gw: Gateway, reading: Reading, at: datetime) -> list[tuple[Contract, Person]]:
    """Whoever is told last of each on-call duty in force, each person once, with the contract whose duty it is."""
    found: dict[str, tuple[Contract, Person]] = {}
    for duty in gw.rules.roster.duties:
        contract = gw.rules.contracts.get(duty.contract)
        if contract is None or duty.contract == gw.rules.probe_contract:
            continue
        chain = chain_at(gw, reading, duty.contract, at)
        if chain is not None:
            person = chain.supervisor or chain.contact
            found.setdefault(person.id, (contract, person))
    return list(found.values())


def text_supervisors(
    gw: Gateway, tx: Transaction, text_id: str, values: Mapping[str, str], at: datetime, *, but: str = ""
) -> None:
    """One SMS to every supervisor in the words of their contract; not to the number `but`, which it is about."""
    for contract, person in supervisors(gw, tx, at):
        if person.mobile and person.mobile != but:
            told = {"service": contract.sms_name, **values}
            telling.owe_sms(
                gw, tx, contract, text_id=text_id, values=told, to=person.mobile, at=at, kind=DispatchKind.ALARM
            )


def call_supervisors(gw: Gateway, tx: Transaction, text_id: str, values: Mapping[str, str], at: datetime) -> None:
    """One call to every supervisor that says a sentence twice and asks for nothing."""
    for contract, person in supervisors(gw, tx, at):
        number = voice_number(person)
        if number:
            told = {"service": contract.service_name, **values}
            _owe_spoken(gw, tx, contract, number, gw.rules.texts(contract).fill(text_id, told).body, at)


def _owe_spoken(gw: Gateway, tx: Transaction, contract: Contract, to: str, words: str, at: datetime) -> None:
    tx.add_dispatch(
        Dispatch(
            id=0,
            key=gw.keys.dispatch_key(),
            kind=DispatchKind.ALARM,
            channel=Channel.VOICE,
            to=to,
            state=DispatchState.DUE,
            due_at=at,
            expires_at=at + gw.rules.page_lives,
            contract=contract.id,
            text=words,
            facts={"ring_s": "25"},
            created_at=at,
        )
    )


def ceiling_reached(gw: Gateway, tx: Transaction, channel: Channel, which: str, limit: int, at: datetime) -> bool:
    """No more may leave by a channel in this hour or day (P15): told once in that time."""
    language = gw.rules.contracts[gw.rules.default_contract].language
    values = {"channel": wording.channel_name(channel, language), "limit": str(limit)}
    text_id = "T-ALARM-CEILING-HOUR" if which == "hour" else "T-ALARM-CEILING-DAY"
    window = timedelta(hours=1) if which == "hour" else DAY
    raised = raise_once(gw, tx, text_id, values, at, about=f"{channel}", within=window)
    if raised:
        data = {"channel": str(channel), "per": which, "limit": str(limit)}
        tx.record(SYSTEM, Happening("ceiling_reached", at, NOBODY, data=data))
    return raised


def certificate_ends(gw: Gateway, tx: Transaction, what: str, ends_at: datetime, at: datetime) -> None:
    """A certificate of ours ends soon: told every day (P8)."""
    days = max(0, (ends_at - at).days)
    language = gw.rules.contracts[gw.rules.default_contract].language
    values = {"what": what, "end_date": wording.long_date(ends_at, language), "days": str(days)}
    if raise_once(gw, tx, "T-ALARM-CERTIFICATE", values, at, about=what):
        data = {"what": what, "ends_at": ends_at.isoformat()}
        tx.record(SYSTEM, Happening("certificate_ends", at, NOBODY, data=data))


def configuration_warned(gw: Gateway, tx: Transaction, findings: list[str], at: datetime) -> bool:
    """What time has brought about in the configuration: each finding is told when it is new, and again every week."""
    fresh = [each for each in findings if not tx.seen_before(f"finding:{each}", at, 7 * DAY)]
    if not fresh:
        return False
    values = {"findings": "\n".join(f"- {each}" for each in fresh)}
    return raise_once(gw, tx, "T-ALARM-WARNINGS", values, at, about="", within=None)


# -------------------------------------------------------------------------------------------- many that nobody accepted

ALARM_STORM = "alarm_storm"


def are_many(tx: Transaction, on_call: OnCall, at: datetime) -> bool:
    """Whether so many alarms were raised lately that the next is told with others."""
    recent = tx.dispatches(kind=DispatchKind.ALARM, channel=Channel.MAIL, since=at - on_call.storm_window, limit=200)
    return len({each.ticket for each in recent if each.ticket is not None}) >= on_call.storm_pages


def hold(tx: Transaction, contract: Contract, on_call: OnCall, at: datetime) -> None:
    """A request that nobody on call took is told with all others of its contract when the window is over."""
    key = contract_key(contract.id)
    if tx.timer(ALARM_STORM, key) is None:
        tx.set_timer(ALARM_STORM, key, at + on_call.storm_window, {"contract": contract.id})


def contract_key(contract_id: str) -> int:
    """The key of a timer that belongs to a contract: a number that its id always gives."""
    return int.from_bytes(hashlib.sha256(contract_id.encode()).digest()[:6])


def storm_over(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """One mail to the supervisors with every urgent request of a contract that still waits for a person."""
    tx.drop_timer(ALARM_STORM, int(timer.ticket or 0))
    contract = gw.rules.contract(timer.facts["contract"])
    waiting = tx.tickets(states=WAITING_FOR_A_PERSON, contract=contract.id, limit=1000)
    urgent = [ticket for ticket in waiting if ticket.priority is Priority.URGENT]
    if not urgent:
        return
    lines = [f"- {each.number}, {wording.hour(each.received_at, contract.language)}" for each in urgent]
    values = {"service": contract.service_name, "count": str(len(urgent)), "list": "\n".join(lines)}
    telling.alarm(gw, tx, contract, text_id="T-ALARM-MANY", values=since(gw, contract, at) | values, at=at)
