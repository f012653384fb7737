"""Recurrence rules of RFC 5545 and what roster.toml makes of them."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from config.load import load
from config.load.recurrence import MOST, RuleError, occurrences
from gateway.domain.hours import instant
from gateway.domain.roster import Roster, coverage
from tests.domain.shipped import rome

C2 = "c02-comune"
START = datetime(2026, 11, 27, 18)  # noqa: DTZ001 - wall time, a Friday
END = datetime(2031, 1, 1)  # noqa: DTZ001 - wall time


def walls(*rules: str, without: frozenset[date] = frozenset(), until: datetime = END) -> list[str]:
    return [f"{at:%Y-%m-%d %H:%M}" for at in occurrences(rules, START, until=until, without=without)]


def test_a_rule_falls_on_the_wall_clock_in_winter_and_in_summer() -> None:
    """X1: RFC 5545 expands a rule in its time zone."""
    found = walls("FREQ=WEEKLY;BYDAY=FR", until=datetime(2027, 4, 10))  # noqa: DTZ001 - wall time
    assert found[0] == "2026-11-27 18:00"
    assert found[-1] == "2027-04-09 18:00"
    assert len(found) == 20


@pytest.mark.parametrize(
    ("rule", "first"),
    [
        ("FREQ=DAILY;INTERVAL=3", ["2026-11-27 18:00", "2026-11-30 18:00"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1FR", ["2026-11-27 18:00", "2026-12-25 18:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=27", ["2026-11-27 18:00", "2026-12-27 18:00"]),
        ("FREQ=YEARLY", ["2026-11-27 18:00", "2027-11-27 18:00"]),
        ("FREQ=WEEKLY;BYDAY=FR,MO;BYHOUR=18", ["2026-11-27 18:00", "2026-11-30 18:00"]),
    ],
)
def test_rules_go_by_days_weeks_months_and_years(rule: str, first: list[str]) -> None:
    assert walls(rule)[:2] == first


def test_what_falls_on_the_end_itself_is_not_told() -> None:
    """Intervals are half-open: the end of a rotation is no hand-over of its own."""
    assert walls("FREQ=DAILY", until=datetime(2026, 11, 29, 18)) == ["2026-11-27 18:00", "2026-11-28 18:00"]  # noqa: DTZ001 - wall time


def test_several_rules_are_taken_together_and_days_are_left_out() -> None:
    found = walls("FREQ=WEEKLY;BYDAY=FR", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=8", without=frozenset({date(2026, 12, 4)}))
    assert found[:4] == ["2026-11-27 18:00", "2026-11-30 08:00", "2026-12-07 08:00", "2026-12-11 18:00"]


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("COUNT=2", "2026-12-04 18:00"),
        ("UNTIL=20261211", "2026-12-11 18:00"),
        ("UNTIL=20261211T170000", "2026-12-04 18:00"),
        ("UNTIL=20261211T170000Z", "2026-12-11 18:00"),  # 18:00 in Rome
        ("UNTIL=20261211T165959Z", "2026-12-04 18:00"),
    ],
)
def test_a_rule_ends_where_it_says(end: str, last: str) -> None:
    """RFC 5545 §3.3.10."""
    assert walls(f"FREQ=WEEKLY;{end}")[-1] == last


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("every friday", "no rule of RFC 5545"),
        ("FREQ=HOURLY", "FREQ is HOURLY"),
        ("BYDAY=FR", "FREQ is None"),
        ("FREQ=WEEKLY;BYSECOND=1", "BYSECOND cannot stand"),
        ("FREQ=WEEKLY;BYDAY=FR;BYDAY=MO", "a part cannot stand"),
        ("FREQ=WEEKLY;BYDAY=XX", "no rule of RFC 5545"),
        ("FREQ=WEEKLY;UNTIL=20261399", "UNTIL=20261399 is no day"),
        ("FREQ=WEEKLY;UNTIL=FR", "UNTIL=FR is no day"),
        ("FREQ=WEEKLY;BYDAY=SA", "its first time is 2026-11-28 18:00"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "it never falls"),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18;BYMINUTE=0,10,20,30,40", f"than {MOST}"),
    ],
)
def test_a_rule_that_cannot_be_followed_says_why(rule: str, why: str) -> None:
    with pytest.raises(RuleError, match=why):
        walls(rule)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import shutil

    from config.compose import shipped

    for name in ("gateway.toml", "people.toml"):
        shutil.copy(shipped() / name, tmp_path)
    shutil.copytree(shipped() / "contracts", tmp_path / "contracts")
    return tmp_path


DUTY = f"""
[[on_call]]
contract = "{C2}"
fallback = "dario"
supervisor = "dario"
"""


def loaded(folder: Path, tables: str) -> Roster:
    (folder / "roster.toml").write_text(DUTY + tables)
    return load(folder / "gateway.toml").roster


def test_turns_by_a_rule_are_handed_over_until_the_contract_ends(folder: Path) -> None:
    """C2.8, C2.10: weekdays and weekends have a turn each, and every minute is covered once."""
    made = loaded(
        folder,
        f"""
[[rotation]]
contract = "{C2}"
name = "feriali e fine settimana"
people = ["anna", "bruno", "carla"]
starts = 2024-12-30T08:00:00
rrule = ["FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;BYDAY=FR;BYHOUR=18"]
""",
    )
    contract = load(folder / "gateway.toml").contracts[C2]
    days = (contract.last_day - contract.valid_from).days + 1
    assert coverage(contract, made, instant(contract.valid_from), days) == ()
    people = [
        made.chain(C2, rome(at)).contact.id for at in ("2025-01-02 20:00", "2025-01-03 18:00", "2025-01-06 20:00")
    ]
    assert people == ["anna", "bruno", "carla"]


def test_a_rotation_by_a_rule_ends_where_it_says(folder: Path) -> None:
    made = loaded(
        folder,
        f"""
[[rotation]]
contract = "{C2}"
name = "mesi"
people = ["anna", "bruno"]
starts = 2025-01-01T00:00:00
ends = 2026-01-10T12:00:00
rrule = "FREQ=MONTHLY"
""",
    )
    assert made.chain(C2, rome("2026-01-10 11:59")).contact.id == "anna"
    assert made.chain(C2, rome("2026-01-10 12:00")).from_fallback


def test_a_shift_by_a_rule_replaces_the_turn_and_its_length_is_that_of_the_first(folder: Path) -> None:
    made = loaded(
        folder,
        f"""
[[rotation]]
contract = "{C2}"
name = "settimane"
people = ["anna"]
starts = 2024-12-27T18:00:00

[[shift]]
contract = "{C2}"
name = "ultimo fine settimana"
contact = "carla"
starts = 2026-02-27T18:00:00
ends = 2026-03-02T08:00:00
rrule = "FREQ=MONTHLY;BYDAY=-1FR"
valid_until = 2026-06-30
replaces = true
""",
    )
    told = [made.chain(C2, rome(f"2026-{at}")).contact.id for at in ("03-27 17:59", "03-30 07:59", "03-30 08:00")]
    assert told == ["anna", "carla", "anna"]
    assert made.chain(C2, rome("2026-07-31 20:00")).contact.id == "anna"


def test_the_comments_of_the_shipped_roster_are_a_roster_that_is_taken(folder: Path) -> None:
    """roster.toml is the manual: whoever takes the marks of comment away gets what it says."""
    import re

    from config.compose import shipped

    text = (shipped() / "roster.toml").read_text()
    tables = re.split(r"\n(?=# \[\[)", text)[1:]
    assert len(tables) == 6
    for table in tables:
        lines = [line[2:] for line in table.split("\n\n")[0].splitlines() if line.startswith("# ")]
        made = loaded(folder, "\n".join(lines))
        assert len(made.entries) + len(made.overrides) == 1
