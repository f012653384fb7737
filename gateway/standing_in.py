"""Somebody else on call for a while: overrides, swaps that are asked for and accepted, and taking them back.

Each is one unit: it reads what is in force, is refused by name or recorded, becomes an entry of the register, moves the
next hand-over, and owes a mail to everybody whose duty it changes. A swap is asked for and answered by SMS too: who has
the duty lives by the telephone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway import duty, handovers, silences
from gateway.domain.dispatch import DispatchKind
from gateway.domain.hours import local
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.roster.asking import swap_code, swap_token
from gateway.domain.roster.changes import (
    STANDING_IN,
    ChangeError,
    refuse_change,
    refuse_new_gaps,
    refuse_outsider,
    refuse_taking_back,
)
from gateway.domain.roster.watches import on_call_parts
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from gateway.telling import owe_letter, owe_sms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person, Roster
    from gateway.ports import Gateway, Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """A time [starts_at, ends_at), the person who is to be on call in it, and why. `starts_at` None: from now on.

    `countries` are the calling codes that may be called: whoever stands in has a number in one of them (X10).
    """

    contract: Contract
    starts_at: datetime | None
    ends_at: datetime
    contact: str
    reason: str
    countries: tuple[str, ...]


def override(gw: Gateway, tx: Transaction, wanted: Wanted, by: Person, at: datetime) -> RosterChange:
    """Somebody else is on call, whoever has the duty; in force at once.

    Raises:
        ChangeError: as `refuse_change`; `by` does not work for the contract.
    """
    refuse_outsider(by, wanted.contract)
    return _enter(gw, tx, wanted, _change(wanted, ChangeKind.OVERRIDE, ChangeState.IN_FORCE, by, None, at), at)


def ask_swap(gw: Gateway, tx: Transaction, wanted: Wanted, by: Person, at: datetime) -> RosterChange:
    """`by` asks another to take over a time of their own duty; they keep it until the other accepts.

    Raises:
        ChangeError: as `refuse_change`.
    """
    refuse_outsider(by, wanted.contract)
    asked = _change(wanted, ChangeKind.SWAP, ChangeState.ASKED, by, by.id, at)
    _refuse(gw, tx, wanted.contract, asked, wanted.countries, at)
    asked = tx.add_roster_change(asked)
    _record(tx, wanted.contract, "swap_asked", asked, at, by.id)
    to = gw.rules.people[asked.contact]
    _write(gw, tx, wanted.contract, asked, to, "T-SWAP-ASKED-LINK" if gw.rules.public_url else "T-SWAP-ASKED", by, at)
    _text(gw, tx, wanted.contract, asked, to, "M-SWAP", by, at)
    return asked


def _change(
    wanted: Wanted, kind: ChangeKind, state: ChangeState, by: Person, instead_of: str | None, at: datetime
) -> RosterChange:
    return RosterChange(
        id=0,
        contract=wanted.contract.id,
        kind=kind,
        state=state,
        starts_at=wanted.starts_at or at,
        ends_at=wanted.ends_at,
        contact=wanted.contact,
        instead_of=instead_of,
        by=by.id,
        reason=wanted.reason,
        asked_at=at,
    )


def answer_swap(  # noqa: PLR0913 - an answer has this many parts, and each is named at the call
    gw: Gateway,
    tx: Transaction,
    change_id: int,
    by: Person,
    at: datetime,
    *,
    accepts: bool,
    countries: tuple[str, ...],
    medium: str = "shell",
) -> RosterChange:
    """The one who was asked accepts or declines. An answer that comes after the start counts from now on.

    Raises:
        ChangeError: no such swap, it waits for no answer, somebody else was asked, or it has become impossible.
    """
    asked = tx.roster_change(change_id)
    if asked is None or asked.kind is not ChangeKind.SWAP or asked.state is not ChangeState.ASKED:
        raise ChangeError(f"no swap {change_id} waits for an answer; see: centralino oncall changes")
    if asked.contact != by.id:
        raise ChangeError(f"{asked.contact} was asked, not {by.id}: nobody else can answer")
    if asked.ends_at <= at:
        raise ChangeError(f"the time of swap {asked.id} has passed: nothing is left to take over")
    contract = gw.rules.contract(asked.contract)
    if not accepts:
        declined = tx.change_roster_change(asked.id, state=ChangeState.DECLINED, answered_at=at, answered_by=by.id)
        _record(tx, contract, "swap_declined", declined, at, by.id, medium=medium)
        _write(gw, tx, contract, declined, gw.rules.people.get(asked.by), "T-SWAP-DECLINED", by, at)
        _text(gw, tx, contract, declined, gw.rules.people.get(asked.by), "M-SWAP-DECLINED", by, at)
        return declined
    agreed = replace(asked, starts_at=max(asked.starts_at, at), answered_at=at, answered_by=by.id)
    _refuse(gw, tx, contract, agreed, countries, at)
    before = duty.roster_at(gw, tx, contract.id, at)
    agreed = tx.change_roster_change(
        asked.id, state=ChangeState.IN_FORCE, starts_at=agreed.starts_at, answered_at=at, answered_by=by.id
    )
    _record(tx, contract, "swap_accepted", agreed, at, by.id, medium=medium)
    _takes_effect(gw, tx, contract, before, agreed, by, at)
    _text(gw, tx, contract, agreed, gw.rules.people.get(asked.by), "M-SWAP-TAKEN", by, at)
    return agreed


def undo(gw: Gateway, tx: Transaction, change_id: int, by: Person, at: datetime) -> RosterChange:
    """Take back what has not begun, or end now what has: what was stays as it was.

    Raises:
        ChangeError: no such change, it has ended or is not in force, `by` does not work for the contract, or it would
            leave a hole that no fallback contact fills.
    """
    change = tx.roster_change(change_id)
    if change is None or change.kind not in STANDING_IN:
        raise ChangeError(f"there is no change {change_id}; see: centralino oncall changes")
    contract = gw.rules.contract(change.contract)
    refuse_outsider(by, contract)
    refuse_taking_back(change, at)
    before = duty.roster_at(gw, tx, contract.id, at)
    begun = change.state is ChangeState.IN_FORCE and change.starts_at < at
    what = {"ends_at": at} if begun else {"state": ChangeState.WITHDRAWN, "answered_at": at, "answered_by": by.id}
    changed = tx.change_roster_change(change.id, **what)
    after = duty.roster_at(gw, tx, contract.id, at)
    found = after.duty_of(contract.id)
    if change.state is ChangeState.IN_FORCE and found and not found.fallback:
        refuse_new_gaps(contract, before, after, max(change.starts_at, at), change.ends_at)
    _record(tx, contract, "change_ended" if begun else "change_withdrawn", changed, at, by.id)
    if change.state is ChangeState.IN_FORCE:
        _takes_effect(gw, tx, contract, before, replace(change, starts_at=max(change.starts_at, at)), by, at)
    return changed


# ------------------------------------------------------------------------------------------------------------ recording


def _enter(gw: Gateway, tx: Transaction, wanted: Wanted, change: RosterChange, at: datetime) -> RosterChange:
    _refuse(gw, tx, wanted.contract, change, wanted.countries, at)
    before = duty.roster_at(gw, tx, wanted.contract.id, at)
    change = tx.add_roster_change(change)
    _record(tx, wanted.contract, "roster_overridden", change, at, change.by)
    _takes_effect(gw, tx, wanted.contract, before, change, gw.rules.people[change.by], at)
    return change


def _refuse(
    gw: Gateway, tx: Transaction, contract: Contract, change: RosterChange, countries: tuple[str, ...], at: datetime
) -> None:
    recorded = tx.roster_changes(contract=contract.id, ending_after=at)
    refuse_change(change, contract, gw.rules.roster, recorded, at=at, countries=countries)


def _record(
    tx: Transaction, contract: Contract, what: str, change: RosterChange, at: datetime, by: str, *, medium: str = ""
) -> None:
    """An entry of the system's chain. Why somebody is away is theirs: it can be erased, the entry stays."""
    data = {
        "change": str(change.id),
        "contract": contract.id,
        "starts_at": change.starts_at.isoformat(),
        "ends_at": change.ends_at.isoformat(),
        "contact": change.contact,
        "instead_of": change.instead_of or "",
    } | ({"medium": medium} if medium else {})
    personal = {"reason": change.reason} if change.reason else {}
    tx.record(SYSTEM, Happening(what, at, by, contract.clauses.of("on_call"), data, personal))


# -------------------------------------------------------------------------------------------------------------- telling


def _takes_effect(
    gw: Gateway, tx: Transaction, contract: Contract, before: Roster, change: RosterChange, by: Person, at: datetime
) -> None:
    """The next hand-over moves, and whoever gets or loses a duty is told; whoever did it knows."""
    handovers.arm(gw, tx, contract, at)
    after = duty.roster_at(gw, tx, contract.id, at)
    was, now = (set(_on_call(contract, roster, change)) for roster in (before, after))
    for text_id, people in (("T-DUTY-YOURS", now - was), ("T-DUTY-OTHERS", was - now)):
        for person in sorted(people - {by.id}):
            _write(gw, tx, contract, change, gw.rules.people.get(person), text_id, by, at)


def _on_call(contract: Contract, roster: Roster, change: RosterChange) -> Iterator[str]:
    parts = on_call_parts(contract, roster, change.starts_at, change.ends_at)
    return (part.chain.contact.id for part in parts if not part.chain.from_fallback)


def _write(  # noqa: PLR0913, PLR0917 - a mail has this many parts
    gw: Gateway,
    tx: Transaction,
    contract: Contract,
    change: RosterChange,
    to: Person | None,
    text_id: str,
    by: Person,
    at: datetime,
) -> None:
    """A mail about a change, to whoever has an address."""
    if to is None or not to.mail:
        return
    values = {
        "service": contract.service_name,
        "body": contract.body_name,
        "start": f"{local(change.starts_at):%d/%m/%Y %H:%M}",
        "end": f"{local(change.ends_at):%d/%m/%Y %H:%M}",
        "by": by.name,
        "change": str(change.id),
        "person": to.id,
        "link": f"{gw.rules.public_url}/swap/{swap_token(gw.rules.signing_key, change)}",
    }
    text = gw.rules.texts(contract).fill(text_id, values)
    owe_letter(gw, tx, contract, kind=DispatchKind.NOTICE, to=to.mail, text=text, at=at)


def _text(  # noqa: PLR0913, PLR0917 - as above
    gw: Gateway,
    tx: Transaction,
    contract: Contract,
    change: RosterChange,
    to: Person | None,
    text_id: str,
    by: Person,
    at: datetime,
) -> None:
    """One SMS about a swap, to whoever can get one; the mail says the same."""
    if to is not None and to.mobile and not silences.is_silent(tx, to.mobile):
        owe_sms(gw, tx, contract, text_id=text_id, values=swap_facts(gw, contract, change, by), to=to.mobile, at=at)


def swap_facts(gw: Gateway, contract: Contract, swap: RosterChange, by: Person | None) -> dict[str, str]:
    """The values of an SMS about a swap; `by` is who speaks in it."""
    return {
        "service": contract.sms_name,
        "person": by.name if by else "-",
        "start": f"{local(swap.starts_at):%d/%m %H:%M}",
        "end": f"{local(swap.ends_at):%d/%m %H:%M}",
        "code": swap_code(gw.rules.signing_key, swap),
    }
