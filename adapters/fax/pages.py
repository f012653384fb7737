"""The pages of a fax document as PDF. `inspect` and `render` run in a confined child, `fax_pages` in the daemon.

Budgets are our own: `MAX_PAGES` pages, `MAX_PAGE_PIXELS` for one, `MAX_PIXELS` for all, `MAX_PDF_BYTES` for the
result. A document beyond them is shown as far as they reach, with a defect; the original is kept by the caller.

Each page is decoded by itself with Pillow, which is told the one format it may be, written anew as Group 4 in one
strip (so fill order, odd strips, Group 3 and damaged ends are all behind us), and img2pdf embeds that without decoding
it again. Twenty milliseconds a page, half of what img2pdf takes for the whole document (decision by measurement).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from adapters.fax import frame
from adapters.fax.tiff import Directories, Page, beginning_at, directories, is_tiff
from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from PIL import Image

MAX_PAGES = 200
MAX_PAGE_PIXELS = 40_000_000
"""An A3 page at 400 dots per inch has 31 million."""
MAX_PIXELS = 1_000_000_000
"""200 pages in "fine" have 800 million."""
MAX_PDF_BYTES = 48 * 1024 * 1024
MAX_SIDE_POINTS = 14_400.0
"""ISO 32000-1 Annex C: the largest side of a page, 200 inches."""
MIN_SIDE_POINTS = 3.0

DEADLINE_S = 30.0
INSPECT = "adapters.fax.pages:inspect"
RENDER = "adapters.fax.pages:render"
FUNCTIONS = (INSPECT, RENDER)
"""What the pool of children has to be given."""


class Child(Protocol):
    """Where hostile bytes are worked on (`adapters.confine.Confine`); it fails with a `CentralinoError`."""

    def call(self, function: str, payload: bytes, *, deadline_s: float | None = None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FaxPages:
    """How many pages the document has (None: cannot be told) and a PDF to look at (None: there is none).

    The PDF of a PDF is the document itself. `defects` are words for the ticket and the log: `not_a_tiff`,
    `directory_loop`, `pages_over_budget`, `pixels_over_budget`, `page_3_unreadable`, `pdf_encrypted`,
    `child_deadline` …
    """

    pages: int | None
    pdf: bytes | None
    defects: tuple[str, ...] = ()


def kind_of(document: bytes) -> str | None:
    """The type by content: `image/tiff`, `application/pdf`, `application/postscript`, or None."""
    if is_tiff(document):
        return "image/tiff"
    if b"%PDF-" in document[:1024]:
        return "application/pdf"
    if document.startswith(b"%!PS"):
        return "application/postscript"
    return None


def fax_pages(child: Child, document: bytes, declared: str) -> FaxPages:
    """Pages and PDF of `document`, which its mail calls `declared` (a MIME type). Strange bytes raise nothing."""
    kind = kind_of(document)
    odd = () if kind in {declared, None} else (f"declared_{declared[:60]}_is_{kind}",)
    if kind == "image/tiff":
        return _tiff_pages(child, document, odd)
    if kind == "application/pdf":
        facts, defects, _ = _ask(child, INSPECT, document)
        return FaxPages(facts, document if facts is not None else None, odd + defects)
    if kind == "application/postscript":
        return FaxPages(None, None, (*odd, "postscript_not_shown"))
    return FaxPages(None, None, ("not_a_tiff" if declared == "image/tiff" else "document_of_unknown_type",))


def _tiff_pages(child: Child, document: bytes, odd: tuple[str, ...]) -> FaxPages:
    # Two calls: when a decoder takes the child down, the number of pages is known all the same.
    pages, defects, _ = _ask(child, INSPECT, document)
    if not pages:
        return FaxPages(None, None, odd + defects)
    _, more, pdf = _ask(child, RENDER, document)
    return FaxPages(pages, pdf or None, tuple(dict.fromkeys(odd + defects + more)))


def _ask(child: Child, function: str, document: bytes) -> tuple[int | None, tuple[str, ...], bytes]:
    try:
        facts, body = frame.unpack(child.call(function, document, deadline_s=DEADLINE_S))
    except CentralinoError as lost:
        return None, (f"child_{getattr(lost, 'reason', 'error')}",), b""
    except (ValueError, RecursionError):
        return None, ("child_answer_unreadable",), b""
    pages, defects = facts.get("pages"), facts.get("defects")
    words = tuple(str(word)[:100] for word in defects[:300]) if isinstance(defects, list) else ()
    return (pages if isinstance(pages, int) else None), words, body


# ------------------------------------------------------------------------------------------------------- in the child


def inspect(document: bytes) -> bytes:
    """Pages and defects of a TIFF or a PDF, packed. Runs in the child."""
    if is_tiff(document):
        found = directories(document)
        return frame.pack({"pages": len(found.pages), "defects": list(found.defects)})
    return _inspect_pdf(document)


def _inspect_pdf(document: bytes) -> bytes:
    from pypdf import PdfReader  # noqa: PLC0415 - only the child ever needs it

    try:
        reader = PdfReader(io.BytesIO(document), strict=False)
        if reader.is_encrypted:
            return frame.pack({"pages": None, "defects": ["pdf_encrypted"]})
        pages = len(reader.pages)
    except Exception as error:  # noqa: BLE001 - pypdf raises whatever the document leads it into
        return frame.pack({"pages": None, "defects": [f"pdf_unreadable_{type(error).__name__}"]})
    if pages == 0:
        return frame.pack({"pages": None, "defects": ["pdf_without_pages"]})
    return frame.pack({"pages": pages, "defects": ["pages_over_budget"] if pages > MAX_PAGES else []})


def render(document: bytes) -> bytes:
    """The PDF of a TIFF, as far as the budgets reach, with its defects, packed. Runs in the child."""
    found = directories(document)
    numbers, defects = within_budget(found)
    images, unreadable = _images(document, found.pages, numbers)
    defects += unreadable
    pdf = b""
    if images:
        import img2pdf  # noqa: PLC0415 - only the child ever needs it

        pdf = img2pdf.convert(images, nodate=True, creator="", producer="", engine=img2pdf.Engine.internal)
    return frame.pack({"pages": len(images), "defects": defects}, pdf)


def within_budget(found: Directories) -> tuple[list[int], list[str]]:
    """Which pages may be decoded (from 0), and why the others may not."""
    numbers: list[int] = []
    defects: list[str] = []
    pixels = 0
    for number, page in enumerate(found.pages):
        if len(numbers) >= MAX_PAGES:
            return numbers, [*defects, "pages_over_budget"]
        if page.pixels > MAX_PAGE_PIXELS or pixels + page.pixels > MAX_PIXELS:
            defects.append("pixels_over_budget")
        else:
            pixels += page.pixels
            numbers.append(number)
    return numbers, list(dict.fromkeys(defects))


def _images(document: bytes, pages: tuple[Page, ...], numbers: list[int]) -> tuple[list[bytes], list[str]]:
    images: list[bytes] = []
    defects: list[str] = []
    size = 0
    for number in numbers:
        try:
            image = _one_page(document, pages[number])
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - Pillow raises whatever a document leads it into; the others are to be seen
            defects.append(f"page_{number + 1}_unreadable")
            continue
        size += len(image)
        if size > MAX_PDF_BYTES:
            return images, [*defects, "pdf_over_budget"]
        images.append(image)
    return images, defects


def _one_page(document: bytes, page: Page) -> bytes:
    return _picture(decoded(document, page), page)


def decoded(document: bytes, page: Page) -> Image.Image:
    """The pixels of one page. Raises whatever Pillow does, and ValueError when it is larger than it says."""
    from PIL import Image  # noqa: PLC0415 - only the child ever needs it

    # Only TIFF: B-034 (a FITS, MPO or DCX under the name of a fax must not reach its own reader).
    # One image a page: after a damaged directory Pillow 13 gives the pixels of the page before.
    with Image.open(io.BytesIO(beginning_at(document, page)), formats=("TIFF",)) as opened:
        if opened.width * opened.height > MAX_PAGE_PIXELS:  # the library read another size than we did
            raise ValueError("larger than its directory says")
        opened.load()
        return opened.copy()


def _picture(opened: Image.Image, page: Page) -> bytes:
    """One page, decoded, in a form that img2pdf embeds as it is."""
    x_dpi, y_dpi = page.resolution()
    if opened.size != (page.width, page.height):  # turned upright by its Orientation tag
        x_dpi, y_dpi = y_dpi, x_dpi
    dpi = _on_paper(opened.width, x_dpi), _on_paper(opened.height, y_dpi)
    out = io.BytesIO()
    if opened.mode == "1":
        # RowsPerStrip = height: one strip, which img2pdf embeds as it is.
        opened.save(out, "TIFF", compression="group4", dpi=dpi, tiffinfo={278: opened.height})
    else:
        flat(opened).save(out, "PNG", dpi=dpi)
    return out.getvalue()


def _on_paper(pixels: int, dpi: float) -> float:
    """The resolution at which that side is a side that a PDF may have."""
    return min(max(dpi, pixels * 72.0 / MAX_SIDE_POINTS), pixels * 72.0 / MIN_SIDE_POINTS)


def flat(image: Image.Image) -> Image.Image:
    """As grey or as colour without transparency, which is what every viewer shows alike."""
    from PIL import Image  # noqa: PLC0415 - only the child ever needs it

    if image.mode in {"L", "RGB"}:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        low, high = cast("tuple[float, float]", image.getextrema())  # these modes have one band
        scale = 255.0 / (high - low) if high > low else 1.0
        return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")
    if image.mode in {"RGBA", "LA", "PA"}:
        coloured = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, coloured).convert("RGB")
    return image.convert("RGB")
