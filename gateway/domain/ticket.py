"""What people work on: the intakes that belong together, with contract, level, state and history.

States move only along `TRANSITIONS`; every pair that is absent is refused by name (`StateError`). A number is
`YYYYNNNNNN`: year of opening in Rome and six digits, taken in the filing transaction, never reused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.domain.intake import Fold


class TicketState(StrEnum):
    """Where a ticket stands (DESIGN, Words)."""

    NEW = "new"
    NOTIFIED = "notified"
    TAKEN = "taken"
    WAITING_REQUESTER = "waiting_requester"
    WAITING_CLIENT = "waiting_client"
    WORKAROUND = "workaround"
    ESCALATED = "escalated"
    ESCALATION_FAILED = "escalation_failed"
    NOT_RECEIVABLE = "not_receivable"
    SOLVED = "solved"
    CLOSED = "closed"


class Act(StrEnum):
    """What can happen to a ticket's state."""

    CONTACT_TOLD = "contact_told"
    TAKE = "take"
    NOBODY_TOOK = "nobody_took"
    ACCEPTANCE_EXPIRED = "acceptance_expired"
    WAIT_REQUESTER = "wait_requester"
    WAIT_CLIENT = "wait_client"
    WORKED_AROUND = "worked_around"
    ESCALATE = "escalate"
    ESCALATION_REFUSED = "escalation_refused"
    VENDOR_REFUSED = "vendor_refused"
    SOLVE = "solve"
    CLOSE = "close"
    REOPEN = "reopen"


class Outcome(StrEnum):
    """How a ticket was concluded (C1.3: a conclusion always has an outcome)."""

    SOLVED = "solved"
    NOT_SOLVABLE = "not_solvable"
    OUT_OF_SCOPE = "out_of_scope"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"


class Priority(StrEnum):
    """Urgent requests are chased until a person accepts; normal ones wait for the reopening."""

    NORMAL = "normal"
    URGENT = "urgent"


class TicketType(StrEnum):
    """What kind of request it is (C1.1)."""

    ASSISTANCE = "assistance"
    ADVICE = "advice"
    INFORMATION = "information"
    REPORT = "report"
    COMPLAINT = "complaint"
    NEED = "need"
    CHANGE = "change"
    OTHER = "other"


class Mark(StrEnum):
    """What a person must know at a glance."""

    TO_VERIFY = "to_verify"
    UNREADABLE = "unreadable"
    TYPE_TO_CONFIRM = "type_to_confirm"
    CONTRACT_TO_CONFIRM = "contract_to_confirm"
    UNKNOWN_REQUESTER = "unknown_requester"
    ON_CALL_NOT_REACHED = "on_call_not_reached"
    AMBIGUOUS_SENDER = "ambiguous_sender"
    UNVERIFIED_SENDER = "unverified_sender"
    """Nobody could verify that the mail is from whom it says."""
    FORGED_SENDER = "forged_sender"
    """The owner of the sender's domain says that such a mail is not theirs."""
    FAX_FROM_PUBLIC_BODY = "fax_from_public_body"
    DOCUMENT_TO_DOWNLOAD = "document_to_download"
    """The fax lies at its service, behind a link that a person opens: the gateway opens none (DOMAIN section 9)."""
    NO_WORKAROUND = "no_workaround"
    CALL_BACK = "call_back"
    SYNTHETIC = "synthetic"
    """Made by the gateway to try itself out: no report counts it."""
    DRILL = "drill"
    """A drill of the on-call duty: everybody confirms for themselves, nobody owns it."""
    NOT_CERTIFIED = "not_certified"
    """It came to the certified mailbox and nobody certifies it: no legal effect is assumed (S144)."""
    INFECTED = "infected"
    """The scanner found something in an attachment: it is kept, and not to be opened or sent on."""


class StateError(CentralinoError):
    """The act is not possible in the ticket's state; the message names both and what would be possible."""


_S = TicketState
_WORK = (_S.TAKEN, _S.WAITING_REQUESTER, _S.WAITING_CLIENT, _S.WORKAROUND)
_OPEN = (_S.NEW, _S.NOTIFIED, *_WORK, _S.ESCALATED, _S.ESCALATION_FAILED, _S.NOT_RECEIVABLE)

TRANSITIONS: dict[tuple[TicketState, Act], TicketState] = {
    (_S.NEW, Act.CONTACT_TOLD): _S.NOTIFIED,
    (_S.NOTIFIED, Act.CONTACT_TOLD): _S.NOTIFIED,
    (_S.NOTIFIED, Act.NOBODY_TOOK): _S.NEW,
    (_S.TAKEN, Act.ACCEPTANCE_EXPIRED): _S.NEW,
    **{(state, Act.TAKE): _S.TAKEN for state in _OPEN},
    **{(state, Act.WAIT_REQUESTER): _S.WAITING_REQUESTER for state in _WORK},
    **{(state, Act.WAIT_CLIENT): _S.WAITING_CLIENT for state in _WORK},
    **{(state, Act.WORKED_AROUND): _S.WORKAROUND for state in (*_WORK, _S.ESCALATED)},
    **{(state, Act.ESCALATE): _S.ESCALATED for state in _OPEN},
    (_S.ESCALATED, Act.ESCALATION_REFUSED): _S.ESCALATION_FAILED,
    (_S.ESCALATED, Act.VENDOR_REFUSED): _S.NOT_RECEIVABLE,
    **{(state, Act.SOLVE): _S.SOLVED for state in _OPEN},
    (_S.SOLVED, Act.CLOSE): _S.CLOSED,
    (_S.SOLVED, Act.REOPEN): _S.TAKEN,
    (_S.CLOSED, Act.REOPEN): _S.TAKEN,
}

CLOSED_STATES = (TicketState.SOLVED, TicketState.CLOSED)
WAITING_FOR_A_PERSON = (TicketState.NEW, TicketState.NOTIFIED)


def after(state: TicketState, act: Act) -> TicketState:
    """The state after `act`.

    Raises:
        StateError: the pair is not in `TRANSITIONS`; the message names the acts that are.
    """
    found = TRANSITIONS.get((state, act))
    if found is None:
        possible = ", ".join(sorted(a for s, a in TRANSITIONS if s is state)) or "nothing"
        msg = f"a ticket that is {state} cannot do {act}; possible: {possible}"
        raise StateError(msg)
    return found


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked: one person of the directory, else one (channel, address) pair; nothing merges by itself."""

    name: str = ""
    address: str = ""
    number: str = ""
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket as stored. `number` is the integer YYYYNNNNNN; `sheet` holds the diagnostic facts set by the desk.

    What the contract said of it at its reception: the `version` it keeps, what `became` of it (`accepted`, …), the
    `phase`, the requester's `party` (a group of the contract), the `mode` (`help_desk` or `on_site`), the `site`, the
    `matter` of the scope and the `priority_class`. `due` is by when (`taken_in_charge`, `solution`, `on_site`, …);
    `suspensions` are the times in which its clocks stood still.
    """

    number: int
    contract: str
    channel: str
    type: TicketType
    state: TicketState
    level: int
    priority: Priority
    subject: str
    requester: Requester
    opened_at: datetime
    received_at: datetime
    owner: str | None = None
    taken_at: datetime | None = None
    outcome: Outcome | None = None
    vendor_reference: str | None = None
    escalated_at: datetime | None = None
    marks: tuple[str, ...] = ()
    sheet: dict[str, str] = field(default_factory=dict)
    urgent_word: str | None = None
    version: int = 1
    became: str = "accepted"
    phase: str | None = None
    party: str | None = None
    mode: str = "help_desk"
    site: str | None = None
    matter: str | None = None
    priority_class: int | None = None
    due: Mapping[str, datetime] = field(default_factory=dict)
    suspensions: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A time in which the clocks of a ticket stood still: why, from when to when (None: still), and who asked by what.

    `reason` is one of `provisions.Suspension`; `message` the id of the message that asked, if one did.
    """

    reason: str
    starts_at: datetime
    ends_at: datetime | None = None
    message: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a ticket. `lane` is requester, vendor, client or internal: one never leaks into another.

    `client` is what goes to and comes from the client's own offices: its first level, who decides for it.
    """

    id: int
    ticket: int
    direction: str
    channel: str
    lane: str
    sender: str
    recipients: tuple[str, ...]
    at: datetime
    subject: str
    text: str
    message_id: str | None = None
    intake: int | None = None
    dispatch: int | None = None
    html: str | None = None
    folds: tuple[Fold, ...] = ()
    """What of `text` is shown folded: an earlier mail, a signature."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing the desk did: field 12 of the diagnostic summary is made of these and of nothing else."""

    ticket: int
    at: datetime
    recorded_at: datetime
    by: str
    by_role: str
    text: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Page:
    """One technician woken for one ticket: its code belongs to this page and this number, and has three tries.

    `rung` is the place in the ladder (`routing.ladder`), `round` how often the ladder was begun.
    """

    id: int
    ticket: int
    contract: str
    person: str
    number: str
    code: str
    state: str
    round: int
    rung: int
    opened_at: datetime
    tries: int = 0
    closed_at: datetime | None = None
    accepted_by: str | None = None


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that must happen at `due_at` whatever else happens. At most one of each kind for a ticket."""

    id: int
    kind: str
    ticket: int | None
    due_at: datetime
    facts: dict[str, str] = field(default_factory=dict)


def number_for(year: int, count: int) -> int:
    """The ticket number: year of opening in Rome and six digits, 2026 and 123 give 2026000123."""
    return year * 1_000_000 + count
