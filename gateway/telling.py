"""What we owe people, as dispatches: each is a row in the same commit as its cause. Nothing is sent here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import posting
from gateway.domain import correlation, replies
from gateway.domain.contract import ReplyAddress
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.hours import opening
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.texts import fit_sms
from gateway.domain.ticket import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.texts import Filled
    from gateway.domain.ticket import Page, Ticket
    from gateway.ports import Gateway, Transaction

AUTO_REPLIED = "auto-replied"
AUTO_GENERATED = "auto-generated"
NOBODY = "centralino"
"""Who did what the gateway does by itself."""


def own_address(gw: Gateway, contract: Contract, channel: Channel = Channel.MAIL) -> str:
    """The address that a contract's mail is sent from; the default contract's, or the relay's, when it has none.

    Certified mail leaves from the account of the contract's own certified address.
    """
    if channel is Channel.PEC:
        return posting.sender(gw, contract) or contract.address_of(Channel.PEC) or ""
    default = gw.rules.contracts[gw.rules.default_contract]
    return contract.address_of(Channel.MAIL) or default.address_of(Channel.MAIL) or gw.rules.mail_from


def owe_mail(  # noqa: PLR0913 - a mail has this many parts, and each is named at the call
    gw: Gateway,
    tx: Transaction,
    ticket: Ticket,
    contract: Contract,
    *,
    kind: DispatchKind,
    to: str,
    text: Filled,
    at: datetime,
    auto: str | None = None,
    lane: str = "requester",
    answers: Sequence[str] = (),
    channel: Channel = Channel.MAIL,
    not_before: datetime | None = None,
    text_id: str = "",
) -> Dispatch:
    """A mail about a ticket, with a signed Message-ID, threaded under `answers` (Message-IDs, oldest first).

    An automatic answer leaves with the null envelope sender, so that no bounce of it comes back as a request
    (RFC 3834 §3.3); certified mail only leaves with the account's own, and its ledger line is written with it (X4).
    """
    sender, key = own_address(gw, contract, channel), gw.keys.dispatch_key()
    facts = {
        "message_id": correlation.message_id(gw.rules.signing_key, ticket.number, key, sender.rpartition("@")[2]),
        "in_reply_to": answers[-1] if answers else "",
        "references": " ".join(answers[-10:]),
    }
    if text_id:
        facts["text_id"] = text_id
    if channel is Channel.PEC:
        facts |= {"from": sender, "envelope_from": sender, posting.RECEIPT_TYPE: str(posting.receipt_type(kind))}
    elif contract.reply_address is ReplyAddress.PLUS:
        facts["reply_to"] = correlation.reply_address(gw.rules.signing_key, ticket.number, sender)
    owed = _mail(
        gw, contract, key=key, kind=kind, to=to, text=text, at=at, auto=auto, ticket=ticket.number, facts=facts
    )
    dispatch = tx.add_dispatch(replace(owed, channel=channel, due_at=max(at, not_before or at)))
    posting.open_line(tx, dispatch, at)
    note_outgoing(tx, dispatch, lane=lane, message_id=dispatch.facts["message_id"])
    why = posting.why_by_mail(gw, ticket, contract) if lane == "requester" else None
    if why is not None:
        data = {"dispatch": str(dispatch.id), "why": why}
        tx.record(str(ticket.number), Happening("answered_by_mail", at, NOBODY, "X4", data))
    return dispatch


def owe_reply(
    gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, *, kind: DispatchKind, text: Filled, at: datetime
) -> Dispatch:
    """A mail to the requester, in the ticket's thread; whoever wrote by PEC is answered by PEC."""
    thread = [m.message_id for m in tx.messages(ticket.number) if m.message_id and m.lane == "requester"]
    to = ticket.requester.address
    channel = posting.medium(gw, ticket, contract)
    return owe_mail(gw, tx, ticket, contract, kind=kind, to=to, text=text, at=at, answers=thread, channel=channel)


def owe_letter(
    gw: Gateway, tx: Transaction, contract: Contract, *, kind: DispatchKind, to: str, text: Filled, at: datetime
) -> Dispatch:
    """A mail about no ticket, as a person wrote it."""
    key, facts = _unsigned(gw, contract)
    return tx.add_dispatch(
        _mail(gw, contract, key=key, kind=kind, to=to, text=text, at=at, auto=None, ticket=None, facts=facts)
    )


def _unsigned(gw: Gateway, contract: Contract) -> tuple[str, dict[str, str]]:
    """A key, and a Message-ID that leads to no ticket."""
    key = gw.keys.dispatch_key()
    return key, {"message_id": f"{key}@{own_address(gw, contract).rpartition('@')[2]}"}


def _mail(  # noqa: PLR0913 - as above
    gw: Gateway,
    contract: Contract,
    *,
    key: str,
    kind: DispatchKind,
    to: str,
    text: Filled,
    at: datetime,
    auto: str | None,
    ticket: int | None,
    facts: Mapping[str, str],
) -> Dispatch:
    """A mail as a row, from the contract's own address. `facts` are added to what every mail has."""
    sender = own_address(gw, contract)
    return Dispatch(
        id=0,
        key=key,
        kind=kind,
        channel=Channel.MAIL,
        to=to,
        state=DispatchState.DUE,
        due_at=at,
        expires_at=at + gw.rules.mail_lives,
        ticket=ticket,
        contract=contract.id,
        subject=text.subject,
        text=text.body,
        facts={
            "from": sender,
            "from_name": contract.service_name,
            "envelope_from": "" if auto == AUTO_REPLIED else sender,
            "auto": auto or "",
            **facts,
        },
        created_at=at,
    )


def note_outgoing(tx: Transaction, dispatch: Dispatch, *, lane: str, message_id: str | None = None) -> None:
    """Show what we owe as a message of the ticket."""
    if dispatch.ticket is None:
        return
    tx.add_message(
        Message(
            id=0,
            ticket=dispatch.ticket,
            direction="out",
            channel=dispatch.channel,
            lane=lane,
            sender=dispatch.facts.get("from", ""),
            recipients=(dispatch.to,),
            at=dispatch.created_at or dispatch.due_at,
            subject=dispatch.subject,
            text=dispatch.text,
            message_id=message_id,
            dispatch=dispatch.id,
        )
    )


def owe_sms(  # noqa: PLR0913 - as above
    gw: Gateway,
    tx: Transaction,
    contract: Contract,
    *,
    text_id: str,
    values: Mapping[str, str],
    to: str,
    at: datetime,
    ticket: int | None = None,
    kind: DispatchKind = DispatchKind.NOTICE,
    page: Page | None = None,
    sender: str = "",
) -> Dispatch:
    """One SMS in GSM-7, at most 160 characters, in the words of the catalogue.

    `sender`: the number of ours that an answer to a text leaves from; else the sender that the text has.
    """
    ours = gw.rules.sender_ids
    text_id = text_id if sender else ours.worded(text_id)
    told = {**values, "oncall_number": ours.calls, "phone": values.get("phone") or ours.calls}
    text = fit_sms(gw.rules.texts(contract).text(text_id), told, septets=gw.septets)
    return tx.add_dispatch(
        Dispatch(
            id=0,
            key=gw.keys.dispatch_key(),
            kind=kind,
            channel=Channel.SMS,
            to=to,
            state=DispatchState.DUE,
            due_at=at,
            expires_at=at + gw.rules.page_lives,
            ticket=ticket,
            contract=contract.id,
            page=page.id if page else None,
            text=text,
            facts={"text_id": text_id, "from": sender or ours.of(text_id)},
            created_at=at,
        )
    )


def owe_call(
    gw: Gateway, tx: Transaction, contract: Contract, page: Page, *, to: str, at: datetime, asked_for: bool = False
) -> Dispatch:
    """A voice page: the call says the essentials and takes a key. What it says is asked for when it is answered.

    `asked_for`: the technician wanted to hear it (INFO); nothing follows from a call that ends without a key.
    """
    on_call = contract.on_call
    return tx.add_dispatch(
        Dispatch(
            id=0,
            key=gw.keys.dispatch_key(),
            kind=DispatchKind.PAGE,
            channel=Channel.VOICE,
            to=to,
            state=DispatchState.DUE,
            due_at=at,
            expires_at=at + gw.rules.page_lives,
            ticket=page.ticket,
            contract=contract.id,
            page=page.id,
            facts={"ring_s": str(on_call.ring_s if on_call else 25)} | ({"asked_for": "yes"} if asked_for else {}),
            created_at=at,
        )
    )


def owe_page_mail(
    gw: Gateway, tx: Transaction, contract: Contract, page: Page, *, to: str, text: Filled, at: datetime
) -> Dispatch:
    """The mail of a page. It lives no longer than the page's other messages, and nobody's answer to it is a request."""
    key, facts = _unsigned(gw, contract)
    kind, number = DispatchKind.PAGE, page.ticket
    mail = _mail(
        gw, contract, key=key, kind=kind, to=to, text=text, at=at, auto=AUTO_GENERATED, ticket=number, facts=facts
    )
    return tx.add_dispatch(replace(mail, page=page.id, expires_at=at + gw.rules.page_lives))


def alarm(
    gw: Gateway,
    tx: Transaction,
    contract: Contract,
    *,
    text_id: str,
    values: Mapping[str, str],
    at: datetime,
    ticket: Ticket | None = None,
) -> None:
    """Tell the supervisors of a contract by mail that something needs a person now, and record that we did."""
    text = gw.rules.texts(contract).fill(text_id, values)
    recipients = gw.rules.alarmed(contract)
    mail_alarm(gw, tx, contract, recipients, text, at, ticket)
    chain = str(ticket.number) if ticket else SYSTEM
    tx.record(chain, Happening("alarm_raised", at, NOBODY, data={"text": text_id, "recipients": str(len(recipients))}))


def alarm_note(gw: Gateway, tx: Transaction, ticket: Ticket, contract: Contract, problem: str, at: datetime) -> None:
    """Tell the supervisors that a request needs a person: T-ALARM-NOTE with the problem in words (a phrase, P)."""
    values = replies.values(contract, ticket, opening(contract, at), at) | {"problem": problem}
    alarm(gw, tx, contract, text_id="T-ALARM-NOTE", values=values, at=at, ticket=ticket)


def mail_alarm(
    gw: Gateway,
    tx: Transaction,
    contract: Contract,
    recipients: Sequence[str],
    text: Filled,
    at: datetime,
    ticket: Ticket | None = None,
) -> None:
    """An alarm as a mail to each of these."""
    number = ticket.number if ticket else None
    for to in recipients:
        key, facts = _unsigned(gw, contract)
        tx.add_dispatch(
            _mail(
                gw,
                contract,
                key=key,
                kind=DispatchKind.ALARM,
                to=to,
                text=text,
                at=at,
                auto=AUTO_GENERATED,
                ticket=number,
                facts=facts,
            )
        )


def sms_facts(contract: Contract, ticket: Ticket, at: datetime, **more: str) -> dict[str, str]:
    """The values of an SMS about a ticket."""
    return replies.sms_values(contract, ticket, at) | more
