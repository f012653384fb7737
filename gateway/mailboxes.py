"""Mailboxes that are not read as they should be, and what is to be told of it by another path than the mailbox (P8).

One that cannot be read is an outage: alarm mail, SMS to the supervisors, and a row with start and end. What somebody
must look at (messages that went before they were read, a silence, a secret that ends) is an alarm mail and an entry in
the system chain.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway import alarms, outages
from gateway.domain import wording
from gateway.domain.hours import local, spans_on
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM, Happening
from gateway.outages import IN
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gateway.domain.contract import Contract
    from gateway.domain.rules import Rules
    from gateway.ports import Gateway, Transaction

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
LONGEST_SILENCE = timedelta(days=62)
"""A silence is not counted further back: it is long enough to be told."""
SHOWN = 20


def channel_of(mailbox: str) -> str:
    """What an outage of this mailbox is called."""
    return f"{wording.MAILBOX} {mailbox}"


def unread(gw: Gateway, mailbox: str, why: str | None, at: datetime) -> None:
    """A mailbox could not be read for too long, or (`why` None) can be read again: an outage begins or ends, once."""
    channel = channel_of(mailbox)
    is_down = gw.store.read(lambda reading: outages.is_down(reading, channel))
    if why is not None and not is_down:
        gw.store.write(lambda tx: outages.failed(gw, tx, channel, IN, why, at, at_once=True))
    elif why is None and is_down:
        gw.store.write(lambda tx: outages.worked(gw, tx, channel, IN, at))


def gone(
    gw: Gateway, tx: Transaction, mailbox: str, folder: str, uids: Sequence[int], deleted: Sequence[int], at: datetime
) -> None:
    """Messages went before they were read: each gap is on record, and told at most once an hour for each folder."""
    shown = ", ".join(map(str, [*uids, *deleted][:SHOWN]))
    data = {"mailbox": mailbox, "folder": folder, "moved": str(len(uids)), "deleted": str(len(deleted)), "uids": shown}
    tx.record(SYSTEM, Happening("mailbox_gap", at, NOBODY, None, data))
    values = {"folder": folder, "count": str(len(uids)), "deleted": str(len(deleted)), "numbers": shown}
    _tell(gw, tx, mailbox, ("T-BOX-GONE", values), at, about=folder, within=HOUR)


def late(gw: Gateway, tx: Transaction, mailbox: str, folder: str, uids: Sequence[int], at: datetime) -> None:
    """Messages lay in a folder and were not recorded; they are now."""
    shown = ", ".join(map(str, uids[:SHOWN]))
    data = {"mailbox": mailbox, "folder": folder, "messages": str(len(uids)), "uids": shown}
    tx.record(SYSTEM, Happening("mailbox_late", at, NOBODY, None, data))
    _tell(gw, tx, mailbox, ("T-BOX-LATE", {"folder": folder, "count": str(len(uids))}), at, about=folder, within=HOUR)


def withheld(gw: Gateway, tx: Transaction, mailbox: str, uid: int, at: datetime) -> None:
    """The server names a message and does not deliver it; it is asked for again and again."""
    tx.record(SYSTEM, Happening("mailbox_withheld", at, NOBODY, None, {"mailbox": mailbox, "uid": str(uid)}))
    _tell(gw, tx, mailbox, ("T-BOX-WITHHELD", {"number": str(uid)}), at, about="", within=HOUR)


def not_moved(gw: Gateway, tx: Transaction, mailbox: str, folder: str, reason: str, at: datetime) -> None:
    """Messages that are on disk stay in their folder: told once a week, for nothing is lost by it."""
    values = {"folder": folder, "reason": reason[:300]}
    _tell(gw, tx, mailbox, ("T-BOX-NOT-MOVED", values), at, about=folder, within=WEEK)


def silent(gw: Gateway, mailbox: str, contract: Contract | None, heard_at: datetime, limit: timedelta) -> bool:
    """Tell that nothing came in for too much time of the opening hours, once a day; whether it was told now."""
    at = gw.clock.now()
    if time_open(contract, heard_at, at) < limit:
        return False
    language = gw.rules.contracts[gw.rules.default_contract].language
    values = {"date": wording.long_date(heard_at, language), "time": wording.hour(heard_at, language)}
    return gw.store.write(lambda tx: _tell(gw, tx, mailbox, ("T-BOX-SILENT", values), at, about="", within=DAY))


def time_open(contract: Contract | None, since: datetime, until: datetime) -> timedelta:
    """How much of a time a contract's desk was open, in elapsed time (X1); without a contract all of it counts."""
    since = max(since, until - LONGEST_SILENCE)
    if contract is None:
        return max(until - since, timedelta(0))
    total, day = timedelta(0), local(since).date()
    while day <= local(until).date():
        for start, end, _ in spans_on(contract, day):
            total += max(min(end, until) - max(start, since), timedelta(0))
        day += DAY
    return total


def contract_of(rules: Rules, contract: str | None, user: str) -> Contract | None:
    """The contract in whose hours a mailbox is expected to get mail: its own, or the only one of its address."""
    if contract is not None:
        return rules.contracts.get(contract)
    found = rules.contracts_at(Channel.MAIL, (user,)) if "@" in user else ()
    return found[0] if len(found) == 1 else None


def token_ends(gw: Gateway, what: str, ends_at: datetime, at: datetime) -> None:
    """What gives us tokens ends soon, or has ended: told every day."""
    language = gw.rules.contracts[gw.rules.default_contract].language
    days = max(0, (ends_at - at).days)
    values = {"what": what, "end_date": wording.long_date(ends_at, language), "days": str(days)}

    def unit(tx: Transaction) -> None:
        if alarms.raise_once(gw, tx, "T-ALARM-TOKEN", values, at, about=what):
            data = {"what": what, "ends_at": ends_at.isoformat()}
            tx.record(SYSTEM, Happening("token_ends", at, NOBODY, None, data))

    gw.store.write(unit)


def _tell(
    gw: Gateway,
    tx: Transaction,
    mailbox: str,
    problem: tuple[str, Mapping[str, str]],
    at: datetime,
    *,
    about: str,
    within: timedelta,
) -> bool:
    catalogue = gw.rules.texts(gw.rules.contracts[gw.rules.default_contract])
    told = {"mailbox": mailbox, "problem": catalogue.fill(*problem).body.strip()}
    about = f"{mailbox}:{problem[0]}:{about}"
    return alarms.raise_once(gw, tx, "T-ALARM-MAILBOX", told, at, about=about, within=within)
