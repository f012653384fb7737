"""What `simulate` foretells of an urgent call at night is what the live call does (S027, A2.6; DESIGN, Interfaces)."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.domain.intake import Channel
from gateway.simulate import Asked, simulate
from tests.flow.station import CITIZEN, Station, spoken

C2 = "c02-comune"
NIGHTS = (
    "2026-11-28T22:10:00+01:00",  # a Saturday night
    "2026-04-06T10:00:00+02:00",  # Easter Monday in the morning
    "2026-10-25T02:30:00+01:00",  # the second time that it is half past two
    "2027-03-28T03:10:00+02:00",  # just after the hour that is not there
    "2026-12-31T18:30:00+01:00",
)


def foretold(station: Station) -> dict[str, Any]:
    asked = Asked(C2, Channel.PHONE, station.clock.now(), sender=CITIZEN, urgent=True)
    return simulate(station.gw.rules, asked)


def attempts(station: Station) -> set[tuple[str, str, int]]:
    """Who was tried, by what, and how many seconds after the call began."""
    began = station.phone_line().began_at
    people = station.gw.rules.people
    found = set()
    for each in (*station.page_texts(), *station.page_calls()):
        person = people.by_number(each.to)
        assert person
        assert each.created_at
        found.add((person.id, str(each.channel), int((each.created_at - began).total_seconds())))
    return found


@pytest.mark.parametrize("at", NIGHTS)
def test_the_live_chain_is_the_one_that_was_foretold(station: Station, at: str) -> None:
    """S027: the same people by the same media after the same time, while everybody lets it ring."""
    station.clock.set(at)
    told = foretold(station)
    on_call = station.gw.rules.contracts[C2].on_call
    assert on_call
    station.rings()
    station.does(digits="1")
    for _ in range(3):
        station.clock.pass_(seconds=on_call.ring_s)
        station.does(dialled="no-answer")
    assert (told["state"], told["route"], told["outcome"]) == ("closed", "on_call", "accepted")
    assert attempts(station) == {(rung["contact"], rung["by"], rung["after_s"]) for rung in told["chain"]}
    assert not any(rung["only_if_urgent"] for rung in told["chain"])


@pytest.mark.parametrize("at", NIGHTS)
def test_what_the_caller_hears_first_is_what_was_foretold(station: Station, at: str) -> None:
    """C2.3, C2.8."""
    station.clock.set(at)
    told, heard = foretold(station), spoken(station.rings())
    first = told["says"].split(". ")[0]
    assert first in heard, (first, heard)


def test_in_hours_neither_wakes_anybody(station: Station) -> None:
    """C2.4: on Good Friday at ten the desk has it, urgent or not."""
    station.clock.set("2026-04-03T10:00:00+02:00")
    told = foretold(station)
    station.rings()
    station.does(digits="1")
    assert (told["state"], told["route"], told["chain"]) == ("open", "desk", [])
    assert station.page_texts() == station.page_calls() == []
