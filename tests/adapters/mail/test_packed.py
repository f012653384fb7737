"""Readings that come from a child are the readings that the same bytes give here."""

from __future__ import annotations

from pathlib import Path

from adapters.mail import mime, packed
from adapters.mail.automatic import OwnMail

GOLDEN = Path(__file__).parents[2] / "golden" / "mail"
OWN = OwnMail(frozenset({"assistenza@comune.example"}), "centralino-test")


def test_many_mails_read_together_are_read_as_each_alone() -> None:
    mails = [path.read_bytes() for path in sorted(GOLDEN.glob("*/in.eml"))]
    assert len(mails) > 5
    senders = [None if place % 2 else f"s{place}@x.example" for place in range(len(mails))]
    asked = packed.ask_many(list(zip(mails, senders, strict=True)), OWN)
    found = packed.answers(packed.read_many_packed(asked))
    alone = [mime.read(raw, envelope_from=sender, own=OWN) for raw, sender in zip(mails, senders, strict=True)]
    assert found == alone


def test_mails_that_are_empty_or_end_in_line_ends_keep_their_borders() -> None:
    mails = [b"", b"\n", b"Subject: a\n\nx\n", b"", b"{}\n"]
    found = packed.answers(packed.read_many_packed(packed.ask_many([(raw, None) for raw in mails], OWN)))
    assert [reading.content_key for reading in found] == [mime.content_key(raw) for raw in mails]
