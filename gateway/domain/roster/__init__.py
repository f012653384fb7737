"""Who answers outside the bands, at any past or future instant (C2.8–C2.10).

`people` is the directory, `shifts` are the rules of the roster's file and the duties they make, `resolving` finds the
chain of an instant or of a time, `closed` is when somebody must be on duty, `gaps` what is not covered exactly once,
`watches` the duties without the hours of the desk, `changes` what may be changed beside the file.

Shifts are written in Europe/Rome wall time and turned into instants before anything is compared, so a shift from
Saturday 20:00 to Sunday 08:00 lasts 13 hours in October and 11 in March (S034). Intervals are half-open. A hole in the
roster gives the fallback contact, never nobody (C2.8).
"""

from __future__ import annotations

from gateway.domain.roster.closed import Closed, closed_times
from gateway.domain.roster.gaps import Gap, GapKind, coverage
from gateway.domain.roster.people import Directory, Person
from gateway.domain.roster.resolving import By, Chain, Duty, Roster, Stretch
from gateway.domain.roster.shifts import (
    DAY,
    HOLIDAY,
    LONGEST_SHIFT,
    NEXT,
    Entry,
    OnDuty,
    Override,
    Rotation,
    RuledRotation,
    RuledShift,
    Shift,
    WeeklyShift,
)
from gateway.domain.roster.watches import Watch, next_watch, watches

__all__ = [
    "DAY",
    "HOLIDAY",
    "LONGEST_SHIFT",
    "NEXT",
    "By",
    "Chain",
    "Closed",
    "Directory",
    "Duty",
    "Entry",
    "Gap",
    "GapKind",
    "OnDuty",
    "Override",
    "Person",
    "Roster",
    "Rotation",
    "RuledRotation",
    "RuledShift",
    "Shift",
    "Stretch",
    "Watch",
    "WeeklyShift",
    "closed_times",
    "coverage",
    "next_watch",
    "watches",
]
