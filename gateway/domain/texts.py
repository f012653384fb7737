"""What people read and hear: the catalogue of texts, how placeholders are filled, and how an SMS is made to fit.

The words are files (`config/texts/<language>/*.toml`) in the wording of DOMAIN section 13; this module only fills them.
It promises that a value can never become a header, a placeholder, a control character or a direction override, that a
missing value is named and never sent as `{braces}`, and that an SMS is GSM-7 and at most 160 septets. How dates, hours
and names are worded is in `gateway.domain.wording`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.domain.articles import joined
from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PRIVACY = "privacy"
"""The placeholder that every automatic mail ends with; the catalogue fills it with its own T-PRIV."""

SMS_LIMIT = 160
"""Septets of one SMS in GSM-7 (3GPP TS 23.040: 140 octets)."""

SMS_READ_CHARS = 1_000
"""How much of a value is looked at for an SMS: none can use more, and each character costs a look into a table."""

SUBJECT_CHARS = 80
"""How much of somebody's subject is quoted in ours."""

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_AFTER_PREPOSITION = re.compile(rf"(?:\b(a|da|di|presso) )?{PLACEHOLDER.pattern}")

_SHORTENED = ("body", "category", "service")
_READABLE_CHARS = 8
_WHOLE = frozenset({
    "ticket", "code", "codes", "time", "oncall_number", "phone", "minutes", "left", "count", "attempts", "due", "start",
    "end", "word",
})  # fmt: skip

_OWN_MARK = re.compile(r"\[\s*\d{10}\s*\]")
_ANSWER_PREFIX = re.compile(r"^\s*(?:re|r|rif|aw|sv|fwd?|i|tr|wg|inoltro)\s*(?:\[\d+\])?\s*:\s*", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n?|[\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_GAPS = re.compile(r",\s*(?=[,.])")


class TextError(CentralinoError):
    """A text that cannot be filled: which text, and which placeholder has no value."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text as its file says it. Voice and SMS have no subject."""

    id: str
    subject: str
    body: str

    def placeholders(self) -> frozenset[str]:
        """The names in braces, in subject and body."""
        return frozenset(PLACEHOLDER.findall(f"{self.subject} {self.body}"))


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its values: `subject` is one line, `body` has LF line ends and no control characters but TAB."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language, by id."""

    texts: Mapping[str, Text]
    language: str = "it"

    def text(self, text_id: str) -> Text:
        """The text as its file says it.

        Raises:
            TextError: there is no text of that id.
        """
        found = self.texts.get(text_id)
        if found is None:
            raise TextError(f"there is no text {text_id} in language {self.language}")
        return found

    def fill(self, text_id: str, values: Mapping[str, str]) -> Filled:
        """The text with its values. Values are taken literally: braces inside a value stay what they are.

        In Italian a preposition before a value is joined with the article of the name: `dal Comune`. `{privacy}` is
        filled with T-PRIV, or with T-PRIV-NO-DPO where no `dpo` is given. Values that the text does not ask for are
        ignored.

        Raises:
            TextError: no such text, or a placeholder has no value; the message names both.

        Source: DOMAIN 13; PROMISES B-042 (no value reaches a header with a line end in it).
        """
        text = self.text(text_id)
        complete = self._with_privacy(text, values)
        placed = _AFTER_PREPOSITION if self.language == "it" else PLACEHOLDER
        return Filled(
            subject=_filled(text, text.subject, complete, one_line, placed),
            body=_filled(text, text.body, complete, clean, placed),
        )

    def _with_privacy(self, text: Text, values: Mapping[str, str]) -> Mapping[str, str]:
        if PRIVACY in values or PRIVACY not in text.placeholders():
            return values
        line = "T-PRIV" if values.get("dpo", "").strip() else "T-PRIV-NO-DPO"
        return {**values, PRIVACY: self.fill(line, values).body}


def _filled(
    text: Text, template: str, values: Mapping[str, str], washed: Callable[[str], str], placed: re.Pattern[str]
) -> str:
    def value(match: re.Match[str]) -> str:
        *preposition, name = match.groups()
        if name not in values:
            raise TextError(f"text {text.id} asks for {{{name}}}, which has no value here")
        told = washed(values[name])
        return joined(preposition[0], told) if any(preposition) else told

    return placed.sub(value, template)


def clean(value: str) -> str:
    """The value for a body: line ends are LF; control characters, direction overrides and lone surrogates are gone."""
    lines = _LINE_END.sub("\n", value)
    if lines.replace("\n", "").isprintable():  # nothing of Unicode's category C is: the common case, at once
        return lines
    return "".join(c for c in lines if c in "\n\t" or not _is_harmful(c))


def one_line(value: str) -> str:
    """The value for a subject or an SMS: one line, single blanks, nothing invisible.

    Source: PROMISES B-042, B-070.
    """
    spaced = _LINE_END.sub(" ", value).replace("\t", " ")
    if spaced.isprintable():
        return " ".join(spaced.split())
    shown = "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return " ".join(shown.split())


def _is_harmful(c: str) -> bool:
    return c in _DIRECTION or unicodedata.category(c) in {"Cc", "Cs"}


def quoted_subject(subject: str, *, empty: str = "(senza oggetto)", limit: int = SUBJECT_CHARS) -> str:
    """Somebody's subject as we quote it: one line, without ticket marks and Re:/Fwd:, at most `limit` characters.

    A mark in it would be a second ticket number in our subject, so every mark goes, whosever it is.
    """
    line = one_line(_OWN_MARK.sub(" ", one_line(subject)))
    while (shorter := _ANSWER_PREFIX.sub("", line)) != line:
        line = shorter
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return line or empty


# ------------------------------------------------------------------------------------------------------------------ SMS

_GSM_INSTEAD = str.maketrans({
    "’": "'", "‘": "'", "‚": "'", "‛": "'", "′": "'", "`": "'", "´": "'", "ʼ": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "–": "-", "—": "-", "‒": "-", "―": "-", "−": "-", "‐": "-", "‑": "-", "·": "-", "•": "-", "~": "-",
    "…": "...", "€": "EUR", "°": ".", "º": "o", "ª": "a", "№": "N.", "™": "TM", "©": "(c)", "®": "(R)",
    "[": "(", "]": ")", "{": "(", "}": ")", "\\": "/", "|": "/", "^": "'", "×": "x", "÷": "/", "⁄": "/",
    "À": "A'", "Á": "A'", "È": "E'", "Ì": "I'", "Í": "I'", "Ò": "O'", "Ó": "O'", "Ù": "U'", "Ú": "U'",
    "á": "à", "í": "ì", "ó": "ò", "ú": "ù", "ç": "c", "Ç": "C", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ı": "i", "þ": "th", "ð": "d",
})  # fmt: skip
# É, Ç and the extension table ({}[]~\|^€) are GSM-7 too, but an extension character costs two septets, and 0x09 of the
# basic table is Ç in 3GPP TS 23.038 and ç on many handsets: neither is worth a surprise on a page at night.


def gsm_text(value: str, *, septets: Callable[[str], int | None]) -> str:
    """The value in one line of the GSM-7 basic table: every character that is left costs exactly one septet.

    What has no near equivalent becomes `?` when it is a letter or a digit, and disappears when it is not.
    """
    told = one_line(unicodedata.normalize("NFC", one_line(value)).translate(_GSM_INSTEAD))
    return " ".join("".join(_gsm_char(c, septets) for c in told).split())


def _gsm_char(c: str, septets: Callable[[str], int | None]) -> str:
    if septets(c) == 1:
        return c
    flat = unicodedata.normalize("NFKD", c).translate(_GSM_INSTEAD)
    near = "".join(f for f in flat if not unicodedata.combining(f) and septets(f) == 1 and f.isprintable())
    if near:
        return near
    return "?" if c.isalnum() else ""


def fit_sms(
    text: Text, values: Mapping[str, str], *, septets: Callable[[str], int | None], limit: int = SMS_LIMIT
) -> str:
    """The text as one SMS: GSM-7 basic table, at most `limit` septets.

    Shortened, in this order and only as far as needed: the body [ente], the category, the service; then names that
    are no number, code or hour. `septets` counts what the carrier would count, None for text that is not GSM-7. When
    numbers, codes and hours alone were too long, which the loader of the texts excludes for real ones, the end is cut:
    a page that cannot be sent would be worse.

    Raises:
        TextError: a placeholder has no value.

    Source: DOMAIN 13, T-SMS; B-070.
    """
    wanted = text.placeholders()
    missing = sorted(wanted - values.keys())
    if missing:
        raise TextError(f"text {text.id} asks for {{{missing[0]}}}, which has no value here")
    template = _gsm_template(text.body, septets)
    told = {name: gsm_text(values[name][:SMS_READ_CHARS], septets=septets) for name in wanted}
    for name, least in _shortening(wanted, told):
        excess = len(_joined(template, told)) - limit
        if excess <= 0:
            break
        told[name] = told[name][: max(least, len(told[name]) - excess)].rstrip()
    return _joined(template, told)[:limit].rstrip()


def _shortening(wanted: frozenset[str], told: Mapping[str, str]) -> Iterable[tuple[str, int]]:
    """What gives way, in order, and to how many characters: first down to something readable, then to nothing."""
    first = [name for name in _SHORTENED if name in wanted]
    others = sorted(wanted - _WHOLE - set(first), key=lambda name: -len(told[name]))
    return [
        *((name, _READABLE_CHARS) for name in (*first, *others)),
        *((name, 0) for name in (*first, *others)),
    ]


def _gsm_template(template: str, septets: Callable[[str], int | None]) -> str:
    """The fixed words in GSM-7; braces stay where they are placeholders."""
    parts = re.split(r"(\{[a-z][a-z0-9_]*\})", " ".join(template.split()))
    return "".join(part if PLACEHOLDER.fullmatch(part) else _gsm_words(part, septets) for part in parts)


def _gsm_words(words: str, septets: Callable[[str], int | None]) -> str:
    return "".join(_gsm_char(c, septets) for c in words.translate(_GSM_INSTEAD))


def _joined(template: str, told: Mapping[str, str]) -> str:
    """The SMS as it stands; a value that is gone takes its comma with it."""
    whole = PLACEHOLDER.sub(lambda match: told[match.group(1)], template)
    return " ".join(_GAPS.sub("", whole).split())
