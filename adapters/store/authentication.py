"""What was found of the senders of mails: the questions and the writing (`gateway.authenticating`)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from adapters.store import rows, tables
from adapters.store.certified import CertifiedReading, CertifiedWriting
from gateway.domain.authentication import Finding, Method, Result, Standing, Verdict
from gateway.domain.intake import IntakeState

if TYPE_CHECKING:
    from collections.abc import Mapping

_a = tables.authentication


def _row(verdict: Verdict) -> rows.Row:
    findings = [[str(one.method), str(one.result), one.domain, one.reason] for one in verdict.findings]
    return {**asdict(verdict), "standing": str(verdict.standing), "findings": findings}


def _verdict(row: Mapping[str, Any]) -> Verdict:
    findings = tuple(Finding(Method(a), Result(b), domain, why) for a, b, domain, why in row["findings"])
    return Verdict(**{**row, "standing": Standing(row["standing"]), "findings": findings})


class AuthenticationReading(CertifiedReading):
    """What a unit and a reader may ask."""

    def verdict(self, intake_id: int) -> Verdict | None:
        row = self._row(_a, intake_id)
        return None if row is None else _verdict(row)

    def verdicts(self, *, ticket: int | None = None, due_by: datetime | None = None, limit: int = 100) -> list[Verdict]:
        self._see(_a)
        query = sa.select(_a).order_by(_a.c.intake)
        if ticket is not None:
            query = query.where(_a.c.ticket == ticket)
        if due_by is not None:
            query = query.where(tables.LOOKED_AT_AGAIN, _a.c.again_at <= due_by).order_by(None)
            query = query.order_by(_a.c.again_at, _a.c.intake)
        return [_verdict(row) for row in self._all(query.limit(limit))]

    def waiting_unverified(self) -> tuple[int, datetime | None]:
        intake = tables.intake
        self._see(intake)
        query = sa.select(sa.func.count(), sa.func.min(intake.c.received_at))
        count, oldest = self._connection.execute(query.where(intake.c.state == str(IntakeState.UNVERIFIED))).one()
        return count, oldest

    def unverified_by_ticket(self) -> dict[int, int]:
        self._see(_a)
        query = sa.select(_a.c.ticket, sa.func.count()).where(_a.c.ticket.is_not(None)).group_by(_a.c.ticket)
        return {ticket: count for ticket, count in self._connection.execute(query)}  # noqa: C416 - rows, not pairs


class AuthenticationWriting(CertifiedWriting, AuthenticationReading):
    """What a unit may write."""

    def keep_verdict(self, verdict: Verdict, *, first: bool = False) -> None:
        if first:
            self._buffer.none_of(_a, verdict.intake)
        if self._buffer.get(_a, verdict.intake) is None:
            self._buffer.insert(_a, _row(verdict))
        else:
            self._buffer.change(_a, (verdict.intake,), _row(verdict))
