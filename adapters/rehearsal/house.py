"""What the page of the telephones shows of the house behind them, and the one thing that it asks of it.

The stand-ins know nothing of the gateway: whoever runs both (the demo) answers these questions. Instants are aware;
words are stored words (`out_of_hours`, `taken`), which the page puts into the language of whoever looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ContractSeen:
    """A contract at this instant: how it is called and texted, whether its desk is open and by which clause.

    `known` are numbers of people whom the contract knows, each with whose it is; `on_call` the ids of the chain on
    duty, in order, and `desk` of those whose telephones ring in hours. `moments` are instants to rehearse, by name.
    """

    id: str
    name: str
    phone: tuple[str, ...]
    sms: tuple[str, ...]
    known: tuple[tuple[str, str], ...]
    is_open: bool
    reason: str | None
    holiday: str | None
    next_opening: datetime | None
    closes_at: datetime | None
    clauses: tuple[str, ...]
    on_call: tuple[str, ...]
    desk: tuple[str, ...]
    moments: tuple[tuple[str, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """Somebody of the directory who has a telephone."""

    id: str
    name: str
    role: str
    mobile: str | None
    landline: str | None
    supervisor: bool


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket in one line. `owner` is a name."""

    number: int
    contract: str
    channel: str
    state: str
    priority: str
    subject: str
    requester: str
    owner: str
    opened_at: datetime
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventSeen:
    """One entry of the register: of a ticket (`chain` is its number) or of the house (`system`)."""

    chain: str
    seq: int
    at: datetime
    type: str
    by: str
    clause: str | None
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that is shown of the house at one instant; tickets and events newest first."""

    now: datetime
    contracts: tuple[ContractSeen, ...]
    people: tuple[PersonSeen, ...]
    tickets: tuple[TicketSeen, ...]
    events: tuple[EventSeen, ...]


class House(Protocol):
    """Whoever runs the gateway and the stand-ins. Asked in a thread, never on the carrier's loop."""

    @property
    def name(self) -> str:
        """How the gateway is called."""
        ...

    @property
    def contract(self) -> str:
        """The id of the contract that is rehearsed first."""
        ...

    @property
    def public_url(self) -> str:
        """Where its own pages are: links that begin so can be followed."""
        ...

    @property
    def settings(self) -> str:
        """The path of the configuration, for commands that whoever rehearses may type."""
        ...

    def look(self) -> Seen:
        """What there is to see now."""
        ...

    def go_forward(self, to: datetime) -> None:
        """Move the clock on to an instant; what falls due meanwhile happens.

        Raises:
            ValueError: it lies in the past, or so far ahead that it is a slip of the finger.
        """
        ...
