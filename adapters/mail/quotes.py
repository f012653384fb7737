"""What is new in a reply, and what is folded: earlier mail, signature, disclaimer. Linear in the length of the text.

It only decides what is shown first and what urgency is read from; the whole text is always kept, and what is folded is
a span of it. So it folds only at marks that it is sure of, keeps answers that stand between the questions, and never
leaves nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import islice, pairwise

from adapters.mail import signatures
from adapters.mail.introductions import MAX_MARK, Introduction, introductions, is_rule, separator
from gateway.domain.intake import Fold

MAX_LINES = 5_000
"""Lines in which marks are looked for; what is marked as quoted is known in all of them."""
MAX_INTRODUCTIONS = 30
"""Each is looked behind to the end of the text."""
WRAPPED = 60
"""Characters of a quoted line that a mail program wraps, so that its rest stands unmarked on the next line."""
FOOTER = 12
"""Lines below a quoted mail that may be a list's footer or a signature, and no answer."""

QUOTED, SIGNATURE = "quoted", "signature"

_QUOTE = re.compile(r"^\s{0,3}(?:>|\|[^|]*$)")
"""A line that begins with a bar is quoted, one with more of them is a row of a table."""
_FORWARDED = re.compile(
    r"^[-_=*\s]*[-_=*]{2,}.{0,40}(?:forwarded|inoltrat[oa]|weitergeleitet|transféré|doorgestuurd)", re.IGNORECASE
)
_FORWARD = re.compile(r"^\W{0,3}(?:\[[^\]]{0,60}\]\s*)?(?:fwd?|i|wg|tr|inoltro|inoltr|doorst|vb)\s?:", re.IGNORECASE)
_BELOW = re.compile(
    r"\b(?:vedi|veda|vedere|leggi|legga|trova|rispondo|risposte?|risposto|commenti|note)\b.{0,40}"
    r"\b(?:sotto|di seguito|qui sotto|in calce|in rosso|in blu|in grassetto|in linea|nel testo|tra le righe)\b"
    r"|\b(?:see|answers?|replies|comments?|answered)\b.{0,30}\b(?:below|inline|in-line|in red|in blue)\b"
    r"|\b(?:siehe|antworten?|kommentare)\b.{0,30}\b(?:unten|inline|in rot|im text)\b"
    r"|\b(?:voir|réponses?|commentaires)\b.{0,30}\b(?:ci-dessous|en rouge|dans le texte|plus bas)\b",
    re.IGNORECASE,
)


def new_text(text: str, folds: tuple[Fold, ...] | None = None) -> str:
    """The text without what is folded; the whole text when nothing is."""
    kept, at = [], 0
    for fold in folded(text) if folds is None else folds:
        kept.append(text[at : fold.start])
        at = fold.end
    kept.append(text[at:])
    return "".join(kept).strip()


def is_forward(subject: str) -> bool:
    """Whether a subject says that the mail was forwarded, and not answered since."""
    return _FORWARD.match(subject[:200]) is not None


def folded(
    text: str, quoted: frozenset[int] = frozenset(), signed: frozenset[int] = frozenset(), *, forwarded: bool = False
) -> tuple[Fold, ...]:
    """What is shown folded, in order; nothing when no words of the sender would remain.

    `quoted` and `signed` are the numbers of lines that the message's own HTML marks as such. What is `forwarded` stays
    open: to a help desk it is the message.
    """
    lines = text.split("\n")
    spans = _Marks(lines, quoted, signed, forwarded=forwarded).spans()
    shown = _rest(len(lines), spans)
    if not any(_has_words(lines[number]) for number in shown):
        return ()
    return tuple(_as_folds(lines, spans))


class _Marks:
    """The lines of a text, and which of them are quoted. `spans` are line numbers: start, end, kind."""

    def __init__(self, lines: list[str], quoted: frozenset[int], signed: frozenset[int], *, forwarded: bool) -> None:
        self._lines = lines
        self._signed = signed
        self._forwarded = forwarded
        self._seen = lines[:MAX_LINES]
        self._quoted = [number in quoted or _QUOTE.match(line) is not None for number, line in enumerate(lines)]
        self._last = -1
        """The last quoted line above the cut."""
        self._unquoted: list[tuple[int, int]] | None = None
        self._join_wrapped()

    def spans(self) -> list[tuple[int, int, str]]:
        """What is folded, as line numbers, in order."""
        cut = self._separator()
        self._last = max((number for number in range(cut) if self._quoted[number]), default=-1)
        body = self._body(cut)
        end = min((start for start, stop, _ in body if stop >= cut), default=cut)
        if end < len(self._lines) and _announces_answers(self._lines[:end]):
            return []
        begins = max((stop for _, stop, _ in body if stop <= end), default=0)
        signed = signatures.begins(self._lines, begins, end)
        spans = [one for one in body if one[1] <= signed]
        spans += self._sent_by(0, signed, spans)
        if any(line.strip() for line in self._lines[signed:end]):
            spans.append((signed, end, SIGNATURE))
            signed = end
        if end < len(self._lines):
            spans.append((signed, len(self._lines), QUOTED))
        return sorted(spans)

    def _join_wrapped(self) -> None:
        """The rest of a quoted line that was wrapped without its mark: it goes on in lower case, then in quotes."""
        for number in range(1, len(self._lines) - 1):
            line, before = self._lines[number], self._lines[number - 1]
            if self._quoted[number] or not self._quoted[number - 1] or not self._quoted[number + 1]:
                continue
            if len(before) >= WRAPPED and line[:1].islower() and len(line) < WRAPPED * 2:
                self._quoted[number] = True

    def _separator(self) -> int:
        """The line at which an earlier mail begins that goes to the end. What is forwarded is no earlier mail."""
        for number in range(0 if not self._forwarded else len(self._seen), len(self._seen)):
            if separator(self._lines, number) and not self._is_forwarded(number):
                return number
        return len(self._lines)

    def _is_forwarded(self, number: int) -> bool:
        above = [line for line in self._lines[max(0, number - 2) : number + 1] if line.strip()]
        return any(_FORWARDED.match(line[:MAX_MARK]) for line in above)

    def _body(self, cut: int) -> list[tuple[int, int, str]]:
        """What is quoted above `cut`: behind an introduction, or at the end."""
        spans: list[tuple[int, int, str]] = []
        for one in introductions(self._seen[:cut])[:MAX_INTRODUCTIONS]:
            if one.start < max((stop for _, stop, _ in spans), default=0):
                continue
            below = self._below(one, cut)
            if below is None:
                return [*spans, (one.start, cut, QUOTED)]
            if below > one.start:
                spans.append((one.start, below, QUOTED))
        return self._trailing(spans, cut)

    def _below(self, one: Introduction, cut: int) -> int | None:
        """To where the quote behind an introduction goes: None for all of it, `one.start` when it must stay open.

        An answer below one quote, with nothing above, folds the quote; answers between quotes leave them in place.
        """
        first = self._next(one.end, cut)
        above = any(_has_words(line) for line in self._lines[: one.start])
        if first == cut:
            return None
        if not self._quoted[first]:
            # Without marks everything below is quoted, or it is the answer: what nothing stands above of, stays.
            return None if one.sure and above else one.start
        blocks = self._blocks(first, cut)
        answers = list(islice((block for block in blocks if not self._is_footer(*block)), 2))
        if not answers:
            return None
        alone = len(answers) == 1 and answers[0] == blocks[-1] and self._last < answers[0][1]
        return answers[0][0] if alone and not above else one.end

    def _blocks(self, start: int, cut: int) -> list[tuple[int, int]]:
        """The stretches of lines with words that are not quoted, from `start` on."""
        if self._unquoted is None:
            self._unquoted = self._stretches(cut)
        first = bisect_right(self._unquoted, (start, start))
        before = self._unquoted[first - 1 : first]
        clipped = [(start, end) for _, end in before if end > start]
        return clipped + self._unquoted[first:]

    def _stretches(self, cut: int) -> list[tuple[int, int]]:
        blocks: list[tuple[int, int]] = []
        number = 0
        while number < cut:
            end = number
            while end < cut and not self._quoted[end]:
                end += 1
            first = self._next(number, end)
            if first < end:
                blocks.append((first, end))
            number = end + 1
        return blocks

    def _is_footer(self, start: int, end: int) -> bool:
        """Whether lines below a quote are a signature or a list's footer: under `--` or a rule, at the very end."""
        first = self._lines[start].strip()
        opens = first in ("--", "__") or is_rule(first) or first == "-- "
        if self._last >= end or (opens and end - start <= FOOTER * 2):
            return opens
        return all(signatures.is_sent_by(line) or not line.strip() for line in self._lines[start:end])

    def _next(self, start: int, cut: int) -> int:
        while start < cut and not self._lines[start].strip():
            start += 1
        return start

    def _trailing(self, spans: list[tuple[int, int, str]], cut: int) -> list[tuple[int, int, str]]:
        """Quoted lines at the end, without an introduction that is known."""
        floor = max((stop for _, stop, _ in spans), default=0)
        if not any(self._quoted[floor:cut]):
            return spans
        end = cut
        while end > floor and (self._quoted[end - 1] or not self._lines[end - 1].strip()):
            end -= 1
        blocks = self._blocks(floor, cut)
        if blocks and end == cut and self._is_footer(*blocks[-1]) and any(self._quoted[floor : blocks[-1][0]]):
            start = blocks[-1][0]
            while start > floor and (self._quoted[start - 1] or not self._lines[start - 1].strip()):
                start -= 1
            end = start
        return [*spans, (end, cut, QUOTED)] if any(self._quoted[end:cut]) else spans

    def _sent_by(self, start: int, end: int, spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Single lines that a telephone added in the middle, with the answer going on below."""
        taken = {number for first, last, _ in spans for number in range(first, last)}
        found = []
        for number in range(start, min(end, len(self._seen))):
            alone = number == 0 or not self._lines[number - 1].strip()
            added = number in self._signed or (alone and signatures.is_sent_by(self._lines[number]))
            if number not in taken and added:
                found.append((number, number + 1, SIGNATURE))
        return found


def _announces_answers(lines: list[str]) -> bool:
    """Whether somebody says "rispondo sotto, in rosso": then what looks quoted holds the answers."""
    said = " ".join(line.strip() for line in lines[-MAX_MARK:] if not _QUOTE.match(line))[:4000]
    return _BELOW.search(said) is not None


def _rest(count: int, spans: list[tuple[int, int, str]]) -> list[int]:
    rest: list[int] = []
    at = 0
    for start, end, _ in spans:
        rest += range(at, start)
        at = max(at, end)
    return [*rest, *range(at, count)]


def _has_words(line: str) -> bool:
    return any(char.isalnum() for char in line)


def _as_folds(lines: list[str], spans: list[tuple[int, int, str]]) -> list[Fold]:
    """Line numbers as characters of the text; what two spans share belongs to the first."""
    begins = [0]
    for line in lines:
        begins.append(begins[-1] + len(line) + 1)
    whole = begins[-1] - 1
    found: list[Fold] = []
    for start, end, kind in spans:
        first = max(begins[start], found[-1].end if found else 0)
        last = min(begins[end], whole)
        if last > first:
            found.append(Fold(first, last, kind))
    return _merged(found)


def _merged(folds: list[Fold]) -> list[Fold]:
    if not any(one.end == other.start and one.kind == other.kind for one, other in pairwise(folds)):
        return folds
    merged = folds[:1]
    for one in folds[1:]:
        last = merged[-1]
        if last.end == one.start and last.kind == one.kind:
            merged[-1] = Fold(last.start, one.end, one.kind)
        else:
            merged.append(one)
    return merged
