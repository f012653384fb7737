"""Mails through the running daemon: the SMTP door on a socket, the store, the worker, one after the other.

Each mail is sent alone and waited for until it has its final state, so its time is what it can delay another by.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import smtplib
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from adapters.fax import fax_pages
from config.daemon import Daemon, opened
from config.logs import configure
from gateway.domain.certified import CertifiedReading
from gateway.domain.intake import FaxReading, Intake, IntakeState, MailReading
from tests.bench.installation import installation
from tests.corpus.judging import Verdict, fax_verdicts, verdicts
from tests.corpus.material import Item
from tests.databases import postgres_bin, postgres_server

if TYPE_CHECKING:
    from gateway.ports import Reader

SENDER = "mittente@corpus.example"
RECIPIENT = "assistenza@comune.example"
FAX = "fax@comune.example"
PATIENCE_S = 90.0
STALLS_S = 1.0
OK = 250
ALL = 1_000_000


@dataclass(slots=True)
class Passed:
    """What became of one mail."""

    item: Item
    problem: str = ""
    intake: int = 0
    state: str = ""
    reason: str = ""
    took_s: float = 0.0
    tickets: int = 0
    attempts: int = 0
    repeats: str = ""
    verdicts: list[Verdict] = field(default_factory=list)


class Remembering:
    """The daemon's own reader, and what it answered: what a bounce says is not stored anywhere."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.readings: dict[int, MailReading] = {}

    def mail(self, intake: Intake) -> MailReading:
        reading = self._reader.mail(intake)
        self.readings[intake.id] = reading
        return reading

    def mails(self, intakes: Sequence[Intake]) -> list[MailReading | None]:
        found = self._reader.mails(intakes)
        self.readings |= {intake.id: reading for intake, reading in zip(intakes, found, strict=True) if reading}
        return found

    def fax(self, intake: Intake, reading: MailReading) -> FaxReading:
        return self._reader.fax(intake, reading)

    def certified(self, intake: Intake) -> CertifiedReading:
        return self._reader.certified(intake)

    def attachment(self, raw: bytes, part: str) -> bytes:
        return self._reader.attachment(raw, part)


class Run:
    """All mails through one daemon."""

    def __init__(self, daemon: Daemon, items: Sequence[Item], progress: Callable[[int], None]) -> None:
        self._daemon = daemon
        self._items = items
        self._progress = progress
        self._reader = Remembering(daemon.gateway.reader)
        daemon.gateway.reader = self._reader
        self._first: dict[str, Passed] = {}
        self._client: smtplib.SMTP | None = None
        self.passed: list[Passed] = []

    def all(self) -> None:
        for count, item in enumerate(self._items):
            one = Passed(item)
            try:
                self._one(one)
            except Exception as error:  # noqa: BLE001 - a mail that breaks the run is a finding, and the run goes on
                one.problem = one.problem or f"{type(error).__name__}: {error}"
            self.passed.append(one)
            self._progress(count + 1)
        self._doubled()
        if self._client:
            self._client.quit()

    def _one(self, one: Passed) -> None:
        sent = one.item.wire()
        began = time.perf_counter()
        answer = self._send(sent, FAX if one.item.is_fax else RECIPIENT)
        if answer:
            one.problem = answer
            return
        digest = sha256(sent).hexdigest()
        first = self._first.get(digest)
        if first is not None:
            one.repeats, one.intake, one.state = f"{first.item.source}/{first.item.name}", first.intake, first.state
        else:
            self._first[digest] = one
            self._filed(one, digest, sent, began)
        reading = self._reader.readings.get(one.intake)
        if reading is None:
            one.problem = one.problem or "never read"
            return
        one.verdicts = verdicts(one.item, reading, lambda part: self._lf_size(sent, part))
        if one.item.is_fax:
            one.verdicts += self._fax(one.item, sent, reading)
        if one.tickets:
            one.problem = one.problem or self._unlike(one, reading)

    def _lf_size(self, sent: bytes, part: str) -> int:
        return len(self._reader.attachment(sent, part).replace(b"\r\n", b"\n"))

    def _fax(self, item: Item, sent: bytes, reading: MailReading) -> list[Verdict]:
        (document,) = (self._reader.attachment(sent, part.part) for part in reading.attachments)
        return fax_verdicts(item, fax_pages(self._daemon.reader.confine, document, "image/tiff"), document)

    def _send(self, sent: bytes, recipient: str) -> str:
        """Nothing, or what the door answered instead of 250."""
        assert self._daemon.smtp is not None
        if self._client is None:
            self._client = smtplib.SMTP("127.0.0.1", self._daemon.smtp.port, timeout=60)
            self._client.ehlo("corpus.example")
        try:
            self._client.mail(SENDER)
            self._client.rcpt(recipient)
            code, text = self._client.data(sent)
        except (smtplib.SMTPException, OSError) as error:
            self._client.close()
            self._client = None
            return f"{type(error).__name__}: {error}"
        return "" if code == OK else f"{code} {text.decode(errors='replace')}"

    def _filed(self, one: Passed, digest: str, sent: bytes, began: float) -> None:
        store = self._daemon.store
        newest = store.read(lambda reading: reading.intakes(limit=1))
        if not newest or newest[0].sha256 != digest:
            one.problem = "answered 250, and there is no such intake"
            return
        one.intake = newest[0].id
        until = time.monotonic() + PATIENCE_S
        while (intake := store.read(lambda reading: reading.intake(one.intake))) is not None:
            if intake.state is not IntakeState.RECEIVED or time.monotonic() > until:
                break
            time.sleep(0.001)
        one.took_s = time.perf_counter() - began
        assert intake is not None
        one.state, one.reason, one.attempts = str(intake.state), intake.reason or "", intake.attempts
        one.tickets = len(store.read(lambda reading: reading.tickets_of(one.intake)))
        kept = store.read(lambda reading: reading.intake(one.intake, raw=True))
        one.problem = _problem(one, intact=kept is not None and kept.raw == sent)

    def _unlike(self, one: Passed, reading: MailReading) -> str:
        """How the ticket's message differs from what was read of the mail; F10: both databases keep every text."""
        for number in self._daemon.store.read(lambda store: store.tickets_of(one.intake)):
            for message in self._daemon.store.read(lambda store, n=number: store.messages(n)):  # type: ignore[misc]  # a default argument cannot be inferred
                if message.intake != one.intake:
                    continue
                files = self._daemon.store.read(lambda store, m=message.id: store.attachments(m))  # type: ignore[misc]  # as above
                # The ticket of a fax is named after its number, not after the mail of its service.
                renamed = message.subject != reading.subject and not one.item.is_fax
                if reading.text not in message.text or renamed:
                    return "the ticket does not say what the mail says"
                if [(a.shown_name, a.size) for a in files] != [(a.shown_name, a.size) for a in reading.attachments]:
                    return "the ticket has other attachments than the mail"
        return ""

    def _doubled(self) -> None:
        """No contact is two intakes, and nothing is there that nobody sent."""
        every = self._daemon.store.read(lambda reading: reading.intakes(limit=ALL))
        counts = Counter(intake.sha256 for intake in every)
        for digest, one in self._first.items():
            if counts[digest] > 1:
                one.problem = one.problem or f"{counts[digest]} intakes of one mail"
        strangers = set(counts) - set(self._first)
        if strangers:
            self.passed[-1].problem = f"{len(strangers)} intakes that nobody sent"


def _problem(one: Passed, *, intact: bool) -> str:
    if not intact:
        return "the raw bytes are not the ones that were sent"
    if one.state == IntakeState.RECEIVED:
        return f"not filed after {PATIENCE_S:.0f} s"
    if one.state == IntakeState.FILED and not one.tickets:
        return "filed without a ticket"
    if one.state != IntakeState.FILED and not one.reason:
        return f"{one.state} by no named rule"
    return ""


def through(database: str, folder: Path, items: Sequence[Item], progress: Callable[[int], None]) -> list[Passed]:
    """Every mail through a daemon on this database, in this thread and one more."""
    configure(level=logging.CRITICAL)
    run: Run | None = None
    driver: threading.Thread | None = None

    def ready(daemon: Daemon) -> None:
        nonlocal run, driver
        loop = asyncio.get_running_loop()
        run = Run(daemon, items, progress)

        def drive(run: Run) -> None:
            try:
                run.all()
            finally:
                loop.call_soon_threadsafe(daemon.stopping.set)

        driver = threading.Thread(target=drive, args=(run,), name="corpus")
        driver.start()

    with (
        opened(installation(folder, database=database, more="[fax]\nocr = false")) as daemon,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(daemon.serve(ready))
    assert run is not None
    assert driver is not None
    driver.join()
    return run.passed


@contextlib.contextmanager
def database(kind: str) -> Iterator[tuple[str, Path]]:
    """The address of an empty database of this kind, and a folder; both go away.

    Raises:
        LookupError: PostgreSQL is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="centralino-corpus-") as folder:
        if kind == "sqlite":
            yield "sqlite:///centralino.db", Path(folder)
            return
        binaries = postgres_bin()
        if binaries is None:
            raise LookupError("PostgreSQL is not installed: apt install postgresql")
        with postgres_server(binaries) as server:
            yield server.database(), Path(folder)
