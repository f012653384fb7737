"""The test contract of the automatic check: nobody real may ever be woken by it, and nothing real may come to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.load.refusals import Source
from config.settings import Probe
from gateway.domain.contract import Contract
from gateway.domain.intake import Channel
from gateway.domain.roster import Directory, Roster

NEXT = "next"
"""As a deputy of a rotation: whoever comes next in it."""


def refuse_probe(
    source: Source, probe: Probe, default: str, contracts: Mapping[str, Contract], people: Directory, roster: Roster
) -> None:
    """Refuses a probe that could wake somebody real, or that could never be answered.

    Raises:
        SettingError: the contract is not there, is the default one, has no address or on-call duty, somebody other than
            the probe's telephone is on call in it, or that telephone has a duty elsewhere.
    """
    contract = contracts.get(probe.contract)
    if contract is None or probe.contract == default:
        wrong = "is the default contract" if contract else "is not there"
        remedy = "write a contract of its own for it; see the manual, [probe]"
        raise source.refusal("probe.contract", f"the contract {probe.contract} {wrong}", clause="X18", remedy=remedy)
    if contract.address_of(Channel.MAIL) is None or contract.on_call is None:
        raise source.refusal(
            "probe.contract",
            f"the contract {contract.id} has no mail endpoint or no [on_call]: a probe could not be paged",
            clause="X18",
            remedy="give it a mail [[endpoint]] of its own, [on_call] and a shift in roster.toml",
        )
    person = people.by_number(probe.number)
    real = sorted(set(_on_call(roster, contract.id)) - ({person.id} if person else set()))
    if person is None or real:
        wrong = f"{', '.join(real)} would be woken by every probe" if person else "nobody in people.toml has its number"
        raise source.refusal(
            "probe.number",
            wrong,
            clause="X18",
            remedy="make the telephone of the probe a person of its own, and the only one on call in its contract",
        )
    busy = sorted(other for other in contracts if other != contract.id and person.id in set(_on_call(roster, other)))
    if busy:
        raise source.refusal(
            "probe.number",
            f"{person.id} is on call for {', '.join(busy)} too and would accept real pages by itself",
            clause="C2.8",
            remedy="take it out of that roster",
        )


def _on_call(roster: Roster, contract: str) -> Iterator[str]:
    """Everybody who may be called for a contract: shifts, turns, overrides, the fallback, the supervisors."""
    for duty in roster.duties:
        if duty.contract == contract:
            yield from (person for person in (duty.fallback, duty.supervisor) if person)
    for entry in (*roster.entries, *roster.overrides):
        if entry.contract != contract:
            continue
        yield from getattr(entry, "people", ())
        named = (getattr(entry, role, None) for role in ("contact", "deputy", "supervisor"))
        yield from (person for person in named if person and person != NEXT)
