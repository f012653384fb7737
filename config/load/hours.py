"""From [hours] and [holidays] to a `Schedule`, and from a municipality to the calendar of a site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import MAXYEAR, date
from functools import cache
from types import MappingProxyType

from config.load.calendars import national, patrons, yearly
from config.load.tables.contract import ContractFile
from config.load.tables.hours import BandTable, Holidays, Hours, Validity
from config.load.tables.kinds import WEEKDAYS, span
from config.load.tables.provisions import SiteTable
from gateway.domain.contract import Band, Clauses, Closure, Schedule
from gateway.domain.provisions import Calendar


def schedule_of(table: ContractFile, start: date, clauses: Clauses) -> Schedule:
    """The hours that are in force from `start` on; by phase where some bands are only of some phases (A3.2).

    Before the first phase begins they are those of the first.
    """
    hours, holidays = table.hours, table.holidays
    phases = [phase.id for phase in table.phase] or [""]
    whole = Schedule(
        effective_from=start,
        bands=_bands(hours, phases[0], clauses),
        calendar=_calendar(_holidays(holidays, _years(table.validity))),
        holidays_closed=holidays.national,
        municipality=holidays.municipality,
        continuous=hours.continuous,
        closures_allowed=hours.closures_allowed,
        closures=tuple(Closure(each.on, each.name, each.closes_at) for each in hours.closure),
        decided=frozenset(each.name for each in holidays.decided),
    )
    by_phase = {phase: replace(whole, bands=_bands(hours, phase, clauses)) for phase in phases}
    differ = any(each.bands != whole.bands for each in by_phase.values())
    return replace(whole, by_phase=MappingProxyType(by_phase)) if differ else whole


def site_calendar(site: SiteTable, validity: Validity) -> Calendar:
    """The holidays of the place of a visit: national and the patron saint of its municipality (A3.4)."""
    rules = Holidays(
        national=site.national,
        patron=site.patron,
        municipality=site.municipality,
        patron_day=site.patron_day,
        patron_name=site.patron_name,
    )
    return _calendar(_holidays(rules, _years(validity)))


def national_calendar(validity: Validity, longest_years: int) -> Calendar:
    """The holidays by law of every year in which a period or term of the contract can end (arts. 2963, 1187 c.c.).

    They are the same whether the desk is staffed on them or not (A3.1). `longest_years` is that of the longest term.
    """
    years = _years(validity)
    return _national(years.start, min(years.stop + longest_years, MAXYEAR + 1))


@cache
def _national(first: int, stop: int) -> Calendar:
    return _calendar(_holidays(Holidays(national=True, patron=False), range(first, stop)))


def _bands(hours: Hours, phase: str, clauses: Clauses) -> tuple[Band, ...]:
    """The bands of a phase in the order of the week."""
    found = (each for band in hours.band if not band.phases or phase in band.phases for each in _of_band(band, clauses))
    return tuple(sorted(found, key=lambda band: (band.weekday, band.start)))


def _of_band(band: BandTable, clauses: Clauses) -> Iterator[Band]:
    for day in band.days:
        for text in band.times:
            start, end = span(text)
            yield Band(WEEKDAYS.index(day), start, end, band.clause or clauses.of("hours"))


def _years(validity: Validity) -> range:
    """From the year before the validity to the year after it: terms and openings look beyond both ends."""
    return range(validity.start.year - 1, validity.last_day.year + 2)


def _calendar(holidays: Iterator[tuple[date, str, str]]) -> Calendar:
    """The calendar of these (day, name, rule); a later one of the same day wins."""
    found = {day: (name, rule) for day, name, rule in holidays}
    days = sorted(found)
    return Calendar(
        MappingProxyType({day: found[day][0] for day in days}),
        MappingProxyType({day: found[day][1] for day in days}),
    )


def _holidays(rules: Holidays, years: range) -> Iterator[tuple[date, str, str]]:
    """Every holiday with its name and the rule that makes it one; the strongest rule of a day comes last."""
    for extra in rules.additional:
        if extra.on:
            yield extra.on, extra.name, "additional"
        if extra.every:
            for day, name in yearly(extra.every, extra.name, years):
                yield day, name, "additional"
    yield from _patron(rules, years)
    if rules.national:
        opened = {each.name for each in rules.decided if not each.closed}
        for year in years:
            yield from ((day, name, "national") for day, name in national(year).items() if name not in opened)


def _patron(rules: Holidays, years: range) -> Iterator[tuple[date, str, str]]:
    """The patron saint, when the contract says so or a decree makes the day a holiday there (29 June in Rome)."""
    saint = patrons().get(rules.municipality or "", {})
    by_decree = bool(rules.national and saint.get("decree", False))
    if rules.patron or by_decree:
        rule = rules.patron_day or saint["day"]
        for day, name in yearly(rule, rules.patron_name or saint.get("name", "Santo Patrono"), years):
            yield day, name, "decree" if by_decree else "patron"
