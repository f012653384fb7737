"""Faxes are opened and read by a machine after their tickets exist: one fax at a time, one page a step.

What is due is a timer that was set with the ticket. An attempt is counted on disk before the document is touched, so
that a document which ends the process is given up after a few; until then the timer is due again later. The text
becomes a note of the ticket that says it may be wrong, and words that the desk can search. It never changes a priority,
never leaves with a mail, and never stands in the log.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import journal
from gateway.domain import faxes
from gateway.domain.faxes import RECOGNISE
from gateway.domain.intake import Channel
from gateway.domain.phrases import recognised_note
from gateway.domain.register import Happening
from gateway.domain.ticket import Mark, Message
from gateway.recognition import Document, Unavailable
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.intake import Intake
    from gateway.domain.ticket import Timer
    from gateway.ports import Gateway, Transaction
    from gateway.recognition import Eyes

AGAIN_AFTER = timedelta(minutes=1)
LEASE = timedelta(minutes=30)
"""Longer than the longest fax takes: what is due again before is a fax whose process died."""
LOOKED_AT, RECOGNISED, NOT_RECOGNISED = "fax_looked_at", "text_recognised", "text_not_recognised"
GIVEN_UP = "given up"
HARMLESS = ("declared_",)
"""Beginnings of what is odd about a document and does not keep anybody from reading it."""


@dataclass(slots=True)
class _Job:
    """One fax under way. Lost with the process: the next attempt begins at the first page."""

    ticket: int
    intake: int
    attempts: int
    document: bytes
    pages: int
    texts: dict[int, str] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)

    @property
    def next_page(self) -> int:
        return len(self.texts) + len(self.unread) + 1


@dataclass(slots=True)
class Recogniser:
    """The loop over one gateway. `ocr` false: documents are opened and looked at, and nothing is read."""

    gw: Gateway
    eyes: Eyes
    ocr: bool = True
    most_pages: int = 20
    most_attempts: int = 3
    name: str = "fax-text"
    _job: _Job | None = None

    def step(self) -> int:
        """Open the next fax, or read one page of it; how much was done (0: nothing waits)."""
        job = self._job
        if job is None:
            return self._begin()
        self._job = None  # whatever happens to this page, no step meets the same state twice
        try:
            self._job = self._read(job)
        except Unavailable as missing:
            self._conclude(job, str(missing))
        return 1

    def _begin(self) -> int:
        now = self.gw.clock.now()
        due = self.gw.store.read(lambda reading: reading.due_timers(now, 1, kind=RECOGNISE))
        if not due:
            return 0
        claimed = self.gw.store.write(lambda tx: self._claim(tx, due[0], now))
        if claimed is not None:
            self._job = self._open(*claimed)
        return 1

    def _claim(self, tx: Transaction, timer: Timer, now: datetime) -> tuple[int, Intake, int] | None:
        """Count the attempt before the bytes are touched; one that was tried often enough is given up."""
        number = int(timer.ticket or 0)
        current = tx.timer(RECOGNISE, number)
        if current is None or current.due_at > now:
            return None
        intake = tx.intake(int(current.facts["intake"]), raw=True)
        attempts = int(current.facts["attempts"]) + 1
        if intake is None or attempts > self.most_attempts:
            tx.drop_timer(RECOGNISE, number)
            if intake is not None:
                _note(tx, intake.id, NOT_RECOGNISED, {"why": GIVEN_UP, "attempts": str(attempts - 1)}, now)
            return None
        tx.set_timer(RECOGNISE, number, now + LEASE, {**current.facts, "attempts": str(attempts)})
        return number, intake, attempts

    def _open(self, ticket: int, intake: Intake, attempts: int) -> _Job | None:
        found = self.eyes.document(intake)
        at = self.gw.clock.now()
        looked, document = found or (Document(None, ("document_of_unknown_type",), shown=False), b"")
        self.gw.store.write(lambda tx: _looked(tx, ticket, intake.id, looked, at))
        if not self.ocr or not looked.pages or not looked.shown:
            self.gw.store.write(lambda tx: tx.drop_timer(RECOGNISE, ticket))
            return None
        return _Job(ticket, intake.id, attempts, document, min(looked.pages, self.most_pages))

    def _read(self, job: _Job) -> _Job | None:
        """One page. After the last one the text is written down, or everything is tried again later."""
        number, began = job.next_page, time.perf_counter()
        page = self.eyes.page(job.document, number)
        journal.fax_read(job.intake, number, (time.perf_counter() - began) * 1000, page.why or "read")
        if page.text is None:
            job.unread[number] = page.why
        else:
            job.texts[number] = page.text
        if job.next_page <= job.pages:
            return job
        if not job.texts and job.attempts < self.most_attempts:
            again = self.gw.clock.now() + AGAIN_AFTER * job.attempts
            facts = {"intake": str(job.intake), "attempts": str(job.attempts), "looked": "yes"}
            self.gw.store.write(lambda tx: tx.set_timer(RECOGNISE, job.ticket, again, facts))
        else:
            self._conclude(job, "" if job.texts else next(iter(job.unread.values()), ""))
        return None

    def _conclude(self, job: _Job, why: str) -> None:
        at = self.gw.clock.now()
        self.gw.store.write(lambda tx: self._written(tx, job, why, at))

    def _written(self, tx: Transaction, job: _Job, why: str, at: datetime) -> None:
        """The text as a note of every ticket of the fax, in the commit that ends its timer."""
        current = tx.timer(RECOGNISE, job.ticket)
        if current is None or int(current.facts["attempts"]) != job.attempts:
            return  # somebody else read it meanwhile
        tx.drop_timer(RECOGNISE, job.ticket)
        if why:
            _note(tx, job.intake, NOT_RECOGNISED, {"why": why, "attempts": str(job.attempts)}, at)
            return
        data = {
            "pages": str(len(job.texts)),
            "characters": str(sum(map(len, job.texts.values()))),
            "unread": ",".join(map(str, job.unread)),
        }
        _note(tx, job.intake, RECOGNISED, data, at)
        if any(job.texts.values()):
            for number in tx.tickets_of(job.intake):
                self._text(tx, number, job.texts, at)

    def _text(self, tx: Transaction, number: int, texts: dict[int, str], at: datetime) -> None:
        ticket = tx.ticket(number)
        if ticket is None:
            return
        language = self.gw.rules.contract(ticket.contract, ticket.version).language
        subject, text = recognised_note(texts, language)
        tx.add_message(Message(0, number, "note", Channel.FAX, "internal", NOBODY, (), at, subject, text))
        words = faxes.words_of("\n".join(texts.values()))
        tx.change_ticket(number, sheet={**ticket.sheet, faxes.RECOGNISED: words})


def _note(tx: Transaction, intake: int, what: str, data: dict[str, str], at: datetime) -> None:
    for number in tx.tickets_of(intake):
        tx.record(str(number), Happening(what, at, NOBODY, data={"intake": str(intake), **data}))


def _looked(tx: Transaction, first: int, intake: int, looked: Document, at: datetime) -> None:
    """How many pages there are; a document that is not whole is for a person to verify, beside its original. Once."""
    timer = tx.timer(RECOGNISE, first)
    if timer is None or "looked" in timer.facts:
        return
    tx.set_timer(RECOGNISE, first, timer.due_at, {**timer.facts, "looked": "yes"})
    defects = (*looked.defects, *_missing(timer, looked))
    data = {"pages": str(looked.pages or ""), "defects": "; ".join(defects)[:500]}
    _note(tx, intake, LOOKED_AT, data, at)
    doubtful = [each for each in defects if not each.startswith(HARMLESS)]
    for number in tx.tickets_of(intake) if doubtful or not looked.shown else ():
        ticket = tx.ticket(number)
        if ticket is not None and Mark.TO_VERIFY not in ticket.marks:
            tx.change_ticket(number, marks=(*ticket.marks, Mark.TO_VERIFY))


def _missing(timer: Timer, looked: Document) -> tuple[str, ...]:
    """What the service said to have received and the document does not have: the line may have broken (DOMAIN 9)."""
    stated = int(timer.facts.get("stated") or 0)
    return (f"{stated - looked.pages}_pages_fewer_than_stated",) if looked.pages and looked.pages < stated else ()
