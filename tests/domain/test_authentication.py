"""What SPF, DKIM and DMARC say together: policies as the world writes them, alignment, and what follows."""

from __future__ import annotations

import pytest

from gateway.domain.authentication import (
    Finding,
    Method,
    Policy,
    Result,
    Standing,
    aligned,
    dmarc,
    may_send_as,
    policy_in,
    standing,
    told_by_provider,
)


def organisation(domain: str) -> str:
    """As with the public suffix list, for domains of two labels."""
    return ".".join(domain.split(".")[-2:])


def spf(domain: str, result: Result = Result.PASS) -> Finding:
    return Finding(Method.SPF, result, domain)


def signed(domain: str, result: Result = Result.PASS) -> Finding:
    return Finding(Method.DKIM, result, domain)


def said(*findings: Finding, policy: Policy | None = None, unknown: bool = False) -> Finding:
    return dmarc("a.example", findings, policy, organisation=organisation, policy_unknown=unknown)


REJECT = Policy("a.example", "reject", "reject")


@pytest.mark.parametrize(
    ("record", "wish"),
    [
        ("v=DMARC1; p=reject", "reject"),
        ("v=DMARC1;p=quarantine;pct=50", "quarantine"),
        ("v=DMARC1; p=none; rua=mailto:x@a.example", "none"),
        ("v = DMARC1 ; p = reject ;", "reject"),
        ("v=DMARC1; p=REJECT", "reject"),
        ("v=DMARC1; p=reject; pct=0", "none"),
        ("v=DMARC1; p=reject; t=y", "none"),
        ("v=DMARC1; p=nonsense; rua=mailto:x@a.example", "none"),
        ("v=DMARC1; p=reject; p=none", "reject"),
    ],
)
def test_a_record_states_a_wish(record: str, wish: str) -> None:
    found = policy_in("a.example", [record])
    assert found
    assert found.wish("a.example") == wish


@pytest.mark.parametrize(
    "records",
    [
        [],
        ["v=spf1 -all"],
        ["p=reject; v=DMARC1"],
        ["v=dmarc1; p=reject"],
        ["v=DMARC1"],
        ["v=DMARC1; p=nonsense"],
        ["v=DMARC1; p=reject", "v=DMARC1; p=none"],
        [""],
        [";;;"],
    ],
)
def test_what_states_no_wish_is_no_policy(records: list[str]) -> None:
    """RFC 7489 §6.6.3: none, unreadable, or more than one."""
    assert policy_in("a.example", records) is None


def test_other_records_beside_it_do_not_count() -> None:
    assert policy_in("a.example", ["google-site-verification=x", "v=DMARC1; p=reject"]) == REJECT


def test_subdomains_have_a_wish_of_their_own() -> None:
    found = policy_in("a.example", ["v=DMARC1; p=reject; sp=none"])
    assert found
    assert (found.wish("a.example"), found.wish("x.a.example")) == ("reject", "none")


def test_the_same_organisation_is_aligned_unless_the_domain_is_strict() -> None:
    assert aligned("mail.a.example", "a.example", strict=False, organisation=organisation)
    assert aligned("a.example", "x.a.example", strict=False, organisation=organisation)
    assert not aligned("mail.a.example", "a.example", strict=True, organisation=organisation)
    assert not aligned("b.example", "a.example", strict=False, organisation=organisation)
    assert not aligned("", "", strict=False, organisation=organisation)


@pytest.mark.parametrize("one", [spf("a.example"), signed("a.example"), signed("mail.a.example")])
def test_one_aligned_pass_is_enough(one: Finding) -> None:
    found = said(spf("b.example", Result.FAIL), signed("b.example"), one, policy=REJECT)
    assert (found.result, standing(found)) == (Result.PASS, Standing.VERIFIED)


def test_a_pass_of_somebody_else_is_a_fail() -> None:
    found = said(spf("b.example"), signed("b.example"), policy=REJECT)
    assert (found.result, found.reason, standing(found)) == (Result.FAIL, "p=reject", Standing.FORGED)


@pytest.mark.parametrize("wish", ["none", "quarantine", "reject"])
def test_only_a_domain_that_asks_for_it_is_called_forged(wish: str) -> None:
    found = said(policy=Policy("a.example", wish, wish))
    assert standing(found) is (Standing.UNVERIFIED if wish == "none" else Standing.FORGED)


def test_a_failure_for_now_is_no_failure() -> None:
    found = said(signed("a.example", Result.TEMPERROR), policy=REJECT)
    assert (found.result, standing(found)) == (Result.TEMPERROR, Standing.UNVERIFIED)


def test_while_the_policy_is_unknown_only_the_very_domain_counts() -> None:
    assert said(signed("a.example"), unknown=True).result is Result.PASS
    assert said(signed("mail.a.example"), unknown=True).result is Result.TEMPERROR


@pytest.mark.parametrize("result", [one for one in Result if one is not Result.PASS])
def test_nothing_but_a_pass_is_a_pass(result: Result) -> None:
    assert said(spf("a.example", result), signed("a.example", result)).result is not Result.PASS


def test_without_an_author_nothing_passes() -> None:
    found = dmarc("", [spf(""), signed("")], None, organisation=organisation)
    assert found.result is Result.PERMERROR
    assert standing(found) is Standing.UNVERIFIED


def test_the_provider_speaks_of_the_author_or_not_at_all() -> None:
    passed = Finding(Method.DMARC, Result.PASS, "a.example")
    other = Finding(Method.DMARC, Result.PASS, "b.example")
    assert told_by_provider("a.example", [passed], organisation=organisation).result is Result.PASS
    assert told_by_provider("a.example", [other], organisation=organisation).result is Result.NONE
    assert told_by_provider("", [passed], organisation=organisation).result is not Result.PASS
    failed = Finding(Method.DMARC, Result.FAIL, "a.example", "p=reject")
    told = told_by_provider("a.example", [failed, signed("a.example")], organisation=organisation)
    assert told.result is Result.FAIL, "its own verdict stands against what it says beside"


@pytest.mark.parametrize(
    ("author", "allowed", "may"),
    [
        ("A@x.example", ("a@x.example",), True),
        ("b@x.example", ("a@x.example",), False),
        ("b@X.example", ("@x.example",), True),
        ("b@y.x.example", ("@x.example",), False),
        ("b@notx.example", ("@x.example",), False),
        ("", ("@",), False),
    ],
)
def test_a_submitter_may_send_as_what_is_written(author: str, allowed: tuple[str, ...], *, may: bool) -> None:
    assert may_send_as(author, allowed) is may
