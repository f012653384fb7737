"""A token for now: the last one while it is good, else a new one. Asked by the mailboxes' threads alone."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

LEAST_LEFT = timedelta(minutes=5)
"""A token that has less to live is not used any more: logging in takes a while, and clocks differ."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a provider gave: the token for the mailbox and how long it is good for."""

    token: str
    lives: timedelta

    def __repr__(self) -> str:
        return f"Grant(lives={self.lives})"


class Grantor(Protocol):
    """Whoever fetches tokens from a provider."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        ...

    def grant(self) -> Grant:
        """A new token, from the provider. Uses the network; bounded in time.

        Raises:
            OAuthError: there is none.
        """
        ...

    def ends_at(self) -> datetime | None:
        """Until when the provider goes on giving tokens for what we hold; None when it does not say."""
        ...


class TokenSource:
    """Tokens of one provider's application or account, for all mailboxes that it opens."""

    def __init__(self, grantor: Grantor) -> None:
        self._grantor = grantor
        self._lock = threading.Lock()
        self._token = ""
        self._good_until_s = 0.0

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._grantor.name

    def token(self) -> str:
        """A token that is good for a while. Several who ask at once cause one request.

        Raises:
            OAuthError: there is none, with the reason in words.
        """
        with self._lock:
            if time.monotonic() >= self._good_until_s:
                grant = self._grantor.grant()
                left = max(grant.lives - LEAST_LEFT, grant.lives / 2)
                self._token, self._good_until_s = grant.token, time.monotonic() + left.total_seconds()
            return self._token

    def refused(self, token: str) -> None:
        """A server did not take this token: the next one asked for is new."""
        with self._lock:
            if token == self._token:
                self._token, self._good_until_s = "", 0.0

    def ends_at(self) -> datetime | None:
        """Until when there will be tokens, as far as the provider told or a certificate says."""
        return self._grantor.ends_at()
