"""An invitation to a meeting as a value, and what it says in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.wording import hour, in_rome, long_date

_METHODS = {
    "REQUEST": ("Invito", "Invitation"),
    "PUBLISH": ("Appuntamento", "Appointment"),
    "CANCEL": ("Annullamento di un invito", "Invitation cancelled"),
    "REPLY": ("Risposta a un invito", "Answer to an invitation"),
    "COUNTER": ("Proposta di un’altra data", "Another date proposed"),
    "REFRESH": ("Richiesta di aggiornamento di un invito", "Invitation asked for again"),
    "ADD": ("Invito aggiuntivo", "Further invitation"),
}
_LABELS = {
    "when": ("Quando", "When"),
    "where": ("Dove", "Where"),
    "who": ("Organizzatore", "Organizer"),
    "repeats": ("si ripete", "repeats"),
    "cancelled": ("annullato", "cancelled"),
    "to": ("fino a", "to"),
}


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event of a calendar that came with a mail. Instants are UTC; of a whole day they are its midnights in Rome.

    `method` is what the sender asks for, in capitals (REQUEST, CANCEL, REPLY …; RFC 5546), `status` that of the event.
    """

    method: str
    summary: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    whole_day: bool = False
    location: str = ""
    organizer: str = ""
    status: str = ""
    repeats: bool = False
    description: str = ""


def in_words(invitation: Invitation, language: str = "it") -> str:
    """What an invitation says: `Invito: Riunione`, then when, where and who asks, a line each."""
    said = [f"{_pick(language, _METHODS.get(invitation.method, _METHODS['PUBLISH']))}: {invitation.summary or '–'}"]
    if invitation.status == "CANCELLED" and invitation.method != "CANCEL":
        said[0] += f" ({_pick(language, _LABELS['cancelled'])})"
    if invitation.starts_at is not None:
        said.append(f"{_pick(language, _LABELS['when'])}: {_when(invitation, invitation.starts_at, language)}")
    for label, value in (("where", invitation.location), ("who", invitation.organizer)):
        if value:
            said.append(f"{_pick(language, _LABELS[label])}: {value}")
    if invitation.description:
        said += ["", invitation.description]
    return "\n".join(said)


def _when(invitation: Invitation, starts_at: datetime, language: str) -> str:
    """From when to when in Rome; of whole days the end is the first day after them (RFC 5545 §3.6.1)."""
    ends_at = invitation.ends_at if invitation.ends_at and invitation.ends_at > starts_at else None
    if ends_at and invitation.whole_day:
        ends_at -= timedelta(hours=12)
    starts, ends = in_rome(starts_at), in_rome(ends_at) if ends_at else None
    told = long_date(starts.date(), language)
    if not invitation.whole_day:
        told += f", {hour(starts_at, language)}"
    other_day = ends is not None and ends.date() != starts.date()
    if ends is not None and ends_at is not None and (other_day or not invitation.whole_day):
        end = f"{long_date(ends.date(), language)}" if other_day else ""
        end += "" if invitation.whole_day else f"{', ' if end else ''}{hour(ends_at, language)}"
        told += f" {_pick(language, _LABELS['to'])} {end}"
    return f"{told} ({_pick(language, _LABELS['repeats'])})" if invitation.repeats else told


def _pick(language: str, words: tuple[str, str]) -> str:
    return words[language == "en"]
