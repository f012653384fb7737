"""Whole nights: hand-overs when the clocks change, a storm, an outage of hours, a day of attack."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog

from adapters.store import open_store
from gateway.domain.contract import Contract
from gateway.domain.dispatch import DispatchState
from gateway.domain.intake import Channel
from gateway.domain.roster.shifts import Shift
from gateway.domain.ticket import TicketState
from tests.flow.night import Night
from tests.flow.station import BRUNO, CARLA, DARIO, SATURDAY_NIGHT, Station, code_in


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nights have tens of thousands of events; the journal of one is nobody's promise here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.fixture
def station(sqlite_template: Path, memory: Path) -> Iterator[Station]:
    """A gateway on a Saturday night that does everything in one thread, on a disk that is memory: nights are long."""
    shutil.copy(sqlite_template, memory / "centralino.db")
    (memory / "site").mkdir()
    with open_store(f"sqlite:///{memory / 'centralino.db'}", memory / "blobs", threaded=False) as store:
        station = Station(store, memory / "site")
        yield station
        station.reader.close()


C2 = "c02-comune"
URGENT = "URGENTE: protocollo bloccato"
ANNA = "+393330000001"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OURS = {ANNA, BRUNO, CARLA, DARIO}


# ----------------------------------------------------------------------------------------------- when the clocks change


def hand_over(station: Station, at: str) -> None:
    """Anna until this wall time, Bruno from then on."""
    wall = datetime.fromisoformat(at)
    shifts = (
        Shift(C2, "prima", "anna", "carla", wall - timedelta(hours=8), wall),
        Shift(C2, "seconda", "bruno", "carla", wall, wall + timedelta(hours=6)),
    )
    roster = replace(station.gw.rules.roster, entries=shifts)
    station.gw.rules = replace(station.gw.rules, roster=roster)


@pytest.mark.parametrize(
    ("handover", "before", "after"),
    [
        # 25 October 2026: 02:30 comes twice; the duty is handed over the first time, and once.
        ("2026-10-25T02:30", "2026-10-25T00:29:00+00:00", "2026-10-25T00:31:00+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:29:00+00:00", "2026-10-25T01:31:00+00:00"),
        ("2026-10-25T03:00", "2026-10-25T01:59:00+00:00", "2026-10-25T02:01:00+00:00"),
        # 28 March 2027: 02:30 does not exist and is moved forward.
        ("2027-03-28T02:30", "2027-03-28T00:59:00+00:00", "2027-03-28T01:31:00+00:00"),
        ("2027-03-28T02:00", "2027-03-28T00:59:00+00:00", "2027-03-28T01:01:00+00:00"),
        ("2027-03-28T03:00", "2027-03-28T00:59:00+00:00", "2027-03-28T01:01:00+00:00"),
    ],
)
def test_a_duty_handed_over_when_the_clocks_change_wakes_whoever_has_it(
    station: Station, handover: str, before: str, after: str
) -> None:
    """C-25, S034, X1: in both directions, once."""
    hand_over(station, handover)
    for instant, number in ((before, ANNA), (after, BRUNO)):
        station.clock.set(instant)
        station.mail(URGENT)
        station.chase()
        assert station.page_texts()[-1].to == number


def test_a_page_begun_before_the_hand_over_goes_on_with_whoever_is_on_duty_then(station: Station) -> None:
    """The roster is asked at every rung."""
    hand_over(station, "2026-10-25T02:30")
    station.clock.set("2026-10-25T00:28:00+00:00")
    station.mail(URGENT)
    station.chase()
    assert station.page_texts()[-1].to == ANNA
    station.pass_(minutes=6)
    assert [call.to for call in station.page_calls()] == [BRUNO]


@pytest.mark.parametrize("at", ["2026-10-25T00:50:00+00:00", "2027-03-28T00:57:00+00:00"])
def test_how_long_somebody_may_be_silent_is_elapsed_time(station: Station, at: str) -> None:
    """S140, X1: five minutes are five minutes, whatever the wall clock does."""
    station.clock.set(at)
    station.mail(URGENT)
    station.chase()
    station.pass_(minutes=4, seconds=50)
    assert station.page_calls() == []
    station.pass_(seconds=11)
    assert len(station.page_calls()) == 1


def test_a_clock_that_jumps_back_wakes_nobody_twice(station: Station) -> None:
    """C-24."""
    station.mail(URGENT)
    station.chase()
    station.clock.pass_(hours=-1)
    station.chase()
    station.clock.pass_(hours=1, minutes=6)
    station.chase()
    assert len(station.page_texts()) == 1
    assert len(station.page_calls()) == 1


# --------------------------------------------------------------------------------------------------------- many at once


def test_one_ok_in_such_a_night_takes_all_that_was_named(station: Station) -> None:
    night = Night(station)
    for batch in range(20):
        station.mails([f"URGENTE {batch}-{number}" for number in range(5)])
        night.step(minutes=1)
    many = [one for one in station.page_texts(BRUNO) if one.facts.get("text_id") == "M-MANY"][-1]
    station.sms(BRUNO, f"OK {code_in(many.text)}")
    owned = [ticket for ticket in station.store.read(lambda r: r.tickets(limit=1000)) if ticket.owner == "bruno"]
    assert len(owned) >= 45
    before = len(night.line.asked)
    night.step(minutes=1)
    told = [to for _, _, to in night.line.asked[before:]]
    assert told.count(CARLA) + told.count(DARIO) <= 6


def test_after_an_outage_of_hours_the_newest_state_is_paged_and_not_a_queue(station: Station) -> None:
    """C-55, PagerDuty 2023: thirty urgent requests in two hours while the carrier was down."""
    night = Night(station)
    night.line.down = True
    for batch in range(6):
        station.mails([f"URGENTE {batch}-{number}" for number in range(5)])
        night.step(minutes=20)
    assert night.line.asked == []
    assert {outage.channel for outage in station.outages()} >= {"sms", "phone"}
    night.line.down = False
    night.step(minutes=1)
    first = len(night.line.asked)
    assert first <= 15
    for _ in range(12):
        night.step(minutes=1)
    many = [one for one in station.page_texts() if one.facts.get("text_id") == "M-MANY" and one.sent_at]
    assert many or len(night.line.of("voice")) > 0
    assert len(night.line.asked) <= 60


# --------------------------------------------------------------------------------------------------------- the ceilings


def on_call(station: Station, **changes: object) -> None:
    def changed(contract: Contract) -> Contract:
        acknowledged = replace(contract.acknowledgement, sms=True)
        assert contract.on_call
        duty = replace(contract.on_call, **changes)  # type: ignore[arg-type]  # by name
        return replace(contract, acknowledgement=acknowledged, on_call=duty)

    station.change(C2, changed)


def test_a_day_of_attack_never_exceeds_a_ceiling_by_more_than_one_message(station: Station) -> None:
    """P15: texts from premium, satellite, foreign and unknown numbers, urgent mail; only the directory is called."""
    on_call(station, storm_pages=1000)
    night = Night(station, sms=6, calls=4, per_day=40)
    strange = ("+39899123456", "+881612345678", "+41791234567", "+390701234567", "112", "")
    for count in range(60):
        for each in range(2):
            station.sms(f"+39333{count:04d}{each:03d}", "Non funziona niente")
        station.sms(strange[count % len(strange)], "Richiamatemi al 899123456")
        station.sms(BRUNO, "OK 000000")
        if count % 10 == 0:
            station.mail(f"URGENTE {count}", sender=f"u{count}@comune.example")
        night.step(minutes=24)
    for channel, per_hour in (("sms", 6), ("voice", 4)):
        assert night.line.most_in(channel, HOUR) <= per_hour + 1
        assert night.line.most_in(channel, DAY) <= 40 + 1
    assert {to for _, to in night.line.of("voice")} <= OURS
    texted = {to for _, to in night.line.of("sms")} - OURS
    assert all(to.startswith("+39333") for to in texted)
    assert {which for _, which in night.told} == {"hour", "day"}


def test_who_floods_us_with_texts_does_not_keep_a_page_from_leaving(station: Station) -> None:
    """P15: half of the ceiling is the pages'."""
    on_call(station)
    night = Night(station, sms=10)
    for number in range(40):
        station.sms(f"+393335000{number:03d}", "Non stampa", to="+393330000200")
    night.step(seconds=5)
    citizens = [to for _, to in night.line.of("sms") if to not in OURS]
    assert len(citizens) <= 5
    station.mail(URGENT)
    night.step(seconds=5)
    assert BRUNO in [to for _, to in night.line.of("sms")]


def test_with_the_sms_ceiling_reached_the_page_goes_by_voice(station: Station) -> None:
    """C-29: the other medium after a minute."""
    night = Night(station, sms=1)
    station.mail(URGENT)
    night.step(seconds=1)
    station.mail(URGENT)
    night.step(seconds=1)
    for _ in range(3):
        night.step(seconds=40)
    assert BRUNO in [to for _, to in night.line.of("voice")]
    assert (Channel.SMS, "hour") in night.told


def test_a_quiet_night_stays_quiet(station: Station) -> None:
    night = Night(station)
    for _ in range(60):
        night.step(minutes=10)
    assert night.line.asked == []
    assert station.alarms() == []
    assert station.clock.now() > datetime.fromisoformat(SATURDAY_NIGHT)


def test_a_page_in_that_night_that_is_answered_leaves_nothing_behind(station: Station) -> None:
    night = Night(station)
    station.mail(URGENT)
    night.step(seconds=2)
    station.sms(BRUNO, f"OK {code_in(station.page_texts()[0].text)}")
    for _ in range(30):
        night.step(minutes=5)
    assert station.ticket().state is TicketState.TAKEN
    due = [one for one in station.sent() if one.state is DispatchState.DUE and one.channel is not Channel.MAIL]
    assert due == []
