"""[phone]: how a caller is received under this contract, and whose telephones ring in hours."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.fields import Section
from config.load.tables.kinds import Id


class DeskTable(Section):
    """[phone.desk] the people whose telephones ring while the desk is open, one after the other or together.

    Without it callers leave a message, and the desk calls back. `abroad` names the country in which they are, when that
    is not Italy: a caller is told at once (art. 24-bis d.l. 83/2012).
    """

    people: Annotated[tuple[Id, ...], Field(min_length=1, max_length=10)]
    ring: Literal["in_order", "together"] = "in_order"
    ring_s: Annotated[int, Field(ge=5, le=120)] = 20
    max_wait_s: Annotated[int, Field(ge=10, le=3600)] = 180
    abroad: Annotated[str, Field(max_length=60)] = ""


class PhoneTable(Section):
    """[phone] a call outside hours that was given up without a key or a word, and the desk's telephones."""

    page_abandoned: bool = False
    desk: DeskTable | None = None
