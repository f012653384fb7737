"""What went wrong with a mailbox, in words that say what to do. The server's own words are only repeated, shortened.

Codes in brackets are those of RFC 5530. What a provider means by its refusal is said where it is known.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from collections.abc import Iterator

NOT_YET, EXPIRED, SELF_SIGNED, SELF_SIGNED_IN_CHAIN, NO_ISSUER, OTHER_NAME = 9, 10, 18, 19, 20, 62
"""X509_V_ERR_* of OpenSSL."""

_CERTIFICATE = {
    NOT_YET: "its certificate is not valid yet: see whether the clock of this machine is right (timedatectl)",
    EXPIRED: "its certificate has expired: who runs the server renews it, unless the clock of this machine is wrong",
    SELF_SIGNED: "its certificate is signed by nobody but itself: install an authority's, or trust it on this machine",
    SELF_SIGNED_IN_CHAIN: "its certificate is of an authority that this machine does not trust: install that authority",
    NO_ISSUER: "its certificate is of an unknown authority, or the server does not send the whole chain",
    OTHER_NAME: "its certificate is for another name: write host as the certificate has it",
}
_CODES = {
    "AUTHENTICATIONFAILED": "user or password is wrong, or the account is not allowed to use IMAP",
    "AUTHORIZATIONFAILED": "the user may not open this mailbox",
    "EXPIRED": "the password has expired: set a new one at the provider and store it",
    "PRIVACYREQUIRED": 'it wants an encrypted connection: write tls = "implicit" or "starttls"',
    "CONTACTADMIN": "the provider wants to be asked: contact its support",
    "UNAVAILABLE": "the provider's own log-in is down: it is tried again",
    "LIMIT": "there are too many connections or log-ins: it is tried again, more slowly",
    "INUSE": "somebody else holds the mailbox: it is tried again",
}
_CODE = re.compile(r"\[([A-Z]{4,})[^\]]*\]")
_MICROSOFT = re.compile(r"(^|\.)(office365\.com|outlook\.com|office\.com)$", re.IGNORECASE)
_GOOGLE = re.compile(r"(^|\.)(gmail\.com|googlemail\.com|google\.com)$", re.IGNORECASE)


def of_connection(error: BaseException) -> str | None:
    """Why there is no connection, or None where the kind of the error does not say."""
    for each in _chain(error):
        match each:
            case ssl.SSLCertVerificationError():
                meaning = _CERTIFICATE.get(each.verify_code, "its certificate is not trusted")
                return f"{meaning} (certificate verify failed: {each.verify_message})"
            case ssl.SSLError():
                return f'it speaks no TLS here: 993 goes with tls = "implicit", 143 with "starttls" ({each.reason})'
            case socket.gaierror():
                return "the name is not known: check host, and the DNS of this machine (resolvectl query)"
            case ConnectionRefusedError():
                return "nobody listens there: check host and port, and whether the server runs"
            case TimeoutError():
                return "it does not answer in time: a firewall may drop what we send"
            case ConnectionResetError() | BrokenPipeError() | imaplib.IMAP4.abort():
                return f"the connection broke off ({' '.join(str(each).split())[:100]})"
            case OSError() if each.errno is not None and each.strerror:
                return each.strerror
            case _:
                continue
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def of_login(said: str, host: str, *, by_token: bool) -> str:
    """Why a server lets nobody in, by what it said and by whose server it is."""
    found = _CODE.search(said.upper())
    code = found[1] if found else ""
    if by_token and code in {"", "AUTHENTICATIONFAILED"}:
        return _of_token(host)
    if code in {"", "AUTHENTICATIONFAILED", "ALERT"}:
        if _MICROSOFT.search(host):
            return "Microsoft takes no password over IMAP any more: make an [[oauth]] and name it in oauth"
        if _GOOGLE.search(host):
            return "Google wants an app password (with a second factor), or an [[oauth]] named in oauth"
    return _CODES.get(code, _CODES["AUTHENTICATIONFAILED"])


def _of_token(host: str) -> str:
    if _MICROSOFT.search(host):
        return (
            "the token is good and opens nothing here: check user (the mailbox's address), give the application "
            "IMAP.AccessAsApp, and in Exchange New-ServicePrincipal and Add-MailboxPermission"
        )
    return "the token does not open this mailbox: check user (the address that logged in) and scope"


def of_folder(folder: str, said: str) -> str:
    """Why a folder is not opened."""
    text = said.upper()
    if "[NOPERM]" in text or "PERMISSION" in text or "ACCESS DENIED" in text:
        return f"the user may not open the folder {folder}: give it the rights to read (and to write for mark_seen)"
    return f"the folder {folder} cannot be opened: write its whole name, with its parents, as the server has it"
