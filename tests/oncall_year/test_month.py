"""A month of on-call on the virtual clock, and the judge itself: it reports what it must."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.store import SqlStore, open_store
from gateway.domain.dispatch import Dispatch, Outcome, Sent
from gateway.domain.intake import Channel
from tests.oncall_year import world
from tests.oncall_year.carrier import StandInRelay
from tests.oncall_year.chance import Odds
from tests.oncall_year.judge import judge
from tests.oncall_year.people import Technician
from tests.oncall_year.running import START, simulate
from tests.oncall_year.world import Year
from tests.store.conftest import sqlite_template

__all__ = ["sqlite_template"]

SPRING = datetime.fromisoformat("2027-03-15T00:00:00+01:00")


@pytest.mark.slow  # a month each, with every contact filed and every text answered
@pytest.mark.parametrize(("seed", "start"), [(20_260_901, START), (7, SPRING)])
def test_a_month_of_on_call_keeps_its_promises(seed: int, start: datetime) -> None:
    """P6, P8, P10, P15, X10, C2.8, C2.11: the long form is `make oncall-year`."""
    verdict, _ = simulate(seed, 30, start=start)
    assert verdict.problems == []
    assert verdict.counted["urgent out of hours"] > 10
    assert verdict.counted["contacts paged"] > 20
    assert verdict.counted["watches begun"] > 4
    assert verdict.counted["starts"] > 1
    assert verdict.counted["calls in"] > 3


@pytest.mark.slow  # as above
def test_a_month_in_which_pages_leave_by_a_name_keeps_the_same_promises() -> None:
    """M-02, M-05: technicians call back and key codes, right, wrong and half; nothing asks for a reply."""
    verdict, _ = simulate(11, 30, sender="ComuneTest")
    assert verdict.problems == []
    assert verdict.counted["calls back"] > 10
    assert verdict.counted["accepted on call"] > 5


# ----------------------------------------------------------------------------------------------------- the judge itself


@pytest.fixture
def store(sqlite_template: Path, tmp_path: Path) -> Iterator[SqlStore]:
    shutil.copy(sqlite_template, tmp_path / "centralino.db")
    with open_store(f"sqlite:///{tmp_path / 'centralino.db'}", tmp_path / "blobs", threaded=False) as store:
        yield store


@pytest.fixture
def night(store: SqlStore, tmp_path: Path) -> Iterator[Year]:
    """A day and a half, not begun yet: the desk has what is left in the morning."""
    (tmp_path / "site").mkdir()
    odds = Odds(contacts=6, urgent=1.0, storms=0, swaps=0, overrides=0, carrier_outages=0, relay_outages=0)
    year = Year(store, tmp_path / "site", seed=2, start=START, days=1, odds=odds)
    yield year
    year.station.reader.close()


@pytest.fixture(scope="module")
def busy_days(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """Four busy days that were lived, and in which nothing was wrong."""
    folder = tmp_path_factory.mktemp("week")
    (folder / "site").mkdir()
    shutil.copy(sqlite_template, folder / "centralino.db")
    odds = Odds(contacts=5, urgent=1.0, storms=0, swaps=3, overrides=2)
    with open_store(f"sqlite:///{folder / 'centralino.db'}", folder / "blobs", threaded=False) as store:
        year = Year(store, folder / "site", seed=5, start=START, days=4, odds=odds)
        year.run()
        assert judge(year).problems == []
        yield year
        year.station.reader.close()


@pytest.fixture
def week(busy_days: Year) -> Iterator[Year]:
    """The same days for each test, which may falsify what the judge goes by."""
    diary = busy_days.diary
    lines, changes = list(diary.ledger.lines), dict(diary.changes)
    yield busy_days
    diary.ledger.lines[:] = lines
    diary.changes.update(changes)


def deaf(_self: Technician, _at: datetime) -> bool:
    return False


def swallow(_self: StandInRelay, dispatch: Dispatch) -> Outcome:
    return Sent(f"<{dispatch.key}@nowhere.example>")


@pytest.mark.slow  # a night in which every ladder is climbed again and again
def test_when_nobody_answers_the_alarm_is_what_counts(night: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """P8, C2.11."""
    monkeypatch.setattr(Technician, "is_reachable", deaf)
    night.run()
    verdict = judge(night)
    assert verdict.problems == []
    assert verdict.counted["accepted on call"] == 0
    assert verdict.counted["alarmed by another path"] == verdict.counted["urgent out of hours"] > 2


def test_a_request_that_nobody_heard_of_is_reported(night: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers, the relay loses what it took, and the alarm's SMS reach nobody either."""
    monkeypatch.setattr(Technician, "is_reachable", deaf)
    monkeypatch.setattr(StandInRelay, "send", swallow)
    night.run()
    assert [each for each in judge(night).problems if "until a person knew" in each or "nobody was alarmed" in each]


def test_a_page_that_comes_late_is_reported(week: Year) -> None:
    """P6: the same days, and everything reached the carrier ten minutes later."""
    lines = week.diary.ledger.lines
    lines[:] = [replace(line, at=line.at + timedelta(minutes=10)) for line in lines]
    assert [each for each in judge(week).problems if "until the first page" in each]


def test_whoever_is_paged_without_having_the_duty_is_reported(week: Year) -> None:
    """The judge forgets what was agreed: then the roster in force is another than its own."""
    assert week.diary.changes
    week.diary.changes.clear()
    assert [each for each in judge(week).problems if "had the duty" in each]


def test_a_ceiling_that_is_passed_is_reported(week: Year, monkeypatch: pytest.MonkeyPatch) -> None:
    """P15."""
    monkeypatch.setitem(world.PER_HOUR, Channel.SMS, 1)
    assert [each for each in judge(week).problems if "the ceiling is 1" in each]


def test_a_stranger_who_is_called_is_reported(week: Year) -> None:
    """X10."""
    line = replace(week.diary.ledger.lines[0], medium="call", to="+393939999999")
    week.diary.ledger.lines.append(line)
    assert "called +393939999999, who is not in the directory" in judge(week).problems


def test_the_same_seed_is_the_same_month(store: SqlStore, tmp_path: Path) -> None:
    verdicts = [simulate(3, 10)[0] for _ in range(2)]
    assert verdicts[0] == verdicts[1]
