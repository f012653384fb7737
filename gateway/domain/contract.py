"""The clauses of a contract as values. Nothing here decides: `hours`, `roster` and `priority` read it.

Every rule knows the clause it comes from (`contract.clauses.of("hours") == "C2.4"`), so every decision can cite it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping

MIDNIGHT = time(0)
"""As the end of a band: 24:00 of the same day."""


class Page(StrEnum):
    """Whom an on-call duty wakes: every request outside hours, or only the urgent ones (DESIGN, "Whom to wake")."""

    ALL = "all"
    URGENT = "urgent"


class ReplyAddress(StrEnum):
    """How an answer finds its ticket: by the headers alone, or by `local+token@domain` at our own listener."""

    HEADER = "header"
    PLUS = "plus"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address or number that leads to the contract. Unique per installation unless `shared`.

    Mail, PEC: an address in lower case. Phone, SMS: E.164. Fax: E.164, or the mail address a fax service delivers to.
    """

    channel: Channel
    address: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A half-open interval [start, end) of local wall time on one weekday (Monday is 0). `end` 00:00 is 24:00."""

    weekday: int
    start: time
    end: time
    clause: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A planned closing day, or with `closes_at` a shortened one. Only where the contract allows closures."""

    on: date
    name: str
    closes_at: time | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are public holidays for this contract, with their Italian names. Empty when holidays are not closed.

    National by law (4 October from 2026), the patron saint when the contract says so, additional dates. Ordinary
    Sundays are not in it, not even Easter.
    """

    names: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))

    def holiday_on(self, day: date) -> str | None:
        """The Italian name of the public holiday that falls on this day, or None."""
        return self.names.get(day)


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension [proroga] of the validity up to and including `until`."""

    until: date
    recorded_on: date
    reference: str


@dataclass(frozen=True, slots=True)
class DatedNumber:
    """The published on-call number (E.164) from a day on (C2.9: a change is versioned)."""

    number: str
    valid_from: date


@dataclass(frozen=True, slots=True)
class OnCall:
    """The on-call duty outside the bands and how insistently it is called (C2.8–C2.11).

    `ack_timeout` is how long a person who got an SMS may stay silent before the telephone rings; `call_timeout` how
    long a call without an accepting key may take before the next in the chain is told; `rounds` how often the chain
    is run, `retry_every` apart. More than `storm_pages` pages in `storm_window` become one with a count.
    `answer_within` is an internal target, not a clause (A2.3). `alarm_mails` are told when nobody took it.
    """

    page: Page
    numbers: tuple[DatedNumber, ...]
    answer_within: timedelta
    ring_s: int
    rounds: int
    retry_every: timedelta
    ack_timeout: timedelta
    call_timeout: timedelta
    accept_key: str
    decline_key: str
    storm_pages: int
    storm_window: timedelta
    alarm_mails: tuple[str, ...]

    def number_on(self, day: date) -> str:
        """The published on-call number (E.164) on this day; before the first dated one, the first."""
        in_force = [dated.number for dated in self.numbers if dated.valid_from <= day]
        return in_force[-1] if in_force else self.numbers[0].number


@dataclass(frozen=True, slots=True)
class Priority:
    """The words that make a request urgent, and those that, standing before, take it back ("non urgente")."""

    urgent_words: tuple[str, ...]
    negations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeRule:
    """The first rule one of whose words is found gives the type of the ticket (DESIGN words: `assistance`, …)."""

    type: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Where level 2 is, and what its request to take charge must contain beyond the fields that are always required.

    `mailbox` is the only address that an escalation is ever sent to (C4.9). `remind_after`: when nothing came back.
    """

    mailbox: str
    vendor_name: str
    contract_reference: str
    required: tuple[str, ...]
    remind_after: timedelta


@dataclass(frozen=True, slots=True)
class Contact:
    """Who answers the vendor's questions about an escalation (field 16 of T-ESC): a role, never a person's name."""

    role: str
    phone: str
    mail: str
    hours: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """By which channels a received request is acknowledged at once."""

    mail: bool
    pec: bool
    sms: bool


@dataclass(frozen=True, slots=True)
class Clauses:
    """Which clause each rule comes from. A rule that is not listed comes from the contract as a whole."""

    whole: str
    rules: Mapping[str, str]

    def of(self, rule: str) -> str:
        """The id of the clause, `C2.4` for `hours`."""
        return self.rules.get(rule, self.whole)


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract as its file says it. Dates are local days, both ends included; `phone` is the public number."""

    id: str
    clause: str
    name: str
    service_name: str
    sms_name: str
    body_name: str
    vendor_name: str
    controller: str
    info_url: str
    language: str
    valid_from: date
    valid_until: date
    extensions: tuple[Extension, ...]
    bands: tuple[Band, ...]
    calendar: Calendar
    holidays_closed: bool
    municipality: str | None
    continuous: bool
    closures_allowed: bool
    closures: tuple[Closure, ...]
    channels: tuple[Channel, ...]
    endpoints: tuple[Endpoint, ...]
    phone: str | None
    on_call_required: bool
    on_call: OnCall | None
    levels: tuple[int, ...]
    priority: Priority
    type_rules: tuple[TypeRule, ...]
    escalation: Escalation | None
    contact: Contact
    acknowledgement: Acknowledgement
    reply_address: ReplyAddress
    clauses: Clauses

    @property
    def last_day(self) -> date:
        """The last day of the validity, extensions included."""
        return max((self.valid_until, *(extension.until for extension in self.extensions)))

    def address_of(self, channel: Channel) -> str | None:
        """The first endpoint of this channel: the address that our own mail is sent from, the number we publish."""
        return next((e.address for e in self.endpoints if e.channel is channel), None)

    def closure_on(self, day: date) -> Closure | None:
        """The planned closure of this day, or None."""
        return next((closure for closure in self.closures if closure.on == day), None)
