"""From [hours] and [holidays] to a `Schedule`, and from a municipality to the calendar of a site."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import MAXYEAR, date
from functools import cache
from types import MappingProxyType

from config.load.calendars import national, patrons, yearly
from config.load.tables.hours import Holidays, Hours, Validity
from config.load.tables.kinds import WEEKDAYS, span
from config.load.tables.provisions import SiteTable
from gateway.domain.contract import Band, Clauses, Closure, Schedule
from gateway.domain.provisions import Calendar


def schedule_of(hours: Hours, holidays: Holidays, start: date, validity: Validity, clauses: Clauses) -> Schedule:
    """The hours that are in force from `start` on."""
    return Schedule(
        effective_from=start,
        bands=tuple(sorted(_bands(hours, clauses), key=lambda band: (band.weekday, band.start))),
        calendar=_calendar(_holidays(holidays, _years(validity))),
        holidays_closed=holidays.national,
        municipality=holidays.municipality,
        continuous=hours.continuous,
        closures_allowed=hours.closures_allowed,
        closures=tuple(Closure(each.on, each.name, each.closes_at) for each in hours.closure),
    )


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


def _bands(hours: Hours, clauses: Clauses) -> Iterator[Band]:
    for band in hours.band:
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
        for year in years:
            for day, name in national(year).items():
                yield day, name, "national"


def _patron(rules: Holidays, years: range) -> Iterator[tuple[date, str, str]]:
    """The patron saint, when the contract says so or a decree makes the day a holiday there (29 June in Rome)."""
    saint = patrons().get(rules.municipality or "", {})
    by_decree = bool(rules.national and saint.get("decree", False))
    if rules.patron or by_decree:
        rule = rules.patron_day or saint["day"]
        for day, name in yearly(rule, rules.patron_name or saint.get("name", "Santo Patrono"), years):
            yield day, name, "decree" if by_decree else "patron"
