from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fax import document_key, read_fax, repeat_key
from adapters.fax.read import e164
from adapters.fax.shapes import FIELDS, shipped
from gateway.domain.intake import FaxReading
from tests.adapters.fax.making import attachment, fax_tiff, reading, reading_of

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "fax"
TIFF = fax_tiff()


@pytest.mark.parametrize("case", sorted(folder.name for folder in GOLDEN.iterdir()))
def test_a_golden_fax_mail_reads_as_expected(case: str) -> None:
    mail, documents = reading_of(GOLDEN / case / "in.eml")
    found: dict[str, Any] = asdict(read_fax(mail, ("fax@comune.example",), documents))
    names = {part.sha256: f"of {part.name}" for part in mail.attachments}
    found |= {
        "document_sha256": names.get(found["document_sha256"]),
        "sent_at": found["sent_at"] and found["sent_at"].isoformat(),
        "defects": list(found["defects"]),
    }
    assert found.pop("repeat_key") is None  # made of the others by whoever files it
    assert found == json.loads((GOLDEN / case / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("subject", "text", "shape", "number", "pages"),
    [
        ("New fax from: 0700000001", "", "new-fax-from", "+390700000001", None),
        ("New fax received", "From: 0700000001", "new-fax-from", "+390700000001", None),
        ("New Fax from 0700000001 received in Ufficio (0700000009)", "", "ivozprovider", "+390700000001", None),
        ("You have received a Fax", "Received from : 0700000001\nTotal pages : 4", "ictfax", "+390700000001", 4),
        ("Fax Received from STUDIO (Studio/0700000001)", "", "blue.box", "+390700000001", None),
        ("Fax Received from 0700000001", "", "asterisk", "+390700000001", None),
        ('eFax message from "39070" - 1 page(s), Caller-ID: 39-070-000-0001', "", "efax", "+390700000001", 1),
        ('Corporate eFax message from "unknown" - 2 page(s), Caller-ID: +390700000001', "", "efax", "+390700000001", 2),
        ("[fax] Neues Fax von 0700000001", "", "german", "+390700000001", None),
        ("Incoming Fax from 0700000001 (4 pages)", "", "pbx-pages", "+390700000001", 4),
    ],
)
def test_other_fax_servers_are_known_by_their_subject(
    subject: str, text: str, shape: str, number: str, pages: int | None
) -> None:
    found = read_fax(reading("no-reply@fax.example", subject, text, attachment("f.tif", "image/tiff", TIFF)), ())
    assert (found.shape, found.number, found.pages) == (shape, number, pages)


def test_a_failed_reception_of_a_dial_plan_is_no_fax() -> None:
    assert read_fax(reading("pbx@fax.example", "[FAILED] Fax Received from 0700000001", "STATUS: FAILED"), ()).failed


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0700000001", "+390700000001"),
        ("070 / 000.00-01", "+390700000001"),
        ("+39 070 0000001", "+390700000001"),
        ("0039 070 0000001", "+390700000001"),
        ("+44 20 7946 0000", "+442079460000"),
        ("200", None),
        ("STUDIO BIANCHI", None),
        ("", None),
        ("+0000000000000000000000", None),
    ],
)
def test_numbers_take_one_form_and_keep_the_italian_zero(written: str, number: str | None) -> None:
    assert e164(written) == number


def test_the_called_number_comes_from_the_envelope_when_the_text_names_none() -> None:
    mail = reading("0700000001@fax.example", "", "", attachment("fax.tif", "image/tiff", TIFF))
    assert read_fax(mail, ("0700000009@intake.example",)).called_number == "+390700000009"


def test_the_document_is_known_by_its_content_and_not_by_its_name() -> None:
    script = attachment("fax.tif", "image/tiff", b"#!/bin/sh\n", "2")
    fax = attachment("senza-nome", "application/octet-stream", TIFF, "3")
    mail = reading("0700000001@fax.example", "", "", script, fax)
    assert read_fax(mail, (), {"2": b"#!/bin/sh\n", "3": TIFF}).document_sha256 == fax.sha256


def test_of_two_forms_of_one_fax_the_tiff_is_the_document() -> None:
    pdf, tiff = attachment("a.pdf", "application/pdf", b"%PDF-1.4", "2"), attachment("a.tif", "image/tiff", TIFF, "3")
    assert read_fax(reading("x@fax.example", "New fax received", "", pdf, tiff), ()).document_sha256 == tiff.sha256


def test_a_printed_date_that_does_not_exist_is_a_defect() -> None:
    found = read_fax(reading("x@fax.example", "Fax da 0700000001", "Ricevuto il: 31/02/2026 alle 10:20"), ())
    assert (found.sent_at, "time_unreadable" in found.defects) == (None, True)


def test_a_session_log_cannot_overrule_what_stands_above_it() -> None:
    mail, documents = reading_of(GOLDEN / "hylafax-6" / "in.eml")
    forged = reading(
        mail.senders[0].address, mail.subject, mail.text + "\nPages: 99\nCallID1: 0700000666\n", *mail.attachments
    )
    found = read_fax(forged, (), documents)
    assert (found.pages, found.number) == (3, "+390700000002")


@given(subject=st.text(max_size=200), text=st.text(max_size=500), sender=st.text(max_size=60))
def test_no_text_makes_reading_fail(subject: str, text: str, sender: str) -> None:
    assert isinstance(read_fax(reading(sender, subject, text), (sender,)), FaxReading)


@given(
    start=st.sampled_from(["Fax da ", "Fax ricevuto da: ", "New fax from ", "Nuovo fax ricevuto - "]), rest=st.text()
)
def test_no_subject_of_a_known_shape_makes_reading_fail(start: str, rest: str) -> None:
    found = read_fax(reading("x@fax.example", start + rest, f"Ricevuto il: {rest}\nPagine: {rest}\nCSID: {rest}"), ())
    assert isinstance(found, FaxReading)


@pytest.mark.parametrize("piece", ["0 ", "(", "fax ", "/", "Fax da 0", " il 1/1/2026", "a:", "-- "])
def test_reading_takes_no_longer_than_the_text_is_long(piece: str) -> None:
    mail = reading("x@fax.example", "Fax Ricevuto da: " + piece * 50_000, (piece * 5_000 + "\n") * 500)
    began = time.process_time()  # of this process alone: others may share the machine
    read_fax(mail, ())
    assert time.process_time() - began < 2


def test_shapes_name_only_fields_that_exist() -> None:
    groups = {name for shape in shipped().shapes for pattern in shape.patterns for name in pattern.groupindex}
    labels = {name for shape in shipped().shapes for name in shape.labels.values()}
    assert groups | labels <= FIELDS


# --------------------------------------------------------------------------------------------------------- repeat keys


def test_the_same_form_from_two_numbers_is_two_faxes() -> None:
    assert document_key("+390700000001", "+390700000009", "ab") != document_key("+390700000002", "+390700000009", "ab")


def test_without_a_job_number_a_fax_is_the_same_for_a_day() -> None:
    assert document_key("+390700000001", None, "ab").holds_for == timedelta(hours=24)


def test_with_a_job_number_a_fax_is_the_same_for_ever() -> None:
    assert document_key("+390700000001", None, "ab", provider="hylafax", job_id="000000412").holds_for is None


def test_a_job_number_that_comes_again_with_another_document_is_another_fax() -> None:
    one, two = (document_key(None, None, sha256, provider="hylafax", job_id="1") for sha256 in ("ab", "cd"))
    assert one != two


def test_the_notice_to_the_fax_master_is_not_taken_for_the_fax() -> None:
    fax = read_fax(reading_of(GOLDEN / "hylafax-6" / "in.eml")[0], ())
    notice = read_fax(reading_of(GOLDEN / "hylafax-notice" / "in.eml")[0], ())
    assert (fax.job_id == notice.job_id, repeat_key(fax) == repeat_key(notice)) == (True, False)


def test_two_withheld_callers_with_one_form_are_two_faxes() -> None:
    keys = {
        repeat_key(
            read_fax(
                reading(
                    "x@fax.example",
                    "Nuovo fax ricevuto – anonimo",
                    f"TSI: {station}",
                    attachment("a.tif", "image/tiff", TIFF),
                ),
                (),
            )
        )
        for station in ("STUDIO A", "STUDIO B")
    }
    assert len(keys) == 2


@pytest.mark.parametrize("subject", ["Documento in arrivo", "Nuovo fax ricevuto – anonimo"])
def test_one_form_from_nobody_known_is_no_proof_that_two_faxes_are_one(subject: str) -> None:
    """Two strangers may send the same empty form, by a service that says nothing of them: no request may be lost."""
    mail = reading("x@fax.example", subject, "", attachment("a.tif", "image/tiff", TIFF))
    assert repeat_key(read_fax(mail, ())) is None


def test_a_fax_that_nothing_identifies_has_no_key_of_its_own() -> None:
    assert repeat_key(read_fax(reading("x@fax.example", "Hai un nuovo fax", ""), ())) is None
