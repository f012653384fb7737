"""The forms that public material shows, with values of ours filled in: every fact must come back out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from adapters.fax import read_fax
from gateway.domain.intake import FaxReading
from tests.adapters.fax.making import attachment, fax_tiff, reading
from tests.corpus.material import corpus

SHAPES = corpus() / "fax-mail-shapes" / "shapes.json"
pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not SHAPES.is_file(), reason=f"no corpus at {SHAPES}: set CENTRALINO_CORPUS"),
]
NUMBER, OURS, STATION, PAGES, JOB = "+390700000001", "+390700000009", "STUDIO BIANCHI", 3, "000000412"
FILLED = {
    "TSI": STATION, "CSID or unknown": STATION, "CSID": STATION, "remoteident": STATION, "CALLERID": "0700000001",
    "FAX_SRC": "0700000001", "CALLER": "0700000001", "cidnum": "0700000001", "cidname": "Studio",
    "NUMBER WITH DASHES": "39-070-0000001", "DIGITS": "390700000001", "From": NUMBER, "SENDER": "0700000001",
    "FAX_DST": "0700000009", "DID": "0700000009", "FAX_NAME": "Assistenza", "N": str(PAGES), "NAME": "Assistenza",
    "EXT": "0700000009", "DEVICE": "ttyS0", "FILE": "recvq/fax000000231.tif", "HOST": "fax.example",
    "TO": "assistenza@comune.example", "FAXSTATUS": "FAILED", "FAXERROR": "NO CARRIER", "9 digits": "000000231",
}  # fmt: skip
MEANS = {
    "number": ("CALLERID", "FAX_SRC", "CALLER", "cidnum", "NUMBER WITH DASHES", "DIGITS", "From", "SENDER"),
    "station_id": ("TSI", "CSID or unknown", "CSID", "remoteident"),
    "pages": ("N",),
    "called_number": ("FAX_DST", "DID", "EXT"),
    "job_id": ("JOB",),
}
WANTED: dict[str, Any] = {
    "number": NUMBER, "station_id": STATION, "pages": PAGES, "called_number": OURS, "job_id": JOB,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One subject of one system."""

    system: str
    subject: str
    text: str
    document: bool

    @property
    def facts(self) -> dict[str, Any]:
        """What the filled form says."""
        said = set(re.findall(r"\$\{([^}]*)\}", f"{self.subject}\n{self.text}"))
        return {field: WANTED[field] for field, names in MEANS.items() if said & set(names)}


def cases() -> Iterator[Case]:
    if not SHAPES.is_file():
        return
    for entry in json.loads(SHAPES.read_text(encoding="utf-8"))["shapes"]:
        subjects = entry["subject"] if isinstance(entry["subject"], list) else [entry["subject"]]
        for subject in subjects:
            text = entry.get("text_part", "") if "FAILED" not in subject else entry.get("text_part_on_failure", "")
            yield Case(entry["system"], _said(subject, entry), _said(_body(text), entry), _has_document(entry, subject))


def _body(text: str) -> str:
    """The lines of a text, of which some are described (`a line 'Sender: …'`) and some separated by slashes."""
    quoted = re.findall(r"'([^']*)'", text)
    return "\n".join(quoted) if quoted else text.replace(" / ", "\n")


def _said(text: str, entry: dict[str, Any]) -> str:
    """`NUMBER` means the job where HylaFAX writes it."""
    text = text.replace("c${NUMBER}", "c${JOB}")
    return text.replace("${NUMBER}", "${From}") if "HylaFAX" not in entry["system"] else text


def _has_document(entry: dict[str, Any], subject: str) -> bool:
    no_document = "no attachment" in entry.get("text_part", "") or entry.get("attachment") == []
    return not no_document and "FAILED" not in subject and "Outgoing" not in subject


def read(case: Case) -> FaxReading:
    values = FILLED | {"JOB": JOB}
    subject, text = (
        re.sub(r"\$\{([^}]*)\}", lambda match: values[match[1]], part) for part in (case.subject, case.text)
    )
    files = [attachment("fax.tif", "image/tiff", fax_tiff())] if case.document else []
    return read_fax(reading("no-reply@fax.example", subject, text, *files), ("fax@comune.example",))


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.system[:30]}-{case.subject[:30]}")
def test_every_fact_of_a_known_form_is_read(case: Case) -> None:
    """X7."""
    found = read(case)
    assert {field: getattr(found, field) for field in case.facts} == case.facts
    assert not found.to_verify


def test_all_fourteen_systems_are_there() -> None:
    assert len({case.system for case in cases()}) == 14


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.system[:30]}-{case.subject[:30]}")
def test_what_was_not_received_and_what_was_sent_is_no_fax(case: Case) -> None:
    failed = case.subject.startswith(("[FAILED]", "facsimile not"))
    found = read(case)
    assert (found.failed, found.sent) == (failed, case.subject.startswith("Outgoing"))
