"""What the gateway looks at by itself, again and again: its telephone before anything else (C2.3, P8)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.rehearsal import faults
from config.settings import Heartbeat, Probe
from config.watches import CERTIFICATE_WARNING, Watches
from gateway import probing
from gateway.domain.dispatch import DispatchKind
from gateway.domain.intake import Channel
from gateway.worker import Round
from tests.adapters.twilio.conftest import house, loop, rehearsal
from tests.adapters.twilio.house import House
from tests.adapters.web.test_outgoing import certificate
from tests.flow.probe_site import with_probe
from tests.flow.station import DARIO
from tests.peers.web_peer import Peer, peer, status

__all__ = ["house", "loop", "rehearsal"]


@pytest.fixture
def address() -> Iterator[Peer]:
    """Our own public address, as somebody outside reaches it."""
    with peer(status(200)) as far:
        yield far


def watches(house: House, public_url: str = "", **sections: Any) -> Watches:  # noqa: ANN401 - sections of the settings
    """The rounds of the site; with `public_url` it looks at its own address too."""
    settings = house.station.site.settings
    http = settings.http.model_copy(update={"listen": "127.0.0.1:1", "public_url": public_url or "http://127.0.0.1:1"})
    phone = settings.phone.model_copy(update={"check_address": bool(public_url)})
    made = settings.model_copy(update={"http": http, "phone": phone, **sections})
    return Watches(made, house.station.gw, house.outlet)


def looked(house: House, watch: Watches, times: int = 3, every_s: float = 60) -> None:
    for _ in range(times):
        watch.telephone()
        house.station.clock.pass_(seconds=every_s)


def down(house: House) -> list[tuple[str, bool]]:
    """The outages: which channel, and whether it is over."""
    return [(outage.channel, outage.ended_at is not None) for outage in house.station.outages()]


# -------------------------------------------------------------------------------------------------------- the telephone


def test_the_telephone_is_looked_at_before_any_other_channel(house: House) -> None:
    """C2.3."""
    watch = watches(house, heartbeat=Heartbeat(url="http://127.0.0.1:1"))
    assert [each.name for each in watch.rounds()] == ["watch-phone", "watch-certificates", "heartbeat"]
    assert watch.rounds()[0].every == timedelta(minutes=1)


def test_s010_three_failed_looks_alarm_mailbox_and_supervisor_of_the_telephone(house: House, address: Peer) -> None:
    """C2.3, S010: by mail and by SMS, with start and cause; never as a closure."""
    house.station.clock.set("2026-11-24T09:30:00+01:00")
    began_at = house.station.clock.now()
    house.carrier.faults.add(faults.status(503, times=None))
    looked(house, watches(house, address.url))
    (outage,) = house.station.outages()
    assert (outage.channel, outage.began_at, outage.ended_at) == ("phone", began_at, None)
    assert "503" in outage.cause
    (mail,) = [each for each in house.station.alarms() if each.channel is Channel.MAIL]
    assert "telefono" in mail.subject
    (text,) = [each for each in house.station.sent(channel=Channel.SMS) if each.facts["text_id"] == "M-09"]
    assert text.to == DARIO
    assert "canale telefono non raggiungibile dalle 9.30" in text.text, text.text
    assert text.kind is DispatchKind.ALARM


def test_two_failed_looks_are_no_outage_and_a_good_one_forgets_them(house: House) -> None:
    house.carrier.faults.add(faults.status(503, times=None))
    looked(house, watches(house), times=2)
    house.carrier.faults.clear()
    looked(house, watches(house), times=1)
    house.carrier.faults.add(faults.status(503, times=None))
    looked(house, watches(house), times=2)
    assert down(house) == []


def test_the_first_good_look_ends_the_outage_and_that_is_told(house: House) -> None:
    house.carrier.faults.add(faults.status(503, times=None))
    looked(house, watches(house), times=4)
    house.carrier.faults.clear()
    looked(house, watches(house), times=1)
    assert down(house) == [("phone", True)]
    assert any("funziona di nuovo" in alarm.subject for alarm in house.station.alarms())


def test_an_address_that_the_carrier_cannot_reach_is_a_telephone_that_is_down(house: House, address: Peer) -> None:
    """C2.3: the carrier answers us and cannot reach us: callers hear the carrier's own document."""
    address.answer = status(502)
    looked(house, watches(house, address.url))
    assert address.asked == ["/healthz"] * 3
    assert down(house) == [("phone", False)]
    assert "cannot be reached: answered 502" in house.station.outages()[0].cause


def test_a_site_that_cannot_reach_its_own_address_from_inside_does_not_look(house: House) -> None:
    looked(house, watches(house))
    assert down(house) == []


def test_without_a_carrier_nothing_is_looked_at(house: House) -> None:
    watch = watches(house)
    watch.carrier = None
    assert [each.name for each in watch.rounds()] == ["watch-certificates"]


# --------------------------------------------------------------------------------------------------------- certificates


def ends_in(house: House, folder: Path, left: timedelta) -> Watches:
    """The SMTP door's certificate ends after so long."""
    ends = (house.station.clock.now() + left).replace(microsecond=0)
    pem, _ = certificate(folder, ends=ends)
    smtp = house.station.site.settings.smtp.model_copy(update={"tls_certificate": pem})
    return watches(house, smtp=smtp)


def test_a_certificate_that_ends_soon_is_told_once_a_day(house: House, tmp_path: Path) -> None:
    watch = ends_in(house, tmp_path, CERTIFICATE_WARNING - timedelta(hours=1))
    for _ in range(8):  # two days
        watch.certificates()
        house.station.clock.pass_(hours=6)
    told = [alarm for alarm in house.station.alarms() if "certificat" in alarm.subject.casefold()]
    assert len(told) == 2
    assert "SMTP" in told[0].text
    assert house.station.happened().count("certificate_ends") == 2


def test_a_certificate_that_holds_is_not_told_of(house: House, tmp_path: Path) -> None:
    ends_in(house, tmp_path, CERTIFICATE_WARNING + timedelta(hours=1)).certificates()
    assert house.station.alarms() == []


def test_a_certificate_that_cannot_be_read_stops_no_round(house: House, tmp_path: Path) -> None:
    smtp = house.station.site.settings.smtp.model_copy(update={"tls_certificate": tmp_path / "nowhere.pem"})
    watches(house, smtp=smtp).certificates()
    assert house.station.alarms() == []


# ------------------------------------------------------------------------------------------------------------ heartbeat


def beat(watch: Watches, times: int = 1) -> None:
    (found,) = [each for each in watch.rounds() if each.name == "heartbeat"]
    for _ in range(times):
        found.do()
        watch.gateway.clock.pass_(seconds=60)  # type: ignore[attr-defined]  # the clock of a test


def test_the_watch_outside_hears_from_us_while_we_are_well(house: House, address: Peer) -> None:
    """C-52."""
    beat(watches(house, heartbeat=Heartbeat(url=f"{address.url}/ping/4711")), times=2)
    assert address.asked == ["/ping/4711"] * 2


def test_who_is_not_well_keeps_silent_and_is_missed(house: House, address: Peer) -> None:
    """C-52: a process that lives and does nothing must not say that all is well."""
    watch = watches(house, heartbeat=Heartbeat(url=address.url))
    watch.is_well = lambda: False
    beat(watch)
    assert address.asked == []


def test_a_watch_outside_that_hears_nothing_is_told_here(house: House, address: Peer) -> None:
    address.answer = status(404)
    watch = watches(house, heartbeat=Heartbeat(url=address.url))
    beat(watch, times=3)
    assert down(house) == [("heartbeat", False)]
    address.answer = status(200)
    beat(watch)
    assert down(house) == [("heartbeat", True)]


# ---------------------------------------------------------------------------------------------------------------- probe


def probe_round(house: House, folder: Path) -> tuple[Round, Watches]:
    with_probe(house.station, folder)
    section = house.station.site.settings.probe
    assert isinstance(section, Probe)
    watch = watches(house, probe=section)
    (found,) = [each for each in watch.rounds() if each.name == "probe"]
    return found, watch


def test_the_mail_of_a_probe_is_posted_once_at_our_own_door(house: House, tmp_path: Path) -> None:
    """C-57."""
    found, watch = probe_round(house, tmp_path / "site")
    posted: list[probing.Probe] = []
    watch.post = posted.append  # what it gives back is None: taken
    for _ in range(3):
        found.do()
        house.station.clock.pass_(seconds=2)
    assert len(posted) == 1
    assert posted[0].sender.startswith("centralino-probe@")


def test_a_door_that_does_not_take_the_probe_is_an_outage_at_once(house: House, tmp_path: Path) -> None:
    """C-57: one refusal of our own door is proof enough."""
    found, watch = probe_round(house, tmp_path / "site")
    watch.post = lambda _probe: "451 4.3.0 try again later"
    found.do()
    assert ("probe", False) in down(house)
    assert "451 4.3.0" in house.station.outages()[0].cause
    assert "probe_failed" in house.station.happened()


# --------------------------------------------------------------------------------------------- what requesters are told


def fallback(house: House, number: str | None = "+390700000209") -> None:
    house.station.change("c02-comune", lambda contract: replace(contract, phone_fallback=number))


def acknowledged(house: House) -> str:
    house.station.mail()
    return house.station.acknowledgements()[-1].text


def test_s010_while_the_telephone_is_down_acknowledgements_tell_the_fallback_number_beside_it(house: House) -> None:
    """C2.3, S010: the telephone stays first; when it works again the fallback is told no more."""
    house.station.clock.set("2026-11-24T09:30:00+01:00")
    fallback(house)
    assert "+390700000209" not in acknowledged(house)
    house.carrier.faults.add(faults.status(503, times=None))
    looked(house, watches(house))
    assert "ci telefoni: +390700000200, o se non risponde +390700000209," in acknowledged(house)
    house.carrier.faults.clear()
    looked(house, watches(house), times=1)
    assert "+390700000209" not in acknowledged(house)


def test_without_a_fallback_number_the_telephone_is_named_as_ever(house: House) -> None:
    house.station.clock.set("2026-11-24T09:30:00+01:00")
    house.carrier.faults.add(faults.status(503, times=None))
    looked(house, watches(house))
    assert "ci telefoni: +390700000200, dal lunedì" in acknowledged(house)
