"""When contacts count as coming in, so that filing gives way to them (decision 0008)."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest

from config import pressure
from config.pressure import Pressure
from gateway.domain.intake import Receipt


class Spoken:
    """A door to which somebody spoke just so long ago."""

    def __init__(self, ago_s: float) -> None:
        self.heard_at = time.monotonic() - ago_s


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "SETTLES_S", 30.0)


def test_nothing_comes_in_before_anybody_came() -> None:
    assert not Pressure().streaming()


def test_a_contact_that_waits_for_its_answer_comes_in_however_long_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is busy with what was filed: that must not look as if the doors were quiet."""
    monkeypatch.setattr(pressure, "SETTLES_S", 0.0)
    waits = Pressure()
    receipt: Future[Receipt] = Future()
    waits.accepted(receipt)
    assert waits.streaming()
    receipt.set_exception(OSError())
    assert not waits.streaming()


def test_a_contact_that_was_refused_at_once_or_given_up_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A store that is broken or closed answers at once, and a client that hangs up takes its contact back."""
    monkeypatch.setattr(pressure, "SETTLES_S", 0.0)
    waits = Pressure()
    refused: Future[Receipt] = Future()
    refused.set_exception(OSError())
    waits.accepted(refused)
    given_up: Future[Receipt] = Future()
    waits.accepted(given_up)
    assert given_up.cancel()
    assert not waits.streaming()


def test_after_an_answer_the_next_one_is_on_its_way() -> None:
    answered = Pressure()
    receipt: Future[Receipt] = Future()
    answered.accepted(receipt)
    receipt.set_result(Receipt(1, repeated=False))
    assert answered.streaming()


def test_whoever_speaks_at_any_door_is_about_to_bring_something() -> None:
    doors = Pressure()
    doors.doors = [Spoken(ago_s=3_600.0), Spoken(ago_s=0.0)]
    assert doors.streaming()
    doors.doors = [Spoken(ago_s=3_600.0)]
    assert not doors.streaming()
