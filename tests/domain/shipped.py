"""The shipped contracts and roster, for tests that state what they decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

from config.load import Site, load
from gateway.domain.contract import Contract
from gateway.domain.hours import ROME

CONFIGURATION = Path(__file__).parents[2] / "config" / "gateway.toml"


@cache
def site() -> Site:
    return load(CONFIGURATION)


def contract(short: str) -> Contract:
    """The shipped contract whose id starts with `c02` or the like, in force at every instant of the tables."""
    found = next(each for key, each in site().contracts.items() if key.startswith(short))
    return replace(found, valid_from=min(found.valid_from, date(2025, 1, 1)), valid_until=date(2030, 12, 31))


def rome(text: str) -> datetime:
    """A Rome wall time as an instant, `2026-11-24 07:59`."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME)
