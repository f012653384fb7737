"""Pages that leave by a name, over real HTTP: the technician who reads one calls us and keys the code (M-02)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.rehearsal import HangUp, Press, replies
from gateway import probing
from gateway.domain.sender_ids import SenderIds
from gateway.domain.ticket import TicketState
from tests.adapters.twilio.conftest import house, loop, rehearsal
from tests.adapters.twilio.house import House, text_form
from tests.flow.probe_site import PROBE_NUMBER, with_probe
from tests.flow.station import BRUNO, CARLA, DESK_NUMBER, SMS_NUMBER, site_folder

__all__ = ["house", "loop", "rehearsal"]

NAME = "ComuneTest"
M_02 = re.compile(r"chiama (\+[0-9]+) e digita ([0-9]{6})\.")


def named(house: House) -> None:
    """Every SMS leaves from a name."""
    house.station.gw.rules = replace(house.station.gw.rules, sender_ids=SenderIds(DESK_NUMBER, NAME))


def test_who_is_paged_by_a_name_calls_the_number_in_the_text_and_keys_its_code(house: House) -> None:
    """M-02, C2.8: a reply would reach nobody, and a telephone that replies by itself does not."""
    named(house)
    house.carrier.phones[BRUNO] = replies("OK {code}")
    house.urgent_mail()
    (text,) = house.carrier.phones[BRUNO].inbox
    asked = M_02.search(text.body)
    assert asked
    assert text.sender == NAME
    assert house.station.ticket().state is TicketState.NOTIFIED
    number, code = asked.groups()
    house.carrier.place_call(BRUNO, (Press(code), HangUp(after_s=8)), number)
    house.carrier.wait_idle()
    ticket = house.station.ticket()
    assert (ticket.state, ticket.owner) == (TicketState.TAKEN, "bruno")
    house.pass_(minutes=20)
    assert house.station.page_texts(CARLA) == []
    assert [call.to for call in house.carrier.calls if call.direction == "outbound-api"] == []


def test_the_telephone_rings_from_a_number_when_texts_leave_from_a_name(house: House) -> None:
    """X9: nobody is called from a name."""
    named(house)
    house.urgent_mail()
    house.pass_(minutes=6)
    rung = [call for call in house.carrier.calls if call.to == BRUNO]
    assert {call.caller for call in rung} == {SMS_NUMBER}


def test_the_page_of_the_automatic_check_comes_back_from_the_name_and_is_accepted(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """C-57: the probe's telephone is a number of ours, so its SMS comes in at our own door."""
    station = house.station
    folder = tmp_path_factory.mktemp("probed")
    site_folder(folder)
    with_probe(station, folder)
    named(house)
    now = station.clock.now()
    every, within = timedelta(minutes=15), timedelta(minutes=5)
    probe = station.store.write(lambda tx: probing.look(station.gw, tx, every, within, now))
    assert probe
    station.arrive(probe.raw, sender=probe.sender, to=(probe.to,))
    house.go()
    (text,) = house.carrier.phones[PROBE_NUMBER].inbox
    assert text.sender == NAME
    back = text_form(From=text.sender, To=PROBE_NUMBER, Body=text.body)
    assert house.post("/twilio/sms", back).status_code == 200
    house.written()
    assert house.station.ticket().owner == "sonda"
