"""The fields of the diagnostic sheet: names, labels, and what a requester is asked for each of them.

A key is `field` or `field.part`; `canonical_key` says which one is meant, or names the nearest.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.errors import CentralinoError
from gateway.domain.receivability import skeleton
from gateway.domain.texts import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = (
    "number", "contract", "priority", "system", "workstation", "occurrence", "description", "steps",
    "expected_obtained", "error", "analysis", "actions", "workaround", "articles", "attachments", "contact", "term",
)  # fmt: skip
"""The seventeen fields, in the order of T-ESC and of `scheda_<ticket>.json` (DESIGN, Interfaces)."""


class SheetError(CentralinoError):
    """A name that is no field of the sheet; the message names the nearest one."""


@dataclass(frozen=True, slots=True)
class SheetKey:
    """One key of `identify --set`: its label, and the question that a requester is asked for it (T-ASK)."""

    key: str
    label: str
    label_en: str
    question: str
    question_en: str


# fmt: off
KEYS = tuple(SheetKey(*each) for each in (
    ("priority.priority", "priorità", "priority",
     "quanto è urgente", "how urgent it is"),
    ("priority.impact", "impatto", "impact",
     "che cosa non si può fare per colpa del problema", "what cannot be done because of the problem"),
    ("priority.users", "utenti coinvolti", "users affected",
     "quante persone hanno lo stesso problema", "how many people have the same problem"),
    ("system.system", "sistema", "system",
     "in quale sistema o programma accade", "in which system or program it happens"),
    ("system.module", "modulo", "module",
     "in quale modulo o pagina", "in which module or page"),
    ("system.version", "versione", "version",
     "quale versione è installata", "which version is installed"),
    ("system.environment", "ambiente", "environment",
     "in quale ambiente, di produzione o di prova", "in which environment, production or test"),
    ("workstation.os", "sistema operativo", "operating system",
     "quale sistema operativo ha la postazione", "which operating system the workstation has"),
    ("workstation.browser", "browser e versione", "browser and version",
     "quale browser usa e in quale versione", "which browser you use, in which version"),
    ("workstation.role", "ruolo utente", "user role",
     "con quale ruolo accede al sistema", "with which role you log in"),
    ("occurrence.first", "prima comparsa", "first seen",
     "quando è accaduto la prima volta", "when it happened first"),
    ("occurrence.frequency", "frequenza", "frequency",
     "quanto spesso accade", "how often it happens"),
    ("occurrence.reproducible", "riproducibile", "reproducible",
     "se accade ogni volta che ripete l’operazione", "whether it happens every time you repeat the operation"),
    ("description", "descrizione completa del problema", "complete description of the problem",
     "che cosa accade, con parole Sue e per intero", "what happens, in your own words and in full"),
    ("steps", "passi per riprodurlo", "steps to reproduce it",
     "quali operazioni portano al problema, una dopo l’altra", "which operations lead to the problem, one by one"),
    ("expected_obtained.expected", "risultato atteso", "result expected",
     "che cosa si aspettava che accadesse", "what you expected to happen"),
    ("expected_obtained.obtained", "risultato ottenuto", "result obtained",
     "che cosa è accaduto invece", "what happened instead"),
    ("error", "testo esatto dell’errore e identificativi", "exact text of the error and identifiers",
     "il testo esatto dell’errore, o che non compare alcun messaggio", "the exact error text, or that there is none"),
    ("analysis", "individuazione del problema", "first-level analysis",
     "che cosa ha accertato il primo livello", "what the first level found"),
    ("articles", "articoli della base di conoscenza consultati", "knowledge-base articles consulted",
     "quali articoli o FAQ sono stati consultati", "which articles or FAQ were consulted"),
    ("contact.role", "ruolo del referente", "role of the contact",
     "chi può dare chiarimenti", "who can answer questions"),
    ("contact.phone", "telefono del referente", "telephone of the contact",
     "a quale numero", "at which number"),
    ("contact.mail", "posta elettronica del referente", "e-mail of the contact",
     "a quale indirizzo di posta elettronica", "at which e-mail address"),
    ("contact.hours", "orario del referente", "hours of the contact",
     "in quale orario", "at which hours"),
))
# fmt: on
BY_KEY = {each.key: each for each in KEYS}
FIELD_LABELS: dict[str, tuple[str, str]] = {
    "number": ("numero richiesta", "request number"),
    "contract": ("contratto / cliente", "contract / client"),
    "priority": ("priorità e impatto", "priority and impact"),
    "system": ("sistema, modulo, versione", "system, module, version"),
    "workstation": ("postazione", "workstation"),
    "occurrence": ("quando", "when"),
    "description": ("descrizione completa del problema", "complete description of the problem"),
    "steps": ("passi per riprodurlo", "steps to reproduce it"),
    "expected_obtained": ("risultato atteso / risultato ottenuto", "result expected / result obtained"),
    "error": ("testo esatto dell’errore e identificativi", "exact text of the error and identifiers"),
    "analysis": ("individuazione del problema (analisi di primo livello)", "first-level analysis"),
    "actions": ("azioni svolte", "actions carried out"),
    "workaround": ("soluzione provvisoria in uso", "workaround in use"),
    "articles": ("articoli della base di conoscenza / FAQ consultati", "knowledge-base articles / FAQ consulted"),
    "attachments": ("allegati", "attachments"),
    "contact": ("referente per chiarimenti", "contact for questions"),
    "term": ("termine contrattuale applicabile", "applicable contract term"),
}
_SHORT_WORDS: dict[str, str] = {
    "priority": "priorita n_utenti impact users",
    "description": "descrizione descrizione_del_problema problema problem",
    "steps": "passi steps",
    "expected_obtained": "atteso ottenuto expected obtained",
    "error": "errore messaggio_di_errore testo_dell_errore error_message exact_error",
    "analysis": "analisi analisi_di_primo_livello",
    "actions": "azione azioni azioni_gia_svolte esito outcome action",
    "workaround": "workaround nessuna_perche nessuna_perché nessuno none_because no_workaround soluzione_provvisoria",
    "articles": "articoli faq",
}


def identify_keys() -> tuple[SheetKey, ...]:
    """Every key that `ticket identify --set KEY=VALUE` takes, in the order of the sheet."""
    return KEYS


def canonical_key(key: str) -> str:
    """The full name of a key: `impact` is `priority.impact`; a composite field (`expected_obtained`) stays its name.

    Raises:
        SheetError: no key has this name, or several parts have it; the message names the nearest.
    """
    name = key.strip().casefold().replace("-", "_")
    if name in BY_KEY or name in _composites():
        return name
    parts = [full for full in BY_KEY if full.endswith(f".{name}")]
    if len(parts) == 1:
        return parts[0]
    if parts:
        raise SheetError(f"{key!r} is a part of several fields: say {' or '.join(parts)}")
    if name in FIELDS:
        raise SheetError(f"{key!r} is not set with identify: {_ELSEWHERE.get(name, 'it comes from the ticket itself')}")
    raise SheetError(f"no field is called {key!r}; did you mean {_nearest(name)}?")


_ELSEWHERE = {
    "actions": "actions are recorded with `ticket action`",
    "workaround": "use `ticket workaround N (--text T | --none REASON)`",
    "attachments": "they are the attachments of the ticket's messages",
}


def _composites() -> dict[str, tuple[str, ...]]:
    """The composite fields that the desk may set, with their parts in order."""
    parts: dict[str, list[str]] = {}
    for key in BY_KEY:
        if "." in key:
            parts.setdefault(key.split(".", 1)[0], []).append(key)
    return {name: tuple(keys) for name, keys in parts.items()}


def _nearest(name: str) -> str:
    by_name = {key: key for key in BY_KEY}
    by_name |= {key.split(".")[-1]: key for key in BY_KEY}
    by_name |= {skeleton(each.label): each.key for each in KEYS}
    close = difflib.get_close_matches(name, by_name, n=1, cutoff=0.0)
    return by_name[close[0]] if close else KEYS[0].key


def sheet_with(sheet: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """The sheet with one more fact. A composite field takes its parts in order, divided by ` / `.

    `expected_obtained="la pagina si apre / errore 500"` sets both of its parts; what is not given stays as it was.

    Raises:
        SheetError: as `canonical_key`.
    """
    name = canonical_key(key)
    told = clean(value).strip()
    if name in BY_KEY:
        return {**sheet, name: told}
    parts = _composites()[name]
    return {**sheet, **dict(zip(parts, (each.strip() for each in told.split(" / ", len(parts) - 1)), strict=False))}


def templates_of(name: str) -> frozenset[str]:
    """What stands in an unfilled field: its labels in both languages, the help sentences, the placeholder words."""
    left = [*FIELD_LABELS[name], *_SHORT_WORDS.get(name, "").split(), name]
    for each in KEYS:
        if each.key.split(".")[0] == name:
            left += [each.key, each.label, each.label_en, each.question, each.question_en, each.key.split(".")[-1]]
    return frozenset(skeleton(each) for each in left)
