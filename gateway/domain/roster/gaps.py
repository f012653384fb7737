"""What is wrong with a roster: times outside the bands with nobody on duty, or with more than one (C2.10)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.domain.hours import ROME, days_later
from gateway.domain.roster.closed import Closed, closed_times
from gateway.domain.roster.resolving import counts, in_charge
from gateway.domain.roster.shifts import OnDuty, Override
from gateway.domain.roster.slices import slices

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.domain.contract import Contract
    from gateway.domain.roster.resolving import Roster


class GapKind(StrEnum):
    """What is wrong with a stretch of time outside the bands: nobody on duty, or more than one."""

    HOLE = "hole"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch [start, end) in Rome time outside the bands that is not covered exactly once (C2.10)."""

    kind: GapKind
    start: datetime
    end: datetime
    origins: tuple[str, ...] = ()


def coverage(contract: Contract, roster: Roster, start: datetime, days: int) -> tuple[Gap, ...]:
    """Every hole and overlap of the roster in the coming days, in order; empty when on-call is the exact complement.

    Days are of Rome. Walks every boundary: band edges, holidays, shifts, overrides, summer time. Days outside the
    validity need nobody. A fallback contact does not fill a hole here: the hole is what the alarm is about.
    """
    return gaps_between(contract, roster, start, days_later(start, days))


def gaps_between(contract: Contract, roster: Roster, start: datetime, end: datetime) -> tuple[Gap, ...]:
    """As `coverage`, from an instant to another."""
    spans: list[Closed | OnDuty | Override] = [*closed_times(contract, start, end)]
    spans += roster.spans(contract.id, start, end)
    found: list[Gap] = []
    for begin, finish, lasting in slices(start, end, spans):
        gap = _gap(begin.astimezone(ROME), finish.astimezone(ROME), lasting)
        before = found[-1] if found else None
        if gap and before and before.end == gap.start and (before.kind, before.origins) == (gap.kind, gap.origins):
            found[-1] = replace(before, end=gap.end)
        elif gap:
            found.append(gap)
    return tuple(found)


def _gap(start: datetime, end: datetime, lasting: Sequence[Closed | OnDuty | Override]) -> Gap | None:
    if not any(isinstance(each, Closed) for each in lasting):
        return None
    duties = in_charge(_only_duties(lasting))
    if any(isinstance(each, Override) and counts(each, duties) for each in lasting):
        return None
    if len(duties) == 1:
        return None
    kind = GapKind.OVERLAP if duties else GapKind.HOLE
    return Gap(kind, start, end, tuple(duty.origin for duty in duties))


def _only_duties(lasting: Iterable[Closed | OnDuty | Override]) -> Iterable[OnDuty]:
    return (each for each in lasting if isinstance(each, OnDuty))
