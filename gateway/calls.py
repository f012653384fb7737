"""What a citizen's telephone call does.

Each webhook is one unit: its raw body is kept as an intake, its effect happens once, and only then is there something
to say. The same webhook again (the carrier retries) hears the same and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import deciding, paging
from gateway.contacts import Contact, contract_for_number
from gateway.domain import answers, replies
from gateway.domain.call import Gather, Hangup, Record, Say, Script, Verb
from gateway.domain.hours import opening
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.reception import OUTSIDE_VALIDITY
from gateway.domain.register import Happening
from gateway.domain.ticket import Requester, Ticket
from gateway.joining import join
from gateway.receiving import open_ticket

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.intake import Arrival, Intake
    from gateway.ports import Gateway, Transaction

ACCEPT, PASS, NO_RECORDING = "1", "2", "9"


# ----------------------------------------------------------------------------------------------------- a citizen's call


def call_begins(gw: Gateway, tx: Transaction, arrival: Arrival, at: datetime) -> tuple[Script, int]:
    """Record the call at its first signal and open its ticket: what to say, and the ticket's number.

    The caller hears the opening state, the privacy notice and the number.
    """
    receipt = tx.accept(arrival, at)
    numbers = tx.tickets_of(receipt.intake_id)
    ticket = tx.ticket(numbers[0]) if numbers else None
    if ticket is None:
        intake = tx.intake(receipt.intake_id)
        ticket = open_call(gw, tx, intake, at) if intake else None
    if ticket is None:
        return (Hangup(),), 0
    return _greeting(gw, ticket, at), ticket.number


def open_call(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> Ticket:
    """The ticket of a call that was just recorded."""
    contract = contract_for_number(gw, Channel.PHONE, intake)
    person = gw.rules.people.by_number(intake.sender)
    contact = Contact(
        subject=f"Telefonata da {intake.sender or 'numero non disponibile'}",
        text="",
        new_text="",
        requester=Requester(person.name if person else "", "", intake.sender, person.id if person else None),
        sender=intake.sender,
    )
    ticket = open_ticket(gw, tx, intake, contract, contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED)
    return ticket


def _say(gw: Gateway, ticket: Ticket, at: datetime, *text_ids: str) -> tuple[Verb, ...]:
    contract = gw.rules.contract(ticket.contract)
    values = replies.values(contract, ticket, opening(contract, at), at) | gw.rules.voice_facts
    return tuple(Say(gw.rules.texts(contract).fill(text_id, values).body) for text_id in text_ids)


def _prompts(gw: Gateway, ticket: Ticket, at: datetime, *text_ids: str) -> tuple[Say, ...]:
    return tuple(verb for verb in _say(gw, ticket, at, *text_ids) if isinstance(verb, Say))


def _greeting(gw: Gateway, ticket: Ticket, at: datetime) -> Script:
    """What the contract has the caller hear: the opening state or who serves instead, the notice, the number (V-14)."""
    contract = gw.rules.contract(ticket.contract, ticket.version)
    decision = deciding.decision_for_caller(gw, ticket, at)
    values = answers.spoken_values(decision, ticket, at)
    fill = gw.rules.texts(contract).fill
    verbs = [Say(fill(text_id, values).body) for text_id in (*answers.spoken_ids(decision), "V-17", "V-NUMBER")]
    state = decision.opening
    if contract.on_call and decision.entitled and not state.is_open and state.reason not in OUTSIDE_VALIDITY:
        choice = Gather("choice", _prompts(gw, ticket, at, "V-CHOICE"), digits=1, timeout_s=6)
        return (*verbs, choice, *_ask_for_words(gw, ticket, at))
    return (*verbs, *_ask_for_words(gw, ticket, at))


def _ask_for_words(gw: Gateway, ticket: Ticket, at: datetime) -> Script:
    """Speech first, which needs no recording; whoever says nothing may leave a message after the notice (X12)."""
    speech = Gather("speech", _prompts(gw, ticket, at, "V-SPEAK"), digits=0, timeout_s=5, speech=True)
    return (speech, *_ask_for_message(gw, ticket, at))


def _ask_for_message(gw: Gateway, ticket: Ticket, at: datetime) -> Script:
    if not gw.rules.voicemail:
        return (*_say(gw, ticket, at, "V-NO-INPUT", "V-GOODBYE"), Hangup())
    notice = Gather("notice", _prompts(gw, ticket, at, "V-03"), digits=1, timeout_s=3)
    return (notice, *_say(gw, ticket, at, "V-MESSAGE"), Record("message"))


def call_goes_on(gw: Gateway, tx: Transaction, arrival: Arrival, ticket_number: int, step: str, at: datetime) -> Script:
    """One step of a citizen's call: a key, recognised speech, or a recorded message, which join the ticket."""
    receipt = tx.accept(arrival, at)
    ticket, intake = tx.ticket(ticket_number), tx.intake(receipt.intake_id)
    if ticket is None or intake is None:
        return (Hangup(),)
    if not receipt.repeated and intake.state is IntakeState.RECEIVED:
        ticket = _take_in(gw, tx, intake, ticket, step, at)
        tx.settle_intake(intake.id, IntakeState.REPLY, step)
    return _next(gw, ticket, step, intake.facts, at)


def step_kept(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> None:
    """A step of a call that was kept after a fault of ours: what was said joins the call's own ticket."""
    number = intake.facts.get("ticket", "")
    ticket = tx.ticket(int(number)) if number.isascii() and number.isdigit() else None
    if ticket is None:
        open_call(gw, tx, intake, at)
        return
    step = intake.facts["step"]
    _take_in(gw, tx, intake, ticket, step, at)
    tx.settle_intake(intake.id, IntakeState.REPLY, step)


def _take_in(gw: Gateway, tx: Transaction, intake: Intake, ticket: Ticket, step: str, at: datetime) -> Ticket:
    facts = intake.facts
    words = facts.get("speech", "")
    if step == "choice" and facts.get("digits") == ACCEPT:
        clause = gw.rules.contract(ticket.contract).clauses.of("on_call")
        return paging.made_urgent(gw, tx, ticket, at, by="caller", clause=clause)
    if step == "message":
        words = f"Messaggio vocale di {facts.get('recording_s') or '?'} secondi: {facts.get('recording', '')}"
    if words:
        contact = Contact(
            subject=ticket.subject,
            text=words,
            new_text=words,
            requester=ticket.requester,
            sender=intake.sender,
        )
        join(gw, tx, intake, ticket, contact, at)
    else:
        data = {"step": step, "digits": facts.get("digits", ""), "intake": str(intake.id)}
        tx.record(str(ticket.number), Happening("call_step", at, "caller", data=data))
    return tx.ticket(ticket.number) or ticket


def _next(gw: Gateway, ticket: Ticket, step: str, facts: dict[str, str], at: datetime) -> Script:
    digits = facts.get("digits", "")
    if step == "choice":
        if digits == ACCEPT:
            return (*_say(gw, ticket, at, "V-TOLD"), *_ask_for_words(gw, ticket, at))
        return _ask_for_message(gw, ticket, at) if digits == PASS else _ask_for_words(gw, ticket, at)
    if step == "notice" and digits == NO_RECORDING:
        speech = Gather("speech", _prompts(gw, ticket, at, "V-SPEAK"), digits=0, timeout_s=5, speech=True)
        return (speech, *_say(gw, ticket, at, "V-NO-INPUT", "V-GOODBYE"), Hangup())
    if step == "notice":
        return (*_say(gw, ticket, at, "V-MESSAGE"), Record("message"))
    return (*_say(gw, ticket, at, "V-12", "V-GOODBYE"), Hangup())
