"""What the flow needs of the world, in its own words. Adapters satisfy these; `config/compose.py` plugs them in.

A *unit* is a function of a `Transaction`. Units that arrive together share one transaction and one sync (group
commit), so a unit may be run again: it reads what it decides by inside the transaction and has no other effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gateway.authenticating import VerdictReading, VerdictWriting
from gateway.ledger import LedgerReading, LedgerWriting
from gateway.scanner import ScanReading, ScanWriting
from gateway.telephone import CallReading, CallWriting

if TYPE_CHECKING:
    from gateway.authenticating import Authenticator
    from gateway.domain.certified import CertifiedReading
    from gateway.domain.delivery import Told
    from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState, Outcome, OutgoingMail
    from gateway.domain.intake import (
        Arrival,
        Attachment,
        Channel,
        FaxReading,
        Intake,
        IntakeState,
        MailReading,
        Receipt,
    )
    from gateway.domain.register import Entry, Happening, Seal
    from gateway.domain.rules import Rules
    from gateway.domain.ticket import Action, Message, Page, Ticket, Timer
    from gateway.domain.visits import Visit, VisitState

T = TypeVar("T")

LARGE_BYTES = 262_144
"""A larger contact is read by a loop of its own."""


class Clock(Protocol):
    """The time. Everything else takes `at` as an argument."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class Keys(Protocol):
    """What nobody can guess."""

    def dispatch_key(self) -> str:
        """A new attempt id: 32 lower-case hexadecimal digits."""
        ...

    def page_code(self) -> str:
        """A new page code: six decimal digits."""
        ...


class Reading(CallReading, LedgerReading, ScanReading, VerdictReading, Protocol):
    """Questions to the store. Every answer is a domain value; an unknown id is None, never an exception."""

    def intake(self, intake_id: int, *, raw: bool = False) -> Intake | None:
        """One intake; with its raw bytes when `raw`."""
        ...

    def intakes(
        self,
        *,
        state: IntakeState | None = None,
        reason: str | None = None,
        ticket: int | None = None,
        limit: int = 100,
    ) -> list[Intake]:
        """Intakes, newest first; with `ticket`, those that belong to it, oldest first."""
        ...

    def deliveries(self, intake_id: int) -> list[tuple[str, datetime]]:
        """Every delivery of one intake: door and instant, oldest first."""
        ...

    def is_kept(self, repeat_key: str) -> bool:
        """Whether an arrival with this repeat key was accepted."""
        ...

    def kept(self, repeat_keys: Sequence[str]) -> set[str]:
        """Of these repeat keys those under which an arrival was accepted; a few hundred at a time."""
        ...

    def tickets_of(self, intake_id: int) -> list[int]:
        """The tickets that an intake became or joined."""
        ...

    def ticket(self, number: int) -> Ticket | None:
        """One ticket."""
        ...

    def tickets(
        self,
        *,
        states: Sequence[str] = (),
        contract: str | None = None,
        since: datetime | None = None,
        text: str | None = None,
        vendor_reference: str | None = None,
        limit: int = 100,
    ) -> list[Ticket]:
        """Tickets, newest first. `text` is searched in number, subject and requester."""
        ...

    def waiting_since(self) -> datetime | None:
        """When the oldest ticket was received that still waits for a person, or None."""
        ...

    def numbers_ending(self, count: int) -> list[int]:
        """The numbers whose last six digits are `count`: a number said without its year."""
        ...

    def messages(self, ticket: int) -> list[Message]:
        """The messages of a ticket, oldest first."""
        ...

    def attachments(self, message_id: int) -> list[Attachment]:
        """The attachments of a message, in its order."""
        ...

    def actions(self, ticket: int) -> list[Action]:
        """What the desk did, in order of time."""
        ...

    def links(self, ticket: int) -> list[tuple[int, str]]:
        """Linked tickets and the kind of the link."""
        ...

    def entries(self, chain: str) -> list[Entry]:
        """One chain of the register, in order."""
        ...

    def personal(self, chain: str) -> dict[int, dict[str, str]]:
        """The personal values of a chain that have not been erased, by sequence."""
        ...

    def dispatch(self, dispatch_id: int) -> Dispatch | None:
        """One dispatch."""
        ...

    def dispatch_by(self, *, key: str | None = None, reference: str | None = None) -> Dispatch | None:
        """The dispatch with this attempt id, or the one that the far side knows by this reference."""
        ...

    def dispatches(
        self,
        *,
        ticket: int | None = None,
        states: Sequence[DispatchState] = (),
        kind: DispatchKind | None = None,
        channel: Channel | None = None,
        to: str | None = None,
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[Dispatch]:
        """Dispatches, newest first."""
        ...

    def acknowledged_since(self, address: str, since: datetime) -> int:
        """How many acknowledgements we owe or owed an address since an instant."""
        ...

    def told_since(self, to: str, kind: DispatchKind, channel: Channel, since: datetime, most: int) -> int:
        """How many messages of a kind we owe or owed somebody by a channel since an instant, counted up to `most`."""
        ...

    def sent_since(self, channel: Channel, since: datetime) -> int:
        """How many messages left by a channel since an instant: what ceilings are counted by."""
        ...

    def page(self, page_id: int) -> Page | None:
        """One page."""
        ...

    def pages(
        self,
        *,
        ticket: int | None = None,
        number: str | None = None,
        states: Sequence[str] = (),
        since: datetime | None = None,
        limit: int | None = None,
    ) -> list[Page]:
        """Pages, newest first; all of them unless there is a `limit`."""
        ...

    def visit(self, visit_id: int) -> Visit | None:
        """One on-site visit."""
        ...

    def visits(
        self,
        *,
        ticket: int | None = None,
        contract: str | None = None,
        phase: str | None = None,
        states: Sequence[VisitState] = (),
    ) -> list[Visit]:
        """On-site visits, oldest first: what quotas are counted by."""
        ...

    def timer(self, kind: str, ticket: int) -> Timer | None:
        """The timer of that kind for a ticket."""
        ...

    def timers(self, kind: str) -> list[Timer]:
        """Every timer of a kind, earliest first."""
        ...

    def due_timers(self, now: datetime, limit: int, *, kind: str | None = None, but: Sequence[str] = ()) -> list[Timer]:
        """Timers whose time has come, earliest first: of one kind, or of every kind `but` some."""
        ...

    def open_tickets_of(self, contract: str, address: str, *, since: datetime) -> list[Ticket]:
        """Open tickets of a requester's address or number under a contract, opened since, newest first."""
        ...

    def cursor(self, mailbox: str) -> tuple[int, int] | None:
        """How far a mailbox has been read: (UIDVALIDITY, last UID committed)."""
        ...

    def content_owner(self, content_key: str, contract: str) -> int | None:
        """The intake that first brought this content to this contract."""
        ...

    def chain_heads(self) -> list[tuple[str, int, str]]:
        """Every chain: name, length, head."""
        ...

    def seals(self) -> list[Seal]:
        """The daily seals, oldest first."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many rows of each thing there are, for /metrics and `readyz`."""
        ...


class Transaction(CallWriting, LedgerWriting, ScanWriting, VerdictWriting, Reading, Protocol):
    """One unit's view of the store: questions see what this transaction wrote."""

    def accept(self, arrival: Arrival, at: datetime) -> Receipt:
        """Keep an arrival, or recognise it by its repeat key and note one more delivery of the first intake."""
        ...

    def claim_intakes(self, now: datetime, limit: int, lease: timedelta, *, large: bool | None = None) -> list[Intake]:
        """The oldest intakes that nobody works on, with raw bytes: attempt counted, leased until `now + lease`.

        `large`: those above `LARGE_BYTES` and those that were tried before, or else neither. One that was tried before
        comes alone, so that a contact which ends the process takes no other's attempts with it.
        """
        ...

    def free_leases(self, at: datetime) -> None:
        """A daemon that begins, alone on this store: what an earlier one was at is due now, not at its lease's end."""
        ...

    def settle_intake(self, intake_id: int, state: IntakeState, reason: str | None = None) -> None:
        """What became of an intake; its lease ends."""
        ...

    def release_intake(self, intake_id: int, until: datetime, reason: str) -> None:
        """Filing failed: try again after `until`."""
        ...

    def reopen_intake(self, intake_id: int, at: datetime) -> None:
        """An intake that was settled waits again to be filed, from `at` on, as one tried once. Its ticket stays."""
        ...

    def is_unfiled(self, intake_id: int) -> bool:
        """Whether an intake still waits to be filed. Asked inside the filing transaction."""
        ...

    def claim_content(self, content_key: str, contract: str, intake_id: int) -> None:
        """Note which intake first brought this content to this contract."""
        ...

    def add_delivery(self, intake_id: int, door: str, at: datetime) -> None:
        """Note one more delivery of an intake (by another door)."""
        ...

    def seen_before(self, key: str, at: datetime, holds_for: timedelta | None = None) -> bool:
        """Whether this event key (a webhook's SID and step) was seen; it is noted for the next time."""
        ...

    def earlier_intake(self, key: str, intake_id: int, at: datetime, holds_for: timedelta | None = None) -> int | None:
        """Another intake that was known by this key before, while the key holds; if none, this one is from now on."""
        ...

    def new_number(self, year: int) -> int:
        """The next ticket number of the year."""
        ...

    def add_ticket(self, ticket: Ticket) -> None:
        """A new ticket."""
        ...

    def change_ticket(self, number: int, **values: Any) -> Ticket:  # noqa: ANN401 - the fields of Ticket, by name
        """Set fields of a ticket; answers with the ticket as it now is."""
        ...

    def add_message(self, message: Message, attachments: Sequence[Attachment] = ()) -> int:
        """A message of a ticket; its `id` is given here."""
        ...

    def add_action(self, action: Action) -> None:
        """One thing the desk did."""
        ...

    def add_link(self, ticket: int, other: int, kind: str) -> None:
        """Two tickets belong together; the link shows on both."""
        ...

    def add_dispatch(self, dispatch: Dispatch) -> Dispatch:
        """One message we owe somebody; its `id` is given here."""
        ...

    def claim_dispatches(
        self, now: datetime, limit: int, lease: timedelta, channels: Sequence[Channel] = ()
    ) -> list[Dispatch]:
        """Dispatches that are due (or whose sender died), marked `sending`, attempt counted, leased."""
        ...

    def change_dispatch(self, dispatch_id: int, **values: Any) -> Dispatch:  # noqa: ANN401 - fields of Dispatch
        """Set fields of a dispatch (state, reference, reason, due_at, sent_at …); a changed state ends the lease."""
        ...

    def add_page(self, page: Page) -> Page:
        """A technician is woken; the page's `id` is given here."""
        ...

    def change_page(self, page_id: int, **values: Any) -> Page:  # noqa: ANN401 - fields of Page
        """Set fields of a page."""
        ...

    def add_visit(self, visit: Visit) -> Visit:
        """An on-site visit was asked for; its `id` is given here."""
        ...

    def change_visit(self, visit_id: int, **values: Any) -> Visit:  # noqa: ANN401 - fields of Visit
        """Set fields of a visit."""
        ...

    def set_timer(self, kind: str, ticket: int, due_at: datetime, facts: Mapping[str, str]) -> None:
        """Set or move the one timer of that kind for a ticket."""
        ...

    def drop_timer(self, kind: str, ticket: int) -> None:
        """There is nothing to wait for any more."""
        ...

    def set_cursor(self, mailbox: str, uidvalidity: int, uid: int) -> None:
        """How far a mailbox has been read."""
        ...

    def record(self, chain: str, happening: Happening) -> Entry:
        """Append to the register: `chain` is a ticket's number or `register.SYSTEM`."""
        ...

    def add_seal(self, day: str, at: datetime) -> Seal:
        """Seal all chains as they are now."""
        ...


@dataclass(frozen=True, slots=True)
class Expected:
    """What a unit will look up: units that share a transaction are looked up together, in one question a table."""

    repeat_keys: tuple[str, ...] = ()
    intakes: tuple[int, ...] = ()
    contents: tuple[str, ...] = ()


class Store(Protocol):
    """Where everything lies. `submit` answers after the commit is on disk."""

    def submit(
        self, unit: Callable[[Transaction], T], expected: Expected | None = None, *, on_the_line: bool = False
    ) -> Future[T]:
        """Run a unit in the next shared transaction; the future is done after the commit, or has the unit's error.

        `on_the_line`: somebody hears nothing until then, so it goes before what nobody waits for.
        """
        ...

    def submit_accept(self, arrival: Arrival, at: datetime) -> Future[Receipt]:
        """`submit` for the commonest unit, `Transaction.accept`: those that wait are looked up together."""
        ...

    def write(self, unit: Callable[[Transaction], T]) -> T:
        """Run a unit and wait for its commit.

        Raises:
            StoreError: the store could not commit; nothing of the unit happened.
        """
        ...

    def read(self, query: Callable[[Reading], T]) -> T:
        """Ask, on a consistent view of what is committed."""
        ...


class Reader(Protocol):
    """Makes values of other people's bytes. Never raises on them."""

    def mail(self, intake: Intake) -> MailReading:
        """What could be read of a mail, in process or in a confined child, whichever the bytes ask for."""
        ...

    def mails(self, intakes: Sequence[Intake]) -> list[MailReading | None]:
        """As `mail` for several, in their order: many are read in a child, which leaves the interpreter to others.

        None: others would have waited for it; it is to be read again in the lane of what is large or was tried before.
        """
        ...

    def fax(self, intake: Intake, reading: MailReading) -> FaxReading:
        """What a fax mail says of itself."""
        ...

    def certified(self, intake: Intake) -> CertifiedReading:
        """What a mail in a certified mailbox is, what it certifies, and whether its signature holds."""
        ...

    def attachment(self, raw: bytes, part: str) -> bytes:
        """The bytes of one attachment."""
        ...


class Outlet(Protocol):
    """One way out: SMS, voice call, mail. Never raises: an unknown failure is `Deferred`."""

    def send(self, dispatch: Dispatch) -> Outcome:
        """Send one dispatch with its key as the attempt id. Called with no transaction open."""
        ...


class Asking(Protocol):
    """Asks the carrier how something that left us fares. Never raises."""

    def status(self, dispatch: Dispatch) -> Told | None:
        """What the carrier knows of a message or call by its reference; None when it knows nothing or does not answer.

        Called with no transaction open.
        """
        ...


class Folder(Protocol):
    """Where big bytes lie, by their SHA-256."""

    def keep(self, sha256: str, raw: bytes) -> None:
        """Keep bytes; they are on disk when this returns, or OSError."""
        ...


@dataclass(slots=True)
class Gateway:
    """Everything the flow needs, plugged together once. A reload replaces `rules` as a whole, between two units."""

    store: Store
    clock: Clock
    keys: Keys
    reader: Reader
    rules: Rules
    septets: Callable[[str], int | None]
    """How many GSM-7 septets a text takes, None when it is not GSM-7."""
    compose: Callable[[OutgoingMail], bytes]
    """The bytes of a mail; the same mail always gives the same bytes."""
    authenticator: Authenticator | None = None
    """Looks at who sent a mail; without it nobody does, and every sender is taken at their word."""
