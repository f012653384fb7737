"""Who sent it: real signatures made here with keys made here, and a name server of our own over UDP."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mail.authentication import UPSTREAM, Looking, LookingSettings, provider, signatures
from adapters.mail.authentication.author import author_of, domain_of, header_block, normalised
from adapters.mail.authentication.lookups import Lookups
from gateway.domain.authentication import Method, Result, Standing, Verdict
from gateway.domain.intake import Channel, Intake, IntakeState
from tests.peers.dns import NameServer

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SENDER = "192.0.2.10"
"""The host that may send for comune.example."""
ELSEWHERE = "203.0.113.9"
BODY = (
    "From: Maria <maria@comune.example>\r\nTo: assistenza@fornitore.example\r\nSubject: Stampante\r\n"
    "Message-ID: <1@comune.example>\r\n\r\nNon stampa.\r\n"
)


@dataclass(frozen=True)
class Signer:
    """One selector of one domain, with its own key."""

    domain: str
    private: bytes
    public: str

    def sign(self, raw: bytes, **more: Any) -> bytes:  # noqa: ANN401 - as dkimpy takes them
        headers = more.pop("include_headers", [b"from", b"to", b"subject", b"message-id"])
        made: bytes = dkim.sign(raw, b"s1", self.domain.encode(), self.private, include_headers=headers, **more)
        return made + raw


def signer(domain: str) -> Signer:
    key = rsa.generate_private_key(65_537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Signer(domain, private, base64.b64encode(public).decode())


@pytest.fixture(scope="module")
def comune() -> Signer:
    return signer("comune.example")


@pytest.fixture(scope="module")
def stranger() -> Signer:
    return signer("attacker.example")


@pytest.fixture
def names(comune: Signer, stranger: Signer) -> Iterator[NameServer]:
    with NameServer() as server:
        for one in (comune, stranger):
            server.text(f"s1._domainkey.{one.domain}", f"v=DKIM1; k=rsa; p={one.public}")
        server.text("comune.example", f"v=spf1 ip4:{SENDER} -all")
        server.text("_dmarc.comune.example", "v=DMARC1; p=reject; sp=quarantine")
        server.text("attacker.example", f"v=spf1 ip4:{ELSEWHERE} -all")
        yield server


def looked(names: NameServer, raw: bytes | str, **more: Any) -> Verdict:  # noqa: ANN401 - parts of an intake
    known = more.pop("settings", {})
    looking = Looking(LookingSettings(nameservers=(names.address,), **known))
    try:
        return looking.verdict(mail(raw, **more), NOW)
    finally:
        looking.close()


def mail(
    raw: bytes | str, *, peer: str = SENDER, sender: str = "maria@comune.example", door: str = "smtp", **facts: str
) -> Intake:
    whole = raw if isinstance(raw, bytes) else raw.encode()
    known = {"peer": peer, "helo": "mx.example", **facts}
    to = ("assistenza@fornitore.example",)
    return Intake(1, Channel.MAIL, door, NOW, sender, to, "", len(whole), IntakeState.RECEIVED, 1, known, None, whole)


def said(verdict: Verdict) -> dict[str, str]:
    return {str(one.method): str(one.result) for one in reversed(verdict.findings)}


def test_a_mail_of_the_domains_own_host_is_verified(names: NameServer) -> None:
    verdict = looked(names, BODY)
    assert verdict.standing is Standing.VERIFIED
    assert said(verdict) == {"spf": "pass", "dmarc": "pass"}


def test_a_forwarded_mail_is_verified_by_its_signature(names: NameServer, comune: Signer) -> None:
    verdict = looked(names, comune.sign(BODY.encode()), peer=ELSEWHERE)
    assert said(verdict) == {"spf": "fail", "dkim": "pass", "dmarc": "pass"}
    assert verdict.may_act


def test_a_list_that_breaks_the_signature_leaves_nothing_to_believe(names: NameServer, comune: Signer) -> None:
    """Its own SPF passes, for a domain that is not the author's; the seal of a chain (ARC) is nobody's we trust."""
    signed = comune.sign(BODY.encode()).replace(b"Subject: ", b"Subject: [lista] ")
    sealed = b"ARC-Seal: i=1; cv=none\r\nARC-Authentication-Results: i=1; lists.example; dmarc=pass\r\n" + signed
    verdict = looked(names, sealed, peer=ELSEWHERE, sender="bounces@attacker.example")
    assert said(verdict) == {"spf": "pass", "dkim": "fail", "dmarc": "fail"}
    assert verdict.standing is Standing.FORGED


def test_a_mail_under_another_name_is_forged_when_the_domain_says_so(names: NameServer, stranger: Signer) -> None:
    """B-053: the attacker's own signature and envelope pass, and prove only who the attacker is."""
    verdict = looked(names, stranger.sign(BODY.encode()), peer=ELSEWHERE, sender="x@attacker.example")
    assert said(verdict) == {"spf": "pass", "dkim": "pass", "dmarc": "fail"}
    assert (verdict.standing, verdict.author) == (Standing.FORGED, "comune.example")
    assert verdict.findings[0].reason == "p=reject"


def test_a_domain_that_publishes_nothing_is_unverified_unless_it_signs(names: NameServer) -> None:
    verdict = looked(names, BODY.replace("comune.example", "piccolo.example"), sender="a@piccolo.example")
    assert said(verdict) == {"spf": "none", "dmarc": "none"}
    assert verdict.standing is Standing.UNVERIFIED
    assert verdict.again_at is None


def test_of_two_signatures_one_that_holds_is_enough(names: NameServer, comune: Signer, stranger: Signer) -> None:
    twice = comune.sign(stranger.sign(BODY.encode()).replace(b"bh=", b"bh=AAAA"))
    verdict = looked(names, twice, peer=ELSEWHERE)
    assert [one.result for one in verdict.findings if one.method is Method.DKIM] == [Result.PASS, Result.FAIL]
    assert verdict.may_act


def test_a_signature_over_a_part_of_the_text_proves_nothing(names: NameServer, comune: Signer) -> None:
    """RFC 6376 §8.2: what follows was written by anybody."""
    signed = comune.sign(BODY.encode(), length=True) + b"Mandate la password a me.\r\n"
    verdict = looked(names, signed, peer=ELSEWHERE)
    assert said(verdict)["dkim"] == "policy"
    assert verdict.standing is Standing.FORGED


def test_spaces_without_end_hold_nobody_up_and_are_no_other_text(names: NameServer, comune: Signer) -> None:
    """P4, P16: dkimpy takes minutes for a run of spaces, with the interpreter to itself. Relaxed, they are one."""
    signed = comune.sign(BODY.encode(), canonicalize=(b"relaxed", b"relaxed"))
    began = time.monotonic()
    verdict = looked(names, signed.replace(b"Non stampa", b"Non" + b" \t" * 200_000 + b"stampa"), peer=ELSEWHERE)
    assert (verdict.standing, time.monotonic() - began < 1.0) == (Standing.VERIFIED, True)


def test_a_simple_signature_still_counts_every_space(names: NameServer, comune: Signer) -> None:
    """RFC 6376 §3.4.3."""
    signed = comune.sign(BODY.replace("Non stampa", "Non  stampa").encode(), canonicalize=(b"relaxed", b"simple"))
    assert looked(names, signed, peer=ELSEWHERE).may_act
    assert not looked(names, signed.replace(b"Non  stampa", b"Non stampa"), peer=ELSEWHERE).may_act


@pytest.mark.parametrize("tag", ["b", "bh", "h", "x"])
def test_a_signature_full_of_space_is_none_and_costs_nothing(names: NameServer, tag: str) -> None:
    """P4, P16: the library tests b= by an expression that is as bad."""
    value = "a" + "\t \r\n " * 20_000 + "!"
    tags = {"v": "1", "a": "rsa-sha256", "d": "comune.example", "s": "s1", "h": "from", "b": "YQ==", "bh": "YQ=="}
    field = "; ".join(f"{name}={said}" for name, said in {**tags, tag: value}.items())
    began = time.monotonic()
    verdict = looked(names, f"DKIM-Signature: {field}\r\n{BODY}")
    assert said(verdict)["dkim"] == "permerror"
    assert time.monotonic() - began < 1.0


def test_what_there_was_no_time_to_look_at_is_looked_at_again(names: NameServer, comune: Signer) -> None:
    """P4: many signatures over a large mail take as long as one may."""
    found = signatures.look(Lookups((names.address,)), comune.sign(BODY.encode()), time.monotonic() - 1)
    assert [(one.result, one.reason) for one in found] == [(Result.TEMPERROR, "no time left")]


def test_an_expired_signature_fails(names: NameServer, comune: Signer) -> None:
    now = int(time.time())
    fresh = dkim.DKIM(BODY.encode())
    signed = fresh.sign(b"s1", b"comune.example", comune.private, include_headers=[b"from"]) + BODY.encode()
    expired = signed.replace(b" t=", f" x={now - 200_000}; t=".encode(), 1)
    expired = expired.replace(f"t={now}".encode(), f"t={now - 300_000}".encode(), 1)
    verdict = looked(names, expired, peer=ELSEWHERE)
    assert said(verdict)["dkim"] == "fail"
    assert "past" in verdict.findings[1].reason


def test_a_subdomain_speaks_for_its_organisation_and_has_its_own_policy(names: NameServer, comune: Signer) -> None:
    below = BODY.replace("maria@comune.example", "maria@uffici.comune.example")
    assert looked(names, comune.sign(below.encode()), peer=ELSEWHERE).may_act
    verdict = looked(names, below, peer=ELSEWHERE)
    assert verdict.findings[0].reason == "p=quarantine"


def test_a_domain_that_asks_for_it_is_compared_strictly(names: NameServer, comune: Signer) -> None:
    names.text("_dmarc.comune.example", "v=DMARC1; p=reject; adkim=s")
    below = BODY.replace("maria@comune.example", "maria@uffici.comune.example")
    assert not looked(names, comune.sign(below.encode()), peer=ELSEWHERE).may_act


@pytest.mark.parametrize(
    "sender",
    [
        "From: Maria <maria@comune.example>\r\nFrom: Capo <capo@attacker.example>\r\n",
        "From: maria@comune.example, capo@attacker.example\r\n",
        "From: undisclosed:;\r\n",
        "From: Maria\r\n",
        "",
    ],
)
def test_without_exactly_one_author_nobody_is_verified(names: NameServer, comune: Signer, sender: str) -> None:
    """B-041: whatever its envelope and its signatures prove."""
    raw = BODY.replace("From: Maria <maria@comune.example>\r\n", sender)
    signed = comune.sign(raw.encode()) if sender else raw.encode()
    verdict = looked(names, signed)
    assert (verdict.author, verdict.standing) == ("", Standing.UNVERIFIED)
    assert said(verdict)["dmarc"] == "permerror"


def test_a_group_with_one_member_has_one_author(names: NameServer) -> None:
    """RFC 6854."""
    assert looked(names, BODY.replace("Maria <maria@comune.example>", "Ufficio: maria@comune.example;")).may_act


def test_a_second_from_behind_a_bare_return_is_seen(names: NameServer, comune: Signer) -> None:
    """B-001: bare CR and LF are line ends before anything is decided."""
    raw = BODY.replace("Subject:", "X: y\rFrom: capo@attacker.example\r\nSubject:")
    assert looked(names, comune.sign(raw.encode())).author == ""


def test_loopback_and_private_networks_prove_nothing(names: NameServer) -> None:
    """The library says pass for loopback; no domain can have allowed it."""
    for peer in ("127.0.0.1", "::1", "10.1.2.3", "::ffff:127.0.0.1", "local", ""):
        assert said(looked(names, BODY, peer=peer))["spf"] == "none"


def test_a_null_sender_is_looked_at_by_the_name_it_greets_with(names: NameServer) -> None:
    verdict = looked(names, BODY, sender="", helo="comune.example")
    assert said(verdict)["spf"] == "pass"


# --------------------------------------------------------------------------------------------------- the DNS as it is


def test_a_failing_dns_is_no_verdict_but_a_later_look(names: NameServer) -> None:
    """C-38."""
    names.failing.add("comune.example")
    verdict = looked(names, BODY)
    assert said(verdict)["dmarc"] == "temperror"
    assert (verdict.standing, verdict.again_at) == (Standing.UNVERIFIED, NOW + timedelta(seconds=10))


def test_a_silent_dns_delays_nobody_for_longer_than_patience(names: NameServer, comune: Signer) -> None:
    """C-38, P4: many at once wait once, and when nothing was answered for a time nobody waits at all."""
    names.silent.add("")
    timeout = timedelta(milliseconds=300)
    settings = LookingSettings(nameservers=(names.address,), timeout=timeout, patience=timedelta(milliseconds=200))
    looking = Looking(settings)
    took = []
    for _ in range(4):
        began = time.monotonic()
        verdicts = looking.verdicts([mail(comune.sign(BODY.encode()))] * 40, NOW)
        took.append(time.monotonic() - began)
        assert {one.findings[0].result for one in verdicts} == {Result.TEMPERROR}
    looking.close()
    assert max(took) < 0.9
    assert took[-1] < 0.15


def test_what_was_closed_by_a_reload_fails_nobody(names: NameServer, comune: Signer) -> None:
    """P4: filing may still hold what looked before; its mails are looked at again by what looks now."""
    looking = Looking(LookingSettings(nameservers=(names.address,)))
    looking.close()
    (verdict,) = looking.verdicts([mail(comune.sign(BODY.encode()))], NOW)
    assert said(verdict) == {"dmarc": "temperror"}
    assert verdict.again_at is not None


def test_one_slow_domain_does_not_spoil_the_others(names: NameServer) -> None:
    names.silent.add("lento.example")
    settings = LookingSettings(
        nameservers=(names.address,), timeout=timedelta(seconds=1), patience=timedelta(milliseconds=300)
    )
    looking = Looking(settings)
    slow = mail(BODY.replace("maria@comune.example", "x@lento.example"), sender="x@lento.example")
    late, fast = looking.verdicts([slow, mail(BODY)], NOW)
    looking.close()
    assert fast.may_act
    assert late.again_at is not None


def test_answers_are_remembered(names: NameServer) -> None:
    looking = Looking(LookingSettings(nameservers=(names.address,)))
    for _ in range(5):
        looking.verdict(mail(BODY), NOW)
    looking.close()
    assert names.asked["comune.example", "TXT"] == 1


def test_a_record_of_thousands_of_macros_is_none(names: NameServer) -> None:
    """P16: pyspf expands such a one for half a minute."""
    names.text("lungo.example", "v=spf1 " + "exists:" + "%{l1r-.+}" * 1_000 + ".example ?all")
    began = time.monotonic()
    verdict = looked(names, BODY.replace("comune.example", "lungo.example"), sender="maria@lungo.example")
    assert (said(verdict)["spf"], time.monotonic() - began < 1.0) == ("none", True)


def test_a_record_without_end_stops_at_the_limit_of_the_standard(names: NameServer) -> None:
    """RFC 7208 §4.6.4."""
    for n in range(15):
        names.text("comune.example" if n == 0 else f"n{n}.example", f"v=spf1 include:n{n + 1}.example -all")
    assert said(looked(names, BODY))["spf"] == "permerror"
    assert sum(names.asked.values()) < 20


@pytest.mark.parametrize(
    "garbage", [b"", b"\0\xff\r\n\r", b"DKIM-Signature: v=1; a=rsa-sha256;;;=\r\nFrom: a@b\r\n\r\n"]
)
def test_no_bytes_make_it_raise(names: NameServer, garbage: bytes) -> None:
    assert not looked(names, garbage, sender="\udcff@x").may_act


# ----------------------------------------------------------------------------------------------- our own mail provider

RESULTS = (
    "Authentication-Results: mx.fornitore.example; spf=fail smtp.mailfrom=comune.example;\r\n"
    " dkim={dkim} header.d=comune.example; dmarc={dmarc} (p=reject) header.from=comune.example\r\n"
)
PASSED = RESULTS.format(dkim="pass", dmarc="pass")
FAILED = RESULTS.format(dkim="fail", dmarc="fail")
FETCHED = {"door": "imap", "mailbox": "posta", "settings": {"authserv_ids": {"posta": ("MX.fornitore.example",)}}}


def test_of_fetched_mail_the_word_of_the_own_provider_counts(names: NameServer) -> None:
    verdict = looked(names, PASSED + BODY, **FETCHED)
    assert (verdict.standing, verdict.source) == (Standing.VERIFIED, "mx.fornitore.example")
    assert not names.asked
    failed = looked(names, FAILED + BODY, **FETCHED)
    assert (failed.standing, failed.findings[0].reason) == (Standing.FORGED, "p=reject")


def test_what_stands_below_the_providers_field_came_with_the_mail(names: NameServer) -> None:
    """Pain 26: a forged field is never asked, whether the provider took it out or not."""
    assert not looked(names, FAILED + PASSED + BODY, **FETCHED).may_act
    assert not looked(names, "Received: by mx\r\n" + FAILED + "Received: from x\r\n" + PASSED + BODY, **FETCHED).may_act


def test_a_mail_that_brings_hundreds_of_such_fields_costs_no_time(names: NameServer) -> None:
    """P4, P16: ours is among the topmost, or there is none."""
    many = "Authentication-Results: altrove.example;" + " spf=pass smtp.mailfrom=a.example;" * 100 + "\r\n"
    block = header_block((many * 300 + "Authentication-Results: mx.provider.example; dmarc=pass\r\n").encode())
    began = time.monotonic()
    assert provider.findings(block, ["mx.provider.example"]) is None
    assert time.monotonic() - began < 1.0


def test_the_word_of_anybody_else_is_not_asked(names: NameServer) -> None:
    foreign = PASSED.replace("mx.fornitore.example", "mx.attacker.example")
    assert not looked(names, foreign + BODY, **FETCHED).may_act
    assert not looked(names, PASSED + BODY, **{**FETCHED, "mailbox": "altra"}).may_act


def test_by_smtp_only_an_upstream_of_ours_has_a_word(names: NameServer) -> None:
    settings = {
        "authserv_ids": {UPSTREAM: ("mx.fornitore.example",)},
        "trusted_upstream": (ip_network("10.0.0.0/8"),),
    }
    assert looked(names, PASSED + BODY, peer="10.0.0.5", settings=settings).may_act
    assert looked(names, PASSED + BODY, peer="local", door="lmtp", settings=settings).may_act
    assert not looked(names, PASSED + BODY, peer=ELSEWHERE, settings=settings).may_act


def test_a_pass_for_another_author_is_no_pass(names: NameServer) -> None:
    other = PASSED.replace("comune.example", "attacker.example")
    assert not looked(names, other + BODY, **FETCHED).may_act


def test_without_a_word_of_the_provider_a_signature_still_counts(names: NameServer, comune: Signer) -> None:
    verdict = looked(names, comune.sign(BODY.encode()), **FETCHED)
    assert said(verdict) == {"dkim": "pass", "dmarc": "pass"}


@pytest.mark.parametrize(
    ("field", "may_act"),
    [
        ("mx.fornitore.example; dkim=pass header.i=@comune.example header.s=s1 header.b=abc", True),
        ("mx.fornitore.example; spf=pass (google.com: domain of x) smtp.mailfrom=maria@comune.example", True),
        ("mx.fornitore.example 1; none", False),
        ("mx.fornitore.example; dkim=pass header.d=attacker.example", False),
        ("mx.fornitore.example; dmarc=bestguesspass header.from=comune.example", False),
        ("mx.fornitore.example; dmarc=pass (((", False),
        ("mx.fornitore.example", False),
    ],
)
def test_the_forms_in_which_providers_write(names: NameServer, field: str, may_act: bool) -> None:  # noqa: FBT001 - a column of the table
    assert looked(names, f"Authentication-Results: {field}\r\n{BODY}", **FETCHED).may_act is may_act


def test_a_provider_that_does_not_name_itself_is_trusted_by_that(names: NameServer) -> None:
    field = (
        "Authentication-Results: spf=pass (sender IP is 192.0.2.10)\r\n smtp.mailfrom=comune.example; dkim=pass "
        "(signature was verified)\r\n header.d=comune.example;dmarc=pass action=none\r\n"
        " header.from=comune.example;compauth=pass reason=100\r\n"
    )
    unnamed = {**FETCHED, "settings": {"authserv_ids": {"posta": ("none",)}}}
    assert looked(names, field + BODY, **unnamed).may_act
    assert not looked(names, field + BODY, **FETCHED).may_act


# -------------------------------------------------------------------------------------------------------- who logged in


def test_who_logged_in_may_send_as_what_the_settings_say(names: NameServer) -> None:
    settings = {"senders": {"stampante": ("stampante@comune.example",), "monitor": ("@comune.example",)}}
    printer = BODY.replace("maria@comune.example", "Stampante@Comune.example")
    assert looked(names, printer, peer=ELSEWHERE, settings=settings, submitter="stampante").source == "login"
    assert looked(names, BODY, peer=ELSEWHERE, settings=settings, submitter="monitor").may_act
    assert not looked(names, BODY, settings=settings, submitter="stampante").may_act


# ------------------------------------------------------------------------------------------------------------ any bytes

WORDS = st.sampled_from(
    [
        *(one.encode("latin-1") for one in '\r\n ;=("<>,:\0\xff'),
        b"From: ",
        b"a@b.example",
        b"\r\n",
        b"Authentication-Results: mx",
        b"dmarc=pass header.from=b.example",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=b.example",
        b"; s=s1; h=from; bh=AA==; b=AA==",
        b"=?utf-8?q?=40?=",
        b"xn--",
        "è".encode(),
    ]
)


class NoNames(Lookups):
    """A DNS in which there is nothing."""

    def ask(self, name: str, kind: str, until: float) -> list[str | bytes | tuple[int, str]]:
        return []


@given(st.lists(WORDS, max_size=25).map(b"".join))
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_nobody_is_verified_by_them_alone(raw: bytes) -> None:
    """Nothing raises, and without a name server and a trusted provider nothing passes."""
    whole = normalised(raw)
    fields = header_block(whole)
    author = author_of(fields)
    assert provider.findings(fields, ()) is None
    said = provider.findings(fields, ("mx",))
    assert said is None or said[0] == "mx"
    looked = signatures.look(NoNames(("127.0.0.1",)), whole, time.monotonic() + 1)
    assert all(one.result is not Result.PASS for one in looked)
    assert author.count("@") >= 1 or not author
    assert domain_of(author).isascii()
