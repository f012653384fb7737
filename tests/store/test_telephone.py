"""Calls, recordings, outages and changes of the roster in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.domain.telephony import (
    Call,
    CallOutcome,
    ChangeKind,
    ChangeState,
    Direction,
    Outage,
    Recording,
    RecordingState,
    RosterChange,
)
from gateway.ports import Store
from tests.store.values import NOW, opened

HOUR = timedelta(hours=1)


def call(sid: str, **values: object) -> Call:
    fields: dict[str, object] = {"contract": "c02-comune", "caller": "+393331112222", "called": "+390700000200"}
    fields |= {"direction": Direction.IN, "began_at": NOW, "reached": "greeting"}
    return Call(id=0, sid=sid, **(fields | values))  # type: ignore[arg-type]  # fields of Call, by name


def keep(store: Store, one: Call) -> Call:
    return store.write(lambda unit: unit.add_call(one))


def test_a_call_is_known_by_its_sid_and_ends_once(store: Store) -> None:
    """C2.3: every call leaves a line."""
    number = store.write(opened)
    kept = keep(store, call("CA1", ticket=number, facts={"keys": "1"}))
    assert store.read(lambda reading: reading.call_by("CA1")) == kept
    ended = store.write(
        lambda unit: unit.change_call(kept.id, outcome=CallOutcome.ABANDONED, ended_at=NOW + HOUR, reached="menu")
    )
    assert ended == replace(kept, outcome=CallOutcome.ABANDONED, ended_at=NOW + HOUR, reached="menu")
    assert store.read(lambda reading: reading.call(kept.id)) == ended
    assert store.read(lambda reading: reading.call_by("CA2")) is None


def test_calls_that_go_on_are_found_however_many_have_ended(store: Store) -> None:
    keep(store, call("CA1", ended_at=NOW))
    going = keep(store, call("CA2"))
    assert store.read(lambda reading: reading.calls(going_on=True)) == [going]
    assert [one.sid for one in store.read(lambda reading: reading.calls(caller="+393331112222"))] == ["CA2", "CA1"]
    assert store.read(lambda reading: reading.calls(since=NOW + HOUR)) == []


def test_a_recording_moves_from_the_carrier_to_us(store: Store) -> None:
    made = Recording(0, "RE1", "CA1", None, RecordingState.AT_CARRIER, 12, NOW)
    kept = store.write(lambda unit: unit.add_recording(made))
    waiting = (RecordingState.AT_CARRIER,)
    assert store.read(lambda reading: reading.recordings(states=waiting)) == [kept]
    fetched = store.write(
        lambda unit: unit.change_recording(
            kept.id, state=RecordingState.KEPT, sha256="a" * 64, size=99, type="audio/wav"
        )
    )
    assert store.read(lambda reading: reading.recording_by("RE1")) == fetched
    assert store.read(lambda reading: reading.recordings(states=waiting)) == []


def test_an_outage_is_open_until_it_ends(store: Store) -> None:
    """C2.7: an outage is a row, never a closure."""
    kept = store.write(lambda unit: unit.add_outage(Outage(0, "phone", NOW, "no answer")))
    assert store.read(lambda reading: reading.outages(channel="phone", open_only=True)) == [kept]
    store.write(lambda unit: unit.change_outage(kept.id, ended_at=NOW + HOUR, told_at=NOW))
    assert store.read(lambda reading: reading.outages(open_only=True)) == []
    assert len(store.read(lambda reading: reading.outages())) == 1


def test_changes_of_the_roster_are_found_by_contract_while_they_last(store: Store) -> None:
    swap = RosterChange(
        0, "c02-comune", ChangeKind.SWAP, ChangeState.ASKED, NOW, NOW + HOUR, "carla", "anna", "anna", "ferie", NOW
    )
    kept = store.write(lambda unit: unit.add_roster_change(swap))
    assert store.read(lambda reading: reading.roster_changes(contract="c02-comune", ending_after=NOW)) == [kept]
    assert store.read(lambda reading: reading.roster_changes(ending_after=NOW + 2 * HOUR)) == []
    agreed = store.write(
        lambda unit: unit.change_roster_change(kept.id, state=ChangeState.IN_FORCE, answered_by="carla")
    )
    assert store.read(lambda reading: reading.roster_change(kept.id)) == agreed
