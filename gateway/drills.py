"""The drill of the on-call duty: everybody of the chain, over every medium, and what came of each in the register.

A drill is a ticket of its own, marked `synthetic` and `drill`, that waits for nobody and that nobody owns. Each person
has one page for each medium with a code of its own and confirms it as they would accept a real one.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from gateway import telling, waking
from gateway.alarms import contract_key
from gateway.domain import wording
from gateway.domain.hours import instant, local
from gateway.domain.intake import Channel
from gateway.domain.pages import ACCEPTED
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.routing import voice_number
from gateway.domain.ticket import Act, Mark, Outcome, Priority, Requester, Ticket, TicketState, TicketType, after
from gateway.duty import chain_at
from gateway.telling import NOBODY
from gateway.tickets import DeskError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Page, Timer
    from gateway.ports import Gateway, Reading, Transaction

DRILL, DRILL_DUE = "drill", "drill_due"
ANSWERED_WITHIN = timedelta(minutes=30)
"""How long people have to confirm before the result is written down."""
REMINDER_DAY, REMINDER_TIME = 25, time(9)
"""On which day of a month, Rome, the supervisors hear that it had no drill yet."""


# --------------------------------------------------------------------------------------------------------------- doing


def begin(gw: Gateway, tx: Transaction, contract_id: str, by: Person, at: datetime) -> Ticket:
    """Page everybody of the chain in force over every medium they have. The result is written down half an hour later.

    Raises:
        DeskError: no such contract, none on call, or nobody is on call now.
    """
    contract = gw.rules.contracts.get(contract_id)
    if contract is None or contract.on_call is None:
        on_call = ", ".join(duty.contract for duty in gw.rules.roster.duties) or "none"
        raise DeskError(f"there is no contract {contract_id!r} with on-call duty; on call: {on_call}")
    chain = chain_at(gw, tx, contract.id, at)
    if chain is None:
        raise DeskError(f"nobody is on call for {contract_id} now: there is nobody to drill")
    ticket = _ticket(gw, tx, contract, by, at)
    for person in chain.people():
        _page(gw, tx, ticket, contract, person, at)
    data = {"contract": contract.id, "ticket": str(ticket.number)}
    tx.record(SYSTEM, Happening("drill_begun", at, by.id, contract.clauses.of("on_call"), data))
    tx.set_timer(DRILL, ticket.number, at + ANSWERED_WITHIN, {})
    _note_done(tx, contract, at)
    return ticket


def _ticket(gw: Gateway, tx: Transaction, contract: Contract, by: Person, at: datetime) -> Ticket:
    ticket = Ticket(
        number=tx.new_number(local(at).year),
        contract=contract.id,
        channel=Channel.DESK,
        type=TicketType.OTHER,
        state=TicketState.TAKEN,
        level=contract.levels[0],
        priority=Priority.NORMAL,
        subject=gw.rules.phrase(contract, "P-DRILL-SUBJECT"),
        requester=Requester(by.name, by.mail or "", "", by.id),
        opened_at=at,
        received_at=at,
        owner=by.id,
        taken_at=at,
        marks=(Mark.SYNTHETIC, Mark.DRILL),
        version=contract.version,
    )
    tx.add_ticket(ticket)
    tx.record(str(ticket.number), Happening("drill_begun", at, by.id, contract.clauses.of("on_call")))
    return ticket


def _page(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, person: Person, at: datetime) -> None:
    """One page for each medium. Only the one of the SMS has the number: a bare OK means that one."""
    number = voice_number(person)
    if person.mobile:
        waking.text_page(gw, tx, _added(gw, tx, ticket, contract, person, person.mobile, at), "M-DRILL", at)
    if number:
        page = _added(gw, tx, ticket, contract, person, "", at)
        waking.expect_status(tx, telling.owe_call(gw, tx, contract, page, to=number, at=at), at)
    if person.mail and gw.rules.public_url:
        page = _added(gw, tx, ticket, contract, person, "", at)
        waking.mail_page(gw, tx, page, person.mail, "T-DRILL", at)


def _added(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, person: Person, number: str, at: datetime
) -> Page:
    page = waking.new_page(gw, ticket, contract, person, turn=(1, 0), at=at)
    added = tx.add_page(page)
    return tx.change_page(added.id, number=number)


# -------------------------------------------------------------------------------------------------------------- result


def results(reading: Reading, ticket: int) -> list[tuple[str, str, Page, str]]:
    """Who confirmed what: person, medium, page, and why a message did not arrive."""
    sent = {each.page: each for each in reading.dispatches(ticket=ticket, limit=100) if each.page is not None}
    pages = sorted(reading.pages(ticket=ticket), key=lambda page: page.id)
    return [(page.person, str(sent[page.id].channel), page, sent[page.id].reason or "") for page in pages]


def conclude(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """The time to confirm is over: the result is in the register, and the supervisors have it by mail."""
    tx.drop_timer(DRILL, int(timer.ticket or 0))
    ticket = tx.ticket(int(timer.ticket or 0))
    if ticket is None or ticket.state is not TicketState.TAKEN:
        return
    contract = gw.rules.contract(ticket.contract)
    found = results(tx, ticket.number)
    told = {f"{person}.{medium}": _mark(page) for person, medium, page, _ in found}
    missed = sum(1 for value in told.values() if value == "no")
    data = {"contract": contract.id, "ticket": str(ticket.number), "unconfirmed": str(missed)} | told
    for chain in (SYSTEM, str(ticket.number)):
        tx.record(chain, Happening("drill_concluded", at, NOBODY, contract.clauses.of("on_call"), data))
    for page in (page for _, _, page, _ in found if page.state != ACCEPTED):
        tx.change_page(page.id, state="lapsed", closed_at=at)
    outcome = Outcome.NOT_SOLVABLE if missed else Outcome.SOLVED
    tx.change_ticket(ticket.number, state=after(after(ticket.state, Act.SOLVE), Act.CLOSE), outcome=outcome)
    _tell(gw, tx, ticket, contract, at)


def _mark(page: Page) -> str:
    return "yes" if page.state == ACCEPTED else "no"


def _tell(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, at: datetime) -> None:
    values = {
        "ticket": str(ticket.number),
        "service": contract.service_name,
        "date": wording.long_date(ticket.opened_at, contract.language),
        "time": wording.hour(ticket.opened_at, contract.language),
        "results": "\n".join(_lines(gw, tx, contract, ticket.number)),
    }
    telling.alarm(gw, tx, contract, text_id="T-DRILL-RESULT", values=values, at=at, ticket=ticket)


def _lines(gw: Gateway, reading: Reading, contract: Contract, ticket: int) -> Iterator[str]:
    for person, medium, page, reason in results(reading, ticket):
        name = gw.rules.people[person].name if person in gw.rules.people else person
        about = {"person": name, "channel": wording.channel_name(medium, contract.language)}
        if page.state == ACCEPTED and page.closed_at:
            when = wording.hour(page.closed_at, contract.language)
            yield gw.rules.phrase(contract, "P-DRILL-CONFIRMED", **about, time=when)
        else:
            missing = gw.rules.phrase(contract, "P-DRILL-NOT-CONFIRMED", **about)
            yield f"{missing} ({reason})" if reason else missing


# ------------------------------------------------------------------------------------------------------------ reminder


def watch(gw: Gateway, tx: Transaction, at: datetime) -> None:
    """Every contract that asks for a monthly drill has a timer for its reminder; no other has one."""
    for contract in gw.rules.contracts.values():
        key, wanted = contract_key(contract.id), contract.on_call is not None and contract.on_call.drill_monthly
        if not wanted:
            tx.drop_timer(DRILL_DUE, key)
        elif tx.timer(DRILL_DUE, key) is None:
            tx.set_timer(DRILL_DUE, key, reminder_after(at, done=False), {"contract": contract.id})


def reminder_after(at: datetime, *, done: bool) -> datetime:
    """When the supervisors are next reminded: on the day of this month, or of the next one when it is past or `done`.

    A month that had its drill needs no reminder.
    """
    day = local(at).date().replace(day=REMINDER_DAY)
    here = instant(day, REMINDER_TIME)
    if not done and at < here:
        return here
    return instant((day + timedelta(days=10)).replace(day=REMINDER_DAY), REMINDER_TIME)


def _note_done(tx: Transaction, contract: Contract, at: datetime) -> None:
    if contract.on_call is not None and contract.on_call.drill_monthly:
        facts = {"contract": contract.id, "last": at.isoformat()}
        tx.set_timer(DRILL_DUE, contract_key(contract.id), reminder_after(at, done=True), facts)


def remind(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """A month is nearly over and had no drill: the supervisors of the contract are told."""
    contract = gw.rules.contracts.get(timer.facts["contract"])
    if contract is None or contract.on_call is None or not contract.on_call.drill_monthly:
        tx.drop_timer(DRILL_DUE, int(timer.ticket or 0))
        return
    last = timer.facts.get("last")
    never = "mai" if contract.language == "it" else "never"
    values = {
        "service": contract.service_name,
        "contract": contract.id,
        "month": _month(at, contract.language),
        "last": wording.long_date(datetime.fromisoformat(last), contract.language) if last else never,
    }
    telling.alarm(gw, tx, contract, text_id="T-ALARM-DRILL", values=values, at=at)
    tx.set_timer(DRILL_DUE, int(timer.ticket or 0), reminder_after(at, done=True), timer.facts)


def _month(at: datetime, language: str) -> str:
    """`novembre 2026`."""
    return wording.long_date(at, language).partition(" ")[2]
