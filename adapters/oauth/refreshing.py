"""Tokens by a refresh token (RFC 6749 §6): Google, an account at Microsoft, or any provider with a token endpoint."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx2

from adapters.oauth.errors import OAuthError, refused, shortened
from adapters.oauth.source import Grant
from adapters.oauth.vault import Held, Vault

ANSWER_BYTES = 65_536
SHORT_LIFE_S = 300
"""A token without `expires_in` is believed for so long."""
SKEW = timedelta(minutes=5)
OK, CLIENT_ERRORS = 200, range(400, 500)
TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class RefreshSettings:
    """Where and as whom tokens are asked for."""

    name: str
    token_url: str
    client_id: str
    client_secret: str = ""
    scope: str = ""
    ca_file: Path | None = None
    timeout: timedelta = timedelta(seconds=20)

    def __repr__(self) -> str:
        return f"RefreshSettings({self.name} at {self.token_url})"


class Refreshing:
    """Asks with the refresh token that is held, and keeps the one that comes back before the access token is used."""

    def __init__(self, settings: RefreshSettings, vault: Vault, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._vault = vault
        self._now = now
        self.name = settings.name

    def grant(self) -> Grant:
        """A new token.

        Raises:
            OAuthError: the provider does not answer, refuses, or its answer is none.
        """
        with self._vault.alone():
            held = self._vault.held()
            answer = self._asked(held)
            token, lives = answer.get("access_token"), _seconds(answer.get("expires_in"))
            if not isinstance(token, str) or not token:
                raise OAuthError(f"{self.name}: the provider answers without a token: check token_url")
            self._keep_exchanged(held, answer)
        return Grant(token, timedelta(seconds=lives if lives is not None else SHORT_LIFE_S))

    def ends_at(self) -> datetime | None:
        """Until when the refresh token is good, if the provider said so."""
        return self._vault.held().expires_at

    def _keep_exchanged(self, held: Held, answer: dict[str, Any]) -> None:
        came, lives = answer.get("refresh_token"), _seconds(answer.get("refresh_token_expires_in"))
        token = came if isinstance(came, str) and came else held.token
        ends_at = held.expires_at if token == held.token else None
        if lives is not None:
            ends_at = self._now() + timedelta(seconds=lives)
        if token != held.token or _differ(ends_at, held.expires_at):
            self._vault.keep(Held(token, ends_at))

    def _asked(self, held: Held) -> dict[str, Any]:
        settings = self._settings
        form = {"grant_type": "refresh_token", "refresh_token": held.token, "client_id": settings.client_id}
        optional = {"client_secret": settings.client_secret, "scope": settings.scope}
        form |= {name: value for name, value in optional.items() if value}
        try:
            status, stated, body = self._posted(form)
        except httpx2.TimeoutException as error:
            raise OAuthError(f"{self.name}: {settings.token_url} does not answer in time") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            said = shortened(str(error))
            raise OAuthError(f"{self.name}: {settings.token_url} cannot be reached: {said}") from error
        if status != OK:
            raise self._refusal(status, stated, body)
        return _document(body)

    def _posted(self, form: dict[str, str]) -> tuple[int, str, bytes]:
        seconds = self._settings.timeout.total_seconds()
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        ends_s, body = time.monotonic() + seconds, b""
        with (
            httpx2.Client(timeout=seconds, follow_redirects=False, verify=context) as client,
            client.stream(
                "POST", self._settings.token_url, data=form, headers={"Accept": "application/json"}
            ) as answer,
        ):
            for piece in answer.iter_bytes(8192):
                body += piece
                if time.monotonic() > ends_s:
                    raise httpx2.ReadTimeout("the answer trickles in")
                if len(body) > ANSWER_BYTES:
                    raise ValueError("the answer is too long for a token")
            return answer.status_code, answer.headers.get("date", ""), body

    def _refusal(self, status: int, stated: str, body: bytes) -> OAuthError:
        answer = _document(body)
        code, description = answer.get("error"), answer.get("error_description", "")
        if status not in CLIENT_ERRORS or status == TOO_MANY or not isinstance(code, str):
            return OAuthError(f"{self.name}: {self._settings.token_url} is in trouble (HTTP {status})")
        refusal = refused(self.name, code, str(description))
        off = _skew(stated, self._now())
        return OAuthError(f"{refusal}; {off}", lasting=refusal.lasting) if off else refusal


def _document(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(value: object) -> int | None:
    """A number of seconds, also where a provider writes it as text; None when it is none, or unbelievable."""
    try:
        seconds = int(str(value))
    except ValueError:
        return None
    return seconds if 0 < seconds <= timedelta(days=3660).total_seconds() else None


def _differ(new: datetime | None, old: datetime | None) -> bool:
    """Whether an end moved enough to be written down: a sliding one is told anew with every token."""
    if new is None or old is None:
        return new is not old
    return abs(new - old) > timedelta(hours=1)


def _skew(stated: str, now: datetime) -> str:
    """That our clock and the provider's differ, in words; empty when they agree or it does not say."""
    try:
        theirs = parsedate_to_datetime(stated)
    except (ValueError, TypeError):
        return ""
    off = now - (theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC))
    if abs(off) < SKEW:
        return ""
    way = "ahead of" if off > timedelta(0) else "behind"
    return f"our clock is {int(abs(off).total_seconds() // 60)} minutes {way} the provider's: see timedatectl"
