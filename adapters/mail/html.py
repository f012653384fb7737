"""HTML of a mail to readable text. Nothing here raises; an answer is empty only when the HTML shows nothing.

The two libraries are imported on first use: most mails bring their own plain text, and the layout engine costs memory.
"""

from __future__ import annotations

import re
from html import unescape

MAX_DEPTH = 200
"""Levels. Deeper HTML is read without layout: the layout engine answers nothing at all on it."""
MAX_BARE_DEPTH = 2_000
"""Levels. For deeper HTML any parser takes the square of its depth: its tags are cut out of it."""
MAX_CHARACTERS = 1_000_000

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_BLANK_LINES = re.compile(r"\n{3,}")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "td",
        "tr",
        "th",
        "tbody",
    ]
)


def declared_charset(raw: bytes) -> str | None:
    """The charset that the document itself names in its first 4 KB, or None."""
    found = _CHARSET.search(raw[:4096])
    return None if found is None else found[1].decode("ascii")


def to_text(html: str) -> str:
    """The visible text of an HTML document, with tables, lists and line breaks laid out."""
    html = html[:MAX_CHARACTERS]
    if "<" not in html:
        return html.strip()
    deep = depth(html)
    text = _laid_out(html) if deep <= MAX_DEPTH else ""
    text = text if text.strip() else _bare(html) if deep <= MAX_BARE_DEPTH else _stripped(html)
    lines = (line.rstrip() for line in text.replace("\xa0", " ").splitlines())
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def depth(html: str) -> int:
    """An upper bound of how deep the elements lie in each other. Linear."""
    level = deepest = 0
    for closing, name in _TAG.findall(html):
        if name.lower() in _VOID:
            continue
        level = max(0, level - 1) if closing else level + 1
        deepest = max(deepest, level)
    return deepest


def _laid_out(html: str) -> str:
    from inscriptis import get_text  # noqa: PLC0415 - see the module's docstring
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - see the module's docstring

    try:
        tree = LexborHTMLParser(html)
        tree.strip_tags(["script", "style", "head", "title", "noscript", "template"])
        return str(get_text(tree.html or ""))
    except Exception:  # noqa: BLE001 - a parser of other people's bytes: whatever fails, the bare text remains
        return ""


def _bare(html: str) -> str:
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - see the module's docstring

    try:
        tree = LexborHTMLParser(html)
        tree.strip_tags(["script", "style", "head", "title", "noscript", "template"])
        return tree.text(separator="\n", strip=True)
    except Exception:  # noqa: BLE001 - as above: the last resort is the source without its tags
        return _stripped(html)


def _stripped(html: str) -> str:
    """What stands between the tags. Linear, whatever the tags are."""
    first, *pieces = html.split("<")
    return unescape("\n".join(filter(None, (first, *(_after_tag(piece) for piece in pieces if piece)))))


def _after_tag(piece: str) -> str:
    if piece[:6].lower().startswith(("script", "style", "title")):
        return ""
    tag, closed, text = piece.partition(">")
    return text if closed else tag
