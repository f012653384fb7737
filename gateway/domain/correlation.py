"""Which ticket a contact belongs to: a signed token first, then a mark from somebody the ticket knows.

Every Message-ID and reply address that we make carries the ticket's number and a signature over it, so a reply finds
its ticket without a look-up and nobody can guess one (PROMISES B-054).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.domain.intake import MailReading

_SIGNATURE_DIGITS = 16
_MESSAGE_ID = re.compile(r"^(\d{10})\.([0-9a-f]{8,32})\.([0-9a-f]{16})@", re.ASCII)
_TOKEN = re.compile(r"\+(\d{10})\.([0-9a-f]{16})@", re.ASCII)
_MARK = re.compile(r"\[(\d{10})\]", re.ASCII)
_REFERENCE = re.compile(
    r"(?:riferimento|rif|ticket|caso|case|pratica|segnalazione|reference|ref)\.?"
    r"(?:\s{0,3}(?:n|nr|num|numero|no|id|vostro|nostro))?\.?\s{0,3}[:#°º]{1,2}\s{0,3}#?([A-Z0-9][A-Z0-9/_.-]{2,39})",
    re.IGNORECASE,
)
_TOKEN_OF_SUBJECT = re.compile(r"[A-Z0-9][A-Z0-9/_.-]{2,39}", re.IGNORECASE)
_BARE_REFERENCE = re.compile(
    r"\b(?:ticket|riferimento|rif|reference|ref)\.?(?:\s{0,3}(?:n|nr|num|numero|no|id))?\.?\s{1,3}"
    r"([0-9]{3,12})(?![\w/:-]|[.,][0-9])",
    re.IGNORECASE,
)
"""Without a mark between word and number only digits count that are no date, time or amount."""


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE_DIGITS]


def message_id(key: bytes, ticket: int, dispatch_key: str, domain: str) -> str:
    """The Message-ID (without <>) of a mail of ours about a ticket: the same for the same dispatch, signed."""
    body = f"{ticket}.{dispatch_key[:24]}"
    return f"{body}.{_signature(key, body)}@{domain}"


def reply_address(key: bytes, ticket: int, address: str) -> str:
    """`local+number.signature@domain`: a reply address that leads to the ticket whatever the mail program does."""
    local, _, domain = address.partition("@")
    return f"{local}+{ticket}.{_signature(key, f'reply.{ticket}')}@{domain}"


def ticket_of_message_id(key: bytes, value: str) -> int | None:
    """The ticket that one of our own Message-IDs is about; None when it is not ours or was forged."""
    found = _MESSAGE_ID.match(value)
    if not found:
        return None
    expected = _signature(key, f"{found[1]}.{found[2]}")
    return int(found[1]) if hmac.compare_digest(expected, found[3]) else None


def ticket_of_address(key: bytes, address: str) -> int | None:
    """The ticket that a reply address leads to; None when it carries no valid token."""
    found = _TOKEN.search(address)
    if not found:
        return None
    expected = _signature(key, f"reply.{found[1]}")
    return int(found[1]) if hmac.compare_digest(expected, found[2]) else None


def signed_ticket(key: bytes, reading: MailReading, recipients: Iterable[str]) -> int | None:
    """The ticket named by a signed reply address or by a Message-ID of ours that the mail answers (DESIGN, order)."""
    addresses = (*recipients, *(a.address for a in (*reading.to, *reading.cc)), *reading.delivered_to)
    by_address = (ticket_of_address(key, address) for address in addresses)
    by_thread = (ticket_of_message_id(key, one) for one in (*reading.in_reply_to, *reading.references))
    return next((number for number in (*by_address, *by_thread) if number is not None), None)


def marked_tickets(subject: str) -> tuple[int, ...]:
    """The numbers in marks `[2026000123]` of a subject, ASCII digits only. A mark alone proves nothing."""
    return tuple(dict.fromkeys(int(number) for number in _MARK.findall(subject)))


def vendor_reference(subject: str, text: str, own: int | None = None) -> str | None:
    """What of `vendor_references` is the most likely, or None."""
    return next(iter(vendor_references(subject, text, own)), None)


def vendor_references(subject: str, text: str, own: int | None = None) -> tuple[str, ...]:
    """Everything in a mail of the vendor that may be its own number, the most likely first; at most 20. Linear.

    `Riferimento: ABC-1234`, `Rif. n° 77/2026` before `Ticket 4711` (C9.5, S121), and last a mark `[2026000123]` of
    its subject. `own`, the number of our ticket, is none.
    """
    said = f"{subject}\n{text[:4000]}"
    found = [match[1].rstrip(".-/") for match in chain(_REFERENCE.finditer(said), _BARE_REFERENCE.finditer(said))]
    found += _MARK.findall(subject)
    numbers = (one for one in found if any(char.isdigit() for char in one) and one != str(own or ""))
    return tuple(islice(dict.fromkeys(numbers), 20))


def spoken_references(subject: str, text: str) -> tuple[str, ...]:
    """What a mail of the vendor may call a ticket by once its number is known, also bare in its subject. At most 40."""
    bare = (token.strip("._/-") for token in _TOKEN_OF_SUBJECT.findall(subject[:400]))
    found = (*vendor_references(subject, text), *(token for token in bare if any(char.isdigit() for char in token)))
    return tuple(islice(dict.fromkeys(found), 40))


def content_digest(*parts: bytes) -> str:
    """32 hexadecimal digits that stand for these parts in this order, each with its length."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.hexdigest()[:32]
