"""What a browser would ask for by itself when it shows a piece of HTML, and what would run in it."""

from __future__ import annotations

from html.parser import HTMLParser

ASKING = frozenset((
    "script", "link", "style", "iframe", "frame", "object", "embed", "video", "audio", "source", "track", "meta",
    "base",
    "form", "input", "svg", "math", "body", "image", "template", "noscript",
))  # fmt: skip
ASKED = frozenset(
    ("srcset", "background", "poster", "data", "style", "action", "formaction", "ping", "src", "xlink:href")
)


class _Look(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ASKING:
            self.found.append(tag)
        for name, value in attrs:
            own_picture = (tag, name) == ("img", "src") and (value or "").startswith("cid:")
            if name.startswith("on") or (name in ASKED and not own_picture):
                self.found.append(f"{tag} {name}")
            if name == "href" and not (value or "").strip().lower().startswith(("http", "mailto:", "tel:")):
                self.found.append(f"{tag} {name}={value}")


def fetches(html: str) -> list[str]:
    """The elements and attributes that fetch or run something; none in what is harmless."""
    look = _Look()
    look.feed(html)
    look.close()
    return look.found
