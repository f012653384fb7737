"""make powercut: nothing lost, nothing doubled, whenever the process is killed and whenever the power fails.

    python -m tests.powercut [--short] [--kills N] [--cuts N] [--slice I/N] [--seed S]
                             [--database sqlite|postgresql|both]

Exit 1 on any loss or double, and when a negative control is not reported. The seed that is printed repeats the mails
and the moments that were drawn; what the machine does in between is its own.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.databases import postgres_bin, postgres_server
from tests.powercut import controls, cuts, kills

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.databases import PostgresServer

    Step = Callable[[], None]
    Task = Callable[[str, int], contextlib.AbstractContextManager[Step]]

KILLS, CUTS = 1_000, 200
SHORT_KILLS, SHORT_CUTS = 50, 20
ON_SQLITE = 0.7
SHOWN = 10


@dataclass(slots=True)
class Results:
    """The rows of the table, and what makes the run fail."""

    rows: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add(self, title: str, figures: dict[str, object], problems: dict[str, list[str]]) -> None:
        """One run that must be clean."""
        self.rows.append((title, figures | {name: len(found) for name, found in problems.items()}))
        for name, found in problems.items():
            self.failures += [f"{title}: {name}: {each}" for each in found[:SHOWN]]
            if len(found) > SHOWN:
                self.failures.append(f"{title}: {name}: … and {len(found) - SHOWN} more")

    def control(self, title: str, figures: dict[str, object], reported: int, what: str) -> None:
        """One run that must not be clean."""
        self.rows.append((title, figures | {f"{what} reported": reported}))
        if not reported:
            self.failures.append(f"{title}: nothing {what}: the harness is blind")


def main() -> int:
    """Run what was asked for; the exit status."""
    options = _options()
    for noisy in ("mail.log", "mail.debug", "adapters.rehearsal"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    console = Console()
    seed = f"{options.seed}/{options.slice[0]}"
    console.print(f"seed {options.seed}, slice {options.slice[0]}/{options.slice[1]}")
    results = Results()
    with tempfile.TemporaryDirectory(prefix="centralino-powercut-") as folder:
        _run(options, Path(folder), seed, console, results)
    _print(results, console)
    return 1 if results.failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.powercut", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--short", action="store_true", help=f"{SHORT_KILLS} kills, {SHORT_CUTS} cuts, both controls")
    parser.add_argument("--kills", type=int, help=f"how many, over all databases and slices (default {KILLS})")
    parser.add_argument("--cuts", type=int, help=f"how many, over all slices (default {CUTS})")
    parser.add_argument("--slice", type=_slice, default=(1, 1), help="I/N: do the I-th of N parts")
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    options = parser.parse_args()
    options.kills = _part(options.kills, SHORT_KILLS if options.short else KILLS, options.slice)
    options.cuts = _part(options.cuts, SHORT_CUTS if options.short else CUTS, options.slice)
    return options


def _slice(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not 1 <= int(part) <= int(parts):
        raise argparse.ArgumentTypeError("write 1/10 to 10/10")
    return int(part), int(parts)


def _part(wanted: int | None, default: int, part: tuple[int, int]) -> int:
    """This slice's share; the shares of all slices add up to the whole."""
    whole = default if wanted is None else wanted
    return whole * part[0] // part[1] - whole * (part[0] - 1) // part[1]


def _run(options: argparse.Namespace, folder: Path, seed: str, console: Console, results: Results) -> None:
    on_sqlite = {"sqlite": options.kills, "postgresql": 0, "both": round(options.kills * ON_SQLITE)}[options.database]
    with _progress(console) as task:
        if on_sqlite:
            with task("kills, SQLite", on_sqlite) as step:
                _add(results, kills.run(folder / "sqlite", on_sqlite, seed, on_kill=step))
        if options.kills - on_sqlite:
            with task("kills, PostgreSQL", options.kills - on_sqlite) as step, _server() as server:
                url = server.database()
                _add(
                    results,
                    kills.run(folder / "postgresql", options.kills - on_sqlite, seed, database=url, on_kill=step),
                )
        with task("control: no repeat keys", controls.MOST_KILLS) as step:
            without = controls.doubles_without_repeat_keys(folder / "unique-keys", seed, step)
            title = "control: repeat keys removed"
            results.control(title, {"kills": without.kills}, len(without.verdict.doubled), "doubles")
        _power_cuts(options, folder, seed, task, results)


def _add(results: Results, run: kills.Kills) -> None:
    verdict = run.verdict
    problems = {"lost": verdict.lost, "doubled": verdict.doubled, "wrong": verdict.wrong}
    results.add(f"kills, {run.database}", run.figures, problems)


def _power_cuts(options: argparse.Namespace, folder: Path, seed: str, task: Task, results: Results) -> None:
    if options.cuts:
        with task("power cuts, SQLite", options.cuts) as step:
            real = cuts.run(folder / "cuts", options.cuts, seed, on_cut=step)
            results.add("power cuts, SQLite", real.figures, {"lost": real.lost, "wrong": real.wrong})
    with task("control: synchronous=NORMAL", SHORT_CUTS) as step:
        early = cuts.run(folder / "normal", SHORT_CUTS, seed, synchronous="NORMAL", on_cut=step)
        results.control("control: WAL, synchronous=NORMAL", early.figures, len(early.lost), "losses")


@contextlib.contextmanager
def _progress(console: Console) -> Iterator[Task]:
    """A bar for each part; `task(title, total)` gives a function that counts one."""
    columns = (TextColumn("{task.description:<30}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        @contextlib.contextmanager
        def task(title: str, total: int) -> Iterator[Step]:
            bar = progress.add_task(title, total=total)
            yield lambda: progress.advance(bar)
            progress.update(bar, total=progress.tasks[bar].completed)

        yield task


@contextlib.contextmanager
def _server() -> Iterator[PostgresServer]:
    binaries = postgres_bin()
    if binaries is None:
        sys.exit("PostgreSQL is not installed: apt install postgresql, or run with --database sqlite")
    with postgres_server(binaries) as server:
        yield server


def _print(results: Results, console: Console) -> None:
    for title, figures in results.rows:
        table = Table(title=title, title_justify="left", show_header=False)
        for name, value in figures.items():
            table.add_row(name, str(value))
        console.print(table)
    for failure in results.failures:
        console.print(f"[red]{failure}[/red]", highlight=False)
    console.print("FAILED" if results.failures else "nothing lost, nothing doubled, both controls reported")


if __name__ == "__main__":
    sys.exit(main())
