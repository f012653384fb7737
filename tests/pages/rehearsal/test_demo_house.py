"""What the page is told of the gateway: contracts with their clauses, who is on duty, a clock that goes forward."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from adapters.clock import OffsetClock
from adapters.store import migrate, open_store
from config.compose import gateway_of, shipped
from config.demo import probe, site
from config.demo.house import LONGEST_WAY, DemoHouse
from config.load import load
from gateway import flow, probing
from gateway.domain.hours import local
from gateway.domain.intake import Arrival, Channel, RepeatKey
from tests.clock import TestClock

SATURDAY = "2026-11-28T22:10:00+01:00"
ADDRESSES = site.Addresses(smtp_port=1, http_port=2, carrier_url="http://127.0.0.1:3", sink_port=4, imap_port=5)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Any]:
    """A demo's folder and its gateway, without anything that listens; what it would have running."""
    folder = tmp_path / "demo"
    folder.mkdir()
    clock = TestClock(SATURDAY)
    site.fill(folder, clock.now())
    probe.add_to(folder)
    path = site.write_settings(folder, ADDRESSES)
    database = f"sqlite:///{folder / 'centralino.db'}"
    migrate(database)
    probe.begin_later(folder, database, clock.now())
    store = open_store(database, folder / "blobs", threaded=False)
    loaded = load(path)
    gateway, reader = gateway_of(loaded, store)
    gateway.clock = clock
    worker = SimpleNamespace(wake=lambda: None)
    yield SimpleNamespace(site=loaded, gateway=gateway, store=store, path=path, worker=worker, clock=clock)
    store.close()
    reader.close()


@pytest.fixture
def house(demo: Any) -> DemoHouse:  # noqa: ANN401 - stands in for the daemon
    return DemoHouse(cast("Any", demo), cast("OffsetClock", demo.clock))


def mail(demo: Any, to: str, subject: str) -> None:  # noqa: ANN401 - as above
    raw = f"From: a@altrove.example\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nGrazie.\r\n".encode()
    key = RepeatKey(f"smtp:{subject}", None)
    arrival = Arrival(Channel.MAIL, "smtp", raw, demo.clock.now(), "a@altrove.example", (to,), key, {})
    flow.accept(demo.gateway, arrival).result(10)
    while flow.file_next(demo.gateway):
        pass


def test_all_ten_contracts_are_there_with_why_they_are_closed_and_who_is_on_call(house: DemoHouse) -> None:
    """C2.4, C2.8, C3.5: and the test contract of the probe is not."""
    contracts = {contract.id: contract for contract in house.look().contracts}
    assert len(contracts) == 10
    assert probe.CONTRACT not in contracts
    c2 = contracts["c02-comune"]
    assert (c2.is_open, c2.reason, c2.clauses, c2.on_call[:2]) == (False, "weekend", ("C2.4",), ("bruno", "carla"))
    assert (c2.phone, c2.sms, c2.desk) == (("+390700000200",), ("+393330000200",), ("elena", "fabio"))
    assert ("+390700000210", "personale e uffici del Comune di Cagliari") in c2.known
    assert all(contract.phone for contract in contracts.values())


def test_the_moments_to_rehearse_lie_ahead_in_order(house: DemoHouse) -> None:
    """C2.6: Monday at eight, and the night of Easter Monday of the coming year."""
    c2 = next(contract for contract in house.look().contracts if contract.id == "c02-comune")
    assert [(name, f"{local(at):%Y-%m-%d %H:%M}") for name, at in c2.moments] == [
        ("opens", "2026-11-30 08:00"),
        ("easter_monday", "2027-03-29 03:00"),
    ]


def test_tickets_and_the_register_are_shown_newest_first_without_the_probe(house: DemoHouse, demo: Any) -> None:  # noqa: ANN401
    mail(demo, "assistenza@comune.example", "Come si stampa?")
    demo.clock.pass_(seconds=1)
    mail(demo, "prova@sonda.example", "urgente")
    seen = house.look()
    assert [ticket.subject for ticket in seen.tickets] == ["Come si stampa?"]
    ours = [event for event in seen.events if event.chain == str(seen.tickets[0].number)]
    assert [event.at for event in ours] == sorted((event.at for event in ours), reverse=True)
    assert {"received", "routed"} <= {event.type for event in ours}
    assert [event.clause for event in ours if event.type == "routed"] == ["C2.4"]
    assert all(person.id != probe.PERSON for person in seen.people)


def test_the_first_probe_of_a_new_demo_comes_after_its_sample(demo: Any) -> None:  # noqa: ANN401
    """C-57: and its age is told from the first moment on."""
    gw, at = demo.gateway, demo.clock.now()
    every, within = timedelta(minutes=10), timedelta(hours=2)
    assert demo.store.write(lambda tx: probing.look(gw, tx, every, within, at)) is None
    assert demo.store.read(lambda reading: probing.age(reading, at)) == timedelta(0)
    later = at + probe.FIRST_AFTER
    begun = demo.store.write(lambda tx: probing.look(gw, tx, every, within, later))
    assert begun is not None
    assert begun.to == "prova@sonda.example"


def test_whoever_brings_people_and_roster_of_their_own_keeps_the_probe(demo: Any) -> None:  # noqa: ANN401 - as above
    """An own contract is rehearsed in the demo's folder: its files are replaced, and the demo starts again."""
    folder, source = demo.path.parent, shipped()
    for name in ("people.toml", "roster.toml"):
        (folder / name).write_text((source / name).read_text())
    for _ in range(2):
        probe.add_to(folder)
    loaded = load(site.write_settings(folder, ADDRESSES))
    assert loaded.people[probe.PERSON].numbers == (probe.NUMBER,)
    assert loaded.roster.chain(probe.CONTRACT, demo.clock.now()).contact.id == probe.PERSON


@pytest.mark.parametrize("way", [timedelta(0), timedelta(minutes=-1), LONGEST_WAY + timedelta(minutes=1)])
def test_the_clock_goes_forward_and_not_too_far(demo: Any, way: timedelta, tmp_path: Path) -> None:  # noqa: ANN401
    clock = OffsetClock(tmp_path / "offset")
    house = DemoHouse(cast("Any", demo), clock)
    with pytest.raises(ValueError, match="forward only"):
        house.go_forward(clock.now() + way)
    before = clock.now()
    house.go_forward(before + timedelta(hours=9))
    assert timedelta(hours=9) <= clock.now() - before < timedelta(hours=9, minutes=1)
