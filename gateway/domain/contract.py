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
from gateway.domain.phases import phase_on
from gateway.domain.provisions import Calendar, Suspension

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.domain.provisions import (
        Act,
        ActKind,
        Catalogue,
        ChecklistItem,
        Communication,
        Complaints,
        ContactGroup,
        Duty,
        Entitlement,
        Group,
        Office,
        OnSite,
        Period,
        Phase,
        PriorityClass,
        Quota,
        Reservation,
        Retention,
        Scope,
        Site,
        Term,
        WorkingGroup,
    )
    from gateway.domain.texts import Text

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
    It is published from `published_from` to `published_until` (days, both included); contacts that come to it are
    received at any time (C8.1: an old mailbox stays monitored).
    """

    channel: Channel
    address: str
    shared: bool = False
    published_from: date | None = None
    published_until: date | None = None

    def is_published_on(self, day: date) -> bool:
        """Whether the address is given to people on this day."""
        return (self.published_from or day) <= day <= (self.published_until or day)


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
class Schedule:
    """When the desk is staffed from a day on: an amendment may bring other hours (C9.2).

    `continuous` and `closures_allowed` are what the clause says; the loader refuses what breaks them. `decided` are the
    national holidays on which the client has decided by name. `by_phase` has the hours of each phase, by its id, where
    they differ (A3.2); `bands` are then those of the first phase, also before it begins.
    """

    effective_from: date
    bands: tuple[Band, ...]
    calendar: Calendar
    holidays_closed: bool
    municipality: str | None
    continuous: bool
    closures_allowed: bool
    closures: tuple[Closure, ...]
    decided: frozenset[str] = frozenset()
    by_phase: Mapping[str, Schedule] = field(default_factory=lambda: MappingProxyType({}))

    def closure_on(self, day: date) -> Closure | None:
        """The planned closure of this day, or None."""
        return next((closure for closure in self.closures if closure.on == day), None)


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
    `acceptance_expires`: whoever accepted and did nothing for so long is reminded, then the request is paged anew;
    None: an acceptance holds. `mail`: a mail with a link lies beside an urgent page. `drill_monthly`: the supervisor
    is reminded when a month passes without a drill. `confirm_shift`: whoever begins a watch is asked to confirm it, and
    the supervisors hear when nobody did so `confirm_within`.
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
    acceptance_expires: timedelta | None = None
    mail: bool = True
    drill_monthly: bool = False
    confirm_shift: bool = False
    confirm_within: timedelta = timedelta(minutes=15)

    def number_on(self, day: date) -> str:
        """The published on-call number (E.164) on this day; before the first dated one, the first."""
        in_force = [dated.number for dated in self.numbers if dated.valid_from <= day]
        return in_force[-1] if in_force else self.numbers[0].number


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose telephones ring for a caller while the desk is open, and how long (C2.3, C2.4).

    `people` are ids of the directory, in the order in which they ring; `together`: all at once. Each rings for `ring_s`
    seconds; a caller waits for `max_wait` in all before a message is offered. `abroad`: the country in which they are,
    when it is not Italy.
    """

    people: tuple[str, ...]
    together: bool
    ring_s: int
    max_wait: timedelta
    abroad: str = ""


@dataclass(frozen=True, slots=True)
class Priority:
    """The words that make a request urgent, those that, standing before, take it back ("non urgente"), and the classes.

    `classes` are the contract's own, from 1 (blocking) on; an urgent request is of the first.
    """

    urgent_words: tuple[str, ...]
    negations: tuple[str, ...] = ()
    classes: tuple[PriorityClass, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeRule:
    """The first rule one of whose words is found gives the type of the ticket (DESIGN words: `assistance`, …)."""

    type: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Where level 2 is, and what its request to take charge must contain beyond the fields that are always required.

    `mailbox` is the only address that an escalation is ever sent to (C4.9). `remind_after`: when nothing came back.
    A description or analysis of fewer than `minimum_characters`, blanks not counted, is not complete (C9.6).
    By PEC (`channel`) it is done only when the receipt of delivery is here (X4).
    """

    mailbox: str
    vendor_name: str
    contract_reference: str
    required: tuple[str, ...]
    remind_after: timedelta
    minimum_characters: int = 0
    channel: Channel = Channel.MAIL


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
    """One version of a contract as its file says it. Dates are local days, both ends included.

    `version` counts from 1; an amendment makes the next, in force from `effective_from` on. A ticket keeps the version
    it was opened under. Validity, schedules and endpoints are the same in every version: they are dated themselves.
    `phone` is the public number, `phone_fallback` the one told beside it while it is down. `offices` are those that a
    clause names, by their id: the local police (C5.7).
    `national` are the holidays by law, whether the desk is staffed on them or not (A3.1): over them moves the end of a
    period or term (art. 1187 c.c.).
    `desk` None: callers are not put through, they leave a message. `page_abandoned`: a call outside hours that was
    given up without a key or a word is told to the contact on duty like every other request (`Page.ALL`).
    """

    id: str
    clause: str
    version: int
    effective_from: date
    amendment: str
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
    schedules: tuple[Schedule, ...]
    channels: tuple[Channel, ...]
    endpoints: tuple[Endpoint, ...]
    phone: str | None
    phone_fallback: str | None
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
    reopens_within: timedelta | None = None
    """How long after its conclusion a reply reopens a ticket (X16); None: as long as everywhere on this site."""
    acts: tuple[Act, ...] = ()
    phases: tuple[Phase, ...] = ()
    groups: tuple[Group, ...] = ()
    entitlement: Entitlement | None = None
    responsible: Office | None = None
    first_level: Office | None = None
    offices: Mapping[str, Office] = field(default_factory=lambda: MappingProxyType({}))
    sites: tuple[Site, ...] = ()
    on_site: OnSite | None = None
    terms: tuple[Term, ...] = ()
    suspensions: tuple[Suspension, ...] = tuple(Suspension)
    quotas: tuple[Quota, ...] = ()
    periods: tuple[Period, ...] = ()
    scope: Scope | None = None
    duties: tuple[Duty, ...] = ()
    catalogues: tuple[Catalogue, ...] = ()
    communications: tuple[Communication, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    reservation: Reservation | None = None
    working_groups: tuple[WorkingGroup, ...] = ()
    contact_groups: tuple[ContactGroup, ...] = ()
    retention: tuple[Retention, ...] = ()
    offer_reference: str = ""
    texts: tuple[Text, ...] = ()
    skills: tuple[str, ...] = ()
    national: Calendar = field(default_factory=Calendar)
    complaints: Complaints | None = None
    desk: Desk | None = None
    page_abandoned: bool = False

    @property
    def last_day(self) -> date:
        """The last day of the validity, extensions included."""
        return max((self.valid_until, *(extension.until for extension in self.extensions)))

    def schedule_on(self, day: date) -> Schedule:
        """The hours in force on a day, those of the phase it is in; before the first ones take effect, those."""
        in_force = self._written_on(day)
        if not in_force.by_phase:
            return in_force
        phase = phase_on(self, day)
        return in_force.by_phase[phase.id] if phase else in_force

    def _written_on(self, day: date) -> Schedule:
        in_force = self.schedules[0]
        for schedule in self.schedules[1:]:
            if schedule.effective_from <= day:
                in_force = schedule
        return in_force

    def holidays(self) -> Mapping[date, str]:
        """Every public holiday of the contract by its day, whichever schedule is in force then."""
        return {
            day: name
            for schedule in self.schedules
            for day, name in schedule.calendar.names.items()
            if self._written_on(day) is schedule
        }

    def act(self, kind: ActKind) -> Act | None:
        """The recorded act of this kind, or None while it has not been done."""
        return next((act for act in self.acts if act.kind is kind), None)

    def site(self, site_id: str) -> Site | None:
        """The site with this id, or None."""
        return next((site for site in self.sites if site.id == site_id), None)

    def address_of(self, channel: Channel, day: date | None = None) -> str | None:
        """The first endpoint of this channel: the address that our own mail is sent from, the number we publish.

        With `day`, the first one that is published on that day, if there is one.
        """
        of_channel = [endpoint for endpoint in self.endpoints if endpoint.channel is channel]
        if day is not None:
            of_channel.sort(key=lambda endpoint: not endpoint.is_published_on(day))
        return of_channel[0].address if of_channel else None
