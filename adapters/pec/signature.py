"""The S/MIME signature of certified mail, over the raw bytes as they came (RFC 8551 §3.5, RFC 6109 §6.5).

The signed part is cut out of the message between its boundary lines: parsing and writing it again would change it. The
chain is built to the trust list alone; nothing is fetched from anywhere. Revocation is looked up in the lists that the
operator keeps, when they cover the whole chain at that time; else the verdict says that nobody looked (decision 0013).
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from adapters.mail.asn1 import (
    Certificate,
    NotASignature,
    SignedData,
    addresses_of,
    detached_signature,
    signing_time,
)
from adapters.mail.headers import Headers, base64_bytes, parameters, split
from adapters.mail.parts import Node, tree
from gateway.domain.certified import UNSIGNED, Revocation, Trust, Weak

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime

    from adapters.pec.trust import TrustList

REVOKED = "revoked"
"""How the library's names of the problem begin, in lower case (`revoked_no_poe`)."""
MAX_SIGNATURE_BYTES = 262_144
"""A signature with its chain has about 7 KB."""
# A signature that does not hold is a value here; the library would write a trace of it to the log each time.
logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
PROVIDER = "posta-certificata"
"""Receipts and envelopes are from this mailbox of a provider, and from no other (RFC 6109 §3.1.4 and following)."""
_WEAK = {"sha1": Weak.SHA1, "md5": Weak.MD5}
_REFUSED_DIGESTS = ("md2", "md5")
"""SHA-1 is still seen and is reported; below it a signature proves nothing."""
_LONE_LF = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Signed:
    """A clear-signed message taken apart: the signed part as raw bytes, and the signature (DER)."""

    content: bytes
    signature: bytes


def signed_parts(raw: bytes) -> Signed | None:
    """The two parts of a `multipart/signed` message, None when it is none. Linear; never raises."""
    block, body = split(raw.lstrip(b"\r\n") if raw[:1] in (b"\r", b"\n") else raw)
    kind = parameters(Headers.of_bytes(block).first("content-type"))
    boundary = (kind.get("boundary") or "").encode("utf-8", "replace")
    if kind.value != "multipart/signed" or not boundary:
        return None
    found = _between(body, boundary)
    if len(found) < 2:  # noqa: PLR2004 - what is signed, and the signature
        return None
    content, packed = found[0], found[1]
    return Signed(content, _der(packed))


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    """The bytes between the boundary lines, without the line end before each (it belongs to the boundary)."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = []
    for mark in line.finditer(body):
        marks.append(mark)
        if mark[1] or len(marks) > 3:  # noqa: PLR2004 - a third part is not looked at
            break
    return [_content(body, one.end(), other.start()) for one, other in pairwise(marks)]


def _content(body: bytes, start: int, end: int) -> bytes:
    start += 2 if body[start : start + 2] == b"\r\n" else 1
    return body[start : max(start, end)]


def _der(packed: bytes) -> bytes:
    """The signature of its part, whatever transfer encoding it has."""
    if len(packed) > 2 * MAX_SIGNATURE_BYTES:
        return b""
    block, body = split(packed)
    encoding = (Headers.of_bytes(block).first("content-transfer-encoding") or "").strip().casefold()
    if encoding == "base64":
        return base64_bytes(body)
    try:
        leaf: Node = tree(packed)
        return leaf.content()
    except RecursionError:
        return b""


def verified(signed: Signed | None, trusted: TrustList, *, sender: str, at: datetime | None) -> Trust:
    """What the signature proves. Never raises.

    `sender` is the address in From: the certificate must be its own. `at` is the certified time, at which certificates
    are judged; without it they are judged by the time that the signer wrote.
    """
    if signed is None:
        return UNSIGNED
    if not signed.signature or len(signed.signature) > MAX_SIGNATURE_BYTES:
        return Trust(reasons=("signature empty or too large",))
    try:
        return _verified(signed, trusted, sender, at)
    except NotASignature as what:
        return Trust(reasons=(str(what),))
    except Exception as error:  # noqa: BLE001 - other people's ASN.1: whatever it does, the mail is not believed
        return Trust(reasons=(f"signature unreadable: {type(error).__name__}",))


def _verified(signed: Signed, trusted: TrustList, sender: str, at: datetime | None) -> Trust:
    data = detached_signature(signed.signature)
    moment = at or signing_time(data)
    status = _status(signed.content, data, trusted, moment)
    if not status.intact and _LONE_LF.search(signed.content):
        # RFC 8551 §3.1.1: what is signed is the canonical form. A store that keeps LF alone changed no content.
        status = _status(_LONE_LF.sub(b"\r\n", signed.content), data, trusted, moment)
    return _trust(status, sender, moment)


@dataclass(frozen=True, slots=True)
class _Status:
    """What the library found, in our words."""

    intact: bool
    chained: bool
    problem: str
    certificate: Certificate
    digest: str
    revocation: Revocation = Revocation.NOT_CHECKED


def _status(content: bytes, data: SignedData, trusted: TrustList, moment: datetime | None) -> _Status:
    """With revocation lists the whole chain must be found in them; what they do not cover is judged without them."""
    plain = _judged(content, data, trusted, moment, "soft-fail")
    if not trusted.revoked or plain.certificate in trusted.certificates:
        return plain
    strict = _judged(content, data, trusted, moment, "require")
    if strict.problem.startswith(REVOKED):
        return replace(strict, revocation=Revocation.REVOKED)
    return replace(plain, revocation=Revocation.GOOD if strict.chained else Revocation.NOT_CHECKED)


def _judged(content: bytes, data: SignedData, trusted: TrustList, moment: datetime | None, mode: str) -> _Status:
    # Half a second of import, and only whoever reads certified mail needs it.
    from pyhanko.sign.validation.generic_cms import async_validate_detached_cms  # noqa: PLC0415
    from pyhanko.sign.validation.settings import KeyUsageConstraints  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    context = ValidationContext(
        trust_roots=trusted.certificates,
        moment=moment,
        best_signature_time=moment,
        allow_fetching=False,
        crls=trusted.revoked,
        revocation_mode=mode,
        retroactive_revinfo=True,  # a list of today says when it was revoked: what was signed before that holds
        weak_hash_algos=set(_REFUSED_DIGESTS),
    )
    usage = KeyUsageConstraints(
        key_usage={"digital_signature", "non_repudiation"},
        match_all_key_usages=False,
        extd_key_usage={"email_protection"},
    )
    found = _finished(
        async_validate_detached_cms(content, data, signer_validation_context=context, key_usage_settings=usage)
    )
    return _Status(
        intact=bool(found.intact and found.valid),
        chained=bool(found.trusted),
        problem=getattr(found.trust_problem_indic, "name", "no chain").lower(),
        certificate=found.signing_cert,
        digest=str(found.md_algorithm),
    )


def _finished(work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - the library ships no types
    """What a coroutine gives that waits for nothing: nothing is fetched.

    An event loop needs a pair of sockets, which a confined child may not have; and it would cost each receipt as much.
    """
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise RuntimeError("the verification waits for something")


def _trust(status: _Status, sender: str, moment: datetime | None) -> Trust:
    addresses = addresses_of(status.certificate)
    reasons = []
    if not status.intact:
        reasons.append("changed after signing")
    elif status.revocation is Revocation.REVOKED:
        reasons.append("certificate revoked before it signed")
    elif not status.chained:
        reasons.append(f"certificate not trusted: {status.problem}")
    if sender.casefold() not in addresses:
        reasons.append("signed by somebody other than the sender")
    if sender.casefold().partition("@")[0] != PROVIDER:
        reasons.append("not from the mailbox of a provider")
    return Trust(
        intact=status.intact,
        chained=status.chained,
        signer=addresses,
        certificate=status.certificate.sha256.hex(),
        issuer=status.certificate.issuer.human_friendly[:300],
        digest=status.digest,
        judged_at=moment,
        weak=_WEAK.get(status.digest),
        reasons=tuple(reasons),
        revocation=status.revocation,
    )
