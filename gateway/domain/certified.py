"""Certified mail (PEC) as values: what an envelope or receipt says, what its signature proves, evidence of delivery.

`CertifiedReading` is what the parser could make of the bytes; `DeliveryEvidence` is what of it counts for a message of
ours, in the words of registered delivery in general, so that REM can come beside PEC (ETSI EN 319 522). Headers alone
prove nothing: `Trust` says whether the signature holds over the bytes as they came, by whom, and why not.

Source: DPR 68/2005, DM 2 November 2005 and its technical annex (RFC 6109); X3, X4, X5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.domain.intake import MailReading


class Kind(StrEnum):
    """What a mail in a certified mailbox is (RFC 6109 §3)."""

    TRANSPORT = "transport"
    ANOMALY = "anomaly"
    ACCEPTANCE = "acceptance"
    NON_ACCEPTANCE = "non_acceptance"
    TAKING_CHARGE = "taking_charge"
    DELIVERY = "delivery"
    FAILED_DELIVERY = "failed_delivery"
    DELAY_NOTICE = "delay_notice"
    VIRUS = "virus"
    ORDINARY = "ordinary"
    UNKNOWN = "unknown"
    """It says that it is certified mail, in words that we do not know: for a person to look at."""


ENVELOPES = (Kind.TRANSPORT, Kind.ANOMALY)
"""What carries a message of somebody: a ticket is made of the message inside."""
RECEIPTS = (
    Kind.ACCEPTANCE,
    Kind.NON_ACCEPTANCE,
    Kind.TAKING_CHARGE,
    Kind.DELIVERY,
    Kind.FAILED_DELIVERY,
    Kind.DELAY_NOTICE,
    Kind.VIRUS,
)
"""What a provider says of a message: never a ticket, never answered, never dropped."""


NOT_READ = "not read"
"""How a contradiction begins that says that nobody looked inside: too much of it, or the reader was lost."""


class ReceiptType(StrEnum):
    """How much of the message a delivery receipt carries: all of it, hashes for its attachments, or nothing."""

    COMPLETE = "completa"
    SHORT = "breve"
    SYNTHETIC = "sintetica"


class RecipientKind(StrEnum):
    """Whether evidence of delivery can exist for a recipient: an external one never confirms."""

    CERTIFIED = "certificato"
    EXTERNAL = "esterno"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient as the certification data name it; `kind` is None when they do not say."""

    address: str
    kind: RecipientKind | None = None


class Weak(StrEnum):
    """What is worth saying of a signature that holds."""

    SHA1 = "sha1"
    MD5 = "md5"


class Revocation(StrEnum):
    """Whether the certificates that signed were looked up in revocation lists, and what those say."""

    NOT_CHECKED = "not_checked"
    """No list that was valid at the time covers them all: nothing is claimed."""
    GOOD = "good"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Trust:
    """What the signature proves.

    `intact`: it holds over the bytes exactly as they came. `chained`: the signer's certificate leads to the trust list,
    judged at `judged_at`, the certified time (an expired certificate was valid when it signed). `signer` are the
    addresses in that certificate, `certificate` its SHA-256. `reasons` say why it is not trusted; `weak` names an old
    digest that was used. `revocation` is kept and shown with it: one that was not looked up is not called good.
    """

    intact: bool = False
    chained: bool = False
    signer: tuple[str, ...] = ()
    certificate: str = ""
    issuer: str = ""
    digest: str = ""
    judged_at: datetime | None = None
    weak: Weak | None = None
    reasons: tuple[str, ...] = ()
    revocation: Revocation = Revocation.NOT_CHECKED

    @property
    def is_verified(self) -> bool:
        """Whether a state may change by it: intact, chained, and nothing speaks against it."""
        return self.intact and self.chained and not self.reasons


UNSIGNED = Trust(reasons=("not signed",))


@dataclass(frozen=True, slots=True)
class CertifiedReading:
    """What could be read of a mail in a certified mailbox. Never raises to make; what is odd is in `defects`.

    `sender` is the certified sender (`mittente`), `at` the certified time, opposable to third parties (art. 48 CAD);
    `identificativo` is the provider's id of the message, `msgid` the sender's own, without `<>`. `recipient` is the one
    that a receipt is about (`consegna`). `refers_to` are the Message-IDs that it may be about, the signed one first.
    `contradictions` are where headers and certification data disagree: then nothing is believed. `original` is the
    message inside, its attachments named by their place in the outer bytes; `text` what the provider writes.
    """

    kind: Kind
    trust: Trust = UNSIGNED
    sender: str = ""
    recipients: tuple[Recipient, ...] = ()
    recipient: str = ""
    subject: str = ""
    msgid: str = ""
    identificativo: str = ""
    provider: str = ""
    at: datetime | None = None
    receipt_type: ReceiptType | None = None
    error: str = ""
    error_extended: str = ""
    refers_to: tuple[str, ...] = ()
    message_id: str = ""
    original: MailReading | None = None
    text: str = ""
    contradictions: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()

    @property
    def is_receipt(self) -> bool:
        """Whether a provider speaks of a message; the mail may be forged all the same."""
        return self.kind in RECEIPTS

    @property
    def is_believed(self) -> bool:
        """Whether its certification data count: signed by who may, and nothing contradicts them (S146, S150)."""
        return self.trust.is_verified and not self.contradictions

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why it is not believed, empty when it is."""
        return (*self.trust.reasons, *self.contradictions)


class Event(StrEnum):
    """What becomes of a message that was submitted for registered delivery, whatever the system (PEC, REM)."""

    SUBMISSION_ACCEPTED = "submission_accepted"
    SUBMISSION_REJECTED = "submission_rejected"
    RELAYED = "relayed"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """One event of registered delivery: of which message, for whom, when, by whose word, and whether it is believed.

    `about` are the Message-IDs that it may speak of, the certified one first, without `<>`. `recipients` are those whom
    it concerns, `sender` is who submitted the message; none of it counts unless `doubts` is empty. `is_virus`: the
    message was held back for what it carries.
    """

    event: Event
    about: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    at: datetime | None
    identifier: str
    sender: str = ""
    is_virus: bool = False
    error: str = ""
    detail: str = ""
    doubts: tuple[str, ...] = ()


_EVENTS = {
    Kind.ACCEPTANCE: Event.SUBMISSION_ACCEPTED,
    Kind.NON_ACCEPTANCE: Event.SUBMISSION_REJECTED,
    Kind.TAKING_CHARGE: Event.RELAYED,
    Kind.DELIVERY: Event.DELIVERED,
    Kind.FAILED_DELIVERY: Event.DELIVERY_FAILED,
    Kind.DELAY_NOTICE: Event.WARNING,
    Kind.VIRUS: Event.DELIVERY_FAILED,
}
_OF_ALL = (Event.SUBMISSION_ACCEPTED, Event.SUBMISSION_REJECTED, Event.RELAYED)
VIRUS_ERROR = "virus"


def evidence(reading: CertifiedReading) -> DeliveryEvidence | None:
    """The event that a PEC receipt attests, or None: what is no receipt attests no delivery.

    A receipt of delivery or of its failure concerns the one recipient that it names (`consegna`); one that names none
    concerns the only recipient of the message, and of several nobody can say which: that is a doubt.
    """
    event = _EVENTS.get(reading.kind)
    if event is None:
        return None
    concerned, doubt = _concerned(reading, event)
    lacking = (*doubt, *(() if reading.msgid else ("no msgid",)), *(() if reading.at else ("no certified time",)))
    return DeliveryEvidence(
        event=event,
        about=reading.refers_to,
        recipients=concerned,
        at=reading.at,
        identifier=reading.identificativo,
        sender=reading.sender,
        is_virus=reading.kind is Kind.VIRUS or reading.error.casefold() == VIRUS_ERROR,
        error=reading.error,
        detail=reading.error_extended,
        doubts=(*reading.doubts, *lacking),
    )


def _concerned(reading: CertifiedReading, event: Event) -> tuple[tuple[Recipient, ...], tuple[str, ...]]:
    if event in _OF_ALL:
        return reading.recipients, ()
    if reading.recipient:
        known = next((one for one in reading.recipients if same_address(one.address, reading.recipient)), None)
        return (known or Recipient(reading.recipient),), ()
    if len(reading.recipients) == 1:
        return reading.recipients, ()
    return (), ("names no recipient",)


_PREFIX = re.compile(
    r"^\s*(?:posta certificata|anomalia messaggio|accettazione|consegna|presa in carico|problema di sicurezza"
    r"|avviso di non accettazione(?: per virus)?"
    r"|avviso di mancata consegna(?: per virus| per sup\. tempo massimo)?)\s*:\s*",
    re.IGNORECASE,
)


def without_prefixes(subject: str) -> str:
    """The subject without what providers put before it, however often ("POSTA CERTIFICATA: POSTA CERTIFICATA: …")."""
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return subject.strip()


def bare_id(value: str) -> str:
    """A Message-ID as it is compared: unfolded, trimmed, without angle brackets."""
    return "".join(value.split()).removeprefix("<").removesuffix(">")


def same_address(one: str, other: str) -> bool:
    """Whether two certified addresses are the same mailbox: providers change the case of what we wrote."""
    return one.strip().casefold() == other.strip().casefold()
