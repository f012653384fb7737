"""The figures as tables for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table

from tests.bench import webhooks
from tests.bench.everything import Everything
from tests.bench.found import Found
from tests.bench.goals import Goal
from tests.bench.measuring import Figures, Pattern


def tables_of(found: Found, goals: Sequence[Goal]) -> Iterator[RenderableType]:
    """A table for each part that was measured; the goals last."""
    if found.limits:
        one, many = found.limits[1], found.limits[50]
        yield f"SQLite alone, 5 KB rows, every commit synced: {one:,.0f}/s one a commit, {many:,.0f}/s 50"
    if found.figures:
        yield _rates_table(found.figures)
    if found.everything:
        yield _everything_table(found.everything)
        yield _stages_table(found.everything.stages)
    if found.phone:
        yield _phone_table(found.phone)
    if found.paged:
        yield f"ticket to page attempt, {found.paged.waiting} tickets waiting: {found.paged.p50_ms:.0f} ms p50"
    yield _goals_table(goals)


def _everything_table(everything: Everything) -> Table:
    table = Table(title="signed letters with an attachment: 250s a second", box=box.SIMPLE_HEAD)
    table.add_column("load", no_wrap=True)
    for column in ("plain", "everything on", "/ plain", "tickets, everything on"):
        table.add_column(column, justify="right")
    for pattern, found in everything.rates.items():
        ratio = f"{found.ratio():.2f}"
        table.add_row(pattern.name, _several(found.plain), _several(found.on), ratio, _several(found.tickets))
    return table


def _stages_table(stages: Mapping[str, float]) -> Table:
    table = Table(title="what each stage takes of a mail, alone", box=box.SIMPLE_HEAD)
    table.add_column("stage", no_wrap=True)
    table.add_column("ms", justify="right")
    for stage, took_ms in stages.items():
        table.add_row(stage, f"{took_ms:.1f}")
    return table


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


def _goals_table(goals: Sequence[Goal]) -> Table:
    table = Table(title="goals", box=box.SIMPLE_HEAD)
    table.add_column("figure", no_wrap=True)
    table.add_column("measured", justify="right")
    table.add_column("goal", no_wrap=True)
    table.add_column("met")
    for goal in goals:
        table.add_row(goal.figure, goal.value, goal.goal, "yes" if goal.met else "NO")
    return table
