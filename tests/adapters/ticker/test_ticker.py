"""The metronome: the daily work begins at five past midnight in Rome, every day of the year and once (S165, F14)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from apscheduler.triggers.cron import CronTrigger

from adapters.ticker import Ticker
from gateway.domain.hours import local


def daily(after: datetime) -> datetime:
    """When the daily work comes next after an instant."""
    ticker = Ticker(lambda: None, lambda: None)
    (trigger,) = [job.trigger for job in ticker._scheduler.get_jobs() if isinstance(job.trigger, CronTrigger)]  # noqa: SLF001 - what it planned is asked of nobody else
    found = trigger.get_next_fire_time(None, after)
    while found is not None and local(found).hour != 0:  # the other of the two, when there is nothing left to do
        found = trigger.get_next_fire_time(found, found + timedelta(seconds=1))
    assert found is not None
    at: datetime = found.astimezone(UTC)
    return at


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-11-24T23:04:59+00:00", "2026-11-24T23:05:00+00:00"),
        ("2026-07-01T12:00:00+00:00", "2026-07-01T22:05:00+00:00"),
        ("2027-03-27T23:06:00+00:00", "2027-03-28T22:05:00+00:00"),  # a day of 23 hours
        ("2026-10-24T22:06:00+00:00", "2026-10-25T23:05:00+00:00"),  # a day of 25 hours
        ("2026-12-31T12:00:00+00:00", "2026-12-31T23:05:00+00:00"),
        ("2028-02-28T23:06:00+00:00", "2028-02-29T23:05:00+00:00"),
    ],
)
def test_s165_the_daily_work_comes_at_five_past_midnight_in_rome(after: str, expected: str) -> None:
    """X14, S165."""
    assert daily(datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


def test_every_day_of_a_year_has_it_once() -> None:
    """F14: no hour of it is skipped or repeated."""
    at, seen = datetime(2026, 1, 1, 0, 0, tzinfo=UTC), []
    while at < datetime(2027, 1, 1, tzinfo=UTC):
        at = daily(at + timedelta(seconds=1))
        seen.append(local(at).date())
    assert seen[:2] == [date(2026, 1, 2), date(2026, 1, 3)]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(seen))


def test_told_as_romes_own_time_a_day_in_march_would_be_left_out() -> None:
    """Why the hours are UTC's: when this fails, APScheduler has learnt it and `DAILY_AT` may be Rome's."""
    told = CronTrigger(hour=0, minute=5, timezone="Europe/Rome")
    found = told.get_next_fire_time(None, datetime(2027, 3, 27, 23, 6, tzinfo=UTC))
    assert local(found).date() == date(2027, 3, 30)
