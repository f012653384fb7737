"""Counting of days: working days, calendar months, the last day of a period, and how it was found.

Days are local days in Rome. The day of the event is never counted [dies a quo non computatur in termino], the last one
is [dies ad quem] (art. 2963 c.c.). What is no working day for a visit, a Saturday or a patron saint, does not for that
reason move the end of a period: art. 1187 c.c. knows Sundays and public holidays only.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Calendar, Period, Suspension

ONE_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6
NATIONAL = "national"
MONTHS_A_YEAR = 12


class Kind(StrEnum):
    """What a day, or a part of one, was for a term or period."""

    FIRST_DAY = "first_day"
    """The day of the request or of the act, not counted."""
    REOPENS = "reopens"
    """Received while closed: counted as received at the reopening."""
    COUNTED = "counted"
    STANDING = "standing"
    """The clock stood still for an allowed reason."""
    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    CLOSED = "closed"
    """No service that day, or none any more: nothing to count."""
    CORRESPONDING = "corresponding"
    """The day of the month that corresponds to the act's."""
    LAST_OF_MONTH = "last_of_month"
    """The last day of a month that has no corresponding day."""
    MOVED = "moved"
    """It would be the last day, but is a Sunday or a national holiday: the end moves on (art. 1187 c.c.)."""
    DUE = "due"
    """The term or period ends."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a count: a local day, what it was, and how much of it was counted (None: nothing).

    `from_at` and `to_at` (UTC) bound what a clock counted or stood still; on days that count as a whole they are None,
    and in a `DUE` step `to_at` is the end of the term. `reason` belongs to `STANDING`.
    """

    day: date
    kind: Kind
    holiday: str | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    counted: timedelta | None = None
    reason: Suspension | None = None


def is_working_day(calendar: Calendar, day: date) -> bool:
    """Whether it is a working day [giorno lavorativo]: Monday to Friday and no holiday of the calendar (DOMAIN 2)."""
    return day.weekday() < SATURDAY and calendar.holiday_on(day) is None


def working_day_after(day: date, count: int, calendar: Calendar) -> date:
    """The `count`-th working day after a day, which is not counted itself; 0: the day itself or the next working one.

    Raises:
        ValueError: `count` is below 0.

    Source: C3.11, DOMAIN 2 "Working day".
    """
    if count < 0:
        raise ValueError(f"{count} working days cannot be counted from a day on")
    found = day if count == 0 else day + ONE_DAY
    missing = max(count, 1)
    while True:
        missing -= is_working_day(calendar, found)
        if not missing:
            return found
        found += ONE_DAY


def is_day_of_rest(calendar: Calendar, day: date) -> bool:
    """Whether a last day that falls here moves on: a Sunday or a national holiday (art. 1187 c.c.).

    A Saturday, the patron saint and days that only the contract keeps do not. A calendar that does not say by which
    rule its days are holidays has national ones only.
    """
    if day.weekday() == SUNDAY:
        return True
    if calendar.holiday_on(day) is None:
        return False
    return not calendar.rules or calendar.rules.get(day) == NATIONAL


def add_months(day: date, months: int) -> date:
    """The corresponding day so many calendar months later, or the last day of that month if it has none (art. 2963)."""
    years, month = divmod(day.month - 1 + months, MONTHS_A_YEAR)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def period_end(period: Period, act_on: date, holidays: Calendar) -> date:
    """The last day of a period, itself included until 24:00; the day of the act is not counted.

    Where the period `extends`, a last day that is a Sunday or a national holiday moves to the next that is neither.

    Source: C3.19, C3.23; arts. 2963 and 1187 c.c.
    """
    last = add_months(act_on, period.months)
    while period.extends and is_day_of_rest(holidays, last):
        last += ONE_DAY
    return last


def last_day_of(period: Period, contract: Contract) -> date | None:
    """The last day of a period of a contract; None while its act is not recorded.

    Over which holidays it moves is said by law, not by the hours of the desk: a desk that is staffed on holidays (A3.1)
    makes no last day of 4 October.
    """
    act = contract.act(period.after)
    return period_end(period, act.on, contract.national) if act else None


def period_steps(period: Period, act_on: date, holidays: Calendar) -> tuple[Step, ...]:
    """How the last day of a period was found: the act, the corresponding day, each day it moved over, the last day."""
    found = add_months(act_on, period.months)
    last = period_end(period, act_on, holidays)
    corresponds = Kind.CORRESPONDING if found.day == act_on.day else Kind.LAST_OF_MONTH
    passed = (found + timedelta(days=n) for n in range((last - found).days))
    moved = (Step(day, Kind.MOVED, holidays.holiday_on(day)) for day in passed)
    return (Step(act_on, Kind.FIRST_DAY), Step(found, corresponds), *moved, Step(last, Kind.DUE))
