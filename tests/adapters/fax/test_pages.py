from __future__ import annotations

import io
import json
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader, PdfWriter

from adapters.confine import Confine
from adapters.fax import FUNCTIONS, FaxPages, fax_pages
from adapters.fax.tiff import Directories, directories
from tests.adapters.fax.making import bomb, chain, directory, fax_tiff

CORPUS = Path(os.environ.get("CENTRALINO_CORPUS", Path(__file__).resolve().parents[4] / "shared" / "corpus"))


@pytest.fixture(scope="module")
def child() -> Iterator[Confine]:
    pool = Confine(FUNCTIONS, cpu_s=20, memory_bytes=512 * 1024 * 1024)
    yield pool
    pool.close()


def pdf_pages(found: FaxPages) -> int:
    return 0 if found.pdf is None else len(PdfReader(io.BytesIO(found.pdf)).pages)


def filters(pdf: bytes) -> set[str]:
    """How the pictures in `pdf` are compressed."""
    found = set()
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for picture in page["/Resources"]["/XObject"].values():  # type: ignore[index] # pypdf types any object
            name = picture.get_object()["/Filter"]
            found.add(str(name[0] if isinstance(name, list) else name))
    return found


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_every_page_of_a_fax_is_shown_and_stays_fax_coded(child: Confine, compression: str) -> None:
    found = fax_pages(child, fax_tiff(3, compression=compression), "image/tiff")
    assert (found.pages, pdf_pages(found), found.defects, filters(found.pdf or b"")) == (3, 3, (), {"/CCITTFaxDecode"})


def test_pages_keep_their_order_and_their_blacks(child: Confine) -> None:
    """Page N of our making carries a black bar of N + 1 lines that begins at a quarter of the height."""
    shown = fax_pages(child, fax_tiff(4), "image/tiff").pdf or b""
    pictures = [page.images[0].image for page in PdfReader(io.BytesIO(shown)).pages]
    columns = [[picture.getpixel((500, 286 + line)) == 0 for line in range(8)] for picture in pictures if picture]
    assert [sum(column) for column in columns] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    ("dpi", "size"), [((204, 98), (1728, 1145)), ((204, 196), (1728, 2290)), ((204, 391), (1728, 4571))]
)
def test_odd_resolutions_give_the_size_of_the_paper(
    child: Confine, dpi: tuple[float, float], size: tuple[int, int]
) -> None:
    """ITU-T T.4: standard, fine, superfine; 1,728 pixels are 215 mm, and A4 is 297 mm high."""
    found = fax_pages(child, fax_tiff(size=size, dpi=dpi), "image/tiff")
    box = PdfReader(io.BytesIO(found.pdf or b"")).pages[0].mediabox
    assert (round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) == (215, 297)


@pytest.mark.parametrize(("height", "millimetres"), [(1145, 297), (2290, 297)])
def test_a_fax_that_names_no_resolution_is_shown_at_the_one_its_width_means(
    child: Confine, height: int, millimetres: int
) -> None:
    out = io.BytesIO()
    Image.new("1", (1728, height), 1).save(out, "TIFF", compression="group4")
    found = fax_pages(child, out.getvalue(), "image/tiff")
    assert round(float(PdfReader(io.BytesIO(found.pdf or b"")).pages[0].mediabox.height) / 72 * 25.4) == millimetres


@pytest.mark.parametrize("tags", [{278: 100}, {278: 1}, {266: 2}])
def test_odd_strips_and_fill_orders_are_shown(child: Confine, tags: dict[int, int]) -> None:
    found = fax_pages(child, fax_tiff(2, compression="group4", tags=tags), "image/tiff")
    assert pdf_pages(found) == 2


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16", "CMYK", "LA"])
def test_a_scan_that_is_no_fax_is_shown_too(child: Confine, mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (200, 300)).save(out, "TIFF")
    assert pdf_pages(fax_pages(child, out.getvalue(), "image/tiff")) == 1


# --------------------------------------------------------------------------------------------------- hostile documents


def test_a_bomb_of_169_million_pixels_is_refused_and_counted(child: Confine) -> None:
    """F20, B-034."""
    document = bomb()
    began = time.perf_counter()
    found = fax_pages(child, document, "image/tiff")
    slow = time.perf_counter() - began > 2
    assert (len(document) < 12_000, found, slow) == (True, FaxPages(1, None, ("pixels_over_budget",)), False)


def test_a_page_beyond_the_budget_does_not_hide_the_others(child: Confine) -> None:
    out = io.BytesIO()
    pages = [Image.new("1", size, 1) for size in ((1728, 1145), (9000, 9000), (1728, 1145))]
    pages[0].save(out, "TIFF", compression="group4", save_all=True, append_images=pages[1:])
    found = fax_pages(child, out.getvalue(), "image/tiff")
    assert (found.pages, pdf_pages(found), found.defects) == (3, 2, ("pixels_over_budget",))


def test_of_two_thousand_pages_two_hundred_are_shown(child: Confine) -> None:
    """F20, B-034."""
    found = fax_pages(child, chain(2000), "image/tiff")
    assert (found.pages, pdf_pages(found), found.defects) == (2000, 200, ("pages_over_budget",))


def test_a_chain_of_directories_that_loops_ends(child: Confine) -> None:
    found = fax_pages(child, chain(3, loop=True), "image/tiff")
    assert (found.pages, pdf_pages(found), found.defects) == (3, 3, ("directory_loop",))


def test_a_chain_without_end_is_cut() -> None:
    found = directories(chain(10_050))
    assert (len(found.pages), found.defects) == (10_000, ("directories_over_budget",))


def test_overlapping_directories_cannot_buy_time() -> None:
    """Each claims 65,535 entries and the next begins two bytes on."""
    size = 900_000
    document = bytearray(b"II*\0" + struct.pack("<I", 8) + b"\xff\xff" * (size // 2))
    began = time.perf_counter()
    directories(bytes(document))
    assert time.perf_counter() - began < 1


def test_a_fits_under_the_name_of_a_tiff_reaches_no_reader(child: Confine) -> None:
    """B-034."""
    fits = b"SIMPLE  =                    T" + b" " * 2850
    assert fax_pages(child, fits, "image/tiff") == FaxPages(None, None, ("not_a_tiff",))


def test_a_picture_of_another_kind_behind_a_tiff_head_reaches_no_reader(child: Confine) -> None:
    gif = io.BytesIO()
    Image.new("L", (4, 4)).save(gif, "GIF")
    found = fax_pages(child, b"II*\0" + gif.getvalue(), "image/tiff")
    assert (found.pages, found.pdf) == (None, None)


def test_a_damaged_page_does_not_hide_the_others(child: Confine) -> None:
    document = bytearray(fax_tiff(3, compression="group4"))
    second = _offset_of_directory(bytes(document), 1)
    for position in range(second + 2, second + 2 + 12 * struct.unpack_from("<H", document, second)[0], 12):
        if struct.unpack_from("<H", document, position)[0] == 273:
            struct.pack_into("<I", document, position + 8, 0xFFFFFF00)
    found = fax_pages(child, bytes(document), "image/tiff")
    assert (found.pages, pdf_pages(found), found.defects) == (3, 2, ("page_2_unreadable",))


def _offset_of_directory(document: bytes, number: int) -> int:
    at = int(struct.unpack_from("<I", document, 4)[0])
    for _ in range(number):
        at = int(struct.unpack_from("<I", document, at + 2 + 12 * struct.unpack_from("<H", document, at)[0])[0])
    return at


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reading_of_directories_fail(noise: bytes) -> None:
    assert isinstance(directories(b"II*\0\x08\0\0\0" + noise), Directories)


@given(cut=st.integers(0, 5000), flips=st.lists(st.tuples(st.integers(0, 4999), st.integers(0, 255)), max_size=8))
def test_no_damage_to_a_fax_makes_the_reading_of_directories_fail(cut: int, flips: list[tuple[int, int]]) -> None:
    document = bytearray(chain(100)[:cut])
    for position, value in flips:
        if position < len(document):
            document[position] = value
    assert isinstance(directories(bytes(document)), Directories)


def test_a_resolution_that_points_outside_costs_the_resolution_and_not_the_page() -> None:
    document = b"II*\0\x08\0\0\0" + directory([(256, 3, 1728), (257, 3, 1145), (282, 5, 0xFFFFFF)], 0)
    assert directories(document).pages[0].resolution() == (204.0, 98.0)


def test_a_child_that_is_lost_leaves_a_defect_and_the_next_fax_is_shown() -> None:
    pool = Confine(FUNCTIONS, memory_bytes=110 * 1024 * 1024)
    lost = fax_pages(pool, fax_tiff(1) + bytes(120 * 1024 * 1024), "image/tiff")
    following = fax_pages(pool, b"%PDF-1.4 nothing", "application/pdf")
    pool.close()
    assert (lost.defects, following.pages) == (("child_memory",), None)


# ----------------------------------------------------------------------------------------------------------------- PDF


def pdf(pages: int, *, password: str = "") -> bytes:
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_is_shown_as_it_came(child: Confine) -> None:
    document = pdf(2)
    assert fax_pages(child, document, "application/pdf") == FaxPages(2, document, ())


def test_a_pdf_that_is_called_a_tiff_is_read_for_what_it_is(child: Confine) -> None:
    assert fax_pages(child, pdf(1), "image/tiff").defects == ("declared_image/tiff_is_application/pdf",)


def test_an_encrypted_pdf_is_not_opened(child: Confine) -> None:
    assert fax_pages(child, pdf(1, password="x"), "application/pdf") == FaxPages(None, None, ("pdf_encrypted",))


def test_a_pdf_whose_cross_reference_leads_to_itself_ends(child: Confine) -> None:
    """B-035."""
    looping = (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\n"
    )
    xref = len(looping)
    looping += b"xref\n0 1\n0000000000 65535 f \ntrailer<</Size 3/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF" % (
        xref,
        xref,
    )
    began = time.perf_counter()
    found = fax_pages(child, looping, "application/pdf")
    assert (found.pdf, time.perf_counter() - began < 25) == (None, True)


def test_postscript_is_kept_and_not_run(child: Confine) -> None:
    assert fax_pages(child, b"%!PS-Adobe-3.0", "application/postscript") == FaxPages(
        None, None, ("postscript_not_shown",)
    )


# -------------------------------------------------------------------------------------------------------------- corpus


def corpus_faxes() -> list[tuple[Path, dict[str, Any]]]:
    found = []
    for listing in sorted(CORPUS.glob("tiff-*/expectations.jsonl")):
        for line in listing.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found.append((listing.parent / entry["file"], entry.get("expect", {})))
    return found


@pytest.fixture(scope="module")
def shown(child: Confine) -> list[tuple[Path, dict[str, Any], FaxPages]]:
    faxes = corpus_faxes()
    if not faxes:
        pytest.skip(f"no corpus at {CORPUS}")
    return [(file, expect, fax_pages(child, file.read_bytes(), "image/tiff")) for file, expect in faxes]


@pytest.mark.corpus
def test_every_tiff_that_the_reference_reads_has_its_number_of_pages(
    shown: list[tuple[Path, dict[str, Any], FaxPages]],
) -> None:
    read = [
        (file.name, expect["page_count"], found.pages or 0) for file, expect, found in shown if "page_count" in expect
    ]
    assert [miss for miss in read if miss[1] != miss[2]] == []


@pytest.mark.corpus
def test_every_page_of_every_tiff_has_the_size_and_resolution_that_the_reference_reads() -> None:
    """To the pixel; a resolution that the reference reads as none at all (0) counts for nothing."""
    faxes = [(file, expect) for file, expect in corpus_faxes() if "pages" in expect]
    misses = [
        (file.name, [(page.width, page.height) for page in directories(file.read_bytes()).pages], expect["pages"])
        for file, expect in faxes
        if [(page.width, page.height) for page in directories(file.read_bytes()).pages]
        != [(page["width"], page["height"]) for page in expect["pages"]]
    ]
    if not faxes:
        pytest.skip(f"no corpus at {CORPUS}")
    assert misses == []


@pytest.mark.corpus
def test_every_fax_coded_page_that_names_a_resolution_is_shown_at_it() -> None:
    found = []
    for file, expect in corpus_faxes():
        if not expect.get("is_fax_coded"):
            continue
        for page, wanted in zip(directories(file.read_bytes()).pages, expect["pages"], strict=True):
            if wanted.get("res_unit") == "pixels/inch" and wanted["xres"] >= 20 and wanted["yres"] >= 20:
                x_dpi, y_dpi = page.resolution()
                same = abs(x_dpi - wanted["xres"]) < 0.01 and abs(y_dpi - wanted["yres"]) < 0.01
                found.append((file.name, same, (x_dpi, y_dpi), wanted))
    assert [each for each in found if not each[1]] == []


@pytest.mark.corpus
def test_every_fax_coded_tiff_has_a_pdf_with_all_its_pages(
    shown: list[tuple[Path, dict[str, Any], FaxPages]],
) -> None:
    faxes = [(file.name, expect["page_count"], pdf_pages(f)) for file, expect, f in shown if expect.get("is_fax_coded")]
    assert [miss for miss in faxes if miss[1] != miss[2]] == []


@pytest.mark.corpus
def test_no_tiff_of_the_corpus_costs_a_child(shown: list[tuple[Path, dict[str, Any], FaxPages]]) -> None:
    assert [file.name for file, _, found in shown if any(word.startswith("child_") for word in found.defects)] == []
