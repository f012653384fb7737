"""The rule about skips, tried with a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFTEST = "from tests.skips import pytest_make_collect_report, pytest_runtest_makereport\n"
SETTINGS = "[pytest]\nmarkers = corpus\n"


def run(folder: Path, test: str, *, deciding: bool, workers: int = 0) -> subprocess.CompletedProcess[str]:
    """What pytest says about one test file, on the machine that decides or on any other."""
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_it.py").write_text(test)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "CENTRALINO"))}
    environment |= {"PYTHONPATH": str(ROOT), "CENTRALINO_CI": "1" if deciding else "0"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "no:cacheprovider", "test_it.py"]
    return subprocess.run(  # the command is ours, the folder is temporary
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


SKIPPED = "import pytest\n@pytest.mark.skip(reason='no dovecot')\ndef test_it(): pass\n"


def test_a_skip_fails_on_the_machine_that_decides(tmp_path: Path) -> None:
    said = run(tmp_path, SKIPPED, deciding=True)
    assert said.returncode == 1
    assert "skipped where nothing may be: Skipped: no dovecot" in said.stdout


def test_a_skip_fails_in_parallel_workers_too(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPPED, deciding=True, workers=2).returncode == 1


def test_a_skip_passes_everywhere_else(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPPED, deciding=False).returncode == 0


def test_a_skip_inside_a_test_fails(tmp_path: Path) -> None:
    said = run(tmp_path, "import pytest\ndef test_it(): pytest.skip('no root')\n", deciding=True)
    assert said.returncode == 1


def test_a_skip_of_a_corpus_test_is_excused(tmp_path: Path) -> None:
    test = "import pytest\n@pytest.mark.corpus\ndef test_it(): pytest.skip('no corpus')\n"
    assert run(tmp_path, test, deciding=True).returncode == 0


def test_a_file_that_skips_itself_fails(tmp_path: Path) -> None:
    test = "import pytest\npytest.skip('no postgres', allow_module_level=True)\n"
    assert run(tmp_path, test, deciding=True).returncode != 0


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    test = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_it(): assert False\n"
    assert run(tmp_path, test, deciding=True).returncode == 0


def test_no_test_at_all_is_a_failure(tmp_path: Path) -> None:
    assert run(tmp_path, "", deciding=True).returncode == 5
