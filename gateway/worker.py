"""The loops that keep the flow going. They hold no state: what is due is a row, and a lost wake-up costs one tick.

One thread files, one looks after the timers, and each lane of outlets has threads of its own, so that a slow mail
server never holds up a page.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway import flow, journal
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.ports import Gateway, Outlet

TICK_S = 1.0
"""How long a loop sleeps at the most: the ticker and every commit wake it sooner."""
PAUSE_AFTER_ERROR_S = 1.0
REST_S = 0.1
"""How long a loop that found nothing leaves the store alone: every commit wakes it, and each look costs a turn there.
Filing has no rest, so that a ticket is seen at once; a message leaves this much later at the most (P6 allows 30 s)."""

LANES: Mapping[str, tuple[tuple[Channel, ...], int]] = {
    "page": ((Channel.SMS, Channel.VOICE), 3),
    "mail": ((Channel.MAIL, Channel.PEC), 3),
}


@dataclass(slots=True)
class Loop:
    """One thread that does one step again and again until there is nothing left, then waits to be woken."""

    name: str
    step: Callable[[], int]
    stopping: threading.Event
    rest_s: float = 0.0
    wake: threading.Event = field(default_factory=threading.Event)
    progressed_at: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Until told to stop. A broad except: the loop survives everything and says so."""
        while not self.stopping.is_set():
            self.wake.clear()
            try:
                did = self.step()
            except Exception as error:  # noqa: BLE001 - the edge of a loop: journalled, and the loop goes on
                journal.loop_failed(self.name, error)
                self.stopping.wait(PAUSE_AFTER_ERROR_S)
                did = 0
            self.progressed_at = time.monotonic()
            if not did:
                self.wake.wait(TICK_S)
                self.stopping.wait(self.rest_s)


class Worker:
    """The loops over one gateway. `wake` may be called from any thread, as often as one likes."""

    def __init__(
        self, gw: Gateway, outlets: Mapping[Channel, Outlet], *, busy: Callable[[], bool] = lambda: False
    ) -> None:
        self._gw = gw
        self._outlets = outlets
        self._busy = busy
        self._stopping = threading.Event()
        self.loops = [
            Loop("file", self._file, self._stopping),
            Loop("file-large", lambda: flow.file_next(gw, large=True), self._stopping, REST_S),
            Loop("chase", lambda: flow.chase_next(gw), self._stopping, REST_S),
            *(
                Loop(f"{lane}-{n}", self._sender(channels), self._stopping, REST_S)
                for lane, (channels, threads) in LANES.items()
                for n in range(threads)
            ),
        ]
        self._threads = [threading.Thread(target=loop.run, name=loop.name, daemon=True) for loop in self.loops]

    def _sender(self, channels: tuple[Channel, ...]) -> Callable[[], int]:
        return lambda: flow.deliver_next(self._gw, self._outlets, channels)

    def _file(self) -> int:
        """Filing gives way to doors that are taking contacts in, but never for long (what waits must be seen)."""
        for _ in range(MOST_PAUSES):
            if not self._busy() or self._stopping.wait(PAUSE_WHILE_BUSY_S):
                break
        return flow.file_next(self._gw)

    def start(self) -> None:
        """Start every loop."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something was committed, or a tick passed: look whether there is work."""
        for loop in self.loops:
            loop.wake.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the step at hand and end. What was not done is due in its row."""
        self._stopping.set()
        self.wake()
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def stalled_s(self) -> float:
        """How long ago the slowest loop last made progress, in seconds: the watchdog is fed while this is small."""
        now = time.monotonic()
        return max(now - loop.progressed_at for loop in self.loops)


PAUSE_WHILE_BUSY_S = 0.02
MOST_PAUSES = 50
