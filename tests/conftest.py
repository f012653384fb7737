"""What every test shares: the rule about skips. Fixtures stand in the conftest.py of the folder that uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from config import compose
from config.load.texts import load_texts
from gateway.domain.texts import Catalogue
from tests.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_make_collect_report", "pytest_runtest_makereport"]


@pytest.fixture(scope="session", autouse=True)
def texts_read_once() -> Iterator[None]:
    """The shipped texts never change while tests run: three thousand gateways share them."""
    once = cache(load_texts)

    def read(folder: Path, *, septets: Callable[[str], int | None]) -> Mapping[str, Catalogue]:
        return (once if folder == compose.shipped() / "texts" else load_texts)(folder, septets=septets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compose, "load_texts", read)
        yield
