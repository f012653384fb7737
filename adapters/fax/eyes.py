"""Opens the document of a fax and reads its pages: what `gateway.recognising` needs, of a child and a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.fax.images import page_image
from adapters.fax.pages import fax_pages, kind_of
from gateway.recognition import Document, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from adapters.fax.pages import Child
    from adapters.fax.tesseract import Tesseract
    from gateway.domain.intake import Intake

_PREFERRED = ("image/tiff", "application/pdf")


@dataclass(frozen=True, slots=True)
class FaxEyes:
    """`attachments` gives the bytes of each attachment of an intake and the type that it is declared as."""

    child: Child
    program: Tesseract
    attachments: Callable[[Intake], Iterable[tuple[bytes, str]]]

    def document(self, intake: Intake) -> tuple[Document, bytes] | None:
        """The fax of an intake, opened: a TIFF before a PDF; None when it carries neither."""
        found = [(kind_of(content), content, declared) for content, declared in self.attachments(intake)]
        for wanted in _PREFERRED:
            for kind, content, declared in found:
                if kind == wanted:
                    pages = fax_pages(self.child, content, declared)
                    return Document(pages.pages, pages.defects, shown=pages.pdf is not None), content
        return None

    def page(self, document: bytes, number: int) -> Page:
        """The text of page `number`; a page that cannot be drawn says why.

        Raises:
            Unavailable: no page can be read on this machine.
        """
        drawn = page_image(self.child, document, number)
        if drawn.png is None:
            return Page(None, drawn.defect or "not drawn")
        return self.program.page(drawn.png, drawn.dpi)
