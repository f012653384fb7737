"""The answer that whoever asks gets at once, in the words of the contract: at most one, and never to a robot."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import braking, outages, posting, telling
from gateway.domain import answers, replies, wording
from gateway.domain.decision import Became
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.domain.numbers import may_be_texted
from gateway.domain.register import Happening
from gateway.domain.ticket import Mark
from gateway.telling import AUTO_REPLIED, NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.contacts import Contact
    from gateway.domain.decision import Decision
    from gateway.domain.texts import Filled
    from gateway.domain.ticket import Ticket
    from gateway.ports import Gateway, Transaction

DAY = timedelta(days=1)
NOBODY_TO_ANSWER = {Mark.AMBIGUOUS_SENDER, Mark.SYNTHETIC, Mark.FORGED_SENDER}
"""Nobody knows whom the answer would reach, or it would reach somebody who never wrote (B-052)."""
WRITTEN = (Channel.MAIL, Channel.PEC)
"""Whoever writes is answered where they wrote from."""
NOT_A_PERSON = ("fax",)
"""What is automatic by its door and not by its author: somebody stood at the fax machine."""


def acknowledge(
    gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, contact: Contact, at: datetime
) -> None:
    """The acknowledgement by mail, of a PEC by PEC; none to automatic mail, robots or ourselves (RFC 3834 §2)."""
    address, channel = _mailbox(gw, ticket, contact), posting.medium(gw, ticket, decision.contract)
    decision = _with_reachable_phone(tx, decision)
    wanted = decision.contract.acknowledgement
    if not address or not (wanted.pec if channel is Channel.PEC else wanted.mail) or gw.rules.is_ours(address):
        return
    if not replies.may_be_answered(address) or NOBODY_TO_ANSWER & set(ticket.marks):
        return
    unverified = Mark.UNVERIFIED_SENDER in ticket.marks
    if unverified and tx.acknowledged_since(address, at - DAY):
        tx.record(str(ticket.number), Happening("not_acknowledged", at, NOBODY, data={"why": "unverified sender"}))
        return
    # B-052: whoever uses somebody's name to write to them through us finds none of their own words in our answer.
    answer = _answer(gw, replace(ticket, subject="") if unverified else ticket, decision, contact, at)
    if answer is None:
        return
    text_id, text = answer
    leaves_at = braking.answer_at(gw, tx, ticket, decision.contract, address, at, text_id=text_id)
    if leaves_at is None:
        return
    telling.owe_mail(
        gw,
        tx,
        ticket,
        decision.contract,
        kind=DispatchKind.ACKNOWLEDGEMENT,
        to=address,
        text=text,
        at=at,
        auto=AUTO_REPLIED,
        answers=(contact.message_id,) if contact.message_id and ticket.channel in WRITTEN else (),
        channel=channel,
        not_before=leaves_at,
        text_id=text_id,
    )
    _record(tx, ticket, decision, text_id, address, at)


def _answer(
    gw: Gateway, ticket: Ticket, decision: Decision, contact: Contact, at: datetime
) -> tuple[str, Filled] | None:
    """The answer and its text's id, or None where nobody is answered."""
    catalogue = gw.rules.texts(decision.contract)
    if Mark.FAX_FROM_PUBLIC_BODY in ticket.marks and decision.became is Became.ACCEPTED:
        return answers.to_public_body(catalogue, decision, ticket, contact.pages, at)
    text_id = answers.written_id(decision)
    return None if text_id is None else (text_id, answers.written(catalogue, decision, text_id, ticket, at))


def _with_reachable_phone(tx: Transaction, decision: Decision) -> Decision:
    """While the telephone is down the texts tell the fallback number beside it, telephone first (C2.3, S010)."""
    contract = decision.contract
    if not contract.phone or not contract.phone_fallback or not outages.is_down(tx, outages.PHONE):
        return decision
    told = wording.phone_or(contract.phone, contract.phone_fallback, contract.language)
    return replace(decision, contract=replace(contract, phone=told))


def _mailbox(gw: Gateway, ticket: Ticket, contact: Contact) -> str:
    """Where the answer goes: back to who wrote; of a fax to its sender's mailbox, if the directory has one (S050)."""
    if ticket.channel in WRITTEN and contact.automatic is None:
        return ticket.requester.address
    if contact.automatic in NOT_A_PERSON and ticket.requester.person:
        return gw.rules.people[ticket.requester.person].mail or ""
    return ""


def _record(tx: Transaction, ticket: Ticket, decision: Decision, text_id: str, to: str, at: datetime) -> None:
    served = decision.became is Became.ACCEPTED
    clause = next(iter(decision.opening.clauses), None) if served else answers.ruling_clause(decision)
    tx.record(str(ticket.number), Happening("acknowledged", at, NOBODY, clause, {"text": text_id}, {"to": to}))


def acknowledge_sms(gw: Gateway, tx: Transaction, ticket: Ticket, decision: Decision, at: datetime) -> None:
    """One SMS, once per number and day, only to a mobile number in an allowed country (DESIGN, "Whom to call or text").

    M-07, or M-08 when a visit is due, or who serves instead.
    """
    number, contract = ticket.requester.number, decision.contract
    if not contract.acknowledgement.sms or not may_be_texted(number):
        return
    if tx.dispatches(to=number, kind=DispatchKind.ACKNOWLEDGEMENT, since=at - gw.rules.sms_joins_for, limit=1):
        return
    telling.owe_sms(
        gw,
        tx,
        contract,
        text_id=answers.sms_id(decision),
        values=answers.sms_values(decision, ticket, at),
        to=number,
        at=at,
        ticket=ticket.number,
        kind=DispatchKind.ACKNOWLEDGEMENT,
    )
