"""One person woken for one ticket: a page with its code, a dispatch for each medium, and many pages told as one.

Who is woken, and when the next one is, is the business of `paging`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.domain.register import Happening
from gateway.domain.routing import CALL_OPEN, Role, voice_number
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Page, Priority
from gateway.telling import NOBODY, owe_call, owe_sms, sms_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.domain.contract import Contract, OnCall
    from gateway.domain.roster import Person
    from gateway.domain.routing import Rung
    from gateway.domain.ticket import Ticket, Timer
    from gateway.ports import Gateway, Transaction

STORM = "storm"
OPEN = "open"
PASSED_BY = "passed_by"
ANSWERABLE = (OPEN, PASSED_BY)
"""A page that the ladder has left behind can still be answered: whoever answers first owns the ticket."""
CALL_LASTS = timedelta(minutes=4)
"""After so long a call is over, also when its last status never reached us."""


def tell(
    gw: Gateway,
    tx: Transaction,
    ticket: Ticket,
    contract: Contract,
    rung: Rung,
    *,
    turn: tuple[int, int],
    at: datetime,
) -> bool:
    """One rung: a page for the person, and a dispatch for each medium. False when no medium could be used."""
    page = _page(gw, tx, ticket, contract, rung.person, turn=turn, at=at)
    used = []
    if Channel.SMS in rung.media and rung.person.mobile:
        used.append("sms" if _sms(gw, tx, ticket, contract, rung, page, at) else "sms_with_others")
    number = voice_number(rung.person)
    if Channel.VOICE in rung.media and number:
        rings = _being_called(tx, number, at)
        used.append("voice_rings_already" if rings else "voice")
        if not rings:
            owe_call(gw, tx, contract, page, to=number, at=at)
    _record_paged(tx, ticket, contract, rung, turn, at, used)
    return bool(used)


def _record_paged(
    tx: Transaction,
    ticket: Ticket,
    contract: Contract,
    rung: Rung,
    turn: tuple[int, int],
    at: datetime,
    used: Sequence[str],
) -> None:
    data = {
        "person": rung.person.id,
        "role": str(rung.role),
        "media": ",".join(used),
        "round": str(turn[0]),
        "rung": str(turn[1]),
    }
    tx.record(str(ticket.number), Happening("paged", at, NOBODY, contract.clauses.of("on_call"), data))


def _being_called(tx: Transaction, number: str, at: datetime) -> bool:
    """One telephone rings once at a time, however many tickets there are; a call whose end we missed is over."""
    ringing = tx.dispatches(
        to=number, states=CALL_OPEN, kind=DispatchKind.PAGE, channel=Channel.VOICE, since=at - CALL_LASTS, limit=1
    )
    return bool(ringing)


def _page(
    gw: Gateway,
    tx: Transaction,
    ticket: Ticket,
    contract: Contract,
    person: Person,
    *,
    turn: tuple[int, int],
    at: datetime,
) -> Page:
    """The open page of this person for this ticket, or a new one with a code of its own."""
    for page in tx.pages(ticket=ticket.number, states=(OPEN,)):
        if page.person == person.id:
            return tx.change_page(page.id, round=turn[0], rung=turn[1])
    return tx.add_page(
        Page(
            id=0,
            ticket=ticket.number,
            contract=contract.id,
            person=person.id,
            number=person.mobile or voice_number(person) or "",
            code=gw.keys.page_code(),
            state=OPEN,
            round=turn[0],
            rung=turn[1],
            opened_at=at,
        )
    )


def _sms(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, rung: Rung, page: Page, at: datetime
) -> bool:
    """An SMS of its own; False when it is held to be told together with others."""
    number = rung.person.mobile or ""
    if _is_storm(tx, contract.on_call, number, at):
        key = _storm_key(number)
        if tx.timer(STORM, key) is None:
            tx.set_timer(STORM, key, at + _storm_window(contract), {"number": number, "since": at.isoformat()})
        return False
    urgent = ticket.priority is Priority.URGENT
    text_id = "M-06" if rung.role is Role.SUPERVISOR else "M-01" if urgent else "M-10"
    values = sms_facts(contract, ticket, ticket.received_at, code=page.code, attempts=str(attempts(tx, ticket.number)))
    owe_sms(
        gw,
        tx,
        contract,
        text_id=text_id,
        values=values,
        to=number,
        at=at,
        ticket=ticket.number,
        kind=DispatchKind.PAGE,
        page=page,
    )
    return True


def attempts(tx: Transaction, ticket: int) -> int:
    """How often somebody was tried for a ticket."""
    return sum(d.attempts or 1 for d in tx.dispatches(ticket=ticket, kind=DispatchKind.PAGE, limit=1000))


# --------------------------------------------------------------------------------------------------------------- storms


def _storm_key(number: str) -> int:
    """The timer of a telephone number: its digits."""
    return int("".join(c for c in number if c.isdigit()) or "0")


def _is_storm(tx: Transaction, on_call: OnCall | None, number: str, at: datetime) -> bool:
    """More pages to one number than the contract allows in its window become one with a count (DESIGN)."""
    if on_call is None:
        return False
    since, most = at - on_call.storm_window, on_call.storm_pages
    return tx.told_since(number, DispatchKind.PAGE, Channel.SMS, since, most) >= most


def _storm_window(contract: Contract) -> timedelta:
    return contract.on_call.storm_window if contract.on_call else timedelta(minutes=10)


def storm_over(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """The pages held back for one number become one SMS: how many, the newest, and a code that accepts it."""
    number, since = timer.facts["number"], datetime.fromisoformat(timer.facts["since"])
    tx.drop_timer(STORM, int(timer.ticket or 0))
    sent = tx.dispatches(to=number, kind=DispatchKind.PAGE, channel=Channel.SMS, limit=1000)
    told = {dispatch.page for dispatch in sent}
    pages = tx.pages(number=number, states=ANSWERABLE, since=since)
    held = [page for page in pages if page.id not in told]
    waiting = [page for page in held if (t := tx.ticket(page.ticket)) and t.state in WAITING_FOR_A_PERSON]
    if not waiting:
        return
    newest = max(waiting, key=lambda page: page.id)
    ticket, contract = tx.ticket(newest.ticket), gw.rules.contract(newest.contract)
    if ticket is None:
        return
    minutes = str(max(1, int((at - since).total_seconds() // 60)))
    values = sms_facts(contract, ticket, ticket.received_at, code=newest.code, count=str(len(waiting)), minutes=minutes)
    owe_sms(
        gw,
        tx,
        contract,
        text_id="M-MANY",
        values=values,
        to=number,
        at=at,
        ticket=ticket.number,
        kind=DispatchKind.PAGE,
        page=newest,
    )
