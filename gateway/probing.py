"""The gateway tries itself out, all the time: a synthetic mail, its ticket, its page, and an acceptance (C-57).

It happens in a test contract whose only contact is a telephone that answers by itself; nobody real is ever woken, and
everything is marked `synthetic`. How the last probe went is a row: when one was last accepted, and which one is under
way. One that is not accepted in time is an outage of the whole way, told like every other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway import outages, paging
from gateway.domain.hours import local, opening
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Act, Outcome, TicketState, after
from gateway.outages import ANSWERS
from gateway.silences import NEVER
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import timedelta

    from gateway.domain.contract import Contract
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Reading, Transaction

PROBE = "probe"
BORN, LAST, STARTED, NAME, NEXT = "born", "last", "started", "name", "next"
"""The facts of the one row: since when, last accepted, the probe under way by its time and name, when the next is."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A mail that is to be posted at our own door."""

    name: str
    sender: str
    to: str
    raw: bytes


def look(gw: Gateway, tx: Transaction, every: timedelta, within: timedelta, at: datetime) -> Probe | None:
    """Conclude the probe that is under way, and begin one when its time has come: the mail to post, or nothing."""
    timer = tx.timer(PROBE, 0)
    facts = dict(timer.facts) if timer else {BORN: at.isoformat()}
    if NAME in facts and not _concluded(gw, tx, facts, within, at):
        return None
    due = NEXT not in facts or datetime.fromisoformat(facts[NEXT]) <= at
    probe = _begun(gw, facts, every, at) if due else None
    tx.set_timer(PROBE, 0, NEVER, facts)
    return probe


def _begun(gw: Gateway, facts: dict[str, str], every: timedelta, at: datetime) -> Probe | None:
    """A probe out of the hours of its contract; in its hours the desk would have it, and nobody is paged."""
    contract = gw.rules.contract(gw.rules.probe_contract)
    to = contract.address_of(Channel.MAIL)
    if to is None or opening(contract, at).is_open:
        return None
    name = gw.keys.dispatch_key()[:12]
    facts |= {NAME: name, STARTED: at.isoformat(), NEXT: (at + every).isoformat()}
    sender = f"centralino-probe@{to.rpartition('@')[2]}"
    return Probe(name, sender, to, _mail(contract, name, sender, to, at))


def _mail(contract: Contract, name: str, sender: str, to: str, at: datetime) -> bytes:
    word = contract.priority.urgent_words[0] if contract.priority.urgent_words else "urgente"
    lines = (
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject_of(name)}",
        f"Message-ID: <{name}.{sender}>",
        f"Date: {local(at):%a, %d %b %Y %H:%M:%S %z}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        word,
        "",
    )
    return "\r\n".join(lines).encode()


def subject_of(name: str) -> str:
    """How the mail and the ticket of a probe are called."""
    return f"Probe {name}"


def _concluded(gw: Gateway, tx: Transaction, facts: dict[str, str], within: timedelta, at: datetime) -> bool:
    """Whether the probe under way came to an end, good or bad; what came of it is written down."""
    started_at = datetime.fromisoformat(facts[STARTED])
    ticket = _ticket_of(gw, tx, facts[NAME], started_at)
    if ticket is not None and ticket.taken_at is not None:
        facts[LAST] = ticket.taken_at.isoformat()
        outages.worked(gw, tx, outages.PROBE, ANSWERS, at)
        _close(tx, ticket, Outcome.SOLVED, at)
    elif at - started_at < within:
        return False
    else:
        cause = _how_far(tx, ticket)
        outages.failed(gw, tx, outages.PROBE, ANSWERS, cause, at, at_once=True)
        tx.record(SYSTEM, Happening("probe_failed", at, NOBODY, data={"probe": facts[NAME], "cause": cause}))
        if ticket is not None:
            _close(tx, ticket, Outcome.NOT_SOLVABLE, at)
    del facts[NAME], facts[STARTED]
    return True


def _ticket_of(gw: Gateway, reading: Reading, name: str, since: datetime) -> Ticket | None:
    found = reading.tickets(contract=gw.rules.probe_contract, since=since, text=name, limit=1)
    return found[0] if found else None


def _how_far(reading: Reading, ticket: Ticket | None) -> str:
    """Where the way broke off: before the ticket, before the page left, or before anybody accepted."""
    if ticket is None:
        return "the mail did not become a ticket"
    sent = reading.dispatches(ticket=ticket.number, limit=20)
    if not any(each.sent_at for each in sent if each.page is not None):
        return "the page did not leave: " + next((each.reason or "" for each in sent if each.reason), "no reason given")
    return "the page left and nobody accepted it"


def _close(tx: Transaction, ticket: Ticket, outcome: Outcome, at: datetime) -> None:
    """What was only a probe is closed by itself, and wakes nobody any more."""
    tx.drop_timer(paging.CHASE, ticket.number)
    tx.drop_timer(paging.ACCEPTANCE, ticket.number)
    paging.close_others(tx, ticket, NOBODY, at)
    if ticket.state in {*WAITING_FOR_A_PERSON, TicketState.TAKEN}:
        state = after(after(ticket.state, Act.SOLVE), Act.CLOSE)
        tx.change_ticket(ticket.number, state=state, outcome=outcome)
        tx.record(str(ticket.number), Happening("closed", at, NOBODY, data={"outcome": str(outcome), "probe": "yes"}))


def failed_to_post(gw: Gateway, tx: Transaction, probe: Probe, error: str, at: datetime) -> None:
    """Our own door did not take the mail of a probe."""
    cause = f"our own door did not take the mail: {error}"
    outages.failed(gw, tx, outages.PROBE, ANSWERS, cause, at, at_once=True)
    tx.record(SYSTEM, Happening("probe_failed", at, NOBODY, data={"probe": probe.name, "cause": cause[:200]}))


def age(reading: Reading, at: datetime) -> timedelta | None:
    """How long ago a probe was last accepted, or the first one was to begin; None where none runs."""
    timer = reading.timer(PROBE, 0)
    if timer is None:
        return None
    return at - datetime.fromisoformat(timer.facts.get(LAST) or timer.facts[BORN])
