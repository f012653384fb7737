"""Watches as a calendar (RFC 5545): one event a watch, to be imported or subscribed to.

An event keeps its UID as long as the watch begins at the same instant, so that importing again changes it and makes no
second one. Names stand in it and no numbers: a calendar is passed on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from gateway.domain.hours import local
from gateway.domain.wording import hours_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Watch

ROME = ZoneInfo("Europe/Rome")
_WORDS: dict[str, dict[str, str]] = {
    "it": {
        "duty": "Reperibilità",
        "hours": "Fuori dall’orario di servizio: {hours}.",
        "shift": "{start}–{end}: turno {origin}; sostituto {deputy}; responsabile {supervisor}",
        "override": "{start}–{end}: sostituzione n. {change}; sostituto {deputy}; responsabile {supervisor}",
        "swap": "{start}–{end}: scambio n. {change}; sostituto {deputy}; responsabile {supervisor}",
        "nobody": "nessuno",
    },
    "en": {
        "duty": "On call",
        "hours": "Outside the hours of the service: {hours}.",
        "shift": "{start}–{end}: shift {origin}; deputy {deputy}; supervisor {supervisor}",
        "override": "{start}–{end}: override no. {change}; deputy {deputy}; supervisor {supervisor}",
        "swap": "{start}–{end}: swap no. {change}; deputy {deputy}; supervisor {supervisor}",
        "nobody": "nobody",
    },
}


def agenda(contract: Contract, watches: Iterable[Watch], *, domain: str, made_at: datetime) -> bytes:
    """The calendar of a contract's watches. `domain` makes the UIDs unique in the world (RFC 7986 §5.3)."""
    calendar = Calendar()
    calendar.add("prodid", "-//Centralino//On-call duty//IT")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    name = f"{_words(contract)['duty']} – {contract.service_name}"
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    for watch in watches:
        calendar.add_component(_event(contract, watch, domain, made_at))
    calendar.add_missing_timezones()
    content: bytes = calendar.to_ical()
    return content


def _event(contract: Contract, watch: Watch, domain: str, made_at: datetime) -> Event:
    event = Event()
    event.add("uid", f"{watch.start.astimezone(UTC):%Y%m%dT%H%M%SZ}-{contract.id}@{domain}")
    event.add("dtstamp", made_at.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", watch.start.astimezone(ROME))
    event.add("dtend", watch.end.astimezone(ROME))
    event.add("summary", f"{_words(contract)['duty']} {contract.service_name}: {watch.contact.name}")
    event.add("description", _description(contract, watch))
    event.add("transp", "TRANSPARENT")  # on call one may have other appointments
    event.add("categories", [_words(contract)["duty"]])
    return event


def _description(contract: Contract, watch: Watch) -> str:
    """The hours of the service, then from when to when who is deputy and why the contact is."""
    bands = contract.schedule_on(local(watch.start).date()).bands
    spans = [(band.weekday, band.start, band.end) for band in bands]
    hours = _words(contract)["hours"].format(hours=hours_phrase(spans, contract.language))
    return "\n".join([*([hours] if bands else []), *_runs(contract, watch)])


def _runs(contract: Contract, watch: Watch) -> Iterator[str]:
    """A line for each time with the same people, over the hours in which the desk is open."""
    for chain, parts in groupby(watch.parts, key=lambda part: part.chain):
        run, words = list(parts), _words(contract)
        yield words[str(chain.by)].format(
            start=f"{local(run[0].start):%d/%m %H:%M}",
            end=f"{local(run[-1].end):%d/%m %H:%M}",
            origin=chain.origin,
            change=chain.change or "-",
            deputy=chain.deputy.name if chain.deputy else words["nobody"],
            supervisor=chain.supervisor.name if chain.supervisor else words["nobody"],
        )


def _words(contract: Contract) -> dict[str, str]:
    return _WORDS.get(contract.language, _WORDS["en"])
