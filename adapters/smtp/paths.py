"""Envelope addresses and the parameters behind them. Pure; what is malformed is None.

A path is kept exactly as it was sent: a source route, a quoted local part or a percent sign is not resolved into
another address, so that it can only match a recipient that is configured in that very form (never a relay).
"""

from __future__ import annotations

import contextlib
import re
import unicodedata

NULL_SENDER = "<>"

MAX_ADDRESS = 320
_PATH = re.compile(r'\s*<((?:"(?:[^"\\]|\\.){0,128}"|[^<>"\s]){0,512})>(?:\s(.*))?$')
_BARE_PATH = re.compile(r"\s*([^<>\s\"]{1,320})(?:\s(.*))?$")
# One blank, and the rest is stripped: "\s+(.*)" would try every place between the two.

# Delivery status notifications (RFC 3461) are asked for by many servers whether offered or not; AUTH= (RFC 4954) too.
TOLERATED = frozenset({"RET", "ENVID", "NOTIFY", "ORCPT", "AUTH"})

FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""No command has a control character, and a lone surrogate stands for a byte that is not UTF-8."""


def path(argument: str) -> tuple[str, str] | None:
    """The address of `<address> parameters` (`<>` for the null sender) and the parameters; None when malformed."""
    found = _PATH.match(argument) or _BARE_PATH.match(argument)
    if found is None or len(found[1]) > MAX_ADDRESS:
        return None
    return found[1] or NULL_SENDER, (found[2] or "").lstrip()


def canonical(address: str) -> str:
    """The form that is stored: local part in NFC, domain in lower case and, where it is not ASCII, as A-labels."""
    local, at, domain = address.rpartition("@")
    if not at:
        return address if address.isascii() else unicodedata.normalize("NFC", address)
    if address.isascii():
        return f"{local}@{domain.lower()}"
    domain = unicodedata.normalize("NFC", domain).lower()
    with contextlib.suppress(UnicodeError):  # without an A-label it stays as written, and equals nothing configured
        domain = domain.encode("idna").decode("ascii")
    return f"{unicodedata.normalize('NFC', local)}@{domain}"
