"""How instants look to people: Rome's wall time with its offset, and the end of a day as that day's 24:00."""

from __future__ import annotations

from datetime import datetime

import pytest

from config.commands import showing


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-04-03T22:00:00+00:00", "2026-04-03T24:00:00+02:00"),
        ("2026-12-31T23:00:00+00:00", "2026-12-31T24:00:00+01:00"),
        ("2028-02-29T23:00:00+00:00", "2028-02-29T24:00:00+01:00"),
        ("2026-03-28T23:00:00+00:00", "2026-03-28T24:00:00+01:00"),
        ("2026-10-25T23:00:00+00:00", "2026-10-25T24:00:00+01:00"),
        ("2026-04-07T16:00:00+00:00", "2026-04-07T18:00:00+02:00"),
        ("2026-04-03T22:00:01+00:00", "2026-04-04T00:00:01+02:00"),
    ],
)
def test_a_term_that_ends_with_a_day_is_shown_as_its_end(at: str, shown: str) -> None:
    """Midnight would be read as the day before, or the day after."""
    assert showing.due(datetime.fromisoformat(at)) == shown


def test_nothing_is_owed_by_nothing() -> None:
    assert showing.due(None) is None
