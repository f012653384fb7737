"""Which days are public holidays under a contract: national by law, the patron saint, additional dates.

The national list comes from the `holidays` library, which knows the law by year (San Francesco from 2026). What has no
effect on working days is dropped: Easter Sunday and National Unity Day. The saints are data, `patrons.toml`.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from importlib import import_module, resources
from importlib.util import find_spec, module_from_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from holidays import HolidayBase

EASTER = "Pasqua"
WITHOUT_EFFECT = frozenset({EASTER, "Giorno dell'unità nazionale"})
"""Sundays that the library lists by name: on a Sunday nobody is at the desk anyway."""
KNOWN = WITHOUT_EFFECT | {
    "Capodanno",
    "Epifania",
    "Lunedì dell'Angelo",
    "Anniversario della Liberazione",
    "Festa del Lavoro",
    "Festa della Repubblica",
    "Assunzione della Beata Vergine Maria",
    "Festa nazionale di San Francesco d'Assisi, patrono d'Italia",
    "Ognissanti",
    "Immacolata Concezione",
    "Natale",
    "Santo Stefano",
}
"""The national holidays that contracts were written for; what a later law adds has to be decided by a person."""


@cache
def _italy() -> type[HolidayBase]:
    """The library's Italy, without the 250 countries that its package loads: 8 MB, and 60 ms of every command."""
    package = "holidays.countries"
    spec = None if package in sys.modules else find_spec(package)
    if spec is not None:
        sys.modules[package] = module_from_spec(spec)  # never run: it only says where its modules are
    try:
        found: type[HolidayBase] = import_module(f"{package}.italy").Italy
    finally:
        if spec is not None:
            del sys.modules[package]
    return found


@cache
def _listed(year: int) -> tuple[tuple[date, str], ...]:
    italy = _italy()(years=year, language="it_IT")
    return tuple((day, name) for day, names in sorted(italy.items()) for name in names.split("; "))


@cache
def national(year: int) -> Mapping[date, str]:
    """The public holidays of a year by national law, ordinary Sundays apart, with their Italian names."""
    return MappingProxyType({day: name for day, name in _listed(year) if name not in WITHOUT_EFFECT})


def undecided(year: int) -> tuple[tuple[date, str], ...]:
    """The holidays of a year that no contract could know of: a law newer than this list."""
    return tuple((day, name) for day, name in _listed(year) if name not in KNOWN)


@cache
def patrons() -> Mapping[str, Mapping[str, Any]]:
    """The patron saints by municipality: `day` ("10-30" or "easter+50"), `name`, `decree`, `source`."""
    text = resources.files("config.load").joinpath("patrons.toml").read_text(encoding="utf-8")
    return MappingProxyType(tomllib.loads(text))


def day_in(rule: str, year: int) -> date | None:
    """The day of a rule in a year: "10-30", "easter+50"; None when the year has no such day (29 February).

    Raises:
        ValueError: the text is no such rule.
    """
    if rule.startswith("easter"):
        return _easter(year) + timedelta(days=int(rule.removeprefix("easter")))
    month, day = (int(part) for part in rule.split("-"))
    if (month, day) == (2, 29):
        return date(year, 2, 29) if _is_leap(year) else None
    return date(year, month, day)


def _easter(year: int) -> date:
    return next(day for day, name in _listed(year) if name == EASTER)


def _is_leap(year: int) -> bool:
    return date(year, 12, 31).timetuple().tm_yday == 366  # noqa: PLR2004 - days of a leap year


def yearly(rule: str, name: str, years: range) -> Iterator[tuple[date, str]]:
    """One holiday of every year by its rule."""
    for year in years:
        if day := day_in(rule, year):
            yield day, name
