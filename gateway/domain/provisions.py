"""What clauses provide, as values: acts and phases, who is entitled, sites, terms, quotas, periods, scope, groups.

`contract.Contract` holds them; `phases`, `entitlement`, `periods`, `terms`, `scope` and `reception` decide by them.
Each value that a decision can cite carries the id of its clause. Dates are local days in Rome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


# ------------------------------------------------------------------------------------------------------------ calendars


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are public holidays for this contract or place, with their Italian names. Empty: none is closed.

    National by law (4 October from 2026), the patron saint when the contract says so, additional dates. Ordinary
    Sundays are not in it, not even Easter. `rules` says for each name which rule made the day: `national`, `patron`,
    `decree` or `additional`.
    """

    names: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))
    rules: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))

    def holiday_on(self, day: date) -> str | None:
        """The Italian name of the public holiday that falls on this day, or None."""
        return self.names.get(day)


# ------------------------------------------------------------------------------------------------------ acts and phases


class ActKind(StrEnum):
    """What opens a phase: a recorded act, never a plan and never inferred (C3.1)."""

    START_OF_WORKS = "start_of_works"
    FINAL_ACCEPTANCE = "final_acceptance"


@dataclass(frozen=True, slots=True)
class Act:
    """A recorded act: the day it was done and the document that proves it (the minutes of the final acceptance)."""

    kind: ActKind
    on: date
    reference: str


class Unknown(StrEnum):
    """How somebody who is in no group of the contract is treated; whatever it is, the contact is recorded."""

    SERVED = "served"
    """Like everybody (A2.5)."""
    PROVISIONAL = "provisional"
    """Served at once and asked for the organisation (C3.2)."""
    REFUSED = "refused"
    """Asked to identify the organisation, and not served before (C9.1)."""


class Elsewhere(StrEnum):
    """To whom a contact goes that this service does not serve."""

    FIRST_LEVEL = "first_level"
    """The client's own first level gets it (C3.12, C7.6)."""
    IDENTIFY = "identify"
    """The requester is asked to say the organisation (C9.1)."""
    RESPONSIBLE = "responsible"
    """The client's responsible decides."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """Who is served: the groups by id, none for everybody. `level` is the level at which they are served."""

    groups: tuple[str, ...]
    unknown: Unknown
    others: Elsewhere
    level: int
    clause: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of the contract. It begins on the day of its act, or the day after (A3.7); the next one ends it.

    `at_vendor_charge`: its services cost the client nothing; beyond quota or period they are authorised (C3.25).
    """

    id: str
    name: str
    opened_by: ActKind
    opens_next_day: bool
    entitlement: Entitlement
    clause: str
    at_vendor_charge: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Entitled parties by what can be matched: mail domains, mail addresses, numbers (E.164), people of the directory.

    Addresses and domains are in lower case.
    """

    id: str
    name: str
    domains: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Office:
    """Somebody to whom contacts are passed on or who decides: a role or service, never a person's name."""

    name: str
    mail: str
    phone: str
    clause: str


# ------------------------------------------------------------------------------------------------- sites, terms, quotas


@dataclass(frozen=True, slots=True)
class Site:
    """A place where on-site visits are admitted, with the calendar of its municipality (A3.4).

    `phases` none: in every phase. `names` are the words by which a request names it, in lower case.
    """

    id: str
    name: str
    municipality: str
    calendar: Calendar
    names: tuple[str, ...]
    phases: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    clause: str


@dataclass(frozen=True, slots=True)
class OnSite:
    """On-site visits: the words that ask for one, the site meant when none is named, whether a plain wish is enough.

    `simple_request`: no form, no order; what is missing is asked for after accepting (C3.20). What is reserved and what
    was made takes of a quota; `cancelled_takes_quota`, `failed_takes_quota`: also a visit that was reserved and
    cancelled before departure, one that was made and came to nothing (A3.8). `default_site_for` are the groups whose
    requests mean that site; nobody named: everybody's. Whom nobody knows means it as well.
    """

    words: tuple[str, ...]
    default_site: str | None
    simple_request: bool
    clause: str
    cancelled_takes_quota: bool = False
    failed_takes_quota: bool = True
    default_site_for: tuple[str, ...] = ()

    def default_for(self, group: str | None) -> str | None:
        """The site that a request of this group means when it names none: a Comune's own user means no other's."""
        return self.default_site if group is None or group in (self.default_site_for or (group,)) else None


class Of(StrEnum):
    """What a term, quota or period is about."""

    TAKEN_IN_CHARGE = "taken_in_charge"
    SOLUTION = "solution"
    ON_SITE = "on_site"
    SECOND_LEVEL = "second_level"
    COMPLAINT = "complaint"
    OFFICE = "office"
    """The answer of an office to which a matter goes (C10.11, C10.12)."""


class Counting(StrEnum):
    """Which clock a term runs on (DOMAIN 2, "Service-time clocks" and "Working day")."""

    ELAPSED = "elapsed"
    SERVICE = "service"
    DAYS = "days"
    WORKING_DAYS = "working_days"


class Starts(StrEnum):
    """From when an hours-based term runs: the receipt, or the reopening for what came outside hours."""

    RECEIPT = "receipt"
    REOPENING = "reopening"


class Ends(StrEnum):
    """At what hour of its last day a term in days ends."""

    COVERAGE = "end_of_coverage"
    DAY = "end_of_day"


@dataclass(frozen=True, slots=True)
class Term:
    """By when something must have happened.

    `within` is for the clocks `ELAPSED` and `SERVICE`; `days` for `DAYS` and `WORKING_DAYS`, the first day never
    counted (dies a quo); 0 days means the day of the request, or the next one that counts. `classes` limits it to
    priority classes; none: all. `at_site`: the working days are those of the place of the visit (A3.4). `extends`: a
    term in `DAYS` whose last day is a Sunday or a national holiday ends on the next that is neither (art. 1187 c.c.).
    """

    of: Of
    counting: Counting
    clause: str
    within: timedelta = timedelta(0)
    days: int = 0
    starts: Starts = Starts.RECEIPT
    ends: Ends = Ends.COVERAGE
    classes: tuple[int, ...] = ()
    at_site: bool = False
    extends: bool = True


class Suspension(StrEnum):
    """Why a clock may stand still; nothing else stops it, least of all waiting for the vendor (DOMAIN 2)."""

    WAITING_REQUESTER = "waiting_requester"
    WAITING_CLIENT = "waiting_client"
    FORCE_MAJEURE = "force_majeure"


@dataclass(frozen=True, slots=True)
class Quota:
    """How many there may be in a phase, and from how many on somebody is warned (C3.10, C3.22)."""

    of: Of
    phase: str
    count: int
    warn_at: int
    clause: str


@dataclass(frozen=True, slots=True)
class Period:
    """How long something is due after an act: calendar months, the day of the act not counted (arts. 2963, 1187 c.c.).

    `extends`: a last day that is a Sunday or a national holiday moves to the next day that is neither.
    """

    of: Of
    phase: str
    after: ActKind
    months: int
    extends: bool
    clause: str


# -------------------------------------------------------------------------------------------- scope, duties, catalogues


@dataclass(frozen=True, slots=True)
class Matter:
    """One matter of the scope catalogue, found by its words. What is not inside goes to `office`.

    `section` names the place in the client's or vendor's own list (FAQ section, annex). `forward`: the contact is
    passed on to the office by us; else the requester is told to turn there. `answer_within` is how long the office or
    the experts have for their answer (C10.11, C10.12).
    """

    id: str
    name: str
    section: str
    words: tuple[str, ...]
    inside: bool
    office: Office | None
    forward: bool
    clause: str
    answer_within: Term | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What the service is for. What matches no matter is inside: a list of matters is never closed (C4.5, C9.4)."""

    version: str
    approved_on: date | None
    matters: tuple[Matter, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class Duty:
    """One step of the first level, in order, and the fields of the summary that show that it was done (C3.13–C3.17)."""

    id: str
    name: str
    fields: tuple[str, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A list that people choose from (functional areas, operations, waste types); `is_open`: anybody may add to it."""

    id: str
    name: str
    items: tuple[str, ...]
    is_open: bool
    version: str
    clause: str


# --------------------------------------------------------------------------------------------------- parties and groups


class Organisation(StrEnum):
    """Which side somebody belongs to (C6.2)."""

    CLIENT = "client"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a working group, with the organisation."""

    id: str
    name: str
    organisation: Organisation


@dataclass(frozen=True, slots=True)
class Lead:
    """Who leads a group from a day on, until a day (both included) or until further notice."""

    member: str
    valid_from: date
    valid_until: date | None


@dataclass(frozen=True, slots=True)
class WorkingGroup:
    """A mixed group, led by one person of the client at any instant (C6.2, C6.3)."""

    id: str
    name: str
    mail: str | None
    members: tuple[Member, ...]
    leads: tuple[Lead, ...]
    deputies: tuple[Lead, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class ContactGroup:
    """Whom the service stays in close contact with, `decision` or `operating` level (C7.4)."""

    id: str
    name: str
    mails: tuple[str, ...]
    clause: str


@dataclass(frozen=True, slots=True)
class Communication:
    """The contact details as they were communicated to the client, with the proof (C3.8). Valid from a day on."""

    on: date
    valid_from: date
    proof: str
    phone: str | None
    mail: str | None
    fax: str | None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One preliminary activity: whose it is, when it was done, and the evidence (C10.5)."""

    id: str
    what: str
    whose: str
    done_on: date | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Complaints:
    """Who may say that what was taken for a complaint is none: a role of the directory, with a reason (C8.3)."""

    downgraded_by: str
    clause: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """The recorded decision of both parties to start although an activity is open; the report shows it (C10.5)."""

    decided_on: date
    by: tuple[str, ...]
    reference: str


@dataclass(frozen=True, slots=True)
class PriorityClass:
    """A class of priority from 1 (blocking) to 4 (no malfunction), in the contract's own words (DOMAIN 11)."""

    number: int
    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a class of data is kept after the conclusion, in months or days (DOMAIN 12)."""

    of: str
    months: int = 0
    days: int = 0
