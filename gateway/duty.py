"""Who is on call: the roster of the file and what was recorded beside it, asked in the transaction that acts on it.

Everything that wakes, tells or shows somebody asks here, so that a swap that was just agreed holds for the next page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.roster import Chain, Roster
    from gateway.ports import Gateway, Reading


def roster_at(gw: Gateway, reading: Reading, contract_id: str, at: datetime) -> Roster:
    """The roster of a contract as it is in force from an instant on; of what was before, ask with an earlier one."""
    return gw.rules.roster.with_changes(reading.roster_changes(contract=contract_id, ending_after=at))


def chain_at(gw: Gateway, reading: Reading, contract_id: str, at: datetime) -> Chain | None:
    """Whom to call at an instant; None when nobody is on call and there is no fallback contact (C2.8)."""
    try:
        return roster_at(gw, reading, contract_id, at).chain(contract_id, at)
    except LookupError:
        return None
