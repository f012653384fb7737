"""One shared transaction (`gateway.ports.Transaction`): questions see what it wrote, rows leave in few statements.

Everything that decides (repeat keys, counters, chain heads, states) is read inside the transaction, under the lock
that lets one writer in at a time; nothing of it outlives the transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store import rows, tables
from adapters.store.authentication import AuthenticationWriting
from adapters.store.blobs import MAX_IN_DATABASE_BYTES, BlobFolder
from adapters.store.buffer import Buffer
from adapters.store.clean import clean, clean_text, shortened
from adapters.store.reading import NUMBERS, SIX_DIGITS
from gateway.domain import register
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Attachment, Channel, Intake, IntakeState, Receipt
from gateway.domain.register import Entry, Happening, Seal
from gateway.domain.ticket import Action, Message, Page, Ticket, number_for
from gateway.domain.visits import Visit
from gateway.ports import LARGE_BYTES, Expected

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_SALT_BYTES = 16
_SALTS_AT_A_TIME = 64
_COUNTERS = sa.select(tables.counter.c.name, tables.counter.c.value)
_i, _t, _d, _p = tables.intake, tables.ticket, tables.dispatch, tables.page

MAX_BYTES = 1 << 60
MAX_TRIES = (1 << 31) - 1

# Built once: to build a query costs as much as to run it.
_CLAIM_INTAKES = (
    sa.select(_i)
    .where(tables.LEASED, _i.c.lease_until <= sa.bindparam("now"))
    .where(
        sa.or_(
            sa.and_(
                _i.c.size > sa.bindparam("least"),
                _i.c.size <= sa.bindparam("most"),
                _i.c.attempts <= sa.bindparam("tried_at_most"),
            ),
            _i.c.attempts >= sa.bindparam("tried_at_least"),
        )
    )
    .order_by(_i.c.lease_until, _i.c.id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_LANES: dict[bool | None, dict[str, int]] = {
    None: {"least": -1, "most": MAX_BYTES, "tried_at_most": MAX_TRIES, "tried_at_least": MAX_TRIES},
    False: {"least": -1, "most": LARGE_BYTES, "tried_at_most": 0, "tried_at_least": MAX_TRIES},
    True: {"least": LARGE_BYTES, "most": MAX_BYTES, "tried_at_most": MAX_TRIES, "tried_at_least": 1},
}
_IS_PAGE = sa.case((_d.c.kind == str(DispatchKind.PAGE), 0), else_=1)
_DUE = (
    tables.UNSETTLED,
    _d.c.wake_at <= sa.bindparam("now"),
    _d.c.channel.in_(sa.bindparam("channels", expanding=True)),
)
_MOST = sa.bindparam("limit", type_=sa.Integer)
_CLAIM_DISPATCHES = sa.select(_d).where(*_DUE).order_by(_IS_PAGE, _d.c.wake_at, _d.c.id).limit(_MOST)
# A page goes before every other message that is due (P6): to each number in turn, and there the first attempt for a
# ticket before what repeats an older one. A thousand that wait for one technician hold up nobody else's first.
_IS_FIRST = sa.case((sa.and_(_d.c.attempts == 0, _p.c.round == 1, _p.c.rung == 0), 0), else_=1)
_TURNS = (
    sa.select(
        _d.c.id,
        sa.func.row_number()
        .over(partition_by=(_IS_PAGE, _d.c.to), order_by=(_IS_FIRST, _d.c.wake_at, _d.c.id))
        .label("nth"),
    )
    .select_from(_d.outerjoin(_p, _d.c.page == _p.c.id))
    .where(*_DUE)
    .subquery("turns")
)
_CLAIM_PAGES = (
    sa.select(_d)
    .join(_TURNS, _d.c.id == _TURNS.c.id)
    .order_by(_IS_PAGE, _TURNS.c.nth, _d.c.wake_at, _d.c.id)
    .limit(_MOST)
)


class SqlTransaction(AuthenticationWriting):
    """What a unit is given. Lives for one batch of units, then `flush` and the commit."""

    def __init__(self, connection: Connection, blobs: BlobFolder) -> None:
        super().__init__(connection, blobs)
        self._buffer = Buffer(connection)
        self._counters: dict[str, int] | None = None
        self._counted: set[str] = set()
        self._random = b""

    @property
    def wrote(self) -> bool:
        """Whether there is anything to commit."""
        return self._buffer.wrote or bool(self._counted)

    def flush(self) -> None:
        """Write everything that waits."""
        self._write_counters()
        self._buffer.flush_all()

    def expect(self, expected: Expected) -> None:
        """Look up what a whole batch will ask for, in one question a table."""
        if expected.repeat_keys:
            self._buffer.fetch(tables.repeat, [shortened(key) for key in expected.repeat_keys])
        if expected.intakes:
            self._buffer.fetch(_i, expected.intakes)
        if expected.contents:
            self._buffer.fetch(tables.content, expected.contents)

    def _see(self, *asked: sa.Table, **equal: Any) -> None:  # noqa: ANN401 - as in SqlReading
        matters = (lambda row: all(row[name] == value for name, value in equal.items())) if equal else None
        for table in asked:
            if table is tables.counter:
                self._write_counters()
            self._buffer.flush(table, matters)

    def _row(self, table: sa.Table, *key: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - as in SqlReading
        return self._buffer.get(table, *key)

    def _next(self, name: str) -> int:
        """The next value of a counter. All are read once in a transaction and written back before it ends."""
        if self._counters is None:
            found = [self._buffer.remember(tables.counter, row) for row in self._prepared(_COUNTERS, {})]
            self._counters = {row["name"]: row["value"] for row in found}
        value = self._counters[name] = self._counters.get(name, 0) + 1
        self._counted.add(name)
        return value

    def _write_counters(self) -> None:
        if self._counters is None or not self._counted:
            return
        for name in self._counted:
            value = self._counters[name]
            if not self._buffer.has(tables.counter, name):
                self._buffer.insert(tables.counter, {"name": name, "value": value})
            else:
                self._buffer.change(tables.counter, (name,), {"value": value})
        self._counted.clear()

    # ------------------------------------------------------------------------------------------------ intakes

    def accept(self, arrival: Arrival, at: datetime) -> Receipt:
        key = shortened(arrival.repeat_key.value)
        first = self._holds(key, at)
        if first is not None and first["intake"] is not None:
            self.add_delivery(first["intake"], arrival.door, at)
            return Receipt(first["intake"], repeated=True)
        number = self._keep(arrival, at)
        self._note_key(key, number, at, arrival.repeat_key.holds_for)
        return Receipt(number, repeated=False)

    def _keep(self, arrival: Arrival, at: datetime) -> int:
        number = self._next("intake")
        sha256 = hashlib.sha256(arrival.raw).hexdigest()
        in_database = len(arrival.raw) <= MAX_IN_DATABASE_BYTES
        if not in_database:
            self._keep_blob(sha256, arrival.raw)
        self._buffer.insert(
            _i,
            {
                "id": number,
                "channel": arrival.channel,
                "door": arrival.door,
                "received_at": arrival.received_at,
                "accepted_at": at,
                "sender": arrival.sender,
                "recipients": arrival.recipients,
                "sha256": sha256,
                "size": len(arrival.raw),
                "state": IntakeState.RECEIVED,
                "attempts": 0,
                "lease_until": at,
                "facts": arrival.facts,
                "contract": arrival.contract,
                "reason": None,
            },
        )
        if in_database:
            self._buffer.insert(tables.intake_raw, {"intake": number, "raw": arrival.raw})
        return number

    def _keep_blob(self, sha256: str, raw: bytes) -> None:
        try:
            self._blobs.keep(sha256, raw)
        except OSError as error:
            msg = f"the folder for big mails refused {len(raw)} bytes ({error}); look at {self._blobs.folder}"
            raise StoreError(msg) from error

    def _holds(self, key: str, at: datetime) -> Mapping[str, Any] | None:
        """The earlier event with this key, unless its time is over."""
        row = self._buffer.get(tables.repeat, key)
        if row is None or (row["until"] is not None and row["until"] <= at):
            return None
        return row

    def _note_key(self, key: str, number: int | None, at: datetime, holds_for: timedelta | None) -> None:
        values = {"intake": number, "at": at, "until": None if holds_for is None else at + holds_for}
        if self._buffer.get(tables.repeat, key) is None:
            self._buffer.insert(tables.repeat, {"key": key, **values})
        else:
            self._buffer.change(tables.repeat, (key,), values)

    def claim_intakes(self, now: datetime, limit: int, lease: timedelta, *, large: bool | None = None) -> list[Intake]:
        self._see(_i)
        values = {"now": now, "limit": limit, **_LANES[large]}
        waiting = self._prepared(_CLAIM_INTAKES, values)
        alone = waiting[:1] if waiting and waiting[0]["attempts"] else [row for row in waiting if not row["attempts"]]
        found = [self._buffer.remember(_i, row) for row in alone]
        raw = tables.intake_raw
        self._see(raw)
        self._buffer.fetch(raw, [row["id"] for row in found])
        return [self._claimed(row, now + lease) for row in found]

    def _claimed(self, row: rows.Row, until: datetime) -> Intake:
        values = {"attempts": row["attempts"] + 1, "lease_until": until}
        changed = self._buffer.change(_i, (row["id"],), values)
        return rows.intake_of(changed, self._raw(changed))

    def _asked(self, query: sa.Select[Any], values: Mapping[str, Any]) -> list[rows.Row]:
        return [dict(row) for row in self._connection.execute(query, values).mappings()]

    def free_leases(self, at: datetime) -> None:
        self._buffer.flush_all()
        intakes = sa.update(_i).where(tables.LEASED, _i.c.lease_until > at, _i.c.attempts > 0)
        self._connection.execute(intakes.values(lease_until=at))
        sending = _d.c.state == str(DispatchState.SENDING)
        self._connection.execute(sa.update(_d).where(tables.UNSETTLED, sending, _d.c.wake_at > at).values(wake_at=at))
        self._buffer.wrote = True

    def settle_intake(self, intake_id: int, state: IntakeState, reason: str | None = None) -> None:
        self._buffer.change(_i, (intake_id,), {"state": state, "reason": reason, "lease_until": None})

    def release_intake(self, intake_id: int, until: datetime, reason: str) -> None:
        self._buffer.change(_i, (intake_id,), {"lease_until": until, "reason": reason})

    def reopen_intake(self, intake_id: int, at: datetime) -> None:
        values = {"state": IntakeState.RECEIVED, "reason": "replayed", "attempts": 1, "lease_until": at}
        self._buffer.change(_i, (intake_id,), values)

    def is_unfiled(self, intake_id: int) -> bool:
        row = self._buffer.get(_i, intake_id)
        return row is not None and row["state"] == IntakeState.RECEIVED

    def claim_content(self, content_key: str, contract: str, intake_id: int) -> None:
        if self._buffer.get(tables.content, content_key, contract) is None:
            row = {"content_key": content_key, "contract": contract, "intake": intake_id}
            self._buffer.insert(tables.content, row)

    def add_delivery(self, intake_id: int, door: str, at: datetime) -> None:
        row = {"id": self._next("delivery"), "intake": intake_id, "door": door, "at": at}
        self._buffer.insert(tables.delivery, row)

    def seen_before(self, key: str, at: datetime, holds_for: timedelta | None = None) -> bool:
        key = shortened(f"seen:{key}")
        if self._holds(key, at) is not None:
            return True
        self._note_key(key, None, at, holds_for)
        return False

    def earlier_intake(self, key: str, intake_id: int, at: datetime, holds_for: timedelta | None = None) -> int | None:
        key = shortened(f"first:{key}")
        row = self._holds(key, at)
        if row is None:
            self._note_key(key, intake_id, at, holds_for)
            return None
        return None if row["intake"] == intake_id else row["intake"]

    def set_cursor(self, mailbox: str, uidvalidity: int, uid: int) -> None:
        name = shortened(mailbox)
        values = {"uidvalidity": uidvalidity, "uid": uid}
        if self._buffer.get(tables.cursor, name) is None:
            self._buffer.insert(tables.cursor, {"mailbox": name, **values})
        else:
            self._buffer.change(tables.cursor, (name,), values)

    # ------------------------------------------------------------------------------------------------ tickets

    def new_number(self, year: int) -> int:
        count = self._next(f"{NUMBERS}{year}")
        if count >= SIX_DIGITS:
            raise StoreError(f"the year {year} has used its 999,999 ticket numbers; no further ticket can be opened")
        return number_for(year, count)

    def add_ticket(self, ticket: Ticket) -> None:
        self._buffer.insert(_t, {**rows.ticket_row(ticket), "touched_at": ticket.opened_at})
        self._buffer.none_of(tables.chain, str(ticket.number))

    def change_ticket(self, number: int, **values: Any) -> Ticket:  # noqa: ANN401 - the fields of Ticket, by name
        current = rows.ticket_of(self._there(_t, number))
        changed = rows.ticket_row(replace(current, **values))
        return rows.ticket_of(self._buffer.change(_t, (number,), changed))

    def _there(self, table: sa.Table, key: int | str) -> rows.Row:
        row = self._buffer.get(table, key)
        if row is None:
            raise StoreError(f"there is no {table.name} {key}")
        return row

    def add_message(self, message: Message, attachments: Sequence[Attachment] = ()) -> int:
        number = self._next("message")
        self._buffer.insert(tables.message, rows.message_row(message, number))
        for position, attachment in enumerate(attachments):
            self._buffer.insert(tables.attachment, rows.attachment_row(attachment, number, position))
        if message.at > self._there(_t, message.ticket)["touched_at"]:
            self._buffer.change(_t, (message.ticket,), {"touched_at": message.at})
        return number

    def add_action(self, action: Action) -> None:
        self._buffer.insert(tables.action, rows.action_row(action, self._next("action")))

    def add_link(self, ticket: int, other: int, kind: str) -> None:
        for one, two in ((ticket, other), (other, ticket)):
            if self._buffer.get(tables.link, one, two, kind) is None:
                self._buffer.insert(tables.link, {"ticket": one, "other": two, "kind": kind})

    # ------------------------------------------------------------------------------------- dispatches and pages

    def add_dispatch(self, dispatch: Dispatch) -> Dispatch:
        numbered = replace(dispatch, id=self._next("dispatch"))
        wake_at = numbered.due_at if numbered.state in (DispatchState.DUE, DispatchState.SENDING) else None
        return rows.dispatch_of(self._buffer.insert(_d, {**rows.dispatch_row(numbered), "wake_at": wake_at}))

    def claim_dispatches(
        self, now: datetime, limit: int, lease: timedelta, channels: Sequence[Channel] = ()
    ) -> list[Dispatch]:
        self._see(_d, _p)
        query = _CLAIM_PAGES if channels and Channel.MAIL not in channels else _CLAIM_DISPATCHES
        values = {"now": now, "channels": [str(channel) for channel in channels or Channel], "limit": limit}
        found = self._asked(query, values)
        return [self._sending(self._buffer.remember(_d, row), now + lease) for row in found]

    def _sending(self, row: rows.Row, until: datetime) -> Dispatch:
        values = {"state": DispatchState.SENDING, "attempts": row["attempts"] + 1, "wake_at": until}
        return rows.dispatch_of(self._buffer.change(_d, (row["id"],), values))

    def change_dispatch(self, dispatch_id: int, **values: Any) -> Dispatch:  # noqa: ANN401 - fields of Dispatch
        row = self._there(_d, dispatch_id)
        changed = replace(rows.dispatch_of(row), **values)
        wake_at = row["wake_at"] if changed.state == DispatchState.SENDING else None
        if changed.state == DispatchState.DUE:
            wake_at = changed.due_at
        columns = {**rows.dispatch_row(changed), "wake_at": wake_at}
        return rows.dispatch_of(self._buffer.change(_d, (dispatch_id,), columns))

    def add_page(self, page: Page) -> Page:
        numbered = replace(page, id=self._next("page"))
        return rows.page_of(self._buffer.insert(_p, rows.page_row(numbered)))

    def change_page(self, page_id: int, **values: Any) -> Page:  # noqa: ANN401 - fields of Page
        changed = replace(rows.page_of(self._there(_p, page_id)), **values)
        return rows.page_of(self._buffer.change(_p, (page_id,), rows.page_row(changed)))

    def add_visit(self, visit: Visit) -> Visit:
        numbered = replace(visit, id=self._next("visit"))
        return rows.visit_of(self._buffer.insert(tables.visit, rows.visit_row(numbered)))

    def change_visit(self, visit_id: int, **values: Any) -> Visit:  # noqa: ANN401 - fields of Visit
        changed = replace(rows.visit_of(self._there(tables.visit, visit_id)), **values)
        return rows.visit_of(self._buffer.change(tables.visit, (visit_id,), rows.visit_row(changed)))

    # ------------------------------------------------------------------------------------------------- timers

    def set_timer(self, kind: str, ticket: int, due_at: datetime, facts: Mapping[str, str]) -> None:
        values = {"due_at": due_at, "facts": dict(facts)}
        if self._buffer.get(tables.timer, kind, ticket) is None:
            row = {"kind": kind, "ticket": ticket, "id": self._next("timer"), **values}
            self._buffer.insert(tables.timer, row)
        else:
            self._buffer.change(tables.timer, (kind, ticket), values)

    def drop_timer(self, kind: str, ticket: int) -> None:
        self._buffer.delete(tables.timer, kind, ticket)

    # ----------------------------------------------------------------------------------------------- register

    def record(self, chain: str, happening: Happening) -> Entry:
        chain = clean_text(chain)
        happening = _cleaned(happening)
        head = self._buffer.get(tables.chain, chain)
        if head is None:
            fresh = {"name": chain, "length": 0, "head": register.GENESIS, "sealed": 0}
            head = self._buffer.insert(tables.chain, fresh)
        salts = {key: self._salt() for key in happening.personal}
        commitments = {key: register.commitment(salts[key], value) for key, value in happening.personal.items()}
        entry = register.link(
            chain, head["length"] + 1, head["head"], happening, by=happening.by, commitments=commitments
        )
        self._buffer.insert(tables.entry, rows.entry_row(entry))
        for key, value in happening.personal.items():
            row = {"chain": chain, "seq": entry.seq, "key": key, "salt": salts[key], "value": value}
            self._buffer.insert(tables.personal, row)
        self._buffer.change(tables.chain, (chain,), {"length": entry.seq, "head": entry.hash})
        return entry

    def _salt(self) -> bytes:
        """A salt of its own for one value. They are drawn many at a time: each draw gives the interpreter away."""
        if len(self._random) < _SALT_BYTES:
            self._random = secrets.token_bytes(_SALT_BYTES * _SALTS_AT_A_TIME)
        salt, self._random = self._random[:_SALT_BYTES], self._random[_SALT_BYTES:]
        return salt

    def add_seal(self, day: str, at: datetime) -> Seal:
        earlier = self.seals()
        made = register.seal(day, self.chain_heads(), earlier[-1].hash if earlier else register.GENESIS)
        number = self._next("seal")
        row = {
            "number": number,
            "at": at,
            "day": made.day,
            "root": made.root,
            "chains": made.chains,
            "entries": made.entries,
            "previous": made.previous,
            "hash": made.hash,
        }
        self._buffer.insert(tables.seal, row)
        self._buffer.flush_all()
        self._note_sealed(number)
        return made

    def _note_sealed(self, number: int) -> None:
        """Keep what the seal saw of every chain that had grown. All chains are on the database here."""
        table = tables.chain
        grown = sa.select(
            sa.literal(number, tables.seal.c.number.type), table.c.name, table.c.length, table.c.head
        ).where(table.c.sealed != table.c.length)
        into = sa.insert(tables.seal_head).from_select(["seal", "chain", "length", "head"], grown)
        self._connection.execute(into)
        self._connection.execute(sa.update(table).where(table.c.sealed != table.c.length).values(sealed=table.c.length))


def _cleaned(happening: Happening) -> Happening:
    """The same happening in values that come back from the database exactly as they were hashed."""
    return replace(
        happening,
        type=clean(happening.type),
        by=clean(happening.by),
        clause=clean(happening.clause),
        data=rows.cleaned_facts(happening.data),
        personal=rows.cleaned_facts(happening.personal),
    )
