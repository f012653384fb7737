"""What /metrics tells of the telephone and of who waits: each number is the one of the store (C-57, P8)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from config.daemon import _measured
from gateway import outages, probing
from tests.flow.night import Night
from tests.flow.probe_site import PROBE_NUMBER, with_probe
from tests.flow.station import BRUNO, Station, code_in

URGENT = "URGENTE: protocollo bloccato"
EVERY, WITHIN = timedelta(minutes=15), timedelta(minutes=5)


def measured(station: Station) -> dict[str, dict[str, float]]:
    now = station.clock.now()
    return station.store.read(lambda reading: _measured(reading, now))


def test_nothing_waits_and_nothing_is_down_at_first(station: Station) -> None:
    assert measured(station) == {
        "oldest_waiting_seconds": {"ticket": 0.0},
        "unverified_waiting": {"mails": 0.0},
        "oldest_unverified_seconds": {"mail": 0.0},
        "outages_open": {"none": 0.0},
        "numbers_without_sms": {"all": 0.0},
        "probe_age_seconds": {},
    }


def test_the_age_of_the_oldest_that_nobody_has_grows_until_somebody_takes_it(station: Station) -> None:
    station.mail(URGENT)
    station.clock.pass_(minutes=10)
    station.mail(URGENT)
    station.chase()
    assert measured(station)["oldest_waiting_seconds"] == {"ticket": 600.0}
    oldest = min(station.page_texts(BRUNO), key=lambda text: text.id)
    station.sms(BRUNO, f"OK {code_in(oldest.text)}")
    assert measured(station)["oldest_waiting_seconds"] == {"ticket": 0.0}


def test_an_outage_is_counted_by_its_channel_while_it_lasts(station: Station) -> None:
    def fail(channel: str) -> None:
        at = station.clock.now()
        station.store.write(
            lambda tx: outages.failed(station.gw, tx, channel, outages.ANSWERS, "no answer", at, at_once=True)
        )

    fail(outages.PHONE)
    fail(outages.MAIL)
    assert measured(station)["outages_open"] == {"mail": 1.0, "phone": 1.0}
    at = station.clock.now()
    station.store.write(lambda tx: outages.worked(station.gw, tx, outages.PHONE, outages.ANSWERS, at))
    assert measured(station)["outages_open"] == {"mail": 1.0}


def test_a_number_that_texted_stop_is_counted_until_it_texts_start(station: Station) -> None:
    station.sms(BRUNO, "STOP")
    assert measured(station)["numbers_without_sms"] == {"all": 1.0}
    station.sms(BRUNO, "START")
    assert measured(station)["numbers_without_sms"] == {"all": 0.0}


def test_the_age_of_the_last_accepted_probe_is_a_measure(station: Station, tmp_path: Path) -> None:
    """C-57: it grows while nobody accepts, and begins anew with an acceptance."""
    with_probe(station, tmp_path / "site")

    def look() -> probing.Probe | None:
        at = station.clock.now()
        return station.store.write(lambda tx: probing.look(station.gw, tx, EVERY, WITHIN, at))

    probe = look()
    assert probe is not None
    station.arrive(probe.raw, sender=probe.sender, to=(probe.to,))
    station.chase()
    station.clock.pass_(seconds=40)
    assert measured(station)["probe_age_seconds"] == {"last": 40.0}
    station.sms(PROBE_NUMBER, f"OK {code_in(station.page_texts()[0].text)}")
    station.clock.pass_(seconds=7)
    look()
    assert measured(station)["probe_age_seconds"] == {"last": 7.0}


def test_how_far_the_ceilings_are_used_is_a_measure_of_each(station: Station) -> None:
    """P15: from 0 to 1, for each channel and span, of what has really left; it falls again with time."""
    night = Night(station, sms=10, calls=20, per_day=100)
    assert set(night.outlet.ceilings_used().values()) == {0.0}
    station.mail(URGENT)
    night.step(seconds=5)
    used = night.outlet.ceilings_used()
    assert (used["sms.hour"], used["sms.day"]) == (0.1, 0.01)
    assert (used["voice.hour"], used["voice.day"]) == (0.0, 0.0)
    station.sms(BRUNO, f"OK {code_in(station.page_texts(BRUNO)[0].text)}")
    station.clock.pass_(hours=2)
    assert night.outlet.ceilings_used()["sms.hour"] == 0.0
