"""Calendars of municipalities, built from the same lists that the loader reads, for tests that count days."""

from __future__ import annotations

from functools import cache

from config.load.calendars import national, patrons, yearly
from gateway.domain.provisions import Calendar, Site

YEARS = range(2023, 2043)


@cache
def calendar_of(municipality: str) -> Calendar:
    """National holidays and the patron saint, each day with its rule; a day that is both is national."""
    saint = patrons()[municipality]
    names = dict(yearly(saint["day"], saint["name"], YEARS))
    rules = dict.fromkeys(names, "decree" if saint.get("decree") else "patron")
    for year in YEARS:
        names |= national(year)
        rules |= dict.fromkeys(national(year), "national")
    return Calendar(names, rules)


def site_in(municipality: str) -> Site:
    """A place for visits there."""
    return Site(municipality.lower(), municipality, municipality, calendar_of(municipality), (), (), None, None, "C3.9")


def nationals() -> Calendar:
    """National holidays alone, without a rule at any day."""
    return Calendar({day: name for year in YEARS for day, name in national(year).items()})
