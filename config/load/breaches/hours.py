"""Hours that break a clause: a midday break under continuous hours (C2.5), a closing day (C2.7), bands that overlap."""

from __future__ import annotations

from datetime import time
from itertools import pairwise

from config.load.breaches.reading import Reading
from config.load.tables.kinds import WEEKDAYS, span
from gateway.domain.contract import MIDNIGHT


def refuse_breaks(reading: Reading) -> None:
    """Two bands of a day overlap, or hours that are continuous by the clause have a break (S016)."""
    by_day: dict[str, list[tuple[time, time]]] = {}
    for number, band in enumerate(reading.table.hours.band, 1):
        for day in band.days:
            spans = by_day.setdefault(day, [])
            spans.extend(span(text) for text in band.times)
            if _overlap(spans):
                raise reading.refusal(
                    f"hours.band[{number}]",
                    f"two bands of {day} overlap",
                    remedy="give each hour of the day once",
                )
    broken = [day for day in WEEKDAYS if len(by_day.get(day, ())) > 1]
    if reading.table.hours.continuous and broken:
        raise reading.refusal(
            "hours.continuous",
            f"continuous hours [orario continuato] with a break on {', '.join(broken)}",
            remedy="give one band a day, or write continuous = false if the contract allows a break",
        )


def _overlap(spans: list[tuple[time, time]]) -> bool:
    ordered = sorted((start, end if end != MIDNIGHT else time.max) for start, end in spans)
    return any(before[1] > after[0] for before, after in pairwise(ordered))


def refuse_closures(reading: Reading) -> None:
    """A closing or shortened day where the clause allows none, not even a planned one (S025)."""
    hours = reading.table.hours
    if hours.closure and not hours.closures_allowed:
        closure = hours.closure[0]
        raise reading.refusal(
            "hours.closure[1]",
            f"the closure {closure.name!r} on {closure.on}: the contract allows no closing days, not even planned ones",
            remedy="take it out; an unforeseen stop is recorded as an outage, never as a closure",
        )
