"""How dates, hours, numbers and stored values are worded for people, in Italian and English.

Instants are aware and told in Rome wall time. Italian is the reference; English stands beside it for `language = "en"`.
Source: DOMAIN 13 (dates `24 novembre 2026`, hours `ore 9.00` in letters and `09:00` in tables) and 10 (spoken hours).
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ROME = ZoneInfo("Europe/Rome")

Band = tuple[int, time, time]
"""Weekday (Monday is 0), start, end; an end of 00:00 is 24:00."""

_MONTHS_IT = "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"
_MONTHS_EN = "January February March April May June July August September October November December"
_MONTHS = {"it": _MONTHS_IT.split(), "en": _MONTHS_EN.split()}
_DAYS = {
    "it": ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_UNITS_IT = (
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
    " diciassette diciotto diciannove"
)
_UNITS_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_UNITS = {"it": _UNITS_IT.split(), "en": _UNITS_EN.split()}
_TENS = {"it": ("venti", "trenta", "quaranta", "cinquanta"), "en": ("twenty", "thirty", "forty", "fifty")}
_MIDNIGHT = time(0)

# ------------------------------------------------------------------------------------------------------ dates and hours


def in_rome(at: datetime) -> datetime:
    """The instant on the wall clock of Rome.

    Raises:
        ValueError: `at` has no zone; an instant without a zone is two instants on one night a year.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(ROME)


def long_date(at: datetime | date, language: str = "it", *, weekday: bool = False) -> str:
    """`24 novembre 2026`, with `weekday` `martedì 24 novembre 2026`. A date is a day in Rome already."""
    day = in_rome(at).date() if isinstance(at, datetime) else at
    told = f"{_day_and_month(day, language)} {day.year}"
    return f"{_DAYS[language][day.weekday()]} {told}" if weekday else told


def _day_and_month(day: date, language: str) -> str:
    return f"{day.day} {_MONTHS[language][day.month - 1]}"


def hour(at: datetime | time, language: str = "it") -> str:
    """The hour in running text: `9.00`, to stand after `alle ore`; in English `9:00`."""
    wall = in_rome(at).time() if isinstance(at, datetime) else at
    return f"{wall.hour}{'.' if language == 'it' else ':'}{wall.minute:02}"


def clock(at: datetime | time) -> str:
    """The hour in tables and SMS: `09:00`."""
    wall = in_rome(at).time() if isinstance(at, datetime) else at
    return f"{wall.hour:02}:{wall.minute:02}"


def spoken_hour(at: datetime | time, language: str = "it") -> str:
    """The hour in words: `otto`, `tredici e trenta`; in English `eight`, `thirteen thirty`."""
    wall = in_rome(at).time() if isinstance(at, datetime) else at
    told = _in_words(wall.hour, language)
    if language == "it" and wall.hour == 1:
        told = "una"
    if not wall.minute:
        return told
    if language == "it":
        return f"{told} e {_in_words(wall.minute, language)}"
    least_of_two_digits = 10
    return f"{told} {'oh ' if wall.minute < least_of_two_digits else ''}{_in_words(wall.minute, language)}"


def _in_words(number: int, language: str) -> str:
    """A number below sixty in words."""
    units = _UNITS[language]
    if number < len(units):
        return units[number]
    tens, rest = _TENS[language][number // 10 - 2], number % 10
    if not rest:
        return tens
    if language == "en":
        return f"{tens}-{units[rest]}"
    vowel = rest in {1, 8}
    return f"{tens[:-1] if vowel else tens}{'tré' if rest == 3 else units[rest]}"  # noqa: PLR2004 - ventitré takes an accent


def opening_phrase(opens_at: datetime | None, now: datetime, language: str = "it") -> str:
    """When the service reopens, as a person says it.

    `oggi alle ore 15.00`, `domani, martedì 7 aprile, alle ore 8.00`, `lunedì 30 novembre 2026 alle ore 8.00`; without
    an opening `appena possibile`.
    """
    if opens_at is None:
        return _pick(language, "appena possibile", "as soon as possible")
    at_hour = _pick(language, f"alle ore {hour(opens_at)}", f"at {hour(opens_at, language)}")
    return _on_the_day(opens_at, now, language, at_hour)


def opening_phrase_short(opens_at: datetime | None, now: datetime, language: str = "it") -> str:
    """The same for a subject: `oggi alle 15.00`, `domani alle 8.00`, `lunedì 30 novembre alle 8.00`."""
    if opens_at is None:
        return _pick(language, "appena possibile", "as soon as possible")
    day = in_rome(opens_at).date()
    days = (day - in_rome(now).date()).days
    told = _pick(language, f"alle {hour(opens_at)}", f"at {hour(opens_at, language)}")
    if days in {0, 1}:
        return f"{_near(days, language)} {told}"
    return f"{_DAYS[language][day.weekday()]} {_day_and_month(day, language)} {told}"


def opening_spoken(opens_at: datetime | None, now: datetime, language: str = "it") -> str:
    """The same for speech: `oggi alle ore quindici`, `domani, martedì 7 aprile, alle ore otto`."""
    if opens_at is None:
        return _pick(language, "appena possibile", "as soon as possible")
    return _on_the_day(opens_at, now, language, _at_spoken(in_rome(opens_at).time(), language))


def _on_the_day(at: datetime, now: datetime, language: str, at_hour: str) -> str:
    day = in_rome(at).date()
    days = (day - in_rome(now).date()).days
    if days == 0:
        return f"{_near(days, language)} {at_hour}"
    if days == 1:
        named = f"{_DAYS[language][day.weekday()]} {_day_and_month(day, language)}"
        return f"{_near(days, language)}, {named}, {at_hour}"
    return f"{long_date(day, language, weekday=True)} {at_hour}"


def _near(days: int, language: str) -> str:
    return _pick(language, ("oggi", "domani")[days], ("today", "tomorrow")[days])


def expected_phrase(due_at: datetime | None, now: datetime, language: str = "it") -> str:
    """By when an operator takes charge: `entro oggi alle ore 11.00`, `entro lunedì 30 novembre 2026 alle ore 8.00`.

    Without a term of the contract `appena possibile`: a time that nobody owes is not promised.
    """
    told = opening_phrase(due_at, now, language)
    return told if due_at is None else _pick(language, f"entro {told}", f"by {told}")


# -------------------------------------------------------------------------------------------------------- service hours


def hours_phrase(bands: Iterable[Band], language: str = "it") -> str:
    """The service hours: `dal lunedì al venerdì, dalle ore 8.00 alle ore 18.00`.

    Days with the same bands that follow each other are told together, split shifts joined with `e`, different days
    separated by `;`.
    """
    return _hours(tuple(bands), language, spoken=False)


def hours_spoken(bands: Iterable[Band], language: str = "it") -> str:
    """The same for speech, hours in words: `dal lunedì al venerdì dalle ore otto alle ore diciotto`."""
    return _hours(tuple(bands), language, spoken=True)


@lru_cache(maxsize=256)
def _hours(bands: tuple[Band, ...], language: str, *, spoken: bool) -> str:
    """Every text of a contract is offered its hours, which hardly ever change."""
    comma, worded = ("", _spoken_span) if spoken else (",", _written_span)
    return "; ".join(
        f"{_day_run(first, last, language)}{comma} {_spans(spans, language, worded)}"
        for first, last, spans in _runs(bands)
    )


def _runs(bands: Iterable[Band]) -> list[tuple[int, int, tuple[tuple[time, time], ...]]]:
    """First day, last day and spans of each run of days that have the same bands."""
    week: dict[int, list[tuple[time, time]]] = {}
    for weekday, start, end in sorted(bands):
        week.setdefault(weekday, []).append((start, end))
    days = sorted((day, tuple(spans)) for day, spans in week.items())
    # Days with equal bands that follow each other have the same distance to their place in the list.
    keyed = groupby(enumerate(days), key=lambda place: (place[1][0] - place[0], place[1][1]))
    runs = []
    for (_, spans), group in keyed:
        members = [day for _, (day, _) in group]
        runs.append((members[0], members[-1], spans))
    return runs


def _day_run(first: int, last: int, language: str) -> str:
    names = _DAYS[language]
    if (first, last) == (0, 6):
        return _pick(language, "tutti i giorni", "every day")
    if language == "en":
        return f"on {names[first]}" if first == last else f"from {names[first]} to {names[last]}"
    if first == last:
        return f"{'la' if first == 6 else 'il'} {names[first]}"  # noqa: PLR2004 - 6 is Sunday, the only feminine day
    return f"dal {names[first]} {'alla' if last == 6 else 'al'} {names[last]}"  # noqa: PLR2004 - as above


def _spans(spans: Sequence[tuple[time, time]], language: str, worded: Callable[[time, time, str], str]) -> str:
    return _pick(language, " e ", " and ").join(worded(start, end, language) for start, end in spans)


def _written_span(start: time, end: time, language: str) -> str:
    if start == end == _MIDNIGHT:
        return _pick(language, "24 ore su 24", "24 hours a day")
    until = _pick(language, "24.00", "24:00") if end == _MIDNIGHT else hour(end, language)
    if language == "en":
        return f"from {hour(start, language)} to {until}"
    return f"dalle ore {hour(start)} alle ore {until}"


def _spoken_span(start: time, end: time, language: str) -> str:
    if start == end == _MIDNIGHT:
        return _pick(language, "ventiquattro ore su ventiquattro", "twenty-four hours a day")
    if language == "en":
        return f"from {_spoken_or_midnight(start, language)} to {_spoken_or_midnight(end, language)}"
    return f"d{_at_spoken(start, language)} {_at_spoken(end, language)}"


def _at_spoken(wall: time, language: str) -> str:
    """`alle ore otto`, `all’una`, `alla mezzanotte`; put a `d` before it and it is `dalle ore otto`."""
    if language == "en":
        return f"at {_spoken_or_midnight(wall, language)}"
    if wall == _MIDNIGHT:
        return "alla mezzanotte"
    return f"all’{spoken_hour(wall)}" if wall.hour == 1 else f"alle ore {spoken_hour(wall)}"


def _spoken_or_midnight(wall: time, language: str) -> str:
    return "midnight" if wall == _MIDNIGHT else spoken_hour(wall, language)


# -------------------------------------------------------------------------------------------------------------- numbers


def spoken_number(number: int | str) -> str:
    """A ticket number digit by digit, in groups: 2026000123 is `2 0 2 6, 0 0 0, 1 2 3`."""
    digits = "".join(c for c in str(number) if c.isascii() and c.isdigit())
    year, rest = (digits[:4], digits[4:]) if len(digits) == len("YYYYNNNNNN") else ("", digits)
    groups = [year] if year else []
    groups += [rest[i : i + 3] for i in range(0, len(rest), 3)]
    return ", ".join(" ".join(group) for group in groups)


def phone_or(number: str, fallback: str, language: str = "it") -> str:
    """The public number first, and beside it the one to be called while that does not answer (S010)."""
    return f"{number}, {'o se non risponde' if language == 'it' else 'or if it does not answer'} {fallback}"


def spoken_phone(number: str) -> str:
    """A telephone number digit by digit, without the Italian country code: `0 7 0, 1 2 3, 4 5 6`."""
    return spoken_number(number.removeprefix("+39"))


def pages_phrase(pages: int | None, language: str = "it") -> str:
    """How many pages a fax says that it has: `1 pagina`, `3 pagine`, `pagine non dichiarate`."""
    if language == "en":
        return "number of pages not stated" if pages is None else f"{pages} page{'' if pages == 1 else 's'}"
    return "pagine non dichiarate" if pages is None else f"{pages} pagin{'a' if pages == 1 else 'e'}"


# ---------------------------------------------------------------------------------------------------- names of values

MAILBOX = "mailbox"
"""With the name of a mailbox after it: the channel of an outage."""
_NAMES: dict[str, dict[str, tuple[str, str]]] = {
    "channel": {
        "phone": ("telefono", "telephone"),
        "voice": ("telefono", "telephone"),
        "sms": ("SMS", "SMS"),
        "mail": ("posta elettronica", "e-mail"),
        "pec": ("posta elettronica certificata", "certified e-mail"),
        "fax": ("fax", "fax"),
        "desk": ("operatore", "operator"),
        "api": ("applicazione collegata", "connected application"),
        "heartbeat": ("segnale di vita verso l’esterno", "heartbeat to the outside"),
        "probe": ("prova automatica della reperibilità", "automatic check of the on-call duty"),
        "mailbox": ("casella di posta", "mailbox"),
    },
    "type": {
        "assistance": ("assistenza", "assistance"),
        "advice": ("consulenza", "advice"),
        "information": ("informazione", "information"),
        "report": ("segnalazione", "report"),
        "complaint": ("reclamo", "complaint"),
        "need": ("esigenza", "need"),
        "change": ("modifica", "change"),
        "other": ("altro", "other"),
    },
    "state": {
        "new": ("nuova", "new"),
        "notified": ("avvisata", "notified"),
        "taken": ("presa in carico", "taken"),
        "waiting_requester": ("in attesa dell’utente", "waiting for the requester"),
        "waiting_client": ("in attesa del cliente", "waiting for the client"),
        "workaround": ("soluzione provvisoria in uso", "workaround in use"),
        "escalated": ("devoluta", "escalated"),
        "escalation_failed": ("escalation fallita", "escalation failed"),
        "not_receivable": ("irricevibile", "not receivable"),
        "solved": ("risolta", "solved"),
        "closed": ("chiusa", "closed"),
    },
    "outcome": {
        "solved": ("risolta", "solved"),
        "not_solvable": ("non risolvibile", "not solvable"),
        "out_of_scope": ("fuori dal servizio", "out of scope"),
        "duplicate": ("già registrata con altro numero", "recorded under another number"),
        "withdrawn": ("ritirata", "withdrawn"),
    },
    "priority": {"normal": ("normale", "normal"), "urgent": ("urgente", "urgent")},
}


def channel_name(channel: str, language: str = "it") -> str:
    """The medium in words: `posta elettronica`, `casella di posta pec-comune`. A value not known is told as it is."""
    kind, _, which = str(channel).partition(" ")
    return f"{_name('channel', kind, language)} {which}" if kind == MAILBOX else _name("channel", channel, language)


def type_name(kind: str, language: str = "it") -> str:
    """The type of a request in words; also the short category of a page, which must not say more (X15)."""
    return _name("type", kind, language)


def state_name(state: str, language: str = "it") -> str:
    """The state of a ticket in words."""
    return _name("state", state, language)


def outcome_name(outcome: str, language: str = "it") -> str:
    """How a ticket was concluded, in words."""
    return _name("outcome", outcome, language)


def priority_name(priority: str, language: str = "it") -> str:
    """The priority in words; a contract's own scale (`P1`, `bloccante`) is told as it is."""
    return _name("priority", priority, language)


def _name(kind: str, value: str, language: str) -> str:
    names = _NAMES[kind].get(str(value))
    return str(value) if names is None else _pick(language, *names)


def no_subject(language: str = "it") -> str:
    """What stands where somebody's subject would be quoted and there is none."""
    return _pick(language, "(senza oggetto)", "(no subject)")


def reason_phrase(reason: str, *, holiday: str | None = None, on: date | None = None, language: str = "it") -> str:
    """Why the service is closed, as `{motivo_chiusura}` says it: `giorno festivo: Lunedì dell'Angelo`.

    `reason` is the stored value (`out_of_hours`, `break`, …), `holiday` the name of the day, `on` the day on which the
    service ended.

    Raises:
        KeyError: there is no such reason.
    """
    phrases = {
        "out_of_hours": ("fuori dall’orario di servizio", "outside service hours"),
        "break": ("pausa tra i due turni", "break between the two shifts"),
        "weekend": ("fine settimana", "weekend"),
        "holiday": ("giorno festivo", "public holiday"),
        "not_started": ("servizio non ancora attivo", "service not yet active"),
        "ended": ("servizio concluso", "service ended"),
    }
    told = _pick(language, *phrases[str(reason)])
    if reason == "holiday" and holiday:
        return f"{told}: {holiday}"
    if reason == "ended" and on is not None:
        return f"{told} {_pick(language, 'il', 'on')} {long_date(on, language)}"
    return told


def _pick(language: str, italian: str, english: str) -> str:
    return english if language == "en" else italian
