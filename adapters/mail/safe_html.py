"""The HTML of strangers, made harmless for showing. Nothing here raises, and nothing of it is ever fetched.

No script, no style, no form, no frame; pictures only those that came with the mail (`cid:`): a remote one tells its
sender that it was opened, when, and where (F19, B-045). Links stay, say nothing of where they were clicked, and go
nowhere by themselves. Whatever shows a mail shows this, and never `Message.html` itself.
"""

from __future__ import annotations

import re
from html import escape

from adapters.mail.html import depth, to_text

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 200
"""Levels. Deeper HTML is shown as its text: the sanitiser takes seconds for it."""

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "div", "dl", "dt",
    "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small",
    "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_NUMBER = re.compile(r"\d{1,4}")
_OWN_PICTURE = re.compile(r"cid:[^\s\"'<>]{1,250}")


def harmless(html: str) -> str:
    """The document as a fragment that may stand in a page of ours."""
    import nh3  # noqa: PLC0415 - only whoever shows a mail needs it

    html = html[:MAX_CHARACTERS]
    if depth(html) > MAX_DEPTH:
        return f"<pre>{nh3.clean_text(to_text(html))}</pre>"
    return nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style", "title", "head", "noscript", "template", "textarea", "svg", "math"},
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def as_page(title: str, html: str) -> str:
    """A whole page with the document in it: a browser that opens it asks nobody for anything, whatever it lets in."""
    policy = "default-src 'none'; img-src cid:; style-src 'unsafe-inline'"
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
    head += f"<title>{escape(title)}</title>"
    return f"<!DOCTYPE html>\n<html><head>{head}</head>\n<body>{harmless(html)}</body></html>\n"


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if tag == "img" and attribute == "src":
        return value.strip() if _OWN_PICTURE.fullmatch(value.strip()) else None
    if attribute == "href":
        return value if value.strip().lower().startswith(("http:", "https:", "mailto:", "tel:")) else None
    if attribute in ("width", "height", "colspan", "rowspan", "start"):
        return value if _NUMBER.fullmatch(value) else None
    return value
