"""Hours that break a clause: a break under continuous hours (C2.5), a closing day (C2.7), bands and days at odds."""

from __future__ import annotations

from datetime import time
from itertools import pairwise

from config.load.breaches.phases import refuse_unknown_phases
from config.load.breaches.reading import Reading
from config.load.calendars import national
from config.load.tables.kinds import WEEKDAYS, span
from gateway.domain.contract import MIDNIGHT


def refuse_breaks(reading: Reading) -> None:
    """Two bands of a day overlap in a phase, or hours that are continuous by the clause have a break (S016)."""
    for phase in [each.id for each in reading.table.phase] or [""]:
        _refuse_breaks_in(reading, phase)


def _refuse_breaks_in(reading: Reading, phase: str) -> None:
    by_day: dict[str, list[tuple[time, time]]] = {}
    for number, band in enumerate(reading.table.hours.band, 1):
        for day in band.days if not band.phases or phase in band.phases else ():
            spans = by_day.setdefault(day, [])
            spans.extend(span(text) for text in band.times)
            if _overlap(spans):
                raise reading.refusal(
                    f"hours.band[{number}]",
                    f"two bands of {day} overlap" + (f" in phase {phase}" if phase in band.phases else ""),
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


def refuse_strange_bands(reading: Reading) -> None:
    """A band of a phase that is not there (A3.2)."""
    for number, band in enumerate(reading.table.hours.band, 1):
        refuse_unknown_phases(reading, f"hours.band[{number}].phases", band.phases)


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


def refuse_undecidable(reading: Reading) -> None:
    """A decision about a day that is no national holiday, that was decided twice, or that nothing depends on (C2.6)."""
    holidays, validity = reading.table.holidays, reading.table.validity
    if not holidays.decided:
        return
    years = range(validity.start.year, validity.last_day.year + 1)
    known = tuple(dict.fromkeys(name for year in years for name in national(year).values()))
    names = [each.name for each in holidays.decided]
    for number, name in enumerate(names, 1):
        key = f"holidays.decided[{number}].name"
        if not holidays.national:
            wrong, remedy = "the desk is staffed on every national holiday", "take it out, or write national = true"
        elif name in names[: number - 1]:
            wrong, remedy = f"{name} is decided twice", "leave the one that the client said"
        elif name not in known:
            wrong, remedy = f"{name} is no national holiday", f"write one of: {', '.join(known)}"
        else:
            continue
        raise reading.refusal(key, wrong, remedy=remedy)
