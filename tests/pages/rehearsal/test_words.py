"""The words of the telephones' page: whoever rehearses reads no names of the code."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.demo import words
from gateway.domain.call import Deed, Step
from gateway.domain.telephony import CallOutcome
from gateway.domain.ticket import TicketType

ROOT = Path(__file__).parents[3]
TEXTS = Path(words.__file__).parent / "texts"


def told(language: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((TEXTS / f"{language}.toml").read_text())


def recorded() -> Iterator[str]:
    """What the gateway writes down by a name that stands in its code."""
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Happening" and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    yield str(name.value)


@pytest.mark.parametrize("language", ["it", "en"])
def test_everything_that_is_recorded_has_a_word(language: str) -> None:
    """Issue 4, point 8."""
    assert set(recorded()) - set(told(language)["event"]) == set()


@pytest.mark.parametrize("values", [Step, Deed, CallOutcome, TicketType])
def test_every_value_that_a_call_leaves_has_a_word(values: type[Step | Deed | CallOutcome | TicketType]) -> None:
    known = set(told("it")["value"])
    assert {str(each) for each in values} - known == set()


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_fact_that_is_told_of_a_code_or_a_watch_has_a_word(language: str) -> None:
    """M-02, M-05: what came of it, and the requests that it is about."""
    assert {"step", "deed", "result", "tickets"} - set(told(language)["fact"]) == set()


def test_both_languages_have_the_same_words() -> None:
    italian, english = told("it"), told("en")
    assert {table: set(each) for table, each in italian.items()} == {
        table: set(each) for table, each in english.items()
    }
