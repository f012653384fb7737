"""What became of what we sent: the outcome of an attempt, a status of the carrier, its answer when it is asked.

Statuses come in any order, twice, early (before our own write of the carrier's id) and late; `delivery` says what
follows from each, and the same ones in another order come to the same. A page that will not arrive makes its ladder go
on; anything else says so on its ticket. A success and a failure each leave their sign with the channel's health.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import bounces, journal, outages, paging, receipts, silences, storms, waking
from gateway.domain import delivery
from gateway.domain.delivery import Next
from gateway.domain.dispatch import Deferred, DispatchKind, DispatchState, Refused, Sent, retry_delay
from gateway.domain.intake import Channel
from gateway.domain.pages import ACCEPTED, ASKED_FOR, WAKING, why_not_sent
from gateway.domain.register import Happening
from gateway.outages import ANSWERS, DELIVERS
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.delivery import Row, Told
    from gateway.domain.dispatch import Dispatch, Outcome
    from gateway.ports import Gateway, Transaction

NOT_SENT_YET = (DispatchState.DUE, DispatchState.SENDING)
"""A status of something we do not know to be sent says that it was: our own request came back too late."""
RINGS = ("ringing", "in-progress", "answered")
ENDED = ("completed", "busy", "no-answer", "failed", "canceled")
RANG = "rang"
UNSENT = "not sent within a minute"
MOST_TOLD = 10
"""Of so many requests that one text named the supervisors get a note each: five hundred mails would be no help."""


# ----------------------------------------------------------------------------------------------------- before it leaves


def may_leave(gw: Gateway, tx: Transaction, dispatch: Dispatch, at: datetime) -> bool:
    """Whether a dispatch that was claimed may still leave, by how things stand now; if not it is settled here."""
    page = tx.page(dispatch.page) if dispatch.page is not None else None
    ticket = tx.ticket(page.ticket) if page else None
    why = why_not_sent(dispatch, page, ticket, at)
    if why is None and dispatch.channel is Channel.SMS and silences.is_silent(tx, dispatch.to):
        why = "the number gets no SMS"
    if why is None:
        return True
    _will_not_arrive(gw, tx, dispatch, why, at)
    if at < dispatch.expires_at:
        storms.tell_the_rest(tx, dispatch, at)
    return False


# ------------------------------------------------------------------------------------------------- an attempt came to…


def conclude(gw: Gateway, tx: Transaction, dispatch_id: int, attempt: int, outcome: Outcome, at: datetime) -> None:
    """What an attempt came to. A callback that came first is not taken back, nor what a later attempt did."""
    dispatch = tx.dispatch(dispatch_id)
    if dispatch is None or dispatch.attempts != attempt:
        return
    _note_health(gw, tx, dispatch, outcome, at)
    if dispatch.state is not DispatchState.SENDING:
        if isinstance(outcome, Sent) and not dispatch.reference:
            tx.change_dispatch(dispatch_id, reference=outcome.reference)
        return
    if isinstance(outcome, Sent):
        tx.change_dispatch(dispatch_id, state=DispatchState.SENT, reference=outcome.reference, sent_at=at, reason=None)
        waking.expect_status(tx, dispatch, at)
        receipts.has_left(gw, tx, dispatch, at)
    elif isinstance(outcome, Refused):
        _refused(gw, tx, dispatch, outcome, at)
    else:
        _deferred(gw, tx, dispatch, outcome, at)
    _record_outcome(tx, dispatch, outcome, at)


def _note_health(gw: Gateway, tx: Transaction, dispatch: Dispatch, outcome: Outcome, at: datetime) -> None:
    channel = outages.channel_of(dispatch.channel)
    if isinstance(outcome, Sent):
        outages.worked(gw, tx, channel, ANSWERS, at)
    elif isinstance(outcome, Deferred) and outcome.down:
        outages.failed(gw, tx, channel, ANSWERS, outcome.reason, at)


def _deferred(gw: Gateway, tx: Transaction, dispatch: Dispatch, outcome: Deferred, at: datetime) -> None:
    wait = max(retry_delay(dispatch.kind, max(dispatch.attempts, 1)), outcome.retry_after or timedelta(0))
    page = tx.page(dispatch.page) if dispatch.page is not None else None
    if page is not None and page.state not in waking.ANSWERABLE:
        tx.change_dispatch(dispatch.id, state=DispatchState.REFUSED, reason="the page was answered")
        storms.tell_the_rest(tx, dispatch, at)
    elif at + wait >= dispatch.expires_at:
        _has_failed(gw, tx, dispatch, f"given up: {outcome.reason}", at)
    else:
        tx.change_dispatch(dispatch.id, state=DispatchState.DUE, due_at=at + wait, reason=outcome.reason[:300])


def _refused(gw: Gateway, tx: Transaction, dispatch: Dispatch, outcome: Refused, at: datetime) -> None:
    reason = f"{outcome.code or ''} {outcome.reason}".strip()
    known = dispatch.channel in WAKING and (outcome.code or "").isdecimal()
    row = delivery.row(dispatch.channel, delivery.REFUSED, int(outcome.code or 0)) if known else None
    _has_failed(gw, tx, dispatch, reason, at, row)


def _has_failed(
    gw: Gateway, tx: Transaction, dispatch: Dispatch, reason: str, at: datetime, row: Row | None = None
) -> None:
    """It was tried in vain: of what a text of many named besides its own page nobody was told either."""
    _will_not_arrive(gw, tx, dispatch, reason, at, row)
    others = [page for page, _ in storms.waiting(tx, storms.named_by(tx, dispatch)) if page.id != dispatch.page]
    for page in others[:MOST_TOLD]:
        paging.attempt_failed(gw, tx, page.id, at, reason)


def _will_not_arrive(
    gw: Gateway, tx: Transaction, dispatch: Dispatch, reason: str, at: datetime, row: Row | None = None
) -> None:
    """It will never arrive: a page climbs, an escalation fails aloud; an acknowledgement only says so."""
    tx.change_dispatch(dispatch.id, state=DispatchState.REFUSED, reason=reason[:300])
    waking.expect_nothing(tx, dispatch)
    if row is not None and row.next is Next.BY_VOICE_ALONE:
        silences.silence(gw, tx, dispatch.to, row.tell, at)
    elif row is not None and row.tell:
        silences.tell_of_number(gw, tx, dispatch.to, row.tell, at)
    _go_on(gw, tx, dispatch, reason, at)
    receipts.was_refused(tx, dispatch, reason, at)
    ticket = tx.ticket(dispatch.ticket) if dispatch.ticket is not None else None
    if ticket is not None:
        bounces.not_delivered(gw, tx, ticket, dispatch, reason, at)
    if dispatch.kind is DispatchKind.ALARM:
        journal.warned("alarm.not_delivered", dispatch=dispatch.id, reason=reason[:200])


def _go_on(gw: Gateway, tx: Transaction, dispatch: Dispatch, reason: str, at: datetime) -> None:
    """What rings and did not reach its person makes the ladder go on; a mail of a page lies beside it."""
    if dispatch.page is not None and dispatch.channel in WAKING and ASKED_FOR not in dispatch.facts:
        paging.attempt_failed(gw, tx, dispatch.page, at, reason)


def _record_outcome(tx: Transaction, dispatch: Dispatch, outcome: Outcome, at: datetime) -> None:
    if dispatch.ticket is None:
        return
    data = {
        "dispatch": str(dispatch.id),
        "kind": str(dispatch.kind),
        "channel": str(dispatch.channel),
        "attempt": str(dispatch.attempts),
        "key": dispatch.key,
        "outcome": type(outcome).__name__.lower(),
        "reason": str(getattr(outcome, "reason", "") or "")[:200],
    }
    tx.record(str(dispatch.ticket), Happening("dispatch_attempted", at, NOBODY, data=data))


# --------------------------------------------------------------------------------------------- the carrier tells that…


def settle_sms(gw: Gateway, tx: Transaction, key: str, sid: str, status: str, error_code: str, at: datetime) -> bool:
    """The carrier tells how an SMS fares, in any order and more than once; False when we do not know it (B-075)."""
    dispatch = tx.dispatch_by(key=key)
    if dispatch is None or tx.seen_before(f"twilio:{sid}:{status}", at):
        return dispatch is not None
    code = int(error_code) if error_code.isdecimal() else None
    outages.worked(gw, tx, outages.SMS, DELIVERS, at)
    row = delivery.row(Channel.SMS, status, code)
    _follow(gw, tx, dispatch, row, sid, f"{error_code} {status}".strip(), at)
    _record_status(tx, dispatch, status, error_code, at)
    return True


def _follow(gw: Gateway, tx: Transaction, dispatch: Dispatch, row: Row, sid: str, told: str, at: datetime) -> None:
    """What the table says, whatever came before: that it arrived is never taken back, that it did not only by that."""
    if row.next is Next.DONE:
        tx.change_dispatch(dispatch.id, state=DispatchState.CONFIRMED, reference=sid, reason=None)
        waking.expect_nothing(tx, dispatch)
    elif row.next in {Next.GO_ON, Next.BY_VOICE_ALONE}:
        if dispatch.state not in {DispatchState.CONFIRMED, DispatchState.REFUSED}:
            _has_failed(gw, tx, dispatch, told, at, row)
    else:
        if dispatch.state in NOT_SENT_YET:
            tx.change_dispatch(dispatch.id, state=DispatchState.SENT, reference=sid, sent_at=at)
        if delivery.when_asked(dispatch.channel, row.status).next is Next.WAIT:
            waking.expect_nothing(tx, dispatch)


def settle_call(gw: Gateway, tx: Transaction, key: str, sid: str, status: str, detail: str, at: datetime) -> bool:
    """The carrier tells how a call fares. "completed" says that something answered, not that a person took it.

    `detail` is what answered, or the answer of the network (SIP 603: declined), where the carrier tells it.
    """
    dispatch = tx.dispatch_by(key=key)
    if dispatch is None or tx.seen_before(f"twilio:{sid}:{status}", at):
        return dispatch is not None
    outages.worked(gw, tx, outages.PHONE, DELIVERS, at)
    row = delivery.row(Channel.VOICE, status)
    if status in RINGS and RANG not in dispatch.facts:
        dispatch = tx.change_dispatch(dispatch.id, facts={**dispatch.facts, RANG: "yes"})
    told = f"{status} {detail}".strip()
    if status in ENDED:
        _call_ended(gw, tx, dispatch, row, sid, told, at)
        outages.call_ended(gw, tx, told, dispatch.sent_at, at, rang=RANG in dispatch.facts)
    else:
        _follow(gw, tx, dispatch, row, sid, status, at)
    _record_status(tx, dispatch, status, detail, at)
    return True


def _call_ended(gw: Gateway, tx: Transaction, dispatch: Dispatch, row: Row, sid: str, told: str, at: datetime) -> None:
    """A call of a page that was accepted, or one that only told something, did its work; any other did not."""
    page = tx.page(dispatch.page) if dispatch.page else None
    tells_only = page is None and row.status == "completed"
    if tells_only or (page is not None and page.state == ACCEPTED):
        tx.change_dispatch(dispatch.id, state=DispatchState.CONFIRMED, reference=sid, reason=None)
        waking.expect_nothing(tx, dispatch)
    elif dispatch.state is not DispatchState.REFUSED:
        tx.change_dispatch(dispatch.id, reference=sid)
        _will_not_arrive(gw, tx, dispatch, told, at, row)


def _record_status(tx: Transaction, dispatch: Dispatch, status: str, detail: str, at: datetime) -> None:
    if dispatch.ticket is not None:
        data = {"dispatch": str(dispatch.id), "status": status, "detail": detail, "key": dispatch.key}
        tx.record(str(dispatch.ticket), Happening("dispatch_status", at, "carrier", data=data))


# ----------------------------------------------------------------------------------------- the carrier was asked, and…


def is_to_be_asked(dispatch: Dispatch) -> bool:
    """Whether the carrier took it and has told nothing of its end."""
    return dispatch.state is DispatchState.SENT and bool(dispatch.reference)


def settle_asked(gw: Gateway, tx: Transaction, dispatch_id: int, told: Told | None, at: datetime) -> None:
    """A minute passed without a status: the carrier's answer counts; without one the other medium is used (C-57).

    What has not left at all by then goes on being tried, and the other medium is used beside it (C-29).
    """
    dispatch = tx.dispatch(dispatch_id)
    timer = tx.timer(waking.STATUS, dispatch_id)
    if dispatch is None or timer is None or timer.due_at > at:
        return
    waking.expect_nothing(tx, dispatch)
    if dispatch.state in NOT_SENT_YET:
        _go_on(gw, tx, dispatch, UNSENT, at)
    elif dispatch.state is DispatchState.SENT:
        row = delivery.when_asked(dispatch.channel, told.status if told else None, told.code if told else None)
        if row.down:
            outages.failed(gw, tx, outages.channel_of(dispatch.channel), DELIVERS, row.why, at)
        words = f"{told.status if told else ''} {row.why}".strip()
        _asked_row(gw, tx, dispatch, row, words, at)


def _asked_row(gw: Gateway, tx: Transaction, dispatch: Dispatch, row: Row, words: str, at: datetime) -> None:
    _record_status(tx, dispatch, row.status, words, at)
    sid = dispatch.reference or ""
    if row.status in ENDED:
        _call_ended(gw, tx, dispatch, row, sid, words, at)
    else:
        _follow(gw, tx, dispatch, row, sid, words, at)
