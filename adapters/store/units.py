"""Units of work that say beforehand what they will look up, so that the writer asks once for a whole batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.domain.intake import Arrival, Receipt
from gateway.ports import Expected

if TYPE_CHECKING:
    from gateway.ports import Transaction

T = TypeVar("T")


class Accepting:
    """The unit that keeps one arrival: a contact at the door, which goes before everything else."""

    __slots__ = ("_arrival", "_at", "expected")

    def __init__(self, arrival: Arrival, at: datetime) -> None:
        self._arrival = arrival
        self._at = at
        self.expected = Expected(repeat_keys=(arrival.repeat_key.value,))

    def __call__(self, transaction: Transaction) -> Receipt:
        return transaction.accept(self._arrival, self._at)


class Expecting(Generic[T]):
    """Any unit with what it will look up."""

    __slots__ = ("_unit", "expected")

    def __init__(self, unit: Callable[[Transaction], T], expected: Expected) -> None:
        self._unit = unit
        self.expected = expected

    def __call__(self, transaction: Transaction) -> T:
        return self._unit(transaction)
