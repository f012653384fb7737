"""The word of our own mail provider: `Authentication-Results` (RFC 8601) by the name it signs them with. Never raises.

Only the topmost field of a trusted name counts. What stands below came with the mail as soon as the provider forgets to
take forged ones out, and one that names somebody else is anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import authres

from adapters.mail.authentication.author import domain_of
from adapters.mail.headers import Headers
from gateway.domain.authentication import Finding, Method, Result

UNNAMED = "none"
"""For providers that leave their own name out of the field."""
MAX_FIELD = 8_192
MOST_FIELDS = 8
"""Ours stands among the topmost; a mail that brings hundreds of its own would keep us busy for seconds."""
_WISH = re.compile(r"\bp=(none|quarantine|reject)\b|\baction=(quarantine|reject|oreject)\b", re.IGNORECASE)
_NOT_STANDARD = re.compile(r"\s(?:action|compauth|reason)=[\w.]+", re.IGNORECASE)
_UNNAMED_FIELD = re.compile(r"\s*(?:spf|dkim|dmarc|arc)\s*=", re.IGNORECASE)
_PROPERTIES = {
    Method.DMARC: (("header", "from"),),
    Method.DKIM: (("header", "d"), ("header", "i")),
    Method.SPF: (("smtp", "mailfrom"), ("smtp", "helo")),
}


def findings(fields: Headers, trusted: Collection[str]) -> tuple[str, tuple[Finding, ...]] | None:
    """Whose word it is and what it says; None when no trusted provider said anything."""
    names = {name.casefold() for name in trusted}
    for value in fields.all("authentication-results")[:MOST_FIELDS] if names else ():
        name, said = _read(value[:MAX_FIELD])
        if name in names:
            return name, said
    return None


def _read(value: str) -> tuple[str, tuple[Finding, ...]]:
    if _UNNAMED_FIELD.match(value):
        value = f"{UNNAMED}; {_NOT_STANDARD.sub('', value)}"
    name = value.partition(";")[0].split()[:1]
    try:
        said = authres.AuthenticationResultsHeader.parse_value(value)
    except Exception:  # noqa: BLE001 - a field that nobody can read says nothing, whoever wrote it
        return (name[0].casefold() if name else ""), ()
    return str(said.authserv_id).casefold(), tuple(_findings(said, value))


def _findings(said: authres.AuthenticationResultsHeader, value: str) -> list[Finding]:
    methods, results = {str(one): one for one in Method}, {str(one): one for one in Result}
    wish = _WISH.search(value)
    found = []
    for one in said.results:
        method = methods.get(str(one.method).lower())
        if method not in _PROPERTIES:
            continue
        result = results.get(str(one.result).lower(), Result.PERMERROR)
        reason = f"p={(wish[1] or wish[2]).lower().lstrip('o')}" if wish and method is Method.DMARC else ""
        found.append(Finding(method, result, _domain(one, method), reason))
    return found


def _domain(one: authres.AuthenticationResult, method: Method) -> str:
    named = {(str(each.type).lower(), str(each.name).lower()): str(each.value) for each in one.properties}
    for key in _PROPERTIES[method]:
        if value := named.get(key):
            return domain_of(value if "@" in value else f"@{value}")
    return ""
