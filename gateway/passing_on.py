"""Who else is told of a contact: the office that is in charge of it, whoever decides for the client, the supervisors.

What goes there and what comes back has a lane of its own, `client`: it never reaches the requester by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import telling
from gateway.domain import answers, replies
from gateway.domain.decision import Became
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import is_valid_on, local, opening
from gateway.domain.owed import NOBODY_OWES
from gateway.domain.phrases import attachment_names, requester_line
from gateway.domain.reception import OUTSIDE_VALIDITY
from gateway.domain.register import Happening
from gateway.domain.ticket import Mark
from gateway.telling import AUTO_GENERATED, NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.contract import Contract
    from gateway.domain.decision import Decision
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.provisions import Office
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

CLIENT = "client"
"""The lane of what goes to the client's offices."""


def pass_on(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, contact: Contact, at: datetime) -> None:
    """The contact goes to whoever is in charge, and whoever decides is asked (C3.9, C3.10, C3.12, C7.6, C10.11, S009).

    What nobody could read yet waits for the person who opens it.
    """
    if Mark.UNREADABLE in ticket.marks:
        return
    for office in (decision.forward_to, decision.ask):
        if office:
            _write(gw, tx, ticket, decision, contact, office, at)
    if _is_outside(decision) and decision.ask is None and not contact.wakes_nobody:
        _alarm_nobody_decides(gw, tx, ticket, decision, at)
    _warn_of_quota(gw, tx, ticket, decision, at)


def _is_outside(decision: Decision) -> bool:
    return decision.opening.reason in OUTSIDE_VALIDITY


def _write(
    gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, contact: Contact, office: Office, at: datetime
) -> None:
    """The contact to an office: passed on, or with the question that only the client can answer."""
    asks = office is decision.ask and not _is_outside(decision)
    kind, contract = DispatchKind.DECISION if asks else DispatchKind.FORWARD, decision.contract
    catalogue = gw.rules.texts(contract)
    values = answers.told_office(catalogue, decision, office, ticket, at) | _told(gw, contact, contract)
    text = catalogue.fill("T-DECISION" if asks else "T-FORWARD", values)
    dispatch = telling.owe_mail(
        gw, tx, ticket, contract, kind=kind, to=office.mail, text=text, at=at, auto=AUTO_GENERATED, lane=CLIENT
    )
    data = {"office": office.name, "to": office.mail, "dispatch": str(dispatch.id), "outcome": str(decision.became)}
    event = "client_asked" if asks else "forwarded"
    tx.record(str(ticket.number), Happening(event, at, NOBODY, values["clause"], data))


def _told(gw: Gateway, contact: Contact, contract: Contract) -> dict[str, str]:
    """The contact as it came: who, what, and the names of what was attached."""
    return {
        "requester": requester_line(contact.requester, contract.language),
        "text": contact.text.strip() or gw.rules.phrase(contract, "P-NO-TEXT"),
        "attachments": attachment_names(contact.attachments, contract.language),
    }


def _alarm_nobody_decides(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, at: datetime) -> None:
    """Outside its validity a contract that names nobody for the client: our own supervisors are told."""
    values = answers.values(decision, ticket, at)
    problem = gw.rules.phrase(decision.contract, "P-NO-CLIENT")
    telling.alarm(
        gw, tx, decision.contract, text_id="T-ALARM-NOTE", values=values | {"problem": problem}, at=at, ticket=ticket
    )


def _warn_of_quota(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, at: datetime) -> None:
    """Four fifths of a quota are taken: the client's responsible and the supervisors are told, once (C3.10)."""
    use, contract = decision.quota, decision.contract
    if use is None or not use.warn or decision.became is not Became.ACCEPTED:
        return
    quota = use.quota
    if tx.seen_before(f"quota:{contract.id}:{quota.of}:{quota.phase}:{quota.warn_at}/{quota.count}", at):
        return
    values = answers.values(decision, ticket, at) | {"clause": quota.clause}
    office = contract.responsible
    values["office"] = office.name if office else contract.body_name
    if office:
        text = gw.rules.texts(contract).fill("T-QUOTA-WARN", values)
        kind = DispatchKind.NOTICE
        telling.owe_mail(
            gw, tx, ticket, contract, kind=kind, to=office.mail, text=text, at=at, auto=AUTO_GENERATED, lane=CLIENT
        )
    telling.alarm(gw, tx, contract, text_id="T-QUOTA-WARN", values=values, at=at, ticket=ticket)
    data = {"used": values["used"], "of": values["quota"], "phase": quota.phase}
    tx.record(str(ticket.number), Happening("quota_warned", at, NOBODY, quota.clause, data))


# ------------------------------------------------------------------------------------------------------- what follows


def follow(gw: Gateway, tx: Transaction, ticket: Ticket, contact: Contact, at: datetime) -> Dispatch | None:
    """What the requester adds to a ticket that was passed on goes the same way, in the same thread; else nothing does.

    A caller says what it is about after the call has been passed on (V-14).
    """
    contract = gw.rules.contract(ticket.contract, ticket.version)
    if ticket.became not in NOBODY_OWES and is_valid_on(contract, local(ticket.received_at).date()):
        return None
    sent = tx.dispatches(ticket=ticket.number, kind=DispatchKind.FORWARD, limit=1)
    if not sent:
        return None
    values = replies.values(contract, ticket, opening(contract, at), at) | _told(gw, contact, contract)
    text = gw.rules.texts(contract).fill("T-FORWARD-MORE", values)
    thread = [m.message_id for m in tx.messages(ticket.number) if m.lane == CLIENT and m.message_id]
    dispatch = telling.owe_mail(
        gw,
        tx,
        ticket,
        contract,
        kind=DispatchKind.FORWARD,
        to=sent[0].to,
        text=text,
        at=at,
        auto=AUTO_GENERATED,
        lane=CLIENT,
        answers=thread,
    )
    data = {"to": sent[0].to, "dispatch": str(dispatch.id)}
    tx.record(str(ticket.number), Happening("forwarded", at, NOBODY, contract.clauses.of("first_level"), data))
    return dispatch
