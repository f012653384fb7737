"""Groups and parties that break a clause: who leads (C6.3), one-sided groups (C6.2), an unready start (C10.5)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from config.load.breaches.reading import Reading
from config.load.tables.kinds import kept
from config.load.tables.people import LeadTable, WorkingGroupTable
from gateway.domain.provisions import Organisation

ONE_DAY = timedelta(days=1)
BOTH = 2
LONGEST_MONTH = 31


def refuse_groups(reading: Reading) -> None:
    """A working group without both sides, or without exactly one lead of the client at every instant."""
    for number, group in enumerate(reading.table.working_group, 1):
        key = f"working_group[{number}]"
        _refuse_one_sided(reading, key, group)
        for role in ("lead", "deputy"):
            _refuse_foreign(reading, f"{key}.{role}", group, getattr(group, role))
        _refuse_leaderless(reading, key, group)


def _refuse_one_sided(reading: Reading, key: str, group: WorkingGroupTable) -> None:
    sides = {member.organisation for member in group.member}
    missing = [str(side) for side in Organisation if side not in sides]
    if missing:
        raise reading.refusal(
            f"{key}.member",
            f"{group.name} is no mixed group: nobody of the {' or the '.join(missing)} is a member",
            remedy=f'add [[working_group.member]] with organisation = "{missing[0]}"',
        )


def _refuse_foreign(reading: Reading, key: str, group: WorkingGroupTable, tables: tuple[LeadTable, ...]) -> None:
    """S099: who leads, or stands in for the lead, belongs to the client."""
    members = {member.id: member for member in group.member}
    for number, each in enumerate(tables, 1):
        member = members.get(each.member)
        if member is None:
            wrong, remedy = f"there is no member {each.member}", f"known members: {', '.join(members)}"
        elif member.organisation is not Organisation.CLIENT:
            wrong = f"{member.name} belongs to the {member.organisation}; the group is led by the client"
            remedy = "name a member whose organisation is client"
        else:
            continue
        raise reading.refusal(f"{key}[{number}].member", wrong, remedy=remedy)


def _refuse_leaderless(reading: Reading, key: str, group: WorkingGroupTable) -> None:
    """A day without exactly one lead; that the last lead ends is what only time brings about, and a warning."""
    wrong = _without_lead(reading, sorted(group.lead, key=lambda lead: lead.start))
    if wrong:
        raise reading.refusal(
            f"{key}.lead",
            f"{group.name}: {wrong}",
            remedy="give exactly one lead for every day: each from the day after the one before ends",
        )


def _without_lead(reading: Reading, leads: list[LeadTable]) -> str:
    first = reading.table.validity.start
    if not leads:
        return "nobody leads it"
    if leads[0].start > first:
        return f"nobody leads it from {first} to {leads[0].start - ONE_DAY}"
    for before, after in pairwise(leads):
        if before.until is None or before.until >= after.start:
            return f"{before.member} and {after.member} both lead it from {after.start} on"
        if before.until + ONE_DAY < after.start:
            return f"nobody leads it from {before.until + ONE_DAY} to {after.start - ONE_DAY}"
    return ""


def refuse_unready(reading: Reading) -> None:
    """A preliminary activity that is open, without the recorded decision of both parties to start (S130)."""
    table = reading.table
    still_open = [item for item in table.checklist if item.done_on is None]
    if not still_open:
        return
    missing = "; ".join(f"{item.id} {item.what} ({item.whose})" for item in still_open)
    if table.reservation is None:
        raise reading.refusal(
            "checklist",
            f"not everything that has to come before the start is done: {missing}",
            remedy="record done_on and evidence, or the decision of both parties in [reservation]",
        )
    if len({party.strip().casefold() for party in table.reservation.by}) < BOTH:
        raise reading.refusal(
            "reservation.by",
            f"one party alone cannot decide to start while this is open: {missing}",
            remedy="name both parties that decided",
        )


def refuse_longer_recordings(reading: Reading, recording_days: int) -> None:
    """Recordings that would be kept longer than the days callers are told before one begins (X12)."""
    for number, table in enumerate(reading.table.retention, 1):
        time = kept(table.of, table.keep)
        if table.of == "recording" and time and time.days + time.months * LONGEST_MONTH > recording_days:
            raise reading.refusal(
                f"retention[{number}].keep",
                f"recordings would be kept for {table.keep}, and callers are told {recording_days} days",
                clause="X12",
                remedy="shorten it, or raise [phone] recording_days in gateway.toml, which is what callers hear",
            )
