"""The kinds of values that the tables of a contract file are made of."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, Field

from config.fields import refuse, wall_time
from config.load.calendars import day_in
from gateway.domain.contract import MIDNIGHT
from gateway.domain.provisions import Counting, Retention

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
EndpointChannel = Literal["phone", "sms", "mail", "pec", "fax"]
SummaryField = Literal[
    "number",
    "contract",
    "priority",
    "system",
    "workstation",
    "occurrence",
    "description",
    "steps",
    "expected_obtained",
    "error",
    "analysis",
    "actions",
    "workaround",
    "articles",
    "attachments",
    "contact",
    "term",
]
TicketTypeName = Literal["assistance", "advice", "information", "report", "complaint", "need", "change", "other"]
ClauseId = Annotated[str, Field(pattern=r"^[A-Z]\d{1,2}(\.\d{1,2})?$")]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$")]
"""The id of something in a contract file: a phase `A`, a site `cagliari`."""
PersonId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")]
"""The id of somebody in the directory."""
Positive = Annotated[int, Field(ge=1, strict=True)]

LONGEST_YEARS = 60
"""How long a contract, a period or a term may last at most; a longer one is a slip of the pen."""
MONTHS_A_YEAR, DAYS_A_YEAR, DAYS_A_WORKING_DAY = 12, 365, 3

_AMOUNT = re.compile(r"(\d{1,5}) ?([a-z]+(?: [a-z]+)*)")
_ELAPSED = {"m": 1, "minute": 1, "minutes": 1, "h": 60, "hour": 60, "hours": 60}
_SERVICE = {"service minute": 1, "service minutes": 1, "service hour": 60, "service hours": 60}
_DAYS = {
    "day": Counting.DAYS,
    "days": Counting.DAYS,
    "working day": Counting.WORKING_DAYS,
    "working days": Counting.WORKING_DAYS,
}
_MONTHS = {"month": 1, "months": 1, "year": 12, "years": 12}
_NAMED = {"end of day": 0, "next working day": 1}


class Within(NamedTuple):
    """A term as it is counted: `time` on the clocks `ELAPSED` and `SERVICE`, `days` on the others."""

    counting: Counting
    time: timedelta = timedelta(0)
    days: int = 0


def within(text: str) -> Within | None:
    """The term that is written `30m`, `4 service hours`, `1 working day`, `30 days`, `end of day`; None when none is.

    `end of day` is the day of the request when that is a working day, else the next one; `next working day` is the
    first working day after it.
    """
    if text in _NAMED:
        return Within(Counting.WORKING_DAYS, days=_NAMED[text])
    amount, unit = _amount(text)
    if unit in _ELAPSED:
        return Within(Counting.ELAPSED, time=timedelta(minutes=amount * _ELAPSED[unit]))
    if unit in _SERVICE:
        return Within(Counting.SERVICE, time=timedelta(minutes=amount * _SERVICE[unit]))
    return Within(_DAYS[unit], days=amount) if unit in _DAYS else None


def calendar_months(text: str) -> int | None:
    """How many calendar months `6 months` or `1 year` are; None when the text says no such period."""
    amount, unit = _amount(text)
    return amount * _MONTHS[unit] if unit in _MONTHS else None


def longest_years(text: str) -> int:
    """How many years, rounded up, a period or a term in days may last at most; 0 for one in hours.

    A working day is counted as three days: no calendar has so many holidays.
    """
    months = calendar_months(text)
    if months is not None:
        return -(-months // MONTHS_A_YEAR)
    read = within(text)
    return -(-read.days * DAYS_A_WORKING_DAY // DAYS_A_YEAR) if read else 0


def kept(of: str, text: str) -> Retention | None:
    """How long data of a class are kept, written `24 months`, `10 years` or `90 days`; None when it says no time."""
    amount, unit = _amount(text)
    if unit in _MONTHS:
        return Retention(of, months=amount * _MONTHS[unit])
    return Retention(of, days=amount) if unit in {"day", "days"} else None


def _amount(text: str) -> tuple[int, str]:
    """The number and the unit of an amount above zero; `(0, "")` when the text is none."""
    found = _AMOUNT.fullmatch(text)
    return (int(found[1]), found[2]) if found and int(found[1]) else (0, "")


def _is_within(value: str) -> str:
    if within(value) is None:
        raise refuse(
            f"{value!r} is not a term",
            remedy='write "30m", "4 service hours", "1 working day", "30 days", "end of day" or "next working day"',
        )
    return _not_too_long(value)


def _is_period(value: str) -> str:
    if calendar_months(value) is None:
        raise refuse(f"{value!r} is not a period by the calendar", remedy='write "6 months" or "1 year"')
    return _not_too_long(value)


def _not_too_long(value: str) -> str:
    if longest_years(value) > LONGEST_YEARS:
        raise refuse(f"{value!r} is more than {LONGEST_YEARS} years", remedy="write the time of the clause")
    return value


def _is_kept(value: str) -> str:
    if kept("", value) is None:
        raise refuse(
            f"{value!r} is no time that data can be kept",
            remedy='write "24 months", "10 years" or "90 days", above zero',
        )
    return value


TermText = Annotated[str, AfterValidator(_is_within)]
"""A term as it is written; `within` reads it."""
PeriodText = Annotated[str, AfterValidator(_is_period)]
"""A period as it is written; `calendar_months` reads it."""
KeepText = Annotated[str, AfterValidator(_is_kept)]
"""A retention as it is written; `kept` reads it."""


def _day_rule(value: str) -> str:
    if not re.fullmatch(r"\d\d-\d\d|easter[+-]\d{1,3}", value):
        raise refuse(f"{value!r} is not a day of the year", remedy='write "10-30" (month-day) or "easter+50"')
    try:
        day_in(value, 2024)
    except ValueError:
        raise refuse(f"the year has no day {value!r}", remedy='write "10-30" (month-day)') from None
    return value


DayOfYear = Annotated[str, AfterValidator(_day_rule)]
"""A day of every year: `10-30` (month-day) or `easter+50`."""


def span(text: str) -> tuple[time, time]:
    """The hours of a band that is written `08:00-18:00`, half-open; 00:00 as its end is 24:00.

    Raises:
        PydanticCustomError: it is no band, or does not end after it starts.
    """
    start, _, end = text.partition("-")
    first, last = wall_time(start.strip()), wall_time(end.strip())
    if first is None or last is None:
        raise refuse(f"{text!r} is not a band", remedy='write "08:00-18:00", until midnight "18:00-24:00"')
    if last != MIDNIGHT and last <= first:
        raise refuse(
            f"the band {text!r} does not end after it starts",
            remedy="write a night as two bands, until 24:00 and from 00:00",
        )
    return first, last


def _are_spans(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        span(each)
    return value


BandTexts = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_are_spans)]
"""The hours of the bands of a day as they are written; `span` reads each."""
