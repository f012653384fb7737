"""What is decided about a fax: when it was received, by what it is known again, by which words it is found."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.domain.hours import local
from gateway.domain.intake import RepeatKey

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.intake import FaxReading

CLOCKS_DIFFER = timedelta(minutes=15)
"""By how much the clock of a fax service may be ahead of ours."""
MAIL_WAITS = timedelta(days=7)
"""How long the mail of a fax may have waited somewhere; a time before that is a clock gone wrong."""
SAME_DOCUMENT_FOR = timedelta(hours=24)
TIME_NOT_CREDIBLE = "time_not_credible"
RECOGNISE = "recognise"
"""The timer of a fax that nobody has opened yet: its pages are looked at and read after its ticket exists."""
RECOGNISED = "_recognised"
"""Where a ticket's sheet keeps the words that a machine read in its fax: they are searched, and never sent."""
MAX_WORDS = 4_000
"""Characters of them."""


def received_at(fax: FaxReading, arrived_at: datetime) -> tuple[datetime, str | None]:
    """When a fax was received: the time stated by its service, else the arrival of its mail; and what is odd about it.

    A stated time that cannot be (later than the mail that tells it, or older than any queue) counts for nothing. Of an
    hour that comes twice in October the one counts that is nearer to the mail.

    Source: DOMAIN X2.
    """
    if fax.sent_at is None:
        return arrived_at, None
    stated = _nearer(fax, arrived_at)
    if stated > arrived_at:
        return arrived_at, None if stated - arrived_at <= CLOCKS_DIFFER else TIME_NOT_CREDIBLE
    if arrived_at - stated > MAIL_WAITS:
        return arrived_at, TIME_NOT_CREDIBLE
    return stated, None


def _nearer(fax: FaxReading, arrived_at: datetime) -> datetime:
    """The stated time, or the same wall clock an hour later where it comes twice and has come already."""
    first = fax.sent_at or arrived_at
    second = first + timedelta(hours=1)
    twice = "time_ambiguous" in fax.defects and local(first).replace(tzinfo=None) == local(second).replace(tzinfo=None)
    return second if twice and second <= arrived_at + CLOCKS_DIFFER else first


def same_document(fax: FaxReading) -> RepeatKey | None:
    """By what the same document from the same number is known for a day, whatever its transmission was called.

    None where the number or the document is unknown: two strangers may send the same form.
    """
    if not fax.number or not fax.document_sha256:
        return None
    key = "\0".join((fax.number, fax.called_number or "", fax.document_sha256))
    return RepeatKey(f"same-document:{key}", SAME_DOCUMENT_FOR)


def words_of(text: str) -> str:
    """The different words of a recognised text, in their order, for the search; what is shorter than three is noise."""
    words = dict.fromkeys(word for word in re.findall(r"\w{3,40}", text.casefold()) if not word.isspace())
    return " ".join(words)[:MAX_WORDS]
