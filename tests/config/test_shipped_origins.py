"""Each rule in the files of the shipped contracts says which clause it comes from, and every clause stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "config" / "contracts"
FILES = {path.name[:3]: path for path in sorted(FOLDER.glob("*.toml"))}
HIGHEST = {"C1": 6, "C2": 11, "C3": 25, "C4": 10, "C5": 7, "C6": 5, "C7": 7, "C8": 7, "C9": 8, "C10": 14}
"""How many requirements each clause has (DOMAIN 5)."""
OPEN_POINTS = {"A1": 1, "A2": 6, "A3": 8, "A4": 2, "A5": 1, "A6": 1, "A8": 1, "A10": 2}
"""How many open points each clause has (DOMAIN 3)."""
HIGHEST_DERIVED = 20
NO_CONFIGURATION = {
    "C1.2": "every contact is recorded before anything else happens, under every contract",
    "C1.3": "every step of every ticket is in the register, under every contract",
    "C4.3": "no escalation leaves without a recorded action and its outcome (field 12)",
    "C4.6": "the watch over the FAQ page is a later capability; until then a version is entered by hand (A4.2)",
    "C4.7": "who has read a change is recorded per operator, not in the contract",
    "C7.1": "every door takes in at any hour; its interruptions are recorded as they happen",
    "C8.7": "the register is chained and sealed, under every contract",
    "C9.7": "the actions with their outcome are always required (field 12)",
    "C9.8": "what the vendor sends back is completed and sent again, under every contract with a vendor",
    "C10.6": "the state of an article lies with the article, not in the contract",
    "C10.9": "duplicates are proposed by the same rule under every contract",
    "C10.13": "the review day of an article lies with the article, not in the contract",
}
"""The requirements that no contract file decides, and why; whatever else DOMAIN 5 lists stands in its file."""
CITED = re.compile(r"\b(?:C\d{1,2}\.\d{1,2}|A\d{1,2}\.\d|X\d{1,2})\b|not in the clause")
HEADER = re.compile(r"\[\[?([a-z_.]+)\]\]?")
KEY = re.compile(r"([a-z_]+) = ")
NAMES_ONLY = {"id", "clause", "name", "service_name", "sms_name", "language"}
"""The keys before the first table that only say how the contract is called."""


def rules(text: str) -> Iterator[tuple[str, str]]:
    """Each table by its header, with the comment lines directly above it, its header line and its lines."""
    header = ""
    lines: list[str] = []
    above: list[str] = []
    for line in text.splitlines():
        found = HEADER.match(line)
        if found:
            yield header, "\n".join(lines)
            header, lines = found[1], [*above, line]
        elif not line.startswith("#"):
            lines.append(line)
        above = [*above, line] if line.startswith("#") else []
    yield header, "\n".join(lines)


def said(text: str) -> str:
    """What a table says of its origin before its first key."""
    first = KEY.search("\n" + text, 1)
    return text[: first.start()] if first else text


def without_origin(text: str) -> list[str]:
    """Every rule of a contract file that does not say which clause it comes from: `table`, or `table.key`."""
    missing = []
    for header, table in rules(text):
        keys = [(found[1], line) for line in table.splitlines() if (found := KEY.match(line))]
        if not header:
            missing += [key for key, line in keys if key not in NAMES_ONLY and not CITED.search(line)]
        elif not CITED.search(said(table)):
            missing += [f"{header}.{key}" for key, line in keys if not CITED.search(line)]
    return missing


@pytest.mark.parametrize("short", FILES)
def test_every_rule_of_a_contract_says_which_clause_it_comes_from(short: str) -> None:
    """Issue 3: a comment with the clause id on each rule, or that it is not in the clause."""
    assert without_origin(FILES[short].read_text()) == []


@pytest.mark.parametrize(
    ("line", "bare", "missing"),
    [
        ("[on_site] # C3.3", "[on_site] # ", ["on_site.words"]),
        (
            "[priority] # not in the clause: ask the client",
            "[priority]",
            ["priority.urgent_words", "priority.negations"],
        ),
        ('skills = ["comunas"] # C3.4', 'skills = ["comunas"] # ', ["skills"]),
        ("[[endpoint]] # C3.7\n", "[[endpoint]]\n", ["endpoint.channel", "endpoint.address"]),
    ],
)
def test_a_rule_that_does_not_say_it_is_found(line: str, bare: str, missing: list[str]) -> None:
    text = FILES["c03"].read_text()
    assert line in text
    assert without_origin(text.replace(line, bare, 1)) == missing


@pytest.mark.parametrize("short", FILES)
def test_every_clause_that_a_contract_cites_exists(short: str) -> None:
    text = FILES[short].read_text()
    for clause, number in re.findall(r"\b([CAX]\d{1,2})\.(\d{1,2})\b", text):
        assert 1 <= int(number) <= {**HIGHEST, **OPEN_POINTS}[clause], f"{clause}.{number}"
    assert all(1 <= int(number) <= HIGHEST_DERIVED for number in re.findall(r"\bX(\d{1,2})\b", text))


def clauses_in(text: str) -> set[str]:
    """Every clause id of a text; a range C3.13–C3.17 names what lies between."""
    found = set(re.findall(r"\b[CA]\d{1,2}\.\d{1,2}\b", text))
    for clause, first, last in re.findall(r"\b(C\d{1,2})\.(\d{1,2})–C\d{1,2}\.(\d{1,2})\b", text):
        found |= {f"{clause}.{number}" for number in range(int(first), int(last) + 1)}
    return found


@pytest.mark.parametrize("short", FILES)
def test_every_requirement_that_is_configuration_is_a_rule_of_its_file(short: str) -> None:
    """DOMAIN 5 and 3: each id stands on a table, on a key, or as the clause of one."""
    clause = f"C{int(short[1:])}"
    on_rules = clauses_in("\n".join(table for _, table in rules(FILES[short].read_text())))
    wanted = {f"{clause}.{number}" for number in range(1, HIGHEST[clause] + 1)} - set(NO_CONFIGURATION)
    assert wanted - on_rules == set()


@pytest.mark.parametrize("short", FILES)
def test_what_is_no_configuration_and_what_is_open_stands_in_the_file_all_the_same(short: str) -> None:
    """A lawyer reads the whole clause in it."""
    number = short[1:].lstrip("0")
    everything = clauses_in(FILES[short].read_text())
    assert {each for each in NO_CONFIGURATION if each.startswith(f"C{number}.")} <= everything
    points = OPEN_POINTS.get(f"A{number}", 0)
    assert {f"A{number}.{point}" for point in range(1, points + 1)} <= everything


def test_the_table_of_what_is_no_configuration_names_requirements_that_exist_and_why() -> None:
    for clause, why in NO_CONFIGURATION.items():
        whole, _, number = clause.partition(".")
        assert int(number) <= HIGHEST[whole]
        assert len(why.split()) > 4


def test_the_duties_of_c03_follow_one_another_in_the_file_as_in_the_clause() -> None:
    """C3.13–C3.17: a person who reads the file alone can tell what the clause says."""
    text = FILES["c03"].read_text()
    places = [text.index(f'clause = "C3.{number}"\n') for number in range(13, 18)]
    assert all(before < after for before, after in pairwise(places))
