"""`python -m tests.bench`: how fast, beside what the libraries and the disk can do in the same minutes.

Read the ratios: generator, server, relay and database share the machine, with whatever else runs on it. Nothing is
switched off in the daemon: every commit is synced, the register is kept, acknowledgements are queued and sent.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.bench import pages, postfix, webhooks
from tests.bench.limits import group_commit
from tests.bench.measuring import SHORT, WHOLE, Figures, Growth, Pattern, Size, growth, rates, visible_ms
from tests.bench.stored import is_stored

ANSWERED, ANSWERED_AIM = 0.75, 0.90
TICKETS, TICKETS_RATIO, TICKETS_AIM = 200, 0.30, 0.50
P50_MS, P99_MS, VISIBLE_MS, MEMORY_MB, GROWTH = 5.0, 20.0, 20.0, 120.0, 1.1
PHONE_MS, PAGE_MS = 50.0, 2_000.0


@dataclass(frozen=True, slots=True)
class Goal:
    """One line of PERFORMANCE section 4: what was measured, what is asked, whether it is met."""

    figure: str
    value: str
    goal: str
    met: bool


def main() -> int:
    """Measure, print, and exit 0: a figure that falls short is a finding, not a failed run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one run of each, few mails: about a minute")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args()
    size = SHORT if options.short else WHOLE
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="centralino-bench-") as name:
        folder = Path(name)
        limits = {batch: group_commit(folder, size.limit_rows, batch=batch) for batch in (1, 50)}
        figures, memory_mb = rates(folder, size)
        _add_postfix(folder, figures, size)
        visible = sorted(visible_ms(folder, size))
        grown = growth(folder, size) if size.growth or is_stored(100_000) else None
        phone = webhooks.answered(folder, size.repetitions, size.webhooks)
        paged = pages.paged(folder, size.pages)
    goals = _goals(figures, memory_mb, statistics.median(visible), grown) + _phone_goals(phone) + [_page_goal(paged)]
    if options.json:
        print(json.dumps(_document(figures, limits, goals, grown, phone, paged), ensure_ascii=False, indent=1))
        return 0
    console = Console(width=150) if not sys.stdout.isatty() else Console()
    console.print(f"{os.cpu_count()} processors, load {load_before:.1f} before and {os.getloadavg()[0]:.1f} after")
    console.print(
        f"SQLite alone, 5 KB rows, every commit synced: {limits[1]:,.0f}/s one a commit, {limits[50]:,.0f}/s 50"
    )
    console.print(_rates_table(figures))
    console.print(_phone_table(phone))
    console.print(f"ticket to page attempt, {paged.waiting} tickets waiting: {paged.p50_ms:.0f} ms p50")
    console.print(_goals_table(goals))
    return 0


def _add_postfix(folder: Path, figures: dict[Pattern, Figures], size: Size) -> None:
    if not postfix.is_installed():
        return
    with postfix.postfix(folder) as port:
        for pattern, found in figures.items():
            found.postfix = postfix.rates(port, pattern, size)


# ---------------------------------------------------------------------------------------------------------------- goals


def _goals(figures: dict[Pattern, Figures], memory_mb: float, visible: float, grown: Growth | None) -> list[Goal]:
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
    if grown:
        goals += [
            _at_most("cost of a mail, 100,000 tickets / 100: time", grown.wall_ratio(), GROWTH),
            _at_most("cost of a mail, 100,000 tickets / 100: CPU", grown.cpu_ratio(), GROWTH),
        ]
    for pattern, found in crowded.items():
        if found.postfix:
            ratio = statistics.median(found.answered) / statistics.median(found.postfix)
            goals.append(_at_least(f"250 / Postfix, {pattern.name}", ratio, 1.0, 1.0))
    return goals


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


# ------------------------------------------------------------------------------------------------------------- printing


def _rates_table(figures: dict[Pattern, Figures]) -> Table:
    table = Table(title="mails a second (median of the runs, all runs in brackets)", box=box.SIMPLE_HEAD)
    table.add_column("load", no_wrap=True)
    columns = (
        "sink",
        "250 after commit",
        "/ sink",
        "tickets",
        "/ sink",
        "p50 ms",
        "p99 ms",
        "CPU ms a mail",
        "Postfix",
    )
    for column in columns:
        table.add_column(column, justify="right")
    for pattern, found in figures.items():
        table.add_row(
            pattern.name,
            _several(found.sink),
            _several(found.answered),
            f"{found.answered_of_sink():.2f}",
            _several(found.tickets),
            f"{found.tickets_of_sink():.2f}",
            f"{statistics.median(found.p50_ms):.1f}",
            f"{statistics.median(found.p99_ms):.1f}",
            f"{statistics.median(found.cpu_ms):.1f}",
            _several(found.postfix) if found.postfix else "–",
        )
    return table


def _phone_table(phone: Mapping[str, webhooks.Answered]) -> Table:
    calls = f"{webhooks.LINES} calls, a webhook each {webhooks.EVERY_S:g} s"
    table = Table(title=f"webhooks over {webhooks.LINES} lines: at full speed, and as {calls}", box=box.SIMPLE_HEAD)
    table.add_column("path", no_wrap=True)
    for column in ("a second", "p50 ms", "p99 ms", "as calls: p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    for kind, found in phone.items():
        figures = (found.rate, found.p50_ms, found.p99_ms, found.paced_p50_ms, found.paced_p99_ms)
        table.add_row(f"/twilio/{kind}", *map(_several, figures))
    return table


def _several(values: list[float]) -> str:
    each = " ".join(f"{value:.0f}" for value in sorted(values))
    return f"{statistics.median(values):.0f} ({each})" if len(values) > 1 else each


def _goals_table(goals: list[Goal]) -> Table:
    table = Table(title="goals", box=box.SIMPLE_HEAD)
    table.add_column("figure", no_wrap=True)
    table.add_column("measured", justify="right")
    table.add_column("goal", no_wrap=True)
    table.add_column("met")
    for goal in goals:
        table.add_row(goal.figure, goal.value, goal.goal, "yes" if goal.met else "NO")
    return table


def _document(
    figures: dict[Pattern, Figures],
    limits: dict[int, float],
    goals: list[Goal],
    grown: Growth | None,
    phone: Mapping[str, webhooks.Answered],
    paged: pages.Paged,
) -> dict[str, Any]:
    return {
        "sqlite_rows_per_s": limits,
        "rates": [{"load": asdict(pattern), **asdict(found)} for pattern, found in figures.items()],
        "growth": asdict(grown) if grown else None,
        "webhooks": {kind: asdict(found) for kind, found in phone.items()},
        "pages": asdict(paged),
        "goals": [asdict(goal) for goal in goals],
    }


if __name__ == "__main__":
    sys.exit(main())
