"""Values that the store's tests store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.intake import Arrival, Attachment, Channel, RepeatKey
from gateway.domain.register import Happening
from gateway.domain.ticket import Message, Page, Priority, Requester, Ticket, TicketState, TicketType
from gateway.ports import Transaction

NOW = datetime(2026, 11, 24, 21, 10, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LEASE = timedelta(minutes=5)


def arrival(key: str = "k1", raw: bytes = b"Subject: x\r\n\r\ny", holds_for: timedelta | None = None) -> Arrival:
    return Arrival(
        Channel.MAIL,
        "smtp",
        raw,
        NOW,
        "anna@example.it",
        ("help@example.it",),
        RepeatKey(key, holds_for),
        {"peer": "::1"},
    )


def ticket(number: int, **values: object) -> Ticket:
    fields: dict[str, object] = {
        "contract": "c02-comune",
        "channel": "mail",
        "type": TicketType.ASSISTANCE,
        "state": TicketState.NEW,
        "level": 1,
        "priority": Priority.NORMAL,
        "subject": "La stampante non va in Città",
        "requester": Requester("Anna Riva", "Anna@example.it", "+393331112222"),
        "opened_at": NOW,
        "received_at": NOW,
    }
    return Ticket(number=number, **(fields | values))  # type: ignore[arg-type]  # fields of Ticket, by name


def opened(unit: Transaction, **values: object) -> int:
    number = unit.new_number(2026)
    unit.add_ticket(ticket(number, **values))
    return number


def message(number: int, **values: object) -> Message:
    fields: dict[str, object] = {
        "id": 0,
        "direction": "in",
        "channel": "mail",
        "lane": "requester",
        "sender": "anna@example.it",
        "recipients": ("help@example.it",),
        "at": NOW,
        "subject": "Stampante",
        "text": "Non va.",
    }
    return Message(ticket=number, **(fields | values))  # type: ignore[arg-type]  # fields of Message, by name


def attachment(name: str = "foto.png") -> Attachment:
    return Attachment(name, name, "image/png", 3, "0" * 64, "2", None, inline=False)


def dispatch(key: str = "a" * 32, **values: object) -> Dispatch:
    fields: dict[str, object] = {
        "id": 0,
        "kind": DispatchKind.ACKNOWLEDGEMENT,
        "channel": Channel.MAIL,
        "to": "anna@example.it",
        "state": DispatchState.DUE,
        "due_at": NOW,
        "expires_at": NOW + timedelta(days=2),
        "created_at": NOW,
    }
    return Dispatch(key=key, **(fields | values))  # type: ignore[arg-type]  # fields of Dispatch, by name


def page(of_ticket: int, **values: object) -> Page:
    fields: dict[str, object] = {
        "id": 0,
        "contract": "c02-comune",
        "person": "anna",
        "number": "+393331112222",
        "code": "123456",
        "state": "open",
        "round": 1,
        "rung": 0,
        "opened_at": NOW,
    }
    return Page(ticket=of_ticket, **(fields | values))  # type: ignore[arg-type]  # fields of Page, by name


def happening(kind: str = "ticket.opened", **values: object) -> Happening:
    fields: dict[str, object] = {"at": NOW, "by": "system", "clause": "C2.6", "data": {"channel": "mail"}}
    return Happening(type=kind, **(fields | values))  # type: ignore[arg-type]  # fields of Happening, by name
