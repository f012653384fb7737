"""Faxes that arrive as mail: what the mail says of the fax (`read`), its pages as PDF (`pages`), as PNG (`images`).

A fax has no other proof than its arrival: the number may be withheld, the station identifier is set by the sender.
Whatever is missing or odd is a line in `defects`; the document as received is always kept.
"""

from __future__ import annotations

from adapters.fax import images, pages
from adapters.fax.eyes import FaxEyes
from adapters.fax.images import PageImage, page_image, page_images
from adapters.fax.pages import FaxPages, fax_pages
from adapters.fax.read import document_key, read_fax, repeat_key
from adapters.fax.tesseract import Tesseract

FUNCTIONS = (*pages.FUNCTIONS, images.DRAW)
"""What the pool of children has to be given."""

__all__ = [
    "FUNCTIONS",
    "FaxEyes",
    "FaxPages",
    "PageImage",
    "Tesseract",
    "document_key",
    "fax_pages",
    "page_image",
    "page_images",
    "read_fax",
    "repeat_key",
]
