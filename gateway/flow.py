r"""The life of one request, from top to bottom. Read this first.

    inlet      bytes -> accept                      committed -> only now 250, \Seen, 200
    worker     file_next      -> ticket + dispatches, one commit
    worker     claim_due, deliver -> claim, commit; send with no transaction open; outcome, commit
    provider   settling       -> confirmed, refused; a page that failed climbs; silent for a minute: ask_next
    ticker     chase_next     -> the next contact; the supervisor; the vendor that does not answer
    desk       gateway.desk

The network is used between transactions, never inside one. After a crash we would rather send twice, with the same
attempt id, than not at all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import (
    accepting,
    alarms,
    calls,
    certifying,
    drills,
    dues,
    filing,
    hangups,
    journal,
    outages,
    paging,
    receipts,
    reminding,
    replaying,
    settling,
    storms,
    texting,
    verifying,
    waking,
)
from gateway.domain.dispatch import Deferred
from gateway.domain.errors import StoreError
from gateway.domain.faxes import RECOGNISE
from gateway.domain.intake import Channel, IntakeState
from gateway.handovers import CONFIRM, WATCH, confirmation_due, hand_over
from gateway.ports import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from gateway.domain.authentication import Verdict
    from gateway.domain.delivery import Told
    from gateway.domain.dispatch import Dispatch, Outcome
    from gateway.domain.intake import Arrival, Intake, MailReading, Receipt
    from gateway.domain.ticket import Timer
    from gateway.ports import Asking, Gateway, Outlet, Reading, Transaction

FILE_LEASE = timedelta(minutes=2)
SEND_LEASE = timedelta(minutes=2)
MAIL_LEASE = timedelta(minutes=8)
"""Longer than the longest dialogue with a relay: nobody takes a mail over that is still being sent."""
TIMER_AGAIN = timedelta(minutes=1)
FILE_AGAIN = timedelta(seconds=5)
TOO_SLOW = "read again in the lane in which it delays nobody"


# -------------------------------------------------------------------------------------------------------------- accept


def accept(gw: Gateway, arrival: Arrival) -> Future[Receipt]:
    """Keep one contact exactly as received. The future is done after the commit is on disk: only then say 250."""
    return gw.store.submit_accept(arrival, gw.clock.now())


# ---------------------------------------------------------------------------------------------------------------- file


ROUNDS = 8
"""How often `file_next` goes on by itself before its loop shows that it is alive."""


def file_next(gw: Gateway, limit: int = 64, *, large: bool = False, give_way: Callable[[], None] = lambda: None) -> int:
    """Make tickets of the contacts that wait, oldest first; how many there were.

    The attempt is counted on disk before the bytes are looked at, so that a contact that kills the process is known
    as such after the restart. `large` contacts, and those that failed before, are the business of another loop, one by
    one: none delays a small one or takes it along (P4, C-47). While what was read is being written, the next are
    claimed and read; `give_way` is called in between.
    """
    most = 1 if large else limit
    filed = 0
    found = _read(gw, _claim(gw, most, large=large).result())
    for left in reversed(range(ROUNDS)):
        give_way()
        # The claim goes first: the writer takes it with the first units, and the next are read while it writes on.
        following = _claim(gw, most, large=large) if left and len(found) == most else None
        written = [(one.intake, time.perf_counter(), _file(gw, one)) for one in found]
        filed += len(found)
        try:
            found = _read(gw, following.result()) if following else []
        finally:
            for intake, began, future in written:
                _conclude_filing(gw, intake, future, began)
        if not found:
            break
    return filed


def _claim(gw: Gateway, most: int, *, large: bool) -> Future[list[Intake]]:
    now = gw.clock.now()
    return gw.store.submit(lambda tx: tx.claim_intakes(now, most, FILE_LEASE, large=large))


@dataclass(frozen=True, slots=True)
class _Found:
    """A claimed intake and what was read of its bytes: nothing for a signal or one that is given up."""

    intake: Intake
    reading: MailReading | None = None
    fault: BaseException | None = None
    looked: Verdict | None = None


def _read(gw: Gateway, intakes: Sequence[Intake]) -> list[_Found]:
    """Read the bytes and look at who sent them, with no transaction open."""
    found = _read_all(gw, intakes)
    looked = verifying.look(gw, [each.intake for each in found if each.reading is not None])
    return [replace(each, looked=looked.get(each.intake.id)) for each in found] if looked else found


def _read_all(gw: Gateway, intakes: Sequence[Intake]) -> list[_Found]:
    asked = [intake for intake in intakes if _is_to_be_read(gw, intake)]
    try:
        readings = {intake.id: reading for intake, reading in zip(asked, gw.reader.mails(asked), strict=True)}
    except Exception:  # noqa: BLE001 - whatever other people's bytes do: each alone shows which one it was
        return [_read_alone(gw, intake) for intake in intakes]
    slow = {intake.id for intake in asked if readings[intake.id] is None}
    return [_Found(one, readings.get(one.id), TimeoutError(TOO_SLOW) if one.id in slow else None) for one in intakes]


def _read_alone(gw: Gateway, intake: Intake) -> _Found:
    if not _is_to_be_read(gw, intake):
        return _Found(intake)
    try:
        return _Found(intake, gw.reader.mail(intake))
    except Exception as error:  # noqa: BLE001 - as above: the contact is kept and tried again
        return _Found(intake, fault=error)


def _is_to_be_read(gw: Gateway, intake: Intake) -> bool:
    return intake.channel not in (Channel.SMS, Channel.PHONE) and not _is_given_up(gw, intake)


def _is_given_up(gw: Gateway, intake: Intake) -> bool:
    """Whether it had all its tries; one that somebody replays counts as tried once, and has one at the least."""
    least = replaying.TRIED_ONCE + 1 if intake.reason == replaying.REPLAYED else 0
    return intake.attempts > max(gw.rules.file_attempts, least)


def _file(gw: Gateway, found: _Found) -> Future[IntakeState] | BaseException:
    """Decide and write in one unit. A broad except: the edge of the step."""
    try:
        return found.fault or gw.store.submit(*_unit(gw, found))
    except Exception as error:  # noqa: BLE001 - whatever other people's bytes do, the contact is kept and tried again
        return error


def _unit(gw: Gateway, found: _Found) -> tuple[Callable[[Transaction], IntakeState], Expected]:
    """What files an intake, and what it will look up."""
    intake, reading, looked, at = found.intake, found.reading, found.looked, gw.clock.now()
    if _is_given_up(gw, intake):
        return lambda tx: filing.file_unread(gw, tx, intake, at), Expected(intakes=(intake.id,))
    if reading is None:
        return lambda tx: _file_signal(gw, tx, intake, at), Expected(intakes=(intake.id,))
    fax = gw.reader.fax(intake, reading) if intake.channel is Channel.FAX or _came_to(gw, intake, Channel.FAX) else None
    if _came_to(gw, intake, Channel.PEC, to_nobody_else=True):
        intake = replace(intake, channel=Channel.PEC)
    expected = Expected(intakes=(intake.id,), contents=(reading.content_key,))
    if intake.channel is Channel.PEC:
        certified = gw.reader.certified(intake)
        return lambda tx: certifying.file_certified(gw, tx, intake, reading, certified, at, looked), expected
    return lambda tx: filing.file_mail(gw, tx, intake, reading, fax, at, looked=looked), expected


def _came_to(gw: Gateway, intake: Intake, channel: Channel, *, to_nobody_else: bool = False) -> bool:
    """Whether a mail came to the fax address or the certified mailbox of a contract, by whatever door."""
    wanted = {address.casefold() for address in intake.recipients}
    found = {
        endpoint.address.casefold()
        for contract in gw.rules.contracts.values()
        for endpoint in contract.endpoints
        if endpoint.channel is channel and endpoint.address.casefold() in wanted
    }
    return found == wanted != set() if to_nobody_else else bool(found)


def _file_signal(gw: Gateway, tx: Transaction, intake: Intake, at: datetime) -> IntakeState:
    """An SMS or call whose own unit was kept without being filed (it failed after the keeping)."""
    if intake.channel is Channel.SMS:
        texting.file_sms(gw, tx, intake, at)
    elif tx.is_unfiled(intake.id):
        calls.file_call(gw, tx, intake, at)
    return IntakeState.FILED


def _conclude_filing(gw: Gateway, intake: Intake, future: Future[IntakeState] | BaseException, began: float) -> None:
    try:
        if isinstance(future, BaseException):
            raise future  # noqa: TRY301 - the same end for both ways of failing
        state = future.result()
    except Exception as error:  # noqa: BLE001 - the edge of the step: journalled, tried again, never lost
        journal.intake_filing_failed(intake, error)
        wait = timedelta(0) if isinstance(error, TimeoutError) else FILE_AGAIN * intake.attempts
        until = gw.clock.now() + wait
        reason = type(error).__name__
        gw.store.write(lambda tx: tx.release_intake(intake.id, until, reason))
        if intake.attempts > gw.rules.file_attempts:
            at = gw.clock.now()
            gw.store.write(lambda tx: filing.nobody_sees(gw, tx, intake, reason, at))
    else:
        journal.intake_filed(intake, state, (time.perf_counter() - began) * 1000)


# ------------------------------------------------------------------------------------------------------------- deliver


def claim_due(gw: Gateway, channels: Sequence[Channel], limit: int) -> list[Dispatch]:
    """What is due by these channels, pages first, marked as being sent; each of it is to be handed to `deliver`.

    How things stand now decides: what nobody needs any more does not leave (C-55).
    """
    now = gw.clock.now()
    lease = MAIL_LEASE if Channel.MAIL in channels else SEND_LEASE

    def unit(tx: Transaction) -> list[Dispatch]:
        leaving: list[Dispatch] = []
        while claimed := tx.claim_dispatches(now, limit - len(leaving), lease, channels):
            leaving += [dispatch for dispatch in claimed if settling.may_leave(gw, tx, dispatch, now)]
            if len(leaving) >= limit:
                break
        return leaving

    return gw.store.write(unit)


def deliver(gw: Gateway, outlets: Mapping[Channel, Outlet], dispatch: Dispatch) -> None:
    """Send one dispatch with no transaction open, and write down what came of it."""
    began = time.perf_counter()
    outcome = _send(outlets, dispatch)
    journal.dispatch_concluded(dispatch, outcome, (time.perf_counter() - began) * 1000)
    at = gw.clock.now()
    gw.store.write(lambda tx: settling.conclude(gw, tx, dispatch.id, dispatch.attempts, outcome, at))


def _send(outlets: Mapping[Channel, Outlet], dispatch: Dispatch) -> Outcome:
    outlet = outlets.get(dispatch.channel)
    if outlet is None:
        return Deferred(f"no outlet is configured for {dispatch.channel}", down=True)
    try:
        return outlet.send(dispatch)
    except Exception as error:  # noqa: BLE001 - the edge of the step: an outlet that raises is a later try, never a loss
        journal.dispatch_failed(dispatch, error)
        return Deferred(type(error).__name__)


# -------------------------------------------------------------------------------------------------------------- settle
# What carrier, people and mail servers tell: `settling`, `page_calls`, `texting`, `bounces`. Here is what nobody told.


def ask_next(gw: Gateway, asking: Asking | None, limit: int = 8) -> int:
    """Ask the carrier, with no transaction open, how those fare of which it has told nothing for a minute.

    What has not left yet needs no question, and a carrier that is known to be down gets none.
    """
    now = gw.clock.now()
    due = gw.store.read(lambda reading: reading.due_timers(now, limit, kind=waking.STATUS))
    for timer in due:
        _ask(gw, asking, int(timer.ticket or 0))
    return len(due)


def _ask(gw: Gateway, asking: Asking | None, dispatch_id: int) -> None:
    """One question in a step of its own; what cannot be written down is asked again."""
    try:
        told = _told(gw, asking, dispatch_id)
        at = gw.clock.now()
        gw.store.write(lambda tx: settling.settle_asked(gw, tx, dispatch_id, told, at))
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of the step: journalled, and every other one is asked
        journal.loop_failed(f"status of {dispatch_id}", error)
        later = gw.clock.now() + TIMER_AGAIN
        gw.store.write(lambda tx: tx.set_timer(waking.STATUS, dispatch_id, later, {}))


def _told(gw: Gateway, asking: Asking | None, dispatch_id: int) -> Told | None:
    def known(reading: Reading) -> Dispatch | None:
        found = reading.dispatch(dispatch_id)
        wanted = found is not None and settling.is_to_be_asked(found)
        down = wanted and found is not None and outages.is_down(reading, outages.channel_of(found.channel))
        return found if wanted and not down else None

    dispatch = gw.store.read(known)
    return asking.status(dispatch) if asking and dispatch else None


# --------------------------------------------------------------------------------------------------------------- chase


def chase_next(gw: Gateway, limit: int = 32) -> int:
    """Act on every timer whose time has come, each in a unit of its own; how many there were."""
    now = gw.clock.now()
    due = gw.store.read(lambda reading: reading.due_timers(now, limit, but=(waking.STATUS, RECOGNISE)))
    for timer in due:
        _fall_due_now(gw, timer)
    return len(due)


def _fall_due_now(gw: Gateway, timer: Timer) -> None:
    """One timer in a unit of its own. One that fails is tried again later and holds nobody else up."""
    try:
        gw.store.write(lambda tx: _fall_due(gw, tx, timer, gw.clock.now()))
        journal.ladder_climbed(timer.ticket, timer.kind)
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - the edge of the step: journalled, and every other timer still falls due
        journal.loop_failed(f"timer {timer.kind} of {timer.ticket}", error)
        later = gw.clock.now() + TIMER_AGAIN
        gw.store.write(lambda tx: tx.set_timer(timer.kind, int(timer.ticket or 0), later, timer.facts))


def _fall_due(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """The timer as it is now: somebody may have moved or dropped it since it was seen."""
    current = tx.timer(timer.kind, int(timer.ticket or 0))
    if current is None or current.due_at > at:
        return
    act = FALLS_DUE.get(current.kind)
    if act is None:
        tx.drop_timer(current.kind, int(current.ticket or 0))
    else:
        act(gw, tx, current, at)


FALLS_DUE: Mapping[str, Callable[[Gateway, Transaction, Timer, datetime], None]] = {
    paging.CHASE: paging.climb,
    paging.ACCEPTANCE: accepting.expire,
    WATCH: hand_over,
    CONFIRM: confirmation_due,
    storms.STORM: waking.storm_over,
    alarms.ALARM_STORM: alarms.storm_over,
    drills.DRILL: drills.conclude,
    drills.DRILL_DUE: drills.remind,
    hangups.CALL: hangups.lost,
    dues.TERM: dues.fall_due,
    receipts.CERTIFIED: receipts.fall_due,
    reminding.ESCALATION: reminding.vendor_silent,
}
"""What happens when a timer of each kind falls due; one that nobody knows any more is dropped."""
