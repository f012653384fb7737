"""What a scanner said of files: the questions and the writing (`gateway.scanner`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapters.store import rows, tables
from adapters.store.clean import clean_text
from adapters.store.telephone import TelephoneReading, TelephoneWriting
from gateway.domain.scan import Scan, ScanState

_s, _a, _m = tables.scan, tables.attachment, tables.message


def _row(scan: Scan) -> rows.Row:
    return {**asdict(scan), "state": str(scan.state), "found": clean_text(scan.found)}


def _scan_of(row: Mapping[str, Any]) -> Scan:
    return Scan(**{**row, "state": ScanState(row["state"])})


class ScanReading(TelephoneReading):
    """What a unit and a reader may ask."""

    def scans(self, hashes: Sequence[str]) -> dict[str, Scan]:
        if not hashes:
            return {}
        self._see(_s)
        query = sa.select(_s).where(_s.c.sha256.in_(list(hashes)))
        return {row["sha256"]: _scan_of(row) for row in self._all(query)}

    def scans_due(self, now: datetime, limit: int = 20) -> list[Scan]:
        self._see(_s)
        query = sa.select(_s).where(_s.c.due_at <= now).order_by(_s.c.due_at, _s.c.sha256).limit(limit)
        return [_scan_of(row) for row in self._all(query)]

    def tickets_with(self, sha256: str) -> list[int]:
        self._see(_a)
        self._see(_m)
        query = sa.select(_m.c.ticket).join(_a, _a.c.message == _m.c.id).where(_a.c.sha256 == sha256).distinct()
        return sorted(row["ticket"] for row in self._all(query))


class ScanWriting(TelephoneWriting, ScanReading):
    """What a unit may write."""

    def add_scan(self, scan: Scan) -> None:
        self._buffer.insert(_s, _row(scan))

    def change_scan(self, sha256: str, **values: Any) -> Scan:  # noqa: ANN401 - fields of Scan
        changed = replace(self.scans([sha256])[sha256], **values)
        return _scan_of(self._buffer.change(_s, (sha256,), _row(changed)))
