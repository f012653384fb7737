"""What a caller's deed does: to the line of the call, to its ticket, and in the register.

The ticket's number is taken by the first deed after the greeting that is no mere choice of language or repetition, be
it silence (decision 0011). Words join the call's own ticket, whatever somebody did with it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway import hangups, paging, speaking
from gateway.contacts import Contact
from gateway.domain import call_ends, call_words
from gateway.domain.call import Deed, Step
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.owed import NOBODY_OWES
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.telephony import Recording, RecordingState
from gateway.domain.ticket import (
    CLOSED_STATES,
    WAITING_FOR_A_PERSON,
    Act,
    Mark,
    Message,
    Outcome,
    Priority,
    TicketType,
    after,
)
from gateway.hangups import CALLER, CHOSEN
from gateway.joining import join

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.intake import Intake
    from gateway.domain.roster import Person
    from gateway.domain.telephony import Call
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Reading, Transaction

FOUND = "found"
"""Fact of a call: whether the number that was keyed is a request of theirs."""
SHORT_NUMBER = 6
"""Digits of a ticket's number without its year."""
_CHOICES = {Deed.COMPLAINT: "complaint", Deed.INFORMATION: "information"}
_SAYS = (Deed.WORDS, Deed.URGENT)
LONGEST_NAME = 120
_STILL_CHOOSING = (Deed.REPEAT, Deed.ENGLISH, Deed.HAS_NUMBER, Deed.REFUSES_RECORDING)
"""No number is taken for these."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What the carrier tells of a call: at which step and turn, and what was keyed, said or recorded there.

    `recording` is the carrier's id of a message, `dialled` its word for how the telephones that rang fared.
    """

    sid: str
    step: str
    turn: int
    digits: str = ""
    speech: str = ""
    recording: str = ""
    recording_s: int = 0
    dialled: str = ""

    @property
    def says_something(self) -> bool:
        """Whether the caller did something that is kept as a contact."""
        return bool(self.digits or self.speech or self.recording)


@dataclass(slots=True)
class Moment:
    """A call as it is now: its line, its request, whoever could be rung at once, and what one of our own settled.

    `settled` is the text that tells it, of the ticket that it is `about`, with what is `told` beside; `tries`: how
    often a code may still be keyed; `blocked`: the codes that waited hold no more, since this one was wrong too.
    """

    call: Call
    ticket: Ticket | None = None
    settled: str = ""
    about: Ticket | None = None
    told: dict[str, str] = field(default_factory=dict)
    tries: int = 0
    blocked: bool = False
    people: list[Person] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Done:
    """One deed with all that belongs to it: where, what, how the carrier told it, and the contact it is kept as."""

    step: Step
    deed: Deed
    signal: Signal
    intake: Intake | None
    at: datetime


def take_in(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """The effects of a deed. Afterwards `moment` has the line and the ticket as they are."""
    _told_by(tx, moment, done)
    if done.deed is Deed.DIGITS and done.step is Step.OWN_NUMBER:
        _find(gw, tx, moment, done)
    if moment.ticket is None and done.deed not in _STILL_CHOOSING:
        _open(gw, tx, moment, done)
    elif moment.ticket is not None:
        _add(gw, tx, moment, done)
    if done.deed is Deed.DIGITS and done.step is Step.CALL_BACK:
        _call_back_at(gw, tx, moment, done)
    if done.deed is Deed.URGENT:
        _urgent(gw, tx, moment, done.at)
    if done.deed is Deed.RECORDED:
        _recorded(gw, tx, moment, done)
    keep_step(tx, moment, done)


def keep_step(tx: Transaction, moment: Moment, done: Done, **more: str) -> None:
    """What was done is on record, with what `more` is to be known of it; its contact belongs to the call."""
    _record_step(tx, moment, done, **more)
    if done.intake is not None and done.intake.id != moment.call.intake:
        tx.settle_intake(done.intake.id, IntakeState.REPLY, str(done.step))


def note(tx: Transaction, moment: Moment, **facts: str) -> None:
    """More facts on the line of the call."""
    moment.call = tx.change_call(moment.call.id, facts={**moment.call.facts, **facts})


def _told_by(tx: Transaction, moment: Moment, done: Done) -> None:
    """What the rest of the call, and its outcome, will be told by."""
    signal, deed, facts = done.signal, done.deed, moment.call.facts
    told = {
        call_ends.KEYS: f"{facts.get(call_ends.KEYS, '')} {signal.digits}".strip()[-200:] if signal.digits else "",
        CHOSEN: _CHOICES.get(deed, ""),
        call_ends.TOLD: "yes" if signal.speech and deed in _SAYS and done.step is not Step.WHO else "",
        call_ends.ASKED_BACK: "yes" if deed is Deed.CALL_ME_BACK else "",
        call_ends.TAKEN: "yes" if deed is Deed.TAKEN else "",
        call_ends.MESSAGE_S: str(signal.recording_s) if deed is Deed.RECORDED else "",
        speaking.LANGUAGE: speaking.ENGLISH if deed is Deed.ENGLISH else "",
        speaking.NO_RECORDING: "yes" if deed is Deed.REFUSES_RECORDING else "",
    }
    note(tx, moment, **{name: value for name, value in told.items() if value})


def _open(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """The ticket's number is taken: with what was said in the menu as its text, so that its words decide."""
    intake = tx.intake(moment.call.intake) if moment.call.intake is not None else None
    if intake is None:
        return
    words = done.signal.speech if done.deed in _SAYS else ""
    chosen = moment.call.facts.get(CHOSEN, "")
    moment.call, moment.ticket = hangups.open_ticket(gw, tx, moment.call, intake, done.at, chosen=chosen, words=words)


def _add(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """What is said or chosen on a ticket that there is already."""
    ticket, signal = moment.ticket, done.signal
    if ticket is None or done.intake is None:
        return
    own = hangups.OPENED in moment.call.facts
    if own and done.deed in _CHOICES and ticket.type != _CHOICES[done.deed]:
        moment.ticket = tx.change_ticket(ticket.number, type=TicketType(_CHOICES[done.deed]))
    elif signal.speech and done.step is Step.WHO and done.deed is Deed.WORDS:
        if own:
            requester = replace(ticket.requester, name=signal.speech.strip()[:LONGEST_NAME])
            moment.ticket = tx.change_ticket(ticket.number, requester=requester)
        _say(gw, tx, moment, done, _worded(gw, moment, "P-CALLER", name=signal.speech))
    elif signal.speech and done.deed in _SAYS:
        _say(gw, tx, moment, done, signal.speech)


def _say(gw: Gateway, tx: Transaction, moment: Moment, done: Done, words: str) -> None:
    """Words join the ticket of the call; on one that somebody has they are a message, never a ticket of their own."""
    ticket = moment.ticket
    if ticket is None or done.intake is None:
        return
    if ticket.state in WAITING_FOR_A_PERSON or hangups.OPENED not in moment.call.facts:
        contact = Contact(ticket.subject, words, words, ticket.requester, moment.call.caller)
        join(gw, tx, done.intake, ticket, contact, done.at)
    else:
        _message(tx, ticket, done.intake, words, done.at)
    moment.ticket = tx.ticket(ticket.number)


def _worded(gw: Gateway, moment: Moment, phrase: str, **values: str) -> str:
    """A phrase for the desk, in the language of the call's contract."""
    return gw.rules.phrase(speaking.contract_of(gw, moment.call), phrase, **values)


def _message(tx: Transaction, ticket: Ticket, intake: Intake | None, words: str, at: datetime) -> None:
    sender = ticket.requester.number
    tx.add_message(
        Message(
            id=0,
            ticket=ticket.number,
            direction="in",
            channel=Channel.PHONE,
            lane="requester",
            sender=sender,
            recipients=(),
            at=at,
            subject=ticket.subject,
            text=words,
            intake=intake.id if intake else None,
        )
    )
    data = {"intake": str(intake.id) if intake else "", "lane": "requester", "channel": "phone"}
    tx.record(str(ticket.number), Happening("message_joined", at, CALLER, None, data, {"sender": sender}))


# ------------------------------------------------------------------------------------------------- an earlier request


def _find(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """A request that is theirs (DESIGN, "Which ticket"): of this contract, open, and from the number that calls."""
    found = _theirs(tx, moment.call, done.signal.digits.strip("*#"))
    note(tx, moment, **{FOUND: "no" if found is None else "yes"})
    if found is None or (moment.ticket and moment.ticket.number == found.number):
        return
    opened, intake = moment.ticket, tx.intake(moment.call.intake) if moment.call.intake is not None else None
    facts = {name: value for name, value in moment.call.facts.items() if name != hangups.OPENED}
    moment.call = tx.change_call(moment.call.id, ticket=found.number, facts=facts)
    moment.ticket = found
    words = call_words.summary({"number": moment.call.caller}, speaking.contract_of(gw, moment.call).language)
    _message(tx, found, intake, words, done.at)
    if opened is not None:
        _fold(tx, opened, found, done.at)
    elif intake is not None:
        tx.settle_intake(intake.id, IntakeState.FILED)


def _theirs(reading: Reading, call: Call, keyed: str) -> Ticket | None:
    if not keyed or not call.caller:
        return None
    numbers = [int(keyed)] if len(keyed) > SHORT_NUMBER else reading.numbers_ending(int(keyed))
    found = [ticket for number in numbers if (ticket := reading.ticket(number))]
    theirs = [
        ticket
        for ticket in found
        if (ticket.contract, ticket.requester.number) == (call.contract, call.caller)
        and ticket.state not in CLOSED_STATES
    ]
    return theirs[0] if len(theirs) == 1 else None


def _fold(tx: Transaction, opened: Ticket, found: Ticket, at: datetime) -> None:
    """The number that the call was given while the caller was silent: the call belongs to the earlier request."""
    tx.add_link(opened.number, found.number, "merged_into")
    tx.change_ticket(opened.number, state=after(opened.state, Act.SOLVE), outcome=Outcome.DUPLICATE)
    tx.record(str(opened.number), Happening("merged", at, CALLER, data={"into": str(found.number)}))
    tx.record(str(found.number), Happening("merged_from", at, CALLER, data={"other": str(opened.number)}))


# ------------------------------------------------------------------------------------ a call-back, urgency, a message


def _call_back_at(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """A number that a caller keyed is shown to whoever calls back, and never dialled by us (X10)."""
    if moment.ticket is None:
        return
    number = done.signal.digits.strip("*#")
    _message(tx, moment.ticket, done.intake, _worded(gw, moment, "P-KEYED", number=number), done.at)
    marks = tuple(dict.fromkeys((*moment.ticket.marks, Mark.CALL_BACK)))
    moment.ticket = tx.change_ticket(moment.ticket.number, marks=marks)
    note(tx, moment, **{call_ends.ASKED_BACK: "yes"})


def _urgent(gw: Gateway, tx: Transaction, moment: Moment, at: datetime) -> None:
    """Whoever calls it urgent has it chased from now on; the SMS leaves while the telephone rings (A2.6)."""
    ticket = moment.ticket
    if ticket is None or ticket.became in NOBODY_OWES:
        return
    contract = speaking.contract_of(gw, moment.call)
    if ticket.priority is not Priority.URGENT:
        clause = contract.clauses.of("on_call")
        moment.ticket = paging.made_urgent(gw, tx, ticket, at, by=CALLER, clause=clause)
    elif ticket.state in WAITING_FOR_A_PERSON and tx.timer(paging.CHASE, ticket.number) is None:
        moment.ticket = paging.chase_from(gw, tx, ticket, contract, at)


def _recorded(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    """A message lies at the carrier: its line says so, and the worker fetches it."""
    signal, ticket = done.signal, moment.ticket
    if tx.recording_by(signal.recording) is None:
        number, seconds = ticket.number if ticket else None, signal.recording_s
        tx.add_recording(
            Recording(0, signal.recording, signal.sid, number, RecordingState.AT_CARRIER, seconds, done.at)
        )
    if ticket is not None:
        words = _worded(gw, moment, "P-RECORDING", seconds=str(signal.recording_s), recording=signal.recording)
        _message(tx, ticket, done.intake, words, done.at)
        moment.ticket = tx.ticket(ticket.number)


def _record_step(tx: Transaction, moment: Moment, done: Done, **more: str) -> None:
    """What was done in a call stands in the history of its ticket, or of the system while there is none (S162)."""
    if not done.signal.says_something:
        return
    data = {
        "step": str(done.step),
        "deed": str(done.deed),
        "digits": "" if done.step is Step.CODE else done.signal.digits,
        "call": done.signal.sid,
        "intake": str(done.intake.id) if done.intake else "",
        **more,
    }
    chain = str(moment.ticket.number) if moment.ticket else SYSTEM
    tx.record(chain, Happening("call_step", done.at, CALLER, data=data))
