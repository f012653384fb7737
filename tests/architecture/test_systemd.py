"""The units are right before a machine depends on them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as files of their own, their program replaced by one that exists on every machine."""
    for unit in UNITS.glob("*.service"):
        text = unit.read_text()
        installed = re.sub(r"^ExecStart=/opt/\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(installed)
        if unit.stem.endswith("@"):
            (tmp_path / f"{unit.stem}test.service").write_text(installed)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@needs_systemd
@pytest.mark.parametrize("unit", ["centralino.service", "centralino-alarm@test.service"])
def test_systemd_has_nothing_to_say_about_a_unit(units: Path, unit: str) -> None:
    said = analyze("verify", "--man=no", str(units / unit))
    assert (said.returncode, said.stderr.strip()) == (0, "")


@needs_systemd
def test_the_daemon_is_exposed_by_2_0_at_most(units: Path) -> None:
    said = analyze("security", "--offline=true", "--threshold=20", str(units / "centralino.service"))
    assert said.returncode == 0, said.stdout.splitlines()[-1]


def settings_of(unit: str) -> list[str]:
    return [line for line in (UNITS / unit).read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize(
    "line",
    [
        "Type=notify",
        "User=centralino",
        "WatchdogSec=60",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "ExecReload=/bin/kill -HUP $MAINPID",
        "AmbientCapabilities=CAP_NET_BIND_SERVICE",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
    ],
)
def test_the_daemon_is_kept_alive_and_is_not_root(line: str) -> None:
    assert line in settings_of("centralino.service")


def test_the_alarm_runs_none_of_our_code() -> None:
    assert not any("/opt/" in line for line in settings_of("centralino-alarm@.service") if line.startswith("Exec"))
