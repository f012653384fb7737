"""A contact under a contract, and the decision on it: what the tests of `reception` share."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from config.places import places_of
from gateway.domain.contract import Contract
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.phases import with_acceptance
from gateway.domain.provisions import Group, Of
from gateway.domain.reception import Decision, Request, Used, decide
from tests.domain.shipped import contract, rome, site

CLERK, TECHNICIAN, STRANGER = "mario@comune.sassari.example", "ada@sardegnait.example", "chi@altrove.example"
C2 = contract("c02")
C3 = replace(
    contract("c03"),
    groups=(
        Group("utenti_comuni", "utenti dei Comuni", domains=("comune.sassari.example",)),
        Group("tecnici_sardegnait", "personale tecnico", domains=("sardegnait.example",)),
    ),
)
ACCEPTED = with_acceptance(C3, date(2026, 9, 15))
RESPONSIBLE, FIRST_LEVEL = C3.responsible, C3.first_level
PLACES = places_of(site().contracts.values())


def received(
    by: Contract,
    at: str,
    sender: str = "",
    *,
    channel: Channel = Channel.MAIL,
    used: tuple[int, int] = (0, 0),
    **facts: object,
) -> Decision:
    request = Request(channel, rome(at), address=sender, **facts)  # type: ignore[arg-type]
    return decide(by, request, lambda _quota: Used(*used), PLACES)


def due_on(decision: Decision, of: Of = Of.ON_SITE) -> datetime:
    at = decision.due[of].at
    assert at is not None
    return local(at).replace(tzinfo=None)
