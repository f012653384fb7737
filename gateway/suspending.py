"""The desk lets a ticket wait, and ends that: what it asks for goes out as a message, and the terms stand still.

Only for a reason that the contract allows; waiting for the vendor is none (DOMAIN 2, "Suspension").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import dues, telling
from gateway.domain import replies
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import opening
from gateway.domain.intake import Channel
from gateway.domain.provisions import Suspension
from gateway.domain.ticket import Message
from gateway.passing_on import CLIENT
from gateway.tickets import DeskError, find

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.dispatch import Dispatch
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

REASONS = {
    "requester": Suspension.WAITING_REQUESTER,
    "client": Suspension.WAITING_CLIENT,
    "force_majeure": Suspension.FORCE_MAJEURE,
}
"""What `ticket wait --for` takes."""


def wait(gw: Gateway, tx: Transaction, number: int, reason: str, text: str, by: Person, at: datetime) -> Ticket:
    """The ticket waits from now on for what `text` asks, which goes to whoever has to answer.

    For force majeure the text is the evidence, which is kept as a note (A2.4). Whoever has no mailbox was asked by
    other means: the text is kept as a note too.

    Raises:
        DeskError: the contract does not allow the reason, the ticket waits already, or nobody decides for the client.
        StateError: nobody has taken the ticket.
    """
    ticket = find(tx, number)
    if not text.strip():
        raise DeskError("say what is asked for, or what the evidence is (--text): the register keeps it")
    dues.may_wait(gw, ticket, REASONS[reason])
    message = _asked(gw, tx, ticket, reason, text, by, at)
    return dues.suspend(gw, tx, ticket, REASONS[reason], message=message, by=by.id, at=at)


def _asked(gw: Gateway, tx: Transaction, ticket: Ticket, reason: str, text: str, by: Person, at: datetime) -> int:
    """The message that asks: its id in the ticket."""
    dispatch = None
    if reason == "client":
        dispatch = _ask_client(gw, tx, ticket, text, at)
    elif reason == "requester" and ticket.requester.address:
        dispatch = _ask_requester(gw, tx, ticket, text, at)
    if dispatch is None:
        return tx.add_message(Message(0, ticket.number, "note", Channel.DESK, "internal", by.id, (), at, "", text))
    return next(message.id for message in tx.messages(ticket.number) if message.dispatch == dispatch.id)


def _ask_requester(gw: Gateway, tx: Transaction, ticket: Ticket, text: str, at: datetime) -> Dispatch:
    contract = gw.rules.contract(ticket.contract, ticket.version)
    values = replies.values(contract, ticket, opening(contract, at), at) | {"missing": text.strip().rstrip(".")}
    filled = gw.rules.texts(contract).fill("T-ASK" if contract.phone else "T-ASK-NO-PHONE", values)
    return telling.owe_reply(gw, tx, ticket, contract, kind=DispatchKind.REPLY, text=filled, at=at)


def _ask_client(gw: Gateway, tx: Transaction, ticket: Ticket, text: str, at: datetime) -> Dispatch:
    contract = gw.rules.contract(ticket.contract, ticket.version)
    office = contract.responsible
    if office is None:
        raise DeskError(f"{contract.id} names no [responsible] of the client: there is nobody to wait for")
    values = replies.values(contract, ticket, opening(contract, at), at) | {"missing": text.strip().rstrip(".")}
    filled = gw.rules.texts(contract).fill("T-ASK-CLIENT", values | {"office": office.name})
    kind = DispatchKind.DECISION
    return telling.owe_mail(gw, tx, ticket, contract, kind=kind, to=office.mail, text=filled, at=at, lane=CLIENT)


def resume(gw: Gateway, tx: Transaction, number: int, by: Person, at: datetime) -> Ticket:
    """The ticket waits no longer; its due times have moved on by the time it waited.

    Raises:
        DeskError: it does not wait.
    """
    return dues.resume(gw, tx, find(tx, number), by=by.id, at=at)
