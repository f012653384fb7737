"""Certified mail of every kind, right and wrong, is read as its expected.json says; each why.md says what it is for."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from adapters.mail import mime
from adapters.pec import TrustList, answer, ask, read
from adapters.pec.packed import read_packed
from gateway.domain.certified import CertifiedReading
from tests.peers import pec_provider
from tests.peers.pec_cases import CASES, GOLDEN

OWN = mime.OwnMail(frozenset({"assistenza@pec.fornitore.example"}), "centralino-7f3a")
TRUSTED = TrustList.of([pec_provider.trust_list()])


def reading(case: str) -> CertifiedReading:
    return read((GOLDEN / case / "in.eml").read_bytes(), own=OWN, trusted=TRUSTED)


def as_json(found: CertifiedReading) -> dict[str, object]:
    """What matters of a reading: the certificate's own digits do not, of the original what is shown."""
    told = asdict(found)
    told["is_believed"] = found.is_believed
    for name in ("certificate", "issuer", "digest", "judged_at"):
        del told["trust"][name]
    del told["text"]
    if found.original:
        inner = found.original
        told["original"] = {
            "subject": inner.subject,
            "from": [one.address for one in inner.senders],
            "message_id": inner.message_id,
            "text": inner.text,
            "automatic": inner.automatic,
            "attachments": [[one.name, one.part, one.size] for one in inner.attachments],
        }
    plain: dict[str, object] = json.loads(json.dumps(told, default=str, ensure_ascii=False))
    return plain


@pytest.mark.parametrize("case", CASES)
def test_certified_mail_is_read_as_expected(case: str) -> None:
    """X3, X5, S143 to S146, S148 to S150, B-062."""
    assert as_json(reading(case)) == json.loads((GOLDEN / case / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_the_golden_case_is_what_the_provider_of_these_tests_makes(case: str) -> None:
    """A golden case that nobody could make again would be a riddle."""
    assert (GOLDEN / case / "in.eml").read_bytes() == CASES[case].make()


@pytest.mark.parametrize("case", CASES)
def test_a_confined_child_reads_the_same(case: str) -> None:
    raw = (GOLDEN / case / "in.eml").read_bytes()
    assert answer(read_packed(ask(raw, OWN, TRUSTED))) == read(raw, own=OWN, trusted=TRUSTED)


@pytest.mark.parametrize("case", CASES)
def test_without_a_trust_list_nothing_is_believed(case: str) -> None:
    """P13."""
    raw = (GOLDEN / case / "in.eml").read_bytes()
    found = read(raw, own=OWN, trusted=TrustList())
    assert not found.is_believed


def test_attachments_of_the_message_inside_are_found_in_the_outer_bytes() -> None:
    """S143: they are shown as the sender's, and only the outer bytes are kept."""
    raw = (GOLDEN / "transport" / "in.eml").read_bytes()
    inner = reading("transport").original
    assert inner
    (picture,) = inner.attachments
    assert mime.attachment(raw, picture.part) == b"\x89PNG\r\n\x1a\n"


def test_every_golden_case_is_made_and_says_why() -> None:
    folders = {path.parent.name for path in Path(GOLDEN).glob("*/in.eml")}
    assert folders == set(CASES)
    assert [case for case in CASES if not (GOLDEN / case / "why.md").read_text("utf-8").strip()] == []
