"""The kill ledger: the daemon is killed again and again while mail comes in and messages go out (PROMISES C-01, C-05).

A round: the daemon starts, every client brings a mail to the point where only the body is missing, all bodies leave at
once, and after one of the final dots, at random, SIGKILL comes 0 to 200 ms later. Whoever got no 250 comes again.

Every fourth round is followed by one in which the leases of the dead have run out and nobody sends: what they had in
hand is filed and sent, and SIGKILL comes up to 30 ms after a message has reached the far side, so that kills fall
between claiming and sending and between sending and recording.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.rehearsal import Account, Rehearsal
from adapters.rehearsal import Gateway as CarrierSees
from tests.powercut import judge as judging
from tests.powercut import site
from tests.powercut.clients import Clients, Ledger
from tests.powercut.judge import Verdict
from tests.powercut.mails import drawn
from tests.powercut.victim import Victim

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path

KILL_WITHIN_S = 0.2
SOON_S = 0.03
CLIENTS = 16
IN_FLIGHT = 10
LEASE = timedelta(seconds=150)
ON_THE_WAY = 1 / 4
"""How many kills while messages leave there are for each one after a final dot."""
MOST_ARRIVALS = 16
ARRIVES_WITHIN_S = 2.0
POLL_S = 0.001
MANY_KILLS = 200
SETTLE_S = 120.0
QUIET_S = 6.0


@dataclass(slots=True)
class Kills:
    """What a run came to."""

    database: str
    kills: int = 0
    on_the_way: int = 0
    took_s: float = 0.0
    settled_s: float = 0.0
    in_flight: list[int] = field(default_factory=list)
    starts_s: list[float] = field(default_factory=list)
    carrier: bool = False
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def figures(self) -> dict[str, object]:
        return {
            "kills after a final dot": self.kills,
            "kills while messages leave": self.on_the_way,
            "kills/s": round((self.kills + self.on_the_way) / self.took_s, 2) if self.took_s else 0,
            "in flight (least, median)": f"{min(self.in_flight)}, {statistics.median(self.in_flight):.0f}",
            "start (median, most) s": f"{statistics.median(self.starts_s):.2f}, {max(self.starts_s):.2f}",
            "settled after s": round(self.settled_s, 1),
            **self.verdict.figures,
        }


def run(
    folder: Path,
    kills: int,
    seed: str,
    *,
    database: str = "",
    options: tuple[str, ...] = (),
    on_kill: Callable[[], None] = lambda: None,
    enough: Callable[[Ledger, site.Place], bool] = lambda _ledger, _place: False,
) -> Kills:
    """Kill so many times, let everything settle, compare. `enough` may end the killing sooner."""
    account = Account(site.ACCOUNT, site.TOKEN, site.GATEWAY_NUMBER)
    with Rehearsal(account, seconds_scale=0.001) as stand_ins:
        place = site.make(folder, stand_ins, database)
        public = f"http://127.0.0.1:{place.http_port}"
        stand_ins.connect(CarrierSees(public, connect_url=public))
        ledger = Ledger(folder / "ledger.jsonl")
        chance = drawn(f"{seed}/kills")
        report = Kills("PostgreSQL" if database else "SQLite")
        with Victim(place, *options) as victim, Clients(place.smtp_port, ledger, seed, CLIENTS) as clients:
            report.carrier = victim.has_carrier
            began = time.monotonic()
            while report.kills < kills and not enough(ledger, place):
                _kill_once(victim, clients, chance, report)
                if chance.random() < ON_THE_WAY:
                    place.jump(LEASE)
                    _kill_on_the_way(victim, stand_ins, chance, report)
                on_kill()
            report.took_s = time.monotonic() - began
            _settle(victim, clients, place, report)
        ledger.close()
        report.verdict = judging.judge(place, ledger.answered, stand_ins, carrier=report.carrier)
        report.verdict.wrong += [f"refused for good: {one}" for one in ledger.refused]
    _proves_enough(report)
    return report


def _proves_enough(report: Kills) -> None:
    """A run that met too little would be clean for nothing."""
    wrong, figures = report.verdict.wrong, report.verdict.figures
    if min(report.in_flight) < IN_FLIGHT:
        wrong.append(f"only {min(report.in_flight)} mails were in flight at a kill")
    if not report.carrier:
        wrong.append("no SMS leaves from this site: the carrier's outlet is not wired")
    if report.kills >= MANY_KILLS:
        names = [f"{what}{how}" for what in ("mails sent", "pages sent") for how in (" again", ": killed on the way")]
        names.append("filings repeated")
        wrong += [f"no kill fell where it had to: {name} is 0" for name in names if not figures.get(name)]


def _kill_once(victim: Victim, clients: Clients, chance: random.Random, report: Kills) -> None:
    began = time.monotonic()
    victim.start()
    report.starts_s.append(time.monotonic() - began)
    current = clients.begin()
    report.in_flight.append(current.open_gate())
    dot = current.wait_for_dot(chance.randint(1, CLIENTS))
    # A third of the kills comes while the 250s are on their way, on a slow machine too: what is committed then and not
    # yet answered comes again. The others come while all that came in is being worked on.
    if chance.random() < 1 / 3:
        current.wait_for_answer()
        dot, delay = time.monotonic(), chance.uniform(0, SOON_S)
    else:
        delay = chance.uniform(0, KILL_WITHIN_S)
    time.sleep(max(0.0, dot + delay - time.monotonic()))
    victim.kill()
    current.end()
    report.kills += 1


def _kill_on_the_way(victim: Victim, stand_ins: Rehearsal, chance: random.Random, report: Kills) -> None:
    victim.start()
    wanted = _arrived(stand_ins) + chance.randint(1, MOST_ARRIVALS)
    seen, until = _arrived(stand_ins), time.monotonic() + ARRIVES_WITHIN_S
    while seen < wanted and time.monotonic() < until:
        time.sleep(POLL_S)
        now = _arrived(stand_ins)
        if now > seen:
            seen, until = now, time.monotonic() + ARRIVES_WITHIN_S
    time.sleep(chance.uniform(0, SOON_S))
    victim.kill()
    report.on_the_way += 1


def _arrived(stand_ins: Rehearsal) -> int:
    return len(stand_ins.mail.messages) + len(stand_ins.carrier.messages)


def _settle(victim: Victim, clients: Clients, place: site.Place, report: Kills) -> None:
    """A last life without a kill: every mail gets its 250, and without a human all is filed and sent."""
    began = time.monotonic()
    victim.start()
    while clients.pending():
        clients.begin(more=0, fresh=False)
        time.sleep(0.5)
    still_s, last = 0.0, judging.unsettled(place, carrier=report.carrier)
    while any(last) and time.monotonic() - began < SETTLE_S + report.kills:
        time.sleep(0.25)
        now = judging.unsettled(place, carrier=report.carrier)
        still_s, last = (still_s + 0.25 if now == last else 0.0), now
        if still_s >= 1.0:  # only what a dead daemon had in hand is left: its lease has to run out
            place.jump(LEASE)
            still_s = -QUIET_S
    time.sleep(0.5)
    victim.kill()
    report.settled_s = time.monotonic() - began
