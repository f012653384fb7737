"""What a second escalation adds to the first that the vendor sent back (C9.8, T-ESC-INT)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.domain.sheet import FIELD_LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def additions(before: Mapping[str, Any], now: Mapping[str, Any], language: str) -> str:
    """The fields that say something else than before, by their labels; that nothing changed, if so."""
    english = language == "en"
    changed = [labels[english] for name, labels in FIELD_LABELS.items() if before.get(name) != now.get(name)]
    if not changed:
        return "no field was changed" if english else "nessun campo è cambiato"
    return ", ".join(changed)
