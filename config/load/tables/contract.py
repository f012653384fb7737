"""A contract file as a whole, its amendments, and which rule each key belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from config.fields import Section, refuse
from config.load.tables.channels import (
    AcknowledgementTable,
    Channels,
    CommunicationTable,
    EndpointTable,
    OnCallTable,
    TextTable,
)
from config.load.tables.contents import (
    CatalogueTable,
    DutyTable,
    EscalationTable,
    OfferTable,
    PriorityTable,
    RetentionTable,
    ScopeTable,
    TypeTable,
)
from config.load.tables.hours import Holidays, Hours, Validity
from config.load.tables.kinds import ClauseId, Text
from config.load.tables.people import (
    ChecklistTable,
    ComplaintTable,
    ContactGroupTable,
    ContactTable,
    NamedOfficeTable,
    OfficeTable,
    Parties,
    ReservationTable,
    WorkingGroupTable,
)
from config.load.tables.phone import PhoneTable
from config.load.tables.provisions import (
    ActTable,
    EntitlementTable,
    GroupTable,
    OnSiteTable,
    PeriodTable,
    PhaseTable,
    QuotaTable,
    SiteTable,
    SuspensionTable,
    TermTable,
)

Rule = Literal[
    "parties",
    "validity",
    "hours",
    "continuous",
    "closures",
    "holidays",
    "channels",
    "communication",
    "desk",
    "on_call",
    "on_call_number",
    "coverage",
    "unanswered",
    "levels",
    "types",
    "recording",
    "priority",
    "escalation",
    "required",
    "acknowledgement",
    "contact",
    "responsible",
    "first_level",
    "offices",
    "phases",
    "entitlement",
    "sites",
    "on_site",
    "terms",
    "suspension",
    "quotas",
    "periods",
    "scope",
    "duties",
    "catalogues",
    "checklist",
    "groups",
    "leads",
    "contact_groups",
    "complaints",
    "retention",
    "offer",
    "skills",
]
RULE_OF_KEY: Mapping[str, Rule] = {
    "parties": "parties",
    "validity": "validity",
    "hours": "hours",
    "hours.continuous": "continuous",
    "hours.closures_allowed": "closures",
    "hours.closure": "closures",
    "holidays": "holidays",
    "channels": "channels",
    "channels.communicated": "communication",
    "endpoint": "channels",
    "communication": "communication",
    "phone": "desk",
    "on_call": "on_call",
    "on_call.number": "on_call_number",
    "on_call.retry_every": "unanswered",
    "on_call.rounds": "unanswered",
    "levels": "levels",
    "type": "types",
    "priority": "priority",
    "escalation": "escalation",
    "escalation.required": "required",
    "acknowledgement": "acknowledgement",
    "contact": "contact",
    "responsible": "responsible",
    "first_level": "first_level",
    "office": "offices",
    "act": "phases",
    "phase": "phases",
    "phase.entitlement": "entitlement",
    "entitlement": "entitlement",
    "group": "entitlement",
    "site": "sites",
    "on_site": "on_site",
    "term": "terms",
    "suspension": "suspension",
    "quota": "quotas",
    "period": "periods",
    "scope": "scope",
    "duty": "duties",
    "catalogue": "catalogues",
    "checklist": "checklist",
    "reservation": "checklist",
    "working_group": "groups",
    "working_group.lead": "leads",
    "working_group.deputy": "leads",
    "contact_group": "contact_groups",
    "complaint": "complaints",
    "retention": "retention",
    "skills": "skills",
    "offer": "offer",
    "amendment": "validity",
}


class AmendmentTable(Section):
    """[[amendment]] a new version of the contract from a day on: its tables replace those of the same name, whole."""

    start: date = Field(alias="from")
    reference: Text
    hours: Hours | None = None
    holidays: Holidays | None = None
    channels: Channels | None = None
    acknowledgement: AcknowledgementTable | None = None
    priority: PriorityTable | None = None
    escalation: EscalationTable | None = None
    contact: ContactTable | None = None
    responsible: OfficeTable | None = None
    first_level: OfficeTable | None = None
    office: tuple[NamedOfficeTable, ...] | None = None
    entitlement: EntitlementTable | None = None
    on_site: OnSiteTable | None = None
    term: tuple[TermTable, ...] | None = None
    quota: tuple[QuotaTable, ...] | None = None
    period: tuple[PeriodTable, ...] | None = None
    scope: ScopeTable | None = None
    duty: tuple[DutyTable, ...] | None = None
    offer: OfferTable | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_amendable(cls, data: Any) -> Any:  # noqa: ANN401 - what pydantic hands over
        known = [info.alias or name for name, info in cls.model_fields.items()]
        for key in data if isinstance(data, dict) else ():
            if key in ContractFile.model_fields and key not in known:
                raise refuse(
                    f"[{key}] is the same in every version of a contract",
                    remedy="write it in the file itself, with its dates (an extension in [[validity.extension]])",
                    key=key,
                )
        return data

    def replaced(self) -> dict[str, object]:
        """The tables that this amendment brings, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"start", "reference"}}


class ContractFile(Section):
    """A contract file as a whole."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]
    clause: ClauseId
    name: Text
    service_name: Text
    sms_name: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9 .&'-]+$")]
    language: Literal["it", "en"] = "it"
    levels: Annotated[tuple[Literal[1, 2], ...], Field(min_length=1)] = (1,)
    skills: tuple[Text, ...] = ()
    parties: Parties
    validity: Validity
    hours: Hours
    holidays: Holidays
    channels: Channels
    endpoint: tuple[EndpointTable, ...] = ()
    communication: tuple[CommunicationTable, ...] = ()
    phone: PhoneTable = PhoneTable()
    on_call: OnCallTable | None = None
    priority: PriorityTable = PriorityTable()
    type: tuple[TypeTable, ...] = ()
    escalation: EscalationTable | None = None
    contact: ContactTable
    acknowledgement: AcknowledgementTable = AcknowledgementTable()
    responsible: OfficeTable | None = None
    first_level: OfficeTable | None = None
    office: tuple[NamedOfficeTable, ...] = ()
    act: tuple[ActTable, ...] = ()
    phase: tuple[PhaseTable, ...] = ()
    entitlement: EntitlementTable | None = None
    group: tuple[GroupTable, ...] = ()
    site: tuple[SiteTable, ...] = ()
    on_site: OnSiteTable | None = None
    term: tuple[TermTable, ...] = ()
    suspension: SuspensionTable | None = None
    quota: tuple[QuotaTable, ...] = ()
    period: tuple[PeriodTable, ...] = ()
    scope: ScopeTable | None = None
    duty: tuple[DutyTable, ...] = ()
    catalogue: tuple[CatalogueTable, ...] = ()
    checklist: tuple[ChecklistTable, ...] = ()
    reservation: ReservationTable | None = None
    working_group: tuple[WorkingGroupTable, ...] = ()
    contact_group: tuple[ContactGroupTable, ...] = ()
    retention: tuple[RetentionTable, ...] = ()
    complaint: ComplaintTable | None = None
    offer: OfferTable | None = None
    text: tuple[TextTable, ...] = ()
    amendment: tuple[AmendmentTable, ...] = ()
    clauses: Mapping[Rule, ClauseId] = Field(default_factory=dict)
