"""What a message's own HTML marks as quoted or as signature, carried through to its text.

Mail programs name the element that holds the earlier mail or the signature. `marked` puts characters of the private use
area around these before the layout, `unmarked` takes them out of the text and says which lines stood between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.mail.html import MAX_CHARACTERS, MAX_DEPTH, depth

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MARKS = 200

_OPENS, _CLOSES, _SIGNS, _SIGNED = "\ue000", "\ue001", "\ue002", "\ue003"
_ANY = re.compile("[\ue000-\ue003]")
_BLANK_LINES = re.compile(r"\n{3,}")
_HINT = re.compile(
    r"gmail_|moz-cite|moz-signature|type=[\"']?cite|yahoo_quoted|protonmail_|divRplyFwdMsg|reference-message-container"
    r"|zmail_extra|OutlookMessageHeader|name=[\"']?quote|id=[\"']?(?:x_)?Signature|ms-outlook-mobile-signature",
    re.IGNORECASE,
)
_QUOTES = (
    "blockquote.gmail_quote, blockquote[type=cite], .gmail_attr, .moz-cite-prefix, .yahoo_quoted, .protonmail_quote,"
    " #mail-editor-reference-message-container, .zmail_extra, div[name=quote], .OutlookMessageHeader"
)
_WHOLE = "div.gmail_quote"
"""Holds the introduction and the quote, and answers between them: marked only when there is no quote element in it."""
_TO_THE_END = "#divRplyFwdMsg"
_SIGNATURES = (
    ".gmail_signature, .moz-signature, .protonmail_signature_block, #Signature, #x_Signature,"
    " #ms-outlook-mobile-signature, .gmail_signature_prefix"
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A text, and the numbers of its lines that its HTML marks as quoted or as signature."""

    text: str
    quoted: frozenset[int] = frozenset()
    signed: frozenset[int] = frozenset()


def marked(html: str) -> str:
    """The HTML with marks around what it names as quoted or as signature; unchanged when it names nothing."""
    plain = _ANY.sub("", html[:MAX_CHARACTERS])
    if _HINT.search(plain) is None or depth(plain) > MAX_DEPTH:
        return plain
    from selectolax.lexbor import LexborHTMLParser  # noqa: PLC0415 - one mail in ten needs it, and it costs memory

    try:
        tree = LexborHTMLParser(plain)
        for node in tree.css(_QUOTES)[:MAX_MARKS]:
            _around(node, _OPENS, _CLOSES)
        for node in tree.css(_WHOLE)[:MAX_MARKS]:
            if node.css_first("blockquote") is None and node.css_first(".gmail_attr") is None:
                _around(node, _OPENS, _CLOSES)
        for node in tree.css(_TO_THE_END)[:1]:
            node.insert_before(_OPENS)
        for node in tree.css(_SIGNATURES)[:MAX_MARKS]:
            _around(node, _SIGNS, _SIGNED)
        return tree.html or plain
    except Exception:  # noqa: BLE001 - a parser of other people's bytes: without marks the words still decide
        return plain


def joined(pieces: Iterable[Marked]) -> Marked:
    """Several texts as one, a blank line between them; those without words are left out."""
    lines: list[str] = []
    quoted: list[int] = []
    signed: list[int] = []
    for piece in pieces:
        if not piece.text.strip():
            continue
        if lines:
            lines.append("")
        quoted += (len(lines) + number for number in piece.quoted)
        signed += (len(lines) + number for number in piece.signed)
        lines += piece.text.split("\n")
    return Marked("\n".join(lines).rstrip(), frozenset(quoted), frozenset(signed))


def _around(node: object, before: str, after: str) -> None:
    node.insert_before(before)  # type: ignore[attr-defined]  # the library's types do not name its nodes' common ground
    node.insert_after(after)  # type: ignore[attr-defined]


def unmarked(text: str) -> Marked:
    """The text without marks, and which of its lines stood between them."""
    if _ANY.search(text) is None:
        return Marked(text)
    kept: list[str] = []
    inside: list[tuple[bool, bool]] = []
    quotes = signs = 0
    for line in text.split("\n"):
        bare = _ANY.sub("", line)
        quoted, signed = quotes > 0 or line.lstrip().startswith(_OPENS), signs > 0 or line.lstrip().startswith(_SIGNS)
        quotes = max(0, quotes + line.count(_OPENS) - line.count(_CLOSES))
        signs = max(0, signs + line.count(_SIGNS) - line.count(_SIGNED))
        if bare.strip() or (bare == line and kept and kept[-1]):
            kept.append(bare)
            inside.append((quoted, signed))
    first = next((number for number, line in enumerate(kept) if line.strip()), 0)
    last = next((number for number in range(len(kept), first, -1) if kept[number - 1].strip()), first)
    kept, inside = kept[first:last], inside[first:last]
    return Marked(
        "\n".join(kept).rstrip(),
        frozenset(number for number, (quoted, _) in enumerate(inside) if quoted),
        frozenset(number for number, (_, signed) in enumerate(inside) if signed),
    )
