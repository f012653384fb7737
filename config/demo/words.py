"""The words of the page of the telephones, in every language that there is a file for."""

from __future__ import annotations

import tomllib
from pathlib import Path

FOLDER = Path(__file__).parent / "texts"


def page_words() -> dict[str, dict[str, str]]:
    """Language → key (`ui.call`, `state.taken`) → words. Every language says the same things (tests/pages)."""
    return {file.stem: _flat(tomllib.loads(file.read_text(encoding="utf-8"))) for file in sorted(FOLDER.glob("*.toml"))}


def _flat(tables: dict[str, dict[str, str]]) -> dict[str, str]:
    return {f"{table}.{key}": words for table, entries in tables.items() for key, words in entries.items()}
