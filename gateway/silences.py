"""Numbers that get no SMS from us, and why: whoever texted STOP, a landline that stands as a mobile (B-081, X10).

A number is on the list by a row that no time removes: a timer of its own whose hour never comes. Only a START sent from
that telephone takes it off, or for a number that cannot be texted at all the directory.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gateway import alarms
from gateway.domain.register import SYSTEM, Happening
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from gateway.domain.ticket import Timer
    from gateway.ports import Gateway, Reading, Transaction

NO_SMS = "no_sms"
NEVER = datetime(9000, 1, 1, tzinfo=UTC)
STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE"})
START_WORDS = frozenset({"START", "UNSTOP", "YES"})
# Twilio, "Support for opt-out keywords": these texts, alone and in any case, stop and start what it delivers from us.
STOPPED = "T-WHY-STOPPED"


def number_key(number: str) -> int:
    """The key of a timer that belongs to a telephone number: its digits."""
    return int("".join(c for c in number if c.isdigit()) or "0")


def is_silent(reading: Reading, number: str) -> bool:
    """Whether this number gets no SMS."""
    return reading.timer(NO_SMS, number_key(number)) is not None


def silent(reading: Reading) -> list[Timer]:
    """Everybody who gets no SMS: number, reason and since when in the facts."""
    return reading.timers(NO_SMS)


def silence(gw: Gateway, tx: Transaction, number: str, why: str, at: datetime) -> bool:
    """This number gets no SMS from now on; the supervisors are told when it is one of the directory. False: it was so.

    `why` is the text that tells it (`delivery.Row.tell`).
    """
    if is_silent(tx, number):
        return False
    tx.set_timer(NO_SMS, number_key(number), NEVER, {"number": number, "why": why, "since": at.isoformat()})
    tx.record(SYSTEM, Happening("number_silenced", at, NOBODY, data={"why": why}, personal={"number": number}))
    person = gw.rules.people.by_number(number)
    if person is not None:
        tell_of_number(gw, tx, number, why, at)
        if why == STOPPED:
            alarms.text_supervisors(gw, tx, "M-STOPPED", {"person": person.name}, at, but=number)
    return True


def lift(tx: Transaction, number: str, at: datetime) -> bool:
    """START was texted from this number: it gets SMS again. False: it got them all the time."""
    if not is_silent(tx, number):
        return False
    tx.drop_timer(NO_SMS, number_key(number))
    tx.record(SYSTEM, Happening("number_released", at, NOBODY, personal={"number": number}))
    return True


def tell_of_number(gw: Gateway, tx: Transaction, number: str, why: str, at: datetime) -> None:
    """Somebody of the directory cannot be reached as planned: told once a day for each number and reason."""
    person = gw.rules.people.by_number(number)
    if person is None:
        return
    catalogue = gw.rules.texts(gw.rules.contracts[gw.rules.default_contract])
    told = catalogue.fill(why, {"own_number": gw.rules.sender_ids.answered_at}).body
    values = {"person": person.name, "number": number, "why": told}
    alarms.raise_once(gw, tx, "T-ALARM-DIRECTORY", values, at, about=f"{number}:{why}", within=timedelta(days=1))
