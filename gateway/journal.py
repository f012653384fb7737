"""One function for each event of the log: noun, past participle, ids, durations with their unit.

Message bodies and subjects stay out; addresses and numbers go in masked. The log is for operators; the proof of what
happened is the register.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from gateway.domain.dispatch import Dispatch, Outcome
    from gateway.domain.intake import Intake, IntakeState

_log = structlog.get_logger("centralino")


def masked(address: str) -> str:
    """An address or number that can be recognised but not used: `m***@comune.example`, `+39***4567`."""
    local, at, domain = address.partition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"{address[:3]}***{address[-4:]}" if len(address) > len("+39") + 4 else "***"


def intake_filed(intake: Intake, state: IntakeState, took_ms: float) -> None:
    """A contact became, or joined, what it belongs to."""
    _log.info("intake.filed", intake=intake.id, state=str(state), attempt=intake.attempts, took_ms=round(took_ms, 1))


def intake_filing_failed(intake: Intake, error: BaseException) -> None:
    """Filing failed; it is tried again, and after some tries it becomes a ticket that says so."""
    _log.error("intake.filing_failed", intake=intake.id, attempt=intake.attempts, error=type(error).__name__)


def dispatch_concluded(dispatch: Dispatch, outcome: Outcome, took_ms: float) -> None:
    """One attempt at sending came to an end."""
    _log.info(
        "dispatch.concluded",
        dispatch=dispatch.id,
        ticket=dispatch.ticket,
        kind=str(dispatch.kind),
        channel=str(dispatch.channel),
        attempt=dispatch.attempts,
        outcome=type(outcome).__name__.lower(),
        reason=getattr(outcome, "reason", None),
        to=masked(dispatch.to),
        took_ms=round(took_ms, 1),
    )


def dispatch_failed(dispatch: Dispatch, error: BaseException) -> None:
    """An outlet broke its promise and raised."""
    _log.error("dispatch.failed", dispatch=dispatch.id, channel=str(dispatch.channel), error=type(error).__name__)


def status_settled(key: str, status: str, *, known: bool) -> None:
    """The carrier told how a message or call fares."""
    _log.info("status.settled", attempt_id=key[:8], status=status, known=known)


def webhook_refused(path: str, reason: str, peer: str) -> None:
    """A request without a valid signature, or with unknown parameters: no effect."""
    _log.warning("webhook.refused", path=path, reason=reason, peer=peer)


def ladder_climbed(ticket: int | None, kind: str) -> None:
    """A timer fell due and was acted upon."""
    _log.info("timer.fell_due", ticket=ticket, kind=kind)


def fax_read(intake: int, page: int, took_ms: float, outcome: str) -> None:
    """A page of a fax was read by a machine; what it says stays out of the log."""
    _log.info("fax.read", intake=intake, page=page, took_ms=round(took_ms, 1), outcome=outcome)


def loop_failed(loop: str, error: BaseException) -> None:
    """A loop of the worker met an error that it survived."""
    _log.error("worker.failed", loop=loop, error=type(error).__name__, text=str(error)[:200])


def rules_reloaded(digest: str) -> None:
    """A new configuration took effect."""
    _log.info("rules.reloaded", digest=digest[:12])


def reload_refused(text: str) -> None:
    """A new configuration was refused; the old one stays in force."""
    _log.error("rules.reload_refused", reason=text)


def noted(event: str, **facts: object) -> None:
    """An event of a door (connection, mailbox) with its facts; the caller keeps bodies and secrets out."""
    _log.info(event, **facts)


def warned(event: str, **facts: object) -> None:
    """The same for what an operator should look at."""
    _log.warning(event, **facts)
