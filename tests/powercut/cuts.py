"""Power cuts: one traced run of the daemon, and many moments at which its disk loses its power.

The daemon starts on an empty folder under strace and takes mails. Then, for each of many places in the log after the
first 250, the folder is built again as the plates would hold it there, the store is opened on it, and every mail whose
250 had begun to leave must be in it with its bytes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sqlalchemy as sa

from adapters.rehearsal import Account, Rehearsal
from adapters.rehearsal import Gateway as CarrierSees
from adapters.store import SqlStore, open_store, verify
from gateway.domain.errors import StoreError
from tests.powercut import site, trace
from tests.powercut.clients import Answered, Clients, Ledger
from tests.powercut.mails import drawn
from tests.powercut.victim import ROOT, START_TIMEOUT_S, NeverReady

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

CLIENTS = 8
MAILS_A_CUT = 1.0
FEWEST_MAILS, MOST_MAILS = 60, 160
CHECKPOINT_PAGES = 200
ROUND_S = 30.0
FILING_S = 1.5


@dataclass(slots=True)
class Cuts:
    """What a run came to."""

    cuts: int = 0
    mails: int = 0
    calls: int = 0
    traced_s: float = 0.0
    wal_syncs: int = 0
    checkpoints: int = 0
    checked: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, object]:
        return {
            "cuts": self.cuts,
            "mails answered 250": self.mails,
            "begins and ends of calls": self.calls,
            "syncs of the log": self.wal_syncs,
            "syncs of the database after the first 250": self.checkpoints,
            "mails looked for, over all cuts": self.checked,
            "traced s": round(self.traced_s, 1),
        }


def run(
    folder: Path, cuts: int, seed: str, *, synchronous: str = "FULL", on_cut: Callable[[], None] = lambda: None
) -> Cuts:
    """Trace one life of the daemon, then cut its power so many times."""
    report = Cuts()
    mails = min(MOST_MAILS, max(FEWEST_MAILS, round(cuts * MAILS_A_CUT)))
    with Rehearsal(Account(site.ACCOUNT, site.TOKEN, site.GATEWAY_NUMBER), seconds_scale=0.001) as stand_ins:
        place = site.make(folder, stand_ins)
        public = f"http://127.0.0.1:{place.http_port}"
        stand_ins.connect(CarrierSees(public, connect_url=public))
        ledger = Ledger(folder / "ledger.jsonl")
        began = time.monotonic()
        log = _traced(place, ledger, seed, mails, synchronous)
        report.traced_s = time.monotonic() - began
    ledger.close()
    report.mails = len(ledger.answered)
    _cut_all(place, log, ledger, drawn(f"{seed}/cuts"), cuts, report, on_cut)
    return report


# -------------------------------------------------------------------------------------------------------------- tracing


def _traced(place: site.Place, ledger: Ledger, seed: str, mails: int, synchronous: str) -> Path:
    """The log of one life in which so many mails were answered; it ends by SIGKILL."""
    log = place.folder / "strace.log"
    runner = [sys.executable, "-m", "tests.powercut.runner", str(place.config), "--once"]
    runner += ["--synchronous", synchronous, "--checkpoint-pages", str(CHECKPOINT_PAGES)]
    command = [*trace.STRACE, f"trace={','.join(trace.CALLS)}", "-o", str(log), *runner]
    errors = (place.folder / "daemon.log").open("ab")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT) as process:
        daemon = 0
        try:
            daemon = _ready(process)
            _send(place, ledger, seed, mails)
        finally:
            if daemon:
                os.kill(daemon, signal.SIGKILL)
            else:
                process.kill()
            process.wait(START_TIMEOUT_S)
    return log


def _ready(process: subprocess.Popen[str]) -> int:
    daemon = 0
    for line in process.stdout or ():
        if line.startswith("pid "):
            daemon = int(line.split()[1])
        if line.startswith("ready"):
            return daemon
    raise NeverReady("the traced daemon did not come up: see daemon.log")


def _send(place: site.Place, ledger: Ledger, seed: str, mails: int) -> None:
    """Several clients at once; then some time, so that the cuts also fall into filing and answering."""
    with Clients(place.smtp_port, ledger, f"{seed}/traced", CLIENTS) as clients:
        while len(ledger.answered) < mails:
            current = clients.begin(more=2)
            current.open_gate()
            until = time.monotonic() + ROUND_S
            while clients.pending() and time.monotonic() < until:
                time.sleep(0.02)
            time.sleep(0.05)
    time.sleep(FILING_S)


# -------------------------------------------------------------------------------------------------------------- cutting


def _cut_all(
    place: site.Place,
    log: Path,
    ledger: Ledger,
    chance: random.Random,
    cuts: int,
    report: Cuts,
    on_cut: Callable[[], None],
) -> None:
    by_port: dict[int, list[Answered]] = defaultdict(list)
    for one in ledger.answered:
        by_port[one.client_port].append(one)
    played = list(trace.events(log))
    report.calls = len(played)
    places = _places(place, played, chance, cuts)
    replay = trace.Replay(str(place.config.parent), place.smtp_port)
    promised: list[Answered] = []
    for number, event in enumerate(played):
        client = replay.play(event)
        if client is not None and by_port[client]:
            promised.append(by_port[client].pop(0))
        _count_syncs(event, report, answered=bool(promised))
        if number in places:
            torn = chance if report.cuts % 2 else None
            _cut(place, replay, promised, torn, number, report)
            on_cut()
    _complete(report, replay, promised, cuts)


def _count_syncs(event: trace.Event, report: Cuts, *, answered: bool) -> None:
    if event.begins or event.call.name not in trace.SYNCS:
        return
    report.wal_syncs += event.call.path.endswith("centralino.db-wal")
    report.checkpoints += answered and event.call.path.endswith("centralino.db")


def _complete(report: Cuts, replay: trace.Replay, promised: list[Answered], cuts: int) -> None:
    """What would make the run worth less than it says."""
    if len(promised) != report.mails:
        report.wrong.append(f"{report.mails} mails were answered, and {len(promised)} answers stand in the log")
    if report.cuts < cuts:
        report.wrong.append(f"only {report.cuts} of {cuts} cuts were made: the log is too short")
    if not report.checkpoints:
        report.wrong.append("no moment at which the log moves into the database was met")
    if replay.unknown:
        report.wrong.append(f"the daemon writes in ways that the replay does not know: {sorted(replay.unknown)}")


def _places(place: site.Place, played: list[trace.Event], chance: random.Random, cuts: int) -> set[int]:
    """Where to cut: anywhere after the first 250 where something about the folder or an answer happens."""
    replay = trace.Replay(str(place.config.parent), place.smtp_port)
    answered = False
    possible = []
    for number, event in enumerate(played):
        answered = replay.play(event) is not None or answered
        if answered and replay.matters(event):
            possible.append(number)
    return set(chance.sample(possible, min(cuts, len(possible))))


def _cut(
    place: site.Place,
    replay: trace.Replay,
    promised: list[Answered],
    torn: random.Random | None,
    number: int,
    report: Cuts,
) -> None:
    """Build the folder as it would be found, open the store on it, and look for every mail that was promised."""
    found = place.folder / "found"
    shutil.rmtree(found, ignore_errors=True)
    found.mkdir()
    for name, content in replay.disk.contents(torn):
        if content is None:
            (found / name).mkdir(exist_ok=True)
        else:
            (found / name).write_bytes(content)
    at = f"cut at {number}{' (torn)' if torn else ''}"
    report.cuts += 1
    report.checked += len(promised)
    try:
        with open_store(f"sqlite:///{found / 'centralino.db'}", found / "blobs", threaded=False) as store:
            report.lost += [f"{at}: {what}" for what in _missing(store, found, promised)]
            fault = store.read(verify)  # type: ignore[arg-type]  # what this store gives to a query
            if fault is not None:
                report.wrong.append(f"{at}: the register does not hold: {fault}")
    except (StoreError, sa.exc.SQLAlchemyError) as error:
        report.lost.append(f"{at}: nothing can be read, {len(promised)} mails are gone: {error}")


def _missing(store: SqlStore, found: Path, promised: list[Answered]) -> Iterator[str]:
    engine = sa.create_engine(f"sqlite:///{found / 'centralino.db'}")
    with engine.connect() as connection:
        sums = {row.sha256: row.id for row in connection.execute(sa.text("SELECT id, sha256 FROM intake"))}
        sound = connection.execute(sa.text("PRAGMA quick_check")).scalar_one()
    engine.dispose()
    if sound != "ok":
        yield f"the database is damaged: {sound}"
    for one in promised:
        number = sums.get(one.mail.sha256)
        if number is None:
            yield f"mail {one.mail.serial} had its 250 and is not there"
        elif not _same(store, number, one):
            yield f"mail {one.mail.serial} had its 250 and its bytes are not there"


def _same(store: SqlStore, number: int, one: Answered) -> bool:
    try:
        intake = store.read(lambda reading: reading.intake(number, raw=True))
    except (OSError, StoreError):
        return False
    return intake is not None and hashlib.sha256(intake.raw).hexdigest() == one.mail.sha256
