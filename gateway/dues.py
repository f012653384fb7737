"""By when something must have happened on a ticket: the times it keeps, when they move, and who is warned.

One `term` timer stands for a ticket that owes something; its facts say of which terms somebody has been warned, and so
does the register when they are counted again. A term stands still only while the ticket waits for a reason that its
contract allows; the register has why, since when, and the message that asked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import telling
from gateway.domain import owed, replies
from gateway.domain.clocks import FOREVER
from gateway.domain.decision import Mode
from gateway.domain.explaining import explained
from gateway.domain.hours import opening
from gateway.domain.phrases import deadline, term_name
from gateway.domain.provisions import Of, Suspension
from gateway.domain.register import Happening
from gateway.domain.ticket import CLOSED_STATES, Act, Standing, TicketState, after
from gateway.domain.visits import VisitState
from gateway.telling import NOBODY
from gateway.tickets import DeskError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.domain.terms import Due
    from gateway.domain.ticket import Ticket, Timer
    from gateway.domain.visits import Visit
    from gateway.ports import Gateway, Reading, Transaction

TERM = "term"
NEAR, MISSED = "near", "missed"
_STAGES = {"term_near": NEAR, "term_missed": MISSED}
A_WEEK, TWO_DAYS, FOUR_HOURS = timedelta(days=7), timedelta(days=2), timedelta(hours=4)
WAITS = {Suspension.WAITING_REQUESTER: Act.WAIT_REQUESTER, Suspension.WAITING_CLIENT: Act.WAIT_CLIENT}
WAITING = (TicketState.WAITING_REQUESTER, TicketState.WAITING_CLIENT)


# ------------------------------------------------------------------------------------------------- what is due, and why


def dues_of(gw: Gateway, reading: Reading, ticket: Ticket) -> Mapping[Of, Due]:
    """Every term that runs for a ticket, by the version of its contract that it keeps, and how it is counted.

    Of several visits that are reserved the one that is due first; one that was made is not owed any more.
    """
    contract = gw.rules.contract(ticket.contract, ticket.version)
    found = dict(owed.dues(contract, ticket))
    visits = [due for _, due in _visit_dues(gw, reading, ticket)]
    return found | ({Of.ON_SITE: min(visits, key=lambda due: due.at or FOREVER)} if visits else {})


def _visit_dues(gw: Gateway, reading: Reading, ticket: Ticket) -> list[tuple[Visit, Due]]:
    """The visits that are reserved, oldest first, each with its own due time."""
    if ticket.mode != Mode.ON_SITE:
        return []
    visits = reading.visits(ticket=ticket.number, states=(VisitState.RESERVED,))
    entries = reading.entries(str(ticket.number)) if visits else []
    admitted = {entry.data.get("visit"): entry.at for entry in entries if entry.type == "visit_admitted"}
    contract = gw.rules.contract(ticket.contract, ticket.version)
    found = []
    for visit in visits:
        since = admitted.get(str(visit.id), visit.requested_at)
        due = owed.visit_due(contract, ticket, visit, since, gw.rules.place_named)
        found += [(visit, due)] if due else []
    return found


def recounted(gw: Gateway, tx: Transaction, ticket: Ticket) -> Ticket:
    """The ticket with its due times counted again, those of its visits too, and the timer set for the next of them."""
    dues = dues_of(gw, tx, ticket)
    changed = tx.change_ticket(ticket.number, due={str(of): due.at for of, due in dues.items() if due.at})
    for visit, due in _visit_dues(gw, tx, ticket):
        if visit.due_at != due.at:
            tx.change_visit(visit.id, due_at=due.at)
    watch_again(tx, changed)
    return changed


# ------------------------------------------------------------------------------------------------------------ warnings


def warn_at(received_at: datetime, due_at: datetime) -> datetime:
    """When somebody is warned of a term that nobody has met: a quarter of its time before it ends.

    But not earlier than four hours before, of a term longer than a week two days before.
    """
    whole = due_at - received_at
    return due_at - min(whole / 4, TWO_DAYS if whole > A_WEEK else FOUR_HOURS)


def watch(tx: Transaction, ticket: Ticket, told: Mapping[str, str]) -> None:
    """Set the timer for the next warning that a ticket may need; none when nothing is owed any more."""
    instants = []
    for of, due_at in ticket.due.items():
        if owed.is_met(of, ticket) or told.get(of) == MISSED:
            continue
        instants.append(due_at if told.get(of) == NEAR else warn_at(ticket.received_at, due_at))
    if instants:
        tx.set_timer(TERM, ticket.number, min(instants), told)
    else:
        tx.drop_timer(TERM, ticket.number)


def watch_again(tx: Transaction, ticket: Ticket) -> None:
    """Watch what is due on a ticket, from the register on: counted again, or open again after its conclusion."""
    watch(tx, ticket, _told_of(tx, ticket))


def _told_of(reading: Reading, ticket: Ticket) -> dict[str, str]:
    """Of which terms somebody has been warned, as they are due now; one that has moved since is warned of anew.

    The register says so: there is no timer any more where nothing was left to warn of.
    """
    told: dict[str, str] = {}
    for entry in reading.entries(str(ticket.number)):
        stage = _STAGES.get(entry.type)
        if stage and ticket.due.get(of := entry.data["of"]) == datetime.fromisoformat(entry.data["due"]):
            told[of] = stage
    return told


def fall_due(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """A term is about to be missed, or was: the supervisors are told, once of each (DESIGN, "The one flow")."""
    ticket = tx.ticket(int(timer.ticket or 0))
    if ticket is None:
        tx.drop_timer(TERM, int(timer.ticket or 0))
        return
    told = dict(timer.facts)
    visits = tx.visits(ticket=ticket.number) if Of.ON_SITE in ticket.due else []
    for of, due_at in ticket.due.items():
        stage = MISSED if at >= due_at else NEAR if at >= warn_at(ticket.received_at, due_at) else None
        if stage is None or told.get(of) in (stage, MISSED) or owed.is_met(of, ticket, visits):
            continue
        told[of] = stage
        _warn(gw, tx, ticket, Of(of), stage, at)
    met = {of: MISSED for of in ticket.due if owed.is_met(of, ticket, visits)}
    watch(tx, ticket, told | met)


def _warn(gw: Gateway, tx: Transaction, ticket: Ticket, of: Of, stage: str, at: datetime) -> None:
    contract = gw.rules.contract(ticket.contract, ticket.version)
    due = dues_of(gw, tx, ticket).get(of)
    if due is None or due.at is None or due.on is None:
        return
    values = replies.values(contract, ticket, opening(contract, at), at) | {
        "term_name": term_name(of, contract.language),
        "due": deadline(due.at, due.on, contract.language),
        "clause": due.clause,
        "explained": "\n".join(explained(due, contract.language)),
    }
    text_id = "T-TERM-NEAR" if stage == NEAR else "T-TERM-MISSED"
    telling.alarm(gw, tx, contract, text_id=text_id, values=values, at=at, ticket=ticket)
    data = {"of": str(of), "due": due.at.isoformat()}
    tx.record(str(ticket.number), Happening(f"term_{stage}", at, NOBODY, due.clause, data))


# ---------------------------------------------------------------------------------------------------------- suspension


def waits_for(ticket: Ticket) -> Suspension | None:
    """What a ticket waits for now, or None."""
    if not ticket.suspensions or ticket.suspensions[-1].ends_at is not None:
        return None
    return Suspension(ticket.suspensions[-1].reason)


def may_wait(gw: Gateway, ticket: Ticket, reason: Suspension) -> None:
    """Refuse what would let a term stand still without a right to it.

    Raises:
        DeskError: the contract does not allow the reason, the ticket waits already, or it is concluded.

    Source: DOMAIN 2, "Suspension".
    """
    contract = gw.rules.contract(ticket.contract, ticket.version)
    if reason not in contract.suspensions:
        allowed = ", ".join(contract.suspensions) or "nothing"
        clause = contract.clauses.of("suspension")
        raise DeskError(
            f"{contract.id} lets no term stand still for {reason} (clause {clause}); it does for: {allowed}"
        )
    waits = waits_for(ticket)
    if waits is not None:
        raise DeskError(
            f"ticket {ticket.number} waits for {waits} already; end that with: ticket resume {ticket.number}"
        )
    if ticket.state in CLOSED_STATES:
        raise DeskError(f"ticket {ticket.number} is {ticket.state}: nothing runs that could stand still")


def suspend(
    gw: Gateway, tx: Transaction, ticket: Ticket, reason: Suspension, *, message: int | None, by: str, at: datetime
) -> Ticket:
    """The ticket waits from now on, and its terms stand still. `message` is the one that asked.

    Raises:
        DeskError: as `may_wait`.
        StateError: nobody has taken the ticket, so nobody can wait for an answer to it.
    """
    may_wait(gw, ticket, reason)
    state = after(ticket.state, WAITS[reason]) if reason in WAITS else ticket.state
    pauses = (*ticket.suspensions, Standing(str(reason), at, None, message))
    changed = recounted(gw, tx, tx.change_ticket(ticket.number, state=state, suspensions=pauses))
    data = {"reason": str(reason), "message": str(message or ""), **_instants("before", ticket)}
    clause = gw.rules.contract(ticket.contract, ticket.version).clauses.of("suspension")
    tx.record(str(ticket.number), Happening("suspended", at, by, clause, data))
    return changed


def resume(gw: Gateway, tx: Transaction, ticket: Ticket, *, by: str, at: datetime) -> Ticket:
    """The ticket waits no longer: its terms run on, and end so much later.

    Raises:
        DeskError: it does not wait.
    """
    waits = waits_for(ticket)
    if waits is None:
        raise DeskError(f"ticket {ticket.number} does not wait for anything")
    *earlier, last = ticket.suspensions
    state = after(ticket.state, Act.TAKE) if ticket.state in WAITING else ticket.state
    pauses = (*earlier, replace(last, ends_at=at))
    changed = recounted(gw, tx, tx.change_ticket(ticket.number, state=state, suspensions=pauses))
    data = {"reason": str(waits), "since": last.starts_at.isoformat(), **_instants("due", changed)}
    clause = gw.rules.contract(ticket.contract, ticket.version).clauses.of("suspension")
    tx.record(str(ticket.number), Happening("resumed", at, by, clause, data))
    return changed


def _instants(name: str, ticket: Ticket) -> dict[str, str]:
    return {f"{name}.{of}": due_at.isoformat() for of, due_at in sorted(ticket.due.items())}


def no_longer_waiting(gw: Gateway, tx: Transaction, ticket: Ticket, *, by: str, at: datetime) -> Ticket:
    """The ticket, waiting for nobody's answer any more: it goes on to something else, and its terms with it."""
    return resume(gw, tx, ticket, by=by, at=at) if ticket.state in WAITING else ticket


def answered(gw: Gateway, tx: Transaction, ticket: Ticket, lane: str, at: datetime) -> None:
    """Whoever was waited for wrote: the ticket waits no longer, whatever they wrote."""
    awaited = {"requester": Suspension.WAITING_REQUESTER, "client": Suspension.WAITING_CLIENT}.get(lane)
    if awaited is not None and waits_for(ticket) is awaited:
        resume(gw, tx, ticket, by=lane, at=at)
