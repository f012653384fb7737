"""A year of on-call on the virtual clock: the real store, the flow's own functions, a stand-in carrier, and chance."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, cast

from adapters.twilio.outlet import Ceilings, TwilioOutlet
from gateway import assigning, flow, handovers, page_calls, settling, standing_in, waking
from gateway.domain.dispatch import DispatchState
from gateway.domain.hours import ROME, instant, opening
from gateway.domain.intake import Channel
from gateway.domain.roster.changes import ChangeError
from gateway.domain.sender_ids import SenderIds, is_name
from gateway.domain.telephony import ChangeState
from gateway.domain.ticket import WAITING_FOR_A_PERSON
from tests.flow.station import Station
from tests.oncall_year.agenda import Agenda, Span
from tests.oncall_year.callers import CallBack, Caller
from tests.oncall_year.carrier import Ledger, Line, StandInCarrier, StandInRelay
from tests.oncall_year.chance import DAY, Odds, moments, spells
from tests.oncall_year.people import Technician

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.store import SqlStore
    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.roster import Person
    from gateway.domain.telephony import RosterChange
    from gateway.domain.ticket import Timer
    from gateway.ports import Outlet, Transaction
    from tests.clock import TestClock

C2 = "c02-comune"
ITALY = ("+39",)
OUR_NUMBER = "+393330000200"
TURNS = ("anna", "bruno", "carla")
PER_HOUR = {Channel.SMS: 60, Channel.VOICE: 60}
PER_DAY = {Channel.SMS: 300, Channel.VOICE: 200}
RESERVED = 50
WAKING, BY_MAIL = (Channel.SMS, Channel.VOICE), (Channel.MAIL, Channel.PEC)
LIMIT = 16
AFTERWARDS = timedelta(days=7)
"""How long what still waits is followed after the end, until the desk has it."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """A change of the roster as the people remember it."""

    start: datetime
    end: datetime
    contact: str
    instead_of: str | None


class SeededKeys:
    """Keys that the seed gives again."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def dispatch_key(self) -> str:
        return f"{self._rng.getrandbits(128):032x}"

    def page_code(self) -> str:
        return f"{self._rng.randrange(1_000_000):06}"


@dataclass(slots=True)
class Diary:
    """What the outside knows of the year, to be compared with the database at its end."""

    ledger: Ledger = field(default_factory=Ledger)
    carrier_down: list[Span] = field(default_factory=list)
    relay_down: list[Span] = field(default_factory=list)
    stops: list[Span] = field(default_factory=list)
    changes: dict[int, Agreed] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)


def asks_to_confirm(contract: Contract) -> Contract:
    """The contract with watches that are confirmed."""
    assert contract.on_call
    return replace(contract, on_call=replace(contract.on_call, confirm_shift=True))


class Year:
    """One run. Everything that chance decides comes from `seed`."""

    def __init__(
        self,
        store: SqlStore,
        folder: Path,
        *,
        seed: int,
        start: datetime,
        days: int,
        odds: Odds | None = None,
        sender: str = OUR_NUMBER,
    ) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - chance that can be repeated, no secret
        self.odds = odds or Odds()
        self.start, self.end = start, start + timedelta(days=days)
        self.diary = Diary()
        self.agenda = Agenda(start)
        self.station = Station(store, folder, start.isoformat())
        self.station.clock = cast("TestClock", self.agenda)
        self.gw = self.station.gw
        self.gw.clock = self.agenda
        self.gw.keys = SeededKeys(self.rng)
        self.station.change(C2, asks_to_confirm)
        self.gw.rules = replace(self.gw.rules, sender_ids=SenderIds(OUR_NUMBER, sender))
        self._draw_times()
        self.people = {each.id: each for each in self._technicians()}
        self.carrier = StandInCarrier(self.agenda, self.rng, self.odds, self.diary.carrier_down, self.diary.ledger)
        self.carrier.reached = self._reached
        self.outlets = self._outlets()
        self._write_down()

    # ----------------------------------------------------------------------------------------------- what chance brings

    def _draw_times(self) -> None:
        def drawn(a_day: float, minutes: tuple[float, float]) -> list[Span]:
            return spells(self.rng, self.start, self.end, a_day, minutes)

        self.diary.carrier_down = drawn(self.odds.carrier_outages, (2, 90))
        self.diary.relay_down = drawn(self.odds.relay_outages, (2, 240))
        self.diary.stops = drawn(self.odds.stops, (1, 40))

    def _technicians(self) -> list[Technician]:
        known = [person for person in self.gw.rules.people.values() if person.mobile]
        return [
            Technician(
                person.id,
                person.mobile or "",
                spells(self.rng, self.start, self.end, self.odds.out_of_reach, (20, 600)),
            )
            for person in known
        ]

    def _outlets(self) -> dict[Channel, Outlet]:
        store, people = self.station.store, self.gw.rules.people
        self.twilio = TwilioOutlet(
            self.carrier,
            number=OUR_NUMBER,
            public_url="https://centralino.example",
            is_known=lambda number: people.by_number(number) is not None,
            countries=ITALY,
            ceilings=Ceilings(
                PER_HOUR,
                PER_DAY,
                recent=lambda channel, since: store.read(lambda reading: reading.sent_since(channel, since)),
                reserve=RESERVED,
            ),
            clock=self.agenda,
        )
        relay = StandInRelay(self.agenda, self.diary.relay_down, self.diary.ledger)
        return {Channel.SMS: self.twilio, Channel.VOICE: self.twilio, Channel.MAIL: relay, Channel.PEC: relay}

    def _write_down(self) -> None:
        rng, odds = self.rng, self.odds
        for at in moments(rng, self.start, self.end, odds.contacts):
            self.agenda.then(at, self._contact)
        for at in moments(rng, self.start, self.end, odds.storms):
            for _ in range(rng.randrange(4, odds.storm_size)):
                self.agenda.then(at + timedelta(seconds=rng.uniform(0, 600)), self._contact)
        for at in moments(rng, self.start, self.end, odds.swaps):
            self.agenda.then(at, self._swap)
        for at in moments(rng, self.start, self.end, odds.overrides):
            self.agenda.then(at, self._override)
        for span in self.diary.stops:
            self.agenda.then(span.end, self._restart)
        day = self.start.astimezone(ROME).date()
        while instant(day) < self.end + AFTERWARDS:
            self.agenda.then(instant(day, time(8, 10)), self._desk_begins)
            day += DAY

    # ------------------------------------------------------------------------------------------------------- the clock

    def run(self) -> None:
        """From the start to the end, and on until nothing waits for a person any more."""
        self._restart()
        until = self.end + AFTERWARDS
        while (at := self._next()) is not None and at < until:
            self.agenda.jump(self._up(at))
            self._work()

    def _up(self, at: datetime) -> datetime:
        """The instant, or the end of the stop in which it falls: what happens meanwhile waits outside."""
        stopped = [span.end for span in self.diary.stops if span.start <= at < span.end]
        return max([at, *stopped])

    def _next(self) -> datetime | None:
        """When something happens next: outside, or because a row of ours falls due."""
        timers, owed = self._ahead(self.end + timedelta(days=60))
        outside = self.agenda.next_at()
        if self.agenda.now() >= self.end and outside is None and not self._is_waited_for():
            return None
        found = [outside, *(each.due_at for each in timers[:1]), *(each.due_at for each in owed)]
        return min((at for at in found if at is not None), default=None)

    def _ahead(self, until: datetime) -> tuple[list[Timer], list[Dispatch]]:
        """The timers that fall due by an instant, earliest first, and what we owe."""
        return self.station.store.read(
            lambda reading: (
                reading.due_timers(until, LIMIT),
                reading.dispatches(states=(DispatchState.DUE, DispatchState.SENDING), limit=200),
            )
        )

    def _is_waited_for(self) -> bool:
        return bool(self.station.store.read(lambda reading: reading.tickets(states=WAITING_FOR_A_PERSON, limit=1)))

    def _work(self) -> None:
        """Everything that can be done now, as the worker's loops do it."""
        for _ in range(200):
            now = self.agenda.now()
            timers, owed = self._ahead(now)
            due = [each for each in owed if each.due_at <= now]
            if not timers and not due:
                return
            if any(each.kind == waking.STATUS for each in timers):
                flow.ask_next(self.gw, self.twilio)
            if any(each.kind != waking.STATUS for each in timers):
                flow.chase_next(self.gw)
            if due and not self._deliver(due) and not timers:
                return
        raise AssertionError("it never comes to rest")

    def _deliver(self, due: list[Dispatch]) -> int:
        """What is due leaves by its lane; what somebody sends already is due again when the lease ends."""
        did = 0
        for lane in (WAKING, BY_MAIL):
            if any(each.channel in lane for each in due):
                claimed = flow.claim_due(self.gw, lane, LIMIT)
                for dispatch in claimed:
                    flow.deliver(self.gw, self.outlets, dispatch)
                did += len(claimed)
        return did

    def _restart(self) -> None:
        """A daemon begins: what an earlier one was at is due again, and the hand-overs are waited for."""
        self.diary.counted["starts"] += 1
        at = self.agenda.now()
        self.station.store.write(lambda tx: tx.free_leases(at))
        self.station.store.write(lambda tx: handovers.arm_all(self.gw, tx, at))

    # --------------------------------------------------------------------------------------------------- what people do

    def _contact(self) -> None:
        rng = self.rng
        words = (
            "URGENTE: il protocollo è bloccato" if rng.random() < self.odds.urgent else "Come si stampa il registro?"
        )
        told = rng.random()
        if told < self.odds.by_phone:
            number = 9_000_000 + self.diary.counted["calls tried"]
            self.diary.counted["calls tried"] += 1
            urgent = words.startswith("URGENTE")
            Caller(self, f"+3934711{rng.randrange(100_000):05}", f"CA{number:032d}", urgent=urgent).begin()
        elif told < self.odds.by_phone + self.odds.by_sms:
            self.diary.counted["sms in"] += 1
            self.station.sms(f"+3934700{rng.randrange(100_000):05}", words)
        else:
            self.diary.counted["mail in"] += 1
            self.station.mail(words, sender=f"impiegato{rng.randrange(40)}@comune.example")

    def _desk_begins(self) -> None:
        """On a working day the desk takes and solves what waits; on another nobody is there."""
        contract, at, elena = self.gw.rules.contracts[C2], self.agenda.now(), self.gw.rules.people["elena"]
        if not opening(contract, at).is_open:
            return
        waiting = self.station.store.read(lambda reading: reading.tickets(states=WAITING_FOR_A_PERSON, limit=500))
        for ticket in waiting:
            self._taken(ticket.number, elena, at)
            self.diary.counted["taken by the desk"] += 1

    def _taken(self, number: int, by: Person, at: datetime) -> None:
        self.station.store.write(lambda tx: assigning.take(self.gw, tx, number, by, at))

    def _night_ahead(self) -> tuple[datetime, datetime]:
        day = self.agenda.now().astimezone(ROME).date() + timedelta(days=self.rng.randrange(12))
        starts = instant(day, time(self.rng.choice([0, 2, 8, 18, 20, 22]), self.rng.choice([0, 30])))
        return starts, starts + timedelta(hours=self.rng.choice([2, 6, 12, 14, 38]))

    def _wanted(self, contact: str, span: tuple[datetime, datetime]) -> standing_in.Wanted:
        return standing_in.Wanted(self.gw.rules.contracts[C2], *span, contact, "impegno personale", ITALY)

    def _swap(self) -> None:
        """Somebody asks a colleague for a night of theirs; most accept, some a little late."""
        giver, taker = self.rng.sample(TURNS, 2)
        wanted, at = self._wanted(taker, self._night_ahead()), self.agenda.now()
        asked = self._try(lambda tx: standing_in.ask_swap(self.gw, tx, wanted, self._person(giver), at))
        if asked is None:
            return
        said = self.rng.random()
        later = self.rng.uniform(60, 2 * 86_400)
        if said < 0.9:
            self.agenda.after(later, lambda: self._answer(asked.id, taker, accepts=said < 0.8))

    def _answer(self, change_id: int, who: str, *, accepts: bool) -> None:
        at, person = self.agenda.now(), self._person(who)
        self._try(
            lambda tx: standing_in.answer_swap(self.gw, tx, change_id, person, at, accepts=accepts, countries=ITALY)
        )

    def _override(self) -> None:
        contact = self.rng.choice([*TURNS, "dario"])
        wanted, at, dario = self._wanted(contact, self._night_ahead()), self.agenda.now(), self._person("dario")
        made = self._try(lambda tx: standing_in.override(self.gw, tx, wanted, dario, at))
        if made is not None and self.rng.random() < 0.3:
            self.agenda.after(self.rng.uniform(60, 5 * 86_400), lambda: self._undo(made.id))

    def _undo(self, change_id: int) -> None:
        at, dario = self.agenda.now(), self._person("dario")
        self._try(lambda tx: standing_in.undo(self.gw, tx, change_id, dario, at))

    def _person(self, who: str) -> Person:
        return self.gw.rules.people[who]

    def _try(self, unit: Callable[[Transaction], RosterChange]) -> RosterChange | None:
        """A change as people try it; one that is refused changes nothing, and they know."""
        try:
            change = self.station.store.write(unit)
        except ChangeError as refused:
            self.diary.counted[f"refused: {str(refused).split(':')[0].split('20')[0][:40]}"] += 1
            return None
        self.diary.counted[f"{change.kind} {change.state}"] += 1
        if change.state is ChangeState.IN_FORCE:
            given_by = change.instead_of if change.kind == "swap" else None
            self.diary.changes[change.id] = Agreed(change.starts_at, change.ends_at, change.contact, given_by)
        elif change.state is ChangeState.WITHDRAWN:
            self.diary.changes.pop(change.id, None)
        return change

    # ---------------------------------------------------------------------------------------- what the telephones do

    def _reached(self, line: Line) -> None:
        """An SMS or call is on its way to somebody."""
        owner = next((each for each in self.people.values() if each.number == line.to), None)
        if line.medium == "sms":
            self.agenda.after(self.rng.uniform(1, 15), lambda: self._text_arrives(line, owner))
        else:
            self.agenda.after(self.rng.uniform(1, 4), lambda: self._rings(line, owner))

    def _sms_status(self, line: Line, status: str, code: str = "") -> None:
        self.carrier.becomes(line.sid, status, int(code) if code else None)
        if self.rng.random() >= self.odds.lost_status:
            at = self.agenda.now()
            self.station.store.write(lambda tx: settling.settle_sms(self.gw, tx, line.key, line.sid, status, code, at))

    def _text_arrives(self, line: Line, owner: Technician | None) -> None:
        if owner is None:
            self._sms_status(line, "delivered")
            return
        if not owner.is_reachable(self.agenda.now()):
            self._sms_status(line, "undelivered", self.rng.choice(["30003", "30005", "30008"]))
            return
        self._sms_status(line, "delivered")
        if is_name(self.gw.rules.sender_ids.texts):
            self._calls_back(line, owner)
            return
        words = owner.reply_to(line.text, self.rng)
        if words is not None:
            self.agenda.after(self.rng.expovariate(1 / 90), lambda: self.station.sms(owner.number, words))

    def _calls_back(self, line: Line, owner: Technician) -> None:
        keys = owner.calls_back(line.text, self.rng)
        if keys:
            self.diary.counted["calls back tried"] += 1
            number = 8_000_000 + self.diary.counted["calls back tried"]
            call = CallBack(self, owner.number, f"CA{number:032d}", keys)
            self.agenda.after(self.rng.expovariate(1 / 90), call.begin)

    def _call_status(self, line: Line, status: str, answered_by: str = "") -> None:
        self.carrier.becomes(line.sid, status)
        if self.rng.random() >= self.odds.lost_status:
            at = self.agenda.now()
            self.station.store.write(
                lambda tx: settling.settle_call(self.gw, tx, line.key, line.sid, status, answered_by, at)
            )

    def _rings(self, line: Line, owner: Technician | None) -> None:
        outcome = owner.picks_up(self.rng) if owner and owner.is_reachable(self.agenda.now()) else "no-answer"
        if outcome in {"no-answer", "busy"}:
            self.agenda.after(25, lambda: self._call_status(line, outcome))
            return
        self._call_status(line, "ringing")
        self.agenda.after(self.rng.uniform(3, 20), lambda: self._answered(line, outcome))

    def _answered(self, line: Line, outcome: str) -> None:
        at = self.agenda.now()
        self.station.store.write(lambda tx: page_calls.page_begins(self.gw, tx, line.key, at))
        if outcome in {"1", "2"}:
            self.station.store.write(lambda tx: page_calls.page_key(self.gw, tx, line.key, outcome, at))
        by = "machine_start" if outcome == "machine" else "human"
        self.agenda.after(self.rng.uniform(5, 30), lambda: self._call_status(line, "completed", by))
