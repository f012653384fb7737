"""make oncall-year: a year of on-call on the virtual clock; exit 1 when a promise was broken.

    python -m tests.oncall_year [--seed N] [--days N] [--years N] [--name]

The seed that is printed repeats the year: contacts, failures, swaps, outages, and who answers when.
"""

from __future__ import annotations

import argparse
import logging
import secrets
import sys

import structlog
from rich.console import Console
from rich.table import Table

from tests.oncall_year.running import simulate
from tests.oncall_year.world import OUR_NUMBER

SHOWN = 10


def main() -> int:
    """Run, print, and say whether every promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.oncall_year")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--years", type=int, default=1, help="so many runs, each with the next seed")
    parser.add_argument(
        "--name", action="store_true", help="SMS leave from a name: technicians call back and key codes"
    )
    asked = parser.parse_args()
    sender = "ComuneTest" if asked.name else OUR_NUMBER
    console, broken = Console(), False
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for seed in range(asked.seed, asked.seed + asked.years):
        verdict, took_s = simulate(seed, asked.days, sender=sender)
        table = Table("what", "how many", title=f"{asked.days} days of on-call, seed {seed}, {took_s:.1f} s")
        for what, count in sorted(verdict.counted.items()):
            table.add_row(what, str(count))
        table.add_row("slowest first page", str(verdict.slowest_page))
        table.add_row("slowest until a person knew", str(verdict.slowest_person))
        table.add_row("problems", str(len(verdict.problems)))
        console.print(table)
        for problem in verdict.problems[:SHOWN]:
            console.print(f"[red]{problem}")
        broken = broken or bool(verdict.problems)
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
