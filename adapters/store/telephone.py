"""Calls, recordings, outages and changes of the roster: the questions and the writing (`gateway.ports`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store import rows, tables
from adapters.store.clean import shortened
from adapters.store.reading import SqlReading

if TYPE_CHECKING:
    from adapters.store.buffer import Buffer
    from gateway.domain.telephony import Call, Outage, Recording, RecordingState, RosterChange

_c, _r, _o, _x = tables.call, tables.recording, tables.outage, tables.roster_change


class TelephoneReading(SqlReading):
    """What a unit and a reader may ask."""

    def call(self, call_id: int) -> Call | None:
        row = self._row(_c, call_id)
        return None if row is None else rows.call_of(row)

    def call_by(self, sid: str) -> Call | None:
        sid = shortened(sid)
        self._see(_c, sid=sid)
        found = self._all(sa.select(_c).where(_c.c.sid == sid))
        return rows.call_of(found[0]) if found else None

    def calls(
        self,
        *,
        ticket: int | None = None,
        caller: str | None = None,
        going_on: bool = False,
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[Call]:
        fixed = {"ticket": ticket, "caller": caller}
        fixed = {name: value for name, value in fixed.items() if value is not None}
        self._see(_c, **({} if going_on else fixed))
        query = sa.select(_c).where(*(_c.c[name] == value for name, value in fixed.items()))
        if going_on:
            query = query.where(tables.CALL_GOES_ON)
        if since is not None:
            query = query.where(_c.c.began_at >= since)
        return [
            rows.call_of(row) for row in self._all(query.order_by(_c.c.began_at.desc(), _c.c.id.desc()).limit(limit))
        ]

    def recording_by(self, sid: str) -> Recording | None:
        sid = shortened(sid)
        self._see(_r, sid=sid)
        found = self._all(sa.select(_r).where(_r.c.sid == sid))
        return rows.recording_of(found[0]) if found else None

    def recordings(
        self, *, ticket: int | None = None, states: Sequence[RecordingState] = (), limit: int = 100
    ) -> list[Recording]:
        self._see(_r)
        query = sa.select(_r)
        if ticket is not None:
            query = query.where(_r.c.ticket == ticket)
        if states:
            query = query.where(_r.c.state.in_([str(state) for state in states]))
        return [rows.recording_of(row) for row in self._all(query.order_by(_r.c.id).limit(limit))]

    def outages(self, *, channel: str | None = None, open_only: bool = False, limit: int = 100) -> list[Outage]:
        self._see(_o)
        query = sa.select(_o)
        if channel is not None:
            query = query.where(_o.c.channel == channel)
        if open_only:
            query = query.where(_o.c.ended_at.is_(None))
        return [rows.outage_of(row) for row in self._all(query.order_by(_o.c.id.desc()).limit(limit))]

    def roster_changes(
        self, *, contract: str | None = None, ending_after: datetime | None = None
    ) -> list[RosterChange]:
        self._see(_x)
        query = sa.select(_x)
        if contract is not None:
            query = query.where(_x.c.contract == contract)
        if ending_after is not None:
            query = query.where(_x.c.ends_at > ending_after)
        return [rows.roster_change_of(row) for row in self._all(query.order_by(_x.c.id))]

    def roster_change(self, change_id: int) -> RosterChange | None:
        row = self._row(_x, change_id)
        return None if row is None else rows.roster_change_of(row)


class TelephoneWriting(TelephoneReading, ABC):
    """What a unit may write."""

    _buffer: Buffer

    @abstractmethod
    def _next(self, name: str) -> int:
        """The next number of a table."""

    @abstractmethod
    def _there(self, table: sa.Table, key: int | str) -> rows.Row:
        """A row that must be there."""

    def add_call(self, call: Call) -> Call:
        made = replace(call, id=self._next("call"), sid=shortened(call.sid))
        return rows.call_of(self._buffer.insert(_c, rows.flat(made)))

    def change_call(self, call_id: int, **values: Any) -> Call:  # noqa: ANN401 - fields of Call
        changed = replace(rows.call_of(self._there(_c, call_id)), **values)
        return rows.call_of(self._buffer.change(_c, (call_id,), rows.flat(changed)))

    def add_recording(self, recording: Recording) -> Recording:
        made = replace(recording, id=self._next("recording"), sid=shortened(recording.sid))
        return rows.recording_of(self._buffer.insert(_r, rows.flat(made)))

    def change_recording(self, recording_id: int, **values: Any) -> Recording:  # noqa: ANN401 - fields of Recording
        changed = replace(rows.recording_of(self._there(_r, recording_id)), **values)
        return rows.recording_of(self._buffer.change(_r, (recording_id,), rows.flat(changed)))

    def add_outage(self, outage: Outage) -> Outage:
        made = replace(outage, id=self._next("outage"))
        return rows.outage_of(self._buffer.insert(_o, rows.flat(made)))

    def change_outage(self, outage_id: int, **values: Any) -> Outage:  # noqa: ANN401 - fields of Outage
        changed = replace(rows.outage_of(self._there(_o, outage_id)), **values)
        return rows.outage_of(self._buffer.change(_o, (outage_id,), rows.flat(changed)))

    def add_roster_change(self, change: RosterChange) -> RosterChange:
        made = replace(change, id=self._next("roster_change"))
        return rows.roster_change_of(self._buffer.insert(_x, rows.flat(made)))

    def change_roster_change(self, change_id: int, **values: Any) -> RosterChange:  # noqa: ANN401 - its fields
        changed = replace(rows.roster_change_of(self._there(_x, change_id)), **values)
        return rows.roster_change_of(self._buffer.change(_x, (change_id,), rows.flat(changed)))
