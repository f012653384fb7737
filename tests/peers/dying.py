"""A reader that dies of one mail, as native code does of bytes that nobody thought of: no exception, SIGKILL."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from adapters.mail import mime, packed

if TYPE_CHECKING:
    from adapters.mail.automatic import OwnMail
    from gateway.domain.intake import MailReading

POISON = "X-Poison: yes"
SLOW = "X-Poison: slow"
READ = "tests.peers.dying:read_packed"
READ_MANY = "tests.peers.dying:read_many"


def read_packed(payload: bytes) -> bytes:
    """In a child: the genuine reading, unless it is the mail that kills, or that takes for ever."""
    _die_of(payload)
    return packed.read_packed(payload)


def read_many(payload: bytes) -> bytes:
    """The same for many at once."""
    _die_of(payload)
    return packed.read_many_packed(payload)


def in_process() -> None:
    """The parser of this process dies as well."""
    genuine = mime.read

    def read(raw: bytes, *, envelope_from: str | None = None, own: OwnMail, opening: bool = True) -> MailReading:
        _die_of(raw)
        return genuine(raw, envelope_from=envelope_from, own=own, opening=opening)

    mime.read = read


def _die_of(payload: bytes) -> None:
    if POISON.encode() in payload:
        os.kill(os.getpid(), signal.SIGKILL)
    if SLOW.encode() in payload:
        time.sleep(60)
