"""SPF (RFC 7208): may this host send for the domain of the envelope? Never raises."""

from __future__ import annotations

import ipaddress
from functools import cache
from typing import Any

import spf

from adapters.mail.authentication.author import domain_of
from adapters.mail.authentication.lookups import LookupFailedError, Lookups
from gateway.domain.authentication import Finding, Method, Result

MAX_LABEL = 63
NOT_PUBLIC = tuple(
    ipaddress.ip_network(one)
    for one in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
                "::1/128", "fc00::/7", "fe80::/10")
)  # fmt: skip
"""No domain can have allowed these; and the library lets everything of loopback pass."""


def is_public(peer: str) -> bool:
    """Whether a peer is somewhere on the Internet, where SPF can say something of it."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return not any(mapped in network for network in NOT_PUBLIC)


def look(lookups: Lookups, peer: str, sender: str, helo: str, until: float) -> Finding:
    """What SPF says of an envelope; of the null sender what it says of the name in HELO (§2.4)."""
    domain = domain_of(sender) or domain_of(f"@{helo}")
    if not is_public(peer) or not domain:
        return Finding(Method.SPF, Result.NONE, domain, "no host of the Internet" if domain else "no domain")
    try:
        result, _, why = _query_class()(lookups, until, i=peer, s=sender, h=helo).check()
    except Exception as error:  # noqa: BLE001 - other people's records: whatever is wrong with them, it is no pass
        return Finding(Method.SPF, Result.PERMERROR, domain, type(error).__name__)
    known = {str(one): one for one in Result}
    return Finding(Method.SPF, known.get(str(result), Result.PERMERROR), domain, str(why)[:200])


@cache
def _query_class() -> type[Any]:
    """The evaluation of pyspf over our own resolver: the library's asks the system's, for 20 seconds and more."""

    class Query(spf.query):  # type: ignore[misc]  # pyspf has no types
        def __init__(self, lookups: Lookups, until: float, **asked: str) -> None:
            super().__init__(**asked, receiver="centralino")
            self._lookups, self._until = lookups, until

        def dns(self, name: str, kind: str, _cnames: object = None, *, ignore_void: bool = False) -> list[Any]:
            """As pyspf's: TXT as a tuple of bytes; and it counts the questions that found nothing (§4.6.4)."""
            found = self._asked(str(name).rstrip(".").lower(), kind)
            if not found and not ignore_void:
                self.void_lookups += 1
                if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                    raise spf.PermError(f"Void lookup limit of {spf.MAX_VOID_LOOKUPS} exceeded")
            return [(one,) for one in found] if kind in ("TXT", "SPF") else found

        def _asked(self, name: str, kind: str) -> list[Any]:
            if not name or not all(0 < len(label) <= MAX_LABEL for label in name.split(".")):
                return []
            try:
                return self._lookups.ask(name, kind, self._until)
            except LookupFailedError as failed:
                raise spf.TempError(f"DNS {failed}") from None

    return Query
