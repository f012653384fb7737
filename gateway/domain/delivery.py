"""What we do next when the carrier tells how an SMS or a call of ours fares, when it refuses one, or says nothing.

A table: (channel, status, error code) gives the step and why. The most precise row wins; a code that has no row of its
own is taken as its status alone, and a status that nobody knows is waited for, never taken as success. Whether the
message is a page, and whose turn it is, decides `gateway.settling`.

Source: the carrier's pages of errors 13223 to 30008, and of the statuses of messages and calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.intake import Channel


class Next(StrEnum):
    """What follows."""

    WAIT = "wait"
    """It is on its way."""
    DONE = "done"
    """It lies on the telephone. That a person took it is another matter: only a key, a reply or a button says so."""
    GO_ON = "go_on"
    """It will not arrive: the ladder goes on at once, from an SMS to the same person's telephone, from a call on."""
    BY_VOICE_ALONE = "by_voice_alone"
    """As `GO_ON`, and the number gets no further SMS: it texted STOP, or it cannot be texted."""
    AGAIN = "again"
    """Not now: the same message with the same attempt id, later. After `SILENT_AFTER_S` the other medium as well."""


SILENT_AFTER_S = 60
"""Seconds without a status after which the carrier is asked, and the other medium is used when it knows none."""
REFUSED, TOO_MANY, FAULT, NO_ANSWER, UNAUTHORISED, SILENT = (
    "refused",
    "too-many",
    "fault",
    "no-answer-of-the-carrier",
    "unauthorised",
    "silent",
)
"""What is no status of the carrier's own: how its API answered, and that it tells nothing of what it took."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    `tell` is the text that tells the supervisors why somebody has to mend something, or empty. `down`: it counts
    towards an outage of the channel; one may be chance, several in a row are none.
    """

    channel: Channel
    status: str
    code: int | None
    next: Next
    why: str
    tell: str = ""
    down: bool = False


_W, _D, _G, _V, _A = Next.WAIT, Next.DONE, Next.GO_ON, Next.BY_VOICE_ALONE, Next.AGAIN

_STOPPED = ("the number texted STOP: only a START sent from it lets the carrier text it again", "T-WHY-STOPPED")
_NOT_TEXTED = ("this number cannot be texted (a landline)", "T-WHY-NOT-TEXTED")
_NO_NUMBER = ("this is no telephone number", "T-WHY-NO-NUMBER")
_NOT_REACHED = ("the number cannot be reached", "T-WHY-NOT-REACHED")
_BLOCKED = ("the telephone or its network blocks our texts", "T-WHY-BLOCKED")
_UNKNOWN_THERE = ("the network does not know the number", "T-WHY-UNKNOWN")
_SPAM = ("the network took the text for spam: every other one will be too", "T-WHY-SPAM")
_COUNTRY = ("the account may not send to this country", "T-WHY-COUNTRY")
_NO_ROUTE = ("the carrier has no route to this number from ours", "T-WHY-NO-ROUTE")


def _row(channel: Channel, status: str, code: int | None, step: Next, why: str | tuple[str, str]) -> Row:
    told, text = (why, "") if isinstance(why, str) else why
    return Row(channel, status, code, step, told, text, down=status in _DOWN)


_DOWN = (FAULT, NO_ANSWER, UNAUTHORISED, SILENT)
_SMS: tuple[tuple[str, int | None, Next, str | tuple[str, str]], ...] = (
    ("accepted", None, _W, "the carrier has it"),
    ("scheduled", None, _W, "the carrier has it"),
    ("queued", None, _W, "the carrier has it"),
    ("sending", None, _W, "the carrier hands it to the network"),
    ("sent", None, _W, "the network has it; that it reached the telephone nobody has said"),
    ("delivered", None, _D, "the telephone has it"),
    ("read", None, _D, "the telephone showed it"),
    ("undelivered", None, _G, "it did not arrive, for a reason that is not given"),
    ("failed", None, _G, "it did not leave the carrier"),
    ("canceled", None, _G, "somebody withdrew it at the carrier"),
    ("undelivered", 30003, _G, "the telephone is off or out of reach, perhaps for a moment: a call may get through"),
    ("undelivered", 30004, _G, _BLOCKED),
    ("undelivered", 30005, _G, _UNKNOWN_THERE),
    ("undelivered", 30006, _V, _NOT_TEXTED),
    ("undelivered", 30007, _G, _SPAM),
    ("undelivered", 30008, _G, "the network gives no reason: a second text would tell nothing new, a call does"),
    ("undelivered", 21610, _V, _STOPPED),
    (REFUSED, None, _G, "the carrier refused it for good"),
    (REFUSED, 21211, _V, _NO_NUMBER),
    (REFUSED, 21214, _V, _NOT_REACHED),
    (REFUSED, 21217, _V, _NO_NUMBER),
    (REFUSED, 21265, _V, _NOT_TEXTED),
    (REFUSED, 21408, _G, _COUNTRY),
    (REFUSED, 21610, _V, _STOPPED),
    (REFUSED, 21612, _G, _NO_ROUTE),
    (REFUSED, 21614, _V, _NOT_TEXTED),
    (REFUSED, 21635, _V, _NOT_TEXTED),
)
_CALL: tuple[tuple[str, int | None, Next, str | tuple[str, str]], ...] = (
    ("queued", None, _W, "the carrier has it"),
    ("initiated", None, _W, "the carrier is dialling"),
    ("ringing", None, _W, "the telephone rings"),
    ("in-progress", None, _W, "somebody or something answered"),
    ("answered", None, _W, "somebody or something answered"),
    ("completed", None, _G, "it ended without the key: a machine answers too"),
    ("busy", None, _G, "the telephone is engaged"),
    ("no-answer", None, _G, "nobody came to the telephone"),
    ("failed", None, _G, "the call could not be placed"),
    ("canceled", None, _G, "the call was withdrawn before anybody answered"),
    (REFUSED, None, _G, "the carrier refused it for good"),
    (REFUSED, 13223, _G, _NOT_REACHED),
    (REFUSED, 13224, _G, _NOT_REACHED),
    (REFUSED, 21211, _G, _NO_NUMBER),
    (REFUSED, 21214, _G, _NOT_REACHED),
    (REFUSED, 21217, _G, _NO_NUMBER),
    (REFUSED, 21408, _G, _COUNTRY),
    (REFUSED, 21612, _G, _NO_ROUTE),
)
_BOTH: tuple[tuple[str, int | None, Next, str | tuple[str, str]], ...] = (
    (TOO_MANY, None, _A, "the carrier asks us to be slower"),
    (FAULT, None, _A, "the carrier has a fault of its own, perhaps sent"),
    (NO_ANSWER, None, _A, "no answer from the carrier, perhaps sent"),
    (UNAUTHORISED, None, _A, "the carrier does not accept our account: check [twilio] auth_token"),
    (SILENT, None, _G, "the carrier took it and knows nothing of it"),
)
ROWS = tuple(
    _row(channel, *line)
    for channel, lines in ((Channel.SMS, (*_SMS, *_BOTH)), (Channel.VOICE, (*_CALL, *_BOTH)))
    for line in lines
)
TABLE = {(row.channel, row.status, row.code): row for row in ROWS}
UNKNOWN = "a status that we do not know: it is waited for, and never taken as success"
_SAME = {"failed": "undelivered"}
"""A text that fails at the carrier has the same error codes as one that fails on its way."""


def row(channel: Channel, status: str, code: int | None = None) -> Row:
    """What follows from a status and its error code (None: it gave none)."""
    named = (TABLE.get((channel, each, code)) for each in (status, _SAME.get(status, status)))
    return next(filter(None, named), None) or TABLE.get((channel, status, None)) or _unknown(channel, status)


def _unknown(channel: Channel, status: str) -> Row:
    return Row(channel, status, None, Next.WAIT, UNKNOWN)


def is_permanent(channel: Channel, code: int) -> bool:
    """Whether a request that was refused with this code is refused for good; any other code may be our own mistake."""
    return (channel, REFUSED, code) in TABLE


def when_asked(channel: Channel, status: str | None, code: int | None = None) -> Row:
    """What follows when the carrier had to be asked; None when it did not answer or knows nothing of it.

    What is still with the carrier after so long is as good as lost: the other medium is used, and the message may come
    later all the same.
    """
    if status is None or status in _STILL_THERE[channel]:
        return TABLE[channel, SILENT, None]
    return row(channel, status, code)


_STILL_THERE = {Channel.SMS: ("accepted", "scheduled", "queued", "sending"), Channel.VOICE: ("queued",)}


@dataclass(frozen=True, slots=True)
class Told:
    """How a message fares as the carrier tells when it is asked: its status, its error code, its id there."""

    status: str
    code: int | None
    reference: str


QUICK_FAILURES = 3
"""After so many calls in a row that failed at once the networks may be blocking our caller id (X19, S171)."""
AT_ONCE_S = 1.0
"""A call that fails within so many seconds without ringing was never tried by the network."""


def failed_at_once(status: str, took_s: float, *, rang: bool) -> bool:
    """Whether a call was turned away before the telephone could ring: what a blocked caller id looks like (X19)."""
    return status in {"failed", "busy"} and not rang and took_s <= AT_ONCE_S
