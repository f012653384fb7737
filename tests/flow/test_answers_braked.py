"""Two machines never talk for long, and whoever is forged as a sender is not flooded by us (X6, P12, B-052)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.store import open_store
from adapters.store.reading import SqlReading
from config.compose import gateway_of, outgoing
from config.load import load
from gateway import braking, flow, telling
from gateway.domain.answer_limits import AnswerLimits
from gateway.domain.dispatch import DispatchKind, DispatchState, Sent
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.texts import Filled
from tests.flow.station import INTAKE, MARIA, TUESDAY_MORNING, Station

if TYPE_CHECKING:
    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ticket import Timer

ROBOT = "avvisi@robot.example"
SUPERVISOR_TEXT = "risposte automatiche sospese"


@pytest.fixture
def station(station: Station) -> Station:
    station.clock.set(TUESDAY_MORNING)
    return station


def sent_to(station: Station, address: str) -> list[Dispatch]:
    """The automatic answers to an address that left or will leave."""
    return [d for d in station.to(address) if d.state is not DispatchState.REFUSED]


def arrive_together(station: Station, subjects: list[str]) -> None:
    """Mails of the robot that wait together, filed one after the other."""
    for subject in subjects:
        raw = station.raw_mail(subject, "Testo.", sender=ROBOT, to=(INTAKE,), message_id="")
        key = RepeatKey(f"smtp:{subject}")
        flow.accept(station.gw, Arrival(Channel.MAIL, "smtp", raw, station.clock.now(), ROBOT, (INTAKE,), key)).result(
            10
        )
    station.file()


def brakes(station: Station) -> list[Dispatch]:
    """The alarms of the brake, each once."""
    mails = [d for d in station.alarms() if "risposte automatiche" in d.subject]
    return list({d.subject: d for d in mails}.values())


def test_s152_two_hundred_mails_in_ten_minutes_get_one_answer_and_one_alarm(station: Station) -> None:
    """X6, S152."""
    for minute in range(10):
        arrive_together(station, [f"Avviso {minute}.{count}" for count in range(20)])
        station.clock.pass_(minutes=1)
    station.mail(sender=MARIA)
    assert len(station.store.read(lambda reading: reading.tickets(limit=300))) == 201
    (answer,) = sent_to(station, ROBOT)
    assert answer.due_at == answer.created_at
    (alarm,) = brakes(station)
    assert SUPERVISOR_TEXT in alarm.subject
    (other,) = sent_to(station, MARIA)
    assert other.due_at == other.created_at


def test_the_second_of_two_requests_is_answered_when_the_pause_is_over(station: Station) -> None:
    """Two requests in one minute are no storm: both are acknowledged."""
    for subject in ("Stampante", "Protocollo"):
        station.mail(subject, sender=ROBOT)
    first, second = sent_to(station, ROBOT)
    assert second.due_at - first.due_at == timedelta(minutes=1)
    assert brakes(station) == []


def test_a_storm_is_over_when_the_address_was_quiet(station: Station) -> None:
    for count in range(8):
        station.mail(f"Avviso {count}", sender=ROBOT)
    station.clock.pass_(minutes=11)
    station.mail("Una domanda", sender=ROBOT)
    assert len(sent_to(station, ROBOT)) == 2


def test_a_storm_lasts_as_long_as_mails_come(station: Station) -> None:
    for count in range(40):
        station.mail(f"Avviso {count}", sender=ROBOT)
        station.clock.pass_(minutes=1 if count < 8 else 5)
    assert len(sent_to(station, ROBOT)) < 8
    assert len(brakes(station)) == 1


def test_a_storm_that_goes_on_for_days_is_never_answered_again(station: Station) -> None:
    """The answers of the day before do not count any more; the storm does. Another address of the domain is served."""
    changed = AnswerLimits(storm_window=timedelta(hours=10))
    station.gw.rules = replace(station.gw.rules, answers=changed)
    for count in range(6):
        station.mail(f"Avviso {count}", sender=ROBOT)
        station.clock.pass_(minutes=2)
    answered = len(sent_to(station, ROBOT))
    for count in range(5):
        station.clock.pass_(minutes=9 * 60)
        station.mail(f"Ancora {count}", sender=ROBOT)
        station.mail("Una domanda", sender=f"persona{count}@robot.example")
        assert len(sent_to(station, f"persona{count}@robot.example")) == 1
    assert len(sent_to(station, ROBOT)) == answered


def test_where_there_is_no_storm_nobody_looks_for_one(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """P6: an acknowledgement asks the database for one timer of the brake, and not for two."""
    asked: list[str] = []
    look = SqlReading.timer

    def counted(reading: SqlReading, kind: str, ticket: int) -> Timer | None:
        asked.append(kind)
        return look(reading, kind, ticket)

    monkeypatch.setattr(SqlReading, "timer", counted)
    station.mail(sender=MARIA)
    assert len(sent_to(station, MARIA)) == 1
    assert (braking.DOMAIN in asked, braking.STORM in asked) == (True, False)


def test_an_address_gets_so_many_answers_a_day_and_no_more(station: Station) -> None:
    limits(station, per_address_day=3)
    for count in range(5):
        station.mail(f"Richiesta {count}", sender=ROBOT)
        station.clock.pass_(hours=1)
    assert len(sent_to(station, ROBOT)) == 3
    (alarm,) = brakes(station)
    assert ROBOT in alarm.subject
    station.clock.pass_(hours=24)
    station.mail("Il giorno dopo", sender=ROBOT)
    assert len(sent_to(station, ROBOT)) == 4


def test_a_domain_gets_so_many_answers_an_hour_and_the_operator_hears_of_it_once(station: Station) -> None:
    limits(station, per_domain_hour=4)
    for count in range(8):
        station.mail(f"Avviso {count}", sender=f"utente{count}@robot.example")
    answered = [count for count in range(8) if sent_to(station, f"utente{count}@robot.example")]
    assert answered == [0, 1, 2, 3]
    (alarm,) = brakes(station)
    assert "robot.example" in alarm.subject
    station.clock.pass_(minutes=61)
    station.mail("Un’ora dopo", sender="utente9@robot.example")
    assert len(sent_to(station, "utente9@robot.example")) == 1


def test_why_nobody_was_answered_stands_in_the_history(station: Station) -> None:
    limits(station, per_address_day=1)
    station.mail("Prima", sender=ROBOT)
    station.clock.pass_(hours=1)
    station.mail("Seconda", sender=ROBOT)
    told = [entry.data["why"] for entry in station.events(station.tickets()[0]) if entry.type == "not_acknowledged"]
    assert told == ["address_limit"]


def test_s151_an_absence_note_joins_the_ticket_and_is_not_answered(station: Station) -> None:
    """X6, S151."""
    station.mail(sender=MARIA)
    (answer,) = sent_to(station, MARIA)
    headers = f"In-Reply-To: <{answer.facts['message_id']}>\nAuto-Submitted: auto-replied"
    station.mail("Fuori sede", "Torno il 7.", sender=MARIA, headers=headers)
    assert len(station.messages(station.ticket())) == 3
    assert len(sent_to(station, MARIA)) == 1


def limits(station: Station, *, per_address_day: int = 20, per_domain_hour: int = 200) -> None:
    """Other limits, as a reload would bring them."""
    changed = AnswerLimits(per_address_day=per_address_day, per_domain_hour=per_domain_hour)
    station.gw.rules = replace(station.gw.rules, answers=changed)


# ------------------------------------------------------------------------------------------ two gateways, face to face


class Neighbour(Station):
    """A second gateway of another house: its own addresses, its own key, its own database."""

    def __init__(self, folder: Path, template: Path) -> None:
        shutil.copy(template, folder / "centralino.db")
        (folder / "site").mkdir()
        store = open_store(f"sqlite:///{folder / 'centralino.db'}", folder / "blobs", threaded=True)
        super().__init__(store, folder / "site")
        self.reader.close()
        for path in (folder / "site").rglob("*.toml"):
            path.write_text(path.read_text().replace("comune.example", "ente.example"))
        (folder / "site" / "signing.key").write_text("fedcba9876543210" * 3)
        self.site = load(folder / "site" / "gateway.toml")
        self.gw, self.reader = gateway_of(self.site, self.store)
        self.gw.clock = self.clock
        self.clock.set(TUESDAY_MORNING)


@pytest.fixture
def neighbour(tmp_path: Path, sqlite_template: Path) -> Iterator[Neighbour]:
    folder = tmp_path / "neighbour"
    folder.mkdir()
    neighbour = Neighbour(folder, sqlite_template)
    yield neighbour
    neighbour.reader.close()
    neighbour.store.close()


THEIRS = "assistenza@ente.example"


class Wire:
    """What the two send each other, and how it arrives: with its headers, or without those that say who made it."""

    def __init__(self, *houses: tuple[str, Station], careless: bool) -> None:
        self._houses = dict(houses)
        self._careless = careless
        self.carried = 0

    def carry(self) -> int:
        """Everything that is due from one to the other; how many mails that were."""
        carried = 0
        for address, house in self._houses.items():
            for dispatch in house.sent():
                there = self._houses.get(dispatch.to)
                if there is None or there is house or dispatch.state is not DispatchState.DUE:
                    continue
                if dispatch.due_at <= house.clock.now():
                    self._bring(house, there, address, dispatch)
                    carried += 1
        self.carried += carried
        return carried

    def _bring(self, house: Station, there: Station, address: str, dispatch: Dispatch) -> None:
        raw = house.gw.compose(outgoing(dispatch))
        envelope = dispatch.facts["envelope_from"]
        if self._careless:
            head, blank, body = raw.partition(b"\r\n\r\n")
            told = (b"auto-submitted:", b"x-loop:", b"precedence:", b"x-auto-response-suppress:")
            kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(told)]
            raw, envelope = b"\r\n".join(kept) + blank + body, address
        house.conclude(dispatch, Sent("250 2.0.0"))
        there.arrive(raw, sender=envelope, to=(dispatch.to,))


@pytest.mark.parametrize("careless", [False, True])
def test_two_gateways_face_to_face_exchange_at_most_two_mails_in_a_day(
    station: Station, neighbour: Neighbour, *, careless: bool
) -> None:
    """P12, B-052. Somebody forged the one as the sender of a mail to the other; a relay may lose the headers."""
    wire = Wire((INTAKE, station), (THEIRS, neighbour), careless=careless)
    station.mail("Chi siete?", sender=THEIRS)
    for _ in range(24 * 6):
        while wire.carry():
            pass
        for house in (station, neighbour):
            house.pass_(minutes=10)
    assert wire.carried <= 2
    assert len(station.tickets()) == 1
    assert len(neighbour.tickets()) == 1


def test_a_gateway_whose_vendor_is_another_gateway_exchanges_two_mails(station: Station, neighbour: Neighbour) -> None:
    """The escalation and its acknowledgement, which carries the vendor's number: that is all."""

    def to_neighbour(contract: Contract) -> Contract:
        assert contract.escalation is not None
        return replace(contract, escalation=replace(contract.escalation, mailbox=THEIRS))

    neighbour.mail("Altro", sender="qualcuno@ente.example", to=(THEIRS,))
    station.change("c02-comune", to_neighbour)
    station.mail(sender=MARIA)
    ticket, at = station.ticket(), station.clock.now()
    contract = station.gw.rules.contract("c02-comune")
    station.store.write(
        lambda tx: telling.owe_mail(
            station.gw,
            tx,
            ticket,
            contract,
            kind=DispatchKind.ESCALATION,
            to=THEIRS,
            text=Filled("Richiesta inoltrata", "Scheda."),
            at=at,
            lane="vendor",
        )
    )
    wire = Wire((INTAKE, station), (THEIRS, neighbour), careless=False)
    for _ in range(24 * 6):
        while wire.carry():
            pass
        for house in (station, neighbour):
            house.pass_(minutes=10)
    assert wire.carried == 2
    number = neighbour.tickets()[0].number
    assert station.fresh(ticket).vendor_reference == str(number)
