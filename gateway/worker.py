"""The loops that keep the flow going. They hold no state: what is due is a row, and a lost wake-up costs one tick.

One thread files, another files what is large, one looks after the timers, and each lane of outlets has threads of its
own, so that a slow mail server never holds up a page.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from gateway import flow, journal
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import timedelta

    from gateway.domain.dispatch import Dispatch
    from gateway.ports import Asking, Gateway, Outlet

TICK_S = 1.0
"""How long a loop sleeps at the most: the ticker and every commit wake it sooner."""
PAUSE_AFTER_ERROR_S = 1.0
REST_S = 0.1
"""How long a loop that found nothing leaves the store alone: every commit wakes it, and each look costs a turn there.
Filing has no rest, so that a ticket is seen at once; a message leaves this much later at the most (P6 allows 30 s)."""

LANES: Mapping[str, tuple[tuple[Channel, ...], int]] = {
    "page": ((Channel.SMS, Channel.VOICE), 4),
    "mail": ((Channel.MAIL, Channel.PEC), 6),
}
"""Channels of a lane, and how many of its messages are under way at once."""


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


class Stepping(Protocol):
    """Work of its own that a loop goes on with: a `Round`, or something that does one piece a step."""

    name: str

    def step(self) -> int:
        """Do one piece; how much was done (0: nothing waits)."""
        ...


@dataclass(slots=True)
class Round:
    """Something that is done again and again in a thread of its own, whether anything was committed or not.

    `do` may use the network; what it finds out it writes down itself. A round that was missed is not made up for.
    """

    name: str
    every: timedelta
    do: Callable[[], None]
    _next_s: float = 0.0

    def step(self) -> int:
        """Do it when its time has come."""
        now = time.monotonic()
        if now >= self._next_s:
            self._next_s = now + self.every.total_seconds()
            self.do()
        return 0


class Lane:
    """One way out: a loop claims what is due, as much as can leave at once, and threads send it."""

    def __init__(self, gw: Gateway, outlets: Mapping[Channel, Outlet], name: str) -> None:
        self._gw = gw
        self._outlets = outlets
        self._channels, self._most = LANES[name]
        self._free = threading.Semaphore(self._most)
        self._senders = ThreadPoolExecutor(self._most, thread_name_prefix=f"send-{name}")

    def step(self) -> int:
        """Claim and hand on; how many there were. Waits while everybody is busy, for a tick at the most."""
        slots = self._take_slots()
        if not slots:
            return 0
        try:
            claimed = flow.claim_due(self._gw, self._channels, slots)
        except BaseException:
            self._give_back(slots)
            raise
        self._give_back(slots - len(claimed))
        for dispatch in claimed:
            self._senders.submit(self._deliver, dispatch)
        return len(claimed)

    def _take_slots(self) -> int:
        if not self._free.acquire(timeout=TICK_S):
            return 0
        slots = 1
        while slots < self._most and self._free.acquire(blocking=False):
            slots += 1
        return slots

    def _give_back(self, slots: int) -> None:
        if slots:
            self._free.release(slots)

    def _deliver(self, dispatch: Dispatch) -> None:
        """In a thread of the lane. What could not be written down is due again when its lease ends."""
        try:
            flow.deliver(self._gw, self._outlets, dispatch)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: journalled, and the lane goes on
            journal.loop_failed("deliver", error)
        finally:
            self._free.release()

    def close(self) -> None:
        """Let what is under way finish; nothing more is taken."""
        self._senders.shutdown(wait=False)


class GiveWay:
    """Lets others go first for a while, and then takes a turn that is as long: what waits must be seen (P6)."""

    def __init__(self, to: Callable[[], bool], stopping: threading.Event) -> None:
        self._to = to
        self._stopping = stopping
        self._waited_s = 0.0
        self._turn_until = 0.0

    def __call__(self) -> None:
        """Wait while the others are busy: for `MOST_WAIT_S` at the most, and not in one's own turn.

        Waits add up until the others were quiet at once: many of one second leave no less than one of two.
        """
        began = now = time.monotonic()
        if began < self._turn_until:
            return
        while self._waited_s + now - began < MOST_WAIT_S and self._to():
            if self._stopping.wait(PAUSE_WHILE_BUSY_S):
                return
            now = time.monotonic()
        self._waited_s = 0.0 if now == began else self._waited_s + now - began
        if self._waited_s >= MOST_WAIT_S:
            self._turn_until, self._waited_s = now + self._waited_s, 0.0


class Worker:
    """The loops over one gateway. `wake` may be called from any thread, as often as one likes."""

    def __init__(
        self,
        gw: Gateway,
        outlets: Mapping[Channel, Outlet],
        *,
        busy: Callable[[], bool] = lambda: False,
        asking: Asking | None = None,
        rounds: Sequence[Stepping] = (),
    ) -> None:
        self._gw = gw
        self._backlog = False
        self._stopping = threading.Event()
        self._to_doors = GiveWay(busy, self._stopping)
        self._to_filing = GiveWay(lambda: self._backlog or busy(), self._stopping)
        self._lanes = {name: Lane(gw, outlets, name) for name in LANES}
        self.loops = [
            Loop("file", self._file, self._stopping),
            Loop("file-large", lambda: flow.file_next(gw, large=True), self._stopping, REST_S),
            Loop("chase", lambda: flow.chase_next(gw), self._stopping, REST_S),
            Loop("page", self._lanes["page"].step, self._stopping, REST_S),
            Loop("status", lambda: flow.ask_next(gw, asking), self._stopping, REST_S),
            Loop("mail", self._mail, self._stopping, REST_S),
        ]
        self.loops += [Loop(each.name, each.step, self._stopping, TICK_S) for each in rounds]
        self._threads = [threading.Thread(target=loop.run, name=loop.name, daemon=True) for loop in self.loops]

    def _file(self) -> int:
        """Filing gives way to doors that are taking contacts in (decision 0008)."""
        self._to_doors()
        filed = flow.file_next(self._gw, give_way=self._between)
        self._backlog = filed > 0
        return filed

    def _between(self) -> None:
        self._backlog = True
        self._to_doors()

    def _mail(self) -> int:
        """Mails out give way to filing as well; pages do not."""
        self._to_filing()
        return self._lanes["mail"].step()

    def start(self) -> None:
        """Start every loop."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Something was committed, or a tick passed: look whether there is work."""
        for loop in self.loops:
            loop.wake.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Finish the step at hand and end. What was not done is due in its row. One that never began just ends."""
        self._stopping.set()
        self.wake()
        until = time.monotonic() + timeout_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))
        for lane in self._lanes.values():
            lane.close()

    def stalled_s(self) -> float:
        """How long ago the slowest loop last made progress, in seconds: the watchdog is fed while this is small."""
        now = time.monotonic()
        return max(now - loop.progressed_at for loop in self.loops)


PAUSE_WHILE_BUSY_S = 0.004
MOST_WAIT_S = 2.0
