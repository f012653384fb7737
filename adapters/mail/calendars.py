"""An invitation (`text/calendar`) as a value: what, when, where, who asks. Nothing here raises.

Only what stands in the file is read: nothing is looked up, repeated or answered, and no alarm of it is set. The library
is imported on first use, since few mails bring a calendar.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.mail.charsets import clean, clean_line, decode
from gateway.domain.invitation import Invitation

TYPES = frozenset(("text/calendar", "application/ics"))
MAX_BYTES = 64 * 1024
MAX_LINES = 2_000
MAX_EVENTS = 5
MAX_LINE = 300
MAX_DESCRIPTION = 2_000
_LONGEST = timedelta(days=3660)
_KINDS = ("VEVENT", "VTODO")
_ROME = ZoneInfo("Europe/Rome")
_SOONEST, _LATEST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def invitations(content: bytes, charset: str | None) -> tuple[tuple[Invitation, ...], str | None]:
    """The events of a calendar, the first five, and a defect when it cannot be read or is too long to be."""
    if len(content) > MAX_BYTES or content.count(b"\n") > MAX_LINES:
        return (), "calendar not read: too long"
    try:
        return _read(clean(decode(content, charset)[0])), None
    except Exception as error:  # noqa: BLE001 - other people's bytes in a library: the file is kept as it is
        return (), f"calendar not read: {type(error).__name__}"


def _read(text: str) -> tuple[Invitation, ...]:
    from icalendar import Calendar  # noqa: PLC0415 - see the module's docstring

    found: list[Invitation] = []
    for calendar in Calendar.from_ical(text.strip(), multiple=True):
        method = _line(calendar.get("METHOD")).upper()
        for event in calendar.walk():
            if event.name in _KINDS and len(found) < MAX_EVENTS:
                found.append(_invitation(event, method))
    return tuple(found)


def _invitation(event: Any, method: str) -> Invitation:  # noqa: ANN401 - a component of the library, which types little
    starts, whole_day = _instant(event, "DTSTART")
    ends, _ = _instant(event, "DTEND" if event.get("DTEND") is not None else "DUE")
    if ends is None and starts is not None:
        length = _value(event, "DURATION")
        ends = _kept(starts + length) if isinstance(length, timedelta) and abs(length) < _LONGEST else None
    organizer = event.get("ORGANIZER")
    return Invitation(
        method=method,
        summary=_line(event.get("SUMMARY")),
        starts_at=starts,
        ends_at=ends,
        whole_day=whole_day,
        location=_line(event.get("LOCATION")),
        organizer=_organizer(organizer) if organizer is not None else "",
        status=_line(event.get("STATUS")).upper(),
        repeats=event.get("RRULE") is not None,
        description=clean(str(event.get("DESCRIPTION") or ""))[:MAX_DESCRIPTION].strip(),
    )


def _line(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else None
    return clean_line(str(value))[:MAX_LINE].strip() if value is not None else ""


def _organizer(value: Any) -> str:  # noqa: ANN401 - as above
    value = value[0] if isinstance(value, list) else value
    address = _line(value)
    address = address[7:] if address[:7].lower() == "mailto:" else address
    name = _line(getattr(value, "params", {}).get("CN"))
    return f"{name} <{address}>" if name and name != address else address


def _value(event: Any, name: str) -> object:  # noqa: ANN401 - as above
    value = event.get(name)
    return getattr(value[0] if isinstance(value, list) and value else value, "dt", None)


def _instant(event: Any, name: str) -> tuple[datetime | None, bool]:  # noqa: ANN401 - as above
    """The instant in UTC and whether it is a day. A time without zone is the reader's (RFC 5545 §3.3.5): Rome's."""
    value = _value(event, name)
    if isinstance(value, datetime):
        return _kept(value if value.tzinfo else value.replace(tzinfo=_ROME)), False
    if isinstance(value, date):
        return _kept(datetime(value.year, value.month, value.day, tzinfo=_ROME)), True
    return None, False


def _kept(value: datetime) -> datetime | None:
    try:
        at = value.astimezone(UTC)
    except OverflowError:
        return None
    return at if _SOONEST < at < _LATEST else None
