"""What we send by certified mail: by which medium an answer goes, how much its receipt carries, and its ledger line.

A line is written in the commit that owes the message, so that no receipt can come before it (X4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.certified import ReceiptType
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.domain.ledger import Line, LineState
from gateway.domain.ticket import Mark

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

CONTRACTUAL = (DispatchKind.ESCALATION, DispatchKind.DECISION)
"""What must be provable with its content: the receipt carries the whole message (DOMAIN §8)."""
RECEIPT_TYPE = "receipt_type"
"""The fact of a dispatch that asks for it."""
NOT_CERTIFIED = "what came was not certified"
NO_ACCOUNT = "no certified account to send from"


def receipt_type(kind: DispatchKind) -> ReceiptType:
    """How much of the message its receipt of delivery is to carry."""
    return ReceiptType.COMPLETE if kind in CONTRACTUAL else ReceiptType.SHORT


def asking_for(kind: DispatchKind) -> tuple[tuple[str, str], ...]:
    """The header that asks the provider for that receipt."""
    return (("X-TipoRicevuta", str(receipt_type(kind))),)


def medium(gw: Gateway, ticket: Ticket, contract: Contract) -> Channel:
    """By which medium the requester is answered: a PEC by PEC (S031).

    Ordinary mail that came to the certified mailbox is answered by ordinary mail, and so is everything where no
    certified account to send from is configured.
    """
    if ticket.channel != Channel.PEC or Mark.NOT_CERTIFIED in ticket.marks:
        return Channel.MAIL
    return Channel.PEC if sender(gw, contract) else Channel.MAIL


def why_by_mail(gw: Gateway, ticket: Ticket, contract: Contract) -> str | None:
    """Why who wrote to a certified mailbox is answered by ordinary mail; None when that is not so."""
    if ticket.channel != Channel.PEC or medium(gw, ticket, contract) is Channel.PEC:
        return None
    return NOT_CERTIFIED if Mark.NOT_CERTIFIED in ticket.marks else NO_ACCOUNT


def sender(gw: Gateway, contract: Contract) -> str:
    """The certified address that a contract's mail is sent from, when there is an account for it; else empty."""
    address = contract.address_of(Channel.PEC) or ""
    return address if address.casefold() in gw.rules.pec_senders else ""


def open_line(tx: Transaction, dispatch: Dispatch, at: datetime) -> None:
    """The ledger line of a certified message that we owe; one that failed begins again."""
    if dispatch.channel is not Channel.PEC:
        return
    known = tx.lines(dispatch=dispatch.id)
    for line in known:
        tx.change_line(line.id, state=LineState.SENT, sent_at=at, state_at=None, reason="", told=(), is_external=False)
    if not known:
        tx.add_line(
            Line(
                id=0,
                dispatch=dispatch.id,
                ticket=dispatch.ticket,
                recipient=dispatch.to,
                message_id=dispatch.facts["message_id"],
                state=LineState.SENT,
                sent_at=at,
            )
        )
