"""Where a visit is asked for: a site of the contract, or a place that a request names and nobody has admitted.

A place that is not admitted still has a calendar: the term is counted as if the client had authorised the visit (A3.4).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from gateway.domain.periods import NATIONAL
from gateway.domain.priority import READ_CHARS, plain, words_in
from gateway.domain.provisions import Calendar, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Phase

_LEADS = re.compile(
    r"\b(?:(?P<body>(?:comune|municipio)\s+(?:di|del|della|dell['’]))|(?:sede|uffici|ufficio)\s+di|presso|ad?)\s*"
    r"\b(?=(?P<names>[^\W\d_][\w'’]*(?:[ \t]+[^\W\d_][\w'’]*){0,2}))",
    re.IGNORECASE,
)
"""What comes before the name of a place; only after `comune di` a name that nobody knows is one."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place for a visit. `site` is the contract's own site there, None when it has none.

    `calendar` holds the holidays of the place, None where nobody knows them.
    """

    id: str
    name: str
    municipality: str
    calendar: Calendar | None
    site: Site | None = None

    def is_admitted(self, phase: Phase | None, day: date) -> bool:
        """Whether visits there are admitted in a phase and on a day (C3.9, C3.21)."""
        site = self.site
        if site is None or not (site.valid_from or day) <= day <= (site.valid_until or day):
            return False
        return not site.phases or (phase is not None and phase.id in site.phases)

    def for_terms(self, contract: Contract, day: date) -> Site:
        """The place as a site, for the term of a visit there; without a calendar of its own the national holidays."""
        calendar = self.calendar or national_only(contract.schedule_on(day).calendar)
        return self.site or Site(self.id, self.name, self.municipality, calendar, (), (), None, None, "")


def national_only(calendar: Calendar) -> Calendar:
    """The holidays of a calendar that count everywhere; all of them when it does not say by which rule they are."""
    if not calendar.rules:
        return calendar
    return Calendar({day: name for day, name in calendar.names.items() if calendar.rules.get(day) == NATIONAL})


def no_place(_name: str) -> Place | None:
    """For whoever knows no municipalities: there is none of this name."""
    return None


def place_called(contract: Contract, name: str, place_named: Callable[[str], Place | None] = no_place) -> Place:
    """The place of this name: a site of the contract by its id, names or municipality, else a municipality.

    A name that nobody knows is a place all the same, without a calendar.
    """
    return _site_called(contract, name) or place_named(name) or Place(plain(name), name.strip(), name.strip(), None)


def place_asked(
    contract: Contract,
    subject: str,
    text: str,
    place_named: Callable[[str], Place | None] = no_place,
    *,
    group: str | None = None,
) -> Place | None:
    """The place that a request for a visit names, else the one that its group means (C3.20), else None: it is asked."""
    named = _site_in(contract, subject, text) or _place_in(contract, f"{subject}\n{text}", place_named)
    if named:
        return named
    default = contract.on_site.default_for(group) if contract.on_site else None
    site = contract.site(default) if default else None
    return _of(site) if site else None


def _of(site: Site) -> Place:
    return Place(site.id, site.name, site.municipality, site.calendar, site)


def _site_called(contract: Contract, name: str) -> Place | None:
    wanted = plain(name)
    by_name = (s for s in contract.sites if wanted in map(plain, (s.id, s.name, *s.names)))
    by_municipality = (s for s in contract.sites if wanted == plain(s.municipality))
    found = next(chain(by_name, by_municipality), None)
    return _of(found) if found else None


def _site_in(contract: Contract, subject: str, text: str) -> Place | None:
    """The site whose longest name the request uses."""
    found = [(max(map(len, said)), site) for site in contract.sites if (said := words_in(site.names, subject, text))]
    return _of(max(found, key=lambda each: each[0])[1]) if found else None


def _place_in(contract: Contract, text: str, place_named: Callable[[str], Place | None]) -> Place | None:
    for lead in _LEADS.finditer(text[:READ_CHARS]):
        words = lead["names"].split()
        for name in (" ".join(words[:count]) for count in range(len(words), 0, -1)):
            # A municipality's own seat is not the site that the contract has in the same town (S072).
            found = place_named(name) or (None if lead["body"] else _site_called(contract, name))
            if found:
                return found
        if lead["body"] and (name := " ".join(_capitalised(words))):
            return Place(plain(name), name, name, None)
    return None


def _capitalised(words: list[str]) -> Iterator[str]:
    for word in words:
        if not word[0].isupper():
            return
        yield word
