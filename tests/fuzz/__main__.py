"""make fuzz: hostile bytes against every parser, and what must hold whatever they are.

    python -m tests.fuzz [--seconds 600] [--unguided] [--seed S] [--target NAME …] [--keep FOLDER]
    python -m tests.fuzz --reproduce FILE --target NAME

Exit 1 when a promise was broken: the inputs, their tracebacks and the commands that try them again are kept. The same
seed and corpus give the same inputs in the same order; how many there are depends on the time and on the machine.
Half of the time goes to inputs that are led by coverage (atheris; marked * in the table, where what was worth keeping
is counted): they differ each time, and what they find is kept like the rest.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from config.logs import configure
from tests.fuzz import material
from tests.fuzz.every import EVERY
from tests.fuzz.guided import GUIDED, run_guided
from tests.fuzz.running import Result, kept, run, tried
from tests.fuzz.targets import Target


def main() -> int:
    """Run what was asked for; the exit status."""
    options = _options()
    configure(level=logging.CRITICAL)  # refusals are what is looked for: nobody needs their journal
    console = Console()
    wanted = [target for target in EVERY if not options.target or target.name in options.target]
    if options.reproduce:
        return _reproduced(wanted, options.reproduce, console)
    console.print(f"seed {options.seed}, {material.add_corpus()} seeds of the corpus")
    guided = [] if options.unguided else [target for target in wanted if target.name in GUIDED]
    share = options.seconds / 2 if guided else options.seconds
    drawn = _run(wanted, share / len(wanted), options.seed, console)
    results = [saved(result, options.keep, options.seed) for result in drawn]
    for target in guided:
        console.print(f"{target.name}: led by coverage for {share / len(guided):.0f} s")
        results.append(saved(run_guided(target, share / len(guided)), options.keep, options.seed))
    console.print(_table(results))
    failures = [failure for result in results for failure in result.failures]
    for failure in failures:
        console.print(f"[red]{failure.target}[/red]: ", end="")
        console.print(f"{failure.error}\n  {kept(failure, options.keep, options.seed)}", markup=False, highlight=False)
    console.print(f"FAILED: {len(failures)} different failures" if failures else "every promise held")
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    names = [target.name for target in EVERY]
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--seconds", type=float, default=600.0, help="for all targets together (default 600)")
    parser.add_argument("--unguided", action="store_true", help="only drawn inputs, none led by coverage")
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--target", nargs="+", action="extend", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "centralino-fuzz", metavar="FOLDER")
    parser.add_argument("--reproduce", type=Path, metavar="FILE", help="try one kept input again; needs one --target")
    options = parser.parse_args()
    if options.reproduce and len(options.target or ()) != 1:
        parser.error("--reproduce needs exactly one --target")
    return options


def _reproduced(wanted: list[Target], file: Path, console: Console) -> int:
    failure, took_s = tried(wanted[0], file.read_bytes())
    said = failure.trace if failure else "every promise held\n"
    console.print(f"{said}{took_s:.2f} s", markup=False, highlight=False)
    return 1 if failure else 0


def saved(result: Result, folder: Path, seed: str) -> Result:
    """The result, its failures written at once: whoever ends the run before its end still has them."""
    for failure in result.failures:
        kept(failure, folder, seed)
    return result


def _run(wanted: list[Target], seconds: float, seed: str, console: Console) -> Iterator[Result]:
    """Each target for its share of the time, with a bar for each."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.fields[inputs]:>8} inputs  {task.fields[failures]} failures"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        for target in wanted:
            bar = progress.add_task(target.name, total=seconds, inputs=0, failures=0)

            def count(result: Result, bar: object = bar) -> None:
                progress.update(
                    bar,  # type: ignore[arg-type]  # a default argument cannot be inferred
                    completed=result.took_s,
                    inputs=result.inputs,
                    failures=len(result.failures),
                )

            yield run(target, seed, seconds=seconds, on_input=count)
            progress.update(bar, completed=seconds)


def _table(results: list[Result]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("target")
    for column in ("inputs", "inputs/s", "slowest ms", "failures"):
        table.add_column(column, justify="right")
    for one in results:
        rate = one.inputs / one.took_s if one.took_s else 0.0
        table.add_row(
            one.target, str(one.inputs), f"{rate:.0f}", f"{one.slowest_s * 1000:.0f}", str(len(one.failures) or "–")
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
