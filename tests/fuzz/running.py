"""Runs targets: one input after the other, each with a limit of processor time, failures kept as files."""

from __future__ import annotations

import contextlib
import hashlib
import random
import resource
import signal
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from tests.fuzz.targets import Target

CPU_S = 1.0
"""Seconds of processor time for one input (issue 5). A `slow` target has ten times as much: it starts processes."""
MEMORY_BYTES = 256 * 1024 * 1024
"""How much address space one input may take beyond what is in use already."""
MAX_FAILURES = 10
"""Different failures of one target; then it is left alone."""


class TooSlow(BaseException):
    """The time for one input is spent. No parser's own `except Exception` may swallow it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that broke a promise."""

    target: str
    index: int
    raw: bytes
    error: str
    trace: str
    place: str


@dataclass(slots=True)
class Result:
    """What became of one target."""

    target: str
    inputs: int = 0
    took_s: float = 0.0
    slowest_s: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    def add(self, failure: Failure) -> bool:
        """Keep the failure unless its like is known: the same error at the same place. Whether it was new."""
        if any(known.place == failure.place for known in self.failures):
            return False
        self.failures.append(failure)
        return True


def drawn(target: Target, seed: str, index: int) -> bytes:
    """Input number `index` of a target: always the same for a seed."""
    return target.draw(random.Random(f"{seed}/{target.name}/{index}"))  # noqa: S311 - to be repeatable, not secret


def tried(target: Target, raw: bytes, index: int = 0) -> tuple[Failure | None, float]:
    """How the target took the input, and the seconds of processor time that it took."""
    before = time.process_time()
    failure = None
    try:
        with _limited(10 * CPU_S if target.slow else CPU_S), _bounded(None if target.slow else MEMORY_BYTES):
            target.check(raw)
    except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever a parser raises is what we are here for
        failure = _failure(target, raw, index, error)
    return failure, time.process_time() - before


def run(
    target: Target,
    seed: str,
    *,
    seconds: float | None = None,
    inputs: int | None = None,
    on_input: Callable[[Result], None] = lambda _: None,
) -> Result:
    """Inputs for so long, or so many."""
    result, start = Result(target.name), time.monotonic()
    while not _is_over(result, start, seconds, inputs):
        failure, took_s = tried(target, drawn(target, seed, result.inputs), result.inputs)
        result.inputs += 1
        result.took_s = time.monotonic() - start
        result.slowest_s = max(result.slowest_s, took_s)
        if failure is not None:
            result.add(failure)
        on_input(result)
    return result


def _is_over(result: Result, start: float, seconds: float | None, inputs: int | None) -> bool:
    if len(result.failures) >= MAX_FAILURES or (inputs is not None and result.inputs >= inputs):
        return True
    return seconds is not None and time.monotonic() - start >= seconds


def kept(failure: Failure, folder: Path, seed: str) -> str:
    """Write the input and what it did into the folder; the command that tries it again."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{failure.target}-{hashlib.sha256(failure.raw).hexdigest()[:12]}.in"
    command = f"make fuzz ARGS='--reproduce {file} --target {failure.target}'"
    file.write_bytes(failure.raw)
    file.with_suffix(".txt").write_text(
        f"{failure.target}, seed {seed}, input {failure.index}: {failure.error}\n{command}\n\n{failure.trace}",
        errors="backslashreplace",
    )
    return command


def _failure(target: Target, raw: bytes, index: int, error: BaseException) -> Failure:
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1]
    # Where a time limit strikes is chance; how it was reached is not.
    place = "time" if isinstance(error, TooSlow) else f"{type(error).__name__} {last.filename}:{last.lineno}"
    return Failure(
        target=target.name,
        index=index,
        raw=raw,
        error=f"{type(error).__name__}: {str(error)[:300]}",
        trace="".join(traceback.format_exception(error))[-8_000:],
        place=place,
    )


@contextlib.contextmanager
def _bounded(more_bytes: int | None) -> Iterator[None]:
    """Let the process grow by no more than this inside: what asks for more raises MemoryError."""
    if more_bytes is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` when that much processor time is spent inside (main thread only)."""

    def spent(_signal: int, _frame: FrameType | None) -> None:
        raise TooSlow(f"more than {seconds:g} s of processor time")

    before = signal.signal(signal.SIGPROF, spent)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
