"""Questions to the DNS that end in time: every one is asked until an instant, and a failure for now says so."""

from __future__ import annotations

import time
from collections.abc import Sequence

import dns.exception
import dns.nameserver
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT

CACHED = 5_000
"""Answers that are remembered, each as long as it is valid."""
DNS_PORT = 53
MAX_TEXT = 4_096
"""Longer text is no key, policy or SPF record (RFC 7208 §3.4 asks for 450 bytes); macros in it cost half a minute."""


class LookupFailedError(Exception):
    """Nobody knows for now: no answer in time, or a server that fails."""


class Lookups:
    """A resolver with its cache. Thread-safe."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        """`nameservers` are `address` or `address:port` (IPv6 in brackets); without any, those of the system."""
        self._resolver = dns.resolver.Resolver(configure=not nameservers)
        self._resolver.cache = dns.resolver.LRUCache(CACHED)
        self.answered_at = time.monotonic()
        """When the DNS last answered anything; at first, when we began to ask."""
        if nameservers:
            self._resolver.nameservers = [_server(one) for one in nameservers]

    def ask(self, name: str, kind: str, until: float) -> list[str | bytes | tuple[int, str]]:
        """The answers: TXT as bytes, MX with preference, others as text; none when there is no such name.

        Text that is longer than any that means something to us is left out.

        `until` is an instant of `time.monotonic`.

        Raises:
            LookupFailedError: there was no answer until then.
        """
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise LookupFailedError(f"no time left for {name}")
        try:
            answer = self._resolver.resolve(name, kind, lifetime=left_s, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            self.answered_at = time.monotonic()
            return []
        except dns.resolver.YXDOMAIN as error:
            raise LookupFailedError(f"{name}: {type(error).__name__}") from None
        except (dns.resolver.NoNameservers, dns.exception.Timeout, OSError) as error:
            raise LookupFailedError(f"{name}: {type(error).__name__}") from None
        except (dns.exception.DNSException, ValueError, UnicodeError):
            return []  # a name that cannot exist
        self.answered_at = time.monotonic()
        found = (_value(one) for one in answer)
        return [one for one in found if not isinstance(one, bytes) or len(one) <= MAX_TEXT]


def _server(one: str) -> dns.nameserver.Nameserver:
    address, colon, port = one.rpartition(":")
    if not colon or (":" in address and not address.startswith("[")):
        address, port = one, ""
    return dns.nameserver.Do53Nameserver(address.strip("[]"), int(port or DNS_PORT))


def _value(record: object) -> str | bytes | tuple[int, str]:
    if isinstance(record, TXT):
        return b"".join(record.strings)
    if isinstance(record, MX):
        return record.preference, record.exchange.to_text(omit_final_dot=True)
    if isinstance(record, PTR):
        return record.target.to_text(omit_final_dot=True)
    return str(record)
