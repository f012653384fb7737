"""How terms, offices, requesters and what was received are worded for people, in Italian and English.

Days are days in Rome.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain.provisions import Counting, Of
from gateway.domain.wording import clock, hour, in_rome, long_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from gateway.domain.intake import Attachment
    from gateway.domain.provisions import Office, Term
    from gateway.domain.ticket import Requester

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
KILOBYTE = 1024

_OF = {
    Of.TAKEN_IN_CHARGE: ("presa in carico", "taking charge"),
    Of.SOLUTION: ("soluzione", "solution"),
    Of.ON_SITE: ("intervento on-site", "on-site visit"),
    Of.SECOND_LEVEL: ("secondo livello", "second level"),
    Of.COMPLAINT: ("risposta al reclamo", "answer to the complaint"),
    Of.OFFICE: ("risposta dell’ufficio", "answer of the office"),
}

_ENCRYPTED = (
    "Il messaggio è cifrato e qui non si può leggere: l’originale è tra gli allegati, il mittente lo mandi in chiaro.",
    "The message is encrypted and cannot be read here: the original is attached, the sender should send it in clear.",
)
_RECOGNISED = {
    "it": ("Testo riconosciuto", "Letto da una macchina: può contenere errori. Fa fede il fax.", "pagina"),
    "en": ("Recognised text", "Read by a machine: it may be wrong. The fax itself counts.", "page"),
}
_UNREAD = tuple(
    (re.compile(f"not read: {said}"), italian, english)
    for said, italian, english in (
        (r"more than (\d+) levels", "più di {} livelli uno nell’altro", "more than {} levels, one inside the other"),
        (r"more than (\d+) parts", "più di {} parti", "more than {} parts"),
        (r"more than (\d+) bytes of headers", "più di {} byte di intestazioni", "more than {} bytes of headers"),
        (
            r"a Content-Type of more than (\d+) bytes",
            "un Content-Type di più di {} byte",
            "a Content-Type above {} bytes",
        ),
        ("deadline", "la lettura ha richiesto troppo tempo", "reading it took too long"),
        ("memory", "la lettura ha richiesto troppa memoria", "reading it took too much memory"),
        ("crashed", "la lettura si è interrotta", "reading it broke off"),
    )
)
"""What a reader says that gave a mail up, and how that is told at the desk; anything else is told as it is."""


def unread_because(defects: Iterable[str], language: str = "it") -> str:
    """Why a mail was not read, for the people at the desk; empty when nothing was said."""
    return "; ".join(_because(defect, language) for defect in defects)


def _because(defect: str, language: str) -> str:
    for said, italian, english in _UNREAD:
        if found := said.fullmatch(defect):
            return _pick(language, italian, english).format(*found.groups())
    return defect


def term_name(of: str, language: str = "it") -> str:
    """What a term is about: `intervento on-site`."""
    return _pick(language, *_OF[Of(of)])


def term_phrase(term: Term, language: str = "it") -> str:
    """How long the term is, as the clause says it: `1 giorno lavorativo`, `4 ore di servizio`, `30 giorni`."""
    if term.counting in (Counting.ELAPSED, Counting.SERVICE):
        told = _duration(term.within, language)
        served = _pick(language, f"{told} di servizio", f"{told} of service")
        return served if term.counting is Counting.SERVICE else told
    working = term.counting is Counting.WORKING_DAYS
    if not term.days:
        return _pick(language, "in giornata", "the same day")
    if language == "en":
        return f"{term.days} {'working ' if working else ''}day{'' if term.days == 1 else 's'}"
    kind = (" lavorativo" if term.days == 1 else " lavorativi") if working else ""
    return f"{term.days} {'giorno' if term.days == 1 else 'giorni'}{kind}"


def _duration(within: timedelta, language: str) -> str:
    hours, rest = divmod(within, HOUR)
    minutes = rest // MINUTE
    told = []
    if hours:
        told.append(_pick(language, f"{hours} {'ora' if hours == 1 else 'ore'}", f"{hours} hour{'s' * (hours != 1)}"))
    if minutes or not hours:
        unit = _pick(language, "minuto" if minutes == 1 else "minuti", "minute" if minutes == 1 else "minutes")
        told.append(f"{minutes} {unit}")
    return _pick(language, " e ", " ").join(told)


def deadline(at: datetime, on: date, language: str = "it") -> str:
    """A due time to stand after `entro`: `martedì 7 aprile 2026 alle ore 18.00`; `on` is the day it belongs to.

    The end of a day is `le ore 24.00 di venerdì 3 aprile 2026`: midnight would be read as the day before.
    """
    day = long_date(on, language, weekday=True)
    if in_rome(at).date() > on:
        return _pick(language, f"le ore 24.00 di {day}", f"24:00 on {day}")
    return _pick(language, f"{day} alle ore {hour(at)}", f"{day} at {hour(at, language)}")


def short_deadline(at: datetime, on: date) -> str:
    """The same for an SMS: `07/04/2026 18:00`; the end of a day is `24:00`."""
    told = "24:00" if in_rome(at).date() > on else clock(at)
    return f"{on:%d/%m/%Y} {told}"


def requester_line(requester: Requester, language: str = "it") -> str:
    """Who asked and how to reach them: `Maria Rossi, maria.rossi@comune.example, +390700000350`."""
    told = ", ".join(filter(None, (requester.name, requester.address, requester.number)))
    return told or _pick(language, "non noto", "not known")


def office_contacts(office: Office, language: str = "it") -> str:
    """How to reach an office, the telephone first: `telefono +390700000720, e-mail tributi@comune.example`."""
    phone = f"{_pick(language, 'telefono', 'phone')} {office.phone}" if office.phone else ""
    return ", ".join(filter(None, (phone, f"e-mail {office.mail}" if office.mail else "")))


def attachment_names(attachments: Iterable[Attachment], language: str = "it") -> str:
    """The attachments by name and size: `schermata.png (48 kB)`; `nessuno` when there is none."""
    told = [f"{each.shown_name or each.name} ({-(-each.size // KILOBYTE)} kB)" for each in attachments]
    return ", ".join(told) or _pick(language, "nessuno", "none")


def recognised_note(texts: Mapping[int, str], language: str = "it") -> tuple[str, str]:
    """Subject and text of the note that tells the desk what a machine read, page by page."""
    subject, warning, page = _RECOGNISED.get(language, _RECOGNISED["it"])
    told = [f"— {page} {number} —\n{text}" for number, text in texts.items() if text]
    return subject, "\n\n".join((warning, *told))


def encrypted_phrase(language: str = "it") -> str:
    """What the desk reads of a mail that only its recipient's key opens."""
    return _pick(language, *_ENCRYPTED)


def _pick(language: str, italian: str, english: str) -> str:
    return english if language == "en" else italian
