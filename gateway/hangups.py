"""The end of a call: its outcome on the line, the request it is or is not, who is told, and what rang for it.

Every call ends exactly once: by the carrier's word, by its own time-out, or when the gateway asks the carrier after it
was down. A call without a ticket becomes one once it meant something, else it joins an open one of that number or stays
a contact that `intake list` shows by its rule (S003).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gateway import deciding, paging, receiving, ringing, speaking
from gateway.contacts import Contact
from gateway.domain import call_ends, call_words
from gateway.domain.call import Door, Step
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.owed import NOBODY_OWES
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.telephony import CallOutcome
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Mark, Priority
from gateway.joining import join

if TYPE_CHECKING:
    from gateway.domain.intake import Intake
    from gateway.domain.telephony import Call
    from gateway.domain.ticket import Ticket, Timer
    from gateway.ports import Gateway, Transaction

CALL = "call"
"""The timer of a call (its id stands for the ticket): when it is over although nobody told us."""
IDLE = timedelta(minutes=10)
"""After so long without a key, a word or a telephone that rings, a call has ended, and its last status was lost."""
LONGEST_TALK = timedelta(hours=4)
"""The carrier ends a conversation then."""
ABANDONED = "abandoned_call"
"""The rule by which an intake of a call has no ticket."""
OPENED, WOKEN, LASTED_S, CHOSEN = "opened", "woken", "duration_s", "chosen"
"""Facts of a call: its ticket is its own, whoever is on duty was told, how long it took, what was chosen by key."""
CALLER = "caller"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def expect(tx: Transaction, call: Call, at: datetime, within: timedelta = IDLE) -> None:
    """The call goes on: when nothing more is heard of it, it has ended by then."""
    tx.set_timer(CALL, call.id, at + within, {"sid": call.sid})


def lost(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """Nothing was heard of a call for so long that it must have ended."""
    call = tx.call(int(timer.ticket or 0))
    if call is None:
        tx.drop_timer(CALL, int(timer.ticket or 0))
        return
    over(gw, tx, call, at, status="lost")


def over(
    gw: Gateway, tx: Transaction, call: Call, at: datetime, *, status: str = "completed", lasted_s: int | None = None
) -> Call:
    """The call has ended, with the carrier's word for it; said again it changes nothing."""
    if call.ended_at is not None:
        return call
    tx.drop_timer(CALL, call.id)
    ticket = tx.ticket(call.ticket) if call.ticket is not None else None
    ringing.caller_gone(tx, call, ticket, at)
    answered = call.answered_by is not None
    outcome = call.outcome or call_ends.outcome_of(call.reached, call.facts, status, answered=answered)
    lasted = timedelta(seconds=lasted_s) if lasted_s is not None else at - call.began_at
    if ticket is None:
        call, ticket = _file(gw, tx, call, outcome, lasted, at)
    if ticket is not None:
        conclude(gw, tx, call, ticket, outcome, at)
        call = tx.call(call.id) or call
    facts = {**call.facts, "status": status, LASTED_S: str(int(lasted.total_seconds()))}
    call = tx.change_call(call.id, ended_at=at, outcome=outcome, facts=facts)
    _record(tx, call, status, at)
    return call


def _record(tx: Transaction, call: Call, status: str, at: datetime) -> None:
    data = {
        "call": call.sid,
        "outcome": str(call.outcome),
        "reached": call.reached,
        "status": status,
        LASTED_S: call.facts.get(LASTED_S, ""),
        "answered_by": call.answered_by or "",
    }
    chain = str(call.ticket) if call.ticket is not None else SYSTEM
    tx.record(chain, Happening("call_ended", at, "carrier", data=data))


# ------------------------------------------------------------------------------------------------- which ticket, if any


def _file(
    gw: Gateway, tx: Transaction, call: Call, outcome: CallOutcome, lasted: timedelta, at: datetime
) -> tuple[Call, Ticket | None]:
    """A call that has no ticket yet: a request of its own, one more line of an open one, or a contact without."""
    intake = tx.intake(call.intake) if call.intake is not None else None
    if intake is None:
        return call, None
    if outcome is CallOutcome.DUTY:
        tx.settle_intake(intake.id, IntakeState.REPLY, Step.WATCH if call.reached == Step.WATCH else Step.CODE)
        return call, None
    meant = outcome is not CallOutcome.REFUSED and call_ends.is_request(call.facts, lasted, gw.rules.abandoned_after)
    known = tx.open_tickets_of(call.contract, call.caller, since=LONG_AGO) if call.caller else []
    if call_ends.MISSED in call.facts:  # whoever called again and again while we were away is called back once
        known = [ticket for ticket in known if Mark.CALL_BACK in ticket.marks]
        meant = meant and not known
    if meant:
        chosen = call.facts.get(CHOSEN) or "abandoned"
        return open_ticket(gw, tx, call, intake, at, chosen=chosen)
    if not known:
        tx.settle_intake(intake.id, IntakeState.ABANDONED, ABANDONED)
        return call, None
    subject = call_words.summary({"number": call.caller, "chosen": "abandoned"}, speaking.language_of(call))
    requester = speaking.requester_of(gw, call)
    contact = Contact(subject, f"{subject}.", "", requester, call.caller, automatic="abandoned")
    join(gw, tx, intake, known[0], contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED)
    return tx.change_call(call.id, ticket=known[0].number), None


def open_ticket(
    gw: Gateway, tx: Transaction, call: Call, intake: Intake, at: datetime, *, chosen: str = "", words: str = ""
) -> tuple[Call, Ticket]:
    """The ticket of a call, received when the call began (X2). Nobody is woken while the caller is on the line."""
    contract = speaking.contract_of(gw, call)
    subject = call_words.summary({"number": call.caller, "chosen": chosen}, contract.language)
    contact = Contact(
        subject=subject,
        text=words,
        new_text=words,
        requester=speaking.requester_of(gw, call),
        sender=call.caller,
        kind=chosen if chosen in ("complaint", "information") else None,
        on_the_line=True,
    )
    ticket = receiving.open_ticket(gw, tx, intake, contract, contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED)
    if ticket.priority is Priority.URGENT and speaking.door_of(call) is Door.OPEN:
        ticket = paging.chase_from(gw, tx, ticket, contract, at)  # the desk has it until it closes
    return tx.change_call(call.id, ticket=ticket.number, facts={**call.facts, OPENED: "yes"}), ticket


# ------------------------------------------------------------------------------------------------- what follows from it


def conclude(gw: Gateway, tx: Transaction, call: Call, ticket: Ticket, outcome: CallOutcome, at: datetime) -> None:
    """What the end of a call asks for on its ticket: a call-back, and whoever is on duty told; once."""
    if WOKEN in call.facts or ticket.became in NOBODY_OWES:
        return
    ticket = mark_call_back(tx, call, ticket, outcome)
    tx.change_call(call.id, facts={**call.facts, WOKEN: "yes"})
    if OPENED not in call.facts or ticket.state not in WAITING_FOR_A_PERSON or ticket.priority is Priority.URGENT:
        return
    if speaking.contract_of(gw, call).page_abandoned or not call_ends.has_done_nothing(call.facts):
        _wake(gw, tx, ticket, at)


def mark_call_back(tx: Transaction, call: Call, ticket: Ticket, outcome: CallOutcome) -> Ticket:
    """A task for a person, where a number is known; its due time is the contract's for taking in charge."""
    asked = call_ends.wants_call_back(outcome, call.facts)
    if not asked or not (call.caller or ticket.requester.number) or Mark.CALL_BACK in ticket.marks:
        return ticket
    return tx.change_ticket(ticket.number, marks=(*ticket.marks, Mark.CALL_BACK))


def _wake(gw: Gateway, tx: Transaction, ticket: Ticket, at: datetime) -> None:
    """Whoever is on duty is told of a request that came by telephone, as of any other (DESIGN, "Whom to wake")."""
    contract = gw.rules.contract(ticket.contract, ticket.version)
    contact = Contact(ticket.subject, "", "", ticket.requester, ticket.requester.number)
    request = deciding.request_of(contact, Channel.PHONE, ticket.received_at, urgent=False)
    decision = deciding.decision_on(gw, tx, contract, request, at)
    receiving.wake(gw, tx, ticket, decision, at)
