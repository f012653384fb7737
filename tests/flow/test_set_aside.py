"""Set aside, with a way back: what fails is a ticket with the reason, and read once more it completes that ticket.

Issue 5, point 7; C-47: attempts are counted before each try, a contact that ends the process takes nobody with it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.confine import Confine
from adapters.mail import mime, packed
from adapters.store import SqlStore
from config.compose import MANY
from gateway import flow, replaying, visiting
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.intake import Arrival, Bounce, Channel, Intake, IntakeState, MailReading, RepeatKey
from gateway.domain.ticket import Mark
from gateway.replaying import UNREAD
from tests.flow.station import INTAKE, MARIA, OTHER_INTAKE, TUESDAY_MORNING, Station
from tests.peers import dying
from tests.store.conftest import Database

ROOT = Path(__file__).parents[2]
COMUNAS = "comunas@sardegnait.example"


@pytest.fixture
def store(database: Database) -> SqlStore:
    return database.open()


@pytest.fixture
def station(store: SqlStore, tmp_path: Path) -> Iterator[Station]:
    made = Station(store, tmp_path / "site", TUESDAY_MORNING)
    yield made
    made.reader.close()


def keep(station: Station, subject: str = "Stampante", *, headers: str = "", to: tuple[str, ...] = (INTAKE,)) -> int:
    """A mail, kept and not yet filed."""
    raw = station.raw_mail(subject, "Non stampa.", sender=MARIA, to=to, message_id="", headers=headers)
    arrival = Arrival(Channel.MAIL, "smtp", raw, station.clock.now(), MARIA, to, RepeatKey(subject))
    return flow.accept(station.gw, arrival).result(10).intake_id


def intake(station: Station, number: int) -> Intake:
    found = station.store.read(lambda reading: reading.intake(number, raw=True))
    assert found is not None
    return found


def replayed(station: Station, number: int) -> None:
    by, at = station.elena, station.clock.now()
    station.store.write(lambda tx: replaying.replay(tx, number, by, at))
    station.file()


def unreadable(
    station: Station,
    monkeypatch: pytest.MonkeyPatch,
    subject: str = "Stampante",
    headers: str = "",
    to: tuple[str, ...] = (INTAKE,),
) -> int:
    """A mail whose reader is lost: set aside."""

    def lost(read: Intake) -> MailReading:
        return MailReading(mime.content_key(read.raw), readable=False, defects=("not read: crashed",))

    number = keep(station, subject, headers=headers, to=to)
    with monkeypatch.context() as broken:
        broken.setattr(station.reader, "mail", lost)
        broken.setattr(station.reader, "mails", lambda asked: [lost(one) for one in asked])
        station.file()
    return number


# ---------------------------------------------------------------------------------------------------------- set aside


def test_what_a_lost_child_leaves_is_a_ticket_with_the_reason_that_can_be_replayed(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = unreadable(station, monkeypatch)
    ticket = station.ticket()
    assert {Mark.UNREADABLE, Mark.TO_VERIFY} <= set(ticket.marks)
    assert station.messages(ticket)[0].text.startswith("Il messaggio non è stato letto in modo sicuro")
    assert "Motivo: la lettura si è interrotta\n" in station.messages(ticket)[0].text
    assert (intake(station, number).state, intake(station, number).reason) == (IntakeState.FILED, UNREAD)
    assert [one.id for one in station.store.read(lambda reading: replaying.set_aside(reading, 9))] == [number]


def test_replayed_after_the_fix_it_is_the_same_ticket_complete(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = unreadable(station, monkeypatch)
    before = station.ticket()
    raw = intake(station, number).raw
    replayed(station, number)
    after = station.ticket()
    assert (after.number, after.subject) == (before.number, "Stampante")
    assert not {Mark.UNREADABLE, Mark.TO_VERIFY} & set(after.marks)
    assert after.requester.address == MARIA
    assert "Non stampa." in [message.text.strip() for message in station.messages(after)]
    (event,) = [one for one in station.events(after) if one.type == "filed_again"]
    assert {"subject", "text", "message_id"} <= set(event.data["changed"].split(","))
    assert (intake(station, number).reason, intake(station, number).raw) == (None, raw)
    assert len(station.acknowledgements()) == 1


def test_replaying_again_changes_nothing_more(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    number = unreadable(station, monkeypatch)
    replayed(station, number)
    before, messages, sent = station.ticket(), station.messages(station.ticket()), station.sent()
    replayed(station, number)
    assert (station.ticket(), station.messages(before), station.sent()) == (before, messages, sent)
    assert [one.data["changed"] for one in station.events(before) if one.type == "filed_again"][-1] == "nothing"


def test_asked_twice_before_it_is_done_it_is_done_once(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    number = unreadable(station, monkeypatch)
    by, at = station.elena, station.clock.now()
    for _ in range(2):
        station.store.write(lambda tx: replaying.replay(tx, number, by, at))
    assert station.happened(station.ticket()).count("intake_replayed") == 1


def test_what_still_cannot_be_read_stays_set_aside_and_its_ticket_as_it_is(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = unreadable(station, monkeypatch)
    before = station.messages(station.ticket())
    with monkeypatch.context() as broken:
        broken.setattr(station.reader, "mails", lambda asked: [
            MailReading(mime.content_key(one.raw), readable=False, defects=("not read: crashed",)) for one in asked
        ])  # fmt: skip
        replayed(station, number)
    assert intake(station, number).reason == UNREAD
    assert Mark.UNREADABLE in station.ticket().marks
    assert station.messages(station.ticket()) == before


def test_what_a_person_wrote_meanwhile_stays_theirs(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    number = unreadable(station, monkeypatch)
    ticket = station.ticket()
    station.store.write(lambda tx: tx.change_ticket(ticket.number, subject="Stampante del protocollo"))
    replayed(station, number)
    assert station.ticket().subject == "Stampante del protocollo"


def test_a_visit_that_the_desk_asked_for_meanwhile_is_not_asked_for_twice(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3.10, C3.20: the desk opened the original; read at last, the same wish takes no second place of the quota."""
    number = unreadable(station, monkeypatch, "Ci serve qualcuno in sede domani", to=(COMUNAS,))
    ticket, by, at = station.ticket(), station.elena, station.clock.now()
    station.store.write(lambda tx: visiting.request(station.gw, tx, ticket.number, "cagliari", by, at))
    before = station.ticket()
    station.pass_(minutes=20)
    replayed(station, number)
    (visit,) = station.visits()
    after = station.ticket()
    assert (visit.site, Mark.UNREADABLE in after.marks) == ("cagliari", False)
    assert (after.mode, after.site, after.due) == ("on_site", "cagliari", before.due)
    assert [each for each in station.sent(kind=DispatchKind.ACKNOWLEDGEMENT) if "on-site" in each.subject] == []


def test_a_wish_for_a_visit_that_nobody_could_read_is_one_visit(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3.20: read again and again it stays the one."""
    number = unreadable(station, monkeypatch, "Ci serve qualcuno in sede domani", to=(COMUNAS,))
    assert station.visits() == []
    replayed(station, number)
    replayed(station, number)
    assert len(station.visits()) == 1


def test_a_contact_to_two_contracts_completes_both_tickets(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """One contact to two contracts is two linked tickets, also when nobody could read it at first."""
    number = keep(station, to=(INTAKE, OTHER_INTAKE))
    station.gw.rules = replace(station.gw.rules, file_attempts=0)
    station.file()
    assert [Mark.UNREADABLE in ticket.marks for ticket in station.tickets()] == [True, True]
    replayed(station, number)
    assert [ticket.subject for ticket in station.tickets()] == ["Stampante", "Stampante"]
    assert [Mark.UNREADABLE in ticket.marks for ticket in station.tickets()] == [False, False]


def test_an_answer_that_nobody_could_read_shows_its_ticket_when_it_is_read(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.mail("Registro")
    first = station.ticket()
    answered = station.acknowledgements()[0].facts["message_id"]
    number = unreadable(station, monkeypatch, subject="Re: Registro", headers=f"In-Reply-To: <{answered}>")
    replayed(station, number)
    assert len(station.tickets()) == 2
    second = station.tickets()[0]
    assert station.store.read(lambda reading: reading.links(second.number)) == [(first.number, "answers")]


def test_a_report_that_nobody_could_read_reaches_what_it_is_about(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bounce is the outcome of the message that it is about, late or not; the ticket says that it was one."""
    station.mail("Registro")
    sent = station.acknowledgements()[0]
    number = unreadable(station, monkeypatch)
    about = Bounce((MARIA,), permanent=True, status="5.1.1", original_message_id=sent.facts["message_id"])
    monkeypatch.setattr(station.reader, "mails", lambda asked: [
        MailReading(mime.content_key(one.raw), bounce=about) for one in asked
    ])  # fmt: skip
    replayed(station, number)
    assert station.acknowledgements()[0].state is DispatchState.REFUSED
    assert intake(station, number).state is IntakeState.BOUNCE
    aside = station.tickets()[0]
    assert Mark.UNREADABLE not in aside.marks
    assert station.events(aside)[-1].data["changed"] == "it is a bounce"


def test_what_was_read_well_and_is_replayed_is_the_ticket_that_it_was(station: Station) -> None:
    receipt = station.mail("Stampante", "Non stampa.")
    before, messages, sent = station.ticket(), station.messages(station.ticket()), station.sent()
    replayed(station, receipt.intake_id)
    assert (station.ticket(), station.messages(before), station.sent()) == (before, messages, sent)


def test_what_cannot_even_be_set_aside_is_told_to_the_supervisors(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of ours in the making of tickets: nothing is lost, nothing is silent, and it is tried again."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    number = keep(station)
    with monkeypatch.context() as faulty:
        faulty.setattr("gateway.filing.open_ticket", broken)
        for _ in range(6):
            station.clock.pass_(minutes=5)
            station.file()
    assert station.tickets() == []
    alarms = [one for one in station.sent(kind=DispatchKind.ALARM) if f"intake show {number} --raw" in one.text]
    assert len({one.to for one in alarms}) == len(alarms) > 0
    station.clock.pass_(hours=1)
    station.file()
    assert Mark.UNREADABLE in station.ticket().marks


# ------------------------------------------------------------------------------------------------- what ends a process


def test_what_was_tried_before_comes_alone_and_others_go_on(station: Station) -> None:
    """A contact that ends the process takes no other's attempts with it."""
    kept = [keep(station, f"Richiesta {n}") for n in range(4)]
    now = station.clock.now()
    station.store.write(lambda tx: tx.claim_intakes(now, 1, timedelta(0)))
    station.store.write(lambda tx: tx.release_intake(kept[0], now, "failed"))
    claimed = [
        [one.id for one in station.store.write(lambda tx: tx.claim_intakes(now, 9, timedelta(minutes=2)))]
        for _ in range(2)
    ]
    assert claimed == [kept[:1], kept[1:]]


def test_what_was_tried_before_is_read_in_a_child(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first try may have ended the process: the second cannot."""
    number = keep(station)
    asked: list[str] = []
    call = Confine.call

    def seen(confine: Confine, function: str, payload: bytes, **how: float) -> bytes:
        asked.append(function)
        return call(confine, function, payload, **how)

    monkeypatch.setattr(Confine, "call", seen)
    once = intake(station, number)
    station.reader.mails([replace(once, attempts=1)])
    assert asked == []
    (read,) = station.reader.mails([replace(once, attempts=2)])
    assert asked == [packed.READ]
    assert read == mime.read(once.raw, envelope_from=MARIA, own=station.reader._own)  # noqa: SLF001 - the same reading


def _filing(site: Path, database: Database) -> str:
    """A process that files what waits, and whose parser dies of one mail, in the process and in a child."""
    return f"""
from pathlib import Path
from adapters.mail import packed
from adapters.store import open_store
from config.compose import gateway_of
from config.load import load
from gateway import flow
from tests.peers import dying
dying.in_process()
packed.READ = dying.READ
store = open_store({database.url!r}, Path({str(database.blobs)!r}), threaded=False)
gw, reader = gateway_of(load(Path({str(site / "gateway.toml")!r})), store)
now = gw.clock.now()
store.write(lambda tx: tx.free_leases(now))
while flow.file_next(gw) + flow.file_next(gw, large=True):
    pass
reader.close()
"""


def _run(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False).returncode


def test_a_mail_that_kills_the_process_does_so_once_and_is_set_aside(
    station: Station, database: Database, tmp_path: Path
) -> None:
    """C-47, with real SIGKILLs: counted before the try, so that the restart reads it in a child, which dies instead."""
    kept = [keep(station, "Prima"), keep(station, "Veleno", headers=dying.POISON), keep(station, "Dopo")]
    code = _filing(tmp_path / "site", database)
    assert _run(code) == -signal.SIGKILL
    assert [intake(station, number).attempts for number in kept] == [1, 1, 1]
    assert station.tickets() == []
    assert _run(code) == 0
    assert [(intake(station, number).state, intake(station, number).reason) for number in kept] == [
        (IntakeState.FILED, None),
        (IntakeState.FILED, UNREAD),
        (IntakeState.FILED, None),
    ]
    aside = next(ticket for ticket in station.tickets() if Mark.UNREADABLE in ticket.marks)
    assert "Motivo: la lettura si è interrotta\n" in station.messages(aside)[0].text
    replayed(station, kept[1])  # the fix: the genuine parser
    assert sorted(ticket.subject for ticket in station.tickets()) == ["Dopo", "Prima", "Veleno"]


@pytest.fixture
def fragile(store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Station]:
    """A station whose children die of one mail, and spin over another."""
    monkeypatch.setattr(packed, "READ", dying.READ)
    monkeypatch.setattr(packed, "READ_MANY", dying.READ_MANY)
    made = Station(store, tmp_path / "site", TUESDAY_MORNING)
    yield made
    made.reader.close()


def test_in_a_burst_one_that_kills_the_child_is_set_aside_and_the_others_are_read(fragile: Station) -> None:
    """C-47: the child that read many is killed; each is read in one of its own."""
    kept = [keep(fragile, f"Richiesta {n}", headers=dying.POISON if n == MANY // 2 else "") for n in range(MANY)]
    fragile.file()
    assert [number for number in kept if intake(fragile, number).reason == UNREAD] == [kept[MANY // 2]]
    assert len([ticket for ticket in fragile.tickets() if Mark.UNREADABLE not in ticket.marks]) == MANY - 1


def test_what_takes_for_ever_is_put_where_it_delays_nobody(fragile: Station) -> None:
    """C-47: the others are not kept for more than a second or so; in its own lane it has its whole time."""
    strange = f"{dying.SLOW}\nContent-Type: text/plain; x={'x' * 20_000}"
    slow, other = keep(fragile, "Lenta", headers=strange), keep(fragile, "Altra")
    began = time.monotonic()
    flow.file_next(fragile.gw)
    took_s = time.monotonic() - began
    assert intake(fragile, other).state is IntakeState.FILED
    assert took_s < 5  # 0.7 s and the size of it, on a machine that does other things
    waiting = intake(fragile, slow)
    assert (waiting.state, waiting.attempts, waiting.reason) == (IntakeState.RECEIVED, 1, "TimeoutError")
    later = fragile.clock.now() + timedelta(minutes=1)
    lease = timedelta(0)
    assert fragile.store.write(lambda tx: tx.claim_intakes(later, 9, lease, large=False)) == []
    assert [one.id for one in fragile.store.write(lambda tx: tx.claim_intakes(later, 9, lease, large=True))] == [slow]
