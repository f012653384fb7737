"""Looks at who sent several mails at once, and comes back in time: what is not known by then failed for now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

from adapters.mail.authentication import envelopes, policies, provider, signatures
from adapters.mail.authentication.author import author_of, domain_of, header_block, normalised
from adapters.mail.authentication.lookups import LookupFailedError, Lookups
from gateway.domain.authentication import (
    Finding,
    Method,
    Result,
    Standing,
    Verdict,
    dmarc,
    may_send_as,
    standing,
    told_by_provider,
    with_retry,
)
from gateway.domain.intake import Intake

AT_ONCE = 16
UPSTREAM = "*upstream*"
"""The place of what our own mail server brings, among the names of mailboxes."""
RESTS_S = 10.0
"""How long nobody is asked after the DNS answered nothing at all: filing goes on at its own speed."""


@dataclass(frozen=True, slots=True)
class LookingSettings:
    """Whom to ask, how long to wait, and whose word counts without asking.

    `authserv_ids` are the names of our own mail provider, of `UPSTREAM` for what `trusted_upstream` and LMTP bring,
    else of a mailbox by its name. `senders` are, by user, what somebody who logged in may send as.
    """

    nameservers: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=3)
    patience: timedelta = timedelta(milliseconds=800)
    trusted_upstream: tuple[IPv4Network | IPv6Network, ...] = ()
    authserv_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    senders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Looking:
    """What looks. One for the daemon; thread-safe."""

    def __init__(self, settings: LookingSettings) -> None:
        self._settings = settings
        self._lookups = Lookups(settings.nameservers)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="authenticate")
        self._rests_until = 0.0
        self._threads.submit(policies.organisation, "example.org")  # reads its list, which takes a while

    def verdicts(self, intakes: Sequence[Intake], at: datetime) -> list[Verdict]:
        """What is known of each sender, within `patience`; the time to look again where it failed for now."""
        patience_s = self._settings.patience.total_seconds() if time.monotonic() >= self._rests_until else 0.0
        until = time.monotonic() + self._settings.timeout.total_seconds()
        asked = self._asked(intakes, at, until) if patience_s else []
        done, late = wait(asked, patience_s)
        for one in late:
            one.cancel()
        now = time.monotonic()
        if late and not done and now - self._lookups.answered_at > self._settings.timeout.total_seconds():
            self._rests_until = now + RESTS_S
        return [self._told(asked[n] if asked else None, intake, at) for n, intake in enumerate(intakes)]

    def verdict(self, intake: Intake, at: datetime) -> Verdict:
        """As `verdicts` of one that can wait for `timeout`."""
        return self._look(intake, at, time.monotonic() + self._settings.timeout.total_seconds())

    def close(self) -> None:
        """Nobody is asked any more; whoever is in the middle of it is told that it failed for now."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _asked(self, intakes: Sequence[Intake], at: datetime, until: float) -> list[Future[Verdict]]:
        """A look at each under way; none once this was closed: what is new after a reload looks at them again."""
        try:
            return [self._threads.submit(self._look, intake, at, until) for intake in intakes]
        except RuntimeError:
            return []

    @staticmethod
    def _told(looked: Future[Verdict] | None, intake: Intake, at: datetime) -> Verdict:
        if looked is not None and looked.done() and not looked.cancelled():
            return looked.result()
        author = domain_of(author_of(header_block(intake.raw)))
        unknown = Finding(Method.DMARC, Result.TEMPERROR, author, "no answer in time")
        return with_retry(Verdict(intake.id, at, author, Standing.UNVERIFIED, findings=(unknown,)))

    # ------------------------------------------------------------------------------------------------------ one mail

    def _look(self, intake: Intake, at: datetime, until: float) -> Verdict:
        try:
            return self._looked_at(intake, at, until)
        except Exception as error:  # noqa: BLE001 - other people's bytes: whatever is wrong with them, it is no pass
            found = Finding(Method.DMARC, Result.PERMERROR, "", type(error).__name__)
            return Verdict(intake.id, at, "", Standing.UNVERIFIED, findings=(found,))

    def _looked_at(self, intake: Intake, at: datetime, until: float) -> Verdict:
        """The first of these that knows: who logged in, our own mail provider, and we ourselves."""
        raw = normalised(intake.raw)
        fields = header_block(raw)
        address = author_of(fields)
        author = domain_of(address)
        if user := intake.facts.get("submitter"):
            return self._logged_in(intake, at, user, address)
        said = provider.findings(fields, self._names_for(intake))
        if said is not None:
            name, findings = said
            found = told_by_provider(author, findings, organisation=policies.organisation)
            rest = tuple(one for one in findings if one.method is not Method.DMARC)
            return Verdict(intake.id, at, author, standing(found), name, (found, *rest))
        return with_retry(self._own(intake, at, raw, author, until))

    def _logged_in(self, intake: Intake, at: datetime, user: str, address: str) -> Verdict:
        allowed = may_send_as(address, self._settings.senders.get(user, ()))
        result, why = (Result.PASS, user) if allowed else (Result.FAIL, f"{user} may not send as this")
        found = Finding(Method.LOGIN, result, domain_of(address), why)
        known = Standing.VERIFIED if allowed else Standing.UNVERIFIED
        return Verdict(intake.id, at, domain_of(address), known, "login", (found,))

    def _own(self, intake: Intake, at: datetime, raw: bytes, author: str, until: float) -> Verdict:
        """SPF where we know the host that sent it, DKIM, and DMARC over both."""
        findings = signatures.look(self._lookups, raw, until)
        if intake.door == "smtp" and not self._comes_from_upstream(intake):
            facts = intake.facts
            findings.append(
                envelopes.look(self._lookups, facts.get("peer", ""), intake.sender, facts.get("helo", ""), until)
            )
        unknown, policy = False, None
        try:
            policy = policies.policy(self._lookups, author, until) if author else None
        except LookupFailedError:
            unknown = True
        found = dmarc(author, findings, policy, organisation=policies.organisation, policy_unknown=unknown)
        return Verdict(intake.id, at, author, standing(found), "own", (found, *findings))

    def _names_for(self, intake: Intake) -> tuple[str, ...]:
        """The names whose word counts for what came by this door."""
        ids = self._settings.authserv_ids
        if intake.door == "imap":
            return ids.get(intake.facts.get("mailbox", ""), ())
        return ids.get(UPSTREAM, ()) if self._comes_from_upstream(intake) else ()

    def _comes_from_upstream(self, intake: Intake) -> bool:
        """Whether our own mail server brought it: by LMTP always, else from an address that the settings trust."""
        if intake.door == "lmtp":
            return True
        try:
            peer = ip_address(intake.facts.get("peer", "").partition("%")[0])
        except ValueError:
            return False
        return any(peer in network for network in self._settings.trusted_upstream)
