"""The start of a watch: whoever takes the duty over confirms it by SMS, or the supervisors hear of it (M-05).

One `watch` timer of a contract stands for its next hand-over; its facts say up to when hand-overs are done. It is
worked out anew from the roster in force whenever that changes, so a swap moves it; a hand-over that fell into a stop is
told at the next start, the newest alone. That somebody was asked is a row: nobody is asked twice for the same watch.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from gateway import duty, silences
from gateway.alarms import contract_key
from gateway.domain.hours import local
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.roster import next_watch
from gateway.domain.roster.watches import LOOK_BACK
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from gateway.telling import NOBODY, alarm, owe_sms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.domain.contract import Contract, OnCall
    from gateway.domain.roster import Person, Watch
    from gateway.domain.ticket import Timer
    from gateway.ports import Gateway, Reading, Transaction

WATCH, CONFIRM = "watch", "watch_confirm"
LOOK_AGAIN = timedelta(days=30)
"""When nobody takes the duty over for more than a year, how long until that is looked at again."""


def arm_all(gw: Gateway, tx: Transaction, at: datetime) -> None:
    """Wait for the next hand-over of every contract: at the start, and when the rules were replaced."""
    for contract in gw.rules.contracts.values():
        arm(gw, tx, contract, at)


def arm(gw: Gateway, tx: Transaction, contract: Contract, at: datetime) -> None:
    """Wait for the next hand-over by the roster in force; the hand-overs that are done stay done."""
    key = contract_key(contract.id)
    timer = tx.timer(WATCH, key)
    if _asking(gw, contract) is not None:
        _wait(gw, tx, contract, datetime.fromisoformat(timer.facts["since"]) if timer else at)
    elif timer is not None:
        tx.drop_timer(WATCH, key)
        tx.drop_timer(CONFIRM, key)


def _asking(gw: Gateway, contract: Contract | None) -> OnCall | None:
    """The on-call duty of a contract whose watches are confirmed, or None."""
    if contract is None or contract.on_call is None or gw.rules.roster.duty_of(contract.id) is None:
        return None
    return contract.on_call if contract.on_call.confirm_shift else None


def _wait(gw: Gateway, tx: Transaction, contract: Contract, since: datetime) -> None:
    following = _following(gw, tx, contract, since)
    due_at = following.start if following else since + LOOK_AGAIN
    tx.set_timer(WATCH, contract_key(contract.id), due_at, {"contract": contract.id, "since": since.isoformat()})


def _following(gw: Gateway, tx: Transaction, contract: Contract, after: datetime) -> Watch | None:
    return next_watch(contract, duty.roster_at(gw, tx, contract.id, after - LOOK_BACK), after)


# ------------------------------------------------------------------------------------------------------------ beginning


def hand_over(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """A hand-over has come: ask whoever began the last watch since; what passed while we were down is over."""
    contract = gw.rules.contracts.get(timer.facts["contract"])
    on_call = _asking(gw, contract)
    if contract is None or on_call is None:
        tx.drop_timer(WATCH, int(timer.ticket or 0))
        return
    since = datetime.fromisoformat(timer.facts["since"])
    begun, following = None, _following(gw, tx, contract, since)
    while following and following.start <= at:
        begun, following = following, _following(gw, tx, contract, following.start)
    if begun and begun.end > at:
        _ask(gw, tx, contract, on_call, begun, at)
    _wait(gw, tx, contract, at)


def _ask(gw: Gateway, tx: Transaction, contract: Contract, on_call: OnCall, watch: Watch, at: datetime) -> None:
    asked_before = (each for each in tx.roster_changes(contract=contract.id) if each.kind is ChangeKind.CONFIRMATION)
    if any((each.contact, each.starts_at) == (watch.contact.id, watch.start) for each in asked_before):
        return
    asked = tx.add_roster_change(
        RosterChange(
            id=0,
            contract=contract.id,
            kind=ChangeKind.CONFIRMATION,
            state=ChangeState.ASKED,
            starts_at=watch.start,
            ends_at=watch.end,
            contact=watch.contact.id,
            instead_of=None,
            by=NOBODY,
            reason="",
            asked_at=at,
        )
    )
    _text(gw, tx, contract, watch.contact, "M-05", _values(contract, asked) | {"deputy": _deputy(watch)}, at)
    facts = {"contract": contract.id, "change": str(asked.id)}
    tx.set_timer(CONFIRM, contract_key(contract.id), at + on_call.confirm_within, facts)
    _record(tx, contract, "watch_begun", asked, at, NOBODY)


def _text(
    gw: Gateway, tx: Transaction, contract: Contract, to: Person, text_id: str, values: Mapping[str, str], at: datetime
) -> None:
    """One SMS to whoever can get one; of the others the supervisors hear when nothing is confirmed."""
    if to.mobile and not silences.is_silent(tx, to.mobile):
        owe_sms(gw, tx, contract, text_id=text_id, values=values, to=to.mobile, at=at)


def _deputy(watch: Watch) -> str:
    """Who is called next: the deputy, else the supervisor."""
    chain = watch.parts[0].chain
    second = chain.deputy or chain.supervisor
    return second.name if second else "-"


def _values(contract: Contract, watch: RosterChange) -> dict[str, str]:
    start, end = (f"{local(each):%d/%m %H:%M}" for each in (watch.starts_at, watch.ends_at))
    return {"service": contract.sms_name, "start": start, "end": end}


def _record(tx: Transaction, contract: Contract, what: str, watch: RosterChange, at: datetime, by: str) -> None:
    data = {
        "change": str(watch.id),
        "contract": contract.id,
        "contact": watch.contact,
        "starts_at": watch.starts_at.isoformat(),
        "ends_at": watch.ends_at.isoformat(),
    }
    tx.record(SYSTEM, Happening(what, at, by, contract.clauses.of("on_call"), data))


# ----------------------------------------------------------------------------------------------------------- confirming


def waiting_for(reading: Reading, person: Person, at: datetime) -> list[RosterChange]:
    """The watches, not over yet, that a person was asked to confirm and has not confirmed, oldest first."""
    return [
        each
        for each in reading.roster_changes(ending_after=at)
        if (each.kind, each.state, each.contact) == (ChangeKind.CONFIRMATION, ChangeState.ASKED, person.id)
    ]


def confirm(gw: Gateway, tx: Transaction, person: Person, at: datetime) -> bool:
    """OK without a code confirms the watches that wait for it (DOMAIN, reply grammar); False when none does.

    A late one confirms too. The technician is told, for an SMS may be lost.
    """
    found = waiting_for(tx, person, at)
    for watch in found:
        contract = gw.rules.contract(watch.contract)
        tx.change_roster_change(watch.id, state=ChangeState.IN_FORCE, answered_at=at, answered_by=person.id)
        timer = tx.timer(CONFIRM, contract_key(watch.contract))
        if timer and timer.facts["change"] == str(watch.id):
            tx.drop_timer(CONFIRM, contract_key(watch.contract))
        _record(tx, contract, "watch_confirmed", watch, at, person.id)
        _text(gw, tx, contract, person, "M-CONFIRMED", _values(contract, watch), at)
    return bool(found)


def confirmation_due(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """Nobody confirmed in time: the supervisors hear of it, once. Not when somebody else has the duty by now."""
    tx.drop_timer(CONFIRM, int(timer.ticket or 0))
    contract, watch = gw.rules.contracts.get(timer.facts["contract"]), tx.roster_change(int(timer.facts["change"]))
    on_call = _asking(gw, contract)
    if contract is None or on_call is None or watch is None:
        return
    chain = duty.chain_at(gw, tx, contract.id, at)
    waits = watch.state is ChangeState.ASKED and at < watch.ends_at
    if not waits or chain is None or chain.contact.id != watch.contact:
        return
    _record(tx, contract, "watch_unconfirmed", watch, at, NOBODY)
    values = _values(contract, watch) | {
        "service": contract.service_name,
        "body": contract.body_name,
        "contract": contract.id,
        "contact": chain.contact.name,
        "minutes": str(int(on_call.confirm_within.total_seconds() // 60)),
    }
    alarm(gw, tx, contract, text_id="T-WATCH-UNCONFIRMED", values=values, at=at)
