"""Recurrence rules (RFC 5545, RRULE) in Rome wall time: what a rule comes to, or why it is refused.

The rule is expanded on the wall clock, as a calendar does with a time zone: "every Friday at 18.00" is 18.00 in summer
and in winter. The arithmetic is dateutil's.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from dateutil.rrule import rrulestr

from gateway.domain.hours import ROME

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = frozenset({
    "FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYSETPOS",
    "BYHOUR", "BYMINUTE",
})  # fmt: skip
MOST = 40_000
"""Twice a day for longer than fifty years."""
_SHAPE = re.compile(r"[A-Z]+=[A-Z0-9,+-]+(;[A-Z]+=[A-Z0-9,+-]+)*")
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")


class RuleError(ValueError):
    """The rule cannot be followed; the text says why."""


def occurrences(
    rules: tuple[str, ...], starts: datetime, *, until: datetime, without: frozenset[date] = frozenset()
) -> tuple[datetime, ...]:
    """The wall times (naive) at which the rules fall, from `starts` to before `until`, in order, each once.

    `without` are the days that are left out (EXDATE). `starts` is the first of them (DTSTART).

    Raises:
        RuleError: a rule is not of RFC 5545, goes by hours, minutes or seconds, or `starts` is none of its times.
    """
    found: set[datetime] = set()
    for rule in rules:
        parts = _parts(rule)
        last = min(_until(parts.pop("UNTIL", None)), until - timedelta(microseconds=1))
        text = ";".join(f"{name}={value}" for name, value in parts.items())
        found.update(at for at in _expanded(text, starts, last, counted="COUNT" in parts) if at <= last)
    if starts not in found:
        after = min(found, default=None)
        raise RuleError(f"it does not fall on {starts:%Y-%m-%d %H:%M}; {_first(after)}")
    return tuple(sorted(at for at in found if at.date() not in without))


def _first(at: datetime | None) -> str:
    return f"its first time is {at:%Y-%m-%d %H:%M}" if at else "it never falls in the time of the contract"


def _parts(rule: str) -> dict[str, str]:
    text = rule.strip().removeprefix("RRULE:")
    if not _SHAPE.fullmatch(text):
        raise RuleError(f"{rule!r} is no rule of RFC 5545")
    pairs = [part.partition("=")[::2] for part in text.split(";")]
    parts = dict(pairs)
    strange = [name for name in parts if name not in PARTS]
    if strange or len(parts) != len(pairs):
        raise RuleError(f"{(strange or ['a part'])[0]} cannot stand in {rule!r}")
    if parts.get("FREQ") not in FREQUENCIES:
        raise RuleError(f"FREQ is {parts.get('FREQ')}; it is one of {', '.join(FREQUENCIES)}")
    return parts


def _until(text: str | None) -> datetime:
    """The last wall time of a rule. A day counts to its end; Z is UTC (RFC 5545 §3.3.10)."""
    if text is None:
        return datetime.combine(date.max, time(0))
    found = _UNTIL.fullmatch(text)
    try:
        day = date.fromisoformat(found[1] if found else "")
        at = datetime.combine(day, time.fromisoformat(found[2]) if found and found[2] else time.max)
    except ValueError:
        raise RuleError(f"UNTIL={text} is no day and no time") from None
    return at.replace(tzinfo=UTC).astimezone(ROME).replace(tzinfo=None) if text.endswith("Z") else at


def _expanded(rule: str, starts: datetime, last: datetime, *, counted: bool) -> list[datetime]:
    """The times of a rule; one that counts them ends by itself (RFC 5545 allows COUNT or UNTIL, not both)."""
    try:
        expanded = rrulestr(rule, dtstart=starts)
        found = list(islice(expanded if counted else expanded.replace(until=last), MOST + 1))
    except (ValueError, TypeError, KeyError, IndexError) as wrong:
        raise RuleError(f"{rule!r} is no rule of RFC 5545: {wrong}") from wrong
    if len(found) > MOST:
        raise RuleError(f"{rule!r} falls more than {MOST} times")
    return found
