"""Which organisation a domain belongs to, and what it wishes of mail that fails (RFC 7489 §3.2, §6.6.3)."""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList

from adapters.mail.authentication.lookups import Lookups
from gateway.domain.authentication import Policy, policy_in

_CACHED = 4_096


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def organisation(domain: str) -> str:
    """The organisational domain; of a public suffix itself, that suffix."""
    return str(_suffixes().privatesuffix(domain) or domain)


def policy(lookups: Lookups, author: str, until: float) -> Policy | None:
    """The policy for an author's domain: its own, else the one of its organisation; None when there is none.

    Raises:
        LookupFailedError: it could not be asked for.
    """
    for asked in dict.fromkeys((author, organisation(author))):
        answers = lookups.ask(f"_dmarc.{asked}", "TXT", until)
        found = policy_in(asked, (one.decode("ascii", "replace") for one in answers if isinstance(one, bytes)))
        if found is not None:
            return found
    return None
