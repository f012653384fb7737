"""What must hold of a year, told from the outside: the ledger of the far side against what the database says."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.store.verify import verify
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import opening
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.register import SYSTEM
from gateway.domain.sender_ids import is_name
from gateway.domain.ticket import Priority
from tests.oncall_year.world import C2, PER_DAY, PER_HOUR, TURNS, Year

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.dispatch import Dispatch
    from gateway.domain.intake import Intake
    from gateway.domain.register import Entry
    from gateway.domain.ticket import Ticket

ROME = ZoneInfo("Europe/Rome")
FIRST_TURN = datetime(2024, 12, 27, 18)  # noqa: DTZ001 - Rome's wall time, as roster.toml has it
ALARMED_WITHIN = timedelta(minutes=25)
"""Contact, call, deputy, supervisor: by then the alarm mail of the first round has left (decision 0004)."""
PAGED_WITHIN = timedelta(seconds=120)
"""P6: a page attempt at the carrier, or an alarm by another path."""


@dataclass(slots=True)
class Verdict:
    """What was found: how many of each thing, the slowest, and everything that must not be."""

    counted: Counter[str] = field(default_factory=Counter)
    slowest_page: timedelta = timedelta(0)
    slowest_person: timedelta = timedelta(0)
    problems: list[str] = field(default_factory=list)

    def must(self, what: str, *, holds: bool) -> None:
        """Something that must hold."""
        if not holds:
            self.problems.append(what)


def judge(year: Year) -> Verdict:
    """Everything that the promises say of a year of on-call."""
    verdict = Verdict(Counter(year.diary.counted))
    dispatches = _dispatches(year)
    _nobody_strange_was_dialled(year, verdict)
    _no_ceiling_was_passed(year, verdict)
    for ticket in _urgent_out_of_hours(year):
        _was_reached(year, ticket, dispatches, verdict)
    _the_right_one_was_paged(year, verdict)
    _each_hand_over_was_told_once(year, verdict)
    _nobody_of_ours_became_a_requester(year, verdict)
    _nothing_asked_in_vain(year, verdict)
    fault = year.station.store.read(verify)  # type: ignore[arg-type]  # the store reads as SqlReading
    verdict.must(f"the register is broken: {fault}", holds=fault is None)
    return verdict


def _dispatches(year: Year) -> dict[str, Dispatch]:
    found = year.station.store.read(lambda reading: reading.dispatches(limit=1_000_000))
    return {dispatch.key: dispatch for dispatch in found}


# ------------------------------------------------------------------------------------------------------- P15, X10, C2.8


def _nobody_strange_was_dialled(year: Year, verdict: Verdict) -> None:
    """X10: calls only to the directory; SMS there, and to whoever wrote to us from that very number."""
    people = year.gw.rules.people
    wrote = {intake.sender for intake in _intakes(year)}
    for line in year.diary.ledger.of("call"):
        verdict.counted["calls out"] += 1
        verdict.must(f"called {line.to}, who is not in the directory", holds=people.by_number(line.to) is not None)
    for line in year.diary.ledger.of("sms"):
        verdict.counted["sms out"] += 1
        known = people.by_number(line.to) is not None or line.to in wrote
        verdict.must(f"texted {line.to}, who is nobody", holds=known)


def _intakes(year: Year) -> list[Intake]:
    return year.station.store.read(lambda reading: reading.intakes(limit=1_000_000))


def _no_ceiling_was_passed(year: Year, verdict: Verdict) -> None:
    """P15: by the ledger of the carrier, in every hour and every day."""
    for medium, channel in (("sms", "sms"), ("call", "voice")):
        times = [line.at for line in year.diary.ledger.of(medium)]
        for span, limits in ((timedelta(hours=1), PER_HOUR), (timedelta(days=1), PER_DAY)):
            limit = next(limit for of, limit in limits.items() if str(of) == channel)
            most = max((index - bisect_left(times, at - span) for index, at in enumerate(times, 1)), default=0)
            verdict.counted[f"most {medium} in {span}"] = most
            verdict.must(f"{most} {medium} in {span}, and the ceiling is {limit}", holds=most <= limit)


# ------------------------------------------------------------------------------------------------------ P6, P8, C2.11


def _urgent_out_of_hours(year: Year) -> list[Ticket]:
    contract = year.gw.rules.contracts[C2]
    tickets = year.station.store.read(lambda reading: reading.tickets(contract=C2, limit=1_000_000))
    return [
        each for each in tickets if each.priority is Priority.URGENT and not opening(contract, each.opened_at).is_open
    ]


def _was_reached(year: Year, ticket: Ticket, dispatches: dict[str, Dispatch], verdict: Verdict) -> None:
    """Every urgent request was accepted by a human or told by another path, and a telephone rang at once."""
    verdict.counted["urgent out of hours"] += 1
    entries = _entries(year, str(ticket.number))
    taken = next((entry for entry in entries if entry.type == "taken"), None)
    alarmed = _alarmed_at(year, ticket, dispatches)
    human = taken.at if taken and taken.by in year.gw.rules.people else None
    verdict.counted["accepted on call"] += human is not None and taken is not None and taken.by != "elena"
    verdict.counted["alarmed by another path"] += alarmed is not None
    first = min((at for at in (human, alarmed) if at is not None), default=None)
    verdict.must(f"{ticket.number}: no human took it, and nobody was alarmed", holds=first is not None)
    if first is not None:
        waited = first - ticket.opened_at - _hindered(year, ticket.opened_at, first)
        verdict.slowest_person = max(verdict.slowest_person, waited)
        verdict.must(f"{ticket.number}: {waited} until a person knew", holds=waited <= ALARMED_WITHIN)
    _was_paged(year, ticket, entries, dispatches, verdict, until=human)


def _was_paged(
    year: Year,
    ticket: Ticket,
    entries: list[Entry],
    dispatches: dict[str, Dispatch],
    verdict: Verdict,
    *,
    until: datetime | None,
) -> None:
    """P6: within two minutes the carrier had the first page. In a storm it is told with others, by one page."""
    paged = next((entry for entry in entries if entry.type == "paged"), None)
    if paged is not None and "sms_with_others" in paged.data["media"]:
        verdict.counted["told with others"] += 1
        return
    pages = (
        line.at
        for line in year.diary.ledger.lines
        if line.medium in {"sms", "call"} and _is_page_of(dispatches.get(line.key), ticket)
    )
    first = min([*pages, *([until] if until else [])], default=None)
    if first is None:
        return
    waited = first - ticket.opened_at - _hindered(year, ticket.opened_at, first)
    verdict.slowest_page = max(verdict.slowest_page, waited)
    verdict.must(f"{ticket.number}: {waited} until the first page", holds=waited <= PAGED_WITHIN)


def _is_page_of(owed: Dispatch | None, ticket: Ticket) -> bool:
    return owed is not None and owed.kind is DispatchKind.PAGE and owed.ticket == ticket.number


def _alarmed_at(year: Year, ticket: Ticket, dispatches: dict[str, Dispatch]) -> datetime | None:
    """When an alarm about it, or about many that nobody took, reached the far side."""
    for line in year.diary.ledger.lines:
        owed = dispatches.get(line.key)
        if owed is None or owed.kind is not DispatchKind.ALARM or line.at < ticket.opened_at:
            continue
        if owed.ticket == ticket.number or str(ticket.number) in owed.text:
            return line.at
    return None


def _hindered(year: Year, start: datetime, end: datetime) -> timedelta:
    """How much of a time we were stopped, or the carrier or the relay was down: nobody can be told then."""
    spans = sorted(
        (max(span.start, start), min(span.end + timedelta(minutes=2), end))
        for spans in (year.diary.stops, year.diary.carrier_down, year.diary.relay_down)
        for span in spans
        if span.start < end and span.end + timedelta(minutes=2) > start
    )
    total, covered = timedelta(0), start
    for first, last in spans:
        total += max(last - max(first, covered), timedelta(0))
        covered = max(covered, last)
    return total


def _nobody_of_ours_became_a_requester(year: Year, verdict: Verdict) -> None:
    """Decision 0011: a technician who keys a code, right or wrong, or hangs up at the question, asks for nothing."""
    tickets = year.station.store.read(lambda reading: reading.tickets(limit=1_000_000))
    for ticket in (each for each in tickets if each.channel == Channel.PHONE):
        theirs = year.gw.rules.people.by_number(ticket.requester.number) is not None
        verdict.must(f"{ticket.number} is a request of {ticket.requester.number}, who was paged", holds=not theirs)
    waiting = [each.id for each in _intakes(year) if each.state is IntakeState.RECEIVED]
    verdict.must(f"contacts that nobody filed: {waiting}", holds=not waiting)


def _nothing_asked_in_vain(year: Year, verdict: Verdict) -> None:
    """M-02: what leaves by a name asks for no reply."""
    if is_name(year.gw.rules.sender_ids.texts):
        asks = [line.text for line in year.diary.ledger.of("sms") if "Rispondi OK" in line.text or "NO " in line.text]
        verdict.must(f"asked for a reply that cannot come: {asks[:1]}", holds=not asks)


# ----------------------------------------------------------------------------------------------------------- P10, C2.8


def _on_call(year: Year, at: datetime) -> str:
    """Who is on call at an instant, by the week of the rotation and what people agreed on: a roster of its own."""
    wall = at.astimezone(ROME).replace(tzinfo=None)
    turn = TURNS[int((wall - FIRST_TURN) / timedelta(days=7)) % len(TURNS)]
    for agreed in year.diary.changes.values():
        if agreed.start <= at < agreed.end and agreed.instead_of in {None, turn}:
            return agreed.contact
    return turn


def _the_right_one_was_paged(year: Year, verdict: Verdict) -> None:
    """P10: whoever was called as contact had the duty at that instant."""
    for ticket, entry in _paged(year):
        if entry.data["role"] == "contact":
            verdict.counted["contacts paged"] += 1
            expected = _on_call(year, entry.at)
            told = f"{ticket.number}: {entry.data['person']} was paged at {entry.at}, and {expected} had the duty"
            verdict.must(told, holds=entry.data["person"] == expected)


def _paged(year: Year) -> Iterator[tuple[Ticket, Entry]]:
    tickets = year.station.store.read(lambda reading: reading.tickets(contract=C2, limit=1_000_000))
    for ticket in tickets:
        number = str(ticket.number)
        for entry in _entries(year, number):
            if entry.type == "paged":
                yield ticket, entry


def _entries(year: Year, chain: str) -> list[Entry]:
    return year.station.store.read(lambda reading: reading.entries(chain))


def _each_hand_over_was_told_once(year: Year, verdict: Verdict) -> None:
    """M-05, P10: one question a watch, to whoever has it."""
    asked: dict[tuple[str, str], int] = defaultdict(int)
    for entry in _entries(year, SYSTEM):
        if entry.type != "watch_begun":
            continue
        verdict.counted["watches begun"] += 1
        asked[entry.data["contact"], entry.data["starts_at"]] += 1
        expected = _on_call(year, datetime.fromisoformat(entry.data["starts_at"]).astimezone(UTC))
        verdict.must(
            f"{entry.data['contact']} was asked to confirm the watch of {expected}",
            holds=entry.data["contact"] == expected,
        )
    for (contact, start), times in asked.items():
        verdict.must(f"{contact} was asked {times} times for the watch of {start}", holds=times == 1)
