"""Envelope paths: what is read of an argument, and how long it may take."""

from __future__ import annotations

import time

import pytest

from adapters.smtp import paths


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("<a@b.example>", ("a@b.example", "")),
        (" <a@b.example>   SIZE=1 BODY=8BITMIME", ("a@b.example", "SIZE=1 BODY=8BITMIME")),
        ("a@b.example  SIZE=1", ("a@b.example", "SIZE=1")),
        ("<>", ("<>", "")),
        ('<"a b"@c.example>', ('"a b"@c.example', "")),
        ("<a@b.example>SIZE=1", None),
        ("<a b>", None),
        ("", None),
    ],
)
def test_a_path_is_its_address_and_the_parameters_behind_it(argument: str, found: tuple[str, str] | None) -> None:
    assert paths.path(argument) == found


@pytest.mark.parametrize("argument", ["a" + " \t" * 50_000 + "\n.", "<a>" + " " * 100_000 + "\nx", " \t" * 50_000])
def test_an_argument_of_blanks_is_read_in_linear_time(argument: str) -> None:
    """B-032."""
    start = time.process_time()
    assert paths.path(argument) is None
    assert time.process_time() - start < 0.5
