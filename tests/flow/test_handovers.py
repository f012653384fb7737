"""The start of a watch: asked by SMS, confirmed by OK, and told to the supervisors when nobody confirms (M-05)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway import handovers, standing_in
from gateway.alarms import contract_key
from gateway.domain.contract import Contract
from gateway.domain.dispatch import Dispatch
from gateway.domain.roster import Rotation
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from gateway.domain.ticket import TicketState
from tests.flow.station import BRUNO, CARLA, DARIO, Station

C2 = "c02-comune"
FRIDAY = "2026-12-04T17:59:00+01:00"


def confirming(contract: Contract) -> Contract:
    assert contract.on_call
    on_call = replace(contract.on_call, confirm_shift=True, confirm_within=timedelta(minutes=20))
    return replace(contract, on_call=on_call)


@pytest.fixture
def friday(station: Station) -> Station:
    """A minute before the hand-over from bruno to carla, in a contract whose watches are confirmed."""
    station.change(C2, confirming)
    station.clock.set(FRIDAY)
    arm(station)
    return station


def arm(station: Station) -> None:
    station.store.write(lambda tx: handovers.arm_all(station.gw, tx, station.clock.now()))


def asked(station: Station) -> list[Dispatch]:
    """The SMS that ask for a confirmation, oldest first."""
    return [each for each in station.sent() if each.facts.get("text_id") == "M-05"]


def rows(station: Station) -> list[RosterChange]:
    found = station.store.read(lambda reading: reading.roster_changes())
    return [each for each in found if each.kind is ChangeKind.CONFIRMATION]


def test_whoever_begins_a_watch_is_told_from_when_to_when_and_who_is_deputy(friday: Station) -> None:
    """M-05, C2.8."""
    friday.pass_(minutes=1)
    (sms,) = asked(friday)
    assert sms.to == CARLA
    assert "da 04/12 18:00 a 11/12 08:00" in sms.text
    assert "Sostituto: Anna Piras" in sms.text
    assert len(sms.text) <= 160


def test_before_the_watch_begins_nobody_is_asked(friday: Station) -> None:
    friday.pass_(seconds=59)
    assert asked(friday) == []


def test_ok_without_a_code_confirms_the_watch(friday: Station) -> None:
    """DOMAIN, reply grammar."""
    friday.pass_(minutes=1)
    friday.sms(CARLA, " ok. ")
    (row,) = rows(friday)
    assert (row.state, row.answered_by, row.contact) == (ChangeState.IN_FORCE, "carla", "carla")
    assert "confermato" in friday.to(CARLA)[-1].text
    friday.pass_(hours=1)
    assert friday.alarms() == []
    assert friday.happened()[-1] == "watch_confirmed"
    assert friday.tickets() == []


def test_an_unconfirmed_watch_is_told_to_the_supervisors_once(friday: Station) -> None:
    """The text names who was asked, and what can be done."""
    friday.pass_(minutes=1)
    friday.pass_(minutes=19)
    assert friday.alarms() == []
    friday.pass_(minutes=1)
    (alarm,) = friday.alarms()
    assert alarm.to == "responsabile@assistenza.example"
    assert "Carla Lai" in alarm.text
    assert "entro 20 minuti" in alarm.text
    friday.pass_(hours=48)
    assert len(friday.alarms()) == 1
    assert friday.happened().count("watch_unconfirmed") == 1


def test_a_late_ok_still_confirms(friday: Station) -> None:
    friday.pass_(minutes=1)
    friday.pass_(hours=3)
    friday.sms(CARLA, "OK")
    assert [row.state for row in rows(friday)] == [ChangeState.IN_FORCE]


def test_only_the_telephone_of_whoever_was_asked_confirms(friday: Station) -> None:
    friday.pass_(minutes=1)
    friday.sms(BRUNO, "OK")
    assert [row.state for row in rows(friday)] == [ChangeState.ASKED]


def test_an_ok_with_a_code_confirms_no_watch(friday: Station) -> None:
    """DOMAIN, reply grammar: a code belongs to a page."""
    friday.pass_(minutes=1)
    friday.sms(CARLA, "OK 123456")
    assert [row.state for row in rows(friday)] == [ChangeState.ASKED]


def test_a_bare_ok_with_one_open_page_takes_it_and_confirms_the_watch(friday: Station) -> None:
    """Whoever answers a page of the watch is awake and at the telephone."""
    friday.pass_(minutes=1)
    friday.mail("URGENTE: protocollo bloccato")
    friday.sms(CARLA, "OK")
    assert (friday.ticket().state, friday.ticket().owner) == (TicketState.TAKEN, "carla")
    assert [row.state for row in rows(friday)] == [ChangeState.IN_FORCE]


def test_a_bare_ok_without_anything_to_confirm_is_answered_as_before(friday: Station) -> None:
    friday.sms(CARLA, "OK")
    assert "non ci sono richieste" in friday.to(CARLA)[-1].text


def test_the_next_hand_over_is_waited_for_and_asked_for_in_its_turn(friday: Station) -> None:
    """P10: each hand-over happens once."""
    for _ in range(8 * 24):
        friday.pass_(hours=1)
    friday.pass_(days=6)
    anna = friday.gw.rules.people["anna"].mobile
    assert [sms.to for sms in asked(friday)] == [CARLA, anna]


def test_a_restart_asks_nobody_twice_and_forgets_nobody(friday: Station) -> None:
    """P7, P18."""
    arm(friday)
    friday.pass_(minutes=1)
    arm(friday)
    friday.chase()
    assert len(asked(friday)) == 1
    (waiting,) = friday.store.read(lambda reading: reading.timers("watch"))
    assert waiting.facts["since"] == friday.clock.now().isoformat()


def test_a_hand_over_while_we_were_down_is_told_at_the_start_the_newest_alone(friday: Station) -> None:
    """The state is told that holds, not one after the other what held."""
    friday.clock.pass_(days=8)
    arm(friday)
    friday.chase()
    anna = friday.gw.rules.people["anna"].mobile
    assert [sms.to for sms in asked(friday)] == [anna]


def test_a_watch_that_ended_while_we_were_down_is_not_asked_for(friday: Station) -> None:
    rules = friday.gw.rules
    (turns,) = rules.roster.entries
    assert isinstance(turns, Rotation)
    ended = replace(turns, ends=datetime(2026, 12, 11, 18))  # noqa: DTZ001 - wall time
    friday.gw.rules = replace(rules, roster=replace(rules.roster, entries=(ended,)))
    friday.clock.pass_(days=10)
    arm(friday)
    friday.chase()
    assert asked(friday) == []


def test_a_hand_over_that_is_looked_at_again_asks_nobody_again(friday: Station) -> None:
    """Whatever became of the timer: that somebody was asked is a row."""
    friday.pass_(minutes=1)
    facts = {"contract": C2, "since": (friday.clock.now() - timedelta(hours=1)).isoformat()}
    at = friday.clock.now()
    friday.store.write(lambda tx: tx.set_timer(handovers.WATCH, contract_key(C2), at, facts))
    friday.chase()
    assert len(asked(friday)) == 1
    assert len(rows(friday)) == 1


def test_whoever_takes_over_in_the_middle_of_the_night_is_asked_at_once(station: Station) -> None:
    """The next hand-over is worked out anew when the roster changes."""
    station.change(C2, confirming)
    arm(station)
    station.pass_(minutes=1)
    dario, at = station.gw.rules.people["dario"], station.clock.now()
    until = at + timedelta(hours=5)
    wanted = standing_in.Wanted(station.gw.rules.contracts[C2], None, until, "dario", "febbre", ("+39",))
    station.store.write(lambda tx: standing_in.override(station.gw, tx, wanted, dario, at))
    station.chase()
    assert [sms.to for sms in asked(station)] == [DARIO]
    station.pass_(hours=5)
    assert [sms.to for sms in asked(station)] == [DARIO, BRUNO]


def test_an_override_from_now_on_is_a_hand_over(friday: Station) -> None:
    """C2.8: asked is whoever has the duty, not whoever stands in the file."""
    dario, at = friday.gw.rules.people["dario"], friday.clock.now()
    wanted = standing_in.Wanted(
        friday.gw.rules.contracts[C2], at, at + timedelta(hours=14), "dario", "carla è malata", ("+39",)
    )
    friday.store.write(lambda tx: standing_in.override(friday.gw, tx, wanted, dario, at))
    friday.pass_(minutes=1)
    assert [sms.to for sms in asked(friday)] == [DARIO]
    friday.pass_(hours=14)
    assert [sms.to for sms in asked(friday)] == [DARIO, CARLA]


def test_when_somebody_else_has_the_duty_by_now_no_alarm_is_raised(friday: Station) -> None:
    friday.pass_(minutes=1)
    dario, at = friday.gw.rules.people["dario"], friday.clock.now()
    wanted = standing_in.Wanted(
        friday.gw.rules.contracts[C2], at, at + timedelta(hours=10), "dario", "non risponde", ("+39",)
    )
    friday.store.write(lambda tx: standing_in.override(friday.gw, tx, wanted, dario, at))
    friday.pass_(minutes=30)
    assert [alarm for alarm in friday.alarms() if "Carla" in alarm.text] == []


def silent(contract: Contract) -> Contract:
    assert contract.on_call
    return replace(contract, on_call=replace(contract.on_call, confirm_shift=False))


def waits(station: Station) -> bool:
    return bool(station.store.read(lambda reading: reading.timers("watch")))


def test_a_contract_that_does_not_ask_waits_for_nothing_and_one_that_asks_no_more_stops(station: Station) -> None:
    """The clause says nothing: as shipped nobody is asked."""
    arm(station)
    assert not waits(station)
    station.change(C2, confirming)
    arm(station)
    assert waits(station)
    station.change(C2, silent)
    arm(station)
    assert not waits(station)


def test_a_timer_of_a_contract_that_is_gone_is_dropped(friday: Station) -> None:
    contracts = {key: each for key, each in friday.gw.rules.contracts.items() if key != C2}
    friday.gw.rules = replace(friday.gw.rules, contracts=contracts, default_contract="c01-fornitore")
    friday.pass_(minutes=1)
    assert not waits(friday)


def test_in_the_spring_night_the_hand_over_comes_at_its_own_instant(station: Station) -> None:
    """C-25: the clocks move between the hand-over of 18.00 and the confirmation of 18.20 a week later as ever."""
    station.change(C2, confirming)
    station.clock.set("2027-03-26T17:00:00+01:00")
    arm(station)
    station.pass_(hours=1)
    assert len(asked(station)) == 1
    station.clock.set("2027-04-02T17:59:59+02:00")
    station.chase()
    assert len(asked(station)) == 1
    station.pass_(seconds=1)
    assert len(asked(station)) == 2
