"""Why a delivery failed, by the far server's words and by the status that it gave (RFC 3463)."""

from __future__ import annotations

import re

from gateway.domain.intake import BounceReason

_DIAGNOSTIC = 1_000
_SAID = 4_000

_BY_STATUS = {
    "1.1": BounceReason.UNKNOWN_ADDRESS,
    "1.2": BounceReason.UNKNOWN_DOMAIN,
    "1.3": BounceReason.UNKNOWN_ADDRESS,
    "1.6": BounceReason.MOVED,
    "1.10": BounceReason.TAKES_NO_MAIL,
    "2.1": BounceReason.DISABLED,
    "2.2": BounceReason.MAILBOX_FULL,
    "2.3": BounceReason.TOO_LARGE,
    "3.4": BounceReason.TOO_LARGE,
    "4.1": BounceReason.NETWORK,
    "4.2": BounceReason.NETWORK,
    "4.4": BounceReason.UNKNOWN_DOMAIN,
    "4.6": BounceReason.NETWORK,
    "4.7": BounceReason.EXPIRED,
    "7.1": BounceReason.REJECTED,
}
"""RFC 3463 §3 and the registry of enhanced status codes, without the class."""

_THING = r"(?:user|mailbox|mail box|recipient|address|account|utente|destinatario|casella|inbox)"

# In this order: what is more specific, or speaks of something else than the recipient, comes first.
_PHRASES: tuple[tuple[BounceReason, tuple[str, ...]], ...] = (
    (BounceReason.SYSTEM, (r"pipe to \|", "command output:", "command (?:died|failed)", "couldn't create")),
    (
        BounceReason.REJECTED,
        (
            r"sender (?:address )?(?:rejected|denied|verify|not)",
            "domain of sender",
            "sender's? domain",
            "from address",
            r"\b5\.1\.[78]\b",
        ),
    ),
    # Microsoft, "NDR error code 550 5.4.1": the far service knows its recipients, and this is none of them.
    (BounceReason.UNKNOWN_ADDRESS, (r"5\.4\.1 .{0,120}recipient address rejected: access denied",)),
    (
        BounceReason.MAILBOX_FULL,
        (
            "(?:mailbox|mail ?box|account|storage|disk|inbox).{0,40}(?:full|quota|exceed|limit)",
            "quota",
            "not enough (?:storage )?space",
            "casella.{0,20}piena",
            "insufficient (?:system )?storage",
        ),
    ),
    (
        BounceReason.TOO_LARGE,
        (
            "(?:message|mail).{0,30}(?:too (?:large|big)|exceeds?.{0,30}size)",
            "size limit",
            "maximum (?:message )?size",
        ),
    ),
    (
        BounceReason.MOVED,
        (
            "ha(?:s|ve) moved",
            "no longer (?:at|with|works)",
            "address (?:has )?changed",
            "moved to",
            "new address",
            "replaced by",
        ),
    ),
    (
        BounceReason.TAKES_NO_MAIL,
        (
            "does not accept (?:any )?(?:mail|e-?mail)",
            "null ?mx",
            "no smtp service",
            "no mail (?:is )?accept",
            "not accept(?:ing)? mail",
        ),
    ),
    (
        BounceReason.SPAM,
        (
            "spam",
            "junk",
            "unsolicited",
            "virus",
            "blacklist",
            "block ?list",
            "dnsbl",
            r"\brbl\b",
            "reputation",
            "content (?:rejected|filter)",
        ),
    ),
    (
        BounceReason.DISABLED,
        (
            "disabled (?:recipient|user|account|mailbox)",
            f"{_THING}.{{0,40}}(?:disabled|suspend|inactive|deactivat|expired|locked|blocked)",
            "inactive (?:user|mailbox|account)",
            "not active",
        ),
    ),
    (
        BounceReason.BLOCKED,
        (
            "access denied",
            "invalid ip",
            "blocked",
            "banned",
            "not allowed",
            "relay(?:ing)? (?:access )?(?:denied|not)",
            "authenticat",
            "dmarc",
            "dkim",
            r"\bspf\b",
            "reverse dns",
            r"\bptr\b",
            "client host",
            "your (?:ip|host|server)",
            "too many (?:connections|messages|errors)",
            "greylist",
            "policy",
            "rate limit",
            "try again later",
        ),
    ),
    (
        BounceReason.UNKNOWN_DOMAIN,
        (
            "host (?:or domain name )?(?:unknown|not found)",
            "unknown host",
            "domain.{0,30}(?:not (?:found|exist|reachable)|does(?: not|n't) exist|unknown|invalid)",
            "no such (?:host|domain)",
            "name or service not known",
            "unrouteable (?:mail )?domain",
            "nxdomain",
            "bad (?:destination )?host",
            "name server.{0,20}(?:host|not found)",
            "no mx",
            "couldn't find any host",
        ),
    ),
    (
        BounceReason.UNKNOWN_ADDRESS,
        (
            rf"{_THING}\b.{{0,60}}(?:unknown|not (?:found|known|exist|listed|valid|a valid|recogni[sz]ed|on|our))",
            rf"{_THING}\b.{{0,60}}(?:does(?: not|n't) exist|invalid|inesistente|sconosciut|no longer|unavailable)",
            rf"{_THING}\b.{{0,60}}(?:could not be found|may not exist)",
            f"(?:unknown|invalid|no such|no|bad|bad destination|undeliverable) {_THING}",
            "unknown (?:local|or illegal)",
            "no (?:such|mailbox|account)",
            "unrouteable address",
            "recipnotfound",
            "not a (?:valid|known)",
            "user.?unknown",
            "there is no .{0,40}(?:by|with) that name",
            "nosuchuser",
            "no valid recipients?",
            "check (?:if|that|whether) (?:the )?(?:e-?mail )?address is",
            r"recipient address rejected\.?\s*$",
            "(?:doesn't|does not) (?:exist|have)",
        ),
    ),
    (
        BounceReason.NETWORK,
        (
            "connection (?:timed out|refused|reset|dropped)",
            "timed out",
            "unreachable",
            "too many hops",
            "loop",
            "route to host",
            "lost connection",
            "network",
        ),
    ),
    (
        BounceReason.EXPIRED,
        (
            "retry (?:time|timeout)",
            "expired",
            r"(?:cannot|can't|could not).{0,40}(?:for|within) \d+ (?:days?|hours?|min)",
            "(?:has been|was).{0,30}(?:queue|delayed)",
            "too old",
            "giving up",
            r"4\.4\.7",
            "timeout exceeded",
            "tried for",
        ),
    ),
    (
        BounceReason.SYSTEM,
        (
            "(?:local|system|configuration|internal|mail server|i/o|file) .{0,20}(?:error|problem|failure)",
            "cannot create",
            "permission denied",
            "no space left",
            "out of memory",
        ),
    ),
)
_WORDS = tuple((reason, re.compile("|".join(phrases), re.IGNORECASE)) for reason, phrases in _PHRASES)


def reason_of(status: str | None, diagnostic: str, said: str) -> BounceReason:
    """Why a delivery failed: by the far server's own words, then by the status, then by the words of the report."""
    detail = (status or "").partition(".")[2]
    by_words, by_status = _by_words(diagnostic[:_DIAGNOSTIC]), _BY_STATUS.get(detail)
    if detail.startswith("2.") and by_words is BounceReason.UNKNOWN_ADDRESS:
        return by_status or BounceReason.DISABLED  # X.2.* speaks of a mailbox that is there (RFC 3463 §3.3)
    is_vague = by_words in (BounceReason.BLOCKED, BounceReason.NETWORK) and by_status is not None
    if by_words is not None and not is_vague:
        return by_words
    return by_status or _by_words(said[:_SAID]) or BounceReason.OTHER


def _by_words(text: str) -> BounceReason | None:
    plain = " ".join(text.split())
    return next((reason for reason, pattern in _WORDS if pattern.search(plain)), None)
