"""The signature over the raw bytes: one bit is enough, and who signed is who the mail is from (P13, B-062)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.confine import Confine
from adapters.mail.automatic import OwnMail
from adapters.pec import READ, TrustList, answer, ask, load_trust_list, read
from adapters.pec.packed import read_packed
from adapters.pec.signature import signed_parts
from gateway.domain.certified import CertifiedReading, Revocation, Weak
from gateway.domain.errors import SettingError
from tests.peers import pec_provider as provider
from tests.peers.pec_cases import AT, OURS, REQUEST
from tests.peers.pec_provider import Wrong

OWN = OwnMail(frozenset(), "")
TRUSTED = TrustList.of([provider.trust_list()])


def reading(raw: bytes, trusted: TrustList = TRUSTED) -> CertifiedReading:
    return read(raw, own=OWN, trusted=trusted)


def test_any_changed_byte_of_the_signed_part_is_noticed() -> None:
    raw = provider.delivery(OURS, AT)
    signed = signed_parts(raw)
    assert signed
    start = raw.index(signed.content)
    rng = random.Random(5)  # noqa: S311 - which bytes are tried, the same ones each time
    for place in rng.sample(range(start, start + len(signed.content)), 40):
        changed = bytearray(raw)
        changed[place] ^= 1
        assert not reading(bytes(changed)).is_believed, place


def test_a_store_that_keeps_line_feeds_alone_changed_nothing() -> None:
    """RFC 8551 §3.1.1: what is signed is the canonical form, with CRLF."""
    found = reading(provider.delivery(OURS, AT).replace(b"\r\n", b"\n"))
    assert found.is_believed


def test_what_stands_beside_the_signed_part_is_not_read() -> None:
    """A genuine signature does not vouch for what somebody put around it: EFAIL's cousin."""
    forged = provider.daticert(
        provider.Certificate(("", ""), "avvenuta-consegna", "", recipient="other@pec.example"), OURS, AT
    )
    part = b"Content-Type: application/xml; name=daticert.xml\r\n\r\n" + forged + b"\r\n"
    raw = provider.failure(OURS, AT)
    signed = signed_parts(raw)
    assert signed
    mark = raw[raw.index(b"\r\n\r\n--") + 4 : raw.index(signed.content)]
    last = raw.rindex(mark.strip() + b"--")
    added = raw[:last] + mark + part + raw[last:]
    found = reading(added)
    assert (found.kind, found.recipient) == ("failed_delivery", OURS.recipients[0][0])
    before = raw.replace(mark, mark + part + mark, 1)
    assert not reading(before).is_believed


def test_a_boundary_that_begins_another_is_no_boundary() -> None:
    raw = provider.delivery(OURS, AT)
    outer = signed_parts(raw)
    assert outer
    mark = raw[raw.index(b"\r\n\r\n--") + 4 : raw.index(outer.content)].strip()
    message = provider.Submitted(raw=b"Subject: x\r\n\r\n" + mark + b"X\r\nmore\r\n")
    inner = signed_parts(provider.delivery(message, AT))
    assert inner
    assert mark + b"X\r\nmore" in inner.content


def test_sha1_is_believed_and_said() -> None:
    found = reading(provider.transport(REQUEST, AT, wrong=Wrong(digest="sha1")))
    assert (found.is_believed, found.trust.weak) == (True, Weak.SHA1)


def test_an_expired_certificate_is_judged_at_the_certified_time() -> None:
    """B-062: valid when it signed, whatever has become of it since."""
    old = Wrong(signer=provider.expired())
    assert reading(provider.delivery(OURS, datetime(2023, 5, 5, tzinfo=UTC), wrong=old)).is_believed
    assert reading(provider.delivery(OURS, datetime(2024, 5, 5, tzinfo=UTC), wrong=old)).doubts
    assert reading(provider.delivery(OURS, datetime(2021, 5, 5, tzinfo=UTC), wrong=old)).doubts


def test_the_certificate_of_the_provider_itself_may_be_on_the_list() -> None:
    """A site that trusts single providers lists their certificates, and nobody else's of the same authority."""
    from cryptography.hazmat.primitives.serialization import Encoding

    only = TrustList.of([provider.provider().certificate.public_bytes(Encoding.DER)])
    assert reading(provider.delivery(OURS, AT), only).is_believed
    assert not reading(provider.delivery(OURS, AT, wrong=Wrong(signer=provider.somebody_else())), only).is_believed


@pytest.mark.parametrize("junk", [b"", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff", b"A" * 300_000, bytes(range(256)) * 8])
def test_a_signature_that_is_none_is_a_reason_and_no_error(junk: bytes) -> None:
    from base64 import encodebytes

    raw = provider.delivery(OURS, AT)
    signed = signed_parts(raw)
    assert signed
    place = raw.index(b"\r\n\r\n", raw.index(b"smime.p7s")) + 4
    found = reading(raw[:place] + encodebytes(junk) + raw[raw.rindex(b"\r\n--") :])
    assert found.kind == "delivery"
    assert found.trust.reasons


def test_a_folder_is_a_trust_list(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(provider.trust_list() + provider.trust_list())
    (tmp_path / "README").write_text("no certificate")
    assert len(load_trust_list(tmp_path).certificates) == 2


@pytest.mark.parametrize(("name", "content"), [("a.pem", b"junk"), ("b.der", b"\x30\x03\x02\x01\x05"), ("c.txt", b"x")])
def test_a_trust_list_without_certificates_is_refused_with_the_remedy(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingError, match=r"pec.trust_list.*AgID"):
        load_trust_list(tmp_path)


def test_a_signature_is_verified_in_a_real_child_without_network() -> None:
    """A complete receipt with its attachments is large, and read where there are no sockets."""
    raw = provider.delivery(OURS, AT)
    confine = Confine((READ,), deadline_s=60)
    try:
        found = answer(confine.call(READ, ask(raw, OWN, TRUSTED)))
    finally:
        confine.close()
    assert found.is_believed
    assert found == reading(raw)


# ----------------------------------------------------------------------------------------------------------- revocation


def listed(**of: object) -> TrustList:
    return TrustList.of([provider.trust_list()], [provider.revocation_list(**of)])  # type: ignore[arg-type]  # as there


def test_without_a_list_nobody_claims_that_a_certificate_is_good() -> None:
    found = reading(provider.delivery(OURS, AT))
    assert (found.is_believed, found.trust.revocation) == (True, Revocation.NOT_CHECKED)


def test_a_certificate_that_a_fresh_list_does_not_name_is_good() -> None:
    found = reading(provider.delivery(OURS, AT), listed(at=AT - timedelta(hours=1)))
    assert (found.is_believed, found.trust.revocation) == (True, Revocation.GOOD)


def test_what_was_signed_after_the_revocation_is_not_believed() -> None:
    """B-062: the provider was struck off, or its key was stolen."""
    trusted = listed(at=AT - timedelta(hours=1), revoked={"provider": AT - timedelta(days=1)})
    found = reading(provider.delivery(OURS, AT), trusted)
    assert (found.is_believed, found.trust.revocation) == (False, Revocation.REVOKED)
    assert "certificate revoked before it signed" in found.doubts


def test_what_was_signed_before_the_revocation_holds() -> None:
    trusted = listed(at=AT + timedelta(days=2), revoked={"provider": AT + timedelta(days=1)})
    found = reading(provider.delivery(OURS, AT), trusted)
    assert (found.is_believed, found.trust.revocation) == (True, Revocation.GOOD)


@pytest.mark.parametrize(
    "trusted",
    [
        pytest.param(listed(at=AT - timedelta(days=90)), id="ended long before"),
        pytest.param(listed(at=AT - timedelta(hours=1), signer="stranger"), id="signed by another"),
    ],
)
def test_a_list_that_is_stale_or_not_the_certifiers_checks_nothing(trusted: TrustList) -> None:
    found = reading(provider.delivery(OURS, AT), trusted)
    assert (found.is_believed, found.trust.revocation) == (True, Revocation.NOT_CHECKED)


def test_a_child_is_told_of_the_lists_as_well() -> None:
    trusted = listed(at=AT - timedelta(hours=1), revoked={"provider": AT - timedelta(days=1)})
    raw = provider.delivery(OURS, AT)
    assert answer(read_packed(ask(raw, OWN, trusted))) == reading(raw, trusted)


def test_a_folder_of_revocation_lists_is_read_and_what_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(provider.trust_list())
    lists = tmp_path / "crl"
    lists.mkdir()
    assert load_trust_list(tmp_path, lists).revoked == ()
    (lists / "a.crl").write_bytes(provider.revocation_list(at=AT))
    assert len(load_trust_list(tmp_path, lists).revoked) == 1
    (lists / "b.crl").write_bytes(b"junk")
    with pytest.raises(SettingError, match=r"pec.crl_dir.*b.crl"):
        load_trust_list(tmp_path, lists)
    with pytest.raises(SettingError, match=r"pec.crl_dir"):
        load_trust_list(tmp_path, tmp_path / "nowhere")


def test_a_receipt_signed_by_a_person_of_the_same_authority_is_not_believed() -> None:
    """Who may sign mail for a mailbox is no provider by that: a genuine certificate, and From is its own."""
    person = replace(provider.somebody_else())
    wrong = Wrong(signer=person, headers={"From": "altra@gestore.example"})
    found = reading(provider.delivery(OURS, AT, wrong=wrong))
    assert not found.is_believed
    assert "not from the mailbox of a provider" in found.doubts
