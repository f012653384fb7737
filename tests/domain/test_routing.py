from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.contract import Page
from gateway.domain.hours import opening
from gateway.domain.intake import Channel
from gateway.domain.roster import Chain, Person
from gateway.domain.routing import Role, Route, Rung, ladder, route
from gateway.domain.ticket import Priority
from tests.domain.shipped import contract, rome

ANNA, BRUNO, DARIO = (Person(name, name, "", mobile=f"+39333000000{n}") for n, name in enumerate("ABD"))
CHAIN = Chain(ANNA, BRUNO, DARIO, from_fallback=False, clauses=("C2.8",))
C2, C3 = contract("c02"), contract("c03")
assert C2.on_call
DUTY = replace(C2.on_call, ack_timeout=timedelta(minutes=5), call_timeout=timedelta(minutes=2))
FIVE, TWO, AT_ONCE = timedelta(minutes=5), timedelta(minutes=2), timedelta(0)
RINGS = timedelta(seconds=DUTY.ring_s)
SMS, VOICE = Channel.SMS, Channel.VOICE


def test_who_writes_has_the_contact_texted_then_called_then_the_others() -> None:
    """C2.8, decision 0004."""
    assert ladder(DUTY, CHAIN) == (
        Rung(ANNA, Role.CONTACT, (SMS,), FIVE),
        Rung(ANNA, Role.CONTACT, (VOICE,), TWO),
        Rung(BRUNO, Role.DEPUTY, (SMS, VOICE), FIVE),
        Rung(DARIO, Role.SUPERVISOR, (SMS, VOICE), FIVE),
    )


def test_who_is_on_the_telephone_has_the_contact_called_and_texted_at_once() -> None:
    """C2.8, S027: and nobody waits longer than a telephone rings; the deputy is the third rung all the same."""
    assert ladder(DUTY, CHAIN, live=True) == (
        Rung(ANNA, Role.CONTACT, (VOICE,), AT_ONCE),
        Rung(ANNA, Role.CONTACT, (SMS,), RINGS),
        Rung(BRUNO, Role.DEPUTY, (SMS, VOICE), RINGS),
        Rung(DARIO, Role.SUPERVISOR, (SMS, VOICE), RINGS),
    )


@pytest.mark.parametrize("live", [True, False])
def test_nobody_is_in_the_ladder_twice(*, live: bool) -> None:
    alone = replace(CHAIN, deputy=None, supervisor=ANNA)
    assert {rung.role for rung in ladder(DUTY, alone, live=live)} == {Role.CONTACT}


@pytest.mark.parametrize(
    ("short", "at", "page", "priority", "way"),
    [
        ("c02", "2026-11-24 08:00", Page.ALL, Priority.NORMAL, Route.DESK),
        ("c02", "2026-11-24 07:59:59", Page.ALL, Priority.NORMAL, Route.ON_CALL),
        ("c02", "2026-11-24 18:00", Page.URGENT, Priority.NORMAL, Route.QUEUE),
        ("c02", "2026-11-24 18:00", Page.URGENT, Priority.URGENT, Route.ON_CALL),
        ("c02", "2031-01-02 09:00", Page.ALL, Priority.URGENT, Route.QUEUE),
        ("c03", "2026-11-24 13:45", None, Priority.URGENT, Route.QUEUE),
    ],
)
def test_a_request_that_is_served_goes_to_the_desk_to_who_is_on_call_or_waits(
    short: str, at: str, page: Page | None, priority: Priority, way: Route
) -> None:
    """C2.4, C2.8, A3.3: S009, S011, S041."""
    by = replace(C2, on_call=replace(DUTY, page=page)) if page else C3
    assert by.id.startswith(short)
    assert route(by, opening(by, rome(at)), priority) is way
