"""Faxes that arrive as mail: what the mail says of the fax (`read`), and its pages as PDF (`pages`).

A fax has no other proof than its arrival: the number may be withheld, the station identifier is set by the sender.
Whatever is missing or odd is a line in `defects`; the document as received is always kept.
"""

from __future__ import annotations

from adapters.fax.pages import FUNCTIONS, FaxPages, fax_pages
from adapters.fax.read import document_key, read_fax, repeat_key

__all__ = ["FUNCTIONS", "FaxPages", "document_key", "fax_pages", "read_fax", "repeat_key"]
