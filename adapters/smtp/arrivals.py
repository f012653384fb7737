"""A received message as an `Arrival`. Pure: linear in the message, never raises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from adapters.mail.prescan import door_facts
from gateway.domain.intake import Arrival, Channel, RepeatKey

HOLDS_WITHOUT_IDENTITY = timedelta(hours=24)
"""How long a mail without Message-ID or Date is known again: identical reports a week apart are two requests."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as the dialogue leaves it: envelope, who brought it, and the data without dot stuffing."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    peer: str
    helo: str
    tls: str
    smtputf8: bool
    received_at: datetime
    submitter: str = ""
    """The user who logged in."""
    door: str = "smtp"
    delivery: str = ""
    """What those have in common that one message was kept as, recipient by recipient."""


def repeat_key(recipients: tuple[str, ...], raw: bytes) -> RepeatKey:
    """By what a second try of the same delivery is known: the recipients and the data as received."""
    known = sha256("\n".join(sorted({recipient.lower() for recipient in recipients})).encode())
    known.update(b"\n")
    known.update(sha256(raw).digest())
    seen = door_facts(raw)
    lasting = seen.has_message_id and seen.has_date
    return RepeatKey(f"smtp:{known.hexdigest()}", None if lasting else HOLDS_WITHOUT_IDENTITY)


def oddities(raw: bytes) -> dict[str, str]:
    """What in the bytes is odd though kept: bare carriage returns or line feeds (F6: normalise to forward), and NUL."""
    pairs = raw.count(b"\r\n")
    found = {}
    if raw.count(b"\r") != pairs:
        found["bare_cr"] = "yes"
    if raw.count(b"\n") != pairs:
        found["bare_lf"] = "yes"
    if b"\0" in raw:
        found["nul"] = "yes"
    return found


def arrival(delivery: Delivery) -> Arrival:
    """The message as the gateway takes it; the bytes are the ones received."""
    facts = {
        "peer": delivery.peer,
        "helo": delivery.helo,
        "tls": delivery.tls,
        "smtputf8": "yes" if delivery.smtputf8 else "no",
    }
    if delivery.submitter:
        facts["submitter"] = delivery.submitter
    if delivery.delivery:
        facts["delivery"] = delivery.delivery
    facts.update(oddities(delivery.raw))
    return Arrival(
        channel=Channel.MAIL,
        door=delivery.door,
        raw=delivery.raw,
        received_at=delivery.received_at,
        sender=delivery.sender,
        recipients=delivery.recipients,
        repeat_key=repeat_key(delivery.recipients, delivery.raw),
        facts=facts,
    )
