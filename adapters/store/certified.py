"""The ledger of certified mail and every receipt that was seen: the questions and the writing (`gateway.ports`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from adapters.store import rows, tables
from adapters.store.clean import clean, shortened
from adapters.store.scans import ScanReading, ScanWriting
from gateway.domain.ledger import Line, LineState, SeenReceipt, Verdict

_l, _r = tables.certified_line, tables.receipt


def _line_row(line: Line) -> rows.Row:
    return {**asdict(line), "state": str(line.state), "message_id": shortened(line.message_id), "told": list(line.told)}


def _line_of(row: Mapping[str, Any]) -> Line:
    return Line(**{**row, "state": LineState(row["state"]), "told": tuple(row["told"])})


def _receipt_row(receipt: SeenReceipt) -> rows.Row:
    return {**asdict(receipt), "verdict": str(receipt.verdict), "report": clean(receipt.report)}


def _receipt_of(row: Mapping[str, Any]) -> SeenReceipt:
    return SeenReceipt(**{**row, "verdict": Verdict(row["verdict"]), "report": dict(row["report"])})


class CertifiedReading(ScanReading):
    """What a unit and a reader may ask."""

    def line(self, line_id: int) -> Line | None:
        row = self._row(_l, line_id)
        return None if row is None else _line_of(row)

    def lines(
        self,
        *,
        ticket: int | None = None,
        dispatch: int | None = None,
        message_ids: Sequence[str] = (),
        states: Sequence[LineState] = (),
        limit: int = 1000,
    ) -> list[Line]:
        self._see(_l)
        query = sa.select(_l)
        if ticket is not None:
            query = query.where(_l.c.ticket == ticket)
        if dispatch is not None:
            query = query.where(_l.c.dispatch == dispatch)
        if message_ids:
            query = query.where(_l.c.message_id.in_([shortened(one) for one in message_ids]))
        if states:
            query = query.where(_l.c.state.in_([str(state) for state in states]))
        return [_line_of(row) for row in self._all(query.order_by(_l.c.id).limit(limit))]

    def receipts(
        self,
        *,
        ticket: int | None = None,
        intake: int | None = None,
        verdicts: Sequence[Verdict] = (),
        newest_first: bool = False,
        limit: int = 100,
    ) -> list[SeenReceipt]:
        self._see(_r)
        query = sa.select(_r)
        if ticket is not None:
            query = query.where(_r.c.ticket == ticket)
        if intake is not None:
            query = query.where(_r.c.intake == intake)
        if verdicts:
            query = query.where(_r.c.verdict.in_([str(one) for one in verdicts]))
        order = _r.c.id.desc() if newest_first else _r.c.id
        return [_receipt_of(row) for row in self._all(query.order_by(order).limit(limit))]


class CertifiedWriting(ScanWriting, CertifiedReading):
    """What a unit may write."""

    def add_line(self, line: Line) -> Line:
        made = replace(line, id=self._next("certified_line"))
        return _line_of(self._buffer.insert(_l, _line_row(made)))

    def change_line(self, line_id: int, **values: Any) -> Line:  # noqa: ANN401 - fields of Line
        changed = replace(_line_of(self._there(_l, line_id)), **values)
        return _line_of(self._buffer.change(_l, (line_id,), _line_row(changed)))

    def add_receipt(self, receipt: SeenReceipt) -> SeenReceipt:
        for earlier in self.receipts(intake=receipt.intake, limit=1):
            made = replace(receipt, id=earlier.id)
            return _receipt_of(self._buffer.change(_r, (earlier.id,), _receipt_row(made)))
        made = replace(receipt, id=self._next("receipt"))
        return _receipt_of(self._buffer.insert(_r, _receipt_row(made)))
