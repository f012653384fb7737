"""Time cut at every boundary: between two cuts nothing changes, so each slice is decided once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Lasting(Protocol):
    """Whatever lasts from an instant to another, half-open."""

    @property
    def start(self) -> datetime:
        """When it begins."""
        ...

    @property
    def end(self) -> datetime:
        """When it has ended."""
        ...


T = TypeVar("T", bound=Lasting)


def slices(start: datetime, end: datetime, spans: Sequence[T]) -> Iterator[tuple[datetime, datetime, tuple[T, ...]]]:
    """Every slice of [start, end) in order (UTC), and the spans that last through it, in the order they were given.

    Nothing is asked of their order: n spans cost n log n, whatever the time.
    """
    # Instants in UTC: across zones such a wall time as comes twice equals nothing (PEP 495).
    told = [(span.start.astimezone(UTC), span.end.astimezone(UTC), number) for number, span in enumerate(spans)]
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    inside = {edge for first, last, _ in told for edge in (first, last) if start < edge < end}
    waiting = sorted(told, reverse=True)
    lasting: dict[int, datetime] = {}
    for begin, finish in pairwise(sorted({start, end, *inside})):
        while waiting and waiting[-1][0] <= begin:
            _, last, number = waiting.pop()
            lasting[number] = last
        lasting = {number: last for number, last in lasting.items() if last > begin}
        yield begin, finish, tuple(spans[number] for number in sorted(lasting))
