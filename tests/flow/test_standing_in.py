"""Overrides and swaps: recorded, in force for the next page, told, and never of the past (C2.8, C2.10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway import duty, standing_in
from gateway.domain.hours import ROME
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM
from gateway.domain.roster.changes import ChangeError
from gateway.domain.telephony import ChangeState, RosterChange
from tests.flow.station import SATURDAY_NIGHT, Station

C2 = "c02-comune"
ITALY = ("+39",)


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


NIGHT = (rome("2026-11-29 20:00"), rome("2026-11-30 08:00"))


def wanted(station: Station, contact: str, start: datetime = NIGHT[0], end: datetime = NIGHT[1]) -> standing_in.Wanted:
    return standing_in.Wanted(station.gw.rules.contracts[C2], start, end, contact, "visita medica", ITALY)


def override(station: Station, contact: str, by: str = "dario", **times: datetime) -> RosterChange:
    asked, who, at = wanted(station, contact, **times), station.gw.rules.people[by], station.clock.now()
    return station.store.write(lambda tx: standing_in.override(station.gw, tx, asked, who, at))


def ask(station: Station, contact: str, by: str = "bruno", **times: datetime) -> RosterChange:
    asked, who, at = wanted(station, contact, **times), station.gw.rules.people[by], station.clock.now()
    return station.store.write(lambda tx: standing_in.ask_swap(station.gw, tx, asked, who, at))


def answer(station: Station, change: RosterChange, by: str, *, accepts: bool = True) -> RosterChange:
    who, at = station.gw.rules.people[by], station.clock.now()
    return station.store.write(
        lambda tx: standing_in.answer_swap(station.gw, tx, change.id, who, at, accepts=accepts, countries=ITALY)
    )


def undo(station: Station, change: RosterChange, by: str = "dario") -> RosterChange:
    who, at = station.gw.rules.people[by], station.clock.now()
    return station.store.write(lambda tx: standing_in.undo(station.gw, tx, change.id, who, at))


def on_call(station: Station, at: datetime) -> str | None:
    chain = station.store.read(lambda reading: duty.chain_at(station.gw, reading, C2, at))
    return chain.contact.id if chain else None


def mailed(station: Station) -> list[tuple[str, str]]:
    letters = station.sent(channel=Channel.MAIL)
    return [(each.to.partition(".")[0], each.subject.partition(":")[0]) for each in letters]


def test_an_override_is_in_force_at_once_and_ends_by_itself(station: Station) -> None:
    """C2.8."""
    override(station, "carla")
    seen = [on_call(station, at) for at in (NIGHT[0] - timedelta(seconds=1), *NIGHT)]
    assert seen == ["bruno", "carla", "bruno"]


def test_both_are_told_and_whoever_did_it_is_not(station: Station) -> None:
    override(station, "carla")
    assert mailed(station) == [
        ("carla", "Turno di reperibilità affidato a Lei"),
        ("bruno", "Turno di reperibilità affidato ad altri"),
    ]
    override(station, "dario", start=NIGHT[1], end=NIGHT[1] + timedelta(days=1))
    assert [who for who, _ in mailed(station)[2:]] == ["bruno"]


def test_a_change_is_an_entry_of_the_register_and_its_reason_can_be_erased(station: Station) -> None:
    """X13, X14: why somebody is away may be about their health."""
    change = override(station, "carla")
    entry = station.events()[-1]
    assert (entry.type, entry.by, entry.clause) == ("roster_overridden", "dario", "C2.8")
    assert entry.data["contact"] == "carla"
    assert entry.data["change"] == str(change.id)
    assert "visita" not in str(entry.data)
    personal = station.store.read(lambda reading: reading.personal(SYSTEM))
    assert personal[entry.seq] == {"reason": "visita medica"}


def test_a_swap_is_in_force_when_the_other_accepts(station: Station) -> None:
    change = ask(station, "carla")
    assert on_call(station, NIGHT[0]) == "bruno"
    assert mailed(station) == [("carla", "Scambio di turno")]
    assert "centralino oncall swap accept 1 --as carla" in station.sent(channel=Channel.MAIL)[0].text
    agreed = answer(station, change, "carla")
    assert on_call(station, NIGHT[0]) == "carla"
    assert (agreed.state, agreed.answered_by) == (ChangeState.IN_FORCE, "carla")
    assert mailed(station)[1:] == [("bruno", "Turno di reperibilità affidato ad altri")]
    assert station.happened()[-2:] == ["swap_asked", "swap_accepted"]


def test_a_declined_swap_leaves_the_duty_where_it_was_and_the_other_is_told(station: Station) -> None:
    change = ask(station, "carla")
    answer(station, change, "carla", accepts=False)
    assert on_call(station, NIGHT[0]) == "bruno"
    assert mailed(station)[-1] == ("bruno", "Scambio di turno rifiutato")
    with pytest.raises(ChangeError, match="no swap 1 waits"):
        answer(station, change, "carla")


def test_nobody_answers_for_another(station: Station) -> None:
    change = ask(station, "carla")
    for stranger in ("anna", "bruno", "dario"):
        with pytest.raises(ChangeError, match="carla was asked, not"):
            answer(station, change, stranger)
    assert on_call(station, NIGHT[0]) == "bruno"


def test_only_ones_own_duty_is_given_away(station: Station) -> None:
    with pytest.raises(ChangeError, match="bruno is on call"):
        ask(station, "carla", by="anna")


def test_an_answer_after_the_start_counts_from_now_on(station: Station) -> None:
    """What was stays as it was."""
    change = ask(station, "carla")
    station.clock.set("2026-11-29T23:00:00+01:00")
    agreed = answer(station, change, "carla")
    assert agreed.starts_at == rome("2026-11-29 23:00")
    assert [on_call(station, rome(f"2026-11-29 {hour}")) for hour in ("22:59", "23:00")] == ["bruno", "carla"]


def test_an_answer_after_the_end_is_refused(station: Station) -> None:
    change = ask(station, "carla")
    station.clock.set("2026-11-30T08:00:00+01:00")
    with pytest.raises(ChangeError, match="has passed"):
        answer(station, change, "carla")


def test_a_swap_that_has_become_impossible_is_not_accepted(station: Station) -> None:
    """Between asking and accepting somebody else may have taken the duty."""
    change = ask(station, "carla")
    override(station, "dario")
    with pytest.raises(ChangeError, match="oncall undo 2"):
        answer(station, change, "carla")
    assert on_call(station, NIGHT[0]) == "dario"


def test_undo_before_the_start_takes_a_change_back(station: Station) -> None:
    change = override(station, "carla")
    assert undo(station, change).state is ChangeState.WITHDRAWN
    assert on_call(station, NIGHT[0]) == "bruno"
    assert mailed(station)[-2:] == [
        ("bruno", "Turno di reperibilità affidato a Lei"),
        ("carla", "Turno di reperibilità affidato ad altri"),
    ]
    with pytest.raises(ChangeError, match="nothing to take back"):
        undo(station, change)


def test_undo_during_a_change_ends_it_now_and_what_was_stays(station: Station) -> None:
    """C2.8: the contact in force is resolvable for any past instant."""
    change = override(station, "carla")
    station.clock.set("2026-11-30T01:00:00+01:00")
    ended = undo(station, change, by="elena")
    assert (ended.state, ended.ends_at) == (ChangeState.IN_FORCE, rome("2026-11-30 01:00"))
    seen = [on_call(station, rome(at)) for at in ("2026-11-30 00:59", "2026-11-30 01:00")]
    assert seen == ["carla", "bruno"]
    assert station.happened()[-1] == "change_ended"


def test_undo_after_the_end_is_refused(station: Station) -> None:
    change = override(station, "carla")
    station.clock.set("2026-11-30T08:00:00+01:00")
    with pytest.raises(ChangeError, match="what was is not changed"):
        undo(station, change)


def test_a_swap_that_waits_can_be_withdrawn(station: Station) -> None:
    change = ask(station, "carla")
    assert undo(station, change, by="bruno").state is ChangeState.WITHDRAWN
    with pytest.raises(ChangeError, match="no swap 1 waits"):
        answer(station, change, "carla")


def test_a_change_that_is_not_there_is_named(station: Station) -> None:
    change = override(station, "carla")
    with pytest.raises(ChangeError, match="there is no change 99"):
        undo(station, replace(change, id=99))
    with pytest.raises(ChangeError, match="no swap 1 waits"):
        answer(station, change, "carla")


def test_taking_back_what_fills_a_hole_is_refused_where_no_fallback_stands_in(station: Station) -> None:
    """C2.10."""
    rules = station.gw.rules
    bare = replace(rules.roster, entries=(), duties=tuple(replace(each, fallback=None) for each in rules.roster.duties))
    change = override(station, "carla")
    station.gw.rules = replace(rules, roster=bare)
    with pytest.raises(ChangeError, match="it would leave nobody on call"):
        undo(station, change)
    assert on_call(station, NIGHT[0]) == "carla"


def test_people_of_other_contracts_have_no_say(station: Station) -> None:
    people = station.gw.rules.people
    stranger = replace(people["anna"], id="gino", contracts=("c03-sardegnait",))
    at = station.clock.now()
    for act in (
        lambda tx: standing_in.override(station.gw, tx, wanted(station, "carla"), stranger, at),
        lambda tx: standing_in.ask_swap(station.gw, tx, wanted(station, "carla"), stranger, at),
    ):
        with pytest.raises(ChangeError, match="has no say"):
            station.store.write(act)


def test_a_refused_change_leaves_no_trace(station: Station) -> None:
    before = station.happened()
    with pytest.raises(ChangeError):
        override(station, "zeno")
    assert station.happened() == before
    assert station.store.read(lambda reading: reading.roster_changes()) == []
    assert station.sent() == []


def test_the_history_of_a_saturday_is_told_as_it_was(station: Station) -> None:
    """C2.8, S141: past, present and future at one look, whatever happened since."""
    assert station.clock.now() == datetime.fromisoformat(SATURDAY_NIGHT)
    override(station, "carla", start=rome("2026-11-29 00:00"), end=rome("2026-11-29 06:00"))
    station.clock.set("2026-11-29T12:00:00+01:00")
    override(station, "dario", start=rome("2026-11-29 13:00"), end=rome("2026-11-29 14:00"))
    station.clock.set("2026-12-20T12:00:00+01:00")
    hours = ("2026-11-28 23:59", "2026-11-29 00:00", "2026-11-29 06:00", "2026-11-29 13:30", "2026-11-29 14:00")
    assert [on_call(station, rome(at)) for at in hours] == ["bruno", "carla", "bruno", "dario", "bruno"]
