"""Municipalities as places for a visit: for a request that names one where the contract admits no site.

Their holidays are the national ones and, where `patrons.toml` knows it, the patron saint's day (A3.4). So a term can be
counted that would hold if the client authorised the visit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from config.load.calendars import national, patrons, yearly
from gateway.domain.contract import Contract
from gateway.domain.places import Place
from gateway.domain.priority import plain
from gateway.domain.provisions import Calendar


def places_of(contracts: Iterable[Contract]) -> Callable[[str], Place | None]:
    """What knows the municipalities by name, in any case: None for one that `patrons.toml` does not list.

    The calendars cover the years of these contracts, one before and one after.
    """
    terms = [(contract.valid_from.year, contract.last_day.year) for contract in contracts]
    years = range(min(first for first, _ in terms) - 1, max(last for _, last in terms) + 2)
    by_name = {plain(name): name for name in patrons()}

    @cache
    def place(municipality: str) -> Place:
        return Place(plain(municipality), municipality, municipality, _calendar(municipality, years))

    def place_named(name: str) -> Place | None:
        found = by_name.get(plain(name))
        return place(found) if found else None

    return place_named


def _calendar(municipality: str, years: range) -> Calendar:
    """National holidays and the saint's day, by their rules; a day that is both is a national one."""
    saint = patrons()[municipality]
    rule = "decree" if saint.get("decree", False) else "patron"
    local = {day: (name, rule) for day, name in yearly(saint["day"], saint["name"], years)}
    days = local | {day: (name, "national") for year in years for day, name in national(year).items()}
    return Calendar(_column(days, 0), _column(days, 1))


def _column(days: Mapping[date, tuple[str, str]], place: int) -> Mapping[date, str]:
    return MappingProxyType({day: told[place] for day, told in sorted(days.items())})
