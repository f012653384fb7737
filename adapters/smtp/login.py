"""Logging in (RFC 4954): PLAIN, and LOGIN for the printers that know nothing else; only inside TLS."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable

from adapters.smtp import answers

MECHANISMS = ("PLAIN", "LOGIN")
_AT_A_TIME = 2
"""Passwords that are looked at at once: each takes 16 MiB and a processor."""


class _AbortedError(Exception):
    """The client gave up, or said what nobody can read; the text is the answer."""


async def credentials(argument: str | None, ask: Callable[[bytes], Awaitable[bytes]]) -> tuple[str, bytes] | str:
    """The user and password that a client says, or the answer to what it said instead. `ask` gets its next line."""
    mechanism, _, initial = (argument or "").partition(" ")
    try:
        if mechanism.upper() == "PLAIN":
            return _plain(_decoded(initial.strip().encode()) if initial.strip() else _decoded(await ask(b"")))
        if mechanism.upper() == "LOGIN":
            given = initial.strip()
            user = _decoded(given.encode()) if given else _decoded(await ask(b"Username:"))
            return user.decode(), _decoded(await ask(b"Password:"))
    except _AbortedError as aborted:
        return str(aborted)
    except UnicodeDecodeError:
        return answers.NOT_BASE64
    return answers.NO_ARGUMENT if not mechanism else answers.NO_SUCH_MECHANISM


def _plain(said: bytes) -> tuple[str, bytes]:
    """`authorisation NUL user NUL password` (RFC 4616): who acts for somebody else is not known here."""
    parts = said.split(b"\0")
    expected = 3
    if len(parts) != expected or parts[0] not in (b"", parts[1]):
        raise _AbortedError(answers.NOT_BASE64)
    return parts[1].decode(), parts[2]


def _decoded(line: bytes) -> bytes:
    if line == b"*":
        raise _AbortedError(answers.LOGIN_ABORTED)
    if line == b"=":
        return b""
    try:
        return base64.b64decode(line, validate=True)
    except binascii.Error:
        raise _AbortedError(answers.NOT_BASE64) from None


class Turnstile:
    """Looks at passwords off the loop, few at a time."""

    def __init__(self, knows: Callable[[str, bytes], bool]) -> None:
        self._knows = knows
        self._places = asyncio.Semaphore(_AT_A_TIME)

    async def lets_in(self, user: str, password: bytes) -> bool:
        """Whether these are a user's name and password."""
        async with self._places:
            return await asyncio.get_running_loop().run_in_executor(None, self._knows, user, password)
