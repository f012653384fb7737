"""What a run measures, part by part: each can be asked for alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.bench import everything, pages, postfix, webhooks
from tests.bench.limits import group_commit
from tests.bench.measuring import Figures, Growth, Pattern, Size, growth, rates, visible_ms
from tests.bench.stored import is_stored


@dataclass(slots=True)
class Found:
    """The figures; what was not asked for is empty."""

    limits: dict[int, float] = field(default_factory=dict)
    figures: dict[Pattern, Figures] = field(default_factory=dict)
    memory_mb: float = 0.0
    visible_ms: list[float] = field(default_factory=list)
    grown: Growth | None = None
    everything: everything.Everything | None = None
    phone: Mapping[str, webhooks.Answered] = field(default_factory=dict)
    paged: pages.Paged | None = None

    def document(self) -> dict[str, Any]:
        """All figures, for a script."""
        switched = self.everything
        return {
            "sqlite_rows_per_s": self.limits,
            "rates": [{"load": asdict(pattern), **asdict(found)} for pattern, found in self.figures.items()],
            "growth": asdict(self.grown) if self.grown else None,
            "everything": switched
            and {
                "rates": [{"load": asdict(pattern), **asdict(found)} for pattern, found in switched.rates.items()],
                "stages_ms": switched.stages,
            },
            "webhooks": {kind: asdict(found) for kind, found in self.phone.items()},
            "pages": asdict(self.paged) if self.paged else None,
        }


def _mail(found: Found, folder: Path, size: Size) -> None:
    found.limits = {batch: group_commit(folder, size.limit_rows, batch=batch) for batch in (1, 50)}
    found.figures, found.memory_mb = rates(folder, size)
    if postfix.is_installed():
        with postfix.postfix() as port:
            for pattern, each in found.figures.items():
                each.postfix = postfix.rates(port, pattern, size)
    found.visible_ms = sorted(visible_ms(folder, size))


def _growth(found: Found, folder: Path, size: Size) -> None:
    found.grown = growth(folder, size) if size.growth or is_stored(100_000) else None


def _everything(found: Found, folder: Path, size: Size) -> None:
    found.everything = everything.switched_on(folder, size) if everything.is_possible() else None


def _phone(found: Found, folder: Path, size: Size) -> None:
    found.phone = webhooks.answered(folder, size.repetitions, size.webhooks)


def _pages(found: Found, folder: Path, size: Size) -> None:
    found.paged = pages.paged(folder, size.pages)


PARTS: dict[str, Callable[[Found, Path, Size], None]] = {
    "mail": _mail,
    "growth": _growth,
    "everything": _everything,
    "phone": _phone,
    "pages": _pages,
}
