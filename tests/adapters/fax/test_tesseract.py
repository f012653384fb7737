"""The real program on pages of our own making; where it is not installed these are skipped and say so."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import img2pdf
import pytest
from PIL import Image

from adapters.confine import Confine
from adapters.fax import FUNCTIONS, FaxEyes, Tesseract, page_image
from gateway.domain.intake import Channel, Intake, IntakeState
from gateway.recognition import Page, Unavailable
from tests.adapters.fax.making import fax_tiff, typed_tiff
from tests.clock import TestClock

LINES = ("Spett.le Comune, la stampante", "dell'anagrafe non funziona.", "Chiediamo assistenza urgente.")
MISSING = Tesseract().missing()
needs_tesseract = pytest.mark.skipif(MISSING is not None, reason=f"{MISSING}: apt install tesseract-ocr-ita")


@pytest.fixture(scope="module")
def child() -> Iterator[Confine]:
    pool = Confine(FUNCTIONS, memory_bytes=512 * 1024 * 1024)
    yield pool
    pool.close()


def program(folder: Path, script: str) -> str:
    """A program that stands where tesseract would."""
    file = folder / "program"
    languages = '[ "$1" = --list-langs ] && { echo ita; exit 0; }'
    file.write_text(f"#!/bin/sh\n{languages}\n{script}\n")
    file.chmod(0o755)
    return str(file)


def read(child: Confine, document: bytes, number: int = 1, **options: object) -> Page:
    drawn = page_image(child, document, number)
    assert drawn.png is not None
    return Tesseract(**options).page(drawn.png, drawn.dpi)  # type: ignore[arg-type]  # the fields of Tesseract, by name


@needs_tesseract
@pytest.mark.parametrize("dpi", [(204, 98), (204, 196)])
def test_a_typed_fax_in_italian_is_read(child: Confine, dpi: tuple[int, int]) -> None:
    """A standard fax is half as high as its letters should be: it is drawn higher first."""
    text = read(child, typed_tiff([LINES], dpi=dpi)).text
    assert text is not None
    assert [line for line in text.splitlines() if line] == list(LINES)


@needs_tesseract
def test_a_page_of_a_pdf_is_read_as_the_same_page_of_a_tiff(child: Confine) -> None:
    tiff = typed_tiff([("PRIMA PAGINA",), ("SECONDA PAGINA",)], dpi=(204, 196))
    pdf = img2pdf.convert(tiff, nodate=True)
    assert pdf is not None
    assert read(child, pdf, 2).text == read(child, tiff, 2).text == "SECONDA PAGINA"


@needs_tesseract
def test_an_empty_page_has_no_text(child: Confine) -> None:
    assert read(child, typed_tiff([()])) == Page("")


@needs_tesseract
def test_what_is_no_picture_is_no_text_and_no_error() -> None:
    assert Tesseract().page(b"\x89PNG nothing of the kind", 204).text is None


def test_a_program_that_is_not_there_says_so(child: Confine) -> None:
    with pytest.raises(Unavailable, match="nowhere-to-be-found is not installed"):
        read(child, fax_tiff(), program="nowhere-to-be-found")


@needs_tesseract
def test_a_language_that_is_not_there_says_so(child: Confine) -> None:
    with pytest.raises(Unavailable, match="no language xyz"):
        read(child, fax_tiff(), language="xyz")


def test_a_page_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    began = time.monotonic()
    found = Tesseract(program(tmp_path, "exec sleep 30"), timeout_s=0.5).page(b"", 204)
    assert (found, time.monotonic() - began < 5) == (Page(None, "timeout"), True)


def test_the_program_is_bound_before_it_begins(tmp_path: Path) -> None:
    """Processor seconds, no dump, no file: a page is strangers' ink."""
    found = Tesseract(program(tmp_path, "ulimit -t; ulimit -c; ulimit -f"), timeout_s=6.5).page(b"", 204)
    assert (found.text or found.why).split() == ["7", "0", "0"]


def test_the_program_writes_no_file(tmp_path: Path) -> None:
    made = tmp_path / "made"
    Tesseract(program(tmp_path, f"echo x > {made}")).page(b"", 204)
    assert made.read_bytes() == b""


def test_control_characters_and_endless_text_are_cut(tmp_path: Path) -> None:
    endless = "printf 'a\\033[2Jb\\f\\n\\n\\n\\nc\\000d\\n'; "
    endless += "i=0; while [ $i -lt 3000 ]; do echo parola parola; i=$((i+1)); done"
    text = Tesseract(program(tmp_path, endless)).page(b"", 204).text
    assert text is not None
    assert (text.startswith("a[2Jb\n\ncd\nparola"), len(text)) == (True, 20_000)


# ---------------------------------------------------------------------------------------------------------------- eyes


def intake() -> Intake:
    at = TestClock("2026-11-24T10:20:00+01:00").now()
    return Intake(1, Channel.FAX, "imap", at, "", (), "0" * 64, 0, IntakeState.FILED, 1, {}, None)


def test_of_two_forms_of_one_fax_the_tiff_is_opened(child: Confine) -> None:
    tiff = fax_tiff(2)
    pdf = img2pdf.convert(tiff, nodate=True) or b""
    eyes = FaxEyes(child, Tesseract(), lambda _: [(b"Buongiorno", "text/plain"), (pdf, "application/pdf"),
                                                  (tiff, "image/tiff")])  # fmt: skip
    found = eyes.document(intake())
    assert found is not None
    assert (found[0].pages, found[0].shown, found[1]) == (2, True, tiff)


def test_a_mail_without_a_document_has_none(child: Confine) -> None:
    assert FaxEyes(child, Tesseract(), lambda _: [(b"GIF89a", "image/tiff")]).document(intake()) is None


def test_a_page_that_cannot_be_drawn_reaches_no_program(child: Confine) -> None:
    eyes = FaxEyes(child, Tesseract("nowhere-to-be-found"), lambda _: [])
    assert eyes.page(fax_tiff(), 9) == Page(None, "page_9_unreadable")


def test_pages_are_drawn_small_enough_for_the_program(child: Confine) -> None:
    """A page of twenty by twenty inches at 300 dots has 36 million; what leaves has 25 at the most."""
    found = page_image(child, fax_tiff(size=(6000, 6000), dpi=(300, 300), compression="group4"), 1)
    assert found.png is not None
    with Image.open(io.BytesIO(found.png)) as drawn:
        assert drawn.width * drawn.height <= 25_010_000
