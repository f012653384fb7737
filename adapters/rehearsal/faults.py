"""What the stand-in carrier can be told to do wrong, for how many requests, and to whom.

A fault is asked at the REST door: it applies to the next `times` requests that match its path, method and number. Each
function below makes one; `faults.add(too_many(retry_after_s=2))`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # an HTTP error: 429, 500, 503, 400 with a code
    LATE = "late"  # the answer comes after `delay_s` real seconds
    NEVER = "never"  # no answer until the client gives up
    GARBAGE = "garbage"  # the right status with something that is no JSON
    CUT = "cut"  # the connection ends without a byte of answer
    SILENT = "silent"  # accepted, and nothing ever happens: no callback, nothing at the telephone
    UNDELIVERED = "undelivered"  # the text ends `undelivered` with `code`
    FAILED = "failed"  # the text ends `failed` with `code`
    DUPLICATED = "duplicated"  # every status callback comes twice
    REVERSED = "reversed"  # status callbacks come last first
    EARLY = "early"  # status callbacks come before the REST answer


@dataclass(slots=True)
class Fault:
    """One wrong. `times` None means until cleared; `path` is a part of the request's path; `number` is its To.

    `acts` says whether the request is carried out although its answer is wrong or missing. `delay_s`: real seconds.
    """

    kind: Kind
    times: int | None = 1
    path: str = ""
    method: str = "POST"
    number: str = ""
    status: int = 503
    code: int | None = None
    retry_after_s: int | None = None
    delay_s: float = 0
    acts: bool = True

    def matches(self, method: str, path: str, number: str) -> bool:
        wanted = self.method in {"", method} and self.path in path
        return wanted and self.number in {"", number} and self.times != 0


def too_many(retry_after_s: int | None = 1, times: int | None = 1) -> Fault:
    """429 with Retry-After (seconds, None for no header); nothing is done."""
    return Fault(Kind.STATUS, times, method="", status=429, code=20429, retry_after_s=retry_after_s, acts=False)


def status(http_status: int, code: int | None = None, times: int | None = 1, *, acts: bool = False) -> Fault:
    """An HTTP error such as 500 or 503 on any request; with `acts` the request is carried out all the same."""
    return Fault(Kind.STATUS, times, method="", status=http_status, code=code, acts=acts)


def late(delay_s: float, times: int | None = 1) -> Fault:
    """Carried out at once, answered after `delay_s` real seconds."""
    return Fault(Kind.LATE, times, delay_s=delay_s)


def never(times: int | None = 1, *, acts: bool = False) -> Fault:
    """No answer until the client gives up; with `acts` it was carried out."""
    return Fault(Kind.NEVER, times, acts=acts)


def garbage(times: int | None = 1) -> Fault:
    """Carried out, answered with something that is not JSON."""
    return Fault(Kind.GARBAGE, times)


def cut(times: int | None = 1, *, acts: bool = True) -> Fault:
    """The connection is cut without an answer, after the request was carried out: the client cannot know."""
    return Fault(Kind.CUT, times, acts=acts)


def silent(times: int | None = 1) -> Fault:
    """Accepted with 201, and then nothing: no callback, nothing at the telephone."""
    return Fault(Kind.SILENT, times)


def undelivered(number: str = "", code: int = 30003, times: int | None = None) -> Fault:
    """Texts to `number` (or to anybody) end `undelivered` with `code`."""
    return Fault(Kind.UNDELIVERED, times, path="/Messages", number=number, code=code)


def failed(number: str = "", code: int = 30008, times: int | None = None) -> Fault:
    """Texts to `number` (or to anybody) end `failed` with `code`."""
    return Fault(Kind.FAILED, times, path="/Messages", number=number, code=code)


def callbacks(how: str, times: int | None = 1) -> Fault:
    """Status callbacks of what the next requests create come `duplicated`, `reversed` or `early`."""
    return Fault(Kind(how), times)


class Faults:
    """The faults in force. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    @property
    def pending(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def strike(self, method: str, path: str, number: str) -> Struck:
        """The faults that hit this request, at most one of each kind; each has one time less from now on."""
        struck: dict[Kind, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.kind not in struck and fault.matches(method, path, number):
                    struck[fault.kind] = fault
                    if fault.times is not None:
                        fault.times -= 1
            self._faults = [fault for fault in self._faults if fault.times != 0]
        return Struck(struck)


class Struck:
    """What goes wrong with one request."""

    def __init__(self, faults: dict[Kind, Fault] | None = None) -> None:
        self._faults = faults or {}

    def __contains__(self, kind: Kind) -> bool:
        return kind in self._faults

    def get(self, kind: Kind) -> Fault | None:
        return self._faults.get(kind)

    @property
    def acts(self) -> bool:
        return all(fault.acts for fault in self._faults.values())

    @property
    def ending(self) -> tuple[str, int | None] | None:
        """How a text ends instead of `delivered`: its status and error code."""
        for kind in (Kind.UNDELIVERED, Kind.FAILED):
            if kind in self._faults:
                return kind.value, self._faults[kind].code
        return None
