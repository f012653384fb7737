"""One page of a fax as a picture: grey, with square pixels, ready to be looked at or to be read by a machine.

A page of 204 by 98 dots per inch is half as high as it should be when its dots are shown as squares. `draw` runs in a
confined child; of a PDF it shows the picture that fills the page, as every fax service writes them, and nothing else.

Budgets: `MAX_PAGE_PIXELS` of a page as it came (adapters.fax.pages), `MOST_DPI` and `MAX_DRAWN_PIXELS` of the picture.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from adapters.fax import frame
from adapters.fax.pages import MAX_PAGE_PIXELS, MAX_PAGES, Child, decoded, flat, kind_of
from adapters.fax.tiff import directories, is_tiff
from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from PIL import Image

DRAW = "adapters.fax.images:draw"
DEADLINE_S = 20.0
MOST_DPI = 300.0
LEAST_DPI = 200.0
"""Below it no machine reads: a page that is coarser is drawn larger."""
MAX_DRAWN_PIXELS = 25_000_000
MAX_ALL_BYTES = 256 * 1024 * 1024
"""Of all pictures of one document together."""
_DRAWABLE = frozenset(("/CCITTFaxDecode", "/DCTDecode", "/FlateDecode"))
_POINTS = 72.0


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page as PNG and its dots per inch, or why there is none (`page_3_unreadable`, `pixels_over_budget` …)."""

    number: int
    png: bytes | None
    dpi: int = 0
    defect: str | None = None


def page_image(child: Child, document: bytes, number: int) -> PageImage:
    """Page `number` (from 1) of a TIFF or PDF. Strange bytes raise nothing."""
    if kind_of(document) not in {"image/tiff", "application/pdf"}:
        return PageImage(number, None, defect="document_of_unknown_type")
    try:
        facts, png = frame.unpack(child.call(DRAW, frame.pack({"page": number}, document), deadline_s=DEADLINE_S))
    except CentralinoError as lost:
        return PageImage(number, None, defect=f"child_{getattr(lost, 'reason', 'error')}")
    except (ValueError, RecursionError):
        return PageImage(number, None, defect="child_answer_unreadable")
    dpi, defect = facts.get("dpi"), facts.get("defect")
    if not png.startswith(b"\x89PNG"):
        return PageImage(number, None, defect=str(defect or f"page_{number}_unreadable")[:100])
    return PageImage(number, png, dpi if isinstance(dpi, int) else 0)


def page_images(child: Child, document: bytes, pages: int) -> Iterator[PageImage]:
    """The pages of a document of that many, one after the other, as far as the budgets reach."""
    size = 0
    for number in range(1, min(pages, MAX_PAGES) + 1):
        found = page_image(child, document, number)
        size += len(found.png or b"")
        if size > MAX_ALL_BYTES:
            yield PageImage(number, None, defect="pictures_over_budget")
            return
        yield found
    if pages > MAX_PAGES:
        yield PageImage(MAX_PAGES + 1, None, defect="pages_over_budget")


# ------------------------------------------------------------------------------------------------------- in the child


def draw(asked: bytes) -> bytes:
    """The page that is asked for, packed. Runs in the child."""
    facts, document = frame.unpack(asked)
    number = int(facts["page"])
    try:
        image, dpi = _of_tiff(document, number) if is_tiff(document) else _of_pdf(document, number)
        png, drawn_dpi = _square(image, dpi)
    except MemoryError:
        raise
    except OverBudgetError:
        return frame.pack({"defect": "pixels_over_budget"})
    except Exception:  # noqa: BLE001 - the libraries raise whatever a document leads them into
        return frame.pack({"defect": f"page_{number}_unreadable"})
    return frame.pack({"dpi": drawn_dpi}, png)


class OverBudgetError(ValueError):
    """The page has more pixels than may be decoded."""


def _of_tiff(document: bytes, number: int) -> tuple[Image.Image, tuple[float, float]]:
    page = directories(document).pages[number - 1]
    if page.pixels > MAX_PAGE_PIXELS:
        raise OverBudgetError
    image = decoded(document, page)
    x_dpi, y_dpi = page.resolution()
    return image, (x_dpi, y_dpi) if image.size == (page.width, page.height) else (y_dpi, x_dpi)


def _of_pdf(document: bytes, number: int) -> tuple[Image.Image, tuple[float, float]]:
    from PIL import Image  # noqa: PLC0415 - only the child ever needs it
    from pypdf import PdfReader  # noqa: PLC0415 - as above

    # B-034: what calls itself a fax or a photograph must not reach the reader of another format.
    if not isinstance(Image.open, partial):
        Image.open = partial(Image.open, formats=("TIFF", "JPEG", "PNG"))
    page = PdfReader(io.BytesIO(document), strict=False).pages[number - 1]
    name = _largest(page)
    image = page.images[name].image
    if image is None:
        raise ValueError("a page without a picture")
    box = page.mediabox
    dpi = image.width / (float(box.width) / _POINTS), image.height / (float(box.height) / _POINTS)
    turned = int(page.get("/Rotate") or 0) % 360
    if turned:
        image = image.rotate(-turned, expand=True)
        dpi = (dpi[1], dpi[0]) if turned % 180 else dpi
    return image, dpi


def _largest(page: Any) -> str:  # noqa: ANN401 - pypdf types any object
    """The name of the picture with the most pixels that we are willing to decode."""
    found: list[tuple[int, str]] = []
    for name, reference in (page["/Resources"].get("/XObject") or {}).items():
        picture = reference.get_object()
        if picture.get("/Subtype") != "/Image":
            continue
        pixels = int(picture["/Width"]) * int(picture["/Height"])
        filters = picture.get("/Filter") or "/FlateDecode"
        if pixels > MAX_PAGE_PIXELS:
            raise OverBudgetError
        if set(filters if isinstance(filters, list) else [filters]) <= _DRAWABLE:
            found.append((pixels, name))
    if not found:
        raise ValueError("a page without a picture")
    return max(found)[1]


def _square(image: Image.Image, dpi: tuple[float, float]) -> tuple[bytes, int]:
    """The picture as PNG, with as many dots across as down, and how many an inch."""
    from PIL import Image  # noqa: PLC0415 - only the child ever needs it

    wanted = min(max(*dpi, LEAST_DPI), MOST_DPI)
    size = max(1, round(image.width * wanted / dpi[0])), max(1, round(image.height * wanted / dpi[1]))
    excess = size[0] * size[1] / MAX_DRAWN_PIXELS
    if excess > 1:
        wanted /= excess**0.5
        size = max(1, round(image.width * wanted / dpi[0])), max(1, round(image.height * wanted / dpi[1]))
    grey = flat(image).convert("L")
    if size != grey.size:
        grey = grey.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    grey.save(out, "PNG", dpi=(wanted, wanted), compress_level=3)
    return out.getvalue(), round(wanted)
