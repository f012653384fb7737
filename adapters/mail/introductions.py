"""Lines by which a mail program introduces what it quotes: "Il giorno … ha scritto:", "From: … Sent: …", a separator.

Nothing here decides what is folded: it says where such lines stand and how sure they are. Every expression sees lines
of bounded length, so the whole is linear in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_MARK = 400
"""Characters that an introduction may take, with its line breaks."""
MAX_WIDTH = 6
"""Lines that an introduction may take, blank ones included: mail programs wrap it, some between "<" and the address."""

_VERB = (
    r"(?:ha scritto|hai scritto|scrive|scrisse|wrote|writes|schrieb|schreibt|geschrieben|a écrit|écrit|escribió|schreef"
    r"|geschreven|skrev|skriver|escreveu|kirjoitti|napisał(?:\(a\)|a)?|napsal|написал[аи]?|написав|пише|yazdı|írta)"
)
_PREPOSITION = r"(?:Il|In data|Le|On|At|Am|El|Op|Den|Em|W dniu|Dnia|Pada|Da|Von|Dne)\b"
_ADDRESS = r"[^\s<>@\"]{1,64}@[^\s<>@\"]{1,253}"
_DATE = (
    r"(?:\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}[./-]\d{1,2}[./-]\d{1,2}\b"
    r"|\b\d{1,2}\.?\s(?:de\s)?[^\W\d_]{3,12}\.?,?(?:\sde)?\s\d{4}\b|\b[^\W\d_]{3,12}\s\d{1,2},\s\d{4}\b)"
)
_CLOCK = r"\b\d{1,2}[:.h]\d{2}\b"

_ENDINGS = (":", "：", "--")
_SAID = re.compile(rf"\b{_VERB}\b", re.IGNORECASE)
_SAID_LAST = re.compile(rf"\b{_VERB}\b.{{0,80}}:\s*$", re.IGNORECASE)
_BY_PREPOSITION = re.compile(rf"^[^\w<]{{0,3}}{_PREPOSITION}[^@]{{0,60}}\d", re.IGNORECASE)
_BY_DATE = re.compile(rf"^[^\w<]{{0,3}}(?:[^\W\d_]{{1,12}}[.,]*\s)?(?:{_DATE}|{_CLOCK}|\d{{1,2}}\.\s)", re.IGNORECASE)
_BY_NAME = re.compile(rf"^[^\w<]{{0,3}}[^<>@]{{2,120}}[<(\"]{{1,2}}{_ADDRESS}", re.IGNORECASE)
_BY_ANY_PREPOSITION = re.compile(rf"^[^\w<]{{0,3}}{_PREPOSITION}.{{2,300}}@", re.IGNORECASE)
_HAS_ADDRESS = re.compile(_ADDRESS)
_HAS_WHEN = re.compile(rf"{_DATE}|{_CLOCK}|\b(?:19|20)\d\d\b")
_HAS_DATE = re.compile(_DATE)
_CLOSED_BY_ADDRESS = re.compile(rf"{_ADDRESS}\s*[>)\]]{{1,3}}\s*:\s*$")
_OLD_GMAIL = re.compile(r"^\d{4}-\d{1,2}-\d{1,2} \d{1,2}:\d{2} GMT[+-]\d{2}:\d{2}\s\S.{0,200}$")
_DATED_SENDER = re.compile(rf"^\d{{4}}[/-]\d{{1,2}}[/-]\d{{1,2}}\s[^<>@]{{2,120}}<{_ADDRESS}>$")
_DASHED = re.compile(rf"^-{{2,}}\s*(?:{_PREPOSITION}).{{4,250}}\b{_VERB}\s*-{{2,}}$", re.IGNORECASE)

_WORDS = (
    r"(?:(?:Original|Reply|Ursprüngliche|Ursprungliche)\s+(?:Message|Nachricht|Appointment)"
    r"|(?:Messaggio|Mail|Email|E-mail)\s+(?:originale|originaria)"
    r"|Message d'origine|Message original|Mensaje original|Oorspronkelijk bericht)"
)
_SEPARATOR = re.compile(rf"^[-_=*\s]*[-_=*]{{2,}}\s*{_WORDS}\s*[-_=*]*\s*$", re.IGNORECASE)
_RULE = re.compile(r"^\s*[_=-]{3,}\s*$")
_FROM = re.compile(
    r"^\s*\*{0,2}(?:From|Da|Von|De|Van|Från|Fra|Od|Mittente|Expéditeur|Message du)\s?\*{0,2}:\*{0,2}\s*\S",
    re.IGNORECASE,
)
_WITH_FROM = re.compile(
    r"^\s*\*{0,2}(?:From|Sent|Date|To|Subject|Cc|Da|Inviato(?: il)?|Data|A|Per|Oggetto|Gesendet|Datum|An|Betreff|De"
    r"|Envoyé(?: le)?|Date d'envoi|À|Pour|Copie à|Objet|Sujet|Verzonden|Aan|Onderwerp|Skickat|Till|Ämne|Sendt|Til|Emne)"
    r"\s?\*{0,2}:",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(
    r"^\W{0,6}(?:(?:Please )?(?:reply|type your reply|write) above this line"
    r"|(?:Rispondi|Rispondere|Scrivi)\s+sopra (?:a )?questa (?:linea|riga)"
    r"|Bitte (?:antworten Sie )?(?:nur )?(?:ober|über)halb dieser (?:Zeile|Linie)"
    r"|Répondez au-dessus de cette ligne)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Introduction:
    """Lines `start` to `end` (not included). `sure`: it may fold what is not marked as quoted below it."""

    start: int
    end: int
    sure: bool


def introductions(lines: list[str]) -> list[Introduction]:
    """Every "… wrote:" of a text, in order, without overlaps."""
    found: list[Introduction] = []
    taken = 0
    for number, line in enumerate(lines):
        one = _ending_at(lines, number, taken) if _may_end(line) else None
        if one is not None:
            found.append(one)
            taken = one.end
    return found


def separator(lines: list[str], number: int) -> bool:
    """Whether an earlier mail begins here, quoted to its end: a separator, a block of header fields, an invitation."""
    line = lines[number]
    if not line or len(line) > MAX_MARK or not _may_separate(line):
        return False
    return bool(_SEPARATOR.match(line) or _REPLY_ABOVE.match(line)) or _opens_block(lines, number)


def is_rule(line: str) -> bool:
    """A line of nothing but dashes, underscores or equals signs."""
    return len(line) <= MAX_MARK and _RULE.match(line) is not None


def _may_separate(line: str) -> bool:
    return (
        ":" in line
        or "--" in line
        or "__" in line
        or "**" in line
        or "==" in line
        or _REPLY_ABOVE.match(line) is not None
    )


def _may_end(line: str) -> bool:
    if not line or len(line) > MAX_MARK or line.isspace():
        return False
    return line.rstrip().endswith(_ENDINGS) or line[:4].isdigit()


def _ending_at(lines: list[str], last: int, floor: int) -> Introduction | None:
    """The introduction that ends in line `last`: the shortest that begins as one, else a line with name and address."""
    alone = lines[last].lstrip("> \t").rstrip()
    if _OLD_GMAIL.match(alone) or _DASHED.match(alone):
        return Introduction(last, last + 1, sure=True)
    if _DATED_SENDER.match(alone):
        return Introduction(last, last + 1, sure=False)
    named = None
    for start in range(last, max(floor, last - MAX_WIDTH + 1) - 1, -1):
        joined = _joined(lines, start, last)
        if not lines[start].strip("> \t"):
            continue
        if len(joined) > MAX_MARK:
            break
        kind = _kind(lines[start].strip("> \t"), joined)
        if kind == "dated":
            return Introduction(start, last + 1, sure=_is_sure(joined))
        if kind == "named" and named is None:
            named = Introduction(start, last + 1, sure=_is_sure(joined))
    return named


def _joined(lines: list[str], start: int, last: int) -> str:
    return " ".join(line.strip("> \t") for line in lines[start : last + 1])


def _kind(first: str, joined: str) -> str:
    """How an introduction begins: "dated" by a date, "named" by somebody's name; "" when it is none."""
    said = _SAID_LAST.search(joined) is not None
    has_address = _HAS_ADDRESS.search(joined) is not None
    by_address = has_address and _CLOSED_BY_ADDRESS.search(joined) is not None and _HAS_WHEN.search(joined) is not None
    if not (said or by_address):
        return ""
    if _BY_PREPOSITION.match(first) or _BY_ANY_PREPOSITION.match(first):
        return "dated"
    if _BY_DATE.match(first) and _HAS_WHEN.search(joined) and (has_address or _HAS_DATE.search(first)):
        return "dated"
    return "named" if said and has_address and _BY_NAME.match(first) else ""


def _is_sure(joined: str) -> bool:
    """A day and a clock, or a day with its year, or an address: people who cite somebody write less than that."""
    return _HAS_ADDRESS.search(joined) is not None or _HAS_WHEN.search(joined) is not None


def _opens_block(lines: list[str], number: int) -> bool:
    """Whether a block "Da: … Inviato: … A: … Oggetto:" begins here, with or without a rule above it."""
    if is_rule(lines[number]):
        following = [index for index in range(number + 1, min(number + 4, len(lines))) if lines[index].strip()]
        return bool(following) and len(lines[number].strip()) >= 10 and _is_field_block(lines, following[0])  # noqa: PLR2004 - shorter rules are people's own
    return _is_field_block(lines, number)


def _is_field_block(lines: list[str], number: int) -> bool:
    if _FROM.match(lines[number][:MAX_MARK]) is None:
        return False
    window = [line[:MAX_MARK] for line in lines[number + 1 : number + 9]]
    return sum(_WITH_FROM.match(line) is not None for line in window) >= 2  # noqa: PLR2004 - one may be a coincidence
