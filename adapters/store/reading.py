"""The questions to the store (`gateway.ports.Reading`), each answered by an index.

A question first calls `_see`: outside a unit that does nothing; inside one it writes what still waits and could matter,
so that a unit sees its own doing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from adapters.store import rows, tables
from adapters.store.blobs import BlobFolder
from adapters.store.buffer import key_columns
from adapters.store.clean import address_key, searchable, shortened
from adapters.store.prepared import prepared
from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.errors import StoreError
from gateway.domain.intake import Attachment, Channel, Intake, IntakeState
from gateway.domain.register import Entry, Seal
from gateway.domain.ticket import (
    CLOSED_STATES,
    WAITING_FOR_A_PERSON,
    Action,
    Message,
    Page,
    Ticket,
    Timer,
    number_for,
)

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from gateway.domain.visits import Visit, VisitState

SIX_DIGITS = 1_000_000
NUMBERS = "ticket:"
"""How the counters of ticket numbers begin; the year follows."""

_BATCH = 500
_i, _t, _m, _d, _p = tables.intake, tables.ticket, tables.message, tables.dispatch, tables.page


_ACKNOWLEDGED = sa.select(sa.func.count().label("count")).where(
    _d.c.to_key == sa.bindparam("to_key"),
    _d.c.kind == str(DispatchKind.ACKNOWLEDGEMENT),
    _d.c.created_at >= sa.bindparam("since"),
)

_TOLD = sa.select(sa.func.count().label("count")).select_from(
    sa.select(_d.c.id)
    .where(
        _d.c.to_key == sa.bindparam("to_key"),
        _d.c.kind == sa.bindparam("kind"),
        _d.c.channel == sa.bindparam("channel"),
        _d.c.created_at >= sa.bindparam("since"),
    )
    .limit(sa.bindparam("most", type_=sa.Integer))
    .subquery()
)

LONGEST_WAIT = timedelta(days=7)
"""How long a dispatch waits at the most before it leaves or is given up."""


class SqlReading:
    """Answers from one connection, on one consistent view."""

    def __init__(self, connection: Connection, blobs: BlobFolder) -> None:
        self._connection = connection
        self._blobs = blobs

    # ------------------------------------------------------------------------------------------- how it asks

    def _see(self, *asked: sa.Table, **equal: Any) -> None:  # noqa: ANN401 - values of columns that never change
        """Make rows of `asked` visible that wait in this unit and have these values."""

    def _row(self, table: sa.Table, *key: Any) -> Mapping[str, Any] | None:  # noqa: ANN401 - parts of a key
        """One row by its primary key."""
        where = (table.c[name] == part for name, part in zip(key_columns(table), key, strict=True))
        found = self._all(sa.select(table).where(*where))
        return found[0] if found else None

    def _prepared(self, query: sa.Select[Any], values: Mapping[str, Any]) -> list[rows.Row]:
        """The rows of a question that is built once and asked often."""
        return prepared(query, self._connection.dialect).ask(self._connection, values)

    def _all(self, query: sa.Select[Any]) -> Sequence[Mapping[str, Any]]:
        # Rows by column name; SQLAlchemy's type allows other keys, which nobody here uses.
        return cast("Sequence[Mapping[str, Any]]", self._connection.execute(query).mappings().all())

    def _raw(self, intake: Mapping[str, Any]) -> bytes:
        """The raw bytes of an intake, from the database or the folder.

        Raises:
            StoreError: they are in neither.
        """
        kept = self._row(tables.intake_raw, intake["id"])
        if kept is not None:
            return bytes(kept["raw"])
        try:
            return self._blobs.read(intake["sha256"])
        except OSError as error:
            msg = (
                f"the bytes of intake {intake['id']} are missing ({error}); restore {self._blobs.folder} from a backup"
            )
            raise StoreError(msg) from error

    # ------------------------------------------------------------------------------------------------ intakes

    def intake(self, intake_id: int, *, raw: bool = False) -> Intake | None:
        row = self._row(_i, intake_id)
        if row is None:
            return None
        return rows.intake_of(row, self._raw(row) if raw else b"")

    def intakes(
        self,
        *,
        state: IntakeState | None = None,
        reason: str | None = None,
        ticket: int | None = None,
        limit: int = 100,
    ) -> list[Intake]:
        self._see(_i)
        query = sa.select(_i)
        if reason is not None:
            query = query.where(_i.c.reason == reason)
        if state is not None:
            query = query.where(_i.c.state == str(state))
        if ticket is not None:
            self._see(_m, ticket=ticket)
            query = query.where(_i.c.id.in_(sa.select(_m.c.intake).where(_m.c.ticket == ticket)))
        order = _i.c.id.desc() if ticket is None else _i.c.id
        return [rows.intake_of(row) for row in self._all(query.order_by(order).limit(limit))]

    def deliveries(self, intake_id: int) -> list[tuple[str, datetime]]:
        first = self._row(_i, intake_id)
        if first is None:
            return []
        table = tables.delivery
        self._see(table, intake=intake_id)
        query = sa.select(table).where(table.c.intake == intake_id).order_by(table.c.id)
        later = [(row["door"], row["at"]) for row in self._all(query)]
        return [(first["door"], first["accepted_at"]), *later]

    def is_kept(self, repeat_key: str) -> bool:
        row = self._row(tables.repeat, shortened(repeat_key))
        return row is not None and row["intake"] is not None

    def kept(self, repeat_keys: Sequence[str]) -> set[str]:
        self._see(tables.repeat)
        table, by_column = tables.repeat, {shortened(key): key for key in repeat_keys}
        query = sa.select(table.c.key).where(table.c.key.in_(list(by_column)), table.c.intake.is_not(None))
        return {by_column[key] for key in self._connection.execute(query).scalars()}

    def tickets_of(self, intake_id: int) -> list[int]:
        self._see(_m, intake=intake_id)
        query = sa.select(_m.c.ticket).distinct().where(_m.c.intake == intake_id).order_by(_m.c.ticket)
        return list(self._connection.execute(query).scalars())

    def content_owner(self, content_key: str, contract: str) -> int | None:
        row = self._row(tables.content, content_key, contract)
        return None if row is None else row["intake"]

    def cursor(self, mailbox: str) -> tuple[int, int] | None:
        row = self._row(tables.cursor, shortened(mailbox))
        return None if row is None else (row["uidvalidity"], row["uid"])

    # ------------------------------------------------------------------------------------------------ tickets

    def ticket(self, number: int) -> Ticket | None:
        row = self._row(_t, number)
        return None if row is None else rows.ticket_of(row)

    def tickets(
        self,
        *,
        states: Sequence[str] = (),
        contract: str | None = None,
        since: datetime | None = None,
        text: str | None = None,
        vendor_reference: str | None = None,
        limit: int = 100,
    ) -> list[Ticket]:
        self._see(_t)
        query = sa.select(_t)
        if vendor_reference is not None:
            query = query.where(_t.c.vendor_reference == vendor_reference)
        if states:
            query = query.where(_t.c.state.in_([str(state) for state in states]))
        if contract is not None:
            query = query.where(_t.c.contract == contract)
        if since is not None:
            query = query.where(_t.c.opened_at >= since).order_by(_t.c.opened_at.desc())
        if text:
            query = query.where(_t.c.search.contains(searchable(text), autoescape=True))
        return [rows.ticket_of(row) for row in self._all(query.order_by(_t.c.number.desc()).limit(limit))]

    def waiting_since(self) -> datetime | None:
        self._see(_t)
        states = [str(state) for state in WAITING_FOR_A_PERSON]
        query = sa.select(_t.c.received_at).where(_t.c.state.in_(states)).order_by(_t.c.received_at).limit(1)
        return self._connection.execute(query).scalar()

    def numbers_ending(self, count: int) -> list[int]:
        self._see(tables.counter)
        self._see(_t)
        name = tables.counter.c.name
        years = self._connection.execute(sa.select(name).where(name.startswith(NUMBERS))).scalars()
        candidates = [number_for(int(year.removeprefix(NUMBERS)), count) for year in years]
        if not 0 <= count < SIX_DIGITS or not candidates:
            return []
        query = sa.select(_t.c.number).where(_t.c.number.in_(candidates)).order_by(_t.c.number)
        return list(self._connection.execute(query).scalars())

    def open_tickets_of(self, contract: str, address: str, *, since: datetime) -> list[Ticket]:
        key = address_key(address)
        if not key:
            return []
        found: dict[int, Ticket] = {}
        # One question for each index, put in order here: a database that has to do all of it takes the wrong index.
        for column in (_t.c.address_key, _t.c.number_key):
            self._see(_t, contract=contract, **{column.name: key})
            query = sa.select(_t).where(column == key, _t.c.contract == contract, _t.c.touched_at >= since)
            rows_found = self._all(query.where(_t.c.state.not_in(CLOSED_STATES)))
            found |= {row["number"]: rows.ticket_of(row) for row in rows_found}
        return [found[number] for number in sorted(found, reverse=True)]

    def messages(self, ticket: int) -> list[Message]:
        self._see(_m, ticket=ticket)
        query = sa.select(_m).where(_m.c.ticket == ticket).order_by(_m.c.at, _m.c.id)
        return [rows.message_of(row) for row in self._all(query)]

    def attachments(self, message_id: int) -> list[Attachment]:
        table = tables.attachment
        self._see(table, message=message_id)
        query = sa.select(table).where(table.c.message == message_id).order_by(table.c.position)
        return [rows.attachment_of(row) for row in self._all(query)]

    def actions(self, ticket: int) -> list[Action]:
        table = tables.action
        self._see(table, ticket=ticket)
        query = sa.select(table).where(table.c.ticket == ticket).order_by(table.c.at, table.c.id)
        return [rows.action_of(row) for row in self._all(query)]

    def links(self, ticket: int) -> list[tuple[int, str]]:
        table = tables.link
        self._see(table, ticket=ticket)
        query = sa.select(table).where(table.c.ticket == ticket).order_by(table.c.other, table.c.kind)
        return [(row["other"], row["kind"]) for row in self._all(query)]

    # --------------------------------------------------------------------------------- dispatches, pages, timers

    def dispatch(self, dispatch_id: int) -> Dispatch | None:
        row = self._row(_d, dispatch_id)
        return None if row is None else rows.dispatch_of(row)

    def dispatch_by(self, *, key: str | None = None, reference: str | None = None) -> Dispatch | None:
        query = sa.select(_d)
        if key is not None:
            self._see(_d, key=key)
            query = query.where(_d.c.key == key)
        if reference is not None:
            self._see(_d)
            query = query.where(_d.c.reference_key == shortened(reference))
        if key is None and reference is None:
            return None
        found = self._all(query.order_by(_d.c.id.desc()).limit(1))
        return rows.dispatch_of(found[0]) if found else None

    def dispatches(
        self,
        *,
        ticket: int | None = None,
        states: Sequence[DispatchState] = (),
        kind: DispatchKind | None = None,
        channel: Channel | None = None,
        to: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[Dispatch]:
        fixed: dict[str, Any] = {"ticket": ticket, "kind": None if kind is None else str(kind)}
        fixed["channel"] = None if channel is None else str(channel)
        fixed["to_key"] = None if to is None else address_key(to)
        fixed = {name: value for name, value in fixed.items() if value is not None}
        self._see(_d, **fixed)
        query = sa.select(_d).where(*(_d.c[name] == value for name, value in fixed.items()))
        if states:
            query = query.where(_d.c.state.in_([str(state) for state in states]))
        if since is not None:
            query = query.where(_d.c.created_at >= since).order_by(_d.c.created_at.desc())
        return [rows.dispatch_of(row) for row in self._all(query.order_by(_d.c.id.desc()).limit(limit))]

    def acknowledged_since(self, address: str, since: datetime) -> int:
        to_key = address_key(address)
        self._see(_d, to_key=to_key, kind=str(DispatchKind.ACKNOWLEDGEMENT))
        return int(self._prepared(_ACKNOWLEDGED, {"to_key": to_key, "since": since})[0]["count"])

    def told_since(self, to: str, kind: DispatchKind, channel: Channel, since: datetime, most: int) -> int:
        to_key = address_key(to)
        self._see(_d, to_key=to_key, kind=str(kind), channel=str(channel))
        values = {"to_key": to_key, "kind": str(kind), "channel": str(channel), "since": since, "most": most}
        return int(self._prepared(_TOLD, values)[0]["count"])

    def sent_since(self, channel: Channel, since: datetime) -> int:
        self._see(_d)
        recent = sa.and_(_d.c.created_at >= since - LONGEST_WAIT, _d.c.channel == str(channel), _d.c.sent_at >= since)
        query = sa.select(sa.func.count()).select_from(_d).where(recent)
        return int(self._connection.execute(query).scalar_one())

    def page(self, page_id: int) -> Page | None:
        row = self._row(_p, page_id)
        return None if row is None else rows.page_of(row)

    def pages(
        self,
        *,
        ticket: int | None = None,
        number: str | None = None,
        states: Sequence[str] = (),
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Page]:
        fixed: dict[str, Any] = {"ticket": ticket, "number": number}
        fixed = {name: value for name, value in fixed.items() if value is not None}
        self._see(_p, **fixed)
        query = sa.select(_p).where(*(_p.c[name] == value for name, value in fixed.items()))
        if states:
            query = query.where(_p.c.state.in_([str(state) for state in states]))
        if since is not None:
            query = query.where(_p.c.opened_at >= since).order_by(_p.c.opened_at.desc())
        return [rows.page_of(row) for row in self._all(query.order_by(_p.c.id.desc()).limit(limit))]

    def visit(self, visit_id: int) -> Visit | None:
        row = self._row(tables.visit, visit_id)
        return None if row is None else rows.visit_of(row)

    def visits(
        self,
        *,
        ticket: int | None = None,
        contract: str | None = None,
        phase: str | None = None,
        states: Sequence[VisitState] = (),
    ) -> list[Visit]:
        table = tables.visit
        fixed = {"ticket": ticket, "contract": contract, "phase": phase}
        fixed = {name: value for name, value in fixed.items() if value is not None}
        self._see(table, **fixed)
        query = sa.select(table).where(*(table.c[name] == value for name, value in fixed.items()))
        if states:
            query = query.where(table.c.state.in_([str(state) for state in states]))
        return [rows.visit_of(row) for row in self._all(query.order_by(table.c.id))]

    def timer(self, kind: str, ticket: int) -> Timer | None:
        row = self._row(tables.timer, kind, ticket)
        return None if row is None else rows.timer_of(row)

    def timers(self, kind: str) -> list[Timer]:
        table = tables.timer
        self._see(table)
        query = sa.select(table).where(table.c.kind == kind).order_by(table.c.due_at, table.c.id)
        return [rows.timer_of(row) for row in self._all(query)]

    def due_timers(self, now: datetime, limit: int, *, kind: str | None = None, but: Sequence[str] = ()) -> list[Timer]:
        table = tables.timer
        self._see(table)
        wanted = table.c.kind.not_in(but) if kind is None else table.c.kind == kind
        query = sa.select(table).where(table.c.due_at <= now, wanted).order_by(table.c.due_at, table.c.id).limit(limit)
        return [rows.timer_of(row) for row in self._all(query)]

    # ----------------------------------------------------------------------------------------------- register

    def entries(self, chain: str) -> list[Entry]:
        table = tables.entry
        self._see(table, chain=chain)
        query = sa.select(table).where(table.c.chain == chain).order_by(table.c.seq)
        return [rows.entry_of(row) for row in self._all(query)]

    def personal(self, chain: str) -> dict[int, dict[str, str]]:
        table = tables.personal
        self._see(table, chain=chain)
        query = sa.select(table).where(table.c.chain == chain).order_by(table.c.seq, table.c.key)
        found: dict[int, dict[str, str]] = {}
        for row in self._all(query):
            found.setdefault(row["seq"], {})[row["key"]] = row["value"]
        return found

    def chain_heads(self) -> list[tuple[str, int, str]]:
        table = tables.chain
        self._see(table)
        query = sa.select(table.c.name, table.c.length, table.c.head).order_by(table.c.name)
        return sorted((row[0], row[1], row[2]) for row in self._connection.execute(query))

    def seals(self) -> list[Seal]:
        self._see(tables.seal)
        return [rows.seal_of(row) for row in self._all(sa.select(tables.seal).order_by(tables.seal.c.number))]

    def every(self, table: sa.Table) -> Iterator[Mapping[str, Any]]:
        """Every row of a table in the order of its key, a few hundred at a time: for checks and exports."""
        self._see(table)
        query = sa.select(table).order_by(*table.primary_key.columns)
        for row in self._connection.execute(query, execution_options={"yield_per": _BATCH}).mappings():
            yield cast("Mapping[str, Any]", row)

    # ------------------------------------------------------------------------------------------------- counts

    def counts(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        for table in (_i, _t, _d, _p):
            self._see(table)
            by_state = sa.select(table.c.state, sa.func.count()).group_by(table.c.state).order_by(table.c.state)
            states = {state: count for state, count in self._connection.execute(by_state)}  # noqa: C416 - rows, not pairs
            found[table.name] = sum(states.values())
            found |= {f"{table.name}.{state}": count for state, count in states.items()}
        for table in (_m, tables.timer, tables.entry, tables.chain, tables.seal):
            self._see(table)
            found[table.name] = self._connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        return found
