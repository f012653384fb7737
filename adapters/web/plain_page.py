"""A page of one heading, one sentence and at most a few buttons: readable without style, by a screen reader too (X20).

Its buttons post to its own address. Nothing on it is fetched from anywhere, and no robot is to keep it.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from collections.abc import Sequence

GONE, UNAVAILABLE = 404, 503


def plain_page(
    name: str, words: str, buttons: Sequence[tuple[str, str]] = (), *, status: int = 200, language: str = "it"
) -> Response:
    """The page. Each button is what it posts as `answer` (empty: nothing) and what stands on it."""
    form = f'<form method="post">{"".join(_button(*each) for each in buttons)}</form>' if buttons else ""
    heading = html.escape(name)
    return HTMLResponse(
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{heading}</title></head><body><main>"
        f"<h1>{heading}</h1><p>{html.escape(words)}</p>{form}</main></body></html>",
        status,
    )


def _button(answer: str, words: str) -> str:
    value = f' name="answer" value="{html.escape(answer)}"' if answer else ""
    return f'<button type="submit"{value}>{html.escape(words)}</button>'
