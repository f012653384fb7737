"""File names from mails are plain file names anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mail.names import MAX_BYTES, safe, shown

HOSTILE = {
    "../../x": "x", "..%2fx": "x", "C:\\Windows\\x.exe": "x.exe", ".htaccess": "htaccess",
    "\u200b.htaccess": "htaccess",
    "con": "_con", "CON.txt": "_CON.txt", "a\0b": "ab", "fdp.\u202eexe": "fdp.exe", "x.pdf. . ": "x.pdf",
    "a\r\nb": "ab",
    "verbale città.pdf": "verbale città.pdf", "com1.tar.gz": "_com1.tar.gz", "a:b|c?.txt": "a_b_c_.txt",
    "/etc/passwd": "passwd",
}  # fmt: skip


@pytest.mark.parametrize("written", HOSTILE)
def test_a_hostile_name_becomes_a_plain_file_name(written: str) -> None:
    """B-037."""
    assert safe(written, "application/pdf", "2") == HOSTILE[written]


@pytest.mark.parametrize("written", ["", "..", "/", "...", "\u200b", "___"])
def test_a_name_that_says_nothing_is_made_from_part_and_type(written: str) -> None:
    assert safe(written, "application/pdf", "2.1") == "parte-2.1.pdf"


@given(st.text())
def test_any_name_becomes_a_single_component_of_bounded_length(written: str) -> None:
    name = safe(written, "a/b", "1")
    assert not set(name) & set('/\\\0\n\r<>:"|?*')
    assert not name.startswith(".")
    assert 0 < len(name.encode()) <= MAX_BYTES + 1


def test_a_name_too_long_keeps_its_extension() -> None:
    assert safe("a" * 4000 + ".pdf", "a/b", "1").endswith("aaa.pdf")


def test_the_shown_name_has_no_direction_characters() -> None:
    assert shown("fdp.\u202eexe\u200b") == "fdp.exe"
