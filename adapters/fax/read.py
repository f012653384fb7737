"""What the mail of a fax says of the fax: number, station, pages, printed time, job, which attachment it is.

Pure: a mail as read goes in, a `FaxReading` comes out; nothing raises on other people's text. A form that is not in
`adapters.fax.shapes` gives a reading with `to_verify`, and its document all the same.

A mail that tells of a fax that somebody sent (`sent`) or of one that never arrived (`failed`) is no request; pages that
came although the reception failed are one, and are flagged (DOMAIN section 9).

The number: what the line gave (CLIP) comes before what the sending machine calls itself; a station identifier is set by
its owner and proves nothing (DOMAIN section 9), so where it has to stand for the number a defect says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import phonenumbers

from adapters.fax.pages import kind_of
from adapters.fax.shapes import FIELDS, MAX_LINE, MAX_LINES, Shape, shipped
from gateway.domain.intake import Attachment, FaxReading, MailReading, RepeatKey

REGION = "IT"
REPEAT_HOLDS_FOR = timedelta(hours=24)

_LABEL = re.compile(r"^\s*(?P<label>[^:]{1,40}):(?P<value>.*)$")
_YEAR_FIRST = re.compile(
    r"(?P<year>[0-9]{4})[:/-](?P<month>[0-9]{1,2})[:/-](?P<day>[0-9]{1,2})[ T]{1,4}"
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?: ?(?P<zone>[A-Z]{3,4}))?"
)
_DAY_FIRST = re.compile(
    r"(?P<day>[0-9]{1,2})[/.-](?P<month>[0-9]{1,2})[/.-](?P<year>[0-9]{4})[ ,]{0,4}(?:alle|ore|at|-)? ?(?:ore)? ?"
    r"(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2}))?(?: ?(?P<zone>[A-Z]{3,4}))?"
)
_RUN_TOGETHER = re.compile(
    r"^(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})_(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
    r"(?P<second>(?!))?(?P<zone>(?!))?$"
)
_TIMES = (_YEAR_FIRST, _DAY_FIRST, _RUN_TOGETHER)
_ZONES: Mapping[str, tzinfo] = {
    "UTC": UTC,
    "GMT": UTC,
    "CET": timezone(timedelta(hours=1)),
    "CEST": timezone(timedelta(hours=2)),
}
_BREAKS = re.compile(r"\r\n|\r|\n|<br ?/?>", re.IGNORECASE)
"""Ends of lines; some services write HTML and call it plain text."""
_DURATION = re.compile(r"(?:(?P<hours>[0-9]{1,2}):)?(?P<minutes>[0-9]{1,3}):(?P<seconds>[0-9]{2})(?![0-9:])")
_SECONDS = re.compile(r"(?P<seconds>[0-9]{1,5}) ?(?:s|sec|secondi|seconds)?\.?$", re.IGNORECASE)
_LINK = re.compile(r"\bhttps?://", re.IGNORECASE)
_PREFERRED = ("image/tiff", "application/pdf", "application/postscript")
_BY_NAME = {
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".pdf": "application/pdf",
    ".ps": "application/postscript",
}


def read_fax(
    reading: MailReading,
    recipients: tuple[str, ...],
    documents: Mapping[str, bytes] | None = None,
    own: Sequence[Shape] = (),
) -> FaxReading:
    """What `reading` says of the fax it carries.

    `own` are the shapes of the installation, which are tried before those that come with Centralino.

    `recipients` are the envelope's: one whose local part is a number is the called number when the text names none.
    `documents` are the bytes of attachments by their `part` (the first kilobyte is enough): with them the type is told
    by content, without them by the declared type and the name.

    Source: DOMAIN section 9.
    """
    document, odd = _document(reading, documents or {})
    lines = [line[:MAX_LINE] for line in _BREAKS.split(reading.text, maxsplit=MAX_LINES)[:MAX_LINES]]
    for shape in (*own, *shipped().shapes):
        values = _values(shape, reading, lines, document)
        if values is not None:
            return _reading(shape, values, (reading, lines, document, recipients), odd)
    return FaxReading(
        number=None,
        station_id=None,
        pages=None,
        sent_at_text=None,
        sent_at=None,
        job_id=None,
        called_number=_called(None, recipients),
        document_sha256=document.sha256 if document else None,
        to_verify=True,
        defects=(*odd, "shape_unknown", *(() if document else (_no_document(lines),))),
    )


def document_key(
    number: str | None,
    called_number: str | None,
    document_sha256: str,
    *,
    provider: str = "",
    job_id: str | None = None,
) -> RepeatKey:
    """By what a second delivery of the same fax is known.

    With a job id: provider, called number, job and document, for ever. The document is part of it because a fax server
    that is set up anew counts from one again, and because anybody can write a job number into a mail: neither may make
    a fax disappear. Without: number, called number and document, for 24 hours.

    Source: DESIGN "Repeats".
    """
    if job_id:
        return RepeatKey(_key("job", provider, called_number or "", job_id, document_sha256))
    return RepeatKey(_key("document", number or "", called_number or "", document_sha256), REPEAT_HOLDS_FOR)


def repeat_key(reading: FaxReading) -> RepeatKey | None:
    """The key of a fax as read; None when nothing identifies it (then the mail's own key has to do).

    Two withheld callers may send the same form: without number and job the station and the printed time join the key,
    and where there is none of these either, one document is no proof that two faxes are one.
    """
    if reading.document_sha256 is None:
        if reading.job_id is None:
            return None
        return RepeatKey(_key("notice", reading.shape or "", reading.job_id), REPEAT_HOLDS_FOR)
    if not (reading.number or reading.job_id or reading.station_id or reading.sent_at_text):
        return None
    who = reading.number or f"{reading.station_id or ''}/{reading.sent_at_text or ''}"
    return document_key(
        who, reading.called_number, reading.document_sha256, provider=reading.shape or "", job_id=reading.job_id
    )


def _key(*parts: str) -> str:
    return "fax:" + hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


# --------------------------------------------------------------------------------------------------------- the document


def _document(reading: MailReading, documents: Mapping[str, bytes]) -> tuple[Attachment | None, tuple[str, ...]]:
    """The attachment that is the fax (TIFF before PDF before PostScript), and what is odd about the choice."""
    kinds = [(_kind(part, documents.get(part.part)), part) for part in reading.attachments]
    for wanted in _PREFERRED:
        found = [part for kind, part in kinds if kind == wanted]
        if found:
            odd = ("several_documents",) if len({part.sha256 for part in found}) > 1 else ()
            return found[0], (*odd, "postscript_not_shown") if wanted == _PREFERRED[-1] else odd
    return None, ("document_of_unknown_type",) if any(not part.inline for part in reading.attachments) else ()


def _kind(part: Attachment, content: bytes | None) -> str | None:
    if content is not None:
        return kind_of(content)
    if part.type in _PREFERRED:
        return part.type
    return next((kind for ending, kind in _BY_NAME.items() if part.name.lower().endswith(ending)), None)


def _no_document(lines: list[str]) -> str:
    """A link to a portal is for a person to open; we never do (DOMAIN section 9)."""
    return "document_to_download" if any(_LINK.search(line) for line in lines) else "document_missing"


# ------------------------------------------------------------------------------------------------------------ the shape


def _values(shape: Shape, reading: MailReading, lines: list[str], document: Attachment | None) -> dict[str, str] | None:
    """What the mail gives by this shape, first finding first, or None when it has another shape."""
    subject = _first(shape.subject, [" ".join(reading.subject.split())[:MAX_LINE]])
    sender = _first(shape.sender, [address.address[:MAX_LINE] for address in reading.senders[:1]])
    if subject is None or sender is None or _first(shape.needs, lines) is None:
        return None
    if (shape.blank_text and reading.text.strip()) or (shape.needs_document and document is None):
        return None
    values: dict[str, str] = {}
    _keep(values, _labelled(shape, lines))
    _keep(values, subject)
    _keep(values, sender)
    for pattern in shape.lines:
        _keep(values, _first((pattern,), lines) or {})
    if document is not None and shape.file_name:
        _keep(values, _first(shape.file_name, [document.shown_name[:MAX_LINE]]) or {})
    return values


def _first(patterns: tuple[re.Pattern[str], ...], lines: list[str]) -> dict[str, str | None] | None:
    """The groups of the first match; `{}` when nothing was asked, None when nothing matched."""
    if not patterns:
        return {}
    found = (match for line in lines for pattern in patterns if (match := pattern.search(line)))
    match = next(found, None)
    return None if match is None else match.groupdict()


def _labelled(shape: Shape, lines: list[str]) -> dict[str, str | None]:
    values: dict[str, str | None] = {}
    for line in lines:
        match = _LABEL.match(line)
        name = shape.labels.get(match["label"].strip().lower()) if match else None
        if match and name:
            values.setdefault(name, match["value"].strip())
    return values


def _keep(values: dict[str, str], found: Mapping[str, str | None]) -> None:
    for name, value in found.items():
        if name in FIELDS and value and value.strip():
            values.setdefault(name, value.strip()[:120])


def _any_line(patterns: tuple[re.Pattern[str], ...], lines: list[str]) -> bool:
    return _first(patterns, lines) is not None


# ---------------------------------------------------------------------------------------------------------- the reading


def _reading(
    shape: Shape,
    values: dict[str, str],
    mail: tuple[MailReading, list[str], Attachment | None, tuple[str, ...]],
    odd: tuple[str, ...],
) -> FaxReading:
    reading, lines, document, recipients = mail
    said = [" ".join(reading.subject.split())[:MAX_LINE], *lines]
    sent = bool(shape.sent) and _any_line(shape.sent, said)
    failed = not sent and _any_line(shape.failed or shipped().failed, said)
    number, station, about_number = _who(shape, values, said)
    sent_at, about_time = _instant(values.get("time"), shape.zone)
    pages, about_pages = _pages(values.get("pages"))
    no_document = () if document or failed or sent else (_no_document(lines),)
    return FaxReading(
        number=number,
        station_id=station,
        pages=pages,
        sent_at_text=values.get("time"),
        sent_at=sent_at,
        job_id=_job(values.get("job")),
        called_number=_called(values.get("called"), recipients),
        document_sha256=document.sha256 if document else None,
        # Pages that came before the line broke are a contact all the same.
        partial=_any_line(shape.partial + shipped().partial, said) or (failed and document is not None),
        failed=failed and document is None,
        sent=sent,
        quality=values.get("quality"),
        duration_s=_seconds(values.get("duration")),
        shape=shape.name,
        defects=(*odd, *about_number, *about_pages, *about_time, *no_document),
    )


def _who(shape: Shape, values: dict[str, str], said: list[str]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Number, station identifier and what is odd about them."""
    station = values.get("station")
    station = None if station is None or station.lower() in {"<unknown>", "unknown", "<none>"} else station
    given = [_with_plus(values[name], shape) for name in ("caller", "number", "who") if name in values]
    number = next((found for text in given if (found := e164(text))), None)
    if number:
        return number, station, ()
    withheld = _any_line(shipped().withheld, given) or (
        not shape.station_is_number and _any_line(shipped().withheld, said)
    )
    if withheld:
        return None, station, ("number_withheld",)
    if shape.station_is_number and not given and (number := e164(station or "")):
        return number, station, ("number_is_station_id",)
    if given and station is None:  # a name of the provider's address book, or an extension
        return None, given[0], ("number_unreadable",)
    return None, station, ("number_unreadable",) if given else ("number_missing",)


def _with_plus(text: str, shape: Shape) -> str:
    """The number in the international form that its service writes without a plus."""
    return f"+{text}" if shape.country_code and re.match(r"[1-9]", text) else text


def e164(text: str) -> str | None:
    """The number in E.164 form (`+390700000001`: the Italian zero stays), or None when it can be no number."""
    if len(re.findall(r"[0-9]", text)) < 5 or re.search(r"[A-Za-z@]", text):  # noqa: PLR2004 - an extension
        return None
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _called(text: str | None, recipients: tuple[str, ...]) -> str | None:
    candidates = [text or "", *(recipient.partition("@")[0].removeprefix("fax") for recipient in recipients)]
    return next((number for candidate in candidates if (number := e164(candidate))), None)


def _pages(text: str | None) -> tuple[int | None, tuple[str, ...]]:
    if text is None:
        return None, ()
    match = re.match(r"[0-9]{1,5}(?![0-9])", text)
    return (int(match[0]), ()) if match else (None, ("pages_unreadable",))


def _seconds(text: str | None) -> int | None:
    """How long the transmission took: `1:42`, `0:01:42`, `102 s`."""
    match = _DURATION.match(text or "") or _SECONDS.match(text or "")
    if match is None:
        return None
    told = match.groupdict()
    return int(told.get("hours") or 0) * 3600 + int(told.get("minutes") or 0) * 60 + int(told["seconds"])


def _job(text: str | None) -> str | None:
    """The CommID without its `c` and without the address of its log."""
    if text is None:
        return None
    word = text.split()[0]
    return word[1:] if re.fullmatch(r"c[0-9]+", word) else word


def _instant(text: str | None, zone: str) -> tuple[datetime | None, tuple[str, ...]]:
    """The printed time as an instant in UTC. A zone that is printed with it comes before the shape's own."""
    if text is None:
        return None, ()
    match = next((found for pattern in _TIMES if (found := pattern.search(text))), None)
    if match is None:
        return None, ("time_unreadable",)
    year, month, day, hour, minute, second = (
        int(match[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    printed = _ZONES.get((match["zone"] or "").upper())
    place = printed or ZoneInfo(zone)
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=place)
        instant = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, ("time_unreadable",)
    if local.replace(fold=1).astimezone(UTC) != instant:
        # The hour that comes twice in October: the first one, and say so. The one that is skipped in March likewise.
        return instant, ("time_ambiguous",)
    return instant, ()
