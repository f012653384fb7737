"""What receipts of certified mail do: the ledger, the dispatch, the escalation, and who is told (X4, S145 to S149).

A receipt never opens a ticket, is never answered and never dropped: each is a row with its verdict and the report on
its signature. One that is not believed or contradicts what is known moves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import bounces, escalating, telling
from gateway.domain.certified import evidence, same_address
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.intake import Channel, IntakeState
from gateway.domain.ledger import FINAL_FAILURES, NO_DELIVERY, OPEN_STATES, LineState, SeenReceipt, Verdict, judged
from gateway.domain.register import SYSTEM, Happening
from gateway.domain.ticket import CLOSED_STATES, Act, TicketState, after
from gateway.telling import NOBODY

if TYPE_CHECKING:
    from datetime import datetime

    from gateway.domain.certified import CertifiedReading, DeliveryEvidence
    from gateway.domain.contract import Contract
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.intake import Intake
    from gateway.domain.ledger import Judged, Line, Move
    from gateway.domain.ticket import Ticket, Timer
    from gateway.ports import Gateway, Transaction

CERTIFIED = "certified"
"""The timer that watches what is under way by certified mail; ticket 0 is for messages about no ticket."""
MAX_QUOTED = 600
"""Characters of the provider's text that an alarm repeats (S149)."""

DELAYED, NO_ACCEPTANCE, NO_RECEIPT = "P-PEC-DELAYED", "P-PEC-NO-ACCEPTANCE", "P-PEC-NO-RECEIPT"
EXTERNAL = "P-PEC-EXTERNAL"
_PROBLEMS = {
    LineState.NOT_ACCEPTED: "P-PEC-NOT-SENT",
    LineState.FAILED: "P-PEC-FAILED",
    LineState.VIRUS: "P-PEC-VIRUS",
    LineState.DELAY_NOTICE: DELAYED,
}
"""The phrase of each problem; by its id a line remembers that somebody was told."""


def settle_receipt(
    gw: Gateway, tx: Transaction, intake: Intake, certified: CertifiedReading, at: datetime
) -> IntakeState:
    """A receipt finds the message that it is about, or is on record as an orphan (X3)."""
    event = evidence(certified)
    if event is None:
        raise ValueError(f"{certified.kind} is no receipt")
    lines = tuple(tx.lines(message_ids=event.about)) if event.about else ()
    sent = tx.dispatch(lines[0].dispatch) if lines else None
    found = judged(event, lines, sent.facts.get("from", "") if sent else "")
    _keep(tx, intake, certified, found, lines, at)
    for move in found.moves:
        if move.is_new:
            _move(gw, tx, move, event, certified, at)
        elif event.identifier and not move.line.identifier:
            tx.change_line(move.line.id, identifier=event.identifier)
    for line in found.externals:
        tx.change_line(line.id, is_external=True)
        _will_not_be_confirmed(gw, tx, line, EXTERNAL, at)
    tx.settle_intake(intake.id, IntakeState.RECEIPT, f"{certified.kind} {found.verdict}")
    return IntakeState.RECEIPT


def _keep(
    tx: Transaction,
    intake: Intake,
    certified: CertifiedReading,
    found: Judged,
    lines: tuple[Line, ...],
    at: datetime,
) -> None:
    """The receipt as a row, and in the history of what it is about."""
    about = next((line for line in lines if same_address(line.recipient, certified.recipient)), next(iter(lines), None))
    tx.add_receipt(
        SeenReceipt(
            id=0,
            intake=intake.id,
            kind=str(certified.kind),
            verdict=found.verdict,
            seen_at=at,
            message_id=next(iter(certified.refers_to), ""),
            recipient=certified.recipient,
            certified_at=certified.at,
            identifier=certified.identificativo,
            ticket=about.ticket if about else None,
            dispatch=about.dispatch if about else None,
            report=report(certified, found),
        )
    )
    data = {
        "intake": str(intake.id),
        "sha256": intake.sha256,
        "kind": str(certified.kind),
        "verdict": str(found.verdict),
        "certified_at": certified.at.isoformat() if certified.at else "",
        "identifier": certified.identificativo,
        "signed_by": ",".join(certified.trust.signer),
        "why": "; ".join(found.reasons)[:500],
    }
    chain = str(about.ticket) if about and about.ticket is not None else SYSTEM
    kinds = {Verdict.SUSPECT: "receipt_suspect", Verdict.ORPHAN: "receipt_orphan"}
    tx.record(chain, Happening(kinds.get(found.verdict, "receipt_seen"), at, NOBODY, "X4", data))


def report(certified: CertifiedReading, found: Judged) -> dict[str, object]:
    """What the verification came to, for the proof bundle: integrity, chain, signer, by which certificate, why not."""
    trust = certified.trust
    return {
        "verified": certified.is_believed,
        "intact": trust.intact,
        "chained": trust.chained,
        "signer": list(trust.signer),
        "certificate_sha256": trust.certificate,
        "issuer": trust.issuer,
        "digest": trust.digest,
        "revocation": str(trust.revocation),
        "weak": str(trust.weak or ""),
        "judged_at": trust.judged_at.isoformat() if trust.judged_at else None,
        "provider": certified.provider,
        "receipt_type": str(certified.receipt_type or ""),
        "error": certified.error,
        "error_extended": certified.error_extended,
        "reasons": list(found.reasons),
        "defects": list(certified.defects),
    }


def _move(
    gw: Gateway,
    tx: Transaction,
    move: Move,
    event: DeliveryEvidence,
    certified: CertifiedReading,
    at: datetime,
) -> None:
    """One line goes on, and with it what waits for it."""
    reason = f"{event.error} {event.detail}".strip() if move.state in _PROBLEMS else ""
    line = tx.change_line(
        move.line.id,
        state=move.state,
        state_at=event.at,
        identifier=event.identifier or move.line.identifier,
        reason=reason[:300],
    )
    dispatch = tx.dispatch(line.dispatch)
    if dispatch is None:
        return
    _record(tx, line, at)
    if line.state is LineState.DELIVERED:
        _delivered(gw, tx, line, dispatch, at)
    elif line.state in FINAL_FAILURES:
        _failed(gw, tx, line, dispatch, certified, at)
    elif line.state is LineState.DELAY_NOTICE:
        _alarm(gw, tx, line, DELAYED, at)
    watch(gw, tx, line.ticket)


def _record(tx: Transaction, line: Line, at: datetime) -> None:
    data = {
        "dispatch": str(line.dispatch),
        "state": str(line.state),
        "certified_at": line.state_at.isoformat() if line.state_at else "",
        "identifier": line.identifier,
        "reason": line.reason,
    }
    chain = SYSTEM if line.ticket is None else str(line.ticket)
    tx.record(chain, Happening("certified_mail", at, NOBODY, "X4", data, {"recipient": line.recipient}))


def _delivered(gw: Gateway, tx: Transaction, line: Line, dispatch: Dispatch, at: datetime) -> None:
    """Only now is the message done: the certified time counts, read or unread (DPR 68/2005, art. 6)."""
    tx.change_dispatch(dispatch.id, state=DispatchState.CONFIRMED, reason=None)
    ticket = tx.ticket(line.ticket) if line.ticket is not None else None
    if ticket is not None and dispatch.kind is DispatchKind.ESCALATION:
        escalating.arrived(gw, tx, ticket, dispatch, line.state_at or at, at)


def _failed(
    gw: Gateway, tx: Transaction, line: Line, dispatch: Dispatch, certified: CertifiedReading, at: datetime
) -> None:
    """The message will not arrive: an escalation fails aloud, of anything else the supervisors are told."""
    tx.change_dispatch(dispatch.id, state=DispatchState.REFUSED, reason=f"{line.state}: {line.reason}"[:300])
    phrase, quoted = _PROBLEMS[line.state], certified.text[:MAX_QUOTED].strip()
    ticket = tx.ticket(line.ticket) if line.ticket is not None else None
    if ticket is None or dispatch.kind is not DispatchKind.ESCALATION:
        _alarm(gw, tx, line, phrase, at, quoted=quoted)
        return
    tx.change_line(line.id, told=(*line.told, phrase))
    said, fallback = _about_escalation(gw, ticket, phrase)
    reason = f"{said} {line.reason}. {fallback}\n{quoted}"
    bounces.escalation_failed(gw, tx, _as_the_vendors(tx, ticket), dispatch.to, reason, at)


def _about_escalation(gw: Gateway, ticket: Ticket, phrase: str) -> tuple[str, str]:
    """What is wrong with an escalation by certified mail, and what to do instead, in the language of its contract."""
    contract = gw.rules.contract(ticket.contract)
    problem = gw.rules.phrase(contract, phrase)
    return gw.rules.phrase(contract, "P-PEC-MESSAGE", problem=problem), gw.rules.phrase(contract, "P-PEC-FALLBACK")


def _will_not_be_confirmed(gw: Gateway, tx: Transaction, line: Line, phrase: str, at: datetime) -> None:
    """No receipt of delivery comes: an escalation is not done by it and may be tried again (X4), of others one is told.

    A receipt that comes late all the same wins.
    """
    dispatch = tx.dispatch(line.dispatch)
    ticket = tx.ticket(line.ticket) if line.ticket is not None else None
    waits = dispatch is not None and dispatch.state is DispatchState.SENT
    if dispatch is None or ticket is None or dispatch.kind is not DispatchKind.ESCALATION or not waits:
        _alarm(gw, tx, line, phrase, at)
        return
    tx.change_line(line.id, told=(*line.told, phrase))
    problem = gw.rules.phrase(gw.rules.contract(ticket.contract), phrase)
    tx.change_dispatch(dispatch.id, state=DispatchState.REFUSED, reason=problem[:300])
    reason = " ".join(_about_escalation(gw, ticket, phrase))
    bounces.escalation_failed(gw, tx, _as_the_vendors(tx, ticket), dispatch.to, reason, at)


def _as_the_vendors(tx: Transaction, ticket: Ticket) -> Ticket:
    """An escalation by PEC fails from wherever the ticket stands: it was never the vendor's (X4)."""
    if ticket.state in (*CLOSED_STATES, TicketState.ESCALATED):
        return ticket
    return tx.change_ticket(ticket.number, state=after(ticket.state, Act.ESCALATE))


def _alarm(gw: Gateway, tx: Transaction, line: Line, phrase: str, at: datetime, *, quoted: str = "") -> None:
    """The supervisors are told, once for each problem of a line."""
    current = tx.line(line.id) or line
    if phrase in current.told:
        return
    tx.change_line(line.id, told=(*current.told, phrase))
    dispatch = tx.dispatch(line.dispatch)
    ticket = tx.ticket(line.ticket) if line.ticket is not None else None
    contract = gw.rules.contract(ticket.contract if ticket else (dispatch.contract or "") if dispatch else "")
    if ticket is not None:
        telling.alarm_note(gw, tx, ticket, contract, _told(gw, contract, line, phrase, quoted), at)
    tx.record(
        SYSTEM if ticket is None else str(ticket.number),
        Happening("certified_alarm", at, NOBODY, "X4", {"problem": gw.rules.phrase(contract, phrase)}),
    )


def _told(gw: Gateway, contract: Contract, line: Line, phrase: str, quoted: str) -> str:
    """What is wrong with a message, why, what to do and what the provider wrote: a line each."""
    worded = gw.rules.phrase
    said = [worded(contract, "P-PEC-ABOUT", recipient=line.recipient, problem=worded(contract, phrase))]
    said += [line.reason + "."] if line.reason else []
    said += [worded(contract, "P-PEC-FALLBACK")] if line.state in FINAL_FAILURES else []
    said += [worded(contract, "P-PEC-QUOTED", quoted=quoted)] if quoted else []
    return "\n".join(said)


# --------------------------------------------------------------------------------------------------------- the sending


def has_left(gw: Gateway, tx: Transaction, dispatch: Dispatch, at: datetime) -> None:
    """Our relay took a message: of a certified one the receipts are waited for from now on."""
    if dispatch.channel is not Channel.PEC:
        return
    if dispatch.attempts == 1:
        for line in tx.lines(dispatch=dispatch.id, states=(LineState.SENT,)):
            tx.change_line(line.id, sent_at=at)
    watch(gw, tx, dispatch.ticket)


def was_refused(tx: Transaction, dispatch: Dispatch, reason: str, at: datetime) -> None:
    """Our relay did not take it: it was never sent, and no receipt will come. Who is told, the kind of it decides."""
    if dispatch.channel is not Channel.PEC:
        return
    for line in tx.lines(dispatch=dispatch.id, states=(LineState.SENT,)):
        changed = tx.change_line(line.id, state=LineState.NOT_ACCEPTED, state_at=at, reason=reason[:300])
        _record(tx, changed, at)
    ticket = tx.ticket(dispatch.ticket) if dispatch.ticket is not None else None
    if ticket is not None and dispatch.kind is DispatchKind.ESCALATION:
        _as_the_vendors(tx, ticket)


def watch(gw: Gateway, tx: Transaction, ticket: int | None) -> None:
    """The timer of what is under way by certified mail: the earliest instant at which a receipt is missing."""
    number = ticket or 0
    waiting = _under_way(tx, number)
    due = [when for line, left in waiting for when, problem in _deadlines(gw, line, left) if problem not in line.told]
    if due:
        tx.set_timer(CERTIFIED, number, min(due), {})
    else:
        tx.drop_timer(CERTIFIED, number)


def _under_way(tx: Transaction, number: int) -> list[tuple[Line, datetime]]:
    """Lines that wait for a receipt, of messages that have left, and when they left."""
    found = tx.lines(ticket=number, states=OPEN_STATES) if number else tx.lines(states=OPEN_STATES)
    mine = [line for line in found if (line.ticket or 0) == number and not line.is_external]
    left = {line.id: dispatch.sent_at for line in mine if (dispatch := tx.dispatch(line.dispatch)) is not None}
    return [(line, at) for line in mine if (at := left.get(line.id)) is not None]


def _deadlines(gw: Gateway, line: Line, left: datetime) -> list[tuple[datetime, str]]:
    acceptance = [(left + gw.rules.pec_acceptance, NO_ACCEPTANCE)] if line.state is LineState.SENT else []
    return [*acceptance, (left + NO_DELIVERY, NO_RECEIPT)]


def fall_due(gw: Gateway, tx: Transaction, timer: Timer, at: datetime) -> None:
    """A receipt is missing: somebody is told, and what else is under way goes on being watched."""
    number = timer.ticket or 0
    for line, left in _under_way(tx, number):
        for when, problem in _deadlines(gw, line, left):
            if when <= at and problem not in line.told:
                tell = _will_not_be_confirmed if problem == NO_RECEIPT else _alarm
                tell(gw, tx, line, problem, at)
    watch(gw, tx, timer.ticket)
