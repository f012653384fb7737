"""From the tables of what clauses provide to the values of `gateway.domain.provisions`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from config.load.hours import site_calendar
from config.load.tables.channels import CommunicationTable
from config.load.tables.contents import MatterTable, PriorityTable, RetentionTable
from config.load.tables.contract import ContractFile
from config.load.tables.hours import Validity
from config.load.tables.kinds import Within, calendar_months, kept, within
from config.load.tables.people import LeadTable, OfficeTable, WorkingGroupTable
from config.load.tables.provisions import (
    EntitlementTable,
    GroupTable,
    OnSiteTable,
    PeriodTable,
    PhaseTable,
    QuotaTable,
    SiteTable,
    TermTable,
)
from gateway.domain.contract import Clauses, Priority
from gateway.domain.provisions import (
    Act,
    Catalogue,
    ChecklistItem,
    Communication,
    Complaints,
    ContactGroup,
    Duty,
    Entitlement,
    Group,
    Lead,
    Matter,
    Member,
    Of,
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
    Suspension,
    Term,
    WorkingGroup,
)

WARN_AT = 0.8
"""From which part of a quota on somebody is warned when the file does not say (C3.10: at 24 of 30)."""

KEPT = (
    Retention("ticket", months=24),
    Retention("contact", months=6),
    Retention("certified", months=120),
    Retention("complaint", months=60),
    Retention("security_log", months=12),
)
"""How long data are kept when the file does not say (DOMAIN 12); the controller has to confirm it.

Recordings are not here: they are kept as long as callers are told before one begins, `[phone] recording_days`.
"""


def acts_of(table: ContractFile) -> tuple[Act, ...]:
    """The recorded acts, in the order of their days."""
    acts = [Act(each.kind, each.on, each.reference) for each in table.act]
    return tuple(sorted(acts, key=lambda act: act.on))


def phase_of(table: PhaseTable, clauses: Clauses) -> Phase:
    """One phase with who is served in it."""
    return Phase(
        id=table.id,
        name=table.name,
        opened_by=table.opened_by,
        opens_next_day=table.opens_next_day,
        entitlement=entitlement_of(table.entitlement, clauses),
        clause=table.clause or clauses.of("phases"),
        at_vendor_charge=table.at_vendor_charge,
    )


def entitlement_of(table: EntitlementTable, clauses: Clauses) -> Entitlement:
    """Who is served."""
    return Entitlement(
        table.groups, table.unknown, table.others, table.level, table.clause or clauses.of("entitlement")
    )


def group_of(table: GroupTable) -> Group:
    """Entitled parties; domains in lower case."""
    domains = tuple(domain.casefold() for domain in table.domains)
    return Group(table.id, table.name, domains, table.mails, table.numbers, table.people)


def office_of(table: OfficeTable, clause: str) -> Office:
    """An office; `clause` when it names none itself."""
    return Office(table.name, table.mail or "", table.phone or "", table.clause or clause)


def site_of(table: SiteTable, validity: Validity, clauses: Clauses) -> Site:
    """A site; it is known by its name too."""
    return Site(
        id=table.id,
        name=table.name,
        municipality=table.municipality or "",
        calendar=site_calendar(table, validity),
        names=tuple(name.casefold() for name in table.names),
        phases=table.phases,
        valid_from=table.start,
        valid_until=table.until,
        clause=table.clause or clauses.of("sites"),
    )


def on_site_of(table: OnSiteTable, clauses: Clauses) -> OnSite:
    """How a visit is asked for."""
    words = tuple(word.casefold() for word in table.words)
    return OnSite(
        words,
        table.default_site,
        table.simple_request,
        table.clause or clauses.of("on_site"),
        cancelled_takes_quota=table.cancelled_visit_takes_quota,
        failed_takes_quota=table.failed_visit_takes_quota,
        default_site_for=table.default_site_for,
    )


def term_of(table: TermTable, clauses: Clauses) -> Term:
    """A term, on the clock that its text names.

    Raises:
        ValueError: the text is no term; the model has refused it before.
    """
    read = _read(table.within)
    return Term(
        of=table.of,
        counting=read.counting,
        clause=table.clause or clauses.of("terms"),
        within=read.time,
        days=read.days,
        starts=table.counted_from,
        ends=table.ends,
        classes=table.classes,
        at_site=table.calendar == "site",
        extends=table.extend_to_next_day,
    )


def _read(text: str) -> Within:
    read = within(text)
    if read is None:
        raise ValueError(text)
    return read


def suspensions_of(table: ContractFile) -> tuple[Suspension, ...]:
    """Why a clock may stand still: what the file names, else all three."""
    return table.suspension.reasons if table.suspension else tuple(Suspension)


def quota_of(table: QuotaTable, clauses: Clauses) -> Quota:
    """A quota; somebody is warned at four fifths when the file does not say."""
    warn_at = table.warn_at or max(1, int(table.count * WARN_AT))
    return Quota(Of(table.of), table.phase, table.count, warn_at, table.clause or clauses.of("quotas"))


def period_of(table: PeriodTable, clauses: Clauses) -> Period:
    """A period in calendar months."""
    return Period(
        of=Of(table.of),
        phase=table.phase,
        after=table.after,
        months=calendar_months(table.lasts) or 0,
        extends=table.extend_to_next_day,
        clause=table.clause or clauses.of("periods"),
    )


def offices_of(table: ContractFile, clauses: Clauses) -> Mapping[str, Office]:
    """The offices that the contract names, by their id, in the order of the file."""
    return MappingProxyType({each.id: office_of(each, clauses.of("offices")) for each in table.office})


def scope_of(table: ContractFile, clauses: Clauses) -> Scope | None:
    """The scope with its matters."""
    scope, offices = table.scope, offices_of(table, clauses)
    if scope is None:
        return None
    clause = scope.clause or clauses.of("scope")
    return Scope(
        scope.version, scope.approved_on, tuple(_matter(each, offices, clause) for each in scope.matter), clause
    )


def _matter(table: MatterTable, offices: Mapping[str, Office], scope_clause: str) -> Matter:
    clause = table.clause or scope_clause
    office = office_of(table.office, clause) if table.office else offices.get(table.turn_to or "")
    return Matter(
        id=table.id,
        name=table.name,
        section=table.section,
        words=tuple(word.casefold() for word in table.words),
        inside=table.inside,
        office=office,
        forward=table.forward,
        clause=clause,
        answer_within=_answer_within(table, office),
    )


def _answer_within(table: MatterTable, office: Office | None) -> Term | None:
    if table.answer_within is None or office is None:
        return None
    read = _read(table.answer_within)
    return Term(Of.OFFICE, read.counting, office.clause, read.time, read.days)


def duties_of(table: ContractFile, clauses: Clauses) -> tuple[Duty, ...]:
    """The steps of the first level, in order."""
    return tuple(Duty(each.id, each.name, each.fields_, each.clause or clauses.of("duties")) for each in table.duty)


def catalogues_of(table: ContractFile, clauses: Clauses) -> tuple[Catalogue, ...]:
    """The lists that people choose from."""
    return tuple(
        Catalogue(each.id, each.name, each.items, each.is_open, each.version, each.clause or clauses.of("catalogues"))
        for each in table.catalogue
    )


def communications_of(tables: Iterable[CommunicationTable]) -> tuple[Communication, ...]:
    """The contact details as communicated, valid from their own day on when the file does not say."""
    return tuple(
        Communication(each.on, each.valid_from or each.on, each.proof, each.phone, each.mail, each.fax)
        for each in tables
    )


def complaints_of(table: ContractFile, clauses: Clauses) -> Complaints | None:
    """What only a role may do with a complaint."""
    given = table.complaint
    return Complaints(given.downgraded_by, given.clause or clauses.of("complaints")) if given else None


def checklist_of(table: ContractFile) -> tuple[ChecklistItem, ...]:
    """The preliminary activities."""
    return tuple(ChecklistItem(each.id, each.what, each.whose, each.done_on, each.evidence) for each in table.checklist)


def reservation_of(table: ContractFile) -> Reservation | None:
    """The decision to start although an activity is open."""
    given = table.reservation
    return Reservation(given.decided_on, given.by, given.reference) if given else None


def working_group_of(table: WorkingGroupTable, clauses: Clauses) -> WorkingGroup:
    """A mixed group, its leads in the order of their days."""
    return WorkingGroup(
        id=table.id,
        name=table.name,
        mail=table.mail,
        members=tuple(Member(each.id, each.name, each.organisation) for each in table.member),
        leads=_leads(table.lead),
        deputies=_leads(table.deputy),
        clause=table.clause or clauses.of("groups"),
    )


def _leads(tables: Iterable[LeadTable]) -> tuple[Lead, ...]:
    return tuple(Lead(each.member, each.start, each.until) for each in sorted(tables, key=lambda each: each.start))


def contact_groups_of(table: ContractFile, clauses: Clauses) -> tuple[ContactGroup, ...]:
    """Whom the service stays in close contact with."""
    return tuple(
        ContactGroup(each.id, each.name, each.mails, each.clause or clauses.of("contact_groups"))
        for each in table.contact_group
    )


def priority_of(table: PriorityTable) -> Priority:
    """The urgent words and the classes, 1 first."""
    classes = sorted(table.classes, key=lambda each: each.number)
    return Priority(
        table.urgent_words,
        table.negations,
        tuple(PriorityClass(each.number, each.name, each.words) for each in classes),
    )


def retention_of(tables: Iterable[RetentionTable], recording_days: int) -> tuple[Retention, ...]:
    """How long each class of data is kept: what the file says, for the others the defaults."""
    said: dict[str, Retention | None] = {each.of: kept(each.of, each.keep) for each in tables}
    defaults = (*KEPT, Retention("recording", days=recording_days))
    return tuple(said.get(default.of) or default for default in defaults)
