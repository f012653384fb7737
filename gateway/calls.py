"""A citizen's telephone call: the first signal, and every step that `call.TABLE` knows.

Each webhook is one unit. At the first signal the contact and the line of the call are on disk, before anything is said;
the ticket's number is taken when the caller has heard the greeting, or did something before (decision 0011). What a
caller keyed or said is kept as an intake of its own. Each answer has a turn: the same webhook again (the carrier
retries) is known by it, hears the same and changes nothing (S161).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import deeds, duty_calls, hangups, ringing, speaking
from gateway.contacts import contract_for_number
from gateway.deeds import Done, Moment, Signal
from gateway.domain import call_ends, call_kept, call_words
from gateway.domain.call import OURS, TABLE, Deed, Door, Hangup, Offer, Reject, Ring, Script, Step, after
from gateway.domain.call_meaning import deed_of_keys, deed_of_words
from gateway.domain.call_prompts import Move, script_for
from gateway.domain.hours import next_opening
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.priority import is_urgent
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.telephony import Call, CallOutcome, Direction, Recording, RecordingState
from gateway.domain.ticket import WAITING_FOR_A_PERSON
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from gateway.domain.intake import Arrival, Intake
    from gateway.domain.roster import Person
    from gateway.ports import Gateway, Reading, Transaction

LONGEST_CALL = timedelta(hours=4)
MANY_IN = timedelta(minutes=10)
RECENT = timedelta(hours=2)
MOST_TURNS = 150
"""A line on which nobody ever decides ends after so many answers, with a farewell."""
TOO_MANY, GOING_ON, OUR_FAULT, ELSEWHERE = "too_many_calls", "the call goes on", "fault", "fallback"
TURN, SAID, QUEUED, WHO_ASKED, WHY = "turn", "said", "queue_since", "who_asked", "why"
ABROAD = "country"
"""Facts of a call: its turn, what was said last, since when they wait, whether they were asked who they are, and the
country in which whoever answers is, when it is not Italy."""
_MENUS = (Step.MENU, Step.MENU_AGAIN)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the caller hears now, in which language, and the turn by which the next webhook is known."""

    script: Script
    turn: int = 0
    language: str = "it"


# ----------------------------------------------------------------------------------------------------- the first signal


def call_begins(gw: Gateway, tx: Transaction, arrival: Arrival, at: datetime) -> Heard:
    """The call is on its line and its first signal is kept; the caller hears the opening state and the notice."""
    known = tx.call_by(arrival.facts.get("sid", ""))
    receipt = tx.accept(arrival, at)
    if known is not None:
        return again(known)
    intake = tx.intake(receipt.intake_id)
    if intake is None:
        return Heard((Hangup(),))
    call = _put_on_line(gw, tx, intake, at)
    if _calls_too_often(gw, tx, call, at):
        return _turn_away(gw, tx, call, intake, at)
    tx.release_intake(intake.id, at + LONGEST_CALL, GOING_ON)
    first = duty_calls.first_step(gw, tx, call.caller, at)
    return _go(gw, tx, Moment(call), Move(None, None, first), Offer(speaking.door_of(call)), at)


def _put_on_line(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> Call:
    contract = contract_for_number(gw, Channel.PHONE, intake)
    call = Call(
        id=0,
        sid=intake.facts.get("sid") or f"intake-{intake.id}",
        direction=Direction.IN,
        contract=contract.id,
        caller=intake.sender,
        called=next(iter(intake.recipients), ""),
        began_at=intake.received_at,
        reached=Step.MENU,
        intake=intake.id,
    )
    return tx.add_call(replace(call, facts=speaking.reception_of(gw, call, at)))


def _calls_too_often(gw: Gateway, reading: Reading, call: Call, at: datetime) -> bool:
    """More calls of one number than a person makes (P15, P16); whoever shows none cannot be told from others."""
    if not call.caller:
        return False
    recent = reading.calls(caller=call.caller, since=at - MANY_IN, limit=gw.rules.calls_per_caller + 1)
    return len(recent) > gw.rules.calls_per_caller


def _turn_away(gw: Gateway, tx: Transaction, call: Call, intake: Intake, at: datetime) -> Heard:
    """The busy tone. The call has its line all the same, and the contact says by which rule it has no ticket."""
    call = tx.change_call(call.id, outcome=CallOutcome.REFUSED, facts={**call.facts, WHY: TOO_MANY})
    if not tx.seen_before(f"{TOO_MANY}:{call.caller}", at, MANY_IN):
        data, personal = {"call": call.sid}, {"caller": call.caller}
        tx.record(SYSTEM, Happening("calls_refused", at, NOBODY, "P15", data, personal))
    call = hangups.over(gw, tx, call, at, status="busy", lasted_s=0)
    if call.ticket is None:
        tx.settle_intake(intake.id, IntakeState.ABANDONED, TOO_MANY)
    script: Script = (Reject(),)
    call = tx.change_call(call.id, facts={**call.facts, SAID: call_kept.text_of(script)})
    return again(call)


def again(call: Call) -> Heard:
    """What the caller heard last."""
    return Heard(call_kept.script_of(call.facts.get(SAID, "")), _turn(call), speaking.language_of(call))


def _turn(call: Call) -> int:
    return int(call.facts.get(TURN, "0"))


# ----------------------------------------------------------------------------------------------------------- every step


def call_goes_on(gw: Gateway, tx: Transaction, signal: Signal, arrival: Arrival, at: datetime) -> Heard:
    """One step of a call: what was done is taken in, and the table says what comes next."""
    call = tx.call_by(signal.sid)
    if call is None:
        return call_begins(gw, tx, arrival, at)
    if signal.turn != _turn(call) or signal.step != call.reached:
        return again(call)
    if call.ended_at is not None:
        return _after_the_end(gw, tx, call, signal, arrival, at)
    return _step(gw, tx, call, signal, arrival, at)


def _after_the_end(gw: Gateway, tx: Transaction, call: Call, signal: Signal, arrival: Arrival, at: datetime) -> Heard:
    """What may come after the call is over: a message, which often ends by hanging up, or a key of our own people.

    Whoever keys the last digit of a code and hangs up has accepted, though the carrier tells of it in another order.
    """
    step = Step(call.reached)
    if step in OURS and signal.digits:
        moment = _moment(tx, call)
        deed = _deed(gw, tx, moment, step, signal, at)
        _take_in(gw, tx, moment, Done(step, deed, signal, _kept(tx, arrival, at), at))
        deeds.note(tx, moment, **{TURN: str(_turn(moment.call) + 1), SAID: call_kept.text_of((Hangup(),))})
        return again(moment.call)
    if signal.recording and tx.recording_by(signal.recording) is None:
        moment = _moment(tx, call)
        done = Done(Step.MESSAGE, Deed.RECORDED, signal, _kept(tx, arrival, at), at)
        deeds.take_in(gw, tx, moment, done)
        _settle_again(gw, tx, moment, at)
    return Heard((Hangup(),))


def _moment(tx: Transaction, call: Call) -> Moment:
    return Moment(call, tx.ticket(call.ticket) if call.ticket is not None else None)


def _kept(tx: Transaction, arrival: Arrival, at: datetime) -> Intake | None:
    return tx.intake(tx.accept(arrival, at).intake_id)


def _step(gw: Gateway, tx: Transaction, call: Call, signal: Signal, arrival: Arrival, at: datetime) -> Heard:
    moment, step = _moment(tx, call), Step(call.reached)
    deed = _deed(gw, tx, moment, step, signal, at)
    if (step, deed) not in TABLE:
        return again(call)
    intake = _kept(tx, arrival, at) if signal.says_something else None
    _take_in(gw, tx, moment, Done(step, deed, signal, intake, at))
    offer = _offer(gw, tx, moment, step, deed, at)
    to = after(step, deed, offer) if _turn(call) < MOST_TURNS else Step.END
    return _go(gw, tx, moment, Move(step, deed, to), offer, at)


def _take_in(gw: Gateway, tx: Transaction, moment: Moment, done: Done) -> None:
    take_in = duty_calls.take_in if done.step in OURS else deeds.take_in
    take_in(gw, tx, moment, done)


def _deed(gw: Gateway, tx: Transaction, moment: Moment, step: Step, signal: Signal, at: datetime) -> Deed:
    """What the caller did at a step, or what came of the telephones that rang."""
    call = moment.call
    if step in (Step.DESK, Step.ON_CALL):
        return _what_rang(tx, moment, signal, at)
    if signal.recording:
        return Deed.RECORDED
    door = speaking.door_of(call)
    if signal.digits:
        return deed_of_keys(step, door, signal.digits, recorded=speaking.is_recorded(gw, call))
    urgent = is_urgent(speaking.contract_of(gw, call).priority, "", signal.speech) is not None
    return deed_of_words(step, door, signal.speech, speaking.language_of(call), urgent=urgent)


def _what_rang(tx: Transaction, moment: Moment, signal: Signal, at: datetime) -> Deed:
    """Only our own key says that somebody took it: the carrier's "completed" is a voicemail box's too (S029)."""
    if ringing.ended(tx, moment.call, signal.dialled, at):
        return Deed.ANSWERED
    ticket = moment.ticket
    return Deed.TAKEN if ticket and ticket.state not in WAITING_FOR_A_PERSON else Deed.UNANSWERED


# --------------------------------------------------------------------------------------------------------- what follows


def _offer(gw: Gateway, tx: Transaction, moment: Moment, step: Step, deed: Deed, at: datetime) -> Offer:
    """What may be offered now. Who can be rung is asked only where somebody may be."""
    contract, door = speaking.contract_of(gw, moment.call), speaking.door_of(moment.call)
    moment.people = _who_rings(gw, tx, moment, step, deed, at)
    facts, ticket = moment.call.facts, moment.ticket
    since = datetime.fromisoformat(facts[QUEUED]) if QUEUED in facts else at
    return Offer(
        door=door,
        desk=contract.desk is not None,
        rings=bool(moment.people),
        waits=contract.desk is not None and at - since < contract.desk.max_wait,
        voicemail=gw.rules.voicemail,
        unknown=speaking.UNKNOWN in facts and WHO_ASKED not in facts,
        told=call_ends.TOLD in facts,
        shown=bool(moment.call.caller),
        found={"yes": True, "no": False}.get(facts.get(deeds.FOUND, "")),
        due=bool(ticket and ticket.due.get("taken_in_charge")),
        abroad=bool(contract.desk and contract.desk.abroad),
        reopens=door in (Door.ON_CALL, Door.CLOSED) and next_opening(contract, at) is not None,
        settled=moment.settled,
        tries=moment.tries > 0,
        blocked=moment.blocked,
    )


def _who_rings(gw: Gateway, tx: Transaction, moment: Moment, step: Step, deed: Deed, at: datetime) -> list[Person]:
    """Whose telephone rings if the table says so: the next of the chain, or who is free at the desk."""
    if deed is Deed.URGENT or step is Step.ON_CALL:
        person = ringing.next_on_call(gw, tx, moment.call, at)
        return [person] if person else []
    if step in OURS or speaking.door_of(moment.call) is not Door.OPEN:
        return []
    if step is Step.MENU and deed is Deed.NOTHING:
        return []
    if step is Step.QUEUE:
        moment.call = ringing.new_round(tx, moment.call)
    return ringing.free_at_desk(gw, tx, moment.call, at)


def _go(gw: Gateway, tx: Transaction, moment: Moment, move: Move, offer: Offer, at: datetime) -> Heard:
    """The caller is at the next step. What is said there is kept with its turn; what ends the call is concluded."""
    ring = _arrive(gw, tx, moment, move, at)
    more = _in_queue(gw, tx, moment.call, at) if move.to is Step.QUEUE else {}
    told = moment.about or moment.ticket
    fill = speaking.filler(gw, moment.call, told, at, **more, **moment.told)
    language, opening = speaking.language_of(moment.call), speaking.opening_of(gw, moment.call)
    script = script_for(move, offer, opening, fill, language=language, ring=ring)
    deeds.note(tx, moment, **{TURN: str(_turn(moment.call) + 1), SAID: call_kept.text_of(script)})
    if move.to is not Step.END:
        moment.call = tx.change_call(moment.call.id, reached=move.to)
    hangups.expect(tx, moment.call, at, hangups.LONGEST_TALK if ring else hangups.IDLE)
    return Heard(script, _turn(moment.call), language)


def _arrive(gw: Gateway, tx: Transaction, moment: Moment, move: Move, at: datetime) -> Ring | None:
    """What happens on arrival at a step: telephones ring, the caller begins to wait, the call is concluded."""
    ticket, to = moment.ticket, move.to
    if to is Step.WHO:
        deeds.note(tx, moment, **{WHO_ASKED: "yes"})
    elif to is Step.QUEUE and QUEUED not in moment.call.facts:
        deeds.note(tx, moment, **{QUEUED: at.isoformat()})
        ringing.tell_of_ceiling(gw, tx, at, desk=True)
    elif ticket is None:
        return None
    elif to is Step.DESK:
        abroad = speaking.abroad(gw, moment.call)
        deeds.note(tx, moment, **({ABROAD: abroad} if abroad else {}))
        moment.call, ring = ringing.ring_desk(gw, tx, moment.call, ticket, moment.people, at)
        return ring
    elif to is Step.ON_CALL:
        moment.call, ring = ringing.ring_on_call(gw, tx, moment.call, ticket, moment.people[0], at)
        return ring
    elif to is Step.END:
        _conclude(gw, tx, moment, move, at)
    elif move.deed is Deed.URGENT or move.frm is Step.ON_CALL:
        ringing.exhausted(gw, tx, moment.call, ticket, at)
        ringing.tell_of_ceiling(gw, tx, at, desk=False)
        moment.ticket = tx.ticket(ticket.number)
    return None


def _conclude(gw: Gateway, tx: Transaction, moment: Moment, move: Move, at: datetime) -> None:
    """The farewell is being said: the outcome is known, whatever becomes of the line."""
    if moment.ticket is None:
        return
    answered = moment.call.answered_by is not None
    outcome = call_ends.outcome_of(str(move.frm), moment.call.facts, "completed", answered=answered)
    moment.call = tx.change_call(moment.call.id, outcome=outcome)
    hangups.conclude(gw, tx, moment.call, moment.ticket, outcome, at)
    moment.call = tx.call(moment.call.id) or moment.call
    moment.ticket = tx.ticket(moment.ticket.number)


def _in_queue(gw: Gateway, reading: Reading, call: Call, at: datetime) -> dict[str, str]:
    """The caller's place, and how long those before them will take by the talks of the last hours (V-05)."""
    waiting = [
        other
        for other in reading.calls(going_on=True, limit=1000)
        if other.contract == call.contract and other.reached in (Step.QUEUE, Step.DESK) and not other.answered_by
    ]
    before = [other for other in waiting if (other.began_at, other.id) < (call.began_at, call.id)]
    talks = [
        other.ended_at - other.answered_at
        for other in reading.calls(since=at - RECENT, limit=200)
        if other.contract == call.contract and other.answered_at and other.ended_at
    ]
    desk, position = speaking.contract_of(gw, call).desk, len(before) + 1
    minutes = call_words.expected_wait(talks, position, len(desk.people) if desk else 1)
    spoken = call_words.minutes_spoken(minutes, speaking.language_of(call))
    return {"position": str(position), "minutes": str(minutes), "waiting": spoken}


# ---------------------------------------------------------------------------------------------- what was kept after all


def message_elsewhere(gw: Gateway, tx: Transaction, signal: Signal, arrival: Arrival, at: datetime) -> None:
    """A call whose message the carrier's own document took while we were away (C2.3): kept, and a request."""
    call, receipt = tx.call_by(signal.sid), tx.accept(arrival, at)
    intake = tx.intake(receipt.intake_id)
    if intake is None or (call is not None and not signal.recording):
        return
    if call is None:
        made = _put_on_line(gw, tx, intake, intake.received_at)
        call = tx.change_call(made.id, reached=Step.MESSAGE, facts={**made.facts, WHY: ELSEWHERE})
    if not signal.recording or tx.recording_by(signal.recording) is not None:
        hangups.expect(tx, call, at)
        return
    moment = _moment(tx, call)
    deeds.take_in(gw, tx, moment, Done(Step.MESSAGE, Deed.RECORDED, signal, intake, at))
    if call.ended_at is None:
        hangups.over(gw, tx, moment.call, at)
    else:
        _settle_again(gw, tx, moment, at)


def _settle_again(gw: Gateway, tx: Transaction, moment: Moment, at: datetime) -> None:
    """A message turned up after the end of the call: that is what became of it."""
    call = moment.call
    outcome = call_ends.outcome_of(call.reached, call.facts, "", answered=call.answered_by is not None)
    tx.change_call(call.id, outcome=outcome)
    if moment.ticket is not None:
        hangups.conclude(gw, tx, call, moment.ticket, outcome, at)


def call_missed(gw: Gateway, tx: Transaction, arrival: Arrival, status: str, lasted_s: int, at: datetime) -> None:
    """A call that never reached us, found in the carrier's books: we were away, so whoever called is called back."""
    intake = _kept(tx, arrival, at)
    if intake is None or tx.call_by(arrival.facts["sid"]) is not None:
        return
    call = _put_on_line(gw, tx, intake, intake.received_at)
    call = tx.change_call(call.id, facts={**call.facts, call_ends.MISSED: "yes"})
    hangups.over(gw, tx, call, at, status=status, lasted_s=lasted_s)


def conversation_recorded(tx: Transaction, call_sid: str, sid: str, seconds: int, at: datetime) -> bool:
    """The recording of a conversation lies at the carrier; False when the call or the consent is not ours (X12)."""
    call = tx.call_by(call_sid)
    if call is None or speaking.NO_RECORDING in call.facts:
        return False
    if tx.recording_by(sid) is None:
        tx.add_recording(Recording(0, sid, call_sid, call.ticket, RecordingState.AT_CARRIER, seconds, at))
    return True


def file_call(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> None:
    """A signal of a call that still waits to be filed: one that a fault of ours kept back, or whose end nobody told."""
    call = tx.call_by(intake.facts.get("sid", ""))
    if "step" in intake.facts:
        _file_step(gw, tx, call, intake, at)
    elif call is None:
        call = _put_on_line(gw, tx, intake, at)
        call = tx.change_call(call.id, facts={**call.facts, WHY: OUR_FAULT})
        hangups.over(gw, tx, call, at, status=OUR_FAULT, lasted_s=int(LONGEST_CALL.total_seconds()))
    elif call.ended_at is None and at < call.began_at + LONGEST_CALL:
        tx.release_intake(intake.id, call.began_at + LONGEST_CALL, GOING_ON)
    else:
        hangups.over(gw, tx, call, at, status="lost")
        if tx.is_unfiled(intake.id):
            tx.settle_intake(intake.id, IntakeState.ABANDONED, hangups.ABANDONED)


def _file_step(gw: Gateway, tx: Transaction, call: Call | None, intake: Intake, at: datetime) -> None:
    """What was keyed or said while we failed joins the call's ticket, and opens it if there is none.

    A code or a key of our own people has its effect, as an SMS of theirs that is filed late has, and is no request.
    """
    facts, is_new = intake.facts, call is None
    call = call or _put_on_line(gw, tx, intake, at)
    step = Step(facts["step"]) if facts["step"] in OURS else Step(call.reached)
    if is_new:
        call = tx.change_call(call.id, reached=step)
    signal = Signal(
        sid=call.sid,
        step=facts["step"],
        turn=0,
        digits=facts.get("digits", ""),
        speech=facts.get("speech", ""),
        recording=facts.get("recording", ""),
        recording_s=int(facts.get("recording_s", "0")),
    )
    moment = _moment(tx, call)
    deed = _deed(gw, tx, moment, step, signal, at)
    _take_in(gw, tx, moment, Done(step, deed, signal, intake, at))
    if is_new:
        deeds.note(tx, moment, **{WHY: OUR_FAULT})
        hangups.over(gw, tx, moment.call, at, status=OUR_FAULT)
