"""Attachments and the virus scanner: after the commit, once a file, and nothing is lost while it is down (B-047)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.antivirus import Clamd
from gateway import escalating, scanning
from gateway.domain.intake import Attachment
from gateway.domain.scan import LONGEST_RETRY, MAX_FAILURES, Scan, ScanState, Verdict, retry_delay
from gateway.domain.ticket import Mark
from tests.flow.station import TUESDAY_MORNING, Station
from tests.peers.clamd import FOUND, clamd, eicar, zipped
from tests.store.conftest import Database

TELL_AFTER = timedelta(minutes=15)
DOWN = Verdict(ScanState.UNSCANNED, "clamd.ctl: Connection refused")
CLEAN = Verdict(ScanState.CLEAN)
INFECTED = Verdict(ScanState.INFECTED, "Test-File")


@dataclass(slots=True)
class Scanner:
    """Answers what it was told to."""

    verdict: Verdict = CLEAN
    asked: list[bytes] = field(default_factory=list)

    def scan(self, content: bytes) -> Verdict:
        self.asked.append(content)
        return self.verdict


@pytest.fixture
def station(database: Database, tmp_path: Path) -> Iterator[Station]:
    folder = tmp_path / "site"
    folder.mkdir()
    station = Station(database.open(), folder, TUESDAY_MORNING)
    station.gw.rules = replace(station.gw.rules, scanning=True)
    yield station
    station.reader.close()


def mail(*files: tuple[str, bytes], number: int = 1) -> bytes:
    parts = [b"Content-Type: text/plain\r\n\r\nIn allegato."]
    parts += [
        f'Content-Type: application/octet-stream; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'.encode()
        + base64.encodebytes(content).replace(b"\n", b"\r\n")
        for name, content in files
    ]
    head = (
        f"From: maria.rossi@comune.example\r\nTo: assistenza@comune.example\r\nSubject: Verbale {number}\r\n"
        f"Message-ID: <scan{number}@comune.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    ).encode()
    return head + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def files(station: Station) -> list[Attachment]:
    messages = [message for ticket in station.tickets() for message in station.messages(ticket)]
    return [each for one in messages for each in station.store.read(lambda reading, m=one.id: reading.attachments(m))]  # type: ignore[misc]  # a default argument cannot be inferred


def known(station: Station) -> list[Scan]:
    hashes = [each.sha256 for each in files(station)]
    found = station.store.read(lambda reading: reading.scans(hashes))
    return [found[each] for each in dict.fromkeys(hashes) if each in found]


def run(station: Station, scanner: Scanner | Clamd) -> None:
    while scanning.scan_next(station.gw, scanner, TELL_AFTER):
        pass


def test_every_attachment_is_owed_to_the_scanner_in_the_commit_that_files_it(station: Station) -> None:
    station.arrive(mail(("a.pdf", b"%PDF-1.4 a"), ("b.pdf", b"%PDF-1.4 b"), ("again.pdf", b"%PDF-1.4 a")))
    assert [(scan.state, scan.attempts, scan.due_at) for scan in known(station)] == [
        (ScanState.UNSCANNED, 0, station.clock.now())
    ] * 2


def test_a_file_is_scanned_once_however_often_it_comes(station: Station) -> None:
    scanner = Scanner()
    for number in (1, 2):
        station.arrive(mail(("a.pdf", b"%PDF-1.4 a"), number=number))
        run(station, scanner)
    assert scanner.asked == [b"%PDF-1.4 a"]
    assert [scan.state for scan in known(station)] == [ScanState.CLEAN]


def test_without_a_scanner_nothing_is_owed_and_everything_is_shown_as_unscanned(station: Station) -> None:
    station.gw.rules = replace(station.gw.rules, scanning=False)
    station.arrive(mail(("a.pdf", b"%PDF-1.4 a")))
    assert known(station) == []
    found = station.store.read(lambda reading: scanning.states(reading, files(station)))
    assert list(found.values()) == ["unscanned"]


def test_a_scanner_that_is_down_leaves_the_file_unscanned_and_is_asked_again_until_it_answers(station: Station) -> None:
    station.arrive(mail(("a.pdf", b"%PDF-1.4 a"), ("b.pdf", b"%PDF-1.4 b")))
    scanner = Scanner(DOWN)
    for _ in range(20):
        run(station, scanner)
        station.clock.pass_(minutes=30)
    assert {scan.state for scan in known(station)} == {ScanState.UNSCANNED}
    assert station.ticket().subject == "Verbale 1"
    scanner.verdict = CLEAN
    run(station, scanner)
    assert [(scan.state, scan.due_at) for scan in known(station)] == [(ScanState.CLEAN, None)] * 2


def test_one_silence_is_enough_for_a_round_the_other_files_do_not_wait_for_it_too(station: Station) -> None:
    station.arrive(mail(("a.pdf", b"a"), ("b.pdf", b"b"), ("c.pdf", b"c")))
    scanner = Scanner(DOWN)
    run(station, scanner)
    assert len(scanner.asked) == 1


def test_a_scanner_that_is_down_for_long_is_told_once_a_day_and_again_when_it_is_down_again(station: Station) -> None:
    station.arrive(mail(("a.pdf", b"a")))
    scanner = Scanner(DOWN)
    run(station, scanner)
    assert station.alarms() == []
    for _ in range(4):
        station.clock.pass_(minutes=16)
        run(station, scanner)
    assert [alarm.subject for alarm in station.alarms()] == ["Centralino: lo scanner antivirus non risponde"] * len(
        station.gw.rules.alarmed(station.gw.rules.contracts["c02-comune"])
    )
    assert "Connection refused" in station.alarms()[0].text


def test_an_infected_file_is_marked_on_every_ticket_kept_and_told(station: Station) -> None:
    """B-047: quarantined, not deleted."""
    station.arrive(mail(("a.exe", b"MZ")))
    station.arrive(mail(("b.exe", b"MZ"), number=2), sender="anna@altro.example")
    run(station, Scanner(INFECTED))
    assert [ticket.marks.count(Mark.INFECTED) for ticket in station.tickets()] == [1, 1]
    assert all("attachment_infected" in station.happened(ticket) for ticket in station.tickets())
    assert "Test-File" in station.alarms()[0].text
    raw = station.store.read(lambda reading: reading.intake(1, raw=True))
    assert raw is not None
    assert station.gw.reader.attachment(raw.raw, files(station)[0].part) == b"MZ"


def test_what_was_found_infected_before_is_marked_when_it_comes_again(station: Station) -> None:
    station.arrive(mail(("a.exe", b"MZ")))
    run(station, Scanner(INFECTED))
    station.arrive(mail(("another name.exe", b"MZ"), number=2))
    assert [Mark.INFECTED in ticket.marks for ticket in station.tickets()] == [True, True]


def test_a_file_that_the_scanner_refuses_is_asked_about_three_times_and_then_stays_failed(station: Station) -> None:
    station.arrive(mail(("big.bin", b"x")))
    scanner = Scanner(Verdict(ScanState.FAILED, "INSTREAM size limit exceeded. ERROR"))
    for _ in range(10):
        run(station, scanner)
        station.clock.pass_(minutes=31)
    assert len(scanner.asked) == MAX_FAILURES
    assert [(scan.state, scan.due_at) for scan in known(station)] == [(ScanState.FAILED, None)]


def test_the_summary_for_the_vendor_says_which_file_is_infected_and_goes_nowhere(station: Station) -> None:
    station.arrive(mail(("a.exe", b"MZ"), ("b.pdf", b"%PDF-1.4 b")))
    verdicts = iter((INFECTED, CLEAN) if files(station)[0].sha256 < files(station)[1].sha256 else (CLEAN, INFECTED))

    class Each(Scanner):
        def scan(self, content: bytes) -> Verdict:
            return next(verdicts)

    run(station, Each())
    ticket = station.ticket()
    contract = station.gw.rules.contracts[ticket.contract]
    facts = station.store.read(lambda reading: escalating._summary_input(reading, ticket, contract, ""))  # noqa: SLF001 - what every summary is made of
    assert [(line.name, line.infected) for line in facts.attachments] == [("a.exe", True), ("b.pdf", False)]


def test_with_the_real_scanner_the_test_file_is_found_in_an_archive_in_a_mail_in_a_mail(station: Station) -> None:
    """B-047, from the mail to the mark."""
    inner = mail(("documenti.zip", zipped(eicar())), number=2)
    head, _, body = mail(("ok.txt", b"ok")).partition(b"--b\r\n")
    raw = (
        head
        + b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
        + inner.replace(b"--b", b"--c").replace(b'boundary="b"', b'boundary="c"')
        + b"\r\n--b\r\n"
        + body
    )
    station.arrive(raw)
    with clamd() as daemon:
        run(station, daemon)
    found = {each.shown_name: scan.state for each, scan in zip(files(station), known(station), strict=True)}
    assert found["documenti.zip"] is ScanState.INFECTED
    assert found["ok.txt"] is ScanState.CLEAN
    assert Mark.INFECTED in station.ticket().marks
    assert any(FOUND in alarm.text for alarm in station.alarms())


def test_the_wait_for_the_scanner_grows_to_half_an_hour_and_no_further() -> None:
    delays = [retry_delay(attempt) for attempt in range(1, 60)]
    assert delays[0] == timedelta(minutes=1)
    assert delays == sorted(delays)
    assert delays[-1] == LONGEST_RETRY
