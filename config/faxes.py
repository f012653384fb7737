"""[fax] and [[fax_shape]]: how the text of faxes is recognised, and the forms in which this site's service writes."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator, model_validator

from adapters.fax.shapes import PATTERNS
from adapters.fax.templates import TemplateError, shape_of
from config.fields import Duration, Section, duration, duration_text, refuse

if TYPE_CHECKING:
    from adapters.fax.shapes import Shape

Lines = tuple[str, ...]
LONGEST_PAGE = timedelta(seconds=45)
"""A page is one step of a loop, and a loop that makes no progress for 90 s is taken for stalled (PROMISES C-50)."""
_LANGUAGES = re.compile(r"[a-z_]{3,20}(?:\+[a-z_]{3,20}){0,3}")


class Fax(Section):
    """[fax] what is done with faxes that arrive as mail, once their tickets exist."""

    ocr: bool = True
    """Whether the text of the pages is recognised afterwards, so that the desk can search it. Since 0.1."""
    ocr_language: str = "ita"
    """The language of the text, as tesseract names it; several with a plus. Since 0.1."""
    ocr_program: str = "tesseract"
    """The program that recognises text; without it the ticket says that nothing was recognised. Since 0.1."""
    ocr_pages: Annotated[int, Field(ge=1, le=200)] = 20
    """How many pages of one fax are recognised, from the first. Since 0.1."""
    ocr_page_timeout: Duration = duration("30s")
    """How long the recognition of one page may take. Since 0.1."""
    ocr_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a fax is tried before the ticket says that nothing was recognised. Since 0.1."""

    @field_validator("ocr_page_timeout")
    @classmethod
    def _before_the_watchdog(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= LONGEST_PAGE:
            raise refuse(
                f"a page may take from one second to {duration_text(LONGEST_PAGE)}",
                remedy='write "30s"; a page of a fax takes one or two',
            )
        return value

    @field_validator("ocr_language")
    @classmethod
    def _is_a_language(cls, value: str) -> str:
        if not _LANGUAGES.fullmatch(value):
            raise refuse(
                f"{value!r} is no language of tesseract", remedy='write "ita", or "ita+eng"; tesseract --list-langs'
            )
        return value


class FaxShape(Section):
    """[[fax_shape]] how this site's fax service writes; lines with fields such as {number}, {who}, {pages}, {any}."""

    name: Annotated[str, Field(min_length=1)]
    """A name for the log and for intake show. Since 0.1."""
    subject: Lines = ()
    """Subjects that it writes; one must match. Since 0.1."""
    sender: Lines = ()
    """Addresses that it writes from; one must match. Since 0.1."""
    needs: Lines = ()
    """Lines of which one must be in the text. Since 0.1."""
    lines: Lines = ()
    """Lines of the text in which something can be read. Since 0.1."""
    file_name: Lines = ()
    """How it names the document, if the name says something. Since 0.1."""
    partial: Lines = ()
    """Subjects and lines that say that pages are missing. Since 0.1."""
    failed: Lines = ()
    """Subjects and lines that say that a fax was not received: no request. Since 0.1."""
    sent: Lines = ()
    """Subjects and lines that say that a fax was sent by us: no request. Since 0.1."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Lines with a label and a colon: the label, and the field that stands after it. Since 0.1."""
    zone: str = "Europe/Rome"
    """The time zone of the times that it writes. Since 0.1."""

    @model_validator(mode="after")
    def _means_something(self) -> FaxShape:
        if not self.subject and not self.sender:
            raise refuse(
                f"every mail would have the form {self.name}",
                clause="X7",
                remedy="write its subject, its sender or both",
                key="subject",
            )
        for key in PATTERNS:
            self._refuse_unless(key, {key: getattr(self, key)})
        self._refuse_unless("labels", {}, self.labels)
        self._refuse_unless("zone", {})
        return self

    def _refuse_unless(self, key: str, lines: dict[str, Lines], labels: dict[str, str] | None = None) -> None:
        try:
            shape_of(self.name, lines, labels or {}, zone=self.zone if key == "zone" else "Europe/Rome")
        except TemplateError as error:
            raise refuse(error.wrong, clause="X7", remedy=error.remedy, key=key) from None

    def shape(self) -> Shape:
        """The form as the reader of faxes wants it."""
        return shape_of(self.name, {key: getattr(self, key) for key in PATTERNS}, self.labels, zone=self.zone)
