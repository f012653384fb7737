"""What people read stands in the catalogues: the code that decides and sends has no Italian of its own (DOMAIN 13)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

GATEWAY = Path(__file__).parents[2] / "gateway"
MODULES = sorted({*GATEWAY.rglob("*.py")} - {*(GATEWAY / "domain").rglob("*.py")})
"""Without the domain: its modules of words have both languages, and others know the words of other people's mails."""

ITALIAN = re.compile(
    r"[àèéìòù]|\b(?:alle|chi|dalle|del|della|delle|entro|messaggio|nella|nessun\w*|non(?!-)|numero|ore|richiesta|senza|sono"
    r"|telefono)\b",
    re.IGNORECASE,
)


def italian_in(source: str) -> list[str]:
    """The strings of a module that hold Italian words, without its docstrings."""
    tree = ast.parse(source)
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node not in docstrings)
    return [each.value for each in strings if isinstance(each.value, str) and ITALIAN.search(each.value)]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(GATEWAY)))
def test_no_italian_stands_outside_the_catalogues(module: Path) -> None:
    """A phrase in the code has no English beside it, and no operator can change it."""
    assert italian_in(module.read_text(encoding="utf-8")) == []


def test_a_phrase_in_the_code_is_found_and_a_docstring_is_not() -> None:
    source = (
        '"""Il messaggio."""\nfrom x import y\nPROBLEM = f"Il turno è scoperto: {y}"\nENGLISH = "a non-empty list"\n'
    )
    assert italian_in(source) == ["Il turno è scoperto: "]
