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
    "end",
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


# ------------------------------------------------------------------------------------- which texts there are, with what

_MAIL = "ticket service body privacy"
_PAGE = "service ticket category body time code"
_PASSED_ON = "office date time channel subject why requester text attachments"
_CONTACTS = "contract office article details hours valid_from days service vendor"
_TERM = "ticket service body date time term_name due clause"
_BRAKES = ("T-ALARM-ANSWERS-STORM", "T-ALARM-ANSWERS-ADDRESS", "T-ALARM-ANSWERS-DOMAIN")
_OUTAGE = "name channel date time cause"
_DUTY = "service body start end by change person"
_SHEET = (
    "ticket opened_date opened_time channel contract body priority impact users system module version environment os"
    " browser role first_seen frequency reproducible description steps expected obtained error analysis actions"
    " workaround articles attachments contact_role contact_phone contact_mail contact_hours term"
)

PLACEHOLDERS: dict[str, frozenset[str]] = {
    text_id: frozenset(names.split())
    for text_id, names in {
        "T-ACK": f"{_MAIL} also subject date time channel expected phone hours",
        "T-ACK-NO-PHONE": f"{_MAIL} also subject date time channel expected hours",
        "T-OOH-ONCALL": f"{_MAIL} also subject date time hours next_opening next_opening_short oncall_number",
        "T-OOH-ONCALL-LAST": f"{_MAIL} also subject date time hours oncall_number",
        "T-OOH": f"{_MAIL} also subject date time hours next_opening next_opening_short reason",
        "T-OOH-CLOSED": f"{_MAIL} also subject date time hours reason",
        "T-NOT-STARTED": f"{_MAIL} start_date client_contact",
        "T-LATE-ENDED": f"{_MAIL} end_date client_contact",
        "T-PHASE": f"{_MAIL} acceptance_date served_since first_level_name first_level_phone first_level_mail",
        "T-FIRST-LEVEL": f"{_MAIL} first_level_name first_level_phone first_level_mail",
        "T-IDENTIFY": _MAIL,
        "T-NOT-ENTITLED": f"{_MAIL} subject client_contact",
        "T-OUT": f"{_MAIL} matter office office_contacts",
        "T-OUT-FORWARDED": f"{_MAIL} matter office office_contacts",
        "T-OUT-NO-OFFICE": f"{_MAIL} matter",
        "T-ONSITE": f"{_MAIL} also date time visit_site due term used quota period_end",
        "T-ONSITE-PLAIN": f"{_MAIL} also date time visit_site visit_when",
        "T-ONSITE-QUOTA": f"{_MAIL} quota client_contact reach",
        "T-ONSITE-PERIOD": f"{_MAIL} period_end client_contact",
        "T-ONSITE-SITE": f"{_MAIL} visit_site admitted_sites client_contact reach",
        "T-L2-PERIOD": f"{_MAIL} period_end client_contact",
        "T-ALSO-ORGANISATION": "",
        "T-ALSO-VISIT": "",
        "T-FAXPA": f"{_MAIL} date pages pec mail",
        "T-FAXPA-MAIL": f"{_MAIL} date pages mail",
        "T-FORWARD": f"{_MAIL} {_PASSED_ON}",
        "T-FORWARD-MORE": f"{_MAIL} subject requester text attachments",
        "T-DECISION": f"{_MAIL} {_PASSED_ON}",
        "T-ASK-CLIENT": f"{_MAIL} office subject date time missing",
        "T-WHY-FIRST-LEVEL": "service clause",
        "T-WHY-NOT-ENTITLED": "service clause",
        "T-WHY-OUT": "service clause matter",
        "T-WHY-ENDED": "service clause end_date",
        "T-WHY-NOT-STARTED": "service clause start_date",
        "T-WHY-SITE": "clause visit_site admitted_sites",
        "T-WHY-QUOTA": "clause used quota",
        "T-WHY-PERIOD": "clause period_end",
        "T-WHY-L2": "clause period_end",
        "T-QUOTA-WARN": f"{_MAIL} office used quota period_end clause",
        "T-CONTACTS": f"{_CONTACTS} start_date",
        "T-CONTACTS-CHANGE": _CONTACTS,
        "T-TERM-NEAR": f"{_TERM} explained",
        "T-TERM-MISSED": f"{_TERM} explained",
        "T-ASK": f"{_MAIL} missing phone",
        "T-ASK-NO-PHONE": f"{_MAIL} missing",
        "T-WA": f"{_MAIL} steps limits expected phone",
        "T-WA-NONE": f"{_MAIL} reason advice date time",
        "T-SOL": f"{_MAIL} outcome solution days feedback",
        "T-SOL-NO-FEEDBACK": f"{_MAIL} outcome solution days",
        "T-REPLY": f"{_MAIL} subject text",
        "T-ALARM": "ticket service body date time attempts attempt_list retry_time",
        "T-ALARM-NOTE": "ticket service body date time problem",
        "T-ALARM-MANY": "service count list date time",
        "T-ALARM-OUTAGE": _OUTAGE,
        "T-ALARM-OUTAGE-OVER": f"{_OUTAGE} end_time",
        "T-ALARM-DIRECTORY": "name person number why date time",
        "T-ALARM-MAILBOX": "name mailbox problem date time",
        "T-BOX-GONE": "folder count deleted numbers",
        "T-BOX-LATE": "folder count",
        "T-BOX-WITHHELD": "number",
        "T-BOX-NOT-MOVED": "folder reason",
        "T-BOX-SILENT": "date time",
        "T-ALARM-TOKEN": "name what end_date days",
        "T-WHY-STOPPED": "own_number",
        "T-WHY-NOT-TEXTED": "",
        "T-WHY-NO-NUMBER": "",
        "T-WHY-NOT-REACHED": "",
        "T-WHY-BLOCKED": "",
        "T-WHY-UNKNOWN": "",
        "T-WHY-SPAM": "",
        "T-WHY-COUNTRY": "",
        "T-WHY-NO-ROUTE": "",
        "T-ALARM-CALLER-ID": "name count number date time",
        "T-ALARM-CEILING-HOUR": "name channel limit date time",
        "T-ALARM-CEILING-DAY": "name channel limit date time",
        "T-ALARM-CERTIFICATE": "name what end_date days",
        "T-ALARM-WARNINGS": "name findings",
        "T-ALARM-SCANNER": "name date time cause",
        "T-ALARM-INFECTED": "name date time tickets found",
        **dict.fromkeys(_BRAKES, "ticket address service date time"),
        "T-ALARM-UNFILED": "name intake channel reason",
        "T-ALARM-DRILL": "service contract month last",
        "T-DRILL-RESULT": "ticket service date time results",
        "T-PAGE": "ticket service category body date time link",
        "T-PAGE-MANY": "ticket service count list link",
        "T-DRILL": "ticket service link",
        "T-WATCH-UNCONFIRMED": "service body contract contact start end minutes",
        "T-SWAP-ASKED": _DUTY,
        "T-SWAP-ASKED-LINK": f"{_DUTY} link",
        "T-SWAP-DECLINED": _DUTY,
        "T-ASSIGNED": "ticket service body subject by date time",
        "T-DUTY-YOURS": _DUTY,
        "T-DUTY-OTHERS": _DUTY,
        "T-PRIV": "controller privacy_url dpo",
        "T-PRIV-NO-DPO": "controller privacy_url",
        "T-ESC": f"{_SHEET} vendor contract_reference summary service sender_body",
        "T-ESC-INT": "ticket count summary date additions first_date service sender_body",
        "T-ESC-REM": "ticket date priority term limit_time service sender_body",
        "T-ESC-FAILED": "ticket date time mailbox reason",
        "M-01": _PAGE,
        "M-02": f"{_PAGE} oncall_number",
        "M-03": "service ticket minutes code left",
        "M-04": "service ticket time",
        "M-05": "service start end deputy",
        "M-CONFIRMED": "service start end",
        "M-SWAP": "service person start end code",
        "M-SWAP-YOURS": "service start end",
        "M-SWAP-KEPT": "service start end",
        "M-SWAP-TAKEN": "service person start end",
        "M-SWAP-DECLINED": "service person start end",
        "M-SWAP-OVER": "service start end",
        "M-SWAP-BLOCKED": "service",
        "M-06": "service ticket attempts time",
        "M-07": "service ticket phone",
        "M-08": "service ticket due phone",
        "M-FORWARDED": "service ticket phone",
        "M-IDENTIFY": "service ticket",
        "M-09": "service channel time",
        "M-10": _PAGE,
        "M-MANY": "service count minutes ticket time code",
        "M-COURTESY": "service",
        "M-TAKEN": "service ticket time",
        "M-PASSED": "service ticket",
        "M-WHICH": "service codes",
        "M-04-MANY": "service count time",
        "M-03-TAKEN": "service ticket minutes code left",
        "M-WHICH-MORE": "service count codes",
        "M-TAKEN-MANY": "service count time ticket",
        "M-STOPPED": "service person",
        "M-DRILL": "service ticket code",
        "M-DRILL-DONE": "service ticket time",
        "M-WRONG-CODE": "service left",
        "M-CODE-BLOCKED": "service ticket",
        "M-NOTHING-OPEN": "service",
        "V-01": "service",
        "V-02": "controller site",
        "V-03": "purpose days",
        "V-04": "",
        "V-05": "minutes",
        "V-06": "hours_spoken next_opening_spoken",
        "V-07": "",
        "V-08": "service ticket_spoken",
        "V-09": "ticket_spoken",
        "V-10": "next_opening_spoken",
        "V-11": "reason next_opening_spoken mail",
        "V-11-NO-MAIL": "reason next_opening_spoken",
        "V-12": "ticket_spoken",
        "V-13": "",
        "V-14": "acceptance_date served_since first_level_name first_level_phone_spoken",
        "V-14-FIRST-LEVEL": "first_level_name first_level_phone_spoken",
        "V-15-NOT-STARTED": "start_date",
        "V-15-ENDED": "end_date",
        "V-16": "",
        "V-17": "",
        "V-18": "country",
        "V-NUMBER": "ticket_spoken",
        "V-CLOSED": "hours_spoken next_opening_spoken",
        "V-SPEAK": "",
        "V-MESSAGE": "",
        "V-NO-INPUT": "",
        "V-GOODBYE": "",
        "V-PAGE": "service ticket_spoken category body time_spoken",
        "V-PAGE-NORMAL": "service ticket_spoken category body time_spoken",
        "V-PAGE-TAKEN": "ticket_spoken",
        "V-PAGE-PASSED": "ticket_spoken",
        "V-PAGE-LATE": "ticket_spoken",
        "V-PAGE-NO-KEY": "",
        "V-PAGE-TAKEN-MANY": "count ticket_spoken",
        "V-PAGE-MANY": "service count ticket_spoken category body",
        "V-DRILL": "service",
        "V-DRILL-DONE": "",
        "V-ALARM": "service channel time_spoken",
        "W-PAGE": "ticket service category date time",
        "W-PAGE-MANY": "service count list",
        "W-PAGE-DRILL": "service",
        "W-PAGE-BUTTON": "",
        "W-PAGE-YOURS": "ticket",
        "W-PAGE-YOURS-MANY": "count",
        "W-PAGE-CONFIRMED": "",
        "W-PAGE-OTHER": "ticket",
        "W-PAGE-GONE": "",
        "W-SWAP": "service by start end",
        **dict.fromkeys(("W-SWAP-ACCEPT", "W-SWAP-DECLINE", "W-SWAP-GONE"), ""),
        "W-SWAP-YOURS": "start end",
        "W-SWAP-DECLINED": "start end by",
        "W-SWAP-OVER": "start end",
        "V-CODE": "",
        "V-WRONG-CODE": "",
        "V-00": "service",
        "V-00-SHORT": "service",
        "V-02-SHORT": "controller site",
        "V-03-SHORT": "purpose days",
        "V-04-MORE": "",
        "V-ENGLISH": "",
        "V-06-SHORT": "",
        "V-REOPENS": "next_opening_spoken",
        "V-MORE": "",
        "V-CONNECTING": "",
        "V-NUMBER-SHORT": "ticket_spoken",
        "V-16-MESSAGE": "",
        "V-QUEUE-OVER": "",
        "V-CALL-BACK": "expected_spoken",
        "V-CALL-BACK-NUMBER": "",
        "V-OWN-NUMBER": "",
        "V-OWN-FOUND": "ticket_spoken",
        "V-OWN-UNKNOWN": "",
        "V-DUE": "expected_spoken",
        "V-NEXT": "next_opening_spoken",
        "V-TAKEN": "",
        "V-09-SAY": "ticket_spoken",
        "V-STILL-URGENT": "",
        "V-NOT-RECORDED": "",
        "V-DESK": "service ticket_spoken category",
        "V-CONNECTED": "",
        "V-LEG-GONE": "ticket_spoken",
        "V-POSITION": "position",
        "V-FALLBACK": "",
    }.items()
}
"""Every text there must be, and the placeholders that have a value when it is filled."""
