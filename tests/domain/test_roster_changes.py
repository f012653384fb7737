"""What may be changed beside the roster's file, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.roster import Roster, Rotation, Shift
from gateway.domain.roster.changes import ChangeError, refuse_change, refuse_taking_back
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from tests.domain.rosters import ANNA, BRUNO, C2, CARLA, DARIO, PEOPLE, change, roster, wall
from tests.domain.shipped import rome

WEEKS = Rotation(C2.id, "settimane", ("anna", "bruno", "carla"), wall("2026-11-27 18:00"))
NOW = rome("2026-11-28 10:00")
AT_NIGHT = rome("2026-11-28 22:10")
NIGHT = ("2026-11-28 20:00", "2026-11-29 08:00")


def refused(wanted: RosterChange, *recorded: RosterChange, base: Rotation | Shift = WEEKS) -> str:
    with pytest.raises(ChangeError) as found:
        refuse_change(wanted, C2, roster(base), recorded, at=NOW, countries=("+39",))
    return str(found.value)


def allowed(wanted: RosterChange, *recorded: RosterChange) -> None:
    refuse_change(wanted, C2, roster(WEEKS), recorded, at=NOW, countries=("+39",))


def test_a_change_in_force_wins_over_the_file_and_the_deputy_stays() -> None:
    """C2.8."""
    chain = roster(WEEKS).with_changes([change(*NIGHT, "dario")]).chain(C2.id, AT_NIGHT)
    assert (chain.contact, chain.deputy, chain.supervisor, chain.change) == (DARIO, BRUNO, DARIO, 1)


def test_when_the_deputy_stands_in_whoever_follows_in_the_rotation_is_deputy() -> None:
    """C2.8: a chain of two is not made shorter by a swap between the two."""
    chain = roster(WEEKS).with_changes([change(*NIGHT, "bruno", instead_of="anna")]).chain(C2.id, AT_NIGHT)
    assert (chain.contact, chain.deputy) == (BRUNO, CARLA)


def test_whoever_is_away_is_not_called_as_deputy() -> None:
    """C2.8."""
    pair = replace(WEEKS, people=("anna", "bruno"))
    chain = roster(pair).with_changes([change(*NIGHT, "bruno", instead_of="anna")]).chain(C2.id, AT_NIGHT)
    assert (chain.contact, chain.deputy) == (BRUNO, None)


@pytest.mark.parametrize("state", [ChangeState.ASKED, ChangeState.DECLINED, ChangeState.WITHDRAWN])
def test_a_swap_that_is_not_agreed_changes_nothing(state: ChangeState) -> None:
    """The original keeps the duty until the other accepts."""
    asked = change(*NIGHT, "carla", instead_of="anna", state=state)
    assert roster(WEEKS).with_changes([asked]).chain(C2.id, AT_NIGHT).contact is ANNA


def test_a_confirmation_changes_nobodys_duty() -> None:
    """M-05."""
    said = replace(change(*NIGHT, "carla"), kind=ChangeKind.CONFIRMATION)
    assert roster(WEEKS).with_changes([said]).chain(C2.id, AT_NIGHT).contact is ANNA


def test_a_swap_gives_away_ones_own_duty_and_not_that_of_whoever_the_file_names_later() -> None:
    """A reload may give the turn to somebody else: who had agreed with anna has not agreed with bruno."""
    swap = change(*NIGHT, "carla", instead_of="anna")
    turned = replace(WEEKS, people=("bruno", "anna", "carla"))
    assert roster(turned).with_changes([swap]).chain(C2.id, AT_NIGHT).contact is BRUNO


def test_a_change_that_names_somebody_who_has_left_is_passed_over() -> None:
    """C2.8: never nobody."""
    for gone in ("zeno", "eva"):
        assert roster(WEEKS).with_changes([change(*NIGHT, gone)]).chain(C2.id, AT_NIGHT).contact is ANNA


def test_the_reason_of_a_change_is_not_told_where_it_could_not_be_erased() -> None:
    """X13: why somebody is away goes into no history of a ticket."""
    assert roster(WEEKS).with_changes([change(*NIGHT, "dario")]).chain(C2.id, AT_NIGHT).origin == "override 1"


def test_an_override_and_a_swap_of_ones_own_duty_are_allowed() -> None:
    allowed(change(*NIGHT, "dario"))
    allowed(change(*NIGHT, "carla", instead_of="anna"))


def test_a_change_from_now_on_is_allowed() -> None:
    allowed(change("2026-11-28 10:00", "2026-11-28 12:00", "dario"))


def test_the_past_is_not_changed() -> None:
    """C2.8: the contact in force is resolvable for any past instant."""
    assert "which has passed" in refused(change("2026-11-28 09:59", "2026-11-28 12:00", "dario"))


def test_a_change_that_ends_before_it_starts_is_refused() -> None:
    assert "ends before it starts" in refused(change("2026-11-29 08:00", "2026-11-28 20:00", "dario"))


def test_a_change_while_the_desk_is_open_is_refused() -> None:
    """C2.10: nobody is on call then."""
    assert "the desk is open all that time" in refused(change("2026-11-30 09:00", "2026-11-30 17:00", "dario"))


def test_only_people_of_the_contract_with_a_number_stand_in() -> None:
    """X10."""
    assert "is not in people.toml; there are: anna, bruno, carla, dario" in refused(change(*NIGHT, "zeno"))
    assert "does not work for c02-comune" in refused(change(*NIGHT, "gino"))
    assert "no number that may be called" in refused(change(*NIGHT, "eva"))


def test_numbers_of_countries_that_are_not_allowed_do_not_stand_in() -> None:
    """X10."""
    with pytest.raises(ChangeError, match="no number that may be called"):
        refuse_change(change(*NIGHT, "dario"), C2, roster(WEEKS), (), at=NOW, countries=("+41",))


def test_two_changes_never_hold_at_the_same_time() -> None:
    other = change("2026-11-29 07:00", "2026-11-29 12:00", "bruno", number=7)
    assert "centralino oncall undo 7" in refused(change(*NIGHT, "dario", number=0), other)
    allowed(change(*NIGHT, "dario", number=0), change("2026-11-29 08:00", "2026-11-29 12:00", "bruno", number=7))
    allowed(change(*NIGHT, "dario", number=0), change("2026-11-28 12:00", "2026-11-28 20:00", "bruno", number=7))
    allowed(change(*NIGHT, "dario", number=0), replace(other, state=ChangeState.ASKED))
    allowed(change(*NIGHT, "dario", number=0), replace(other, kind=ChangeKind.CONFIRMATION))


def test_the_duty_of_somebody_else_is_not_given_away() -> None:
    """Nobody is on call twice or not at all by a swap (C2.10)."""
    assert "anna is on call" in refused(change(*NIGHT, "carla", instead_of="bruno"))
    beyond = change("2026-12-04 07:00", "2026-12-04 20:00", "carla", instead_of="anna")
    assert "bruno is on call from 2026-12-04T18:00+01:00" in refused(beyond)


def test_a_swap_of_the_hours_of_the_desk_beside_ones_own_duty_is_allowed() -> None:
    """A turn runs through the day; only the time outside the hours counts."""
    allowed(change("2026-12-03 18:00", "2026-12-04 12:00", "carla", instead_of="anna"))


def test_a_hole_cannot_be_given_away() -> None:
    """C2.10."""
    shift = Shift(C2.id, "una notte", "anna", None, wall("2026-11-28 20:00"), wall("2026-11-28 23:00"))
    assert "nobody is on call" in refused(change(*NIGHT, "carla", instead_of="anna"), base=shift)


def test_whoever_has_the_duty_already_does_not_take_it() -> None:
    assert "is on call all that time already" in refused(change(*NIGHT, "anna"))


def test_what_fills_a_hole_is_allowed() -> None:
    """C2.10."""
    shift = Shift(C2.id, "una notte", "anna", None, wall("2026-11-28 20:00"), wall("2026-11-28 23:00"))
    over = change(*NIGHT, "dario")
    refuse_change(over, C2, roster(shift), (), at=NOW, countries=("+39",))


def test_a_contract_without_on_call_has_nothing_to_change() -> None:
    with pytest.raises(ChangeError, match="has no on-call duty"):
        refuse_change(change(*NIGHT, "dario"), C2, Roster(PEOPLE), (), at=NOW, countries=("+39",))


def test_what_has_ended_or_was_taken_back_is_not_taken_back() -> None:
    refuse_taking_back(change(*NIGHT, "dario"), NOW)
    refuse_taking_back(change(*NIGHT, "carla", instead_of="anna", state=ChangeState.ASKED), NOW)
    for gone in (ChangeState.DECLINED, ChangeState.WITHDRAWN):
        with pytest.raises(ChangeError, match="nothing to take back"):
            refuse_taking_back(replace(change(*NIGHT, "dario"), state=gone), NOW)
    with pytest.raises(ChangeError, match="what was is not changed"):
        refuse_taking_back(change(*NIGHT, "dario"), rome("2026-11-29 08:00"))
