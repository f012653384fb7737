"""Who calls us: citizens press, speak, wait while somebody is rung, sometimes hang up; technicians key a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway import ringing, whispering
from gateway.domain.call import OURS, Gather, Hangup, Record, Redirect, Reject, Ring
from tests.oncall_year.agenda import covers
from tests.oncall_year.carrier import Line

if TYPE_CHECKING:
    from gateway.domain.call import Leg, Script
    from tests.oncall_year.people import Technician
    from tests.oncall_year.world import Year

INTERACTIVE = (Gather, Record, Ring, Redirect, Reject, Hangup)
MOST_STEPS = 25
IMPATIENT = 0.05


@dataclass(slots=True)
class CallBack:
    """One call of a technician who was paged, or whose watch waits: keys while asked for that, and hangs up."""

    year: Year
    number: str
    sid: str
    keys: list[str]

    def begin(self) -> None:
        """The call comes in, unless the carrier brings none."""
        if covers(self.year.diary.carrier_down, self.year.agenda.now()):
            return
        self.year.diary.counted["calls back"] += 1
        self._hear(self.year.station.rings(self.number, self.sid))

    def _hear(self, script: Script) -> None:
        asked = any(isinstance(verb, Gather) and verb.step in OURS for verb in script)
        wait, step = self.year.rng.uniform(4, 15), self._key if asked and self.keys else self._hang_up
        self.year.agenda.after(wait, step)

    def _key(self) -> None:
        self._hear(self.year.station.does(self.sid, digits=self.keys.pop(0)))

    def _hang_up(self) -> None:
        self.year.station.hangs_up(self.sid, lasted_s=45)


@dataclass(slots=True)
class Caller:
    """One call of a citizen, from its first signal to its end."""

    year: Year
    number: str
    sid: str
    urgent: bool
    steps: int = 0

    def begin(self) -> None:
        """The call comes in, unless the carrier brings none."""
        if covers(self.year.diary.carrier_down, self.year.agenda.now()):
            self.year.diary.counted["calls that the carrier lost"] += 1
            return
        self.year.diary.counted["calls in"] += 1
        self._hear(self.year.station.rings(self.number, self.sid))

    def _hear(self, script: Script) -> None:
        """Listen to the end of what is said, and do what it asks for."""
        verb = next((each for each in script if isinstance(each, INTERACTIVE)), Hangup())
        self.steps += 1
        rng = self.year.rng
        if isinstance(verb, Hangup | Reject) or self.steps > MOST_STEPS or rng.random() < IMPATIENT:
            self.year.agenda.after(rng.uniform(2, 12), self._hang_up)
        elif isinstance(verb, Ring):
            self._wait_for(verb)
        elif isinstance(verb, Record):
            self.year.agenda.after(20, lambda: self._do(recording=f"RE{self.sid[2:]}", recording_s="18"))
        elif isinstance(verb, Redirect):
            self._do()
        else:
            self.year.agenda.after(rng.uniform(3, 9), lambda: self._answer(verb))

    def _answer(self, verb: Gather) -> None:
        if verb.digits:
            self._do(digits="1" if self.urgent else "2")
        else:
            self._do(speech="Il protocollo è bloccato" if self.urgent else "Vorrei sapere gli orari")

    def _do(self, **done: str) -> None:
        self._hear(self.year.station.does(self.sid, **done))

    def _hang_up(self) -> None:
        self.year.station.hangs_up(self.sid, lasted_s=30 + self.steps)

    # ------------------------------------------------------------------------------------------- while somebody is rung

    def _wait_for(self, ring: Ring) -> None:
        """Each telephone rings; the first who presses the key talks, else the caller is told that nobody was there."""
        takes = [seconds for leg in ring.legs if (seconds := self._leg(leg, ring.ring_s)) is not None]
        after = min(takes) + self.year.rng.uniform(60, 400) if takes else ring.ring_s
        self.year.agenda.after(after + 1, lambda: self._do(dialled="completed" if takes else "no-answer"))

    def _leg(self, leg: Leg, ring_s: int) -> float | None:
        """One telephone; after how many seconds its owner presses the accept key, None when they do not."""
        year, now = self.year, self.year.agenda.now()
        line = Line(now, "call", leg.number, leg.key, "", f"CA{len(year.diary.ledger.lines):032d}")
        year.diary.ledger.lines.append(line)
        owner = next((each for each in year.people.values() if each.number == leg.number), None)
        outcome = self._outcome(owner)
        if outcome in {"no-answer", "busy"}:
            year.agenda.after(ring_s, lambda: self._fate(line, outcome))
            return None
        picks_up = year.rng.uniform(3, ring_s - 1)
        year.agenda.after(picks_up, lambda: self._picked(line, outcome))
        return picks_up + 4 if outcome == "1" else None

    def _outcome(self, owner: Technician | None) -> str:
        if owner is None or not owner.is_reachable(self.year.agenda.now()):
            return "no-answer"
        return owner.picks_up(self.year.rng)

    def _picked(self, line: Line, outcome: str) -> None:
        year, at = self.year, self.year.agenda.now()
        year.station.store.write(lambda tx: whispering.whisper(year.gw, tx, line.key, at))
        if outcome in {"1", "2"}:
            year.station.store.write(lambda tx: whispering.key_pressed(year.gw, tx, line.key, outcome, at))
        else:
            year.agenda.after(5, lambda: self._fate(line, "completed"))

    def _fate(self, line: Line, status: str) -> None:
        at = self.year.agenda.now()
        self.year.station.store.write(lambda tx: ringing.leg_fate(self.year.gw, tx, line.key, line.sid, status, "", at))
