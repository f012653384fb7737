"""Many contacts that wait together: read in a child, written in few statements, and each still alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.confine import Confine, Confined
from gateway import flow
from gateway.domain.intake import Arrival, Channel, IntakeState, RepeatKey
from gateway.domain.ticket import Mark
from gateway.flow import ROUNDS
from tests.flow.station import INTAKE, Station


def burst(station: Station, count: int) -> list[int]:
    """So many different mails, kept and not yet filed: their intakes."""
    kept = []
    for n in range(count):
        sender = f"u{n}@x.example"
        raw = station.raw_mail(f"Richiesta {n}", f"testo {n}", sender=sender, to=(INTAKE,), message_id="")
        now = station.clock.now()
        arrival = Arrival(Channel.MAIL, "smtp", raw, now, sender, (INTAKE,), RepeatKey(f"burst:{n}", None), {})
        kept.append(flow.accept(station.gw, arrival).result(10).intake_id)
    return kept


def test_a_burst_becomes_one_ticket_each_in_the_order_of_arrival(station: Station) -> None:
    """P4: nothing lost, nothing doubled, oldest first."""
    kept = burst(station, 20)
    assert flow.file_next(station.gw, limit=8) == len(kept)
    subjects = [ticket.subject for ticket in reversed(station.tickets())]
    assert subjects == [f"Richiesta {n}" for n in range(20)]
    assert {intake.state for intake in station.intakes()} == {IntakeState.FILED}


def test_a_child_that_is_lost_costs_nobody_the_ticket(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-47: the mails of a lost child are read one by one, and when that fails too a person opens each."""

    def lost(*_: object, **__: object) -> bytes:
        raise Confined("crashed", "for the test")

    monkeypatch.setattr(Confine, "call", lost)
    burst(station, 10)
    station.file()
    assert len(station.tickets()) == 10
    assert {Mark.UNREADABLE in ticket.marks for ticket in station.tickets()} == {True}


def test_a_reader_that_fails_for_one_files_the_others(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = burst(station, 9)
    alone = station.reader.mail

    def fails_once(intake: object) -> object:
        if getattr(intake, "id", None) == kept[4]:
            raise RuntimeError("this one")
        return alone(intake)  # type: ignore[arg-type]  # an Intake

    monkeypatch.setattr(station.reader, "mails", lambda _: (_ for _ in ()).throw(RuntimeError("all")))
    monkeypatch.setattr(station.reader, "mail", fails_once)
    flow.file_next(station.gw)
    assert len(station.tickets()) == 8
    left = station.store.read(lambda reading: reading.intake(kept[4]))
    assert left is not None
    assert left.state is IntakeState.RECEIVED


def test_the_loop_shows_that_it_is_alive_however_many_come(station: Station) -> None:
    """C-50: one step ends after some rounds."""
    burst(station, 2 * ROUNDS + 4)
    assert flow.file_next(station.gw, limit=2) == 2 * ROUNDS
    assert flow.file_next(station.gw, limit=2) == 4


def test_what_was_given_up_is_not_read_again(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = burst(station, 1)
    station.gw.rules = replace(station.gw.rules, file_attempts=0)
    monkeypatch.setattr(station.reader, "mails", lambda asked: [] if not asked else pytest.fail("read again"))
    flow.file_next(station.gw)
    intake = station.store.read(lambda reading: reading.intake(kept[0]))
    assert intake is not None
    assert (intake.state, intake.reason) == (IntakeState.FILED, "unread")
