from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.domain.entitlement import entitlement_on, group_of, is_entitled, is_to_identify
from gateway.domain.provisions import ActKind, Elsewhere, Entitlement, Group, Phase, Unknown
from tests.domain.shipped import contract

CLERKS = Group("utenti_comuni", "utenti dei Comuni", domains=("comune.example", "sardegnait.example"))
TECHNICIANS = Group(
    "tecnici_sardegnait",
    "personale tecnico",
    domains=("tecnici.sardegnait.example",),
    mails=("guardia@comune.example",),
    numbers=("+390700000330",),
    people=("franca",),
)
C3 = replace(contract("c03"), groups=(CLERKS, TECHNICIANS))
BOTH = (CLERKS.id, TECHNICIANS.id)


def entitlement(*groups: str, unknown: Unknown = Unknown.PROVISIONAL) -> Entitlement:
    return Entitlement(groups, unknown, Elsewhere.RESPONSIBLE, 1, "C3.2")


@pytest.mark.parametrize(
    ("who", "group"),
    [
        ({"address": "mario@comune.example"}, CLERKS),
        ({"address": "Mario.Rossi@COMUNE.example "}, CLERKS),
        ({"address": "mario@anagrafe.comune.example"}, CLERKS),
        ({"address": "mario@tecnici.sardegnait.example"}, TECHNICIANS),
        ({"address": "mario@altri.sardegnait.example"}, CLERKS),
        ({"number": "+390700000330"}, TECHNICIANS),
        ({"person": "franca"}, TECHNICIANS),
        ({"address": "mario@falsocomune.example"}, None),
        ({"address": "mario@comune.example.invalid"}, None),
        ({"address": "comune.example"}, None),
        ({"address": "mario@example"}, None),
        ({"number": "+390700000999"}, None),
        ({}, None),
    ],
)
def test_a_requester_is_known_by_address_number_person_or_domain(who: dict[str, str], group: Group | None) -> None:
    """C3.2, C9.1: a subdomain belongs to its domain, a name that only looks like it does not."""
    assert group_of(C3, **who) is group


@pytest.mark.parametrize(
    "who",
    [
        {"address": "guardia@comune.example"},
        {"address": "mario@comune.example", "number": "+390700000330"},
        {"address": "mario@comune.example", "person": "franca"},
    ],
)
def test_the_domain_says_least(who: dict[str, str]) -> None:
    """C3.2: the exact address, the number and the person go before the domain."""
    assert group_of(C3, **who) is TECHNICIANS


def test_the_phase_says_who_is_entitled() -> None:
    """C3.2, C3.18."""
    own = entitlement(TECHNICIANS.id)
    phase = Phase("B", "", ActKind.FINAL_ACCEPTANCE, opens_next_day=True, entitlement=own, clause="C3.12")
    whole = replace(C3, entitlement=entitlement(*BOTH))
    assert entitlement_on(whole, phase) is own
    assert entitlement_on(whole, None) is whole.entitlement
    assert entitlement_on(replace(C3, entitlement=None), None) is None


def test_in_phase_a_both_groups_are_served_in_phase_b_only_the_technicians() -> None:
    """C3.2, C3.18, S038, S068."""
    phase_a, phase_b = entitlement(*BOTH), entitlement(TECHNICIANS.id)
    assert [is_entitled(phase_a, group) for group in (CLERKS, TECHNICIANS)] == [True, True]
    assert [is_entitled(phase_b, group) for group in (CLERKS, TECHNICIANS)] == [False, True]


@pytest.mark.parametrize(
    ("unknown", "served", "asked"),
    [
        (Unknown.SERVED, True, False),
        (Unknown.PROVISIONAL, True, True),
        (Unknown.REFUSED, False, True),
    ],
)
def test_whom_nobody_knows_is_treated_in_one_of_three_ways(unknown: Unknown, *, served: bool, asked: bool) -> None:
    """A2.5, C3.2, C9.1."""
    who = entitlement(*BOTH, unknown=unknown)
    assert (is_entitled(who, None), is_to_identify(who, None)) == (served, asked)
    assert not is_to_identify(who, CLERKS)


@pytest.mark.parametrize("who", [None, entitlement(unknown=Unknown.REFUSED)])
def test_where_no_group_is_named_everybody_is_served_and_nobody_asked(who: Entitlement | None) -> None:
    """C8: any user of the service."""
    assert is_entitled(who, None)
    assert is_entitled(who, CLERKS)
    assert not is_to_identify(who, None)
