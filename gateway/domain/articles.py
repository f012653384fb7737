"""The Italian preposition before a name that a text is filled with: `da {office}` is told `dal Servizio …`.

Names of offices and places stand in the contracts without an article, as a letter addresses them. Only the words right
before a value are joined with it; what people wrote stays as it is.
"""

from __future__ import annotations

import re

_NOUNS = {
    "il": "comune contraente coordinatore fornitore gestore licenziatario referente responsabile servizio settore",
    "la": "camera direzione sede segreteria",
    "lo": "sportello",
    "gli": "sportelli uffici",
    "l’": "acquirente ente help ufficio",
}
"""The first words of names, by their article. A name that begins with another word takes none."""

_ARTICLES = {noun: article for article, nouns in _NOUNS.items() for noun in nouns.split()}
_JOINED = {
    "a": {"il": "al", "lo": "allo", "la": "alla", "i": "ai", "gli": "agli", "le": "alle", "l’": "all’"},
    "da": {"il": "dal", "lo": "dallo", "la": "dalla", "i": "dai", "gli": "dagli", "le": "dalle", "l’": "dall’"},
    "di": {"il": "del", "lo": "dello", "la": "della", "i": "dei", "gli": "degli", "le": "delle", "l’": "dell’"},
}
_HAS_ARTICLE = re.compile(r"(?:(il|lo|la|i|gli|le) |l['’])(.*)", re.DOTALL)


def joined(preposition: str, name: str) -> str:
    """The name after `a`, `da`, `di` or `presso`: `dal Comune di Cagliari`, `presso la sede di Nuoro`, `da Consip`."""
    article, rest = _parted(name)
    if article is None:
        return f"{preposition} {name}"
    before = _JOINED[preposition][article] if preposition in _JOINED else f"{preposition} {article}"
    return f"{before}{'' if article == 'l’' else ' '}{rest}"


def bare(name: str) -> str:
    """The name without the Italian article that it has, as another language tells it."""
    found = _HAS_ARTICLE.fullmatch(name)
    return found[2] if found else name


def _parted(name: str) -> tuple[str | None, str]:
    """The article that a name has or takes, and the name without it."""
    found = _HAS_ARTICLE.fullmatch(name)
    if found:
        return found[1] or "l’", found[2]
    noun = name.partition(" ")[0].casefold()
    return _ARTICLES.get(noun), name
