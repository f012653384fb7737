"""Who works on a request: somebody with the skills that the contract asks for, or the reason why not (C3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import dues, paging, telling
from gateway.domain.dispatch import DispatchKind
from gateway.domain.register import Happening
from gateway.domain.ticket import Act, after
from gateway.domain.wording import hour, long_date
from gateway.tickets import DeskError, contract_of, find

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction


def take(gw: Gateway, tx: Transaction, number: int, by: Person, at: datetime, *, reason: str = "") -> Ticket:
    """Take charge. Whoever was woken for it is told that it is taken; nobody is woken for it any more.

    Raises:
        DeskError: whoever takes it lacks a skill that the contract asks for, and gives no reason (C3.4).
    """
    return _given(gw, tx, find(tx, number), by, by, at, reason)


def assign(gw: Gateway, tx: Transaction, number: int, to: str, by: Person, at: datetime, *, reason: str = "") -> Ticket:
    """Give a request to somebody of the directory, who is told by mail; as taken by them from now on.

    Raises:
        DeskError: nobody has this id, or they do not work for the contract; they lack a skill that the contract asks
            for, and no reason is given (C3.4, S040).
    """
    ticket = find(tx, number)
    person, contract = gw.rules.people.get(to), contract_of(gw, ticket)
    if person is None:
        raise DeskError(f"there is nobody called {to} in people.toml; known: {', '.join(gw.rules.people)}")
    if not person.serves(contract.id):
        raise DeskError(f"{to} does not work for {contract.id}: add it to their contracts in people.toml")
    changed = _given(gw, tx, ticket, person, by, at, reason)
    if person.mail and person.id != by.id:
        _tell(gw, tx, changed, contract, person, by, at)
    return changed


def _given(gw: Gateway, tx: Transaction, ticket: Ticket, to: Person, by: Person, at: datetime, reason: str) -> Ticket:
    contract = contract_of(gw, ticket)
    lacking = _excused(contract, to, reason)
    ticket = dues.no_longer_waiting(gw, tx, ticket, by=by.id, at=at)
    changed = tx.change_ticket(ticket.number, state=after(ticket.state, Act.TAKE), owner=to.id, taken_at=at)
    data = {"medium": "desk", "before": str(ticket.owner or "")}
    if to.id != by.id:
        data["to"] = to.id
    tx.record(str(ticket.number), Happening("taken", at, by.id, data=data))
    if lacking:
        override = {"person": to.id, "skills": ",".join(lacking)}
        clause = contract.clauses.of("skills")
        tx.record(str(ticket.number), Happening("skill_overridden", at, by.id, clause, override, {"reason": reason}))
    paging.stop(gw, tx, changed, at, by=by.id)
    return changed


def _excused(contract: Contract, person: Person, reason: str) -> tuple[str, ...]:
    """The skills that the person lacks and that a reason makes up for."""
    lacking = person.lacks(contract.skills)
    if lacking and not reason.strip():
        raise DeskError(
            f"{person.id} has not the skill {', '.join(lacking)} that {contract.id} asks for "
            f"(clause {contract.clauses.of('skills')}): say why all the same with --reason, or give it to "
            "somebody who has it (skills in people.toml)"
        )
    return lacking


def _tell(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, person: Person, by: Person, at: datetime
) -> None:
    values = {
        "ticket": str(ticket.number),
        "service": contract.service_name,
        "body": contract.body_name,
        "subject": ticket.subject,
        "by": by.name,
        "date": long_date(at, contract.language),
        "time": hour(at, contract.language),
    }
    text = gw.rules.texts(contract).fill("T-ASSIGNED", values)
    kind = DispatchKind.NOTICE
    telling.owe_mail(
        gw, tx, ticket, contract, kind=kind, to=person.mail or "", text=text, at=at,
        auto=telling.AUTO_GENERATED, lane="internal",
    )  # fmt: skip
