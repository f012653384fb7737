"""Where nothing may be skipped (`CENTRALINO_CI=1`), a skip is a failure, unless the test is marked `corpus`.

A test that is skipped on the machine that decides has never run at all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

EXCUSED = "corpus"


def nothing_may_be_skipped() -> bool:
    """Whether this run is the one that decides."""
    return os.environ.get("CENTRALINO_CI") == "1"


def _reason(longrepr: object) -> str:
    """The reason given for a skip; pytest keeps it as (path, line, reason)."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that was skipped without being marked `corpus`. An expected failure is no skip."""
    report = yield
    excused = item.get_closest_marker(EXCUSED) is not None or hasattr(report, "wasxfail")
    if report.skipped and not excused and nothing_may_be_skipped():
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped where nothing may be: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file that skips itself while it is collected: it never says how many tests that were."""
    report = yield
    if report.skipped and nothing_may_be_skipped():
        reason = _reason(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid}: a whole file is skipped where nothing may be: {reason}"
    return report
