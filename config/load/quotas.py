"""How much of each quota is used, as the store counts it (C3.10, C3.22)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gateway import deciding
from gateway.domain.contract import Contract
from gateway.domain.decision import Used
from gateway.domain.provisions import Of
from gateway.ports import Reading

Uses = Mapping[tuple[str, Of, str], Used]
"""How much of a quota is used, by contract, what it is about, and phase."""


def quota_uses(reading: Reading, contracts: Iterable[Contract]) -> Uses:
    """How much is used of every quota of these contracts; nothing is written."""
    found: dict[tuple[str, Of, str], Used] = {}
    for contract in contracts:
        used = deciding.uses_of(reading, contract)
        found |= {(contract.id, quota.of, quota.phase): used(quota) for quota in contract.quotas}
    return MappingProxyType(found)
