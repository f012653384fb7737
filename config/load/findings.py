"""What time has brought about or soon will: warnings of `check` and alarms of `serve`, never a refusal to start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address

from config.fields import LOOPBACK
from config.load.calendars import undecided
from config.load.recorded import Recorded
from config.settings import Settings
from gateway.domain.contract import Contract
from gateway.domain.hours import instant, is_valid_on, local
from gateway.domain.intake import Channel
from gateway.domain.periods import last_day_of
from gateway.domain.phases import phase_on
from gateway.domain.roster import Gap, GapKind, Roster, coverage

WARNING_DAYS = 60
"""How long before something ends people are told at least."""
OUR_MACHINE = (ip_address("127.0.0.1"), ip_address("::1"))
A_YEAR, ONE_DAY = timedelta(days=365), timedelta(days=1)
_REMEDY = {
    GapKind.HOLE: "cover it with a shift; until then the fallback contact is called",
    GapKind.OVERLAP: "leave one of them; until then the first in the file is called",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that time has brought about or soon will: a warning of `check`, an alarm of `serve`.

    `gap`, `start`, `end` (Rome) and `who` (ids of people) say of a time that is not covered exactly once how and when
    that is, and who is on duty at once or, in a hole, stands in.
    """

    file: str
    key: str
    wrong: str
    clause: str
    remedy: str
    contract: str | None = None
    gap: GapKind | None = None
    start: datetime | None = None
    end: datetime | None = None
    who: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}: [{self.key}] {self.wrong} (clause {self.clause}); {self.remedy}"

    @property
    def minutes(self) -> int | None:
        """How long it lasts in elapsed minutes, also in the night of summer time (X1); None when it is no time."""
        return _minutes(self.start, self.end) if self.start and self.end else None


def findings(
    settings: Settings,
    contracts: Mapping[str, Contract],
    roster: Roster,
    today: date,
    days: int | None = None,
    recorded: Recorded | None = None,
) -> tuple[Finding, ...]:
    """What time has brought about or will within `days` (default `[gateway] coverage_days`), in a fixed order.

    `contracts` are the versions in force today (Rome). `recorded` is what the store knows: how much of the quotas is
    used, who else is on call for a while; None: there is no database.
    """
    horizon = days or settings.gateway.coverage_days
    known = recorded or Recorded({})
    changed = roster.with_changes(known.changes)
    found: list[Finding] = [*_of_secrets(settings, today), *_of_senders(settings, today, known)]
    found += [*_of_accounts(settings, contracts), *_of_certified(settings, contracts)]
    for contract in contracts.values():
        found += _of_contract(contract, today, max(horizon, WARNING_DAYS))
        found += _of_holidays(contract, today)
        found += of_quotas(contract, today, known)
        if roster.duty_of(contract.id):
            found += _of_coverage(contract, changed, today, horizon)
    return tuple(found)


def _of_secrets(settings: Settings, today: date) -> Iterator[Finding]:
    """Secrets of a provider whose day is near or over: from then on the mailboxes that use them are not read (P8)."""
    for number, oauth in enumerate(settings.oauth, 1):
        day = oauth.secret_expires_on
        if day is None or day - today > oauth.warn_before:
            continue
        boxes = ", ".join(box.name for box in settings.mailbox if box.oauth == oauth.name) or "none"
        how = "ended" if day <= today else "ends"
        wrong = f"the secret of {oauth.name} {how} on {day}; mailboxes that use it: {boxes}"
        remedy = "make a new one at the provider, store it, write its day, restart"
        yield Finding("gateway.toml", f"oauth[{number}].secret_expires_on", wrong, "X18", remedy)


def _of_senders(settings: Settings, today: date, recorded: Recorded) -> Iterator[Finding]:
    """Mail that waits since yesterday because nobody could verify its sender, and a door at which that is all mail."""
    count, oldest = recorded.unverified
    if oldest is not None and local(oldest).date() < today:
        wrong = f"mails wait of senders that nobody could verify: {count}, the oldest since {local(oldest).date()}"
        remedy = "decide: centralino intake list --state unverified, then intake accept or intake file"
        yield Finding("gateway.toml", "authentication", wrong, "B-053", remedy)
    looked = settings.authentication
    host = settings.smtp.listen.rpartition(":")[0].strip("[]")
    trusted = looked is None or any(one in network for network in looked.trusted_upstream for one in OUR_MACHINE)
    if host in LOOPBACK and not trusted:
        wrong = "only a mail server of this machine can bring mail to [smtp] listen, and none is trusted: SPF says "
        wrong += "nothing of what it brings, and its own checks are not read, so that most senders are unverified"
        remedy = 'write ["127.0.0.1", "::1"], or let it deliver by [lmtp]; without one write listen = "" in [smtp]'
        yield Finding("gateway.toml", "authentication.trusted_upstream", wrong, "B-053", remedy)


def _of_accounts(settings: Settings, contracts: Mapping[str, Contract]) -> Iterator[Finding]:
    """Certified mailboxes that nothing ever leaves from, because their address is no contract's: a slip of the pen."""
    ours = {
        endpoint.address.casefold()
        for contract in contracts.values()
        for endpoint in contract.endpoints
        if endpoint.channel is Channel.PEC
    }
    for number, account in enumerate(settings.pec_account, 1):
        if account.address.casefold() not in ours:
            wrong = f"no contract has the certified address {account.address}: nothing leaves by this account"
            remedy = "write the address of a contract's [[endpoint]] of channel pec, or take the account out"
            yield Finding("gateway.toml", f"pec_account[{number}].address", wrong, "X4", remedy)


def _of_certified(settings: Settings, contracts: Mapping[str, Contract]) -> Iterator[Finding]:
    """Where certified mail is used, contracts whose certified address has no account: a PEC is answered by mail."""
    accounts = {account.address.casefold() for account in settings.pec_account}
    if not accounts and all(box.kind != "pec" for box in settings.mailbox):
        return
    for contract in contracts.values():
        address = contract.address_of(Channel.PEC)
        if address and address.casefold() not in accounts:
            wrong = f"the certified address {address} has no account: whoever writes to it is answered by ordinary mail"
            remedy = f'add [[pec_account]] with address = "{address}", or take the [[endpoint]] out of the contract'
            yield Finding("gateway.toml", "pec_account", wrong, "X4", remedy, contract.id)


def _of_contract(contract: Contract, today: date, days: int) -> Iterator[Finding]:
    """What the contract alone tells: what ends within `days`, what is planned and not done."""
    yield from _of_validity(contract, today, days)
    yield from _of_acts(contract, today)
    yield from _of_periods(contract, today, days)
    yield from _of_leads(contract, today, days)
    yield from _of_publication(contract, today, days)
    yield from _of_communications(contract, today)


def of_quotas(contract: Contract, today: date, recorded: Recorded) -> Iterator[Finding]:
    """Which quotas of the phase in force are nearly or wholly used up, those that are reserved counted (C3.10)."""
    phase = phase_on(contract, today)
    for number, quota in enumerate(contract.quotas, 1):
        use = recorded.use_of(contract, quota)
        taken = use.done + use.reserved
        if taken < quota.warn_at or (phase and quota.phase != phase.id):
            continue
        wrong = (
            f"{taken} of {quota.count} visits [interventi] of phase {quota.phase} are used: "
            f"{use.done} made, {use.reserved} reserved"
        )
        remedy = "what goes beyond is authorised by the client's responsible; tell the client before it is needed"
        yield _finding(contract, f"quota[{number}].count", wrong, quota.clause, remedy)


def _finding(contract: Contract, key: str, wrong: str, clause: str, remedy: str) -> Finding:
    return Finding(f"contracts/{contract.id}.toml", key, wrong, clause, remedy, contract.id)


def _ends(what: str, last: date, today: date, days: int) -> str | None:
    """What to say of something that has ended or ends within `days`; None while it is further off."""
    left = (last - today).days
    if left < 0:
        return f"{what} ended on {last}"
    return f"{what} ends on {last}, in {left} days" if left <= days else None


def _of_validity(contract: Contract, today: date, days: int) -> Iterator[Finding]:
    if wrong := _ends("the contract", contract.last_day, today, days):
        remedy = "record an extension in [[validity.extension]], or prepare the end of the service"
        yield _finding(contract, "validity.until", wrong, contract.clauses.of("validity"), remedy)


def _of_acts(contract: Contract, today: date) -> Iterator[Finding]:
    """C3.1: an act is recorded when it has been done; one in the future is a plan."""
    for act in contract.acts:
        if act.on > today:
            wrong = f"the act {act.kind} is recorded for {act.on}, which has not come yet"
            remedy = "record it when it has been done; a plan opens no phase"
            yield _finding(contract, "act", wrong, contract.clauses.of("phases"), remedy)


def _of_periods(contract: Contract, today: date, days: int) -> Iterator[Finding]:
    for number, period in enumerate(contract.periods, 1):
        last = last_day_of(period, contract)
        if last and (wrong := _ends(f"the period of {period.of} after {period.after}", last, today, days)):
            remedy = "agree with the client on what follows; requests after it need an authorisation"
            yield _finding(contract, f"period[{number}].lasts", wrong, period.clause, remedy)


def _of_leads(contract: Contract, today: date, days: int) -> Iterator[Finding]:
    """C6.3: the last lead of a group ends before the contract does, and nobody follows."""
    for number, group in enumerate(contract.working_groups, 1):
        last = group.leads[-1].valid_until if group.leads else None
        if last is None or last >= contract.last_day:
            continue
        if wrong := _ends(f"the last lead of {group.name}", last, today, days):
            remedy = "ask the client for the successor and add [[working_group.lead]]"
            yield _finding(contract, f"working_group[{number}].lead", wrong, group.clause, remedy)


def _of_publication(contract: Contract, today: date, days: int) -> Iterator[Finding]:
    """A channel that texts name and of which nobody is given an address any more (C3.8, C8.1)."""
    for channel in contract.channels:
        endpoints = [each for each in contract.endpoints if each.channel is channel]
        last = max((each.published_until or date.max for each in endpoints), default=date.max)
        if wrong := _ends(f"the last published address for {channel}", last, today, days):
            remedy = "publish another [[endpoint]] of this channel and tell the client, or take it out of order"
            yield _finding(contract, "endpoint", wrong, contract.clauses.of("channels"), remedy)


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


def _of_holidays(contract: Contract, today: date) -> Iterator[Finding]:
    """A national holiday that is newer than this list, on which a contract that closes on holidays has not decided."""
    ahead = today + A_YEAR
    for year in range(today.year, ahead.year + 1):
        for day, name in undecided(year):
            schedule = contract.schedule_on(day)
            if name in schedule.decided or not schedule.holidays_closed:
                continue
            if not today <= day <= ahead or not is_valid_on(contract, day):
                continue
            wrong = f"{name} on {day} is a new national holiday that the contract has not decided on"
            remedy = "ask the client and write [[holidays.decided]]; it counts as a holiday until then"
            yield _finding(contract, "holidays", wrong, contract.clauses.of("holidays"), remedy)


# ------------------------------------------------------------------------------------------------------------ coverage


def _of_coverage(contract: Contract, roster: Roster, today: date, days: int) -> Iterator[Finding]:
    """Every time outside the hours in which not exactly one contact is on call (C2.10, S033)."""
    clause = contract.clauses.of("coverage")
    for gap in coverage(contract, roster, instant(today), days):
        who = _who(contract, roster, gap)
        wrong, remedy = _gap_text(gap, who), _REMEDY[gap.kind]
        yield Finding("roster.toml", "on_call", wrong, clause, remedy, contract.id, gap.kind, gap.start, gap.end, who)


def _who(contract: Contract, roster: Roster, gap: Gap) -> tuple[str, ...]:
    """Who is on duty at once or, in a hole, who stands in."""
    if gap.kind is GapKind.HOLE:
        duty = roster.duty_of(contract.id)
        return (duty.fallback,) if duty and duty.fallback else ()
    found = roster.stretches(contract.id, gap.start.date() - ONE_DAY, gap.end.date())
    during = (each for each in found if each.start < gap.end and each.end > gap.start)
    return tuple(dict.fromkeys(each.contact for each in during if each.origin in gap.origins))


def _gap_text(gap: Gap, who: tuple[str, ...]) -> str:
    span = f"from {gap.start:%Y-%m-%d %H:%M} to {gap.end:%Y-%m-%d %H:%M} ({_minutes(gap.start, gap.end)} minutes)"
    if gap.kind is GapKind.HOLE:
        return f"nobody is on call {span}"
    return f"more than one is on call {span}: {', '.join(who)} ({', '.join(gap.origins)})"


def _minutes(start: datetime, end: datetime) -> int:
    # Rome's wall clock would make the night of the change an hour longer or shorter.
    return int((end.astimezone(UTC) - start.astimezone(UTC)) / timedelta(minutes=1))
