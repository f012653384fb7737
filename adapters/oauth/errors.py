"""What a token endpoint refuses, in words: what it means, and what somebody has to do.

The codes are those of RFC 6749 §5.2, and the AADSTS numbers of Microsoft's reference "Microsoft Entra authentication
and authorization error codes". What the endpoint says besides is repeated shortened, and never what we sent it.
"""

from __future__ import annotations

import re

from gateway.domain.errors import CentralinoError

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_AADSTS = re.compile(r"AADSTS(\d{4,8})")
SAID_CHARACTERS = 160

_BY_NUMBER = {
    "50034": "the account is not in this directory: check user and tenant",
    "50053": "the account is locked: unlock it at Microsoft",
    "50057": "the account is disabled: enable it at Microsoft",
    "50076": "the account must log in with a second factor: use an application (client_secret or client_certificate)",
    "50079": "the account must set up a second factor: use an application (client_secret or client_certificate)",
    "50173": "the refresh token was revoked, as after a change of password: log in again and store a new refresh_token",
    "53003": "a conditional access policy blocks us: exempt the application or this machine's address",
    "65001": "nobody has consented: an administrator grants the permission IMAP.AccessAsApp to the application",
    "70008": "the refresh token has expired: log in again and store a new refresh_token",
    "70011": "the scope is wrong: leave scope out",
    "90002": "the tenant is not known: check tenant (a directory id or domain)",
    "500011": "the service is not known in this tenant: leave scope out, and see that the tenant has Exchange Online",
    "700016": "the application is not in this tenant: check client_id and tenant",
    "700024": "our clock is wrong, or the provider's: see timedatectl on this machine",
    "700027": "the certificate is not the application's: register client_certificate at Microsoft",
    "700082": "the refresh token has expired because nobody used it: log in again and store a new refresh_token",
    "1002012": "the scope is wrong for an application: leave scope out",
    "7000112": "the application is disabled: enable it at Microsoft",
    "7000215": "the client secret is wrong: store its value, not its id",
    "7000222": "the client secret has expired: make a new one at Microsoft, store it, and set secret_expires_on",
}
_BY_CODE = {
    "invalid_client": "the client_secret is not that of client_id, or it was revoked: store the right one",
    "invalid_grant": "the refresh token has expired or was revoked: log in again and store a new refresh_token",
    "invalid_scope": "the scope is not one that this provider knows: leave scope out or correct it",
    "unauthorized_client": "the application may not do this: allow it at the provider",
    "access_denied": "the provider refuses access to this application: allow it there",
}


class OAuthError(CentralinoError):
    """No token can be had. `lasting`: it will not get better by itself, somebody has to do something."""

    def __init__(self, text: str, *, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(text)


def refused(name: str, code: str, description: str) -> OAuthError:
    """What a token endpoint's refusal means."""
    number = next(iter(_AADSTS.findall(description)), "")
    meaning = _BY_NUMBER.get(number) or _BY_CODE.get(code)
    said = shortened(f"{code}: {description}" if description else code)
    if meaning is None:
        return OAuthError(f"{name}: no token: the provider answers {said!r}", lasting=code in _BY_CODE)
    return OAuthError(f"{name}: no token: {meaning} (it answers {said!r})", lasting=True)


def shortened(text: str) -> str:
    """Somebody else's words in one short line."""
    line = " ".join(_CONTROL.sub(" ", text).split())
    return line if len(line) <= SAID_CHARACTERS else f"{line[:SAID_CHARACTERS]}…"
