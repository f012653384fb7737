"""Lines under a message that are not its words: what the telephone adds, the block under `-- `, the disclaimer."""

from __future__ import annotations

import re

MAX_LINE = 300
MAX_BLOCK = 25
"""Lines that a block under `--` may have: a longer one is a message with a rule in it."""
MAX_DISCLAIMER = 40

_DELIMITER = re.compile(r"^\s{0,3}--\s?$")
_TRAILING = re.compile(r"^[\s>]*[-_=*#~+.\u1427]*\s*$")
_DEVICE = (
    r"(?:i ?phone|i ?pad|i ?pod|android|samsung|galaxy|huawei|honor|xiaomi|nokia|htc|blackberry|outlook|windows|yahoo"
    r"|gmail|mail|mailbox|airmail|telefono|cellulare|smartphone|tablet|dispositivo|mobile|phone|cell|device|handy|pc"
    r"|mobil\w*|télé\w*|mobilgerät)"
)
_SENT_BY = re.compile(
    r"^[\W_]{0,6}(?:"
    r"(?:sent|from)\s(?:from|by|via|with|using|my)\b.{0,80}|sent from my .{2,40}"
    rf"|(?:inviato|mandato|spedito)\s(?:da|dal|con|tramite|via)\b.{{0,40}}\b{_DEVICE}\b.{{0,60}}"
    rf"|(?:envoyé|envoyée)\s(?:de|depuis|à partir|avec)\b.{{0,40}}\b{_DEVICE}\b.{{0,60}}"
    rf"|(?:von|mit)\s(?:meine[mr]|unterwegs)?.{{0,40}}\b{_DEVICE}\b.{{0,20}}\s(?:gesendet|geschrieben|verschickt)"
    rf"|gesendet\s(?:von|mit|aus)\b.{{0,40}}\b{_DEVICE}\b.{{0,60}}"
    rf"|diese (?:nachricht|e-?mail) wurde von .{{0,40}}\b{_DEVICE}\b.{{0,40}}(?:gesendet|verfasst)"
    rf"|(?:enviado|verzonden|verstuurd|skickat|lähetetty|wysłane)\s(?:desde|vanaf|met|från|z|via)\b.{{0,80}}"
    r"|(?:get|scarica|ottieni|téléchargez|holen sie sich)\s\[?outlook\b.{0,120}"
    r"|從我的 .{0,40} 傳送"
    r")[\W_]{0,6}$",
    re.IGNORECASE,
)
_NAMES_DEVICE = re.compile(rf"\b{_DEVICE}\b|\bsent from my\b", re.IGNORECASE)
_DISCLAIMER = re.compile(
    r"^[\W_]{0,6}(?:"
    r"(?:avviso|nota|clausola) (?:di|sulla) (?:riservatezza|privacy)|informativa (?:sulla )?privacy\b"
    r"|(?:le|ai sensi del\w*|in conformità).{0,80}(?:informazioni contenute|(?:regolamento|reg\.) .{0,20}2016/679"
    r"|d\.? ?lgs\.?.{0,10}196)"
    r"|(?:questo|il presente) (?:messaggio|e-?mail).{0,120}(?:riservat|confidenzial|destinatari)"
    r"|(?:this|the information (?:contained )?in this) (?:e-?mail|message|communication).{0,160}"
    r"(?:confidential|privileged|intended)|confidentiality (?:notice|note)"
    r"|(?:diese|der inhalt dieser) (?:e-?mail|nachricht).{0,160}(?:vertraulich|bestimmt)"
    r"|ce (?:message|courriel|mail).{0,160}(?:confidentiel|destinataire)|avis de confidentialité"
    r"|rispetta l'ambiente|(?:prima di stampare|please consider the environment|pensez à l'environnement)"
    r")",
    re.IGNORECASE,
)


def begins(lines: list[str], start: int, end: int) -> int:
    """The line from which everything up to `end` is signature or disclaimer; `end` when there is none.

    Between `start` and the answer something with words remains, or the answer is `end`.
    """
    cut = _without_trailing(lines, start, end)
    for shorten in (_disclaimed, _delimited, _sent_by):
        shorter = _without_trailing(lines, start, shorten(lines, start, cut))
        cut = shorter if _has_words(lines, start, shorter) else cut
    return cut if _has_words(lines, start, cut) else end


def is_sent_by(line: str) -> bool:
    """Whether a line is what a telephone or mail program adds by itself: "Inviato da iPhone"."""
    # The expression that is bound to the beginning first: the other one looks at every place of every line.
    if len(line) > MAX_LINE or _SENT_BY.match(line.strip()) is None:
        return False
    return _NAMES_DEVICE.search(line) is not None


def _without_trailing(lines: list[str], start: int, end: int) -> int:
    """The end without blank lines and rules."""
    while end > start and len(lines[end - 1]) <= MAX_LINE and _TRAILING.match(lines[end - 1]):
        end -= 1
    return end


def _delimited(lines: list[str], start: int, end: int) -> int:
    """The last `--` (RFC 3676 §4.3), if what stands below is short enough to be a signature."""
    for number in range(end - 1, max(start, end - MAX_BLOCK) - 1, -1):
        if _DELIMITER.match(lines[number][:MAX_LINE]):
            return number
    return end


def _sent_by(lines: list[str], start: int, end: int) -> int:
    while end > start and (is_sent_by(lines[end - 1]) or _TRAILING.match(lines[end - 1][:MAX_LINE])):
        end -= 1
    return end


def _disclaimed(lines: list[str], start: int, end: int) -> int:
    """The first line of a paragraph that begins a disclaimer, near the end."""
    for number in range(max(start, end - MAX_DISCLAIMER), end):
        opens = number == start or _TRAILING.match(lines[number - 1][:MAX_LINE])
        if opens and _DISCLAIMER.match(lines[number][:MAX_LINE]):
            return number
    return end


def _has_words(lines: list[str], start: int, end: int) -> bool:
    return any(char.isalnum() for line in lines[start:end] for char in line[:MAX_LINE])
