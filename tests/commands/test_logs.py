from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)


def test_log_lines_are_json_on_standard_error_and_results_stay_clean(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(as_json=True)
    structlog.get_logger("centralino").info("intake.filed", intake=7)
    logging.getLogger("aiosmtpd").warning("from a %s", "library")
    said = capsys.readouterr()
    assert said.out == ""
    first, second = (json.loads(line) for line in said.err.splitlines())
    assert (first["event"], first["intake"], first["level"]) == ("intake.filed", 7, "info")
    assert second["event"] == "from a library"


def test_what_is_named_like_a_secret_never_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """X15."""
    logs.configure(as_json=True)
    structlog.get_logger("centralino").info("relay.opened", password="hunter2", auth_token="hunter2")
    assert "hunter2" not in capsys.readouterr().err
