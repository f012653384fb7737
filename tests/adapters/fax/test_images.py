"""Pages as pictures: right proportions, within budgets, and never a reader for another format."""

from __future__ import annotations

import io
from collections.abc import Iterator

import img2pdf
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from adapters.confine import Confine
from adapters.fax import FUNCTIONS, PageImage, page_image, page_images
from tests.adapters.fax.making import bomb, fax_tiff
from tests.corpus.material import corpus, items


@pytest.fixture(scope="module")
def child() -> Iterator[Confine]:
    pool = Confine(FUNCTIONS, cpu_s=20, memory_bytes=512 * 1024 * 1024)
    yield pool
    pool.close()


def drawn(found: PageImage) -> Image.Image:
    assert found.png is not None, found.defect
    return Image.open(io.BytesIO(found.png))


@pytest.mark.parametrize(
    ("dpi", "size"), [((204, 98), (1728, 1145)), ((204, 196), (1728, 2290)), ((204, 391), (1728, 4571))]
)
def test_a_page_has_the_proportions_of_its_paper(
    child: Confine, dpi: tuple[float, float], size: tuple[int, int]
) -> None:
    """ITU-T T.4: standard, fine, superfine; 1,728 dots are 215 mm, and A4 is 297 mm high."""
    picture = drawn(page_image(child, fax_tiff(size=size, dpi=dpi), 1))
    assert picture.height / picture.width == pytest.approx(297 / 215, rel=0.01)
    assert picture.mode == "L"


def test_blacks_stay_where_they_are(child: Confine) -> None:
    """Page N of our making has a bar of N + 1 lines from a quarter of the height on; 98 lines become 204."""
    picture = drawn(page_image(child, fax_tiff(4), 4))
    column = picture.crop((picture.width // 3, 0, picture.width // 3 + 1, picture.height)).tobytes()
    black = [y for y, value in enumerate(column) if value < 128]
    assert black[0] == pytest.approx(286 * 204 / 98, abs=2)
    assert len(black) == pytest.approx(5 * 204 / 98, abs=1)


def test_a_page_in_a_pdf_is_drawn_as_the_same_page_in_a_tiff(child: Confine) -> None:
    tiff = fax_tiff(2, compression="group4")
    pdf = img2pdf.convert(tiff, nodate=True)
    assert pdf is not None
    one, two = (drawn(page_image(child, document, 2)) for document in (tiff, pdf))
    assert one.width == pytest.approx(two.width, rel=0.01)
    assert one.height == pytest.approx(two.height, rel=0.01)


def test_a_page_that_lies_on_its_side_is_turned(child: Confine) -> None:
    pdf = img2pdf.convert(fax_tiff(1, compression="group4"), nodate=True)
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf or b"")))
    writer.pages[0].rotate(90)
    out = io.BytesIO()
    writer.write(out)
    picture = drawn(page_image(child, out.getvalue(), 1))
    assert picture.width > picture.height


def test_every_page_is_drawn_in_its_order(child: Confine) -> None:
    found = list(page_images(child, fax_tiff(3), 3))
    assert [(each.number, each.defect) for each in found] == [(1, None), (2, None), (3, None)]


# --------------------------------------------------------------------------------------------------- hostile documents


def test_a_bomb_is_not_drawn(child: Confine) -> None:
    """F20, B-034."""
    assert page_image(child, bomb(), 1) == PageImage(1, None, defect="pixels_over_budget")


def test_a_bomb_in_a_pdf_is_not_drawn(child: Confine) -> None:
    """F20, B-035."""
    pdf = img2pdf.convert(bomb(7_000), nodate=True)
    assert pdf is not None
    assert page_image(child, pdf, 1) == PageImage(1, None, defect="pixels_over_budget")


def test_a_page_that_is_not_there_is_a_defect(child: Confine) -> None:
    assert page_image(child, fax_tiff(1), 7).defect == "page_7_unreadable"


@pytest.mark.parametrize("document", [b"", b"%!PS-Adobe", b"SIMPLE  =                    T", b"GIF89a"])
def test_what_is_neither_a_tiff_nor_a_pdf_reaches_no_child(child: Confine, document: bytes) -> None:
    assert page_image(child, document, 1).defect == "document_of_unknown_type"


def test_a_picture_of_another_kind_in_a_pdf_reaches_no_reader(child: Confine) -> None:
    """B-034: a GIF behind the name of a photograph."""
    photograph, gif = io.BytesIO(), io.BytesIO()
    Image.new("L", (300, 400)).save(photograph, "JPEG")
    Image.new("L", (300, 400)).save(gif, "GIF")
    pdf = img2pdf.convert(photograph.getvalue(), nodate=True)
    assert pdf is not None
    body, other = photograph.getvalue(), gif.getvalue()
    assert body in pdf
    hostile = pdf.replace(body, other + bytes(len(body) - len(other)))
    assert page_image(child, hostile, 1).defect == "page_1_unreadable"
    assert page_image(child, pdf, 1).png


def test_a_pdf_without_a_picture_says_so(child: Confine) -> None:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    out = io.BytesIO()
    writer.write(out)
    assert page_image(child, out.getvalue(), 1).defect == "page_1_unreadable"


# -------------------------------------------------------------------------------------------------------------- corpus


@pytest.mark.corpus
@pytest.mark.skipif(not corpus().is_dir(), reason=f"no corpus in {corpus()}: set CENTRALINO_CORPUS")
def test_every_fax_coded_page_that_the_reference_decodes_is_drawn_and_none_costs_a_child(child: Confine) -> None:
    missed, drawn_pages = [], 0
    for item in items(corpus()):
        if not item.is_fax or not item.expect.get("is_fax_coded"):
            continue
        document = item.file.read_bytes()
        for number in range(1, item.expect["page_count"] + 1):
            found = page_image(child, document, number)
            drawn_pages += 1
            lost = (found.defect or "").startswith("child_")
            if lost or (found.png is None and item.expect["reference_decode"] == "clean"):
                missed.append((item.source, item.name, number, found.defect))
    assert missed == []
    assert drawn_pages > 40
