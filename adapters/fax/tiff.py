"""The page directories of a TIFF: how many, how large, at what resolution. No pixel is decoded.

Read before any decoder sees the document, so that our own budgets decide and not a library's idea of a bomb, which
looks at one page at a time. A chain of directories that comes back to itself ends there.

Source: TIFF 6.0 sections 2 and 8; BigTIFF for 64-bit offsets; RFC 2306 and ITU-T T.4 for fax resolutions.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAX_DIRECTORIES = 10_000
MAX_ENTRIES = 400_000
"""In all directories together: directories may overlap, so a small file can hold a great many."""

WIDTH, HEIGHT, COMPRESSION, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT = 256, 257, 259, 274, 282, 283, 296
_WANTED = frozenset((WIDTH, HEIGHT, COMPRESSION, ORIENTATION, X_RESOLUTION, Y_RESOLUTION, UNIT))
_SHORT, _LONG, _RATIONAL, _LONG8 = 3, 4, 5, 16
_CENTIMETRE = 3
_CM_PER_INCH = 2.54
_BIG = 43

FAX_WIDTHS = {1728: 204.0, 2048: 204.0, 2432: 204.0, 864: 102.0}
"""ITU-T T.4: pixels of a fax line (A4, B4, A3, half) and the resolution they mean, in dots per inch."""


@dataclass(frozen=True, slots=True)
class Page:
    """One directory, which begins at byte `at`: pixels, and dots per inch where it gives any that can be true."""

    width: int
    height: int
    compression: int = 1
    orientation: int = 1
    x_dpi: float | None = None
    y_dpi: float | None = None
    at: int = 0

    @property
    def pixels(self) -> int:
        return self.width * self.height

    def resolution(self) -> tuple[float, float]:
        """Dots per inch to show the page at: what it says, else what its width means as a fax, else 96."""
        if self.x_dpi and self.y_dpi:
            return self.x_dpi, self.y_dpi
        x_dpi = FAX_WIDTHS.get(self.width)
        if x_dpi is None:
            return 96.0, 96.0
        # A4 is 11.7 inches high: at the standard 98 lines per inch about 1,146 lines, at "fine" twice as many.
        return x_dpi, 98.0 if self.height < self.width else 196.0


@dataclass(frozen=True, slots=True)
class Directories:
    """All pages that the chain of directories leads to, and what is wrong with the chain."""

    pages: tuple[Page, ...]
    defects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layout:
    """Byte order and widths of the numbers of one file."""

    order: str
    count: str
    offset: str

    @property
    def entry_bytes(self) -> int:
        return 4 + 2 * struct.calcsize(self.offset)

    def at(self, document: bytes, code: str, position: int) -> int:
        """The number at `position`. Raises struct.error beyond the end."""
        return int(struct.unpack_from(self.order + code, document, position)[0])


def is_tiff(document: bytes) -> bool:
    """Whether it begins as a TIFF does."""
    return document[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


def directories(document: bytes) -> Directories:
    """The pages of `document`. Never raises; what is not a TIFF has none."""
    if not is_tiff(document):
        return Directories((), ("not_a_tiff",))
    layout = _layout(document)
    pages: list[Page] = []
    seen: set[int] = set()
    entries = 0
    try:
        at = layout.at(document, layout.offset, 8 if layout.count == "Q" else 4)
        while at:
            if at in seen:
                return Directories(tuple(pages), ("directory_loop",))
            count = layout.at(document, layout.count, at)
            entries += count
            if len(pages) >= MAX_DIRECTORIES or entries > MAX_ENTRIES:
                return Directories(tuple(pages), ("directories_over_budget",))
            seen.add(at)
            page, after = _page(document, layout, at, count)
            if page.pixels <= 0:  # no page, and what follows one such is noise (libtiff ends there too)
                return Directories(tuple(pages), ("directory_without_size",))
            pages.append(page)
            at = layout.at(document, layout.offset, after)
    except struct.error:
        return Directories(tuple(pages), ("directory_truncated",))
    return Directories(tuple(pages))


def beginning_at(document: bytes, page: Page) -> bytes:
    """The same file with `page` as its first. A library that loses its way in the chain shows one page for another."""
    layout = _layout(document)
    place = 8 if layout.offset == "Q" else 4
    offset = struct.pack(layout.order + layout.offset, page.at)
    return document[:place] + offset + document[place + len(offset) :]


def _layout(document: bytes) -> _Layout:
    order = "<" if document[:2] == b"II" else ">"
    if _BIG in document[2:4]:
        return _Layout(order, "Q", "Q")
    return _Layout(order, "H", "I")


def _page(document: bytes, layout: _Layout, at: int, count: int) -> tuple[Page, int]:
    first = at + struct.calcsize(layout.count)
    values: dict[int, float] = {}
    for position in range(first, first + count * layout.entry_bytes, layout.entry_bytes):
        tag = layout.at(document, "H", position)
        if tag in _WANTED and tag not in values:
            values[tag] = _value(document, layout, position)
    per_inch = _CM_PER_INCH if values.get(UNIT) == _CENTIMETRE else 1.0
    page = Page(
        width=int(values.get(WIDTH, 0)),
        height=int(values.get(HEIGHT, 0)),
        compression=int(values.get(COMPRESSION, 1)),
        orientation=int(values.get(ORIENTATION, 1)),
        x_dpi=_credible(values.get(X_RESOLUTION, 0) * per_inch),
        y_dpi=_credible(values.get(Y_RESOLUTION, 0) * per_inch),
        at=at,
    )
    return page, first + count * layout.entry_bytes


def _value(document: bytes, layout: _Layout, position: int) -> float:
    kind = layout.at(document, "H", position + 2)
    place = position + 4 + struct.calcsize(layout.offset)
    if kind == _SHORT:
        return layout.at(document, "H", place)
    if kind == _LONG:
        return layout.at(document, "I", place)
    if kind == _LONG8 and layout.offset == "Q":
        return layout.at(document, "Q", place)
    if kind == _RATIONAL:
        return _rational(document, layout, place)
    return 0


def _rational(document: bytes, layout: _Layout, place: int) -> float:
    where = place if layout.offset == "Q" else layout.at(document, "I", place)
    try:
        above, below = layout.at(document, "I", where), layout.at(document, "I", where + 4)
    except struct.error:  # a resolution that points outside costs the resolution, not the page
        return 0
    return above / below if below else 0


def _credible(dpi: float) -> float | None:
    return dpi if 20 <= dpi <= 4800 else None  # noqa: PLR2004 - below is a unit gone wrong, above no scanner
