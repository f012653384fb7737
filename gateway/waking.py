"""One person woken for one ticket: a page with its code, a dispatch for each medium, and a status to be waited for.

Who is woken, and when the next one is, is the business of `paging`; many pages told as one, of `storms`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import silences, storms
from gateway.domain import pages, replies, wording
from gateway.domain.delivery import SILENT_AFTER_S
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.errors import StoreError
from gateway.domain.hours import opening
from gateway.domain.intake import Channel
from gateway.domain.pages import ANSWERABLE, ASKED_FOR, OPEN, PASSED_BY, WAKING
from gateway.domain.register import Happening
from gateway.domain.routing import CALL_OPEN, Role, voice_number
from gateway.domain.sender_ids import REMINDERS
from gateway.domain.ticket import Page, Priority
from gateway.telling import NOBODY, owe_call, owe_page_mail, owe_sms, sms_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.roster import Person
    from gateway.domain.routing import Rung
    from gateway.domain.ticket import Ticket, Timer
    from gateway.ports import Gateway, Transaction

__all__ = ["ANSWERABLE", "OPEN", "PASSED_BY"]

STATUS = "status"
"""The timer of a dispatch (its id stands for the ticket) of which the carrier has told nothing yet."""
CALL_LASTS = timedelta(minutes=4)
"""After so long a call is over, also when its last status never reached us."""
HELD = "sms_with_others"
"""In a storm: this page is told together with others, by SMS and by mail."""
SECOND_RUNG = 1
"""The contact's telephone rings: their SMS was not answered, and the reminder goes with the call."""


# ---------------------------------------------------------------------------------------------- a status is waited for


def expect_status(tx: Transaction, dispatch: Dispatch, at: datetime) -> None:
    """What rings is followed until the carrier tells how it fares; when it tells nothing it is asked."""
    if dispatch.page is not None and dispatch.channel in WAKING and ASKED_FOR not in dispatch.facts:
        tx.set_timer(STATUS, dispatch.id, at + timedelta(seconds=SILENT_AFTER_S), {})


def expect_nothing(tx: Transaction, dispatch: Dispatch) -> None:
    """The carrier has told, or it matters no more."""
    tx.drop_timer(STATUS, dispatch.id)


# ------------------------------------------------------------------------------------------------------ one is woken


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
    """One rung: a page for the person, and a dispatch for each medium. False when nothing could ring.

    A mail with a link lies beside the first of an urgent page. Whoever gets no SMS has the mail for one that is not
    urgent, and is called where the ladder would have texted them.
    """
    page = _page(gw, tx, ticket, contract, rung.person, turn=turn, at=at)
    used = [*_text(gw, tx, ticket, contract, rung, page, at), *_call(gw, tx, contract, rung, page, at)]
    rings = bool(used)
    if HELD not in used and _mail(gw, tx, ticket, rung, page, at, alone=not rings):
        used.append("mail")
    _record_paged(tx, ticket, contract, rung, turn, at, used)
    return rings


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
    return tx.add_page(new_page(gw, ticket, contract, person, turn=turn, at=at))


def new_page(
    gw: Gateway, ticket: Ticket, contract: Contract, person: Person, *, turn: tuple[int, int], at: datetime
) -> Page:
    """A page that is not stored yet, with a code that nobody can guess."""
    return Page(
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


# -------------------------------------------------------------------------------------------------------------- by SMS


def _text(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, rung: Rung, page: Page, at: datetime
) -> list[str]:
    """The SMS of a rung; held in a storm to be told together with others; none to a number that gets none."""
    number = rung.person.mobile
    if not number or silences.is_silent(tx, number):
        return []
    if Channel.SMS not in rung.media:
        return _remind(gw, tx, ticket, contract, rung, page, at)
    if storms.is_storm(tx, contract.on_call, number, at):
        storms.hold(tx, contract, number, at)
        return [HELD]
    urgent = ticket.priority is Priority.URGENT
    text_id = "M-06" if rung.role is Role.SUPERVISOR else "M-01" if urgent else "M-10"
    text_page(gw, tx, page, text_id, at)
    return ["sms"]


def text_page(gw: Gateway, tx: Transaction, page: Page, text_id: str, at: datetime, **more: str) -> Dispatch:
    """One SMS of a page; `more` are values that its ticket does not have."""
    ticket, contract = _ticket_of(tx, page), gw.rules.contract(page.contract)
    values = sms_facts(contract, ticket, ticket.received_at, code=page.code, attempts=str(attempts(tx, ticket.number)))
    dispatch = owe_sms(
        gw,
        tx,
        contract,
        text_id=text_id,
        values=values | more,
        to=page.number,
        at=at,
        ticket=ticket.number,
        kind=DispatchKind.PAGE,
        page=page,
    )
    expect_status(tx, dispatch, at)
    return dispatch


def _ticket_of(tx: Transaction, page: Page) -> Ticket:
    """The ticket of a page, which is always there.

    Raises:
        StoreError: it is not.
    """
    ticket = tx.ticket(page.ticket)
    if ticket is None:
        msg = f"there is no ticket {page.ticket}, which page {page.id} is about"
        raise StoreError(msg)
    return ticket


def _remind(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, rung: Rung, page: Page, at: datetime
) -> list[str]:
    """M-03 goes with the call to a contact whose SMS lies there unanswered: in a moment it passes to the deputy."""
    if page.rung != SECOND_RUNG or rung.role is not Role.CONTACT or contract.on_call is None:
        return []
    texts = tx.dispatches(ticket=ticket.number, kind=DispatchKind.PAGE, channel=Channel.SMS, to=page.number, limit=20)
    mine = [text for text in texts if text.page == page.id]
    if not mine or any(text.state not in _LIES_THERE or text.facts.get("text_id") in REMINDERS for text in mine):
        return []
    minutes, left = whole_minutes(at - page.opened_at), whole_minutes(rung.wait)
    text_page(gw, tx, page, "M-03", at, minutes=minutes, left=left)
    return ["sms_reminder"]


_LIES_THERE = (DispatchState.SENT, DispatchState.CONFIRMED)


def whole_minutes(time: timedelta) -> str:
    """A time in minutes, never none."""
    return str(max(1, round(time.total_seconds() / 60)))


def attempts(tx: Transaction, ticket: int) -> int:
    """How often somebody was tried for a ticket; a mail that lies there is no attempt."""
    sent = tx.dispatches(ticket=ticket, kind=DispatchKind.PAGE, limit=1000)
    return sum(each.attempts or 1 for each in sent if each.channel in WAKING)


# ------------------------------------------------------------------------------------------------------------- by call


def _call(gw: Gateway, tx: Transaction, contract: Contract, rung: Rung, page: Page, at: datetime) -> list[str]:
    """The call of a rung, unless that telephone rings already or was called a moment ago for all that waits."""
    number = voice_number(rung.person)
    if Channel.VOICE not in rung.media or not number:
        return []
    if _being_called(tx, number, at):
        return ["voice_rings_already"]
    if storms.was_called_for_all(tx, contract, page, at):
        return ["voice_with_others"]
    expect_status(tx, owe_call(gw, tx, contract, page, to=number, at=at), at)
    return ["voice"]


def _being_called(tx: Transaction, number: str, at: datetime) -> bool:
    """One telephone rings once at a time, however many tickets there are; a call whose end we missed is over."""
    ringing = tx.dispatches(
        to=number, states=CALL_OPEN, kind=DispatchKind.PAGE, channel=Channel.VOICE, since=at - CALL_LASTS, limit=1
    )
    return bool(ringing)


# ------------------------------------------------------------------------------------------------------------- by mail


def _mail(gw: Gateway, tx: Transaction, ticket: Ticket, rung: Rung, page: Page, at: datetime, *, alone: bool) -> bool:
    """The mail of a page with its link, once for each page: beside what rings when it is urgent, else in its place."""
    on_call = gw.rules.contract(page.contract).on_call
    if not rung.person.mail or not gw.rules.public_url or on_call is None or not on_call.mail:
        return False
    if not (alone or ticket.priority is Priority.URGENT) or _has_mail(tx, page):
        return False
    mail_page(gw, tx, page, rung.person.mail, "T-PAGE", at)
    return True


def _has_mail(tx: Transaction, page: Page) -> bool:
    sent = tx.dispatches(ticket=page.ticket, kind=DispatchKind.PAGE, channel=Channel.MAIL, limit=100)
    return any(each.page == page.id for each in sent)


def mail_page(gw: Gateway, tx: Transaction, page: Page, to: str, text_id: str, at: datetime, **more: str) -> Dispatch:
    """The mail of a page: its link opens a page whose button accepts; opening changes nothing."""
    ticket, contract = _ticket_of(tx, page), gw.rules.contract(page.contract)
    values = replies.values(contract, ticket, opening(contract, at), at) | {"link": link_of(gw, page)} | more
    text = gw.rules.texts(contract).fill(text_id, values)
    return owe_page_mail(gw, tx, contract, page, to=to, text=text, at=at)


def link_of(gw: Gateway, page: Page) -> str:
    """The address of a page's own page."""
    return f"{gw.rules.public_url}/page/{pages.link_token(gw.rules.signing_key, page)}"


# ------------------------------------------------------------------------------------------------------ after a storm


def storm_over(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """The pages held back for one number become one: how many, the newest, and a code that accepts them all."""
    number, since = timer.facts["number"], datetime.fromisoformat(timer.facts["since"])
    tx.drop_timer(storms.STORM, int(timer.ticket or 0))
    found = storms.held(tx, number, since)
    if not found or silences.is_silent(tx, number):
        return
    page, ticket = found[0]
    contract = gw.rules.contract(page.contract)
    if len(found) == 1:
        text_page(gw, tx, page, "M-01" if ticket.priority is Priority.URGENT else "M-10", at)
        return
    named = {storms.NAMED: ",".join(str(one.id) for one, _ in found)}
    count, minutes = str(len(found)), whole_minutes(at - since)
    text = text_page(gw, tx, page, "M-MANY", at, count=count, minutes=minutes)
    tx.change_dispatch(text.id, facts={**text.facts, **named})
    _mail_of_many(gw, tx, contract, page, [each for _, each in found], at)


def _mail_of_many(
    gw: Gateway, tx: Transaction, contract: Contract, page: Page, tickets: Sequence[Ticket], at: datetime
) -> None:
    """The list that an SMS has no room for, where one of them is urgent."""
    person = gw.rules.people.get(page.person)
    urgent = any(ticket.priority is Priority.URGENT for ticket in tickets)
    if person is None or not person.mail or not gw.rules.public_url or not urgent:
        return
    if contract.on_call is None or not contract.on_call.mail:
        return
    lines = "\n".join(
        f"- {ticket.number}, {wording.hour(ticket.received_at, contract.language)},"
        f" {wording.priority_name(ticket.priority, contract.language)}"
        for ticket in tickets
    )
    mail_page(gw, tx, page, person.mail, "T-PAGE-MANY", at, count=str(len(tickets)), list=lines)
