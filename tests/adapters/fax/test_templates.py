from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fax import read_fax
from adapters.fax.shapes import FIELDS
from adapters.fax.templates import TemplateError, compiled, shape_of
from tests.adapters.fax.making import attachment, fax_tiff, reading

TIFF = attachment("fax.tif", "image/tiff", fax_tiff())


def test_a_form_of_the_installation_is_read_as_it_is_written() -> None:
    """X7, S153."""
    own = shape_of("studio", {"subject": ["Fax da {number} ({pages} pagine)"], "lines": ["Codice: {job}"]}, {})
    mail = reading("noreply@fax.example", "FAX da  070 0000001 (3 pagine)", "Buongiorno\n Codice: AB-12\n", TIFF)
    found = read_fax(mail, (), own=(own,))
    assert (found.shape, found.number, found.pages, found.job_id) == ("studio", "+390700000001", 3, "AB-12")


def test_a_form_of_the_installation_comes_before_those_that_we_know() -> None:
    own = shape_of("ours", {"subject": ["New fax from {who}"], "sender": ["{any}@fax.example"]}, {})
    there, elsewhere = (
        read_fax(reading(f"x@{domain}", "New fax from 0700000001", "", TIFF), (), own=(own,))
        for domain in ("fax.example", "other.example")
    )
    assert (there.shape, elsewhere.shape) == ("ours", "new-fax-from")


def test_the_printed_time_is_of_the_zone_that_the_installation_names() -> None:
    """X2; a service abroad prints its own time."""
    own = shape_of("abroad", {"subject": ["Fax {job} at {time}"]}, {}, zone="Europe/London")
    found = read_fax(reading("x@fax.example", "Fax 7 at 24/11/2026 10:20", "", TIFF), (), own=(own,))
    assert found.sent_at is not None
    assert found.sent_at.isoformat() == "2026-11-24T10:20:00+00:00"


def test_labels_of_the_installation_are_read_in_any_case_and_spacing() -> None:
    own = shape_of("labels", {"subject": ["Nuovo documento"]}, {"Numero  Mittente:": "number", "fogli": "pages"})
    mail = reading("x@fax.example", "Nuovo documento", "NUMERO MITTENTE: 070 0000001\nFogli: 4", TIFF)
    found = read_fax(mail, (), own=(own,))
    assert (found.number, found.pages) == ("+390700000001", 4)


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("", "empty"),
        ("Fax da {numero}", "no field"),
        ("{number} e {number}", "twice"),
        ("{who}{station} fine", "touch"),
        ("Fax da {number", "not closed"),
        ("x" * 500, "too long"),
    ],
)
def test_a_template_that_cannot_be_meant_is_refused(template: str, wrong: str) -> None:
    with pytest.raises(TemplateError, match=wrong) as refused:
        compiled(template)
    assert refused.value.remedy


@pytest.mark.parametrize(("labels", "zone"), [({"numero": "numero"}, "Europe/Rome"), ({}, "Europe/Sanluri")])
def test_a_label_for_no_field_and_a_zone_that_is_none_are_refused(labels: dict[str, str], zone: str) -> None:
    with pytest.raises(TemplateError):
        shape_of("x", {"subject": ["Fax"]}, labels, zone=zone)


@given(st.text(alphabet="abc {}()*+?[]\\|^$.", max_size=40))
def test_whatever_is_written_is_a_pattern_or_is_refused(template: str) -> None:
    with contextlib.suppress(TemplateError):
        assert compiled(template).groupindex.keys() <= FIELDS


@pytest.mark.parametrize("filler", [" ", "0 ", "a ", "1:"])
def test_no_line_makes_a_template_slow(filler: str) -> None:
    own = shape_of(
        "slow", {"subject": ["Fax"], "lines": ["{who} {any} {number} {time} {station} {job} fine", "{any} {who}"]}, {}
    )
    mail = reading("x@fax.example", "Fax", (filler * 400 + "\n") * 400)
    began = time.process_time()  # of this process alone: others may share the machine
    read_fax(mail, (), own=(own,))
    assert time.process_time() - began < 2
