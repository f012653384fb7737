"""`centralino simulate --sweep YEAR` as people and programs read it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from config.commands import showing
from gateway.domain.hours import local
from gateway.sweep import sweep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from gateway.domain.roster import OnDuty
    from gateway.domain.rules import Rules
    from gateway.sweep import ChangeNight, Swept

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def show(rules: Rules, contracts: Iterable[str], year: int, *, as_json: bool) -> None:
    """The year of each of these contracts: an array of objects with `as_json`, else tables."""
    swept = [sweep(rules.contracts[contract], rules.roster, year) for contract in contracts]
    if as_json:
        showing.document([_document(each) for each in swept])
        return
    _coverage(swept)
    _gaps(swept)
    _clocks(swept)
    _holidays(swept)


def _minutes(span: timedelta) -> int:
    return int(span / MINUTE)


def _document(swept: Swept) -> dict[str, Any]:
    return {
        "contract": swept.contract,
        "year": swept.year,
        "on_call": swept.has_on_call,
        "minutes": {
            "in_force": _minutes(swept.in_force),
            "staffed": _minutes(swept.staffed),
            "without_coverage": _minutes(swept.without_coverage),
            "covered_twice": _minutes(swept.covered_twice),
        },
        "gaps": [
            {"kind": str(gap.kind), "start": gap.start, "end": gap.end, "origins": list(gap.origins)}
            for gap in swept.gaps
        ],
        "change_nights": [_night(night) for night in swept.change_nights],
        "holidays": [
            {
                "on": day.on.isoformat(),
                "weekday": WEEKDAYS[day.on.weekday()],
                "name": day.name,
                "rule": day.rule,
                "closes": day.closes,
                "site": day.site,
            }
            for day in swept.holidays
        ],
    }


def _night(night: ChangeNight) -> dict[str, Any]:
    return {
        "on": night.on.isoformat(),
        "at": night.at,
        "hours": night.length / HOUR,
        "staffed_minutes": _minutes(night.staffed),
        "next_opening": night.next_opening,
        "duties": [
            {
                "contact": duty.contact,
                "shift": duty.origin,
                "start": duty.start,
                "end": duty.end,
                "hours": (duty.end - duty.start) / HOUR,
            }
            for duty in night.duties
        ],
    }


# ----------------------------------------------------------------------------------------------------------- for people


def _coverage(swept: list[Swept]) -> None:
    print("Coverage, in minutes")
    showing.table(("CONTRACT", "YEAR", "IN FORCE", "DESK OPEN", "NOBODY", "TWICE", "OUTSIDE THE HOURS"), [
        (
            each.contract, each.year, _minutes(each.in_force), _minutes(each.staffed), _minutes(each.without_coverage),
            _minutes(each.covered_twice), "on call" if each.has_on_call else "recorded, answered at the next opening",
        )
        for each in swept
    ])  # fmt: skip


def _gaps(swept: list[Swept]) -> None:
    rows = [
        (each.contract, gap.kind, showing.rome(gap.start), showing.rome(gap.end), ", ".join(gap.origins))
        for each in swept
        for gap in each.gaps
    ]
    if rows:
        print("\nNot covered exactly once")
        showing.table(("CONTRACT", "WHAT", "FROM", "TO", "SHIFTS"), rows)


def _clocks(swept: list[Swept]) -> None:
    print("\nNights on which the clocks change")
    showing.table(("CONTRACT", "DAY", "HOURS", "AT", "DESK OPEN", "ON DUTY", "OPENS AGAIN"), [
        (
            each.contract, _day(night.on), f"{night.length / HOUR:g}", showing.rome(night.at),
            f"{_minutes(night.staffed)} min", "; ".join(map(_duty, night.duties)) or "nobody",
            showing.rome(night.next_opening) or "-",
        )
        for each in swept
        for night in each.change_nights
    ])  # fmt: skip


def _duty(duty: OnDuty) -> str:
    wall = (local(duty.end).replace(tzinfo=None) - local(duty.start).replace(tzinfo=None)) / HOUR
    return f"{duty.contact} ({duty.origin}), {(duty.end - duty.start) / HOUR:g} h, {wall:g} by the wall clock"


def _holidays(swept: list[Swept]) -> None:
    print("\nHolidays")
    showing.table(("CONTRACT", "DAY", "RULE", "WHERE", "CLOSES THE DESK", "NAME"), [
        (
            each.contract, _day(day.on), day.rule or "-", day.site or "contract", "yes" if day.closes else "no",
            day.name,
        )
        for each in swept
        for day in each.holidays
    ])  # fmt: skip


def _day(on: date) -> str:
    return f"{WEEKDAYS[on.weekday()]} {on}"
