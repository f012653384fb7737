"""What chance brings in a year: when people write, who cannot be reached, when the carrier or the relay is down."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.oncall_year.agenda import Span

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Odds:
    """How a year goes. Rates are so many a day, chances from 0 to 1."""

    contacts: float = 1.5
    urgent: float = 0.55
    by_sms: float = 0.2
    by_phone: float = 0.25
    storms: float = 0.02
    storm_size: int = 14
    carrier_outages: float = 0.03
    relay_outages: float = 0.03
    stops: float = 0.08
    out_of_reach: float = 0.35
    swaps: float = 0.3
    overrides: float = 0.1
    busy_reply: float = 0.03
    lost_status: float = 0.03
    silent_success: float = 0.01


def moments(rng: random.Random, start: datetime, end: datetime, a_day: float) -> list[datetime]:
    """Instants at random, `a_day` of them on average."""
    found, at = [], start
    while a_day > 0:
        at += timedelta(days=rng.expovariate(a_day))
        if at >= end:
            break
        found.append(at)
    return found


def spells(
    rng: random.Random, start: datetime, end: datetime, a_day: float, minutes: tuple[float, float]
) -> list[Span]:
    """Times at random, `a_day` of them on average, each so many minutes long."""
    return [Span(at, at + timedelta(minutes=rng.uniform(*minutes))) for at in moments(rng, start, end, a_day)]
