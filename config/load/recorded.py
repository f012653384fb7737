"""What is recorded beside the files: visits that take of a quota, who else is on call for a while, what waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from gateway import deciding
from gateway.domain.contract import Contract
from gateway.domain.decision import Used
from gateway.domain.provisions import Of, Quota
from gateway.domain.telephony import RosterChange
from gateway.ports import Reading


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the store knows that warnings depend on.

    `uses` is how much of a quota is used, by contract, what it is about, and phase; `changes` those of the roster;
    `unverified` how many mails wait for the desk because nobody could verify their sender, and since when.
    """

    uses: Mapping[tuple[str, Of, str], Used]
    changes: tuple[RosterChange, ...] = ()
    unverified: tuple[int, datetime | None] = (0, None)

    def use_of(self, contract: Contract, quota: Quota) -> Used:
        """How much of a quota is used; nothing of one that nobody counted."""
        return self.uses.get((contract.id, quota.of, quota.phase), Used())


def recorded(reading: Reading, contracts: Iterable[Contract], since: datetime) -> Recorded:
    """How much is used of every quota of these contracts (C3.10, C3.22), and the changes that end after an instant."""
    uses: dict[tuple[str, Of, str], Used] = {}
    for contract in contracts:
        used = deciding.uses_of(reading, contract)
        uses |= {(contract.id, quota.of, quota.phase): used(quota) for quota in contract.quotas}
    changes = tuple(reading.roster_changes(ending_after=since))
    return Recorded(MappingProxyType(uses), changes, reading.waiting_unverified())
