"""Calls as nobody planned them: seeded walks through every door, by day and night, and what must hold of each.

Whatever is keyed, said, told twice, told late or not told at all: the call has one line and ends once, whoever heard a
number has that ticket, nobody's telephone rings twice at once, and nobody who is not in the directory is ever called.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from gateway import handovers, ringing
from gateway.domain.call import OURS, Gather, Hangup, Record, Redirect, Reject, Ring, Script, Step
from gateway.domain.dispatch import DispatchState
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.telephony import Call, CallOutcome
from gateway.domain.ticket import Mark
from tests.flow.station import BRUNO, CARLA, CITIZEN, DARIO, DESK_NUMBER, Station, spoken

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from gateway.domain.contract import Contract

INSTANTS = (
    "2026-11-28T22:10:00+01:00",  # a Saturday night: the chain is on duty
    "2026-11-24T10:12:00+01:00",  # a Tuesday morning: the desk
    "2026-11-24T17:58:00+01:00",  # two minutes before closing
    "2026-04-06T10:00:00+02:00",  # Easter Monday
    "2026-10-25T02:30:00+01:00",  # the hour that there is twice
    "2031-01-02T09:00:00+01:00",  # the contract is over
)
NUMBERS = (DESK_NUMBER, "+390700000300", "+390000000000")
"""Contract c02, contract c03, and a number of nobody."""
CALLERS = (CITIZEN, "+393331234599", "", "+393330000002", "+390700000350")
WORDS = (
    "Il portale dei tributi non accetta la password",
    "urgente, è tutto bloccato",
    "non è urgente",
    "operatore",
    "reclamo",
    "informazioni",
    "qualcuno può richiamarmi",
    "",
    "eh",
    "</Say><Dial>+39899000000</Dial>",
)
KEYS = ("1", "2", "3", "4", "5", "6", "9", "0", "7", "*", "#", "11", "123456", "2026000001", "0" * 400)
STATUSES = ("initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled", "huh")
STEPS = 25
_NUMBER = re.compile(r"2 0 [0-9] [0-9], [0-9] [0-9] [0-9], [0-9] [0-9] [0-9]")


class Walk:
    """One caller. `heard` is everything that was said to them."""

    def __init__(self, station: Station, rng: Random) -> None:
        self.station = station
        self.rng = rng
        self.heard: list[str] = []
        self.rang: list[str] = []
        self.seen: list[Call] = []

    def run(self) -> str:
        """A whole call, until it ends or nothing more is told of it; its SID."""
        script = self.station.rings(self.rng.choice(CALLERS), to=self.rng.choice(NUMBERS))
        sid = self.station.sid
        for _ in range(STEPS):
            self._hear(script)
            if isinstance(script[-1], Hangup | Reject):
                break
            if self.rng.random() < 0.08:
                return self._gone(sid)
            self.station.clock.pass_(seconds=self.rng.randrange(1, 40))
            script = self._next(script, sid)
        if self.rng.random() < 0.9:
            return self._gone(sid)
        self.station.pass_(hours=5)
        return sid

    def _gone(self, sid: str) -> str:
        self.station.hangs_up(sid, lasted_s=self.rng.randrange(120))
        if self.rng.random() < 0.3:
            self.station.hangs_up(sid, lasted_s=3)
        return sid

    def _hear(self, script: Script) -> None:
        assert script
        self.heard.append(spoken(script))
        ends = (Hangup, Reject, Redirect, Ring, Record, Gather)
        assert isinstance(script[-1], ends), script

    def _next(self, script: Script, sid: str) -> Script:
        line = self.station.phone_line(sid)
        self.seen.append(line)
        ring = next((verb for verb in script if isinstance(verb, Ring)), None)
        if ring is not None:
            self._ring(ring)
        done = {"dialled": self.rng.choice(("no-answer", "busy", "completed", ""))} if ring else self._deed(script)
        told = self.station.does(sid, **done)
        roll = self.rng.random()
        if roll < 0.2:  # the carrier tells it again, or something of earlier
            assert self.station.repeat(line, **done) == told
        elif roll < 0.3:
            assert self.station.repeat(self.rng.choice(self.seen), digits="1") == told
        return told

    def _deed(self, script: Script) -> dict[str, str]:
        if isinstance(script[-1], Record) or any(isinstance(verb, Record) for verb in script):
            if self.rng.random() < 0.6:
                return {"recording": f"RE{self.rng.getrandbits(128):032x}", "recording_s": str(self.rng.randrange(90))}
            return {}
        return self.rng.choice((
            {"digits": self.rng.choice(KEYS)},
            {"digits": self.rng.choice(KEYS[:8])},
            {"digits": self._own_number()},
            {"speech": self.rng.choice(WORDS)},
            {},
        ))  # fmt: skip

    def _own_number(self) -> str:
        tickets = self.station.tickets()
        return str(self.rng.choice(tickets).number) if tickets else "6"

    def _ring(self, ring: Ring) -> None:
        """The telephones ring: whoever picks up hears what it is about, and presses something, perhaps."""
        for leg in ring.legs:
            person = self.station.gw.rules.people.by_number(leg.number)
            assert person is not None
            self.rang.append(leg.number)
        waiting = {dispatch.key: dispatch for dispatch in self.station.ringing()}
        assert {leg.key for leg in ring.legs} <= set(waiting)
        busy = Counter(dispatch.to for dispatch in waiting.values())
        assert max(busy.values()) == 1
        for leg in ring.legs:
            if self.rng.random() < 0.6:
                assert self.station.picks_up(waiting[leg.key])
            if self.rng.random() < 0.5:
                self.station.picks_up(waiting[leg.key], self.rng.choice(("1", "1", "2", "3", "9", "")))
            for status in self.rng.sample(STATUSES, self.rng.randrange(4)):
                self._fate(leg.key, status)

    def _fate(self, key: str, status: str) -> None:
        """The carrier tells how a leg fares, in no order (B-075)."""
        gw, at, sid = self.station.gw, self.station.clock.now(), f"CA{key}"
        for _ in range(self.rng.choice((1, 1, 2))):
            self.station.store.write(lambda tx: ringing.leg_fate(gw, tx, key, sid, status, "", at))


def switches(rng: Random) -> Callable[[Station], None]:
    """The switches of a site: voicemail, recording, how many calls of one number are too many."""
    voicemail, recorded, most = rng.random() < 0.7, rng.random() < 0.5, rng.choice((3, 20))

    def turn(station: Station) -> None:
        rules = station.gw.rules
        station.gw.rules = replace(rules, voicemail=voicemail, record_calls=recorded, calls_per_caller=most)

    return turn


@pytest.mark.parametrize("seed", range(16))
def test_a_walk_ends_once_and_nobody_is_told_what_is_not_so(station: Station, seed: int) -> None:
    """S003, S014, S029, S161, S172; P1, P14, P15."""
    rng = Random(seed)  # noqa: S311 - a walk that can be walked again
    switches(rng)(station)
    for _ in range(8):
        station.clock.set(rng.choice(INSTANTS))
        walk = Walk(station, rng)
        sid = walk.run()
        line = station.phone_line(sid)
        assert line.ended_at is not None
        assert line.outcome is not None
        assert line.reached in set(Step)
        holds_of_numbers(station, walk, line)
    holds_of_all(station)


def holds_of_numbers(station: Station, walk: Walk, line: Call, also: AbstractSet[int] = frozenset()) -> None:
    """Whoever heard a number has that request; it is never told to anybody else."""
    numbers = {int(found.replace(" ", "").replace(",", "")) for said in walk.heard for found in _NUMBER.findall(said)}
    if numbers <= also:
        return
    assert line.ticket is not None
    theirs = also | {line.ticket} | {other for other, _ in station.store.read(lambda r: r.links(line.ticket or 0))}
    assert numbers <= theirs


def holds_of_all(station: Station) -> None:
    """No contact is left behind, every ticket of a call has its line, and the register is whole."""
    station.file()
    waiting = [intake for intake in station.intakes() if intake.state is IntakeState.RECEIVED]
    assert waiting == []
    lines = station.store.read(lambda reading: reading.calls(limit=1000))
    on_lines = {line.ticket for line in lines}
    for ticket in station.tickets():
        assert ticket.number in on_lines or ticket.channel != Channel.PHONE
        assert "received" in station.happened(ticket) or station.happened(ticket)
        if Mark.CALL_BACK in ticket.marks:
            assert ticket.requester.number or "Numero digitato" in " ".join(m.text for m in station.messages(ticket))
    assert station.ringing() == []
    for dispatch in station.sent(channel=Channel.VOICE):
        assert station.gw.rules.people.by_number(dispatch.to) is not None
        assert dispatch.state is not DispatchState.SENDING


# ------------------------------------------------------------------------------------------------------ our own people

HANDED_OVER = "2026-12-04T17:59:00+01:00"
"""A minute before bruno's watch ends and carla's begins."""


def confirming(contract: Contract) -> Contract:
    assert contract.on_call
    return replace(contract, on_call=replace(contract.on_call, confirm_shift=True))


class DutyWalk(Walk):
    """A technician who was paged, or whose watch waits: keys codes, right ones, wrong ones, those of others."""

    def run(self) -> str:
        script = self.station.rings(self.rng.choice((BRUNO, CARLA, DARIO)), to=self.rng.choice(NUMBERS))
        sid = self.station.sid
        for _ in range(STEPS):
            self._hear(script)
            if isinstance(script[-1], Hangup | Reject):
                break
            if self.rng.random() < 0.15:
                return self._cut(sid)
            self.station.clock.pass_(seconds=self.rng.randrange(1, 40))
            script = self._next(script, sid)
        return self._gone(sid)

    def _cut(self, sid: str) -> str:
        """The last keys and the end cross on their way."""
        line, done = self.station.phone_line(sid), {"digits": self._code()}
        self._gone(sid)
        for _ in range(self.rng.randrange(3)):
            self.station.repeat(line, **done)
        return sid

    def _deed(self, script: Script) -> dict[str, str]:
        asked = next((verb.step for verb in script if isinstance(verb, Gather)), "")
        return {"digits": self._code()} if asked in OURS and self.rng.random() < 0.8 else super()._deed(script)

    def _code(self) -> str:
        codes = [page.code for page in self.station.pages()]
        return self.rng.choice((*codes, "123456", "12", "1", "1#", "*"))


@pytest.mark.parametrize("seed", range(6))
def test_our_own_people_walk_through_codes_and_watches(station: Station, seed: int) -> None:
    """M-02, M-05, C-56; B-075, B-078, B-079: no contact is left, and a question of ours alone makes no request."""
    rng = Random(seed)  # noqa: S311 - as above
    station.change("c02-comune", confirming)
    station.clock.set(HANDED_OVER)
    station.store.write(lambda tx: handovers.arm_all(station.gw, tx, station.clock.now()))
    for n in range(8):
        if rng.random() < 0.6:
            station.mail(f"URGENTE: guasto {n}")
        station.pass_(minutes=rng.choice((1, 3, 6)))
        walk = DutyWalk(station, rng)
        line = station.phone_line(walk.run())
        assert line.ended_at is not None
        paged = {page.ticket for page in station.pages() if page.number == line.caller}
        holds_of_numbers(station, walk, line, also=paged)
        holds_of_ours(station, line)
    station.pass_(hours=5)
    holds_of_all(station)


def holds_of_ours(station: Station, line: Call) -> None:
    """What came of a code or of a key, and nothing else did."""
    if line.reached in OURS:
        assert (line.outcome, "opened" in line.facts) in ((CallOutcome.DUTY, False), (CallOutcome.REFUSED, False))
        known = {page.ticket for page in station.pages() if page.number == line.caller}
        assert line.ticket is None or line.ticket in known
    assert max((page.tries for page in station.pages()), default=0) <= 3
    person = station.gw.rules.people.by_number(line.caller)
    owner = person.id if person else ""
    for number in line.facts.get("accepted", "").split():
        taken = [entry for entry in station.events(station.fresh_number(int(number))) if entry.type == "taken"]
        assert owner in {entry.by for entry in taken}
    keyed = [entry for entry in station.events() if entry.type == "call_step" and entry.data["step"] == Step.CODE]
    assert {entry.data["digits"] for entry in keyed} <= {""}
