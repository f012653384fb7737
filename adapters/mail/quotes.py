"""What is new in a reply: the text without the quoted mail at its end. Linear in the length of the text.

It only decides what is shown first and what urgency is read from; the whole text is always kept. So it cuts only at
marks that it is sure of, and never leaves nothing.
"""

from __future__ import annotations

import re

MAX_MARK = 400
"""Characters that an introduction such as "Il … ha scritto:" may take, over up to three lines."""

MAX_LINES = 5_000
"""Lines in which the beginning of a quoted mail is looked for."""

# One line each, searched in lines of bounded length: no expression here can take more than linear time.
_SAID = (
    r"\b(?:ha scritto|scrive|scrisse|wrote|writes|schrieb|schreibt|a écrit|écrit|escribió|schreef"
    r"|skrev|escreveu|napisał(?:\(a\))?|geschreven)\b.{0,80}:\s*$"
)
_WROTE = re.compile(
    r"^\W{0,3}(?:Il|In data|Le|On|Am|El|Op|Den|Em|W dniu|Pada|Da|Von)\b.{2,300}" + _SAID,
    re.IGNORECASE,
)
_SOMEBODY_WROTE = re.compile(r"^.{0,200}<?[^\s<>@]{1,64}@[^\s<>@]{1,100}>?.{0,60}" + _SAID, re.IGNORECASE)
_SEPARATOR = re.compile(
    r"^[\s>]*[-_=*]{2,}\s*(?:(?:Original|Forwarded|Reply|Ursprüngliche|Weitergeleitete)\s+(?:Message|Nachricht)"
    r"|(?:Messaggio|Mail|Email|E-mail)\s+(?:originale|inoltrat[oa]|originaria)"
    r"|Message (?:d'origine|original|transféré)|Mensaje original|Original appointment"
    r"|Ursprungliche Nachricht|Forwarded by .{1,100}|Inoltrato da .{1,100})\s*[-_=*]*\s*$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*[_-]{20,}\s*$")
_FROM = re.compile(r"^\s*\*?(?:From|Da|Von|De|Mittente|Expéditeur)\s?\*?:\*?\s*\S", re.IGNORECASE)
_WITH_FROM = re.compile(
    r"^\s*\*?(?:Sent|Date|To|Subject|Cc|Inviato(?: il)?|Data|A|Oggetto|Gesendet|An|Betreff|Datum|Envoyé|Date d'envoi"
    r"|À|Objet)\s?\*?:",
    re.IGNORECASE,
)
_REPLY_ABOVE = re.compile(
    r"^\W{0,6}(?:(?:Please )?reply above this line|(?:Rispondi|Rispondere|Scrivi) sopra (?:a )?questa (?:linea|riga))",
    re.IGNORECASE,
)


def new_text(text: str) -> str:
    """The text up to where an earlier mail is quoted to its end; the whole text when that would leave nothing.

    Answers between quoted lines stay: behind an introduction everything to the end must be quoted with `>`,
    or not at all (Outlook, Gmail's plain rendering).
    """
    lines = text.split("\n")
    cut = _cut(lines)
    kept = _without_trailing_quotes(lines[:cut])
    new = "\n".join(kept).strip()
    return new or text.strip()


def _cut(lines: list[str]) -> int:
    ends = {number for number, line in enumerate(lines) if line.rstrip()[-1:] == ":"}
    for number, line in enumerate(lines[:MAX_LINES]):
        if not line or len(line) > MAX_MARK or line.isspace():
            continue
        if _is_mark(line) and (_REPLY_ABOVE.match(line) or _SEPARATOR.match(line) or _opens_block(lines, number)):
            return number
        width = _introduction(lines, number, ends)
        if width and not _is_answered_below(lines, number + width):
            return number
    return len(lines)


def _is_mark(line: str) -> bool:
    """Whether a line may open a quoted mail at all: a rule, a field, an invitation. Cheap."""
    return (
        ":" in line
        or "--" in line
        or "__" in line
        or "**" in line
        or "==" in line
        or "above" in line
        or "sopra" in line
    )


def _opens_block(lines: list[str], number: int) -> bool:
    """Whether a block "Da: … Inviato: … A: … Oggetto:" begins here, with or without a rule above it."""
    if _RULE.match(lines[number]):
        following = [line for line in lines[number + 1 : number + 4] if line.strip()]
        return bool(following) and _FROM.match(following[0][:MAX_MARK]) is not None
    if _FROM.match(lines[number]) is None:
        return False
    window = [line[:MAX_MARK] for line in lines[number + 1 : number + 9]]
    return sum(_WITH_FROM.match(line) is not None for line in window) >= 2  # noqa: PLR2004 - one may be a coincidence


def _introduction(lines: list[str], number: int, ends: set[int]) -> int:
    """How many lines "Il giorno … ha scritto:" takes from here, 0 when it is not one. Mailers wrap it."""
    for width in (1, 2, 3):
        if number + width - 1 not in ends:
            continue
        taken = [line.strip() for line in lines[number : number + width]]
        joined = " ".join(taken).lstrip("> ")
        if not all(taken) or len(joined) > MAX_MARK:
            return 0
        begins = _WROTE.match(joined) or (width == 1 and _SOMEBODY_WROTE.match(joined))
        return width if begins else 0
    return 0


def _is_answered_below(lines: list[str], start: int) -> bool:
    """Whether quoted and unquoted lines alternate below: the answers stand between the questions."""
    below = [line for line in lines[start : start + 400] if line.strip()]
    if not below or not below[0].lstrip().startswith(">"):
        return False
    seen_end = False
    for line in below:
        if line.lstrip().startswith(">"):
            if seen_end:
                return True
        elif not line.startswith("-- "):
            seen_end = True
    return seen_end


def _without_trailing_quotes(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    return lines[:end]
