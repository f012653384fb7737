"""`read` as a function of bytes that gives bytes, so that it can run in a confined child (JSON, no pickle)."""

from __future__ import annotations

import base64
import dataclasses
import json
from datetime import datetime
from typing import Any

from adapters.mail.automatic import OwnMail
from adapters.mail.packed import answer as mail_answer
from adapters.pec.read import read
from adapters.pec.trust import TrustList
from gateway.domain.certified import (
    CertifiedReading,
    Kind,
    ReceiptType,
    Recipient,
    RecipientKind,
    Revocation,
    Trust,
    Weak,
)

READ = "adapters.pec.packed:read_packed"
"""The name under which a confined child finds `read_packed`."""


def ask(raw: bytes, own: OwnMail, trusted: TrustList) -> bytes:
    """The question for `read_packed`: one line of JSON, then the mail as it is."""
    head = {
        "addresses": sorted(own.addresses),
        "loop_token": own.loop_token,
        "trusted": [base64.b64encode(one).decode() for one in trusted.packed()],
        "revoked": [base64.b64encode(one).decode() for one in trusted.packed_lists()],
    }
    return json.dumps(head).encode() + b"\n" + raw


def read_packed(payload: bytes) -> bytes:
    """Runs in the child: the reading of a certified mail as JSON."""
    head, _, raw = payload.partition(b"\n")
    facts = json.loads(head)
    own = OwnMail(frozenset(facts["addresses"]), facts["loop_token"])
    trusted = TrustList.of(map(base64.b64decode, facts["trusted"]), map(base64.b64decode, facts["revoked"]))
    return json.dumps(dataclasses.asdict(read(raw, own=own, trusted=trusted)), default=_instant).encode()


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no part of a reading")


def answer(packed: bytes) -> CertifiedReading:
    """The reading that a child gave."""
    told: dict[str, Any] = json.loads(packed)
    trust = told["trust"]
    for name in ("signer", "reasons"):
        trust[name] = tuple(trust[name])
    trust["judged_at"] = _at(trust["judged_at"])
    trust["revocation"] = Revocation(trust["revocation"])
    trust["weak"] = Weak(trust["weak"]) if trust["weak"] else None
    for name in ("refers_to", "contradictions", "defects"):
        told[name] = tuple(told[name])
    original = told["original"]
    return CertifiedReading(
        **{
            **told,
            "kind": Kind(told["kind"]),
            "trust": Trust(**trust),
            "recipients": tuple(_recipient(one) for one in told["recipients"]),
            "at": _at(told["at"]),
            "receipt_type": ReceiptType(told["receipt_type"]) if told["receipt_type"] else None,
            "original": mail_answer(json.dumps(original).encode()) if original else None,
        }
    )


def _recipient(told: dict[str, Any]) -> Recipient:
    return Recipient(told["address"], RecipientKind(told["kind"]) if told["kind"] else None)


def _at(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
