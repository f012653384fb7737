"""Filing lets the doors go first, but not for ever."""

from __future__ import annotations

import threading

import pytest

from gateway import worker
from gateway.worker import MOST_WAIT_S, PAUSE_WHILE_BUSY_S, GiveWay


class Passing(threading.Event):
    """Time passes only while somebody waits for the end."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 100.0

    def wait(self, timeout: float | None = None) -> bool:
        self.now_s += timeout or 0.0
        return self.is_set()

    def monotonic(self) -> float:
        return self.now_s


class Doors:
    """Doors that are busy or quiet, and how often they were asked; `quiet_at` every so-many-th look all the same."""

    def __init__(self, *, busy: bool, quiet_at: int = 1_000_000) -> None:
        self.busy = busy
        self.asked = 0
        self._quiet_at = quiet_at

    def __call__(self) -> bool:
        self.asked += 1
        return self.busy and self.asked % self._quiet_at > 0


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Passing:
    passing = Passing()
    monkeypatch.setattr(worker, "time", passing)
    return passing


def test_nobody_waits_for_doors_that_are_quiet(passing: Passing) -> None:
    doors = Doors(busy=False)
    GiveWay(doors, passing)()
    assert doors.asked == 1
    assert passing.now_s == 100.0


def test_after_a_long_wait_comes_a_turn_in_which_nobody_is_let_go_first(passing: Passing) -> None:
    """P6: under a flood that does not end every other moment is filing's."""
    doors = Doors(busy=True)
    give_way = GiveWay(doors, passing)
    give_way()
    waited_s = passing.now_s - 100.0
    assert MOST_WAIT_S <= waited_s <= MOST_WAIT_S + PAUSE_WHILE_BUSY_S
    asked = doors.asked
    passing.now_s += waited_s * 0.99
    give_way()
    assert doors.asked == asked
    passing.now_s += waited_s * 0.02
    give_way()
    assert doors.asked == 2 * asked


def test_many_short_waits_earn_a_turn_like_a_long_one(passing: Passing) -> None:
    """P6: of many slow clients one speaks nearly always; filing had less from them than under a flood."""
    doors = Doors(busy=True, quiet_at=200)
    give_way = GiveWay(doors, passing)
    for _ in range(3):
        give_way()
    assert passing.now_s - 100.0 == pytest.approx(MOST_WAIT_S, abs=2 * PAUSE_WHILE_BUSY_S)
    asked = doors.asked
    passing.now_s += MOST_WAIT_S * 0.99
    give_way()
    assert doors.asked == asked


def test_whoever_found_the_doors_quiet_at_once_has_all_the_patience_again(passing: Passing) -> None:
    """A burst after small traffic passes at full speed."""
    doors = Doors(busy=True, quiet_at=200)
    give_way = GiveWay(doors, passing)
    for _ in range(20):
        doors.busy = True
        give_way()
        doors.busy = False
        asked = doors.asked
        give_way()
        assert doors.asked == asked + 1


def test_whoever_is_told_to_stop_does_not_wait(passing: Passing) -> None:
    passing.set()
    doors = Doors(busy=True)
    GiveWay(doors, passing)()
    assert doors.asked == 1
