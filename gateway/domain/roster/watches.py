"""Duties as people live them: who is on call from when to when, the hours in which the desk answers left out.

A person who has every night of a week has one watch from Monday evening to Friday morning: the hand-over is what
matters, and it happens once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain.roster.closed import Closed, closed_times
from gateway.domain.roster.resolving import Stretch
from gateway.domain.roster.slices import slices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.roster.people import Person
    from gateway.domain.roster.resolving import Roster

LOOK_BACK = timedelta(days=16)
"""How far back is looked for whoever has the duty now."""
AHEAD = (timedelta(days=40), timedelta(days=400))
"""How far the next watch is looked for, and followed to its end: rarely further than the first."""


@dataclass(frozen=True, slots=True)
class Watch:
    """The time from the first to the last instant of somebody's duty, until somebody else has it, in UTC.

    `parts` are the stretches of it outside the hours of the desk.
    """

    contact: Person
    parts: tuple[Stretch, ...]

    @property
    def start(self) -> datetime:
        """When it begins."""
        return self.parts[0].start

    @property
    def end(self) -> datetime:
        """When it has ended."""
        return self.parts[-1].end

    @property
    def deputies(self) -> tuple[Person, ...]:
        """The deputies of its parts in order, each once."""
        return tuple(dict.fromkeys(part.chain.deputy for part in self.parts if part.chain.deputy))


def watches(contract: Contract, roster: Roster, start: datetime, end: datetime) -> Iterator[Watch]:
    """Every watch within [start, end), cut at both ends. A hole that the fallback contact fills is nobody's watch."""
    parts: list[Stretch] = []
    for part in on_call_parts(contract, roster, start, end):
        if part.chain.from_fallback:
            continue
        if parts and parts[-1].chain.contact != part.chain.contact:
            yield Watch(parts[0].chain.contact, tuple(parts))
            parts = []
        parts.append(part)
    if parts:
        yield Watch(parts[0].chain.contact, tuple(parts))


def on_call_parts(contract: Contract, roster: Roster, start: datetime, end: datetime) -> Iterator[Stretch]:
    """Whom to call outside the hours of the desk, in order, each as long as it stays the same."""
    spans: list[Closed | Stretch] = [*closed_times(contract, start, end), *roster.timeline(contract.id, start, end)]
    found: Stretch | None = None
    for begin, finish, lasting in slices(start, end, spans):
        told = next((each for each in lasting if isinstance(each, Stretch)), None)
        closed = any(isinstance(each, Closed) for each in lasting)
        chain = told.chain if told and closed else None
        if found and (chain != found.chain or begin != found.end):
            yield found
            found = None
        if chain:
            found = Stretch(found.start if found else begin, finish, chain)
    if found:
        yield found


def next_watch(contract: Contract, roster: Roster, after: datetime) -> Watch | None:
    """The first watch that begins after an instant, told to its end; None when none begins within 400 days.

    Watches of the same person that follow each other are one, so whoever begins did not have the one before.
    """
    found: list[Watch] = []
    for ahead in AHEAD:
        told = watches(contract, roster, after - LOOK_BACK, after + ahead)
        found = [watch for watch in told if watch.start > after]
        if len(found) > 1:  # another follows, so the first is whole
            break
    return found[0] if found else None
