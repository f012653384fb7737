"""Filing lets the doors go first, but not for ever."""

from __future__ import annotations

import threading
import time

import pytest

from gateway import worker
from gateway.worker import GiveWay


class Doors:
    """Doors that are busy or quiet, and how often they were asked."""

    def __init__(self, *, busy: bool) -> None:
        self._busy = busy
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self._busy


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSE_WHILE_BUSY_S", 0.01)
    monkeypatch.setattr(worker, "MOST_PAUSES", 10)


def test_nobody_waits_for_doors_that_are_quiet() -> None:
    doors = Doors(busy=False)
    GiveWay(doors, threading.Event())()
    assert doors.asked == 1


def test_after_a_long_wait_comes_a_turn_in_which_nobody_is_let_go_first() -> None:
    """P6: under a flood that does not end every other moment is filing's."""
    doors = Doors(busy=True)
    give_way = GiveWay(doors, threading.Event())
    give_way()
    assert doors.asked == 10
    give_way()
    assert doors.asked == 10
    time.sleep(0.3)
    give_way()
    assert doors.asked == 20


def test_whoever_is_told_to_stop_does_not_wait() -> None:
    stopping = threading.Event()
    stopping.set()
    doors = Doors(busy=True)
    GiveWay(doors, stopping)()
    assert doors.asked == 1
