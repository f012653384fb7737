"""A human accepts, by whatever medium: one page or all that were told with it, or a drill; and acceptances that expire.

The first acceptance owns the ticket, a late one is told who has it (C-56). Nothing but a key, a reply or a button
accepts; a link that is opened changes nothing. Where the contract says how long an acceptance may lie there without an
act, its owner is reminded, and then the request is paged anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway import dues, paging, silences, storms, telling, waking
from gateway.domain import pages
from gateway.domain.hours import opening
from gateway.domain.pages import ACCEPTED, ANSWERABLE
from gateway.domain.register import Happening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Act, Mark, Priority, TicketState, after
from gateway.paging import ACCEPTANCE
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.domain.contract import Contract
    from gateway.domain.ticket import Page, Ticket, Timer
    from gateway.ports import Gateway, Reading, Transaction

Found = tuple["Page", "Ticket"]


class Answer(StrEnum):
    """What came of an acceptance."""

    YOURS = "yours"
    """The ticket, or all that were told together, are this person's."""
    OTHER = "other"
    """Somebody else has it, or nobody is needed any more."""
    CONFIRMED = "confirmed"
    """A drill: that it arrived is on record."""
    GONE = "gone"
    """There is no such page, or the code was tried too often."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What came of it, and the tickets it is about, the newest first; `owner` is the name of whoever else has it."""

    answer: Answer
    tickets: tuple[Ticket, ...] = ()
    owner: str = ""

    @property
    def spoken_id(self) -> str:
        """The text by which whoever accepted on the telephone is told of it."""
        one = "V-PAGE-TAKEN" if len(self.tickets) == 1 else "V-PAGE-TAKEN-MANY"
        return {Answer.YOURS: one, Answer.CONFIRMED: "V-DRILL-DONE"}.get(self.answer, late_id(self.owner))


def accept(
    gw: Gateway, tx: Transaction, page: Page, at: datetime, *, medium: str, told: Sequence[Found] | None = None
) -> Accepted:
    """The person of a page accepts it, and with it all that was told together with it.

    `told` is what that was where the medium knows better (a call tells of everything that waits in a storm).
    """
    ticket = tx.ticket(page.ticket)
    if ticket is None or page.state == "blocked":
        return Accepted(Answer.GONE)
    if Mark.DRILL in ticket.marks:
        return _confirm(tx, page, ticket, at, medium)
    found = list(storms.named_with(tx, page) if told is None else told)
    if ticket.state in WAITING_FOR_A_PERSON and page.id not in {each.id for each, _ in found}:
        found.insert(0, (page, ticket))  # passed on before, and nobody has it yet
    if found:
        return Accepted(Answer.YOURS, _take(gw, tx, found, at, by=page.person, medium=medium))
    if ticket.owner == page.person:
        _still_at_it(tx, ticket, page, at)
        return Accepted(Answer.YOURS, (ticket,))
    return Accepted(Answer.OTHER, (ticket,), owner_of(gw, ticket))


def late_id(owner: str) -> str:
    """The text that whoever comes too late hears on the telephone: by name where somebody of ours has the request."""
    return "V-PAGE-LATE-WHO" if owner else "V-PAGE-LATE"


def owner_of(gw: Gateway, ticket: Ticket) -> str:
    """The name of whoever has a ticket, for a colleague; empty when nobody does, or nobody of the directory."""
    person = gw.rules.people.get(ticket.owner) if ticket.owner else None
    return person.name if person else ""


def _confirm(tx: Transaction, page: Page, ticket: Ticket, at: datetime, medium: str) -> Accepted:
    """A drill is confirmed by each for themselves and each medium; said again it changes nothing."""
    if page.state in ANSWERABLE:
        tx.change_page(page.id, state=ACCEPTED, closed_at=at, accepted_by=page.person)
        data = {"page": str(page.id), "medium": medium}
        tx.record(str(ticket.number), Happening("drill_confirmed", at, page.person, data=data))
    return Accepted(Answer.CONFIRMED, (ticket,))


def _take(
    gw: Gateway, tx: Transaction, found: Sequence[Found], at: datetime, *, by: str, medium: str
) -> tuple[Ticket, ...]:
    if len(found) == 1:
        return (paging.accept(gw, tx, found[0][0], at, by=by, medium=medium),)
    taken = tuple(paging.accept(gw, tx, page, at, by=by, medium=medium, alone=False) for page, _ in found)
    others: dict[str, Page] = {}
    for ticket in taken:
        for other in paging.close_others(tx, ticket, by, at):
            others.setdefault(other.person, other)
    contract = gw.rules.contract(found[0][0].contract)
    values = telling.sms_facts(contract, taken[0], at, count=str(len(taken)))
    for other in others.values():
        telling.owe_sms(gw, tx, contract, text_id="M-04-MANY", values=values, to=other.number, at=at)
    return taken


def page_of_code(reading: Reading, number: str, code: str) -> Page | None:
    """The page of this telephone that has this code, also one that is closed; None when it was tried too often."""
    mine = reading.pages(number=number)
    return next((page for page in mine if page.code == code and page.state != "blocked"), None)


def blocked_page(reading: Reading, number: str, code: str) -> Page | None:
    """The page of this telephone whose code this was until it was tried too often: who has it guesses no other."""
    return next((page for page in reading.pages(number=number, states=("blocked",)) if page.code == code), None)


def by_link(gw: Gateway, tx: Transaction, token: str, at: datetime) -> Accepted:
    """The button of a page's own page was pressed."""
    page = page_of_link(gw, tx, token, at)
    return accept(gw, tx, page, at, medium="link") if page else Accepted(Answer.GONE)


def page_of_link(gw: Gateway, reading: Reading, token: str, at: datetime) -> Page | None:
    """The page that a link was made for; None when the token was not made by us for a page that there is, or is old."""
    page_id = pages.page_id_of(token)
    page = reading.page(page_id) if page_id is not None else None
    if page is None or not pages.is_token_of(gw.rules.signing_key, token, page):
        return None
    return None if pages.link_has_ended(page, at) else page


def pass_on(gw: Gateway, tx: Transaction, page: Page, at: datetime, *, medium: str) -> Accepted:
    """The person of a page passes it to the colleague, and with it all that was told together with it."""
    ticket = tx.ticket(page.ticket)
    if ticket is None:
        return Accepted(Answer.GONE)
    if Mark.DRILL in ticket.marks:
        return _confirm(tx, page, ticket, at, medium)
    found = storms.named_with(tx, page)
    for each, _ in found:
        paging.pass_on(gw, tx, each, at, by=page.person, medium=medium)
    return Accepted(Answer.OTHER, tuple(one for _, one in found) or (ticket,))


# ------------------------------------------------------------------------------------------- an acceptance that expires


def _still_at_it(tx: Transaction, ticket: Ticket, page: Page, at: datetime) -> None:
    """Whoever has it says so again: an act that keeps the acceptance alive."""
    timer = tx.timer(ACCEPTANCE, ticket.number)
    if timer is not None and "reminded" in timer.facts:
        tx.record(str(ticket.number), Happening("acceptance_confirmed", at, page.person, data={"page": str(page.id)}))


def expire(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """An acceptance has lain there for as long as the contract lets it: the owner is reminded, then it is paged anew.

    Whatever its owner did meanwhile keeps it alive, counted from the last act.
    """
    ticket, page = tx.ticket(int(timer.ticket or 0)), tx.page(int(timer.facts.get("page", "0")))
    if ticket is None or page is None or ticket.state is not TicketState.TAKEN or ticket.owner != page.person:
        tx.drop_timer(ACCEPTANCE, int(timer.ticket or 0))
        return
    on_call = gw.rules.contract(ticket.contract).on_call
    if on_call is None or on_call.acceptance_expires is None:
        tx.drop_timer(ACCEPTANCE, ticket.number)
        return
    since = datetime.fromisoformat(timer.facts["since"])
    acted_at = _last_act(tx, ticket, page.person, since)
    if acted_at > since:
        facts = {"page": str(page.id), "since": acted_at.isoformat()}
        tx.set_timer(ACCEPTANCE, ticket.number, acted_at + on_call.acceptance_expires, facts)
    elif "reminded" in timer.facts:
        _lapse(gw, tx, ticket, page, at)
    else:
        _remind(gw, tx, ticket, page, since, at)
        tx.set_timer(ACCEPTANCE, ticket.number, at + on_call.ack_timeout, {**timer.facts, "reminded": "yes"})


def _last_act(reading: Reading, ticket: Ticket, person: str, since: datetime) -> datetime:
    """When the owner last did something to the ticket; `since` when nothing."""
    mine = [entry.at for entry in reading.entries(str(ticket.number)) if entry.by == person and entry.type != "taken"]
    return max((at for at in mine if at > since), default=since)


def _remind(gw: Gateway, tx: Transaction, ticket: Ticket, page: Page, since: datetime, at: datetime) -> None:
    contract = gw.rules.contract(ticket.contract)
    tx.record(str(ticket.number), Happening("acceptance_reminded", at, NOBODY, contract.clauses.of("on_call")))
    if not page.number or silences.is_silent(tx, page.number) or contract.on_call is None:
        return
    minutes, left = waking.whole_minutes(at - since), waking.whole_minutes(contract.on_call.ack_timeout)
    values = telling.sms_facts(contract, ticket, at, code=page.code, minutes=minutes, left=left)
    telling.owe_sms(gw, tx, contract, text_id="M-03-TAKEN", values=values, to=page.number, at=at, ticket=ticket.number)


def _lapse(gw: Gateway, tx: Transaction, ticket: Ticket, page: Page, at: datetime) -> None:
    """Nobody has it any more: it waits for a person again, and somebody is woken for it where that is due."""
    contract = gw.rules.contract(ticket.contract)
    tx.drop_timer(ACCEPTANCE, ticket.number)
    tx.change_page(page.id, state="lapsed", closed_at=at)
    state = after(ticket.state, Act.ACCEPTANCE_EXPIRED)
    ticket = tx.change_ticket(ticket.number, state=state, owner=None, taken_at=None)
    data = {"page": str(page.id), "person": page.person}
    tx.record(str(ticket.number), Happening("acceptance_expired", at, NOBODY, contract.clauses.of("on_call"), data))
    ticket = dues.recounted(gw, tx, ticket) if ticket.due else ticket
    _page_anew(gw, tx, ticket, contract, at)


def _page_anew(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, at: datetime) -> None:
    if ticket.priority is Priority.URGENT:
        paging.chase_from(gw, tx, ticket, contract, at)
    elif ticket.state in WAITING_FOR_A_PERSON and not opening(contract, at).is_open:
        paging.start(gw, tx, ticket, contract, at)
