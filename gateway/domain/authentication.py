"""Whether a mail is from whom it says: what SPF, DKIM and DMARC found, and what of it a sender may do with it.

The sender is the one mailbox in From, for that is whom people see. It is *verified* when its domain answers for the
mail: a signature or an envelope of that organisation holds (RFC 7489 §3.1), a user logged in under it, our own mail
provider says so, or somebody at the desk vouches. Nobody else changes a ticket, and nothing here drops a mail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime


class Method(StrEnum):
    """By what a mail was looked at."""

    SPF = "spf"
    DKIM = "dkim"
    DMARC = "dmarc"
    LOGIN = "login"
    PEC = "pec"


class Result(StrEnum):
    """What came of it (RFC 8601 §2.7)."""

    PASS = "pass"  # noqa: S105 - the word of the standard
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    POLICY = "policy"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


class Standing(StrEnum):
    """What the sender of a mail may do."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    FORGED = "forged"
    """The owner of the domain says by DMARC that such a mail is not theirs."""
    VOUCHED = "vouched"
    """Somebody at the desk says that it is from whom it says."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one method says of one domain, and why."""

    method: Method
    result: Result
    domain: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a domain publishes under `_dmarc` (RFC 7489 §6.3). `asked` is the domain where it was found."""

    asked: str
    domain: str
    subdomains: str
    strict_dkim: bool = False
    strict_spf: bool = False

    def wish(self, author: str) -> str:
        """What is to become of mail that fails: `none`, `quarantine` or `reject`."""
        return self.domain if author == self.asked else self.subdomains


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of an intake's sender. `source` is who looked: `own`, a mail provider by name, `login`, `desk`.

    `again_at` is when a look that failed for now is repeated, after `tries` of them. `ticket` is the one that the mail
    would have joined and waits for; `by` is who at the desk decided about it.
    """

    intake: int
    at: datetime
    author: str
    standing: Standing
    source: str = "own"
    findings: tuple[Finding, ...] = ()
    tries: int = 1
    again_at: datetime | None = None
    ticket: int | None = None
    by: str | None = None

    @property
    def may_act(self) -> bool:
        """Whether the mail may change a ticket."""
        return self.standing in (Standing.VERIFIED, Standing.VOUCHED)

    @property
    def summary(self) -> str:
        """On one line: `dmarc=fail spf=none dkim=fail`."""
        return " ".join(f"{one.method}={one.result}" for one in self.findings) or str(self.standing)


AGAIN_AFTER = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30))
"""When a look is repeated that failed for now; then it stays unverified."""


def again_at(tries: int, at: datetime) -> datetime | None:
    """When to look once more after `tries` looks that all failed for now; None when there were enough."""
    return at + AGAIN_AFTER[tries - 1] if tries <= len(AGAIN_AFTER) else None


def with_retry(verdict: Verdict) -> Verdict:
    """The verdict with the time of its next look, if one could change it."""
    failed_for_now = any(one.result is Result.TEMPERROR for one in verdict.findings)
    wanted = failed_for_now and not verdict.may_act
    return replace(verdict, again_at=again_at(verdict.tries, verdict.at) if wanted else None)


def policy_in(asked: str, records: Iterable[str]) -> Policy | None:
    """The policy that the TXT records of `_dmarc.asked` state; None when there is none, or not exactly one.

    A record without a `p` that can be read says nothing (RFC 7489 §6.6.3); a domain that is only trying (`pct=0`,
    `t=y`) wishes nothing.
    """
    stated = [tags for tags in map(_tags, records) if tags is not None]
    if len(stated) != 1:
        return None
    tags = stated[0]
    wishes = ("none", "quarantine", "reject")
    domain = tags.get("p", "").lower()
    if domain not in wishes:
        if "rua" not in tags:
            return None
        domain = "none"
    subdomains = tags.get("sp", domain).lower()
    if tags.get("pct", "").strip() == "0" or tags.get("t", "").lower() == "y":
        domain = subdomains = "none"
    return Policy(
        asked,
        domain,
        subdomains if subdomains in wishes else domain,
        strict_dkim=tags.get("adkim", "").lower() == "s",
        strict_spf=tags.get("aspf", "").lower() == "s",
    )


def _tags(record: str) -> dict[str, str] | None:
    parts = [part.partition("=") for part in record.split(";") if part.strip()]
    pairs = [(name.strip().lower(), value.strip()) for name, _, value in parts]
    if not pairs or pairs[0][0] != "v" or pairs[0][1] != "DMARC1":
        return None
    return dict(reversed(pairs))  # of a tag that is written twice the first counts


def aligned(domain: str, author: str, *, strict: bool, organisation: Callable[[str], str]) -> bool:
    """Whether what a domain answers for counts for the author's (RFC 7489 §3.1)."""
    if not domain or not author:
        return False
    return domain == author or (not strict and organisation(domain) == organisation(author) != "")


def dmarc(
    author: str,
    findings: Sequence[Finding],
    policy: Policy | None,
    *,
    organisation: Callable[[str], str],
    policy_unknown: bool = False,
) -> Finding:
    """What DMARC says of a mail: does a pass of SPF or DKIM belong to the author's organisation?

    A domain that publishes nothing gets `pass` as well when one does; else `none`. While its policy cannot be asked
    for (`policy_unknown`) only the very same domain counts.
    """
    if not author:
        return Finding(Method.DMARC, Result.PERMERROR, "", "no single sender in From")
    strict = {Method.SPF: policy.strict_spf, Method.DKIM: policy.strict_dkim} if policy else {}
    counting = [
        one
        for one in findings
        if one.method in (Method.SPF, Method.DKIM)
        and aligned(one.domain, author, strict=strict.get(one.method, policy_unknown), organisation=organisation)
    ]
    passed = next((one for one in counting if one.result is Result.PASS), None)
    if passed:
        return Finding(Method.DMARC, Result.PASS, author, f"{passed.method} of {passed.domain}")
    if policy_unknown or any(one.result is Result.TEMPERROR for one in findings):
        return Finding(Method.DMARC, Result.TEMPERROR, author, "could not be asked")
    if policy is None:
        return Finding(Method.DMARC, Result.NONE, author, "no policy")
    return Finding(Method.DMARC, Result.FAIL, author, f"p={policy.wish(author)}")


def standing(found: Finding) -> Standing:
    """What a sender may do by what DMARC says."""
    if found.result is Result.PASS:
        return Standing.VERIFIED
    if found.result is Result.FAIL and found.reason in ("p=quarantine", "p=reject"):
        return Standing.FORGED
    return Standing.UNVERIFIED


def told_by_provider(author: str, findings: Sequence[Finding], *, organisation: Callable[[str], str]) -> Finding:
    """What the findings of our own mail provider say: its DMARC result for the author, else what its others give."""
    said = next((one for one in findings if one.method is Method.DMARC), None)
    if said is not None and author and said.domain in (author, ""):
        return replace(said, domain=author)
    return dmarc(author, findings, None, organisation=organisation)


def may_send_as(author: str, allowed: Iterable[str]) -> bool:
    """Whether a user who may send as these (`a@b.example`, or `@b.example` for all of a domain) is this author."""
    plain = author.casefold()
    _, at, domain = plain.rpartition("@")
    return bool(at) and any(one.casefold() in (plain, f"@{domain}") for one in allowed)
