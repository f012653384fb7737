"""Other people's certified mail: every field that its source asserts, and real signatures of real providers.

The sources' own expectations are compared field by field, all of them: PEC is 100 % or it is wrong.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms

from adapters.mail.automatic import OwnMail
from adapters.mail.headers import Headers, split
from adapters.pec import TrustList, read
from adapters.pec.read import KINDS
from adapters.pec.signature import signed_parts
from gateway.domain.certified import CertifiedReading, Kind, Weak, bare_id

CORPUS = Path(os.environ.get("CENTRALINO_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus in {CORPUS}: set CENTRALINO_CORPUS"),
]
OWN = OwnMail(frozenset(), "")


def entries() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for listing in sorted(CORPUS.glob("pec-*/expectations.jsonl")):
        for line in listing.read_text("utf-8").splitlines():
            entry = json.loads(line)
            found.append((f"{listing.parent.name}/{entry['file']}", entry["expect"]))
    return found


ENTRIES = entries() if CORPUS.is_dir() else []


def reading(file: str) -> CertifiedReading:
    return read((CORPUS / file).read_bytes(), own=OWN, trusted=TrustList())


@pytest.mark.parametrize(("file", "expect"), ENTRIES, ids=[file for file, _ in ENTRIES])
def test_everything_that_a_source_asserts_of_certified_mail_is_read(file: str, expect: dict[str, Any]) -> None:
    """X3, X5; issue 5: PEC 100 %."""
    found = reading(file)
    word = expect.get("x_ricevuta") or expect.get("x_trasporto")
    assert found.kind is (KINDS[word] if word else Kind.ORDINARY)
    assert (found.kind is not Kind.ORDINARY) is expect["pec"]
    assert found.message_id == bare_id(expect["message_id_raw"])
    data = expect.get("daticert")
    if data:
        assert found.sender == data["mittente"]
        assert [(one.address, one.kind) for one in found.recipients] == [
            (one["address"], one["tipo"]) for one in data["destinatari"]
        ]
        named = (bare_id(data["msgid"]), bare_id(expect["x_riferimento_message_id"]))
        assert (found.msgid, found.refers_to) == (named[0], tuple(dict.fromkeys(named)))
        assert bool(found.contradictions) is (named[0] != named[1])  # one source made the two differ when it faked them
        assert (found.identificativo, found.provider) == (data["identificativo"], data["gestore-emittente"])
        assert (found.subject, found.error) == (data["oggetto"], data["errore"])
        assert (found.recipient, found.error_extended) == (data.get("consegna", ""), data.get("errore-esteso", ""))
        assert (found.receipt_type or None) == data.get("ricevuta_tipo")
        local = f"{data['data']['giorno']} {data['data']['ora']} {data['data']['zona']}"
        assert found.at == datetime.strptime(local, "%d/%m/%Y %H:%M:%S %z")
    assert (found.original is not None) is expect["carries_postacert_eml"]
    if expect["carries_signature"]:
        assert found.trust.reasons  # cut short, or changed when the addresses in it were
    assert not found.is_believed  # with an empty trust list nobody is


def real() -> list[str]:
    return [file for file, _ in ENTRIES if file.startswith("pec-oca-l10n-italy")]


@pytest.mark.parametrize("file", real())
def test_a_real_signature_does_not_hold_over_what_was_changed_later(file: str) -> None:
    """The three were made anonymous after a real provider had signed them: openssl says the same of each."""
    raw = (CORPUS / file).read_bytes()
    signed = signed_parts(raw)
    assert signed
    chain = certificates_of(signed.signature)
    found = read(raw, own=OWN, trusted=TrustList.of(chain[1:2]))
    assert found.trust.reasons == ("changed after signing",)
    assert found.trust.weak is Weak.SHA1
    assert found.trust.signer[0] in (Headers.of_bytes(split(raw)[0]).first("from") or "")


def certificates_of(signature: bytes) -> list[bytes]:
    return [one.chosen.dump() for one in cms.ContentInfo.load(signature)["content"]["certificates"]]
