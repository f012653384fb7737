"""On-site visits: what a request reserves, what the client decides, what the desk does with them (C3.9–C3.11).

A visit is an object of its own beside its ticket: when it was asked for, by when it is due, its place in the quota, and
in the end its report.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gateway import deciding, dues, passing_on, telling
from gateway.contacts import Contact
from gateway.domain import answers
from gateway.domain.articles import joined
from gateway.domain.decision import Became, Decision, Mode, Request
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.domain.places import place_called
from gateway.domain.priority import words_in
from gateway.domain.provisions import Of
from gateway.domain.reception import OUTSIDE_VALIDITY, decide
from gateway.domain.register import Happening
from gateway.domain.ticket import CLOSED_STATES, Action
from gateway.domain.visits import Visit, VisitAct, VisitState, after
from gateway.telling import NOBODY
from gateway.tickets import DeskError, find

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Reading, Transaction

NOT_A_VISIT = (Became.NOT_ENTITLED, Became.OUT_OF_SCOPE)
"""Whoever is not served here has no visit from here; the office in charge gets the contact."""


# --------------------------------------------------------------------------------------------- asked for by a contact


def plan(tx: Transaction, ticket: Ticket, decision: Decision, requested_at: datetime, at: datetime, by: str) -> None:
    """The visit that a request asks for is reserved, or waits for the client's decision; most ask for none."""
    if decision.mode is Mode.ON_SITE and _is_from_here(decision):
        visit = tx.add_visit(Visit(id=0, ticket=ticket.number, **_fields(ticket, decision, requested_at)))
        _record_requested(tx, visit, decision, at, by)


def _is_from_here(decision: Decision) -> bool:
    return decision.became not in NOT_A_VISIT and decision.opening.reason not in OUTSIDE_VALIDITY


def _fields(ticket: Ticket, decision: Decision, requested_at: datetime) -> dict[str, Any]:
    due = decision.owed.get(Of.ON_SITE)
    return {
        "contract": ticket.contract,
        "phase": decision.phase.id if decision.phase else None,
        "site": decision.site.id if decision.site else "",
        "state": VisitState.RESERVED if decision.became is Became.ACCEPTED else VisitState.ASKED,
        "became": str(decision.became),
        "requested_at": requested_at,
        "due_at": due.at if due else None,
    }


def _record_requested(tx: Transaction, visit: Visit, decision: Decision, at: datetime, by: str) -> None:
    data = {"visit": str(visit.id), "site": visit.site, "state": str(visit.state), "outcome": visit.became}
    data |= {"phase": visit.phase or "", "due": visit.due_at.isoformat() if visit.due_at else ""}
    if decision.quota:
        taken = decision.quota.used + decision.quota.reserved + (visit.state is VisitState.RESERVED)
        data["quota"] = f"{taken}/{decision.quota.count}"
    wish = decision.contract.on_site
    clause = wish.clause if wish and decision.became is Became.ACCEPTED else answers.ruling_clause(decision)
    tx.record(str(visit.ticket), Happening("visit_requested", at, by, clause, data))


# ---------------------------------------------------------------------------------- asked for on a ticket that there is


def request(gw: Gateway, tx: Transaction, number: int, site: str | None, by: Person, at: datetime) -> Visit:
    """The desk makes of a ticket a request for a visit, from now on (S039): reserved, or the client is asked.

    Raises:
        DeskError: no such ticket or it is concluded, the contract provides no visits, or not to this requester.
    """
    ticket = find(tx, number)
    contract = gw.rules.contract(ticket.contract, ticket.version)
    if contract.on_site is None:
        raise DeskError(f"{contract.id} provides no on-site visits (clause {contract.clause})")
    if ticket.state in CLOSED_STATES:
        raise DeskError(f"ticket {ticket.number} is {ticket.state}; reopen it first")
    # The row comes first: on several nodes it is what makes the next request wait for this one's place in the quota.
    visit = tx.add_visit(Visit(0, ticket.number, contract.id, None, "", VisitState.ASKED, "", at, None))
    decision = _decision(gw, tx, ticket, site, at)
    if not _is_from_here(decision):
        clause = answers.ruling_clause(decision)
        raise DeskError(f"ticket {ticket.number} can have no visit: {decision.became} (clause {clause})")
    return _asked(gw, tx, visit, ticket, decision, first_contact(tx, ticket), at, by.id)


def spoken(gw: Gateway, tx: Transaction, ticket: Ticket, contact: Contact, at: datetime) -> None:
    """Whoever asked says later that somebody should come, on the line or by mail: any wording will do (C3.20)."""
    contract = gw.rules.contract(ticket.contract, ticket.version)
    wish = contract.on_site
    if wish is None or ticket.mode == Mode.ON_SITE or ticket.became != Became.ACCEPTED:
        return
    if not words_in(wish.words, "", contact.new_text):
        return
    decision = _decision(gw, tx, ticket, None, at, contact.new_text)
    if _is_from_here(decision):
        visit = tx.add_visit(Visit(id=0, ticket=ticket.number, **_fields(ticket, decision, at)))
        _asked(gw, tx, visit, ticket, decision, contact, at, NOBODY)


def _asked(  # noqa: PLR0913, PLR0917 - who asks for what on which ticket, and the row that was kept for it
    gw: Gateway,
    tx: Transaction,
    visit: Visit,
    ticket: Ticket,
    decision: Decision,
    contact: Contact,
    at: datetime,
    by: str,
) -> Visit:
    """What the decision makes of it: the visit, its due time, the answer, and whoever decides for the client."""
    visit = tx.change_visit(visit.id, **_fields(ticket, decision, at))
    _record_requested(tx, visit, decision, at, by)
    ticket = tx.change_ticket(ticket.number, mode=str(Mode.ON_SITE), site=visit.site)
    ticket = dues.recounted(gw, tx, ticket)
    _tell_requester(gw, tx, ticket, decision, at)
    passing_on.pass_on(gw, tx, replace(ticket, received_at=at), decision, contact, at)
    return visit


def _decision(gw: Gateway, tx: Transaction, ticket: Ticket, site: str | None, at: datetime, text: str = "") -> Decision:
    contract, who = gw.rules.contract(ticket.contract, ticket.version), ticket.requester
    wish = Request(
        Channel.DESK, at, who.address, who.number, who.person, text=text, site=site, on_site=True, group=ticket.party
    )
    return decide(contract, wish, deciding.uses_of(tx, contract), gw.rules.place_named)


def first_contact(reading: Reading, ticket: Ticket) -> Contact:
    """What the requester wrote first: what whoever decides has to read."""
    written = [message for message in reading.messages(ticket.number) if message.direction == "in"]
    text = written[0].text if written else ""
    files = tuple(reading.attachments(written[0].id)) if written else ()
    return Contact(ticket.subject, text, text, ticket.requester, ticket.requester.address, attachments=files)


def _tell_requester(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, at: datetime) -> None:
    """The answer in the ticket's thread; who has no mailbox is telephoned."""
    text_id, contract = answers.written_id(decision), decision.contract
    if text_id is None or not ticket.requester.address:
        return
    asked = replace(ticket, received_at=at)  # the text speaks of the request for the visit
    text = answers.written(gw.rules.texts(contract), decision, text_id, asked, at)
    telling.owe_reply(gw, tx, ticket, contract, kind=DispatchKind.REPLY, text=text, at=at)


# -------------------------------------------------------------------------------------------- decided and carried out


def admit(gw: Gateway, tx: Transaction, visit_id: int, reference: str, by: Person, at: datetime) -> Visit:
    """The client authorised a visit that was not admitted: reserved, its term runs from now on (S052, S053).

    Raises:
        DeskError: there is no such visit, or no reference of the authorisation.
        VisitError: it does not wait for a decision.
    """
    visit = _find(tx, visit_id)
    if not reference.strip():
        raise DeskError("an authorisation has a reference (--reference): the client's letter or mail, with its date")
    state = after(visit.state, VisitAct.ADMIT)
    ticket = find(tx, visit.ticket)
    decision = _decision(gw, tx, ticket, visit.site or None, at)
    granted = replace(decision, became=Became.ACCEPTED, answer="T-ONSITE", ask=None)
    tx.change_visit(visit.id, state=state)
    data = {"visit": str(visit.id), "site": visit.site, "outcome": visit.became}
    clause = answers.ruling_clause(decision)
    happening = Happening("visit_admitted", at, by.id, clause, data, {"reference": reference})
    tx.record(str(visit.ticket), happening)
    ticket = dues.recounted(gw, tx, ticket)
    _tell_requester(gw, tx, ticket, granted, at)
    return _find(tx, visit_id)


def carry_out(
    gw: Gateway, tx: Transaction, visit_id: int, report: str, by: Person, at: datetime, *, failed: bool = False
) -> Visit:
    """The visit was made, and its report is an action; `failed`: it came to nothing.

    It keeps its place in the quota, a failed one unless the contract gives that back (A3.8).

    Raises:
        DeskError: there is no such visit, or no report.
        VisitError: it was not reserved.
    """
    visit = _find(tx, visit_id)
    if not report.strip():
        raise DeskError("a visit that was made has a report (--report): what was done and what came of it")
    state = after(visit.state, VisitAct.FAIL if failed else VisitAct.CARRY_OUT)
    changed = tx.change_visit(visit.id, state=state, closed_at=at, by=by.id, report=report)
    contract = _contract_of(gw, tx, visit)
    tx.add_action(Action(visit.ticket, at, at, by.id, by.role_words, _named(gw, contract, visit), report))
    in_time = "" if visit.due_at is None else "yes" if at <= visit.due_at else "no"
    data = {"visit": str(visit.id), "site": visit.site, "state": str(state), "in_time": in_time}
    happening = Happening("visit_done", at, by.id, contract.clauses.of("on_site"), data, {"report": report})
    tx.record(str(visit.ticket), happening)
    dues.recounted(gw, tx, find(tx, visit.ticket))
    return changed


def cancel(gw: Gateway, tx: Transaction, visit_id: int, reason: str, by: Person, at: datetime) -> Visit:
    """The visit is not made: cancelled before departure, it gives its place in the quota back (A3.8, C3.10).

    Unless the contract says that it does not.

    Raises:
        DeskError: there is no such visit.
        VisitError: it was made, or is cancelled already.
    """
    visit = _find(tx, visit_id)
    changed = tx.change_visit(visit.id, state=after(visit.state, VisitAct.CANCEL), closed_at=at, by=by.id)
    data = {"visit": str(visit.id), "site": visit.site, "before": str(visit.state)}
    clause = _contract_of(gw, tx, visit).clauses.of("quotas")
    tx.record(str(visit.ticket), Happening("visit_cancelled", at, by.id, clause, data, {"reason": reason}))
    dues.recounted(gw, tx, find(tx, visit.ticket))
    return changed


def _contract_of(gw: Gateway, reading: Reading, visit: Visit) -> Contract:
    """The contract in the version that the visit's ticket keeps."""
    return gw.rules.contract(visit.contract, find(reading, visit.ticket).version)


def _named(gw: Gateway, contract: Contract, visit: Visit) -> str:
    """The visit as an action of its ticket: `Intervento on-site n. 3 presso il Comune di Sassari`."""
    place = place_called(contract, visit.site, gw.rules.place_named).name if visit.site else ""
    if contract.language == "en":
        return f"On-site visit no. {visit.id}" + (f" at {place}" if place else "")
    return f"Intervento on-site n. {visit.id}" + (f" {joined('presso', place)}" if place else "")


def _find(reading: Reading, visit_id: int) -> Visit:
    visit = reading.visit(visit_id)
    if visit is None:
        raise DeskError(f"there is no visit {visit_id}; see: visit list")
    return visit
