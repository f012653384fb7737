"""On-site visits: what was asked for, by when it is due, and what it takes of the contract's quota (C3.9–C3.11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from gateway.domain.provisions import OnSite


class VisitState(StrEnum):
    """Where a visit stands. What is reserved or made takes of the quota; what was never reserved does not (A3.8)."""

    ASKED = "asked"
    RESERVED = "reserved"
    DONE = "done"
    FAILED = "failed"
    """It was made and came to nothing."""
    CANCELLED = "cancelled"
    """It had been reserved, and was cancelled before departure."""
    WITHDRAWN = "withdrawn"
    """It was never reserved: not authorised, or not wanted any more."""


class VisitAct(StrEnum):
    """What can happen to a visit."""

    ADMIT = "admit"
    CARRY_OUT = "carry_out"
    FAIL = "fail"
    CANCEL = "cancel"


class VisitError(CentralinoError):
    """The act is not possible in the visit's state; the message names both."""


_S = VisitState
TRANSITIONS: dict[tuple[VisitState, VisitAct], VisitState] = {
    (_S.ASKED, VisitAct.ADMIT): _S.RESERVED,
    (_S.ASKED, VisitAct.CANCEL): _S.WITHDRAWN,
    (_S.RESERVED, VisitAct.CARRY_OUT): _S.DONE,
    (_S.RESERVED, VisitAct.FAIL): _S.FAILED,
    (_S.RESERVED, VisitAct.CANCEL): _S.CANCELLED,
}


def takes_quota(on_site: OnSite | None) -> tuple[VisitState, ...]:
    """The states in which a visit takes of a quota: reserved or made; of the others what the contract says (A3.8).

    The usual answer: one cancelled before departure gives its place back, one that was made keeps it, whatever came
    of it.
    """
    failed = on_site is None or on_site.failed_takes_quota
    cancelled = on_site is not None and on_site.cancelled_takes_quota
    also = {VisitState.FAILED: failed, VisitState.CANCELLED: cancelled}
    return (VisitState.RESERVED, VisitState.DONE, *(state for state, counts in also.items() if counts))


def after(state: VisitState, act: VisitAct) -> VisitState:
    """The state after `act`.

    Raises:
        VisitError: the pair is not in `TRANSITIONS`.
    """
    found = TRANSITIONS.get((state, act))
    if found is None:
        possible = ", ".join(sorted(a for s, a in TRANSITIONS if s is state)) or "nothing"
        raise VisitError(f"a visit that is {state} cannot {act}; possible: {possible}")
    return found


@dataclass(frozen=True, slots=True)
class Visit:
    """One on-site intervention asked for on a ticket. `became` is what the contract said of it (`accepted`, …).

    `asked`: it waits for the client's decision (site not admitted, quota used up, period over) and takes no quota.
    `requested_at` is the instant of the request, from which the term runs; `due_at` is None while nothing is owed.
    """

    id: int
    ticket: int
    contract: str
    phase: str | None
    site: str
    state: VisitState
    became: str
    requested_at: datetime
    due_at: datetime | None
    closed_at: datetime | None = None
    by: str | None = None
    report: str = ""
