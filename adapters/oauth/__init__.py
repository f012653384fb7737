"""Tokens for mailboxes that take no password (OAuth2): fetched by who reads, and what is renewed is kept first."""

from __future__ import annotations

from adapters.oauth.errors import OAuthError
from adapters.oauth.microsoft import MicrosoftApplication, certificate_ends_at
from adapters.oauth.refreshing import Refreshing, RefreshSettings
from adapters.oauth.source import Grant, TokenSource
from adapters.oauth.vault import Vault

__all__ = [
    "Grant",
    "MicrosoftApplication",
    "OAuthError",
    "RefreshSettings",
    "Refreshing",
    "TokenSource",
    "Vault",
    "certificate_ends_at",
]
