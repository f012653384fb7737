"""The gateway tries itself out (C-57): a synthetic mail, its ticket, its page, an acceptance; an alarm without one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from config.load import load
from gateway import probing
from gateway.domain.errors import SettingError
from gateway.domain.intake import Channel
from gateway.domain.ticket import Mark, TicketState
from gateway.probing import Probe
from tests.flow.probe_site import (
    DUTY,
    OUR_NUMBER,
    PERSON,
    PROBE_MAIL,
    PROBE_NUMBER,
    SETTINGS,
    add_probe,
    with_probe,
)
from tests.flow.station import BRUNO, DARIO, Station, code_in, site_folder

EVERY, WITHIN = timedelta(minutes=15), timedelta(minutes=5)


@pytest.fixture
def probed(station: Station, tmp_path: Path) -> Station:
    with_probe(station, tmp_path / "site")
    return station


def look(station: Station) -> Probe | None:
    now = station.clock.now()
    return station.store.write(lambda tx: probing.look(station.gw, tx, EVERY, WITHIN, now))


def begin(station: Station) -> Probe:
    """A probe begins and its mail comes in by the door."""
    probe = look(station)
    assert probe is not None
    station.arrive(probe.raw, sender=probe.sender, to=(probe.to,))
    station.chase()
    return probe


def age(station: Station) -> timedelta | None:
    now = station.clock.now()
    return station.store.read(lambda reading: probing.age(reading, now))


def test_a_probe_becomes_a_ticket_and_a_page_to_its_own_telephone(probed: Station) -> None:
    probe = begin(probed)
    ticket = probed.ticket()
    assert probe.to == PROBE_MAIL
    assert (ticket.contract, Mark.SYNTHETIC in ticket.marks) == ("prova", True)
    assert [sms.to for sms in probed.page_texts()] == [PROBE_NUMBER]


def test_a_probe_is_answered_to_nobody(probed: Station) -> None:
    begin(probed)
    assert probed.acknowledgements() == []


def test_an_accepted_probe_is_closed_and_its_age_begins_anew(probed: Station) -> None:
    begin(probed)
    probed.clock.pass_(seconds=30)
    probed.sms(PROBE_NUMBER, f"OK {code_in(probed.page_texts()[0].text)}")
    probed.clock.pass_(seconds=10)
    assert look(probed) is None
    assert probed.ticket().state is TicketState.CLOSED
    assert age(probed) == timedelta(seconds=10)
    assert probed.outages() == []
    assert [one.to for one in probed.sent(channel=Channel.SMS)] == [PROBE_NUMBER]  # no thanks to a robot


def test_the_page_that_the_carrier_brings_back_to_us_accepts_it(probed: Station) -> None:
    """The probe's telephone is a second number of ours: its SMS comes in at our own door."""
    begin(probed)
    probed.sms(OUR_NUMBER, probed.page_texts()[0].text, to=PROBE_NUMBER)
    look(probed)
    assert probed.ticket().state is TicketState.CLOSED


def test_a_page_of_a_real_contract_is_never_accepted_by_what_comes_back(probed: Station) -> None:
    probed.mail("URGENTE: protocollo bloccato")
    probed.chase()
    text = next(sms.text for sms in probed.page_texts() if sms.to == BRUNO)
    probed.sms(OUR_NUMBER, text, to=PROBE_NUMBER)
    assert probed.ticket().state is TicketState.NOTIFIED


def test_the_next_probe_begins_when_its_time_has_come(probed: Station) -> None:
    begin(probed)
    probed.sms(PROBE_NUMBER, f"OK {code_in(probed.page_texts()[0].text)}")
    look(probed)
    probed.clock.pass_(minutes=14)
    assert look(probed) is None
    probed.clock.pass_(minutes=1)
    assert look(probed) is not None


def test_a_probe_that_nobody_accepts_is_an_outage_told_by_another_path(probed: Station) -> None:
    """C-57, P8: within minutes."""
    begin(probed)
    probed.pass_(minutes=5, seconds=1)
    look(probed)
    (outage,) = probed.outages()
    assert (outage.channel, outage.ended_at) == ("probe", None)
    assert any("prova automatica" in alarm.subject for alarm in probed.alarms())
    assert DARIO in [sms.to for sms in probed.sent(channel=Channel.SMS) if sms.facts.get("text_id") == "M-09"]
    assert probed.ticket().state is TicketState.CLOSED


def test_the_next_one_that_is_accepted_ends_the_outage(probed: Station) -> None:
    begin(probed)
    probed.pass_(minutes=6)
    look(probed)
    probed.clock.pass_(minutes=10)
    begin(probed)
    probed.sms(PROBE_NUMBER, f"OK {code_in(probed.page_texts()[-1].text)}")
    look(probed)
    assert probed.outages()[0].ended_at == probed.clock.now()


def test_the_cause_says_where_the_way_broke_off(probed: Station) -> None:
    look(probed)  # the mail never comes in
    probed.clock.pass_(minutes=6)
    look(probed)
    assert "did not become a ticket" in probed.outages()[0].cause


def test_a_failed_probe_wakes_nobody_any_more(probed: Station) -> None:
    begin(probed)
    probed.pass_(minutes=6)
    look(probed)
    before = len(probed.page_calls())
    probed.pass_(hours=3)
    assert len(probed.page_calls()) == before
    assert {one.to for one in (*probed.page_texts(), *probed.page_calls())} == {PROBE_NUMBER}


def test_in_the_minute_in_which_its_desk_is_open_there_is_no_probe(probed: Station) -> None:
    probed.clock.set("2026-11-29T04:00:30+01:00")
    assert look(probed) is None
    probed.clock.pass_(minutes=1)
    assert look(probed) is not None


@pytest.mark.parametrize(
    ("changed", "clause"),
    [
        ({"settings": SETTINGS.replace('contract = "prova"', 'contract = "nulla"')}, "is not there"),
        ({"settings": SETTINGS.replace('contract = "prova"', 'contract = "c02-comune"')}, "is the default contract"),
        ({"settings": SETTINGS.replace('contract = "prova"', 'contract = "c01-fornitore"')}, "could not be paged"),
        ({"duty": DUTY.replace('supervisor = "sonda"', 'supervisor = "dario"')}, "dario would be woken"),
        ({"settings": SETTINGS.replace(PROBE_NUMBER, "+393330000298")}, "nobody in people.toml has its number"),
    ],
)
def test_a_probe_that_could_wake_somebody_real_is_refused(tmp_path: Path, changed: dict[str, str], clause: str) -> None:
    """X18."""
    folder = tmp_path / "site"
    folder.mkdir()
    site_folder(folder)
    with pytest.raises(SettingError, match=clause):
        load(add_probe(folder, **changed))


def test_a_probe_whose_telephone_has_a_real_duty_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    site_folder(folder)
    roster = folder / "roster.toml"
    roster.write_text(roster.read_text().replace('people = ["anna", "bruno", "carla"]', 'people = ["anna", "sonda"]'))
    person = PERSON.replace('contracts = ["prova"]', "")
    with pytest.raises(SettingError, match="real pages"):
        load(add_probe(folder, person=person))
