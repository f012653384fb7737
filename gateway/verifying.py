"""Who may change a ticket by mail: a gate in front of joining (P13, B-053, B-066).

A new request is always a ticket, whoever sent it; one whose sender nobody can verify says so. A mail that would join a
ticket and is not verified waits as *unverified*: the ticket's history notes that it is there, nothing else changes, and
somebody at the desk lets it in or makes a request of its own of it. Where nobody looks (no `[authentication]`) there is
no gate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from gateway import journal, telling
from gateway.domain.authentication import Finding, Method, Result, Standing, Verdict, with_retry
from gateway.domain.certified import Kind
from gateway.domain.errors import StoreError
from gateway.domain.hours import opening
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.priority import is_urgent
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import Mark
from gateway.telling import NOBODY
from gateway.tickets import DeskError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gateway.authenticating import Authenticator
    from gateway.contacts import Contact
    from gateway.domain.certified import CertifiedReading
    from gateway.domain.intake import Intake
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

DAY = timedelta(days=1)
LOOKED_AT_ONCE = 8
UNVERIFIED = (Mark.UNVERIFIED_SENDER, Mark.FORGED_SENDER)


class Way(Enum):
    """What becomes of a mail that would join a ticket."""

    JOINS = auto()
    WAITS = auto()
    APART = auto()


# -------------------------------------------------------------------------------------------------- looking at senders


def look(gw: Gateway, intakes: Sequence[Intake]) -> Mapping[int, Verdict]:
    """What is known of the senders of these, by intake; nothing where nobody looks. With no transaction open."""
    if gw.authenticator is None or not intakes:
        return {}
    found = gw.authenticator.verdicts(intakes, gw.clock.now())
    return {verdict.intake: verdict for verdict in found}


def settled(
    tx: Transaction, intake: Intake, looked: Verdict | None, certified: CertifiedReading | None
) -> Verdict | None:
    """What counts of an intake's sender, kept beside it; None where nobody looks.

    What somebody at the desk decided, or an earlier look verified, stands against a later look. Of certified mail the
    provider's signature decides; an envelope that certifies nobody verifies nobody.
    """
    tried = intake.attempts > 1 or intake.reason is not None
    stored = tx.verdict(intake.id) if tried else None
    if stored is not None and (stored.by is not None or stored.may_act):
        return stored
    if looked is None:
        return stored
    verdict = _of_envelope(looked, certified)
    tx.keep_verdict(verdict, first=not tried)
    return verdict


def _of_envelope(looked: Verdict, certified: CertifiedReading | None) -> Verdict:
    if certified is None or certified.kind is Kind.ORDINARY:
        return looked
    holds = certified.kind is Kind.TRANSPORT and certified.is_believed
    why = "; ".join(certified.doubts)[:200] if not holds else ""
    found = Finding(Method.PEC, Result.PASS if holds else Result.FAIL, "", why)
    known = Standing.VERIFIED if holds else Standing.UNVERIFIED
    return replace(looked, standing=known, source="pec", findings=(found,), again_at=None)


def marked(contact: Contact, verdict: Verdict | None) -> Contact:
    """The contact with what is known of its sender: in the history, and as a mark where a person must verify it."""
    if verdict is None:
        return contact
    facts = (("sender_is", str(verdict.standing)), ("looked_at", f"{verdict.source}: {verdict.summary}"))
    marks = _marks_for(verdict)
    if marks and verdict.by is None:
        marks = (*marks, Mark.TO_VERIFY)
    return replace(
        contact,
        marks=tuple(dict.fromkeys((*contact.marks, *marks))),
        clause_facts=(*contact.clause_facts, *facts),
    )


def _marks_for(verdict: Verdict) -> tuple[str, ...]:
    if verdict.may_act:
        return ()
    return (Mark.FORGED_SENDER,) if verdict.standing is Standing.FORGED else (Mark.UNVERIFIED_SENDER,)


# ------------------------------------------------------------------------------------------------------------ the gate


def way(gw: Gateway, ticket: Ticket | None, contact: Contact, verdict: Verdict | None, at: datetime) -> Way:
    """Whether a mail may join the ticket that it names.

    Nobody sleeps through what waits: outside hours an unverified mail with an urgent word is a request of its own, and
    whoever is on call is woken by the rules for every new request.
    """
    if ticket is None:
        return Way.APART
    if verdict is None or verdict.may_act:
        return Way.JOINS
    if verdict.by is not None:
        return Way.APART
    contract = gw.rules.contract(ticket.contract)
    urgent = not contact.wakes_nobody and is_urgent(contract.priority, "", contact.new_text)
    return Way.APART if urgent and not opening(contract, at).is_open else Way.WAITS


def naming(contact: Contact, ticket: Ticket | None, way: Way) -> Contact:
    """What is filed apart says in its own history which ticket it names; that one's does not change."""
    if ticket is None or way is not Way.APART:
        return contact
    return replace(contact, clause_facts=(*contact.clause_facts, ("names", str(ticket.number))))


def hold(  # noqa: PLR0913 - what waits for what, since when, and who is told
    gw: Gateway,
    tx: Transaction,
    intake: Intake,
    ticket: Ticket,
    verdict: Verdict,
    at: datetime,
    *,
    name: str,
    tells: bool = True,
) -> IntakeState:
    """The mail of `name` waits. Its ticket's history says so; its supervisors are told, once a day and ticket."""
    tx.settle_intake(intake.id, IntakeState.UNVERIFIED, f"{ticket.number}: {verdict.summary}"[:200])
    tx.keep_verdict(replace(verdict, ticket=ticket.number))
    data = {
        "intake": str(intake.id),
        "sha256": intake.sha256,
        "sender_is": str(verdict.standing),
        "looked_at": f"{verdict.source}: {verdict.summary}",
    }
    tx.record(str(ticket.number), Happening("mail_unverified", at, NOBODY, None, data, {"sender": name}))
    if tells and not tx.seen_before(f"unverified:{ticket.number}", at, DAY):
        _tell(gw, tx, ticket, intake, at)
    return IntakeState.UNVERIFIED


def _tell(gw: Gateway, tx: Transaction, ticket: Ticket, intake: Intake, at: datetime) -> None:
    contract = gw.rules.contract(ticket.contract)
    problem = gw.rules.phrase(contract, "P-UNVERIFIED", intake=str(intake.id))
    telling.alarm_note(gw, tx, ticket, contract, problem, at)


# ------------------------------------------------------------------------------------------------------- looking again


def look_again(gw: Gateway) -> int:
    """Repeat every look that failed for now and whose time has come; how many there were (C-38)."""
    looker, now = gw.authenticator, gw.clock.now()
    if looker is None:
        return 0
    due = gw.store.read(lambda reading: reading.verdicts(due_by=now, limit=LOOKED_AT_ONCE))
    for verdict in due:
        _look_again_at(gw, looker, verdict.intake, now)
    return len(due)


def _look_again_at(gw: Gateway, looker: Authenticator, intake_id: int, now: datetime) -> None:
    """One look in a step of its own."""
    try:
        intake = gw.store.read(lambda reading: reading.intake(intake_id, raw=True))
        if intake is not None:
            found = looker.verdict(intake, now)
            gw.store.write(lambda tx: _looked_again(tx, found, now))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of the step: journalled, and every other one is looked at
        journal.loop_failed(f"look again at {intake_id}", error)
        gw.store.write(lambda tx: _put_off(tx, intake_id, now))


def _put_off(tx: Transaction, intake_id: int, at: datetime) -> None:
    """A look that could not be written down counts as one that failed: it is not repeated for ever."""
    known = tx.verdict(intake_id)
    if known is not None and known.again_at is not None:
        tx.keep_verdict(with_retry(replace(known, tries=known.tries + 1, at=at)))


def _looked_again(tx: Transaction, found: Verdict, at: datetime) -> None:
    known = tx.verdict(found.intake)
    if known is None or known.again_at is None or known.by is not None:
        return  # somebody decided meanwhile
    verdict = with_retry(replace(found, tries=known.tries + 1, ticket=known.ticket, at=at))
    tx.keep_verdict(verdict)
    intake = tx.intake(verdict.intake)
    if intake is None:
        return
    if intake.state is IntakeState.UNVERIFIED:
        if verdict.may_act:
            _let_in(tx, intake, verdict, "sender_verified", NOBODY, at)
    elif intake.channel is not Channel.PEC:
        for number in tx.tickets_of(intake.id):
            _mark_again(tx, number, verdict, at)


def _mark_again(tx: Transaction, number: int, verdict: Verdict, at: datetime) -> None:
    """The marks of a ticket that was filed before anybody knew who sent it."""
    ticket = tx.ticket(number)
    if ticket is None or not set(UNVERIFIED) & set(ticket.marks):
        return
    marks = [mark for mark in ticket.marks if mark not in UNVERIFIED]
    if verdict.may_act and Mark.UNREADABLE not in marks and Mark.TO_VERIFY in marks:
        marks.remove(Mark.TO_VERIFY)
    wanted = (*marks, *_marks_for(verdict))
    if set(wanted) != set(ticket.marks):
        tx.change_ticket(number, marks=wanted)
        data = {"intake": str(verdict.intake), "sender_is": str(verdict.standing), "looked_at": verdict.summary}
        tx.record(str(number), Happening("sender_looked_at_again", at, NOBODY, None, data))


# ------------------------------------------------------------------------------------------------------------ the desk


def accept(tx: Transaction, intake_id: int, by: Person, at: datetime) -> Intake:
    """Somebody at the desk vouches for a mail that waits: it joins its ticket as any other.

    Raises:
        DeskError: there is no such intake, or it does not wait.
    """
    intake, verdict = _waiting(tx, intake_id)
    vouched = replace(verdict, standing=Standing.VOUCHED, source="desk", by=by.id, at=at, again_at=None)
    return _let_in(tx, intake, vouched, "mail_accepted", by.id, at)


def file_apart(tx: Transaction, intake_id: int, by: Person, at: datetime) -> Intake:
    """Somebody at the desk makes a request of its own of a mail that waits: its ticket does not change.

    Raises:
        DeskError: there is no such intake, or it does not wait.
    """
    intake, verdict = _waiting(tx, intake_id)
    return _let_in(tx, intake, replace(verdict, by=by.id, at=at, again_at=None), "mail_filed_apart", by.id, at)


def _waiting(tx: Transaction, intake_id: int) -> tuple[Intake, Verdict]:
    intake, verdict = tx.intake(intake_id), tx.verdict(intake_id)
    if intake is None:
        raise DeskError(f"there is no intake {intake_id}")
    if intake.state is not IntakeState.UNVERIFIED or verdict is None:
        raise DeskError(f"intake {intake_id} is {intake.state}: only one that is unverified waits for this")
    return intake, verdict


def _let_in(tx: Transaction, intake: Intake, verdict: Verdict, what: str, by: str, at: datetime) -> Intake:
    """It waits to be filed, and this time its verdict stands."""
    tx.keep_verdict(replace(verdict, ticket=None))
    tx.reopen_intake(intake.id, at)
    chain = str(verdict.ticket) if verdict.ticket else SYSTEM
    data = {"intake": str(intake.id), "sha256": intake.sha256, "sender_is": str(verdict.standing)}
    tx.record(chain, Happening(what, at, by, None, data))
    return tx.intake(intake.id) or intake
