"""One contact exactly as received, and what could be read of it.

An `Arrival` is what a door hands over; once it is committed it is an `Intake`, which is never changed except for what
became of it. A `MailReading` is what the parser could make of the raw bytes: everything that is missing or odd is a
line in `defects`, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.invitation import Invitation


class Channel(StrEnum):
    """The medium. In: phone, sms, mail, pec, fax, desk, api. Out: voice, sms, mail, pec."""

    PHONE = "phone"
    SMS = "sms"
    MAIL = "mail"
    PEC = "pec"
    FAX = "fax"
    DESK = "desk"
    API = "api"
    VOICE = "voice"


class IntakeState(StrEnum):
    """What became of an intake. All but `received` are final; only `filed` has a ticket of its own."""

    RECEIVED = "received"
    FILED = "filed"
    DUPLICATE = "duplicate"
    RECEIPT = "receipt"
    BOUNCE = "bounce"
    ABANDONED = "abandoned"
    REPLY = "reply"
    UNVERIFIED = "unverified"
    """It would join a ticket and nobody knows who sent it: somebody at the desk decides."""


@dataclass(frozen=True, slots=True)
class RepeatKey:
    """By what a second delivery of the same thing is known, and for how long (`None`: for ever)."""

    value: str
    holds_for: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One contact as a door hands it over: nothing parsed, nothing dropped.

    `facts` are what the door itself knows and the bytes do not say: the peer, the mailbox and UID, the call's SID,
    digits, the speech that the carrier recognised. Values are strings.
    """

    channel: Channel
    door: str
    raw: bytes
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    repeat_key: RepeatKey
    facts: dict[str, str] = field(default_factory=dict)
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to an `Arrival` once it is on disk: which intake it is, and whether it had been received before."""

    intake_id: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Intake:
    """One contact as stored."""

    id: int
    channel: Channel
    door: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    sha256: str
    size: int
    state: IntakeState
    attempts: int
    facts: dict[str, str]
    contract: str | None
    raw: bytes = b""
    reason: str | None = None
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox as written in a header: display name (may be empty) and address (domain in lower case)."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message that is kept as a file.

    `name` is safe as a file name anywhere; `shown_name` is what the sender wrote, cleaned of control and
    direction characters. `part` is the path of the part in the MIME tree ("2.1"); the bytes are read again from
    the raw message, never stored twice. `size` is in bytes after decoding. `danger` says what speaks against opening
    it, by its bytes and its name: `executable`, `script`, `macro`, `disguised`, or None.
    """

    name: str
    shown_name: str
    type: str
    size: int
    sha256: str
    part: str
    content_id: str | None = None
    inline: bool = False
    danger: str | None = None


@dataclass(frozen=True, slots=True)
class Fold:
    """A span of a message's text, in characters, that is shown folded: `quoted` or `signature`. Nothing is removed."""

    start: int
    end: int
    kind: str


class BounceReason(StrEnum):
    """Why a delivery failed, as far as its report says."""

    UNKNOWN_ADDRESS = "unknown_address"
    UNKNOWN_DOMAIN = "unknown_domain"
    MOVED = "moved"
    TAKES_NO_MAIL = "takes_no_mail"
    MAILBOX_FULL = "mailbox_full"
    DISABLED = "disabled"
    TOO_LARGE = "too_large"
    REJECTED = "rejected"
    SPAM = "spam"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    NETWORK = "network"
    SYSTEM = "system"
    OTHER = "other"


DEAD = (
    BounceReason.UNKNOWN_ADDRESS, BounceReason.UNKNOWN_DOMAIN, BounceReason.MOVED, BounceReason.TAKES_NO_MAIL,
)  # fmt: skip
"""The reasons for which no other mail to this address will ever arrive."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says: about which of our messages, which recipient failed, and whether for good.

    `permanent`: this delivery has failed and nobody tries again. `is_hard`: no other to that address would arrive.
    """

    recipients: tuple[str, ...]
    permanent: bool
    status: str | None
    original_message_id: str | None
    diagnostic: str | None = None
    reason: BounceReason = BounceReason.OTHER

    @property
    def is_hard(self) -> bool:
        """Whether the address itself is wrong, and not only this delivery; a status of class 4 may still pass."""
        return self.permanent and self.reason in DEAD and not (self.status or "5").startswith("4")


@dataclass(frozen=True, slots=True)
class MailReading:
    """What could be read of a mail. Never raises to make; what could not be read is in `defects`.

    `content_key` is the SHA-256 (hex) of Message-ID, From, Date and Subject as raw bytes and of the raw body: the
    same for one mail that came by two doors. `automatic` says why the mail must not be answered (RFC 3834 §2), or is
    None. Text is free of NUL and lone surrogates, so every database takes it. Message-IDs are without `<>`.
    """

    content_key: str
    message_id: str | None = None
    senders: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    delivered_to: tuple[str, ...] = ()
    subject: str = ""
    date: datetime | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    text: str = ""
    new_text: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    automatic: str | None = None
    bounce: Bounce | None = None
    defects: tuple[str, ...] = ()
    readable: bool = True
    folds: tuple[Fold, ...] = ()
    """What of `text` is an earlier mail, a signature or a disclaimer: `new_text` is the rest."""
    invitations: tuple[Invitation, ...] = ()
    protection: str | None = None
    """`signed` or `encrypted` as a whole (S/MIME, OpenPGP), as the mail says: nothing of it was verified."""


@dataclass(frozen=True, slots=True)
class FaxReading:
    """What a fax that arrived as mail says of itself. Unknown is None; `to_verify` when the shape is unknown.

    `failed`: nothing was received; `sent`: it tells of a fax that somebody sent. Neither is a request for help.
    """

    number: str | None
    station_id: str | None
    pages: int | None
    sent_at_text: str | None
    sent_at: datetime | None
    job_id: str | None
    called_number: str | None
    document_sha256: str | None
    partial: bool = False
    failed: bool = False
    to_verify: bool = False
    shape: str | None = None
    defects: tuple[str, ...] = ()
    repeat_key: RepeatKey | None = None
    sent: bool = False
    quality: str | None = None
    duration_s: int | None = None
