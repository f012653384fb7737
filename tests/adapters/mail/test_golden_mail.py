"""The mails under tests/golden/mail are read as their expected.json says; each why.md says what it is there for."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from adapters.mail import mime

GOLDEN = Path(__file__).parents[2] / "golden" / "mail"
CASES = sorted(path.parent.name for path in GOLDEN.glob("*/in.eml"))
OWN = mime.OwnMail(frozenset({"assistenza@centralino.example"}), "centralino-7f3a")


def as_json(case: str) -> dict[str, object]:
    reading = asdict(mime.read((GOLDEN / case / "in.eml").read_bytes(), own=OWN))
    found: dict[str, object] = json.loads(json.dumps(reading, default=str, ensure_ascii=False))
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_golden_mail_is_read_as_expected(case: str) -> None:
    assert as_json(case) == json.loads((GOLDEN / case / "expected.json").read_text("utf-8"))


def test_every_golden_mail_says_why_it_is_there() -> None:
    assert CASES
    assert [case for case in CASES if not (GOLDEN / case / "why.md").read_text("utf-8").strip()] == []
