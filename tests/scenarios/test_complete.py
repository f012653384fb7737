"""Every scenario of DOMAIN 6 is a test, named after its id, or stands in the one table of what comes later."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.scenarios.later import LATER, REST

TESTS = Path(__file__).parents[1]
SCENARIOS = {f"S{number:03}" for number in range(1, 173)}


@cache
def named() -> dict[str, list[str]]:
    """The docstrings of the tests that are named after each scenario, wherever they are."""
    found: dict[str, list[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_s"):
                for number in re.findall(r"(?<=_)s(\d{3})(?=_)", node.name):
                    found.setdefault(f"S{number}", []).append(ast.get_docstring(node) or "")
    return found


def test_every_scenario_is_a_test_or_stands_in_the_table() -> None:
    assert SCENARIOS - named().keys() - LATER.keys() == set()
    assert (named().keys() | LATER.keys()) - SCENARIOS == set()


def test_no_scenario_of_the_table_has_a_test() -> None:
    assert named().keys() & LATER.keys() == set()


def test_what_a_test_leaves_out_belongs_to_a_test() -> None:
    assert REST.keys() - named().keys() == set()


def test_a_test_of_a_scenario_names_its_clause_and_the_scenario() -> None:
    for scenario, docstrings in named().items():
        assert all(re.match(r"[CXA]\d", docstring) and scenario in docstring for docstring in docstrings), scenario
