"""Ledger against database, and against what reached the far side. Plain SQL: not the product's own answers."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store import SqlStore, verify
from adapters.store.engine import parsed
from tests.powercut.site import COMUNE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from adapters.rehearsal import Rehearsal
    from tests.powercut.clients import Answered
    from tests.powercut.site import Place

KEY = re.compile(r"[0-9a-f]{32}")
BATCH = 500


@dataclass(slots=True)
class Verdict:
    """What was found. `lost`, `doubled` and `wrong` are sentences; each of them fails the run."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.wrong)


def judge(place: Place, answered: Iterable[Answered], stand_ins: Rehearsal, *, carrier: bool) -> Verdict:
    """Every mail of the ledger is one intake with its bytes and its tickets, filed; what was owed has arrived."""
    verdict = Verdict()
    engine = sa.create_engine(parsed(place.url))
    try:
        with engine.connect() as connection:
            tickets = _intakes(connection, list(answered), place.blobs, verdict)
            _mail_out(connection, stand_ins, tickets, verdict)
            _pages(connection, stand_ins, verdict, carrier=carrier)
            _states(connection, verdict)
    finally:
        engine.dispose()
    _register(place, verdict)
    return verdict


def unsettled(place: Place, *, carrier: bool) -> tuple[int, int]:
    """How many intakes wait to be filed, and how many messages to be sent."""
    engine = sa.create_engine(parsed(place.url))
    channels = "'mail', 'sms'" if carrier else "'mail'"
    try:
        with engine.connect() as connection:
            waiting = _number(connection, "SELECT count(*) FROM intake WHERE state = 'received'")
            owed = _number(
                connection,
                f"SELECT count(*) FROM dispatch WHERE state IN ('due', 'sending') AND channel IN ({channels})",  # noqa: S608 - our own words
            )
    finally:
        engine.dispose()
    return waiting, owed


# ------------------------------------------------------------------------------------------------------ intake, ticket


def _intakes(
    connection: sa.Connection, answered: list[Answered], blobs: Path, verdict: Verdict
) -> dict[str, list[int]]:
    """Compare; answers with the tickets of each sender."""
    by_hash: dict[str, list[Any]] = defaultdict(list)
    for row in _all(connection, "SELECT id, sha256, sender, state, attempts FROM intake"):
        by_hash[row.sha256].append(row)
    bad_bytes = _bad_bytes(connection, blobs)
    became: dict[int, list[Any]] = defaultdict(list)
    joined = "SELECT m.intake, t.number, t.contract FROM message m JOIN ticket t ON t.number = m.ticket"
    for row in _all(connection, f"{joined} WHERE m.direction = 'in' AND m.intake IS NOT NULL"):
        became[row.intake].append(row)
    links = {frozenset((row.ticket, row.other)) for row in _all(connection, "SELECT ticket, other FROM link")}
    tickets: dict[str, list[int]] = {}
    for one in answered:
        found = by_hash.pop(one.mail.sha256, [])
        if not found:
            verdict.lost.append(f"mail {one.mail.serial}: answered 250, and there is no intake with its SHA-256")
            continue
        if len(found) > 1:
            verdict.doubled.append(f"mail {one.mail.serial}: intakes {[row.id for row in found]}")
        if bad_bytes & {row.id for row in found}:
            verdict.lost.append(f"mail {one.mail.serial}: its raw bytes are gone or changed")
        rows = [ticket for row in found for ticket in became[row.id]]
        tickets[one.mail.sender] = [row.number for row in rows]
        _tickets(one, rows, links, verdict)
    for rows in by_hash.values():
        verdict.wrong.append(f"intake {rows[0].id} from {rows[0].sender} is of no mail of the ledger")
    verdict.figures["mails"] = len(answered)
    verdict.figures["tries"] = sum(one.tries for one in answered)
    return tickets


def _tickets(one: Answered, rows: list[Any], links: set[frozenset[int]], verdict: Verdict) -> None:
    contracts = sorted(row.contract for row in rows)
    expected = sorted(one.mail.contracts)
    if contracts == expected:
        numbers = frozenset(row.number for row in rows)
        if len(numbers) > 1 and numbers not in links:
            verdict.wrong.append(f"mail {one.mail.serial}: tickets {sorted(numbers)} are not linked")
        return
    missing, more = Counter(expected) - Counter(contracts), Counter(contracts) - Counter(expected)
    if missing:
        verdict.lost.append(f"mail {one.mail.serial}: no ticket under {', '.join(missing)}")
    if more:
        verdict.doubled.append(f"mail {one.mail.serial}: tickets {[row.number for row in rows]}")


def _bad_bytes(connection: sa.Connection, blobs: Path) -> set[int]:
    """The intakes whose bytes are not there, or are not the ones of their SHA-256."""
    sums = {row.id: row.sha256 for row in _all(connection, "SELECT id, sha256 FROM intake")}
    good: set[int] = set()
    for row in connection.execution_options(yield_per=BATCH).execute(sa.text("SELECT intake, raw FROM intake_raw")):
        if hashlib.sha256(row.raw).hexdigest() == sums.get(row.intake):
            good.add(row.intake)
    return {number for number, sha256 in sums.items() if number not in good and not _in_folder(blobs, sha256)}


def _in_folder(blobs: Path, sha256: str) -> bool:
    path = blobs / sha256[:2] / sha256
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _states(connection: sa.Connection, verdict: Verdict) -> None:
    unread = "SELECT count(*) FROM intake WHERE reason = 'unread'"
    waiting = _number(connection, "SELECT count(*) FROM intake WHERE state = 'received'")
    if waiting:
        verdict.wrong.append(f"{waiting} intakes were not filed after the restart")
    if found := _number(connection, unread):
        verdict.wrong.append(f"{found} intakes were given up as unreadable, which they are not")
    verdict.figures["filings repeated"] = _number(connection, "SELECT count(*) FROM intake WHERE attempts > 1")


# ------------------------------------------------------------------------------------------------------------ far side


def _mail_out(connection: sa.Connection, stand_ins: Rehearsal, tickets: dict[str, list[int]], verdict: Verdict) -> None:
    """Each ticket has one acknowledgement; each mail arrived, once or as often as it was tried, by one Message-ID."""
    arrived: Counter[str] = Counter()
    ids: dict[str, set[str]] = defaultdict(set)
    for mail in stand_ins.mail.messages:
        message_id = str(mail.parsed["Message-ID"]).strip("<> ")
        arrived[message_id] += 1
        for recipient in mail.rcpt_tos:
            ids[recipient].add(message_id)
    owed = "SELECT id, ticket, kind, state, attempts, facts FROM dispatch WHERE channel = 'mail'"
    rows = _all(connection, owed)
    acknowledged = Counter(row.ticket for row in rows if row.kind == "acknowledgement")
    for sender, numbers in tickets.items():
        for number in numbers:
            if acknowledged[number] != 1:
                verdict.wrong.append(f"ticket {number} has {acknowledged[number]} acknowledgements")
        if len(ids[sender]) > len(numbers):
            verdict.doubled.append(f"{sender} got mails with {len(ids[sender])} Message-IDs of {len(numbers)} tickets")
    _copies(rows, lambda row: arrived[_facts(row)["message_id"]], "mails sent", verdict)


def _pages(connection: sa.Connection, stand_ins: Rehearsal, verdict: Verdict, *, carrier: bool) -> None:
    """Each ticket of the contract with an on-call duty paged once; each page arrived by one attempt id."""
    paged = _number(connection, "SELECT count(*) FROM dispatch WHERE channel = 'sms' AND kind = 'page'")
    should = _number(connection, f"SELECT count(*) FROM ticket WHERE contract = '{COMUNE}'")  # noqa: S608 - our own word
    if paged != should:
        (verdict.lost if paged < should else verdict.doubled).append(f"{should} tickets at night made {paged} pages")
    if not carrier:
        return
    arrived: Counter[str] = Counter()
    for message in stand_ins.carrier.messages:
        found = KEY.search(message.status_callback)
        if found is None:
            verdict.wrong.append(f"SMS {message.sid} left without an attempt id in its callback address")
        else:
            arrived[found.group()] += 1
    rows = _all(connection, "SELECT id, key, ticket, state, attempts, facts FROM dispatch WHERE channel = 'sms'")
    known = {row.key for row in rows}
    for key in arrived.keys() - known:
        verdict.wrong.append(f"an SMS left with the attempt id {key}, which the database does not know")
    _copies(rows, lambda row: arrived[row.key], "pages sent", verdict)


def _copies(rows: list[Any], copies_of: Callable[[Any], int], name: str, verdict: Verdict) -> None:
    """At least one copy, and at most one more for each kill that fell between sending and recording (P7, P11).

    Attempts are counted on disk before the sending: copies beyond attempts would be more than one a kill.
    """
    total, again, most = 0, 0, 0
    for row in rows:
        copies = copies_of(row)
        total += copies
        again += copies > 1
        most = max(most, copies)
        if row.state not in ("sent", "confirmed"):
            verdict.wrong.append(f"dispatch {row.id} of ticket {row.ticket} is {row.state}")
        if copies == 0:
            verdict.lost.append(f"dispatch {row.id} of ticket {row.ticket} is {row.state} and never arrived")
        if copies > row.attempts:
            verdict.doubled.append(f"dispatch {row.id}: {copies} copies of {row.attempts} attempts")
    verdict.figures |= {name: total, f"{name} again": again, f"{name}: most copies of one": most}
    verdict.figures[f"{name}: killed on the way"] = sum(row.attempts > 1 for row in rows)


def _facts(row: Any) -> dict[str, str]:  # noqa: ANN401 - a row
    facts: dict[str, str] = json.loads(row.facts) if isinstance(row.facts, str) else row.facts
    return facts


# ------------------------------------------------------------------------------------------------------------ register


def _register(place: Place, verdict: Verdict) -> None:
    store = SqlStore(place.url, place.blobs, threaded=False)
    try:
        fault = store.read(verify)  # type: ignore[arg-type]  # what this store gives to a query
    finally:
        store.close()
    if fault is not None:
        verdict.wrong.append(f"the register does not hold: {fault}")


def _all(connection: sa.Connection, query: str) -> list[Any]:
    return list(connection.execute(sa.text(query)))


def _number(connection: sa.Connection, query: str) -> int:
    return int(connection.execute(sa.text(query)).scalar_one())
