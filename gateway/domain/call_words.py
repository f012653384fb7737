"""How a caller is spoken to: the values of the voice texts, an address that can be said, Italian prepositions.

`replies.values` has what every text may ask for; here is what only a call has. Instants are told in Rome time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain import articles, replies, wording

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.hours import Opening
    from gateway.domain.ticket import Ticket

USUAL_TALK = timedelta(minutes=3)
"""How long somebody at the desk talks where no recent call tells."""

_ARTICULATED = {
    "da": {"il": "dal", "lo": "dallo", "la": "dalla", "i": "dai", "gli": "dagli", "le": "dalle", "l’": "dall’"},
    "di": {"il": "del", "lo": "dello", "la": "della", "i": "dei", "gli": "degli", "le": "delle", "l’": "dell’"},
}
_PREPOSITION = re.compile(r"\b(da|di) (il|lo|la|i|gli|le) |\b(da|di) l['’]", re.IGNORECASE)


def contracted(text: str) -> str:
    """Italian with its articulated prepositions: `da il Comune` is said `dal Comune`."""

    def joined(found: re.Match[str]) -> str:
        if found[3]:
            return _ARTICULATED[found[3].lower()]["l’"]
        return f"{_ARTICULATED[found[1].lower()][found[2].lower()]} "

    return _PREPOSITION.sub(joined, text)


def spoken_site(address: str) -> str:
    """A web address as it is said: its host alone, `www.` left out."""
    host = address.partition("://")[2] or address
    return host.partition("/")[0].removeprefix("www.")


def values(contract: Contract, ticket: Ticket, opening: Opening, at: datetime) -> dict[str, str]:
    """What a voice text may ask for, in the language of `contract`. `at` is the instant that is spoken of."""
    language = contract.language
    due_at = ticket.due.get("taken_in_charge")
    when = wording.opening_spoken(due_at, at, language)
    by = "by" if language == "en" else "entro"
    controller = articles.bare(contract.controller) if language == "en" else contract.controller
    return replies.values(contract, ticket, opening, at) | {
        "controller": controller,
        "site": spoken_site(contract.info_url),
        "expected_spoken": f"{by} {when}" if due_at else when,
    }


def expected_wait(talks: Sequence[timedelta], position: int, telephones: int) -> int:
    """How many minutes somebody in the queue waits, at least 1: so many before them, each as long as recent calls."""
    usual = sum(talks, timedelta(0)) / len(talks) if talks else USUAL_TALK
    rounds = math.ceil(position / max(telephones, 1))
    return max(1, math.ceil(usual * rounds / timedelta(minutes=1)))


def minutes_spoken(minutes: int, language: str) -> str:
    """So many minutes as they are said: `un minuto`, `3 minuti`."""
    if minutes == 1:
        return "one minute" if language == "en" else "un minuto"
    return f"{minutes} {'minutes' if language == 'en' else 'minuti'}"


def summary(words: Mapping[str, str], language: str) -> str:
    """The subject of a call's ticket: what was chosen, and from which number."""
    number = words.get("number") or ("withheld number" if language == "en" else "numero non disponibile")
    chosen = words.get("chosen", "")
    told = _SUBJECTS.get(chosen, _SUBJECTS[""])
    return f"{told[1] if language == 'en' else told[0]} {number}"


_SUBJECTS = {
    "": ("Telefonata da", "Call from"),
    "complaint": ("Reclamo per telefono da", "Complaint by telephone from"),
    "information": ("Richiesta di informazioni per telefono da", "Request for information by telephone from"),
    "abandoned": ("Chiamata persa da", "Missed call from"),
}
