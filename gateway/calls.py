"""What a telephone call and an SMS do: the citizen's call that becomes a ticket, the technician's call and reply.

Each webhook is one unit: its raw body is kept as an intake, its effect happens once, and only then is there something
to say. The same webhook again (the carrier retries) hears the same and changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway import deciding, paging, telling, waking
from gateway.contacts import Contact
from gateway.domain import answers, replies
from gateway.domain.call import PROMPT_LIMIT, Gather, Hangup, Record, Say, Script, Verb
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import opening
from gateway.domain.intake import Channel, Intake, IntakeState
from gateway.domain.reception import OUTSIDE_VALIDITY
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import WAITING_FOR_A_PERSON, Priority, Requester, Ticket
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

ACCEPT, PASS, REPEAT, NO_RECORDING = "1", "2", "3", "9"
_REPLY = re.compile(r"^\W*(OK|NO|INFO)\b\W*([0-9 ]{0,12})", re.IGNORECASE | re.ASCII)


# ----------------------------------------------------------------------------------------------------- a citizen's call


def call_begins(gw: Gateway, tx: Transaction, arrival: Arrival, at: datetime) -> tuple[Script, int]:
    """Record the call at its first signal and open its ticket: what to say, and the ticket's number.

    The caller hears the opening state, the privacy notice and the number.
    """
    receipt = tx.accept(arrival, at)
    numbers = tx.tickets_of(receipt.intake_id)
    ticket = tx.ticket(numbers[0]) if numbers else None
    if ticket is None:
        intake = tx.intake(receipt.intake_id)
        ticket = open_call(gw, tx, intake, at) if intake else None
    if ticket is None:
        return (Hangup(),), 0
    return _greeting(gw, ticket, at), ticket.number


def open_call(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> Ticket:
    """The ticket of a call that was just recorded."""
    contract = contract_for_number(gw, Channel.PHONE, intake)
    person = gw.rules.people.by_number(intake.sender)
    contact = Contact(
        subject=f"Telefonata da {intake.sender or 'numero non disponibile'}",
        text="",
        new_text="",
        requester=Requester(person.name if person else "", "", intake.sender, person.id if person else None),
        sender=intake.sender,
    )
    ticket = open_ticket(gw, tx, intake, contract, contact, at)
    tx.settle_intake(intake.id, IntakeState.FILED)
    return ticket


def contract_for_number(gw: Gateway, channel: Channel, intake: Intake) -> Contract:
    """The contract whose endpoint was called or texted; the default one, never nobody."""
    found = gw.rules.contracts_at(channel, intake.recipients) or gw.rules.contracts_at(Channel.PHONE, intake.recipients)
    return found[0] if found else gw.rules.contracts[gw.rules.default_contract]


def _say(gw: Gateway, ticket: Ticket, at: datetime, *text_ids: str) -> tuple[Verb, ...]:
    contract = gw.rules.contract(ticket.contract)
    values = replies.values(contract, ticket, opening(contract, at), at) | gw.rules.voice_facts
    return tuple(Say(gw.rules.texts(contract).fill(text_id, values).body) for text_id in text_ids)


def _prompts(gw: Gateway, ticket: Ticket, at: datetime, *text_ids: str) -> tuple[str, ...]:
    return tuple(verb.text for verb in _say(gw, ticket, at, *text_ids) if isinstance(verb, Say))


def _greeting(gw: Gateway, ticket: Ticket, at: datetime) -> Script:
    """What the contract has the caller hear: the opening state or who serves instead, the notice, the number (V-14)."""
    contract = gw.rules.contract(ticket.contract, ticket.version)
    decision = deciding.decision_for_caller(gw, ticket, at)
    values = answers.spoken_values(decision, ticket, at)
    fill = gw.rules.texts(contract).fill
    verbs = [Say(fill(text_id, values).body) for text_id in (*answers.spoken_ids(decision), "V-17", "V-NUMBER")]
    state = decision.opening
    if contract.on_call and decision.entitled and not state.is_open and state.reason not in OUTSIDE_VALIDITY:
        choice = Gather("choice", _prompts(gw, ticket, at, "V-CHOICE"), digits=1, timeout_s=6)
        return (*verbs, choice, *_ask_for_words(gw, ticket, at))
    return (*verbs, *_ask_for_words(gw, ticket, at))


def _ask_for_words(gw: Gateway, ticket: Ticket, at: datetime) -> Script:
    """Speech first, which needs no recording; whoever says nothing may leave a message after the notice (X12)."""
    speech = Gather("speech", _prompts(gw, ticket, at, "V-SPEAK"), digits=0, timeout_s=5, speech=True)
    return (speech, *_ask_for_message(gw, ticket, at))


def _ask_for_message(gw: Gateway, ticket: Ticket, at: datetime) -> Script:
    if not gw.rules.voicemail:
        return (*_say(gw, ticket, at, "V-NO-INPUT", "V-GOODBYE"), Hangup())
    notice = Gather("notice", _prompts(gw, ticket, at, "V-03"), digits=1, timeout_s=3)
    return (notice, *_say(gw, ticket, at, "V-MESSAGE"), Record("message"))


def call_goes_on(gw: Gateway, tx: Transaction, arrival: Arrival, ticket_number: int, step: str, at: datetime) -> Script:
    """One step of a citizen's call: a key, recognised speech, or a recorded message, which join the ticket."""
    receipt = tx.accept(arrival, at)
    ticket, intake = tx.ticket(ticket_number), tx.intake(receipt.intake_id)
    if ticket is None or intake is None:
        return (Hangup(),)
    if not receipt.repeated and intake.state is IntakeState.RECEIVED:
        ticket = _take_in(gw, tx, intake, ticket, step, at)
        tx.settle_intake(intake.id, IntakeState.REPLY, step)
    return _next(gw, ticket, step, intake.facts, at)


def step_kept(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> None:
    """A step of a call that was kept after a fault of ours: what was said joins the call's own ticket."""
    number = intake.facts.get("ticket", "")
    ticket = tx.ticket(int(number)) if number.isascii() and number.isdigit() else None
    if ticket is None:
        open_call(gw, tx, intake, at)
        return
    step = intake.facts["step"]
    _take_in(gw, tx, intake, ticket, step, at)
    tx.settle_intake(intake.id, IntakeState.REPLY, step)


def _take_in(gw: Gateway, tx: Transaction, intake: Intake, ticket: Ticket, step: str, at: datetime) -> Ticket:
    facts = intake.facts
    words = facts.get("speech", "")
    if step == "choice" and facts.get("digits") == ACCEPT:
        clause = gw.rules.contract(ticket.contract).clauses.of("on_call")
        return paging.made_urgent(gw, tx, ticket, at, by="caller", clause=clause)
    if step == "message":
        words = f"Messaggio vocale di {facts.get('recording_s') or '?'} secondi: {facts.get('recording', '')}"
    if words:
        contact = Contact(
            subject=ticket.subject,
            text=words,
            new_text=words,
            requester=ticket.requester,
            sender=intake.sender,
        )
        join(gw, tx, intake, ticket, contact, at)
    else:
        data = {"step": step, "digits": facts.get("digits", ""), "intake": str(intake.id)}
        tx.record(str(ticket.number), Happening("call_step", at, "caller", data=data))
    return tx.ticket(ticket.number) or ticket


def _next(gw: Gateway, ticket: Ticket, step: str, facts: dict[str, str], at: datetime) -> Script:
    digits = facts.get("digits", "")
    if step == "choice":
        if digits == ACCEPT:
            return (*_say(gw, ticket, at, "V-TOLD"), *_ask_for_words(gw, ticket, at))
        return _ask_for_message(gw, ticket, at) if digits == PASS else _ask_for_words(gw, ticket, at)
    if step == "notice" and digits == NO_RECORDING:
        speech = Gather("speech", _prompts(gw, ticket, at, "V-SPEAK"), digits=0, timeout_s=5, speech=True)
        return (speech, *_say(gw, ticket, at, "V-NO-INPUT", "V-GOODBYE"), Hangup())
    if step == "notice":
        return (*_say(gw, ticket, at, "V-MESSAGE"), Record("message"))
    return (*_say(gw, ticket, at, "V-12", "V-GOODBYE"), Hangup())


# -------------------------------------------------------------------------------------------------------- a voice page


def page_begins(gw: Gateway, tx: Transaction, dispatch_key: str, at: datetime) -> Script:
    """What a technician hears who was called: the essentials, three times at the most, until a key is pressed."""
    page, ticket = _page_of(tx, dispatch_key)
    if page is None or ticket is None:
        return (Hangup(),)
    if ticket.state not in WAITING_FOR_A_PERSON:
        return (*_say(gw, ticket, at, "V-PAGE-LATE"), Hangup())
    text_id = "V-PAGE" if ticket.priority is Priority.URGENT else "V-PAGE-NORMAL"
    asked = Gather("key", _prompts(gw, ticket, at, text_id), digits=1, timeout_s=5)
    return (*(asked,) * PROMPT_LIMIT, *_say(gw, ticket, at, "V-PAGE-NO-KEY"), Hangup())


def _page_of(tx: Transaction, dispatch_key: str) -> tuple[Page | None, Ticket | None]:
    dispatch = tx.dispatch_by(key=dispatch_key)
    page = tx.page(dispatch.page) if dispatch and dispatch.page else None
    return page, tx.ticket(page.ticket) if page else None


def page_key(gw: Gateway, tx: Transaction, dispatch_key: str, digits: str, at: datetime) -> Script:
    """A key pressed in a voice page: only a human presses one (C2.8, S029)."""
    page, ticket = _page_of(tx, dispatch_key)
    if page is None or ticket is None:
        return (Hangup(),)
    on_call = gw.rules.contract(page.contract).on_call
    accepts, passes = (on_call.accept_key, on_call.decline_key) if on_call else (ACCEPT, PASS)
    if ticket.state not in WAITING_FOR_A_PERSON:
        own = ticket.owner == page.person
        return (*_say(gw, ticket, at, "V-PAGE-TAKEN" if own else "V-PAGE-LATE"), Hangup())
    if digits == accepts:
        ticket = paging.accept(gw, tx, page, at, by=page.person, medium="voice")
        return (*_say(gw, ticket, at, "V-PAGE-TAKEN"), Hangup())
    if digits == passes:
        paging.pass_on(gw, tx, page, at, by=page.person, medium="voice")
        return (*_say(gw, ticket, at, "V-PAGE-PASSED"), Hangup())
    return page_begins(gw, tx, dispatch_key, at)


# ----------------------------------------------------------------------------------------------------------------- SMS


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
