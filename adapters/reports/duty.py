"""The duty report as a JSON document, CSV and a workbook, and watches as CSV.

CSV and JSON have the same stable names; the workbook speaks the language of the contract, for whoever pays the hours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapters.reports.csv import table_csv
from adapters.reports.workbook import Cell, Sheet, workbook
from gateway.domain.hours import local

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from gateway.domain.duty_report import DutyReport, Line
    from gateway.domain.roster import Watch

COLUMNS = (
    "person", "name", "hours", "ordinary", "night", "holiday", "holiday_night", "standing_in", "as_deputy", "in_holes",
    "pages", "accepted", "passed", "median_answer", "longest_answer", "interventions", "worked",
)  # fmt: skip
_HEADINGS: dict[str, tuple[str, ...]] = {
    "it": (
        "Id", "Persona", "Ore di reperibilità", "Ordinarie", "Notturne (22–6)", "Festive", "di cui festive notturne",
        "di cui in sostituzione", "Ore da sostituto", "Ore come riserva in turni scoperti", "Avvisi", "Accettati",
        "Passati", "Risposta mediana", "Risposta più lunga", "Interventi", "Durata degli interventi",
    ),
    "en": (
        "Id", "Person", "Hours on call", "Ordinary", "Night (22–6)", "Holiday", "of these holiday nights",
        "of these standing in", "Hours as deputy", "Hours as fallback in holes", "Pages", "Accepted", "Passed on",
        "Median answer", "Longest answer", "Interventions", "Length of interventions",
    ),
}  # fmt: skip
_WORDS: dict[str, dict[str, Any]] = {
    "it": {
        "title": "Reperibilità: {name}, dal {first} al {last}",
        "rule": "Ore fuori dall’orario di servizio, in tempo trascorso. Festive: domeniche e festività; notturne: "
        "dalle 22 alle 6 degli altri giorni; ordinarie: le altre.",
        "planned": "Il periodo non è concluso: dopo il {made} le ore sono quelle previste.",
        "uncovered": "Tempo senza turno: {hours}",
        "total": "Totale",
        "sheets": ("Riepilogo", "Turni", "Interventi"),
        "watches": ("Dal", "Al", "Persona", "Ore", "Sostituti", "Origine"),
        "interventions": ("Richiesta", "Persona", "Dal", "Al", "Durata"),
    },
    "en": {
        "title": "On call: {name}, from {first} to {last}",
        "rule": "Hours outside the hours of the service, in elapsed time. Holiday: Sundays and public holidays; night: "
        "from 22 to 6 on other days; ordinary: all others.",
        "planned": "The period is not over: the hours after {made} are those foreseen.",
        "uncovered": "Time without a shift: {hours}",
        "total": "Total",
        "sheets": ("Summary", "Watches", "Interventions"),
        "watches": ("From", "To", "Person", "Hours", "Deputies", "Origin"),
        "interventions": ("Request", "Person", "From", "To", "Length"),
    },
}
NOTHING = timedelta(0)


def hours_text(lasted: timedelta | None) -> str | None:
    """`161:30`: hours and minutes, as a spreadsheet takes them; None stays None."""
    if lasted is None:
        return None
    minutes = round(lasted / timedelta(minutes=1))
    return f"{minutes // 60}:{minutes % 60:02}"


def _cells(line: Line) -> tuple[Cell, ...]:
    """A line in the order of `COLUMNS`."""
    hours = line.hours
    return (
        line.person, line.name, hours.total, hours.ordinary, hours.night, hours.holiday, hours.holiday_night,
        line.standing_in, line.as_deputy, line.in_holes, line.pages, line.accepted, line.passed, line.median_answer,
        line.longest_answer, len(line.interventions), line.worked,
    )  # fmt: skip


def duty_document(report: DutyReport) -> dict[str, Any]:
    """The report as JSON can say it: durations in whole minutes, answers in seconds."""
    return {
        "contract": report.contract.id,
        "from": report.first.isoformat(),
        "until": report.last.isoformat(),
        "unit": "minutes",
        "uncovered": _minutes(report.uncovered),
        "total": {name: _minutes(getattr(report.hours, name)) for name in ("total", "ordinary", "night", "holiday")},
        "people": [_person(line) for line in report.lines],
        "watches": [
            {"contact": watch.contact.id, "start": watch.start, "end": watch.end, "minutes": _minutes(_lasted(watch))}
            for watch in report.watches
        ],
    }


def _person(line: Line) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, cell in zip(COLUMNS, _cells(line), strict=True):
        told[name] = _minutes(cell) if isinstance(cell, timedelta) else cell
    for name, answer in (("median_answer", line.median_answer), ("longest_answer", line.longest_answer)):
        told.pop(name)
        told[f"{name}_s"] = None if answer is None else round(answer.total_seconds())
    told["interventions"] = [
        {"ticket": each.ticket, "began": each.began, "ended": each.ended} for each in line.interventions
    ]
    return told


def _minutes(lasted: timedelta) -> int:
    return round(lasted / timedelta(minutes=1))


def duty_csv(report: DutyReport) -> bytes:
    """A line a person; durations as hours and minutes."""
    rows = (
        [hours_text(cell) if isinstance(cell, timedelta) else cell for cell in _cells(line)] for line in report.lines
    )
    return table_csv(COLUMNS, rows)


def watches_csv(watches: Iterable[Watch]) -> bytes:
    """A line for each part of a watch: from when to when, who, the deputy, and where it comes from."""
    headings = ("from", "to", "hours", "contact", "name", "deputy", "supervisor", "by", "origin")
    rows = (
        (
            local(part.start).isoformat(timespec="minutes"),
            local(part.end).isoformat(timespec="minutes"),
            hours_text(part.end - part.start),
            watch.contact.id,
            watch.contact.name,
            part.chain.deputy.id if part.chain.deputy else None,
            part.chain.supervisor.id if part.chain.supervisor else None,
            str(part.chain.by),
            part.chain.origin,
        )
        for watch in watches
        for part in watch.parts
    )
    return table_csv(headings, rows)


def duty_xlsx(report: DutyReport, *, made_at: datetime) -> bytes:
    """The workbook: the summary with its totals, every watch, every intervention."""
    language = report.contract.language if report.contract.language in _WORDS else "en"
    words = _WORDS[language]
    names: tuple[str, str, str] = words["sheets"]
    title = words["title"].format(
        name=report.contract.service_name, first=f"{report.first:%d/%m/%Y}", last=f"{report.last:%d/%m/%Y}"
    )
    uncovered = words["uncovered"].format(hours=hours_text(report.uncovered))
    planned = words["planned"].format(made=f"{local(made_at):%d/%m/%Y %H:%M}")
    rule = f"{words['rule']} {planned}" if is_going_on(report, made_at) else words["rule"]
    rows = tuple(_cells(line) for line in report.lines)
    summary = Sheet(names[0], _HEADINGS[language], rows, (title, rule, uncovered), _totals(report, words))
    watches = Sheet(names[1], words["watches"], tuple(_watch(watch) for watch in report.watches), (title,))
    interventions = Sheet(names[2], words["interventions"], tuple(_interventions(report)), (title,))
    return workbook([summary, watches, interventions], made_at=made_at)


def is_going_on(report: DutyReport, at: datetime) -> bool:
    """Whether some of the hours of the report lie ahead: they are as the roster foresees them."""
    return local(at).date() <= report.last


def _totals(report: DutyReport, words: dict[str, Any]) -> tuple[Cell, ...]:
    hours, lines = report.hours, report.lines
    return (
        words["total"], None, hours.total, hours.ordinary, hours.night, hours.holiday, hours.holiday_night,
        sum((line.standing_in for line in lines), NOTHING), None, sum((line.in_holes for line in lines), NOTHING),
        sum(line.pages for line in lines), sum(line.accepted for line in lines), sum(line.passed for line in lines),
        None, None, sum(len(line.interventions) for line in lines), sum((line.worked for line in lines), NOTHING),
    )  # fmt: skip


def _watch(watch: Watch) -> tuple[Cell, ...]:
    deputies = ", ".join(person.name for person in watch.deputies)
    origins = ", ".join(dict.fromkeys(part.chain.origin for part in watch.parts))
    return (watch.start, watch.end, watch.contact.name, _lasted(watch), deputies, origins)


def _lasted(watch: Watch) -> timedelta:
    return sum((part.end - part.start for part in watch.parts), NOTHING)


def _interventions(report: DutyReport) -> Iterable[tuple[Cell, ...]]:
    for line in report.lines:
        for each in line.interventions:
            yield (str(each.ticket), line.name, each.began, each.ended, each.ended - each.began)
