"""Every attachment is owed to the scanner, when there is one: after the commit, in a thread of its own (B-047).

A file is known by its SHA-256 and scanned once, however often it comes. A scanner that does not answer leaves it
*unscanned*, which everybody can see, and it is tried again for ever; nothing waits for it and nothing is lost. What is
infected is kept, marked on its tickets, and goes nowhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import alarms, journal
from gateway.domain.register import Happening
from gateway.domain.scan import MAX_FAILURES, Scan, ScanState, Verdict, retry_delay
from gateway.domain.ticket import Mark
from gateway.silences import NEVER
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gateway.domain.intake import Attachment, Intake
    from gateway.ports import Gateway, Reading, Transaction
    from gateway.scanner import Scanner

SILENT = "scanner_silent"


def owe(gw: Gateway, tx: Transaction, intake: Intake, attachments: Iterable[Attachment], at: datetime) -> None:
    """Every file that nothing is known of is due to be scanned. Without a scanner nothing is owed."""
    if not gw.rules.scanning:
        return
    files = {each.sha256: each for each in attachments if each.size}
    known = tx.scans(tuple(files))
    for sha256, each in files.items():
        if sha256 not in known:
            tx.add_scan(Scan(sha256, intake.id, each.part, ScanState.UNSCANNED, due_at=at))


def infected(reading: Reading, attachments: Iterable[Attachment]) -> frozenset[str]:
    """The hashes of those files that are known to be infected."""
    found = reading.scans([each.sha256 for each in attachments])
    return frozenset(sha256 for sha256, scan in found.items() if scan.state is ScanState.INFECTED)


def states(reading: Reading, attachments: Sequence[Attachment]) -> dict[str, str]:
    """What is known of each file, by its hash: a `ScanState`, `unscanned` for one that no scanner was owed."""
    found = reading.scans([each.sha256 for each in attachments])
    return {
        each.sha256: str(found[each.sha256].state if each.sha256 in found else ScanState.UNSCANNED)
        for each in attachments
    }


# ------------------------------------------------------------------------------------------------------------ the round


def scan_next(gw: Gateway, scanner: Scanner, tell_after: timedelta) -> bool:
    """Scan the file that has waited longest; whether the scanner said something and there may be more to do.

    One that does not answer is left alone for now: the other files would only wait for it too.
    """
    now = gw.clock.now()
    due = gw.store.read(lambda reading: reading.scans_due(now, 1))
    return bool(due) and _one(gw, scanner, due[0], tell_after) is not ScanState.UNSCANNED


def _one(gw: Gateway, scanner: Scanner, scan: Scan, tell_after: timedelta) -> ScanState:
    """The attempt is counted before the try, so that a file that kills us does not come first for ever."""
    due_at = gw.clock.now() + retry_delay(scan.attempts + 1)
    claimed = gw.store.write(lambda tx: tx.change_scan(scan.sha256, attempts=scan.attempts + 1, due_at=due_at))
    verdict = _verdict(gw, scanner, claimed)
    journal.noted("scan.concluded", sha256=scan.sha256, attempt=claimed.attempts, outcome=str(verdict.state))
    at = gw.clock.now()
    gw.store.write(lambda tx: _settle(gw, tx, claimed, verdict, tell_after, at))
    return verdict.state


def _verdict(gw: Gateway, scanner: Scanner, scan: Scan) -> Verdict:
    intake = gw.store.read(lambda reading: reading.intake(scan.intake, raw=True))
    try:
        content = gw.reader.attachment(intake.raw, scan.part) if intake else None
    except LookupError:
        content = None
    if content is None:
        return Verdict(ScanState.FAILED, "its bytes cannot be read")
    return scanner.scan(content)


def _settle(gw: Gateway, tx: Transaction, scan: Scan, verdict: Verdict, tell_after: timedelta, at: datetime) -> None:
    if verdict.state is ScanState.UNSCANNED:
        _silent(gw, tx, verdict.detail, tell_after, at)
        return
    tx.drop_timer(SILENT, 0)
    again = verdict.state is ScanState.FAILED and scan.attempts < MAX_FAILURES
    tx.change_scan(
        scan.sha256,
        state=verdict.state,
        found=verdict.detail,
        settled_at=at,
        due_at=scan.due_at if again else None,
    )
    if verdict.state is ScanState.INFECTED:
        _is_infected(gw, tx, replace(scan, found=verdict.detail), at)


def _silent(gw: Gateway, tx: Transaction, why: str, tell_after: timedelta, at: datetime) -> None:
    """The scanner does not answer: told once a day when that goes on."""
    timer = tx.timer(SILENT, 0)
    since = datetime.fromisoformat(timer.facts["since"]) if timer else at
    if timer is None:
        tx.set_timer(SILENT, 0, NEVER, {"since": at.isoformat()})
    if at - since >= tell_after:
        alarms.raise_once(gw, tx, "T-ALARM-SCANNER", {"cause": why[:200]}, at, about=SILENT)


def _is_infected(gw: Gateway, tx: Transaction, scan: Scan, at: datetime) -> None:
    """Every ticket that has the file says so at a glance, and whoever keeps the installation is told."""
    numbers = tx.tickets_with(scan.sha256)
    for number in numbers:
        mark(tx, number, scan, at)
    values = {"tickets": ", ".join(map(str, numbers)) or "–", "found": scan.found[:200]}
    alarms.raise_once(gw, tx, "T-ALARM-INFECTED", values, at, about=scan.sha256)


def mark(tx: Transaction, number: int, scan: Scan, at: datetime) -> None:
    """The mark and the line of a ticket that has an infected file."""
    ticket = tx.ticket(number)
    if ticket is None:
        return
    if Mark.INFECTED not in ticket.marks:
        tx.change_ticket(number, marks=(*ticket.marks, Mark.INFECTED))
    data = {"sha256": scan.sha256, "found": scan.found[:200], "intake": str(scan.intake)}
    tx.record(str(number), Happening("attachment_infected", at, NOBODY, data=data))


def mark_known(gw: Gateway, tx: Transaction, intake_id: int, attachments: Iterable[Attachment], at: datetime) -> None:
    """A file that was found infected earlier comes again: its new tickets say so at once."""
    if not gw.rules.scanning:
        return
    bad = [scan for scan in tx.scans([each.sha256 for each in attachments]).values() if scan.state is _INFECTED]
    for number in tx.tickets_of(intake_id) if bad else ():
        for scan in bad:
            mark(tx, number, scan, at)


_INFECTED = ScanState.INFECTED
