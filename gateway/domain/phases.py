"""In which phase a contract is on a day: opened by a recorded act, never by a plan and never inferred (C3.1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from gateway.domain.provisions import Act, ActKind

if TYPE_CHECKING:
    from datetime import date

    from gateway.domain.provisions import Phase


class Phased(Protocol):
    """What has acts and the phases that they open: a contract, which asks here in which phase it is."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def acts(self) -> tuple[Act, ...]:
        """The recorded acts."""

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The phases in their order."""

    def act(self, kind: ActKind) -> Act | None:
        """The recorded act of this kind, or None."""


C = TypeVar("C", bound=Phased)
SUPPOSED = "supposed"
"""The reference of an act that is only imagined, where a recorded one names its document."""


def opened_on(contract: Phased, phase: Phase) -> date | None:
    """The first day of a phase (Rome): the day of its act or, where the contract says so, the day after (A3.7).

    None while the act is not recorded, whatever day had been planned.
    """
    act = contract.act(phase.opened_by)
    if act is None:
        return None
    return act.on + timedelta(days=1) if phase.opens_next_day else act.on


def phase_on(contract: Phased, day: date) -> Phase | None:
    """The phase in force on a day (Rome): the last of the contract's phases that has begun; None before the first.

    A contract without phases is in none.
    """
    begun = None
    for phase in contract.phases:
        opened = opened_on(contract, phase)
        if opened is not None and opened <= day:
            begun = phase
    return begun


def with_acceptance(contract: C, day: date) -> C:
    """The contract as if the final acceptance had been recorded on this day, in place of a recorded one (C3.1)."""
    others = tuple(act for act in contract.acts if act.kind is not ActKind.FINAL_ACCEPTANCE)
    return replace(contract, acts=(*others, Act(ActKind.FINAL_ACCEPTANCE, day, SUPPOSED)))
