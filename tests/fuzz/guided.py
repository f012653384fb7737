"""Fuzzing that is led by coverage (atheris): an input that reaches new code is kept, and spoilt further.

    python -m tests.fuzz.guided --target mail --seconds 60

libFuzzer ends its process at the first failure, so each target has processes of its own; what it found is tried again
by `tests.fuzz.running`, which knows whether the like was found before.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.fuzz.every import EVERY
from tests.fuzz.inside import MAX_BYTES
from tests.fuzz.running import MAX_FAILURES, Result, tried

if TYPE_CHECKING:
    from tests.fuzz.targets import Target

GUIDED = ("mail", "tnef", "rtf", "calendar", "smime", "html", "quotes", "text", "header", "pec", "store")
"""Targets whose code is Python, so that there is coverage to be led by."""
SEEDS = 60
LEAST_S = 2.0
START_S = 240.0
"""A busy machine needs minutes to load every module and to put the measuring into it."""


def run_guided(target: Target, seconds: float, *, measured: str = "") -> Result:
    """One target for so long, in as many processes as it takes. `measured`: fewer modules, for a quicker start."""
    result, began = Result(f"{target.name}*"), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="centralino-guided-") as folder:
        corpus = _corpus(target, Path(folder))
        while (left := seconds - (time.monotonic() - began)) > LEAST_S and len(result.failures) < MAX_FAILURES:
            _process(target, corpus, left, measured)
            if not _collected(target, corpus, result):
                break
        result.inputs = sum(1 for _ in (corpus / "found").iterdir())
    result.took_s = time.monotonic() - began
    return result


def _corpus(target: Target, folder: Path) -> Path:
    """The folder of what was found to be worth keeping, begun with inputs of the other kind of fuzzing."""
    (folder / "found").mkdir()
    (folder / "broken").mkdir()
    for number in range(SEEDS):
        raw = target.draw(Random(f"seed/{target.name}/{number}"))[:MAX_BYTES]  # noqa: S311 - to be repeatable
        (folder / "found" / hashlib.sha256(raw).hexdigest()).write_bytes(raw)
    return folder


def _process(target: Target, folder: Path, seconds: float, measured: str) -> None:
    words = [sys.executable, "-m", "tests.fuzz.inside", target.name, str(folder), str(max(1, int(seconds))), measured]
    root = Path(__file__).parents[2]
    with contextlib.suppress(subprocess.TimeoutExpired):  # what it found until then is in the folder
        subprocess.run(words, cwd=root, timeout=seconds + START_S, check=False, capture_output=True)


def _collected(target: Target, folder: Path, result: Result) -> bool:
    """Whether something new was found; it is tried again here, where a failure is known by its place."""
    found = False
    for file in sorted((folder / "broken").iterdir()):
        failure, took_s = tried(target, file.read_bytes())
        result.slowest_s = max(result.slowest_s, took_s)
        file.unlink()
        found = (failure is not None and result.add(failure)) or found
    return found


def main() -> int:
    """One target from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", choices=GUIDED, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    result = run_guided(next(each for each in EVERY if each.name == options.target), options.seconds)
    print(f"{result.inputs} inputs worth keeping, {len(result.failures)} failures")
    for failure in result.failures:
        print(failure.error, failure.trace, sep="\n")
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
