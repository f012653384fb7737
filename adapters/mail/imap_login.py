"""The log-in to a mailbox: by password or by token, with what the server offers, and its refusal in words."""

from __future__ import annotations

import imaplib
from typing import Any

from adapters.mail import imap_words
from adapters.mail.imap_address import ImapAddress, ImapLoginError, shortened

MECHANISMS = ("XOAUTH2", "OAUTHBEARER")
"""What is done with a token. Microsoft and Google have XOAUTH2; OAUTHBEARER (RFC 7628) is for who has no other."""


def log_in(client: Any, address: ImapAddress, token: str | None) -> None:  # noqa: ANN401 - imapclient ships no types
    """Log in, by `token` if there is one.

    Raises:
        ImapLoginError: the server does not let us in.
    """
    try:
        if token is not None:
            _by_token(client, address.user, token)
        else:
            _by_password(client, address)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        if token is not None and address.tokens is not None:
            address.tokens.refused(token)
        meaning = imap_words.of_login(str(error), address.host, by_token=token is not None)
        raise ImapLoginError(
            f"{address.host} refuses {address.user}: {meaning} (it says {_without(token or address.password, error)!r})"
        ) from error


def _by_password(client: Any, address: ImapAddress) -> None:  # noqa: ANN401 - imapclient ships no types
    disabled = client.has_capability("LOGINDISABLED")
    if disabled and not client.has_capability("AUTH=PLAIN"):
        raise ImapLoginError(f"{address.host} takes no password here: use tls, or oauth where the provider wants it")
    if disabled or not (address.user + address.password).isascii():
        client.plain_login(address.user, address.password)
    else:
        client.login(_quoted(address.user), address.password)


def _quoted(user: str) -> str:
    """A user name as imaplib needs it: it quotes the password, and only that."""
    escaped = user.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _by_token(client: Any, user: str, token: str) -> None:  # noqa: ANN401 - imapclient ships no types
    mechanism = next((each for each in MECHANISMS if client.has_capability(f"AUTH={each}")), None)
    if mechanism is None:
        raise ImapLoginError(
            f"the server takes no token (it offers neither {' nor '.join(MECHANISMS)}): leave out oauth"
        )
    bearer = f"auth=Bearer {token}\1\1"
    if mechanism == "XOAUTH2":
        first, last = f"user={user}\1{bearer}", b""
    else:
        # RFC 5801 §4: the name goes into a list with commas.
        name = user.replace("=", "=3D").replace(",", "=2C")
        first, last = f"n,a={name},\1{bearer}", b"\1"

    def respond(challenge: bytes) -> str | bytes:
        # A refusal comes as a challenge (RFC 7628 §3.2.3), which is answered so that the server says NO.
        return last if challenge else first

    client.sasl_login(mechanism, respond)


def _without(secret: str, error: Exception) -> str:
    """A server's words in one line, without the secret should it repeat that."""
    said = shortened(error)
    return said.replace(secret, "…") if secret else said
