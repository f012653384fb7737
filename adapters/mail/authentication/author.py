"""The one mailbox in From: whom people see, and so whom DMARC speaks of (RFC 7489 §6.6.1). Pure; never raises."""

from __future__ import annotations

import contextlib
import re

from adapters.mail.headers import Headers, addresses, split

_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


def normalised(raw: bytes) -> bytes:
    """The message with every bare CR or LF as a line end, as every reader of ours takes it (B-001, F6)."""
    return _BARE.sub(b"\r\n", raw) if raw.count(b"\r\n") * 2 != raw.count(b"\r") + raw.count(b"\n") else raw


def header_block(raw: bytes) -> Headers:
    """The fields of a message, read as they are read for people."""
    return Headers.of_bytes(split(raw)[0])


def author_of(fields: Headers) -> str:
    """The address of the only mailbox of the only From field, or "": nobody can be held to an unclear one (B-041)."""
    written = fields.all("from")
    if len(written) != 1:
        return ""
    found = [one.address for one in addresses(written) if "@" in one.address]
    return found[0] if len(found) == 1 else ""


def domain_of(address: str) -> str:
    """The domain of an address in lower case and as A-labels, without a final dot; "" for none."""
    domain = address.rpartition("@")[2].strip().rstrip(".").lower() if "@" in address else ""
    if domain.isascii():
        return domain
    with contextlib.suppress(UnicodeError):
        return domain.encode("idna").decode("ascii")
    return ""
