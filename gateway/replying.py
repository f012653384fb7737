"""What a technician's SMS does: OK, NO or INFO with a page's code, STOP and START, and anything else.

OK without a code confirms a watch that waits for it (M-05), and means the only open page, else they are listed. A swap
that was asked for is answered by OK or NO with its code. What is
not understood is explained at a bounded rate, so that two robots never talk, and is kept on the ticket in a lane of its
own: a technician is no requester.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import accepting, handovers, paging, silences, swaps, telling
from gateway.accepting import Answer
from gateway.contacts import Contact, contract_for_number
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.pages import ANSWERABLE, OPEN
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import Priority, Requester
from gateway.receiving import add_message
from gateway.standing_in import swap_facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gateway.accepting import Accepted
    from gateway.domain.contract import Contract
    from gateway.domain.intake import Intake
    from gateway.domain.roster import Person
    from gateway.domain.telephony import RosterChange
    from gateway.domain.ticket import Page
    from gateway.ports import Gateway, Reading, Transaction

_REPLY = re.compile(r"^\W*(OK|NO|INFO)(?![A-Z_])\W*([0-9 .-]{0,12})", re.IGNORECASE | re.ASCII)
_SIX = re.compile(r"[0-9](?:[ .-]{0,2}[0-9]){5}(?![0-9])", re.ASCII)
"""A code as people write it; what follows it (`10 min`, the number of the request) is none of it."""
_WORD = re.compile(r"\W*([A-Za-z]{3,12})\W*", re.ASCII)
_CODE = re.compile(r"(?<![0-9+])[0-9]{6}(?![0-9])", re.ASCII)
"""The code in a page of ours that comes back to us, whatever it asks for."""
LISTED = 3
"""How many codes an SMS has room for."""
LOOKED_AT = 50
"""How many open pages of one telephone are looked at for those of urgent requests."""
LANE = "technician"
MOST_ANSWERS = 5
"""So often an answer of one kind goes to one number in an hour (B-080): whoever loops with us hears no more."""
HOUR = timedelta(hours=1)
OUR_TAKE = frozenset({"M-TAKEN", "M-TAKEN-MANY", "M-PASSED", "M-PASSED-MANY", "M-04", "M-LATE", "M-DRILL-DONE"})
"""What confirms an effect is answered every time: each of them belongs to a page, and pages are bounded."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Who texts: the person, the number that stands for them, and their words."""

    person: Person
    number: str
    words: str
    word: str = ""
    code: str = ""
    ours: str = ""
    """The number of ours that they texted: what asks them for more leaves from there, whatever pages leave from."""


def read(gw: Gateway, reading: Reading, intake: Intake) -> Reply | None:
    """The reply that an SMS is; None when it is a citizen's text, or a colleague's who was asked nothing."""
    words = intake.facts.get("body", "")
    person, number = gw.rules.people.by_number(intake.sender), intake.sender
    if _is_echo(gw, intake):
        number = gw.rules.probe_number
        person = gw.rules.people.by_number(number)
        code = _CODE.search(words)
        return Reply(person, number, words, "OK" if code else "ECHO", code[0] if code else "") if person else None
    if person is None:
        return None
    ours, keyword, said = next(iter(intake.recipients), ""), _keyword(words), _REPLY.match(words)
    if keyword:
        return Reply(person, number, words, keyword, ours=ours)
    if said:
        return Reply(person, number, words, said[1].upper(), _code_of(words[said.start(2) :], said[2]), ours)
    return Reply(person, number, words, ours=ours) if reading.pages(number=number, states=(OPEN,)) else None


def _is_echo(gw: Gateway, intake: Intake) -> bool:
    """A page of the automatic check that the carrier brought from our sender to the probe's number, back to us."""
    probe = gw.rules.probe_number
    sender = intake.sender or intake.facts.get("caller", "")  # a name is no number: the door keeps it as a fact
    return bool(probe) and sender == gw.rules.sender_ids.texts and probe in intake.recipients


def _code_of(rest: str, digits: str) -> str:
    """The six digits that come first, in any spacing; else all digits there, which are no code of anybody."""
    six = _SIX.match(rest)
    return "".join(c for c in (six[0] if six else digits) if c.isdigit())


def _keyword(words: str) -> str:
    """STOP or START when that is all it says: the carrier has acted on it already (B-081)."""
    found = _WORD.fullmatch(words)
    word = found[1].upper() if found else ""
    if word in silences.STOP_WORDS:
        return "STOP"
    return "START" if word in silences.START_WORDS else ""


def obey(gw: Gateway, tx: Transaction, intake: Intake, reply: Reply, at: datetime) -> None:
    """The effect of a reply."""
    tx.settle_intake(intake.id, IntakeState.REPLY, reply.word.lower() or "other")
    data = {"intake": str(intake.id), "person": reply.person.id, "word": reply.word or "other"}
    tx.record(SYSTEM, Happening("technician_replied", at, reply.person.id, data=data))
    if reply.word == "STOP":
        _stops(gw, tx, reply, at)
    elif reply.word == "START":
        silences.lift(tx, reply.number, at)
    elif reply.word in {"OK", "NO", "INFO"}:
        _answers(gw, tx, intake, reply, at)
    elif reply.word != "ECHO":
        _explain(gw, tx, intake, reply, at)


def _stops(gw: Gateway, tx: Transaction, reply: Reply, at: datetime) -> None:
    """No further SMS; the telephone rings at once for what they were texted about, and the supervisors are told."""
    silences.silence(gw, tx, reply.number, silences.STOPPED, at)
    for page in tx.pages(number=reply.number, states=(OPEN,)):
        paging.attempt_failed(gw, tx, page.id, at, "the number texted STOP")


def _answers(gw: Gateway, tx: Transaction, intake: Intake, reply: Reply, at: datetime) -> None:
    open_pages = tx.pages(number=reply.number, states=ANSWERABLE)
    page = _meant(tx, reply, open_pages)
    confirmed = reply.word == "OK" and not reply.code and handovers.confirm(gw, tx, reply.person, at)
    if page is None and confirmed and not open_pages:
        return
    if page is None and _about_swap(gw, tx, reply, at, asked_more=not open_pages):
        return
    if page is None:
        _not_understood(gw, tx, intake, reply, open_pages, at)
    elif reply.word == "OK":
        _told(gw, tx, page, reply, accepting.accept(gw, tx, page, at, medium="sms"), at)
    elif reply.word == "NO":
        _passed(gw, tx, page, reply, accepting.pass_on(gw, tx, page, at, medium="sms"), at)
    else:
        contract = gw.rules.contract(page.contract)
        telling.owe_call(gw, tx, contract, page, to=reply.number, at=at, asked_for=True)


def _meant(tx: Transaction, reply: Reply, open_pages: Sequence[Page]) -> Page | None:
    """The page a reply means: by its code, also one that is closed; a bare word means the only open page."""
    if reply.code:
        return accepting.page_of_code(tx, reply.number, reply.code)
    return open_pages[0] if len(open_pages) == 1 else None


def _about_swap(gw: Gateway, tx: Transaction, reply: Reply, at: datetime, *, asked_more: bool) -> bool:
    """A reply that means a swap of duty: by its code alone. `asked_more`: nothing else could be meant, so it is asked.

    False when it means none; a code that nobody knows counts against the swaps too.
    """
    swap = swaps.of_code(gw, tx, reply.person, reply.number, reply.code, at) if reply.code else None
    if swap is not None and reply.word != "INFO":
        done = swaps.answer(gw, tx, swap, at, accepts=reply.word == "OK", medium="sms")
        _tell_of_swap(gw, tx, done.swap or swap, _SWAP_TEXTS[done.standing], reply, at)
        return True
    waiting = swaps.waiting(tx, reply.person, at)
    if swap is not None or not waiting:
        return swap is not None and _tell_of_swap(gw, tx, swap, "M-SWAP", reply, at)
    left = swaps.wrong_code(tx, reply.number, at) if reply.code else swaps.tries_left(tx, reply.number, at)
    return asked_more and _tell_of_swap(gw, tx, waiting[0], "M-SWAP" if left else "M-SWAP-BLOCKED", reply, at)


_SWAP_TEXTS = {
    swaps.Standing.YOURS: "M-SWAP-YOURS",
    swaps.Standing.DECLINED: "M-SWAP-KEPT",
    swaps.Standing.OVER: "M-SWAP-OVER",
    swaps.Standing.WAITS: "M-SWAP",
    swaps.Standing.GONE: "M-SWAP-OVER",
}


def _tell_of_swap(gw: Gateway, tx: Transaction, swap: RosterChange, text_id: str, reply: Reply, at: datetime) -> bool:
    contract = gw.rules.contract(swap.contract)
    values = swap_facts(gw, contract, swap, gw.rules.people.get(swap.by))
    _answer(gw, tx, contract, reply, text_id, values, at)
    return True


def _told(gw: Gateway, tx: Transaction, page: Page, reply: Reply, accepted: Accepted, at: datetime) -> None:
    """Who has it now (C-56), or that the drill is confirmed."""
    contract = gw.rules.contract(page.contract)
    for ticket in accepted.tickets[:1]:
        count = len(accepted.tickets)
        text_id = {
            Answer.YOURS: "M-TAKEN" if count == 1 else "M-TAKEN-MANY",
            Answer.CONFIRMED: "M-DRILL-DONE",
        }.get(accepted.answer, "M-LATE" if accepted.owner else "M-04")
        when = ticket.taken_at or at
        values = telling.sms_facts(contract, ticket, when, count=str(count), person=accepted.owner)
        _answer(gw, tx, contract, reply, text_id, values, at)


def _passed(gw: Gateway, tx: Transaction, page: Page, reply: Reply, passed: Accepted, at: datetime) -> None:
    contract = gw.rules.contract(page.contract)
    for ticket in passed.tickets[:1]:
        count = len(passed.tickets)
        plain = "M-PASSED" if count == 1 else "M-PASSED-MANY"
        text_id = "M-DRILL-DONE" if passed.answer is Answer.CONFIRMED else plain
        values = telling.sms_facts(contract, ticket, at, count=str(count))
        _answer(gw, tx, contract, reply, text_id, values, at)


def _not_understood(
    gw: Gateway, tx: Transaction, intake: Intake, reply: Reply, open_pages: Sequence[Page], at: datetime
) -> None:
    contract = contract_for_number(gw, Channel.SMS, intake)
    values = {"service": contract.sms_name, "word": reply.word}
    if not open_pages:
        text_id = "M-NOTHING-OPEN"
    elif reply.code and (blocked := accepting.blocked_page(tx, reply.number, reply.code)):
        text_id, values = "M-CODE-BLOCKED", values | {"ticket": str(blocked.ticket)}
    elif reply.code:
        left = paging.wrong_code(gw, tx, reply.number, at)
        text_id = "M-WRONG-CODE" if left else "M-CODE-BLOCKED"
        values |= {"left": str(left), "ticket": str(open_pages[0].ticket)}
    else:
        text_id = "M-WHICH" if len(open_pages) <= LISTED else "M-WHICH-MORE"
        codes = ", ".join(f"{page.code} ({page.ticket})" for page in _urgent_first(tx, open_pages)[:LISTED])
        values |= {"codes": codes, "count": str(len(open_pages))}
    _answer(gw, tx, contract, reply, text_id, values, at)


def _urgent_first(reading: Reading, open_pages: Sequence[Page]) -> Sequence[Page]:
    """The pages of urgent requests before the others, the newest of each first; only the newest are looked at."""

    def is_urgent(page: Page) -> bool:
        ticket = reading.ticket(page.ticket)
        return ticket is not None and ticket.priority is Priority.URGENT

    return sorted(open_pages[:LOOKED_AT], key=lambda page: not is_urgent(page))


def _explain(gw: Gateway, tx: Transaction, intake: Intake, reply: Reply, at: datetime) -> None:
    """A courteous explanation, once a day; the words are kept on the ticket that they are most likely about."""
    contract = contract_for_number(gw, Channel.SMS, intake)
    if not tx.seen_before(f"courtesy:{reply.number}", at, gw.rules.sms_joins_for):
        _answer(gw, tx, contract, reply, "M-COURTESY", {"service": contract.sms_name}, at)
    for page in tx.pages(number=reply.number, states=(OPEN,))[:1]:
        ticket = tx.ticket(page.ticket)
        if ticket is not None:
            said = Contact(reply.words[:80], reply.words, "", Requester(number=reply.number), reply.number)
            add_message(tx, intake, ticket, said, lane=LANE)
            data = {"intake": str(intake.id), "sha256": intake.sha256, "lane": LANE, "channel": str(intake.channel)}
            personal = {"sender": reply.number}
            tx.record(str(ticket.number), Happening("message_joined", at, reply.person.id, None, data, personal))


def _answer(
    gw: Gateway,
    tx: Transaction,
    contract: Contract,
    reply: Reply,
    text_id: str,
    values: Mapping[str, str],
    at: datetime,
) -> None:
    """One SMS back, from the number that was texted, at a bounded rate; the automatic check needs none."""
    to = reply.number
    if contract.id == gw.rules.probe_contract or silences.is_silent(tx, to):
        return
    if text_id not in OUR_TAKE:
        recent = tx.dispatches(to=to, kind=DispatchKind.NOTICE, channel=Channel.SMS, since=at - HOUR, limit=100)
        if sum(1 for each in recent if each.facts.get("text_id") == text_id) >= MOST_ANSWERS:
            return
    telling.owe_sms(gw, tx, contract, text_id=text_id, values=values, to=to, at=at, sender=reply.ours)
