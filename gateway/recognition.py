"""What the recognition of text needs of the world, in its own words. `config/compose.py` plugs it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from gateway.domain.intake import Intake


class Unavailable(CentralinoError):  # noqa: N818 - it says how things are, not what went wrong
    """Nothing can be recognised on this machine: the program or its language is not there."""


@dataclass(frozen=True, slots=True)
class Page:
    """The text that a machine made of one page, or None and why (`timeout`, `crashed` …)."""

    text: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """What a fax document is when somebody opens it: pages (None: it cannot be told), and what is wrong with it."""

    pages: int | None
    defects: tuple[str, ...] = ()
    shown: bool = True
    """Whether it has pages to look at."""


class Eyes(Protocol):
    """Opens documents and reads pages. Never raises on other people's bytes. Called with no transaction open."""

    def document(self, intake: Intake) -> tuple[Document, bytes] | None:
        """The fax document among the attachments of an intake (a TIFF before a PDF), opened; None: there is none."""
        ...

    def page(self, document: bytes, number: int) -> Page:
        """The text of page `number`, from 1.

        Raises:
            Unavailable: no page can be read on this machine.
        """
        ...
