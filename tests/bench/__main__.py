"""`python -m tests.bench`: how fast, beside what the libraries and the disk can do in the same minutes.

Read the ratios: generator, server, relay and database share the machine, with whatever else runs on it. Nothing is
switched off in the daemon: every commit is synced, the register is kept, acknowledgements are queued and sent.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.bench.found import PARTS, Found
from tests.bench.goals import goals_of
from tests.bench.measuring import SHORT, WHOLE
from tests.bench.tables import tables_of


def main() -> int:
    """Measure, print, and exit 0: a figure that falls short is a finding, not a failed run."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="one run of each, few mails: some minutes")
    parser.add_argument("--only", action="append", choices=PARTS, help="this part alone; may be repeated")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args()
    size = SHORT if options.short else WHOLE
    found, load_before = Found(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="centralino-bench-") as name:
        for part, measure in PARTS.items():
            if not options.only or part in options.only:
                print(f"measuring: {part}", file=sys.stderr)
                measure(found, Path(name), size)
    goals = goals_of(found)
    if options.json:
        document = found.document() | {"goals": [asdict(goal) for goal in goals]}
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return 0
    console = Console(width=150) if not sys.stdout.isatty() else Console()
    console.print(f"{os.cpu_count()} processors, load {load_before:.1f} before and {os.getloadavg()[0]:.1f} after")
    for table in tables_of(found, goals):
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
