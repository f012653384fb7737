"""Every wrong configuration of tests/golden/config: the shipped one with one thing changed, and how it is refused."""

from __future__ import annotations

import re
import shutil
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from config.load import load
from gateway.domain.errors import SettingError

ROOT = Path(__file__).parents[2]
CASES = sorted((ROOT / "tests/golden/config").iterdir())


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("gateway.toml", "people.toml", "roster.toml"):
        shutil.copy(ROOT / "config" / name, tmp_path)
    shutil.copytree(ROOT / "config/contracts", tmp_path / "contracts")
    return tmp_path


def test_the_unchanged_configuration_is_taken(site: Path) -> None:
    assert len(load(site / "gateway.toml").contracts) == 10


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_a_wrong_configuration_is_refused_with_file_key_clause_and_remedy(
    folder: Path,
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """X18; issue: every refusal names file, key, clause and remedy."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    case = tomllib.loads((folder / "case.toml").read_text())
    _change(site, case)
    with pytest.raises(SettingError) as refused:
        load(site / "gateway.toml")
    error, expected = refused.value, case["expected"]
    assert (error.file, error.key, error.clause) == (expected["file"], expected["key"], expected["clause"]), str(error)
    assert expected["wrong"] in error.wrong
    assert expected["remedy"] in error.remedy
    assert str(error).startswith(f"{error.file}: [{error.key}] ")


def _change(site: Path, case: dict[str, Any]) -> None:
    path = site / case["file"]
    text = path.read_text()
    for change in [case, *case.get("also", ())]:
        if "replace" in change:
            assert change["replace"] in text, "the shipped configuration has changed: bring the case up to date"
            text = text.replace(change["replace"], change["by"], 1)
    if "also_remove" in case:
        assert case["also_remove"] in text
        text = text.replace(case["also_remove"], "", 1)
    path.write_text(text + case.get("append", ""))
    for name, content in case.get("files", {}).items():
        (site / name).write_text(content)


def test_every_case_names_a_clause_and_more_than_forty_a_clause_of_a_contract() -> None:
    """X18: each refusal names its clause."""
    clauses = [tomllib.loads((folder / "case.toml").read_text())["expected"]["clause"] for folder in CASES]
    assert all(re.fullmatch(r"C\d+(\.\d+)?|X\d+|B-\d+", clause) for clause in clauses)
    of_contracts = {clause for clause in clauses if clause.startswith("C")}
    assert len([clause for clause in clauses if clause in of_contracts]) > 100
    assert len(of_contracts) > 40


def test_the_first_error_of_a_file_is_told_with_the_number_of_the_others(site: Path) -> None:
    path = site / "gateway.toml"
    path.write_text(path.read_text().replace("[smtp]\n", '[smtp]\nlisten = "x"\nmax_connections = 0\n', 1))
    with pytest.raises(SettingError) as refused:
        load(path)
    assert refused.value.key == "smtp.listen"
    assert refused.value.others == 1


def test_a_refusal_names_the_line_of_the_key(site: Path) -> None:
    path = site / "people.toml"
    path.write_text(
        '[[person]]\nid = "a"\nname = "A"\nrole = "r"\n\n[[person]]\nid = "b"\nname = "B"\nmobile = "113"\n'
    )
    with pytest.raises(SettingError) as refused:
        load(site / "gateway.toml")
    assert (refused.value.key, refused.value.line) == ("person[2].role", 6)


def test_a_secret_in_clear_is_not_repeated_in_the_refusal(site: Path) -> None:
    path = site / "gateway.toml"
    path.write_text(path.read_text().replace("# [signing]\n", '[signing]\nkey = "hunter2hunter2"\n', 1))
    with pytest.raises(SettingError) as refused:
        load(path, read_secrets=False)
    assert "hunter2" not in str(refused.value)


def test_without_contracts_there_is_no_configuration(site: Path) -> None:
    shutil.rmtree(site / "contracts")
    with pytest.raises(SettingError, match="there is no contract"):
        load(site / "gateway.toml")


def test_a_configuration_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read: No such file"):
        load(tmp_path / "gateway.toml")


def test_a_file_in_which_a_thousand_keys_are_missing_is_refused_at_once(site: Path) -> None:
    """X18: the first is named, the others are counted. Found by `make fuzz`, target config."""
    path = site / "contracts/c08-rti.toml"
    path.write_text(path.read_text() + "[[catalogue]]\n" * 3_000)
    start = time.process_time()
    with pytest.raises(SettingError, match="catalogue") as refused:
        load(site / "gateway.toml")
    assert refused.value.others > 3_000
    assert time.process_time() - start < 3
