"""Many pages to one telephone become one with a count, and whoever accepts that one has all that it named (DESIGN).

More than `storm_pages` texts to a number in `storm_window` and the further ones are held; when the window is over one
SMS and one mail tell of all that still wait. In a storm a telephone is called once in a while for all of them, not once
for each. Nothing waits in a queue: what is told is how things stand then (C-55).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.intake import Channel
from gateway.domain.pages import ANSWERABLE
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Mark
from gateway.silences import number_key

if TYPE_CHECKING:
    from gateway.domain.contract import Contract, OnCall
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ticket import Page, Ticket
    from gateway.ports import Reading, Transaction

STORM = "storm"
NAMED = "pages"
"""The fact of a text that tells of several pages: which."""
USUAL_WINDOW = timedelta(minutes=10)
A_MOMENT = timedelta(seconds=5)
"""After so long the rest of many is told anew: whoever takes one of them often takes the next one too."""
NOT_LEFT = (DispatchState.DUE, DispatchState.SENDING, DispatchState.SENT, DispatchState.CONFIRMED)


def is_storm(reading: Reading, on_call: OnCall | None, number: str, at: datetime) -> bool:
    """Whether so many texts of pages went or will go to this number that the next one is held."""
    if on_call is None:
        return False
    sent = reading.dispatches(
        to=number,
        kind=DispatchKind.PAGE,
        channel=Channel.SMS,
        since=at - on_call.storm_window,
        limit=on_call.storm_pages + 1,
    )
    return len(sent) >= on_call.storm_pages


def hold(tx: Transaction, contract: Contract, number: str, at: datetime) -> None:
    """A page that is told together with others when the window is over."""
    key = number_key(number)
    if tx.timer(STORM, key) is None:
        window = contract.on_call.storm_window if contract.on_call else USUAL_WINDOW
        tx.set_timer(STORM, key, at + window, {"number": number, "since": at.isoformat()})


def tell_the_rest(tx: Transaction, withdrawn: Dispatch, at: datetime) -> None:
    """A text of many does not leave because the one page that carried it was closed: what else it named is told anew.

    Ordinary requests climb no ladder: without it nobody would hear of them before the desk opens.
    """
    rest = waiting(tx, named_by(tx, withdrawn))
    if not rest:
        return
    key = number_key(withdrawn.to)
    timer, since = tx.timer(STORM, key), min(page.opened_at for page, _ in rest)
    if timer is not None:
        since = min(since, datetime.fromisoformat(timer.facts["since"]))
    tx.set_timer(STORM, key, at + A_MOMENT, {"number": withdrawn.to, "since": since.isoformat()})


def named_by(reading: Reading, text: Dispatch) -> list[Page]:
    """The pages that a text of many names, its own among them; none for a text of one."""
    found = (reading.page(int(one)) for one in text.facts.get(NAMED, "").split(",") if one)
    return [page for page in found if page is not None]


def held(reading: Reading, number: str, since: datetime) -> list[tuple[Page, Ticket]]:
    """The pages of a number since an instant of which nobody was told and that still wait, newest first."""
    sent = reading.dispatches(to=number, kind=DispatchKind.PAGE, channel=Channel.SMS, states=NOT_LEFT, limit=1000)
    told = {dispatch.page for dispatch in sent}
    told |= {int(page) for dispatch in sent for page in dispatch.facts.get(NAMED, "").split(",") if page}
    pages = [page for page in reading.pages(number=number, states=ANSWERABLE, since=since) if page.id not in told]
    return waiting(reading, sorted(pages, key=lambda page: -page.id))


def waiting(reading: Reading, pages: list[Page]) -> list[tuple[Page, Ticket]]:
    """Those of these pages whose tickets still wait for a person, each with its ticket. A drill waits for nobody."""
    found = [(page, reading.ticket(page.ticket)) for page in pages if page.state in ANSWERABLE]
    return [
        (page, ticket)
        for page, ticket in found
        if ticket is not None and ticket.state in WAITING_FOR_A_PERSON and Mark.DRILL not in ticket.marks
    ]


def named_with(reading: Reading, page: Page) -> list[tuple[Page, Ticket]]:
    """What an answer to this page answers: every page that was told together with it and still waits, newest first.

    A page that was told alone answers for itself.
    """
    told = reading.dispatches(ticket=page.ticket, kind=DispatchKind.PAGE, channel=Channel.SMS, limit=100)
    names = next((each.facts[NAMED] for each in told if each.page == page.id and NAMED in each.facts), "")
    ids = dict.fromkeys((page.id, *(int(one) for one in names.split(",") if one)))
    pages = [found for one in ids if (found := reading.page(one)) and found.person == page.person]
    return waiting(reading, pages)


def meant_by_call(reading: Reading, contract: Contract, page: Page) -> list[tuple[Page, Ticket]]:
    """What a call to this person is about: this page, or in a storm everything of theirs that waits, newest first."""
    mine = waiting(reading, reading.pages(number=page.number, states=ANSWERABLE))
    most = contract.on_call.storm_pages if contract.on_call else 1
    if len(mine) > most:
        return sorted(mine, key=lambda found: -found[0].id)
    return [found for found in mine if found[0].id == page.id]


def was_called_for_all(reading: Reading, contract: Contract, page: Page, at: datetime) -> bool:
    """Whether in a storm this telephone was called for everything a short while ago, so that this page needs no call.

    A call that never left is none.
    """
    if contract.on_call is None:
        return False
    number, since = page.number, at - contract.on_call.retry_every
    calls = reading.dispatches(to=number, kind=DispatchKind.PAGE, channel=Channel.VOICE, since=since, limit=20)
    if not any(call.sent_at is not None or call.state in _PERHAPS for call in calls):
        return False
    most = contract.on_call.storm_pages
    return len(reading.pages(number=number, states=ANSWERABLE, limit=most + 1)) > most


_PERHAPS = (DispatchState.DUE, DispatchState.SENDING)
