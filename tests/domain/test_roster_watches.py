"""Who is called from when to when, and the watches that people live."""

from __future__ import annotations

from datetime import UTC, date, time, timedelta

from gateway.domain.roster import By, Closed, Rotation, WeeklyShift, closed_times, next_watch, watches
from tests.domain.rosters import ANNA, BRUNO, C2, CARLA, DARIO, DUTY, change, roster, wall
from tests.domain.shipped import rome

WEEKS = Rotation(C2.id, "settimane", ("anna", "bruno", "carla"), wall("2026-11-27 18:00"))
NIGHTS = WeeklyShift(C2.id, "notti", "anna", None, frozenset(range(4)), time(18), time(8), days_later=1)
WEEKENDS = WeeklyShift(C2.id, "fine settimana", "bruno", "anna", frozenset({4}), time(18), time(8), days_later=3)


def closed(start: str, end: str) -> Closed:
    return Closed(rome(start).astimezone(UTC), rome(end).astimezone(UTC))


def test_the_desk_is_closed_at_night_at_the_weekend_and_on_holidays() -> None:
    """C2.4, C2.6, C2.10: Thursday before the Immacolata week, 7 December is a Monday, 8 December a holiday."""
    found = list(closed_times(C2, rome("2026-12-07 07:00"), rome("2026-12-09 12:00")))
    assert found == [
        closed("2026-12-07 07:00", "2026-12-07 08:00"),
        closed("2026-12-07 18:00", "2026-12-09 08:00"),
    ]


def test_outside_the_validity_nobody_need_be_on_call() -> None:
    """C2.2."""
    assert C2.valid_until == date(2030, 12, 31)
    found = list(closed_times(C2, rome("2030-12-31 20:00"), rome("2031-01-05 00:00")))
    assert found == [closed("2030-12-31 20:00", "2031-01-01 00:00")]
    assert list(closed_times(C2, rome("2031-02-01 00:00"), rome("2031-02-05 00:00"))) == []


def test_a_time_within_the_hours_of_the_desk_is_not_closed() -> None:
    assert list(closed_times(C2, rome("2026-12-07 09:00"), rome("2026-12-07 17:00"))) == []


def test_the_timeline_tells_each_hand_over_once_and_the_fallback_where_nobody_is() -> None:
    """C2.8."""
    swap = change("2026-11-28 20:00", "2026-11-29 08:00", "carla", instead_of="anna")
    found = list(roster(WEEKS).with_changes([swap]).timeline(C2.id, rome("2026-11-27 12:00"), rome("2026-12-05 00:00")))
    assert [(part.chain.contact.id, part.chain.by, part.start) for part in found] == [
        ("carla", By.FALLBACK, rome("2026-11-27 12:00")),
        ("anna", By.SHIFT, rome("2026-11-27 18:00")),
        ("carla", By.SWAP, rome("2026-11-28 20:00")),
        ("anna", By.SHIFT, rome("2026-11-29 08:00")),
        ("bruno", By.SHIFT, rome("2026-12-04 18:00")),
    ]
    assert [part.end for part in found[:-1]] == [part.start for part in found[1:]]


def test_a_hole_without_fallback_is_no_part_of_the_timeline() -> None:
    bare = roster(WEEKS, duty=type(DUTY)(C2.id, None, None, ("C2.8",)))
    (only,) = bare.timeline(C2.id, rome("2026-11-27 12:00"), rome("2026-11-27 20:00"))
    assert only.start == rome("2026-11-27 18:00")


def test_a_contract_without_on_call_has_no_timeline() -> None:
    assert list(roster(WEEKS).timeline("c01-fornitore", rome("2026-11-27 12:00"), rome("2026-11-28 12:00"))) == []


def test_the_nights_of_a_week_are_one_watch_with_the_days_left_out() -> None:
    """C2.8, C2.10: the days belong to the desk."""
    found = list(watches(C2, roster(NIGHTS, WEEKENDS), rome("2026-11-30 08:00"), rome("2026-12-07 08:00")))
    assert [(watch.contact, watch.start, watch.end) for watch in found] == [
        (ANNA, rome("2026-11-30 18:00"), rome("2026-12-04 08:00")),
        (BRUNO, rome("2026-12-04 18:00"), rome("2026-12-07 08:00")),
    ]
    lasted = sum((part.end - part.start for part in found[0].parts), timedelta(0))
    assert lasted == timedelta(hours=4 * 14)
    assert found[1].deputies == (ANNA,)


def test_the_next_watch_is_the_first_that_somebody_else_begins() -> None:
    at = rome("2026-12-01 23:00")
    found = next_watch(C2, roster(NIGHTS, WEEKENDS), at)
    assert found
    assert (found.contact, found.start) == (BRUNO, rome("2026-12-04 18:00"))
    assert (found.end, found.deputies) == (rome("2026-12-07 08:00"), (ANNA,))


def test_a_watch_that_begins_now_is_not_the_next_one() -> None:
    """Whoever handles the hand-over of 18:00 asks for what comes after it."""
    found = next_watch(C2, roster(WEEKS), rome("2026-12-04 18:00"))
    assert found
    assert (found.contact, found.start) == (CARLA, rome("2026-12-11 18:00"))


def test_a_roster_of_one_has_one_watch_and_no_other() -> None:
    alone = Rotation(C2.id, "sempre", ("anna",), wall("2026-01-02 18:00"))
    assert next_watch(C2, roster(alone), rome("2026-11-27 18:00")) is None


def test_a_watch_longer_than_a_month_is_told_to_its_end() -> None:
    long = Rotation(C2.id, "trimestri", ("anna", "bruno"), wall("2026-01-02 18:00"), every_days=91)
    found = next_watch(C2, roster(long), rome("2026-03-27 18:00"))
    assert found
    assert (found.contact, found.start, found.end) == (BRUNO, rome("2026-04-03 18:00"), rome("2026-07-03 08:00"))


def test_a_hole_is_nobodys_watch() -> None:
    """C2.8: the fallback contact is called, and that is an alarm and no turn."""
    found = list(watches(C2, roster(NIGHTS), rome("2026-12-03 18:00"), rome("2026-12-08 08:00")))
    assert {watch.contact for watch in found} == {ANNA}
    assert DARIO not in {watch.contact for watch in found}
