"""Who is served under a contract, and how somebody is known: by mail address, number, person or mail domain.

This is asked after a contact is recorded, never before (DOMAIN 2): nothing here turns anybody away unheard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.provisions import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.contract import Contract
    from gateway.domain.provisions import Entitlement, Group, Phase


def group_of(contract: Contract, *, address: str = "", number: str = "", person: str | None = None) -> Group | None:
    """The group of the contract that a requester belongs to, or None: nobody of the contract knows them.

    What says most is asked first: the exact mail address, the number (E.164), the person of the directory, and last
    the domain of the address, where the longest one that holds it counts (`ufficio.comune.example` before
    `comune.example`).
    """
    mail = address.strip().casefold()
    return next(
        (
            group
            for kind, wanted in (("mails", mail), ("numbers", number), ("people", person), *_domains_of(mail))
            if wanted
            for group in contract.groups
            if wanted in getattr(group, kind)
        ),
        None,
    )


def _domains_of(mail: str) -> Iterator[tuple[str, str]]:
    """The domain of an address and every domain above it, the longest first."""
    domain = mail.rpartition("@")[2] if "@" in mail else ""
    while domain:
        yield "domains", domain
        domain = domain.partition(".")[2]


def entitlement_on(contract: Contract, phase: Phase | None) -> Entitlement | None:
    """Who is served in a phase; without a phase what the contract says as a whole; None when it says nothing."""
    return phase.entitlement if phase else contract.entitlement


def is_entitled(entitlement: Entitlement | None, group: Group | None) -> bool:
    """Whether somebody of this group (None: of no group) is served.

    Everybody is where the contract names no group. Somebody whom nobody knows is served like everybody (A2.5), served
    provisionally and asked for the organisation (C3.2), or not served before having said it (C9.1).
    """
    if entitlement is None or not entitlement.groups:
        return True
    if group is None:
        return entitlement.unknown is not Unknown.REFUSED
    return group.id in entitlement.groups


def is_to_identify(entitlement: Entitlement | None, group: Group | None) -> bool:
    """Whether the requester has to be asked for the organisation: nobody knows them and the contract wants it said.

    Under `served` nobody is asked (A2.5).
    """
    if entitlement is None or group is not None or not entitlement.groups:
        return False
    return entitlement.unknown is not Unknown.SERVED
