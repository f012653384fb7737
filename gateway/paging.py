"""Waking the technician on duty until a human accepts: the ladder, its clock, and what a reply does to it.

One `chase` timer stands for a ticket that is being chased: its facts say round and rung. Whatever concludes an attempt
early (refused, undelivered, "NO", a call without a key) moves the timer to now; the worker climbs. An acceptance drops
the timer. So a lost tick, a repeated callback or a restart can neither skip a rung nor climb one twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import alarms, storms
from gateway.domain import causes, replies, wording
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.hours import closing, opening
from gateway.domain.intake import Channel
from gateway.domain.pages import ACCEPTED, ANSWERABLE, OPEN, PASSED_BY
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.routing import CALL_OPEN, Role, Route, Rung, ladder, route
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Act, Mark, Priority, TicketState, after
from gateway.duty import chain_at
from gateway.telling import NOBODY, alarm, alarm_note, owe_sms, sms_facts
from gateway.waking import attempts, tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract, OnCall
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.roster import Chain, Person
    from gateway.domain.ticket import Page, Ticket, Timer
    from gateway.ports import Gateway, Transaction

CHASE = "chase"
MOST_TRIES = 3
LONGEST_PAUSE = timedelta(hours=1)
FIRST_TURN = {"round": "1", "rung": "0"}
UNCOVERED = "P-DUTY-UNCOVERED"
ACCEPTANCE = "acceptance"
"""The timer of a ticket whose acceptance expires."""
FIRST_DEPUTY_RUNG = 2
"""Rungs 0 and 1 are the same person: whoever said NO to the SMS is not called as well."""


def start(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, at: datetime) -> Ticket:
    """Tell the contact in force; an urgent request is chased from now on, another waits after its one SMS (C2.8)."""
    if contract.on_call is None:
        return ticket
    chain = _chain(gw, tx, ticket, contract, at)
    if chain is None:
        if ticket.priority is Priority.URGENT:
            again = {**FIRST_TURN, "uncovered": "yes"}
            tx.set_timer(CHASE, ticket.number, at + contract.on_call.retry_every, again)
        return ticket
    rungs = ladder(contract.on_call, chain)
    if ticket.priority is Priority.URGENT:
        _climb(gw, tx, ticket, contract, rungs, turn=(1, 0), at=at)
    else:
        tell(gw, tx, ticket, contract, rungs[0], turn=(1, 0), at=at)
    return _notified(tx, ticket, contract, chain, at)


def _chain(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, at: datetime) -> Chain | None:
    """The chain in force; a hole is told to the supervisors, and somebody is woken all the same (C2.8)."""
    chain = chain_at(gw, tx, contract.id, at)
    if chain is None:
        _alarm_note(gw, tx, ticket, contract, UNCOVERED, at)
        return None
    window = contract.on_call.storm_window if contract.on_call else LONGEST_PAUSE
    if chain.from_fallback and not tx.seen_before(f"fallback:{contract.id}", at, window):
        _alarm_note(gw, tx, ticket, contract, "P-DUTY-RESERVE", at, person=chain.contact.name)
    return chain


def _notified(tx: Transaction, ticket: Ticket, contract: Contract, chain: Chain, at: datetime) -> Ticket:
    happening = Happening(
        "contact_told", at, NOBODY, contract.clauses.of("on_call"), {"contact": chain.contact.id, "shift": chain.origin}
    )
    tx.record(str(ticket.number), happening)
    if ticket.state in WAITING_FOR_A_PERSON:
        return tx.change_ticket(ticket.number, state=after(ticket.state, Act.CONTACT_TOLD))
    return ticket


def climb(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """The next rung for a ticket whose time has come; after the last one the alarm, and a pause before a new round.

    While the desk is open it has the ticket before it; the ladder goes on from the bottom when it closes.
    """
    ticket = tx.ticket(int(timer.ticket or 0))
    if ticket is None or ticket.state not in WAITING_FOR_A_PERSON:
        tx.drop_timer(CHASE, int(timer.ticket or 0))
        return
    contract = gw.rules.contract(ticket.contract)
    if contract.on_call is None:
        tx.drop_timer(CHASE, ticket.number)
        _alarm_note(gw, tx, ticket, contract, "P-DUTY-ENDED", at)
        return
    closes_at = closing(contract, at)
    if closes_at is not None:
        tx.set_timer(CHASE, ticket.number, closes_at, FIRST_TURN)
        return
    chain = chain_at(gw, tx, contract.id, at)
    if chain is None:
        _nobody_on_duty(gw, tx, ticket, contract, contract.on_call, timer, at)
        return
    rungs = ladder(contract.on_call, chain)
    turn = (int(timer.facts.get("round", "1")), int(timer.facts.get("rung", "0")))
    if turn[1] < len(rungs):
        _climb(gw, tx, ticket, contract, rungs, turn=turn, at=at)
    else:
        _exhausted(gw, tx, ticket, contract, contract.on_call, turn[0], at)


def _nobody_on_duty(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, on_call: OnCall, timer: Timer, at: datetime
) -> None:
    """The roster is empty by now: the supervisors are told, once a ticket, and the roster is asked again (C2.8)."""
    if "uncovered" not in timer.facts:
        _alarm_note(gw, tx, ticket, contract, UNCOVERED, at)
    tx.set_timer(CHASE, ticket.number, at + on_call.retry_every, {**timer.facts, "uncovered": "yes"})


def _climb(
    gw: Gateway,
    tx: Transaction,
    ticket: Ticket,
    contract: Contract,
    rungs: Sequence[Rung],
    *,
    turn: tuple[int, int],
    at: datetime,
) -> None:
    rung = rungs[turn[1]]
    _close_earlier(tx, ticket.number, rung.person, at)
    reached = tell(gw, tx, ticket, contract, rung, turn=turn, at=at)
    if rung.role is Role.SUPERVISOR and turn[0] == 1:
        _alarm_not_reached(gw, tx, ticket, contract, at)
    wait = rung.wait if reached else timedelta(0)
    tx.set_timer(CHASE, ticket.number, at + wait, {"round": str(turn[0]), "rung": str(turn[1] + 1)})


def _close_earlier(tx: Transaction, ticket: int, person: Person, at: datetime) -> None:
    """A page that nobody answered stays acceptable; only its state says that the chain went on."""
    for page in tx.pages(ticket=ticket, states=(OPEN,)):
        if page.person != person.id:
            tx.change_page(page.id, state=PASSED_BY, closed_at=at)


def _exhausted(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, on_call: OnCall, turn: int, at: datetime
) -> None:
    """Nobody took it: marked, back to new, and the ladder begins again after a pause (C2.11)."""
    marks = tuple(dict.fromkeys((*ticket.marks, Mark.ON_CALL_NOT_REACHED)))
    state = after(ticket.state, Act.NOBODY_TOOK) if ticket.state is TicketState.NOTIFIED else ticket.state
    tx.change_ticket(ticket.number, marks=marks, state=state)
    tx.record(
        str(ticket.number),
        Happening("nobody_took", at, NOBODY, contract.clauses.of("on_call_unanswered"), {"round": str(turn)}),
    )
    if Mark.ON_CALL_NOT_REACHED not in ticket.marks:
        _alarm_not_reached(gw, tx, ticket, contract, at)
    pause = _pause(on_call, turn)
    tx.set_timer(CHASE, ticket.number, at + pause, {"round": str(turn + 1), "rung": "0"})


def _pause(on_call: OnCall, turn: int) -> timedelta:
    """Between two rounds: `retry_every` for the first `rounds`, then twice as long each time, an hour at the most."""
    doublings = max(0, min(turn - on_call.rounds, 6))
    return min(on_call.retry_every * int(2**doublings), max(LONGEST_PAUSE, on_call.retry_every))


def _alarm_not_reached(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, at: datetime) -> None:
    """Nobody on call took it: the supervisors have a mail of it, in a storm one mail of all that wait."""
    on_call = contract.on_call
    if on_call and alarms.are_many(tx, on_call, at):
        alarms.hold(tx, contract, on_call, at)
        return
    retry = at + (on_call.retry_every if on_call else timedelta(minutes=10))
    sent = tx.dispatches(ticket=ticket.number, kind=DispatchKind.PAGE, limit=50)
    lines = [_attempt(gw, contract, each) for each in reversed(sent)]
    values = replies.values(contract, ticket, opening(contract, at), at) | {
        "attempts": str(attempts(tx, ticket.number)),
        "attempt_list": "\n".join(lines),
        "retry_time": wording.hour(retry, contract.language),
    }
    alarm(gw, tx, contract, text_id="T-ALARM", values=values, at=at, ticket=ticket)


def _attempt(gw: Gateway, contract: Contract, tried: Dispatch) -> str:
    """One line of the list of what was tried: when, by what medium, and what came of it."""
    texts = gw.rules.texts(contract)
    why = causes.told(texts, tried.reason) if tried.reason else gw.rules.phrase(contract, "P-NO-ANSWER")
    return f"- {wording.clock(tried.due_at)} {wording.channel_name(tried.channel, contract.language)}: {why}"


def _alarm_note(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, phrase: str, at: datetime, **values: str
) -> None:
    alarm_note(gw, tx, ticket, contract, gw.rules.phrase(contract, phrase, **values), at)


# ------------------------------------------------------------------------------------------------ what concludes a page


def attempt_failed(gw: Gateway, tx: Transaction, page_id: int, at: datetime, reason: str) -> None:
    """An attempt was refused, undelivered or ended without a key: an urgent ticket climbs at once.

    Another open attempt of the same rung (the SMS beside the call) does not hold it back: it can still be answered.
    A request that is not urgent is not chased, but the supervisors are told that its contact was not reached.
    """
    page = tx.page(page_id)
    ticket = tx.ticket(page.ticket) if page else None
    if page is None or ticket is None or page.state != OPEN:
        return
    data = {"page": str(page.id), "person": page.person, "reason": reason[:200]}
    tx.record(str(ticket.number), Happening("page_unanswered", at, NOBODY, data=data))
    timer = tx.timer(CHASE, ticket.number)
    if timer is None:
        if ticket.state in WAITING_FOR_A_PERSON and Mark.DRILL not in ticket.marks:
            contract = gw.rules.contract(ticket.contract)
            why = causes.told(gw.rules.texts(contract), reason)
            _alarm_note(gw, tx, ticket, contract, "P-DUTY-NOT-TOLD", at, reason=why)
        return
    if timer.due_at > at and _is_latest(timer, page) and _nothing_else_pending(tx, page):
        tx.set_timer(CHASE, ticket.number, at, timer.facts)


def _is_latest(timer: Timer, page: Page) -> bool:
    """Whether the page belongs to the rung that the ladder now waits on: a late callback climbs nothing twice."""
    return timer.facts.get("round") == str(page.round) and timer.facts.get("rung") == str(page.rung + 1)


def _nothing_else_pending(tx: Transaction, page: Page) -> bool:
    """Whether no call of this page is still ringing or about to."""
    calls = tx.dispatches(ticket=page.ticket, kind=DispatchKind.PAGE, channel=Channel.VOICE, limit=50)
    return not any(call.page == page.id and call.state in CALL_OPEN for call in calls)


def accept(
    gw: Gateway, tx: Transaction, page: Page, at: datetime, *, by: str, medium: str, alone: bool = True
) -> Ticket:
    """A human took it: the first one owns it; whoever else was woken is told (M-04), the ladder stops.

    `alone`: one of many that are accepted together is told of with the others, by whoever accepts them.
    """
    ticket = tx.change_ticket(page.ticket, state=TicketState.TAKEN, owner=by, taken_at=at)
    tx.drop_timer(CHASE, page.ticket)
    tx.change_page(page.id, state=ACCEPTED, closed_at=at, accepted_by=by)
    _withdraw(tx, page, at)
    contract = gw.rules.contract(page.contract)
    tx.record(
        str(page.ticket),
        Happening("taken", at, by, contract.clauses.of("on_call"), {"page": str(page.id), "medium": medium}),
    )
    if contract.on_call and contract.on_call.acceptance_expires:
        expires_at = at + contract.on_call.acceptance_expires
        tx.set_timer(ACCEPTANCE, page.ticket, expires_at, {"page": str(page.id), "since": at.isoformat()})
    if alone:
        _tell_the_others(gw, tx, ticket, contract, by, at)
    return ticket


def close_others(tx: Transaction, ticket: Ticket, by: str, at: datetime) -> list[Page]:
    """Nobody else's page of a ticket is answered any more: those of other people, each person once."""
    closed: dict[str, Page] = {}
    for other in tx.pages(ticket=ticket.number, states=ANSWERABLE):
        tx.change_page(other.id, state="taken_by_other", closed_at=at)
        _withdraw(tx, other, at)
        if other.person != by and other.number:
            closed.setdefault(other.person, other)
    return list(closed.values())


def _tell_the_others(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, by: str, at: datetime) -> None:
    values = sms_facts(contract, ticket, at)
    for other in close_others(tx, ticket, by, at):
        owe_sms(gw, tx, contract, text_id="M-04", values=values, to=other.number, at=at, ticket=ticket.number)


def _withdraw(tx: Transaction, page: Page, at: datetime) -> None:
    """What was not sent yet for a page that was answered is not sent any more (P9)."""
    for dispatch in tx.dispatches(ticket=page.ticket, kind=DispatchKind.PAGE, states=(DispatchState.DUE,), limit=50):
        if dispatch.page == page.id:
            tx.change_dispatch(dispatch.id, state=DispatchState.REFUSED, reason="the page was answered")
            storms.tell_the_rest(tx, dispatch, at)


def stop(gw: Gateway, tx: Transaction, ticket: Ticket, at: datetime, *, by: str) -> None:
    """The desk took the ticket: nobody is woken for it any more, and whoever was is told."""
    tx.drop_timer(CHASE, ticket.number)
    tx.drop_timer(ACCEPTANCE, ticket.number)
    _tell_the_others(gw, tx, ticket, gw.rules.contract(ticket.contract), by, at)


def pass_on(gw: Gateway, tx: Transaction, page: Page, at: datetime, *, by: str, medium: str) -> None:
    """The technician said NO: an urgent request goes to the next one at once, another to the deputy by one SMS.

    Said again, or by somebody whom the ladder has left behind, it changes nothing for the others.
    """
    if page.state not in ANSWERABLE:
        return
    tx.change_page(page.id, state="passed", closed_at=at)
    _withdraw(tx, page, at)
    tx.record(str(page.ticket), Happening("passed_on", at, by, data={"page": str(page.id), "medium": medium}))
    timer = tx.timer(CHASE, page.ticket)
    if timer is None:
        _pass_ordinary(gw, tx, page, at)
    elif _is_latest(timer, page):
        rung = max(int(timer.facts["rung"]), FIRST_DEPUTY_RUNG)
        tx.set_timer(CHASE, page.ticket, at, {**timer.facts, "rung": str(rung)})


def _pass_ordinary(gw: Gateway, tx: Transaction, page: Page, at: datetime) -> None:
    ticket, contract = tx.ticket(page.ticket), gw.rules.contract(page.contract)
    chain = chain_at(gw, tx, contract.id, at)
    if ticket is None or chain is None or chain.deputy is None or chain.deputy.id == page.person:
        return
    rung = Rung(chain.deputy, Role.DEPUTY, (Channel.SMS,), timedelta(0))
    tell(gw, tx, ticket, contract, rung, turn=(page.round, FIRST_DEPUTY_RUNG), at=at)


def wrong_code(gw: Gateway, tx: Transaction, number: str, at: datetime) -> int:
    """Count a wrong code against every open page of this number; how many tries are left at the least (P14, B-079).

    The supervisors hear that codes were blocked, once for all of them: somebody may be guessing, or cannot read them.
    """
    left, blocked_pages = MOST_TRIES, []
    for page in tx.pages(number=number, states=ANSWERABLE):
        tries = page.tries + 1
        left = min(left, MOST_TRIES - tries)
        blocked = tries >= MOST_TRIES
        tx.change_page(page.id, tries=tries, state="blocked" if blocked else page.state)
        if blocked:
            blocked_pages.append(page)
            tx.record(str(page.ticket), Happening("code_blocked", at, NOBODY, data={"page": str(page.id)}))
            timer = tx.timer(CHASE, page.ticket)
            if timer and _is_latest(timer, page):
                tx.set_timer(CHASE, page.ticket, at, timer.facts)
    if left == MOST_TRIES:
        tx.record(SYSTEM, Happening("reply_without_page", at, NOBODY))
    for page in blocked_pages[:1]:
        _tell_of_block(gw, tx, page, at)
    return max(left, 0)


def _tell_of_block(gw: Gateway, tx: Transaction, page: Page, at: datetime) -> None:
    ticket, person = tx.ticket(page.ticket), gw.rules.people.get(page.person)
    if ticket is not None:
        who = person.name if person else page.person
        _alarm_note(gw, tx, ticket, gw.rules.contract(page.contract), "P-CODE-BLOCKED", at, person=who)


def made_urgent(gw: Gateway, tx: Transaction, ticket: Ticket, at: datetime, *, by: str, clause: str | None) -> Ticket:
    """From now on the ticket is chased, if it waits for a person outside hours."""
    ticket = tx.change_ticket(ticket.number, priority=Priority.URGENT)
    tx.record(str(ticket.number), Happening("made_urgent", at, by, clause))
    contract = gw.rules.contract(ticket.contract)
    if ticket.state not in WAITING_FOR_A_PERSON or tx.timer(CHASE, ticket.number) is not None:
        return ticket
    return chase_from(gw, tx, ticket, contract, at)


def chase_from(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, at: datetime) -> Ticket:
    """An urgent ticket that waits for a person: woken for now outside hours, at the closing of a desk that is open."""
    state = opening(contract, at)
    if contract.on_call is None or route(contract, state, ticket.priority) is Route.QUEUE:
        return ticket
    closes_at = closing(contract, at)
    if closes_at is not None:
        tx.set_timer(CHASE, ticket.number, closes_at, FIRST_TURN)
        return ticket
    for page in tx.pages(ticket=ticket.number, states=(OPEN,)):
        tx.change_page(page.id, state=PASSED_BY, closed_at=at)
    return start(gw, tx, ticket, contract, at)
