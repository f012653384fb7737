"""`mime.read` as a function of bytes that gives bytes, so that it can run in a confined child (JSON, no pickle)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from adapters.mail.automatic import OwnMail
from adapters.mail.mime import attachment, read
from gateway.domain.intake import Address, Attachment, Bounce, BounceReason, Fold, MailReading
from gateway.domain.invitation import Invitation

READ = "adapters.mail.packed:read_packed"
READ_MANY = "adapters.mail.packed:read_many_packed"
READY = "adapters.mail.packed:ready"
ATTACHMENT = "adapters.mail.packed:attachment_packed"
"""The names under which a confined child finds `read_packed`, `read_many_packed` and `attachment_packed`."""

_HEAD_ENDS = b"\n"


def ask(raw: bytes, envelope_from: str | None, own: OwnMail, *, opening: bool = True) -> bytes:
    """The question for `read_packed`: one line of JSON, then the mail as it is."""
    head = {
        "envelope_from": envelope_from,
        "addresses": sorted(own.addresses),
        "loop_token": own.loop_token,
        "opening": opening,
    }
    return json.dumps(head).encode() + _HEAD_ENDS + raw


def ask_many(mails: Sequence[tuple[bytes, str | None]], own: OwnMail) -> bytes:
    """The question for `read_many_packed`: one line of JSON, then the mails one behind the other."""
    head = {
        "mails": [(len(raw), envelope_from) for raw, envelope_from in mails],
        "addresses": sorted(own.addresses),
        "loop_token": own.loop_token,
    }
    return json.dumps(head).encode() + _HEAD_ENDS + b"".join(raw for raw, _ in mails)


def ready(_payload: bytes) -> bytes:
    """Runs in a fresh child: everything is loaded."""
    return b""


def read_packed(payload: bytes) -> bytes:
    """Runs in the child: the reading of a mail as JSON."""
    head, _, raw = payload.partition(_HEAD_ENDS)
    facts = json.loads(head)
    own = OwnMail(frozenset(facts["addresses"]), facts["loop_token"])
    reading = read(raw, envelope_from=facts["envelope_from"], own=own, opening=facts["opening"])
    return json.dumps(_told(reading)).encode()


def ask_attachment(raw: bytes, part: str) -> bytes:
    """The question for `attachment_packed`."""
    return json.dumps({"part": part}).encode() + _HEAD_ENDS + raw


def attachment_packed(payload: bytes) -> bytes:
    """Runs in the child: the bytes of one part.

    Raises:
        LookupError: the mail has no such part.
    """
    head, _, raw = payload.partition(_HEAD_ENDS)
    return attachment(raw, json.loads(head)["part"])


def read_many_packed(payload: bytes) -> bytes:
    """Runs in the child: the readings of several mails as one JSON array, in their order."""
    head, _, rest = payload.partition(_HEAD_ENDS)
    facts = json.loads(head)
    own = OwnMail(frozenset(facts["addresses"]), facts["loop_token"])
    told = []
    begins = 0
    for size, envelope_from in facts["mails"]:
        told.append(_told(read(rest[begins : begins + size], envelope_from=envelope_from, own=own)))
        begins += size
    return json.dumps(told).encode()


def _told(reading: MailReading) -> dict[str, Any]:
    told: dict[str, Any] = dataclasses.asdict(reading)
    told["date"] = reading.date.isoformat() if reading.date else None
    for each in told["invitations"]:
        each |= {name: each[name].isoformat() for name in _INSTANTS if each[name]}
    return told


_INSTANTS = ("starts_at", "ends_at")


def answer(packed: bytes) -> MailReading:
    """The reading that a child gave."""
    return _reading(json.loads(packed))


def answers(packed: bytes) -> list[MailReading]:
    """The readings that a child gave."""
    return [_reading(told) for told in json.loads(packed)]


def _reading(told: dict[str, Any]) -> MailReading:
    for name in ("senders", "to", "cc", "reply_to"):
        told[name] = tuple(Address(**each) for each in told[name])
    for name in ("delivered_to", "in_reply_to", "references", "defects"):
        told[name] = tuple(told[name])
    told["attachments"] = tuple(Attachment(**each) for each in told["attachments"])
    told["folds"] = tuple(Fold(**each) for each in told["folds"])
    told["invitations"] = tuple(_invitation(each) for each in told["invitations"])
    told["date"] = datetime.fromisoformat(told["date"]) if told["date"] else None
    if told["bounce"]:
        told["bounce"] = _bounce(told["bounce"])
    return MailReading(**told)


def _invitation(told: dict[str, Any]) -> Invitation:
    return Invitation(**{**told, **{name: datetime.fromisoformat(told[name]) for name in _INSTANTS if told[name]}})


def _bounce(told: dict[str, Any]) -> Bounce:
    return Bounce(**{**told, "recipients": tuple(told["recipients"]), "reason": BounceReason(told["reason"])})
