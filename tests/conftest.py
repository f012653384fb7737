"""What every test shares: the rule about skips. Fixtures stand in the conftest.py of the folder that uses them."""

from __future__ import annotations

from tests.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]
