"""The ledger of certified mail that we sent: one line per recipient, moved only along a table (X4, S147-S149).

What is not believed, or contradicts what is known, moves nothing and is `suspect` on record; what matches nothing of
ours is `orphan` on record. Two notices of delay have one name in PEC: the one that comes 22 hours or more after the
sending says that delivery failed (DM 2 November 2005, annex §6.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.certified import DeliveryEvidence, Event, Recipient, RecipientKind, same_address

LAST_NOTICE = timedelta(hours=22)
"""From so long after the sending a notice is the second one."""
NO_DELIVERY = timedelta(hours=24)
"""After so long a message that was not delivered is a matter for a person, receipt or not."""
SKEW = timedelta(minutes=10)
"""By so much the provider's clock may be behind ours."""


class LineState(StrEnum):
    """Where a certified message stands with one recipient (DESIGN, Words)."""

    SENT = "sent"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    DELAY_NOTICE = "delay_notice"
    DELIVERED = "delivered"
    FAILED = "failed"
    VIRUS = "virus"


class Step(StrEnum):
    """What moves a line: an event of delivery, seen from one recipient."""

    ACCEPT = "accept"
    REJECT = "reject"
    RELAY = "relay"
    DELIVER = "deliver"
    FAIL = "fail"
    WARN = "warn"
    WARN_LAST = "warn_last"
    BLOCK = "block"


class Verdict(StrEnum):
    """What became of a receipt."""

    APPLIED = "applied"
    """It moved a line."""
    NOTED = "noted"
    """It is believed and says nothing new."""
    SUSPECT = "suspect"
    """Not believed, or it contradicts what is known: it moved nothing."""
    ORPHAN = "orphan"
    """It is about no message of ours that we know."""


_L, _S = LineState, Step
_UNDER_WAY = (_L.SENT, _L.ACCEPTED, _L.DELAY_NOTICE)

TRANSITIONS: dict[tuple[LineState, Step], LineState] = {
    (_L.SENT, _S.ACCEPT): _L.ACCEPTED,
    (_L.SENT, _S.REJECT): _L.NOT_ACCEPTED,
    (_L.SENT, _S.RELAY): _L.ACCEPTED,
    (_L.ACCEPTED, _S.RELAY): _L.ACCEPTED,
    (_L.DELAY_NOTICE, _S.RELAY): _L.DELAY_NOTICE,
    **{(state, _S.DELIVER): _L.DELIVERED for state in (*_UNDER_WAY, _L.FAILED)},
    **{(state, _S.FAIL): _L.FAILED for state in _UNDER_WAY},
    **{(state, _S.WARN): _L.DELAY_NOTICE for state in _UNDER_WAY},
    **{(state, _S.WARN_LAST): _L.FAILED for state in _UNDER_WAY},
    **{(state, _S.BLOCK): _L.VIRUS for state in (*_UNDER_WAY, _L.FAILED)},
    # Receipts come in any order and twice: what says nothing new moves nothing.
    **{(state, _S.ACCEPT): state for state in _L if state not in (_L.SENT, _L.NOT_ACCEPTED)},
    **{(state, _S.RELAY): state for state in (_L.DELIVERED, _L.FAILED, _L.VIRUS)},
    **{(_L.DELIVERED, step): _L.DELIVERED for step in (_S.DELIVER, _S.WARN, _S.WARN_LAST)},
    **{(_L.FAILED, step): _L.FAILED for step in (_S.FAIL, _S.WARN, _S.WARN_LAST)},
    **{(_L.VIRUS, step): _L.VIRUS for step in (_S.FAIL, _S.WARN, _S.WARN_LAST, _S.BLOCK)},
    (_L.NOT_ACCEPTED, _S.REJECT): _L.NOT_ACCEPTED,
    (_L.NOT_ACCEPTED, _S.BLOCK): _L.NOT_ACCEPTED,
}
"""Every pair that is absent contradicts what is known: a delivery of what was never accepted, a failure after it."""

FINAL_FAILURES = (LineState.NOT_ACCEPTED, LineState.FAILED, LineState.VIRUS)
OPEN_STATES = (LineState.SENT, LineState.ACCEPTED, LineState.DELAY_NOTICE)


@dataclass(frozen=True, slots=True)
class Line:
    """One recipient of one certified message of ours, as stored.

    `message_id` is ours, without `<>`, stored before sending; `identifier` the provider's id. `sent_at` is the earliest
    instant at which it can have left: a relay that fell silent may have taken it at the first try. `state_at` is the
    certified time of what moved it last. `is_external`: the provider says that the recipient is no certified mailbox,
    so that no receipt of delivery will come. `told` are the alarms that were raised about it.
    """

    id: int
    dispatch: int
    ticket: int | None
    recipient: str
    message_id: str
    state: LineState
    sent_at: datetime
    state_at: datetime | None = None
    identifier: str = ""
    is_external: bool = False
    reason: str = ""
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenReceipt:
    """A receipt as stored: what it is, what became of it and why, and the intake that holds its bytes."""

    id: int
    intake: int
    kind: str
    verdict: Verdict
    seen_at: datetime
    message_id: str = ""
    recipient: str = ""
    certified_at: datetime | None = None
    identifier: str = ""
    ticket: int | None = None
    dispatch: int | None = None
    report: dict[str, object] = field(default_factory=dict)
    """What the verification of the signature came to, for the proof bundle."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a receipt does to a line."""

    line: Line
    state: LineState
    step: Step

    @property
    def is_new(self) -> bool:
        """Whether the state changes by it."""
        return self.state is not self.line.state


@dataclass(frozen=True, slots=True)
class Judged:
    """What a receipt comes to: its verdict, the moves that it makes, and why not when it makes none."""

    verdict: Verdict
    moves: tuple[Move, ...] = ()
    reasons: tuple[str, ...] = ()
    externals: tuple[Line, ...] = ()
    """Lines whose recipient turns out to be no certified mailbox."""


def judged(evidence: DeliveryEvidence, lines: tuple[Line, ...], sender: str = "") -> Judged:
    """What a receipt comes to for the lines of the message that it names. All of it counts, or nothing of it.

    `sender` is the account that the message left from: whoever knows its Message-ID can submit one of their own by it,
    and has genuine receipts for that (P13).
    A receipt that we cannot place is an orphan even when it is not believed: nothing of ours is at stake.
    """
    if not lines:
        return Judged(Verdict.ORPHAN, reasons=("about no message of ours", *evidence.doubts))
    doubts = (*evidence.doubts, *_too_early(evidence, lines), *_of_another(evidence, sender))
    concerned = _concerned(evidence, lines)
    if not concerned:
        doubts = (*doubts, "about a recipient that we did not write to")
    if doubts:
        return Judged(Verdict.SUSPECT, reasons=tuple(dict.fromkeys(doubts)))
    moves, contradictions = _moves(evidence, concerned)
    if contradictions:
        return Judged(Verdict.SUSPECT, reasons=contradictions)
    externals = tuple(line for line in concerned if not line.is_external and _is_external(evidence, line))
    verdict = Verdict.APPLIED if any(move.is_new for move in moves) else Verdict.NOTED
    return Judged(verdict, tuple(moves), externals=externals)


def _too_early(evidence: DeliveryEvidence, lines: tuple[Line, ...]) -> tuple[str, ...]:
    first = min(line.sent_at for line in lines)
    early = evidence.at is not None and evidence.at < first - SKEW
    return ("certified before the message was sent",) if early else ()


def _of_another(evidence: DeliveryEvidence, sender: str) -> tuple[str, ...]:
    is_ours = not sender or not evidence.sender or same_address(evidence.sender, sender)
    return () if is_ours else ("of a message that somebody else submitted",)


def _concerned(evidence: DeliveryEvidence, lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines of the recipients that it names. What is said of the whole message without names concerns them all."""
    if not evidence.recipients and evidence.event in (Event.SUBMISSION_ACCEPTED, Event.SUBMISSION_REJECTED):
        return lines
    return tuple(line for line in lines if _named(evidence, line) is not None)


def _named(evidence: DeliveryEvidence, line: Line) -> Recipient | None:
    return next((one for one in evidence.recipients if same_address(one.address, line.recipient)), None)


def _is_external(evidence: DeliveryEvidence, line: Line) -> bool:
    named = _named(evidence, line)
    return named is not None and named.kind is RecipientKind.EXTERNAL


def _moves(evidence: DeliveryEvidence, lines: tuple[Line, ...]) -> tuple[list[Move], tuple[str, ...]]:
    moves, contradictions = [], []
    for line in lines:
        step = step_of(evidence, line)
        state = TRANSITIONS.get((line.state, step))
        if state is None:
            contradictions.append(f"{step} for a recipient that is {line.state}")
        else:
            moves.append(Move(line, state, step))
    return moves, tuple(dict.fromkeys(contradictions))


_STEPS = {
    Event.SUBMISSION_ACCEPTED: Step.ACCEPT,
    Event.SUBMISSION_REJECTED: Step.REJECT,
    Event.RELAYED: Step.RELAY,
    Event.DELIVERED: Step.DELIVER,
    Event.DELIVERY_FAILED: Step.FAIL,
    Event.WARNING: Step.WARN,
}


def step_of(evidence: DeliveryEvidence, line: Line) -> Step:
    """What an event is to one line: of notices whether it is the first or the last, of failures whether by a virus."""
    if evidence.is_virus and evidence.event in (Event.DELIVERY_FAILED, Event.WARNING):
        return Step.BLOCK
    # The provider counts from its acceptance; without one we know only when we sent.
    since = line.state_at if line.state is LineState.ACCEPTED and line.state_at else line.sent_at
    if evidence.event is Event.WARNING and evidence.at is not None and evidence.at - since >= LAST_NOTICE:
        return Step.WARN_LAST
    return _STEPS[evidence.event]
