"""What the coming days bring under each contract: as documents of `check --json`, and as a table for people."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from config.commands import showing
from config.commands.standing import standing
from gateway.domain.hours import is_valid_on
from gateway.domain.roster import GapKind
from gateway.sweep import length_of, staffed_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from config.load import Finding, Site
    from config.load.recorded import Recorded
    from gateway.domain.contract import Contract
    from gateway.domain.decision import Used
    from gateway.domain.provisions import Quota

ONE_DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
A_DAY_AS_EVER = timedelta(hours=24)


def horizon(
    site: Site,
    contract: Contract,
    at: datetime,
    ahead: Sequence[date],
    found: Sequence[Finding],
    recorded: Recorded | None,
) -> dict[str, Any]:
    """Where a contract stands at an instant, and what the days `ahead` (Rome) bring, with the warnings `found` of it.

    `contract` is the version in force; `recorded` None: no database says how much of a quota is used.
    """
    has_duty = site.roster.duty_of(contract.id) is not None
    gaps = [finding for finding in found if finding.start]
    return standing(contract, site.versions[contract.id], at, _used(contract, recorded)) | {
        "horizon": {
            "from": ahead[0],
            "until": ahead[-1],
            "days": len(ahead),
            "coverage": not gaps if has_duty else None,
            "minutes": _minutes(contract, ahead, gaps),
            "gaps": [gap_entry(gap) for gap in gaps],
            "holidays": [_holiday(contract, day, name) for day, name in _holidays(contract, ahead)],
            "clock_changes": [day for day in ahead if length_of(day) != A_DAY_AS_EVER],
        },
        "warnings": len(found),
    }


def _used(contract: Contract, recorded: Recorded | None) -> Callable[[Quota], Used] | None:
    return None if recorded is None else lambda quota: recorded.use_of(contract, quota)


def _minutes(contract: Contract, ahead: Sequence[date], gaps: Sequence[Finding]) -> dict[str, int]:
    days = [day for day in ahead if is_valid_on(contract, day)]
    in_force = sum((length_of(day) for day in days), timedelta(0))
    staffed = sum((staffed_on(contract, day) for day in days), timedelta(0))
    return {
        "in_force": int(in_force / MINUTE),
        "staffed": int(staffed / MINUTE),
        "uncovered": _lasting(gaps, GapKind.HOLE),
        "covered_twice": _lasting(gaps, GapKind.OVERLAP),
    }


def _lasting(gaps: Sequence[Finding], kind: GapKind) -> int:
    return sum(gap.minutes or 0 for gap in gaps if gap.gap is kind)


def gap_entry(gap: Finding) -> dict[str, Any]:
    """A time that is not covered exactly once: `who` is on duty at once or, in a hole, stands in."""
    return {"kind": gap.gap, "start": gap.start, "end": gap.end, "minutes": gap.minutes, "who": list(gap.who)}


def _holidays(contract: Contract, ahead: Sequence[date]) -> list[tuple[date, str]]:
    calendars = ((day, contract.schedule_on(day).calendar) for day in ahead if is_valid_on(contract, day))
    return [(day, name) for day, calendar in calendars if (name := calendar.holiday_on(day))]


def _holiday(contract: Contract, day: date, name: str) -> dict[str, Any]:
    schedule = contract.schedule_on(day)
    closes = any(band.weekday == day.weekday() for band in schedule.bands)
    return {"on": day, "name": name, "rule": schedule.calendar.rules.get(day), "closes": closes}


# ----------------------------------------------------------------------------------------------------------- for people


def print_table(found: Sequence[Mapping[str, Any]]) -> None:
    """A row for each contract."""
    showing.table(("CONTRACT", "VERSION", "PHASE", "UNTIL", "OPEN", "ON CALL", "QUOTAS", "PERIODS"), [
        (
            c["id"], _version(c), _phase(c), c["valid_until"], f"{c['horizon']['minutes']['staffed'] // 60} h",
            _coverage(c["horizon"]), ", ".join(map(_quota, c["quotas"])) or "-",
            ", ".join(map(_period, c["periods"])) or "-",
        )
        for c in found
    ])  # fmt: skip


def _version(contract: Mapping[str, Any]) -> str:
    """The version in force, and each that comes."""
    later = [each for each in contract["versions"] if each["version"] > contract["version"]]
    return ", ".join((str(contract["version"]), *(f"{v['version']} from {v['effective_from']}" for v in later)))


def _phase(contract: Mapping[str, Any]) -> str:
    """The phase in force; before the first one, what opens it."""
    if contract["phase"] or not contract["phases"]:
        return contract["phase"] or "-"
    first = contract["phases"][0]
    return f"{first['id']} from {first['opened_on'] or first['opened_by']}"


def _coverage(ahead: Mapping[str, Any]) -> str:
    if ahead["coverage"] is None:
        return "no duty"
    if ahead["coverage"]:
        return "every minute"
    minutes = ahead["minutes"]
    told = ((minutes["uncovered"], "uncovered"), (minutes["covered_twice"], "covered twice"))
    return ", ".join(f"{count} min {what}" for count, what in told if count)


def _quota(quota: Mapping[str, Any]) -> str:
    taken = "?" if quota["used"] is None else quota["used"] + quota["reserved"]
    return f"{quota['phase']} {taken} of {quota['count']}"


def _period(period: Mapping[str, Any]) -> str:
    until = period["last_day"]
    return f"{period['of']} " + (f"until {until}" if until else f"{period['months']} months from {period['after']}")
