"""Where a mailbox is, how to get in, and what can go wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from gateway.domain.errors import CentralinoError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LOOPBACK = re.compile(r"localhost$|127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|::1$", re.IGNORECASE)


class ImapError(CentralinoError):
    """The server could not be reached, refused, broke off, or answered what cannot be believed."""


class ImapLoginError(ImapError):
    """The server does not let us in."""


class ImapFolderError(ImapError):
    """The server does not open a folder; the connection goes on."""


class Tokens(Protocol):
    """Where tokens come from, for a server that takes no password (OAuth2)."""

    def token(self) -> str:
        """A token that is good now. May use the network, within a bounded time.

        Raises:
            CentralinoError: there is none, with the reason in words.
        """
        ...

    def refused(self, token: str) -> None:
        """The server did not take this token."""
        ...


@dataclass(frozen=True, slots=True)
class ImapAddress:
    """Where a mailbox is and how to get in: by token where `tokens` is set. `tls = none` is for loopback only."""

    host: str
    port: int
    user: str
    password: str
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: Path | None = None
    """Certificate authorities to believe instead of the system's."""
    timeout: timedelta = timedelta(seconds=20)
    tokens: Tokens | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"ImapAddress({self.user} at {self.host}:{self.port}, tls={self.tls})"


def check(address: ImapAddress) -> None:
    """Nothing that could become a command of its own, and nothing secret in clear.

    Raises:
        ImapError: the address is not to be used.
    """
    for name, value in (("host", address.host), ("user", address.user), ("password", address.password)):
        if has_control(value):
            raise ImapError(f"the {name} of the mailbox has control characters")
    if address.tls == "none" and _LOOPBACK.match(address.host) is None:
        raise ImapError(f"{address.host} is not this machine: the password is not sent there in clear; use tls")


def has_control(text: str) -> bool:
    """Whether a text has characters that could end a command."""
    return _CONTROL.search(text) is not None


def shortened(error: BaseException) -> str:
    """One line about an error; a server's own words are cut short and cleaned."""
    text = _CONTROL.sub(" ", str(error))[:200].strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
