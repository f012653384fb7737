"""What is kept of the telephone: every call, its recording, and the times in which a channel was down.

Every call leaves a line (C2.3): answered, refused, abandoned with how far it came, an empty voicemail, a carrier error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """Who called whom."""

    IN = "in"
    OUT = "out"


class CallOutcome(StrEnum):
    """How a call ended. `None` on the line while it goes on."""

    ANSWERED = "answered"
    """A person of ours took it with the accept key."""
    MESSAGE = "message"
    EMPTY_MESSAGE = "empty_message"
    SPOKEN = "spoken"
    """The caller said in words what it is about, and nobody was needed."""
    DUTY = "duty"
    """One of our own people, about a page or a watch: no request."""
    CALL_BACK = "call_back"
    """The caller asked to be called back."""
    ABANDONED = "abandoned"
    REFUSED = "refused"
    CARRIER_ERROR = "carrier_error"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the carrier knows it by its SID. `reached` is the last step that the caller came to.

    `answered_by` is the person of the directory who took it; `facts` hold keys pressed, legs and what the carrier said.
    """

    id: int
    sid: str
    direction: Direction
    contract: str
    caller: str
    called: str
    began_at: datetime
    reached: str
    ticket: int | None = None
    intake: int | None = None
    outcome: CallOutcome | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    facts: dict[str, str] = field(default_factory=dict)


class RecordingState(StrEnum):
    """Where a recording is: at the carrier, with us, with us alone, or gone."""

    AT_CARRIER = "at_carrier"
    KEPT = "kept"
    ONLY_HERE = "only_here"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded message. The bytes lie in the content-addressed folder under `sha256` once they were fetched."""

    id: int
    sid: str
    call_sid: str
    ticket: int | None
    state: RecordingState
    seconds: int
    recorded_at: datetime
    sha256: str | None = None
    size: int = 0
    type: str = ""
    attempts: int = 0
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a channel was down [disservizio]: never a closure (C2.7). `ended_at` None: it still is."""

    id: int
    channel: str
    began_at: datetime
    cause: str
    ended_at: datetime | None = None
    told_at: datetime | None = None


class ChangeKind(StrEnum):
    """What changes the roster beside its file."""

    OVERRIDE = "override"
    SWAP = "swap"
    CONFIRMATION = "confirmation"
    """Somebody confirmed the start of a shift (M-05)."""


class ChangeState(StrEnum):
    """A swap is asked for and accepted by the other; an override is in force at once."""

    ASKED = "asked"
    IN_FORCE = "in_force"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class RosterChange:
    """Somebody else on call for a while [start, end), recorded by a command: who, instead of whom, by whom and why."""

    id: int
    contract: str
    kind: ChangeKind
    state: ChangeState
    starts_at: datetime
    ends_at: datetime
    contact: str
    instead_of: str | None
    by: str
    reason: str
    asked_at: datetime
    answered_at: datetime | None = None
    answered_by: str | None = None
