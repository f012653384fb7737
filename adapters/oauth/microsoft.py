"""Tokens for an application at Microsoft 365 (client credentials), by msal: no user, no refresh token, no rotation."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from adapters.mail.asn1 import certificates_in
from adapters.oauth.errors import OAuthError, refused, shortened
from adapters.oauth.source import Grant

SCOPE = "https://outlook.office365.com/.default"
AUTHORITY = "https://login.microsoftonline.com"
TIMEOUT_S = 20
SHORT_LIFE_S = 300


@dataclass(frozen=True, slots=True)
class MicrosoftApplication:
    """An application with the permission IMAP.AccessAsApp: proves itself by a secret, or by a key and certificate."""

    name: str
    tenant: str
    client_id: str
    client_secret: str = ""
    certificate: str = ""
    """PEM; with it goes `key`."""
    key: str = ""
    scope: str = SCOPE
    authority: str = AUTHORITY
    ca_file: Path | None = None
    timeout_s: float = TIMEOUT_S

    def __repr__(self) -> str:
        return f"MicrosoftApplication({self.name}, {self.client_id} in {self.tenant})"

    def grant(self) -> Grant:
        """A new token.

        Raises:
            OAuthError: msal is not installed, Microsoft does not answer, or it refuses.
        """
        made = _library()
        logging.getLogger("msal").setLevel(logging.WARNING)
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            with httpx2.Client(timeout=self.timeout_s, verify=context) as client:
                answer = _made(made, self, client).acquire_token_for_client(scopes=[self.scope])
        except Exception as error:
            # What a key that cannot be used raises is of three libraries below msal; an unknown tenant is a ValueError.
            raise self._failure(error) from error
        token, lives = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str):
            raise refused(self.name, str(answer.get("error")), str(answer.get("error_description", "")))
        return Grant(token, timedelta(seconds=int(lives) if isinstance(lives, int | str) else SHORT_LIFE_S))

    def ends_at(self) -> datetime | None:
        """Until when the certificate is good."""
        return certificate_ends_at(self.certificate) if self.certificate else None

    def _failure(self, error: Exception) -> OAuthError:
        where = f"{self.authority}/{self.tenant}"
        if isinstance(error, ValueError) and "authority" in str(error).lower():
            return OAuthError(f"{self.name}: Microsoft knows no tenant {self.tenant}: check tenant", lasting=True)
        if self.certificate and not isinstance(error, httpx2.HTTPError | OSError):
            return OAuthError(
                f"{self.name}: client_key and client_certificate cannot be used ({type(error).__name__}): store both "
                "as PEM, an RSA key without a passphrase",
                lasting=True,
            )
        return OAuthError(f"{self.name}: {where} cannot be reached: {shortened(_first_line(error))}")


def _made(made: Callable[..., Any], settings: MicrosoftApplication, client: httpx2.Client) -> Any:  # noqa: ANN401 - msal ships no types
    """A new application each time: its own cache would give a token again that the mailbox has just refused.

    It asks by our client: its own takes the environment's certificate authorities before those it is given.
    """
    proof: object = settings.client_secret
    if settings.certificate:
        proof = {"private_key": settings.key, "public_certificate": settings.certificate}
    return made(
        settings.client_id,
        client_credential=proof,
        authority=f"{settings.authority}/{settings.tenant}",
        instance_discovery=False,  # it would ask a third server which of Microsoft's clouds this is
        http_client=client,
    )


def _library() -> Callable[..., Any]:
    try:
        from msal import ConfidentialClientApplication  # noqa: PLC0415 - an extra: many installations have no Microsoft
    except ImportError as error:
        raise OAuthError(
            "the package msal is not installed, which fetches tokens from Microsoft: install centralino[oauth]",
            lasting=True,
        ) from error
    made: Callable[..., Any] = ConfidentialClientApplication
    return made


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def certificate_ends_at(pem: str) -> datetime | None:
    """Until when a certificate is good; None when it is none."""
    try:
        ends_at: datetime = certificates_in(pem.encode())[0].not_valid_after
    except (ValueError, IndexError):
        return None
    return ends_at
