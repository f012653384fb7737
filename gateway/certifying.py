"""Filing what comes into a certified mailbox: envelopes become tickets, receipts move the ledger (X3, S143 to S146).

What is shown is the message inside, from the certified sender; the outer bytes are the intake, byte for byte. What
nobody certifies (an anomaly envelope, ordinary mail, a signature that does not hold) is a ticket that says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway import filing, receipts
from gateway.domain.certified import NOT_READ, Kind
from gateway.domain.intake import Address
from gateway.replaying import filed_earlier, turned_out

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.authentication import Verdict
    from gateway.domain.certified import CertifiedReading
    from gateway.domain.intake import Intake, IntakeState, MailReading
    from gateway.ports import Gateway, Transaction


def file_certified(
    gw: Gateway,
    tx: Transaction,
    intake: Intake,
    reading: MailReading,
    certified: CertifiedReading,
    at: datetime,
    looked: Verdict | None = None,
) -> IntakeState:
    """What becomes of a mail in a certified mailbox."""
    if not tx.is_unfiled(intake.id):
        return intake.state
    if certified.is_receipt:
        state = receipts.settle_receipt(gw, tx, intake, certified, at)
        turned_out(tx, intake, filed_earlier(tx, intake), state, at)
        return state
    return filing.file_mail(gw, tx, intake, shown(certified, reading), None, at, certified, looked=looked)


def shown(certified: CertifiedReading, reading: MailReading) -> MailReading:
    """The message that people see: the one inside, and from whom the provider certifies that it is.

    It is known as a second delivery by the outer bytes: every delivery has an envelope of its own.
    """
    inner = certified.original
    if certified.kind is Kind.ORDINARY:
        return reading
    if inner is None:
        found = replace(reading, subject=certified.subject or reading.subject, text=certified.text or reading.text)
    else:
        found = replace(
            inner,
            content_key=reading.content_key,
            delivered_to=reading.delivered_to,
            to=inner.to or reading.to,
            message_id=inner.message_id or certified.msgid or reading.message_id,
        )
    if certified.kind is Kind.TRANSPORT and certified.is_believed and certified.sender:
        named = next((one.name for one in found.senders if one.address.casefold() == certified.sender.casefold()), "")
        found = replace(found, senders=(Address(named, certified.sender),))
    unread = tuple(why for why in certified.contradictions if why.startswith(NOT_READ))
    return replace(
        found,
        defects=(*unread, *found.defects, *certified.defects),
        readable=found.readable and not unread,
    )
