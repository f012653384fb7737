"""What time has brought about or soon will: warnings of `check` and alarms of `serve`, never a refusal to start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from config.load.calendars import undecided
from config.settings import Settings
from gateway.domain.contract import Contract
from gateway.domain.hours import instant
from gateway.domain.intake import Channel
from gateway.domain.periods import last_day_of
from gateway.domain.provisions import Of
from gateway.domain.roster import Gap, GapKind, Roster, coverage

VALIDITY_WARNING_DAYS = 60
"""How long before something ends people are told."""
_REMEDY = {
    GapKind.HOLE: "cover it with a shift; until then the fallback contact is called",
    GapKind.OVERLAP: "leave one of them; until then the first in the file is called",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that time has brought about or soon will: a warning of `check`, an alarm of `serve`."""

    file: str
    key: str
    wrong: str
    clause: str
    remedy: str
    contract: str | None = None

    def __str__(self) -> str:
        return f"{self.file}: [{self.key}] {self.wrong} (clause {self.clause}); {self.remedy}"


def findings(
    settings: Settings,
    contracts: Mapping[str, Contract],
    roster: Roster,
    today: date,
    days: int | None = None,
) -> tuple[Finding, ...]:
    """What time has brought about or will within `days` (default `[gateway] coverage_days`), in a fixed order.

    `contracts` are the versions in force today. How much of a quota is used is in the database: `of_quotas`.
    """
    horizon = days or settings.gateway.coverage_days
    found: list[Finding] = []
    for contract in contracts.values():
        found += _of_validity(contract, today)
        found += _of_acts(contract, today)
        found += _of_periods(contract, today)
        found += _of_leads(contract, today)
        found += _of_publication(contract, today)
        if roster.duty_of(contract.id):
            found += _of_coverage(contract, roster, today, horizon)
    found += _of_holidays(contracts, today)
    return tuple(found)


def of_quotas(contract: Contract, used: Mapping[tuple[Of, str], int]) -> Iterator[Finding]:
    """Which quotas of a contract are nearly or wholly used up; `used` is counted by (what, phase) from the store."""
    for number, quota in enumerate(contract.quotas, 1):
        count = used.get((quota.of, quota.phase), 0)
        if count < quota.warn_at:
            continue
        wrong = f"{count} of {quota.count} visits [interventi] of phase {quota.phase} are used"
        remedy = "what goes beyond is authorised by the client's responsible; tell the client before it is needed"
        yield _finding(contract, f"quota[{number}].count", wrong, quota.clause, remedy)


def _finding(contract: Contract, key: str, wrong: str, clause: str, remedy: str) -> Finding:
    return Finding(f"contracts/{contract.id}.toml", key, wrong, clause, remedy, contract.id)


def _ends(what: str, last: date, today: date) -> str | None:
    """What to say of something that has ended or ends within the warning time; None while it is further off."""
    left = (last - today).days
    if left < 0:
        return f"{what} ended on {last}"
    return f"{what} ends on {last}, in {left} days" if left <= VALIDITY_WARNING_DAYS else None


def _of_validity(contract: Contract, today: date) -> Iterator[Finding]:
    if wrong := _ends("the contract", contract.last_day, today):
        remedy = "record an extension in [[validity.extension]], or prepare the end of the service"
        yield _finding(contract, "validity.until", wrong, contract.clauses.of("validity"), remedy)


def _of_acts(contract: Contract, today: date) -> Iterator[Finding]:
    """C3.1: an act is recorded when it has been done; one in the future is a plan."""
    for act in contract.acts:
        if act.on > today:
            wrong = f"the act {act.kind} is recorded for {act.on}, which has not come yet"
            remedy = "record it when it has been done; a plan opens no phase"
            yield _finding(contract, "act", wrong, contract.clauses.of("phases"), remedy)


def _of_periods(contract: Contract, today: date) -> Iterator[Finding]:
    for number, period in enumerate(contract.periods, 1):
        last = last_day_of(period, contract)
        if last is None:
            continue
        if wrong := _ends(f"the period of {period.of} after {period.after}", last, today):
            remedy = "agree with the client on what follows; requests after it need an authorisation"
            yield _finding(contract, f"period[{number}].lasts", wrong, period.clause, remedy)


def _of_leads(contract: Contract, today: date) -> Iterator[Finding]:
    """C6.3: the last lead of a group ends before the contract does, and nobody follows."""
    for number, group in enumerate(contract.working_groups, 1):
        last = group.leads[-1].valid_until if group.leads else None
        if last is None or last >= contract.last_day:
            continue
        if wrong := _ends(f"the last lead of {group.name}", last, today):
            remedy = "ask the client for the successor and add [[working_group.lead]]"
            yield _finding(contract, f"working_group[{number}].lead", wrong, group.clause, remedy)


def _of_publication(contract: Contract, today: date) -> Iterator[Finding]:
    """A channel that texts name and of which nobody is given an address any more (C3.8, C8.1)."""
    for channel in contract.channels:
        endpoints = [each for each in contract.endpoints if each.channel is channel]
        last = max((each.published_until or date.max for each in endpoints), default=date.max)
        if wrong := _ends(f"the last published address for {channel}", last, today):
            remedy = "publish another [[endpoint]] of this channel and tell the client, or take it out of order"
            yield _finding(contract, "endpoint", wrong, contract.clauses.of("channels"), remedy)
    yield from _of_communications(contract, today)


def _of_communications(contract: Contract, today: date) -> Iterator[Finding]:
    """C3.8: details that we publish already and that were communicated for a later day."""
    last = contract.communications[-1] if contract.communications else None
    if last is None or last.valid_from <= today:
        return
    for number, endpoint in enumerate(contract.endpoints, 1):
        told = {Channel.PHONE: last.phone, Channel.MAIL: last.mail, Channel.FAX: last.fax}.get(endpoint.channel)
        earlier = [
            each for each in contract.communications[:-1] if endpoint.address in {each.phone, each.mail, each.fax}
        ]
        if told == endpoint.address and endpoint.is_published_on(today) and not earlier:
            wrong = f"{endpoint.channel} {endpoint.address} is published, and was communicated for {last.valid_from}"
            remedy = "write published_from with that day"
            yield _finding(contract, f"endpoint[{number}]", wrong, contract.clauses.of("communication"), remedy)


def _of_coverage(contract: Contract, roster: Roster, today: date, days: int) -> Iterator[Finding]:
    for gap in coverage(contract, roster, instant(today), days):
        clause = contract.clauses.of("coverage")
        yield Finding("roster.toml", "on_call", _gap_text(gap), clause, _REMEDY[gap.kind], contract.id)


def _gap_text(gap: Gap) -> str:
    span = f"from {gap.start:%Y-%m-%d %H:%M} to {gap.end:%Y-%m-%d %H:%M}"
    if gap.kind is GapKind.HOLE:
        return f"nobody is on call {span}"
    return f"more than one is on call {span}: {', '.join(gap.origins)}"


def _of_holidays(contracts: Mapping[str, Contract], today: date) -> Iterator[Finding]:
    if not any(each.holidays_closed for contract in contracts.values() for each in contract.schedules):
        return
    ahead = today + timedelta(days=365)
    for year in sorted({today.year, ahead.year}):
        for day, name in undecided(year):
            wrong = f"{name} on {day} is a new national holiday that no contract has decided on"
            yield Finding("contracts", "holidays", wrong, "X18", "ask the client; it counts as a holiday until then")
