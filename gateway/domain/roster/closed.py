"""When the desk is closed and the contract is in force: exactly then somebody is on call (C2.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.domain.hours import instant, local, spans_on
from gateway.domain.roster.shifts import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.contract import Contract


@dataclass(frozen=True, slots=True)
class Closed:
    """A time [start, end) in UTC in which the desk is closed."""

    start: datetime
    end: datetime


def closed_times(contract: Contract, start: datetime, end: datetime) -> Iterator[Closed]:
    """Every time within [start, end) in which the desk is closed, in order; none outside the validity (C2.2)."""
    covered = max(start.astimezone(UTC), instant(contract.valid_from))
    until = min(end.astimezone(UTC), instant(contract.last_day + DAY))
    day, last = local(covered).date(), local(until).date()
    while day <= last and covered < until:
        for opens, closes, _ in sorted(spans_on(contract, day)):
            if covered < min(opens, until):
                yield Closed(covered, min(opens, until))
            covered = max(covered, closes)
        day += DAY
    if covered < until:
        yield Closed(covered, until)
