"""What an SMS does: a technician's reply takes effect, a citizen's text becomes or joins a ticket.

Each webhook is one unit: its raw body is kept as an intake, its effect happens once. The same webhook again (the
carrier retries) changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway import paging, telling, waking
from gateway.contacts import Contact, contract_for_number
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel, Intake, IntakeState
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Requester
from gateway.joining import join
from gateway.receiving import open_ticket

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.intake import Arrival
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Page
    from gateway.ports import Gateway, Transaction

_REPLY = re.compile(r"^\W*(OK|NO|INFO)\b\W*([0-9 ]{0,12})", re.IGNORECASE | re.ASCII)


def sms_arrives(gw: Gateway, tx: Transaction, arrival: Arrival, at: datetime) -> None:
    """An SMS: a technician's reply takes effect, a citizen's text becomes or joins a ticket."""
    receipt = tx.accept(arrival, at)
    if receipt.repeated:
        return
    intake = tx.intake(receipt.intake_id)
    if intake:
        file_sms(gw, tx, intake, at)


def file_sms(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> None:
    """What becomes of an SMS that was kept."""
    if not tx.is_unfiled(intake.id):
        return
    body = intake.facts.get("body", "")
    person = gw.rules.people.by_number(intake.sender)
    said = _REPLY.match(body)
    if person and (said or tx.pages(number=intake.sender, states=(waking.OPEN,))):
        _technician(gw, tx, intake, person, (said[1].upper(), said[2].replace(" ", "")) if said else ("", ""), at)
        return
    _citizen(gw, tx, intake, body, at)


def _citizen(gw: Gateway, tx: Transaction, intake: Intake, body: str, at: datetime) -> None:
    contract = contract_for_number(gw, Channel.SMS, intake)
    person = gw.rules.people.by_number(intake.sender)
    first_line = body.strip().partition("\n")[0][:80]
    contact = Contact(
        subject=first_line or f"SMS da {intake.sender}",
        text=body,
        new_text=body,
        requester=Requester(person.name if person else "", "", intake.sender, person.id if person else None),
        sender=intake.sender,
    )
    recent = tx.open_tickets_of(contract.id, intake.sender, since=at - gw.rules.sms_joins_for)
    if len(recent) == 1:
        join(gw, tx, intake, recent[0], contact, at)
    else:
        open_ticket(gw, tx, intake, contract, contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED)


def _technician(
    gw: Gateway, tx: Transaction, intake: Intake, person: Person, said: tuple[str, str], at: datetime
) -> None:
    """A reply from a technician's number: OK, NO or INFO with the page's code; anything else is explained once."""
    word, code = said
    open_pages = tx.pages(number=intake.sender, states=waking.ANSWERABLE)
    tx.settle_intake(intake.id, IntakeState.REPLY, word.lower() or "other")
    data = {"intake": str(intake.id), "person": person.id, "word": word or "other"}
    tx.record(SYSTEM, Happening("technician_replied", at, person.id, data=data))
    page = _meant(tx, intake.sender, open_pages, code)
    if not word:
        _explain(gw, tx, intake, open_pages, at)
    elif page is None:
        _not_understood(gw, tx, intake, open_pages, code, at)
    elif word == "OK":
        _accepts(gw, tx, page, person, at)
    elif word == "NO":
        _passes(gw, tx, page, person, at)
    else:
        contract = gw.rules.contract(page.contract)
        telling.owe_call(gw, tx, contract, page, to=intake.sender, at=at, asked_for=True)


def _meant(tx: Transaction, number: str, open_pages: Sequence[Page], code: str) -> Page | None:
    """The page a reply means: by its code, also one that is closed; a bare word means the only open page."""
    if code:
        return next((p for p in tx.pages(number=number) if p.code == code and p.state != "blocked"), None)
    return open_pages[0] if len(open_pages) == 1 else None


def _accepts(gw: Gateway, tx: Transaction, page: Page, person: Person, at: datetime) -> None:
    """The first acceptance owns the ticket; a late one is told who has it (C-56)."""
    contract, ticket = gw.rules.contract(page.contract), tx.ticket(page.ticket)
    if ticket is None:
        return
    if ticket.state in WAITING_FOR_A_PERSON:
        ticket = paging.accept(gw, tx, page, at, by=person.id, medium="sms")
    taken = "M-TAKEN" if ticket.owner == person.id else "M-04"
    _answer(gw, tx, contract, page.number, taken, telling.sms_facts(contract, ticket, ticket.taken_at or at), at)


def _passes(gw: Gateway, tx: Transaction, page: Page, person: Person, at: datetime) -> None:
    contract, ticket = gw.rules.contract(page.contract), tx.ticket(page.ticket)
    if ticket is None:
        return
    if ticket.state in WAITING_FOR_A_PERSON:
        paging.pass_on(gw, tx, page, at, by=person.id, medium="sms")
    _answer(gw, tx, contract, page.number, "M-PASSED", telling.sms_facts(contract, ticket, at), at)


def _not_understood(
    gw: Gateway, tx: Transaction, intake: Intake, open_pages: Sequence[Page], code: str, at: datetime
) -> None:
    contract = contract_for_number(gw, Channel.SMS, intake)
    if not open_pages:
        _answer(gw, tx, contract, intake.sender, "M-NOTHING-OPEN", {"service": contract.sms_name}, at)
    elif code:
        left = paging.wrong_code(tx, intake.sender, at)
        values = {"service": contract.sms_name, "left": str(left), "ticket": str(open_pages[0].ticket)}
        _answer(gw, tx, contract, intake.sender, "M-WRONG-CODE" if left else "M-CODE-BLOCKED", values, at)
    else:
        codes = ", ".join(f"{page.code} ({page.ticket})" for page in open_pages[:3])
        _answer(gw, tx, contract, intake.sender, "M-WHICH", {"service": contract.sms_name, "codes": codes}, at)


def _explain(gw: Gateway, tx: Transaction, intake: Intake, open_pages: Sequence[Page], at: datetime) -> None:
    """A courteous explanation, once a day: never two robots talking. The words are kept on the ticket."""
    contract = contract_for_number(gw, Channel.SMS, intake)
    recent = tx.dispatches(to=intake.sender, kind=DispatchKind.NOTICE, since=at - gw.rules.sms_joins_for, limit=100)
    if not any(dispatch.facts.get("text_id") == "M-COURTESY" for dispatch in recent):
        _answer(gw, tx, contract, intake.sender, "M-COURTESY", {"service": contract.sms_name}, at)
    if open_pages:
        ticket = tx.ticket(open_pages[0].ticket)
        body = intake.facts.get("body", "")
        requester = Requester(number=intake.sender)
        contact = Contact(intake.facts.get("body", "")[:80], body, "", requester, intake.sender, automatic="reply")
        if ticket:
            join(gw, tx, intake, ticket, contact, at)


def _answer(
    gw: Gateway, tx: Transaction, contract: Contract, to: str, text_id: str, values: dict[str, str], at: datetime
) -> None:
    telling.owe_sms(gw, tx, contract, text_id=text_id, values=values, to=to, at=at)
