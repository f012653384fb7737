"""What is asked of each figure (PERFORMANCE, section 4; the issues), and whether it is met."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.bench import pages, webhooks
from tests.bench.everything import Everything
from tests.bench.found import Found
from tests.bench.measuring import Figures, Growth, Pattern

ANSWERED, ANSWERED_AIM = 0.75, 0.90
TICKETS, TICKETS_RATIO, TICKETS_AIM = 200, 0.30, 0.50
P50_MS, P99_MS, VISIBLE_MS, MEMORY_MB, GROWTH = 5.0, 20.0, 20.0, 120.0, 1.1
PHONE_MS, PAGE_MS = 50.0, 2_000.0
EVERYTHING, EVERYTHING_TICKETS = 0.90, 100


@dataclass(frozen=True, slots=True)
class Goal:
    """What was measured, what is asked, whether it is met."""

    figure: str
    value: str
    goal: str
    met: bool


def goals_of(found: Found) -> list[Goal]:
    """The goals of what was measured, part by part."""
    goals: list[Goal] = []
    if found.figures:
        goals += _mail_goals(found.figures, found.memory_mb, statistics.median(found.visible_ms))
    if found.grown:
        goals += _growth_goals(found.grown)
    if found.everything:
        goals += _everything_goals(found.everything)
    if found.phone:
        goals += _phone_goals(found.phone)
    if found.paged:
        goals.append(_page_goal(found.paged))
    return goals


def _mail_goals(figures: dict[Pattern, Figures], memory_mb: float, visible: float) -> list[Goal]:
    crowded = {pattern: found for pattern, found in figures.items() if pattern.connections > 1}
    goals = [
        _at_least(f"250 / sink, {pattern.name}", found.answered_of_sink(), ANSWERED, ANSWERED_AIM)
        for pattern, found in crowded.items()
    ]
    for pattern, found in crowded.items():
        goals.append(_at_least(f"tickets / sink, {pattern.name}", found.tickets_of_sink(), TICKETS_RATIO, TICKETS_AIM))
        per_s = statistics.median(found.tickets)
        goals.append(Goal(f"tickets a second, {pattern.name}", f"{per_s:.0f}", f"≥ {TICKETS}", per_s >= TICKETS))
    alone = figures[Pattern(1, one=False)]
    goals += [
        _at_most("final dot to 250, one connection, p50 ms", statistics.median(alone.p50_ms), P50_MS),
        _at_most("final dot to 250, one connection, p99 ms", statistics.median(alone.p99_ms), P99_MS),
        _at_most("final dot to visible ticket, p50 ms", visible, VISIBLE_MS),
        _at_most("memory of the daemon with children, MB", memory_mb, MEMORY_MB),
    ]
    for pattern, found in crowded.items():
        if found.postfix:
            ratio = statistics.median(found.answered) / statistics.median(found.postfix)
            goals.append(_at_least(f"250 / Postfix, {pattern.name}", ratio, 1.0, 1.0))
    return goals


def _growth_goals(grown: Growth) -> list[Goal]:
    return [
        _at_most("cost of a mail, 100,000 tickets / 100: time", grown.wall_ratio(), GROWTH),
        _at_most("cost of a mail, 100,000 tickets / 100: CPU", grown.cpu_ratio(), GROWTH),
    ]


def _everything_goals(everything: Everything) -> Iterator[Goal]:
    for pattern, found in everything.rates.items():
        name = f"everything on, {pattern.name}"
        yield _at_least(f"{name}: 250 / plain", found.ratio(), EVERYTHING, 1.0)
        per_s = statistics.median(found.tickets)
        met = per_s >= EVERYTHING_TICKETS
        yield Goal(f"{name}: tickets a second", f"{per_s:.0f}", f"≥ {EVERYTHING_TICKETS}", met)


def _phone_goals(phone: Mapping[str, webhooks.Answered]) -> list[Goal]:
    return [
        _at_most(
            f"/twilio/{kind}, {webhooks.LINES} calls at once, p99 ms", statistics.median(found.paced_p99_ms), PHONE_MS
        )
        for kind, found in phone.items()
    ]


def _page_goal(paged: pages.Paged) -> Goal:
    return _at_most(f"ticket to first page attempt, {paged.waiting} waiting, p99 ms", paged.p99_ms, PAGE_MS)


def _at_least(figure: str, value: float, least: float, aim: float) -> Goal:
    return Goal(figure, f"{value:.2f}", f"≥ {least:.2f}, aim {aim:.2f}", value >= least)


def _at_most(figure: str, value: float, most: float) -> Goal:
    return Goal(figure, f"{value:.2f}" if most < P50_MS else f"{value:.1f}", f"≤ {most:g}", value <= most)
