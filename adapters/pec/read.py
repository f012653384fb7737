"""A mail in a certified mailbox as a value: what it is, what it certifies, and whether that is to be believed (X3, X5).

Kinds are known by headers and certification data together, never by the subject. What is read is the signed part of
the raw bytes and nothing beside it: a second `daticert.xml` put around a genuine one is not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adapters.mail import mime
from adapters.mail.charsets import clean, clean_line, decode
from adapters.mail.headers import Headers, addresses, message_id, split
from adapters.mail.parts import MESSAGE_TYPES, Node, tree
from adapters.mail.prescan import MAX_HEADER_BYTES, prescan
from adapters.pec.daticert import NOT_VALID, CertificationData, read_daticert
from adapters.pec.signature import Signed, signed_parts, verified
from gateway.domain.certified import (
    UNSIGNED,
    CertifiedReading,
    Kind,
    Trust,
    bare_id,
    without_prefixes,
)

if TYPE_CHECKING:
    from adapters.mail.automatic import OwnMail
    from adapters.pec.trust import TrustList
    from gateway.domain.intake import MailReading

DATA_NAME = "daticert.xml"
ORIGINAL_NAME = "postacert.eml"
MAX_DEFECTS = 50
MAX_TEXT = 20_000
MAX_SUBJECT = 2_000

KINDS = {
    "posta-certificata": Kind.TRANSPORT,
    "errore": Kind.ANOMALY,
    "accettazione": Kind.ACCEPTANCE,
    "non-accettazione": Kind.NON_ACCEPTANCE,
    "presa-in-carico": Kind.TAKING_CHARGE,
    "avvenuta-consegna": Kind.DELIVERY,
    "errore-consegna": Kind.FAILED_DELIVERY,
    "mancata-consegna": Kind.FAILED_DELIVERY,
    "preavviso-errore-consegna": Kind.DELAY_NOTICE,
    "rilevazione-virus": Kind.VIRUS,
}
"""The words of `X-Trasporto`, `X-Ricevuta` and `postacert tipo=` (RFC 6109 §4.2; the second of failure is seen)."""
_IN_TRANSPORT = (Kind.TRANSPORT, Kind.ANOMALY)


def read(raw: bytes, *, own: OwnMail, trusted: TrustList) -> CertifiedReading:
    """What can be read of a mail that came into a certified mailbox. Never raises."""
    try:
        headers = Headers.of_bytes(split(raw.lstrip(b"\r\n"))[0][:MAX_HEADER_BYTES])
        kind, problems = _kind_by_headers(headers)
        limit = prescan(raw).over()
        if limit is not None:
            return CertifiedReading(
                kind or Kind.ORDINARY, subject=_subject(headers), contradictions=(f"not read: {limit}",)
            )
        return _whole(raw, headers, kind, problems, own, trusted)
    except Exception as error:  # noqa: BLE001 - the promise of this module: no bytes are poison
        return CertifiedReading(Kind.UNKNOWN, contradictions=(f"not read: {type(error).__name__}",))


def _kind_by_headers(headers: Headers) -> tuple[Kind | None, tuple[str, ...]]:
    """What the headers say it is: None when they say nothing, UNKNOWN when they say what nobody knows."""
    transport = {word.strip().casefold() for word in headers.all("x-trasporto")}
    receipt = {word.strip().casefold() for word in headers.all("x-ricevuta")}
    words = (*sorted(transport), *sorted(receipt))
    if not words:
        return None, ()
    kinds = [KINDS.get(word, Kind.UNKNOWN) for word in words]
    # X-Trasporto names envelopes and X-Ricevuta receipts: a word in the other's place is nobody's word.
    misplaced = any((KINDS.get(word) in _IN_TRANSPORT) is not (word in transport) for word in words if word in KINDS)
    if len(words) > 1 or misplaced:
        return kinds[-1], ("headers name more than one kind" if len(words) > 1 else "kind in the wrong header",)
    return kinds[0], ()


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of an envelope or receipt that matter, from the signed bytes when it is signed."""

    data: tuple[Node, ...]
    originals: tuple[Node, ...]
    texts: tuple[Node, ...]

    @classmethod
    def of(cls, root: Node) -> _Parts:
        leaves = [leaf for leaf in root.leaves() if leaf.media_type not in MESSAGE_TYPES]
        messages = [leaf for leaf in root.leaves() if leaf.media_type in MESSAGE_TYPES]
        named = [leaf for leaf in messages if (leaf.filename or "").casefold() == ORIGINAL_NAME]
        return cls(
            data=tuple(leaf for leaf in leaves if (leaf.filename or "").casefold() == DATA_NAME),
            originals=tuple(named or messages),
            texts=tuple(leaf for leaf in leaves if leaf.media_type == "text/plain" and leaf.filename is None),
        )


def _whole(
    raw: bytes, headers: Headers, by_headers: Kind | None, problems: tuple[str, ...], own: OwnMail, trusted: TrustList
) -> CertifiedReading:
    signed = signed_parts(raw)
    root = tree(signed.content, "1") if signed is not None else tree(raw.lstrip(b"\r\n"))
    parts = _Parts.of(root)
    if by_headers is None and (signed is None or not parts.data):
        return CertifiedReading(Kind.ORDINARY, subject=_subject(headers), message_id=_own_id(headers))
    data, defects = _data(parts)
    kind, contradictions = _agreed(by_headers, data, headers, defects)
    trust = _trust(headers, signed, trusted, data if kind is not Kind.ANOMALY else None)
    facts = data if data is not None and kind is not Kind.ANOMALY else CertificationData()
    return CertifiedReading(
        kind=kind,
        trust=trust,
        sender=facts.sender,
        recipients=facts.recipients,
        recipient=facts.recipient,
        subject=without_prefixes(facts.subject or _subject(headers)),
        msgid=facts.msgid,
        identificativo=facts.identifier,
        provider=facts.provider,
        at=facts.at,
        receipt_type=facts.receipt_type,
        error=facts.error,
        error_extended=facts.error_extended,
        refers_to=_refers_to(facts, headers),
        message_id=_own_id(headers),
        original=_original(parts, own) if kind in _IN_TRANSPORT or kind is Kind.UNKNOWN else None,
        text=_text(parts),
        contradictions=(*problems, *contradictions, *_doubles(kind, parts)),
        defects=tuple(dict.fromkeys((*defects, *_oddities(by_headers, parts))))[:MAX_DEFECTS],
    )


def _subject(headers: Headers) -> str:
    return headers.text("subject")[:MAX_SUBJECT]


def _own_id(headers: Headers) -> str:
    return message_id(headers.first("message-id"))[0] or ""


def _data(parts: _Parts) -> tuple[CertificationData | None, tuple[str, ...]]:
    if not parts.data:
        return None, ()
    return read_daticert(parts.data[0].content())


def _agreed(
    by_headers: Kind | None, data: CertificationData | None, headers: Headers, defects: tuple[str, ...]
) -> tuple[Kind, tuple[str, ...]]:
    """The kind, and where headers and certification data disagree.

    An anomaly envelope has no certification data; what it carries may have, of another message (DOMAIN §8).
    """
    if by_headers is Kind.ANOMALY:
        return Kind.ANOMALY, ()
    if data is None:
        invalid = tuple(defect for defect in defects if defect.startswith(NOT_VALID))
        return by_headers or Kind.UNKNOWN, invalid or ("no certification data",)
    by_data = KINDS.get(data.kind, Kind.UNKNOWN)
    found = by_data if by_headers in (None, Kind.UNKNOWN) else by_headers
    wrong = []
    if by_headers not in (None, Kind.UNKNOWN, by_data):
        wrong.append(f"header says {by_headers}, certification data {data.kind[:40] or 'nothing'}")
    stated = bare_id(headers.first("x-riferimento-message-id") or "")
    if stated and data.msgid and stated != data.msgid:
        wrong.append("X-Riferimento-Message-ID is not the certified msgid")
    if len(headers.all("from")) != 1:
        wrong.append(f"{len(headers.all('from'))} From")
    return found or Kind.UNKNOWN, tuple(wrong)


def _refers_to(data: CertificationData, headers: Headers) -> tuple[str, ...]:
    """The certified id first; the header's is for what is not believed, so that it finds its place."""
    named = (data.msgid, *(bare_id(one) for one in headers.all("x-riferimento-message-id")))
    return tuple(dict.fromkeys(clean_line(one)[:998] for one in named if one))


def _trust(headers: Headers, signed: Signed | None, trusted: TrustList, data: CertificationData | None) -> Trust:
    if signed is None:
        return UNSIGNED
    senders = addresses(headers.all("from"))
    sender = senders[0].address if senders else ""
    return verified(signed, trusted, sender=sender, at=data.at if data is not None else None)


def _original(parts: _Parts, own: OwnMail) -> MailReading | None:
    """The message inside; its attachments are named by their place in the outer bytes."""
    if not parts.originals:
        return None
    leaf = parts.originals[0]
    inner = mime.read(leaf.content().lstrip(b"\r\n"), own=own)
    named = tuple(replace(one, part=f"{leaf.path}.{one.part}") for one in inner.attachments)
    return replace(inner, attachments=named)


def _text(parts: _Parts) -> str:
    """What the provider writes, for people."""
    pieces = (clean(decode(leaf.content(), leaf.charset)[0]).strip() for leaf in parts.texts[:3])
    return "\n\n".join(piece for piece in pieces if piece)[:MAX_TEXT]


def _doubles(kind: Kind, parts: _Parts) -> tuple[str, ...]:
    """Two certification data of one message: nobody can say which holds."""
    several = kind is not Kind.ANOMALY and len(parts.data) > 1
    return (f"{len(parts.data)} parts are called {DATA_NAME}",) if several else ()


def _oddities(by_headers: Kind | None, parts: _Parts) -> list[str]:
    found = []
    if by_headers is None:
        found.append("neither X-Trasporto nor X-Ricevuta")
    if len(parts.originals) > 1:
        found.append(f"{len(parts.originals)} messages inside")
    if by_headers in _IN_TRANSPORT and not parts.originals:
        found.append("no message inside")
    return found
