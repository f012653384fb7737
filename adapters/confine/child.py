"""The child's side: bind oneself, then answer one request after the other until the pipe ends.

Run by path, in isolated mode, by `adapters.confine.pool`: `python -I -B child.py '{"memory_bytes": …}'`. The daemon's
memory, threads and environment are not inherited.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from adapters.confine import wire
from adapters.confine.limits import Limits, apply, begin_task


def main() -> None:
    """Serve until the daemon closes the pipe."""
    told = json.loads(sys.argv[1])
    requests, answers = _private_pipes()
    limits = Limits(told["memory_bytes"], told["cpu_s"], told["max_tasks"])
    apply(limits, told["daemon_pid"])
    while (request := _next(requests)) is not None:
        begin_task(limits)
        try:
            answers.write(_answer(*request))
        except MemoryError:
            answers.write(wire.frame({"outcome": "memory", "detail": "the answer did not fit"}, b""))
        answers.flush()
        del request


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes on numbers of their own, so that a library that prints cannot spoil the answer."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return requests, answers


def _next(requests: BinaryIO) -> tuple[str, bytes] | None:
    lengths = requests.read(wire.LENGTHS.size)
    if len(lengths) < wire.LENGTHS.size:
        return None
    head_bytes, body_bytes = wire.LENGTHS.unpack(lengths)
    function = str(json.loads(requests.read(head_bytes))["function"])
    try:
        return function, requests.read(body_bytes)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # the rest of the request lies in the pipe: this child cannot go on


OUT_OF_MEMORY = 71
"""Exit status of a child that had no room for the request itself."""


def _answer(name: str, payload: bytes) -> bytes:
    try:
        return wire.frame({"outcome": "done"}, _function(name)(payload))
    except MemoryError:
        return wire.frame({"outcome": "memory", "detail": "MemoryError"}, b"")
    except Exception as error:  # noqa: BLE001 - whatever other people's bytes raise is an answer, not a crash
        return wire.frame({"outcome": "error", "detail": f"{type(error).__name__}: {error}"[:300]}, b"")


def _function(name: str) -> Callable[[bytes], bytes]:
    module, _, attribute = name.partition(":")
    found: Callable[[bytes], bytes] = getattr(importlib.import_module(module), attribute)
    return found


if __name__ == "__main__":
    main()
