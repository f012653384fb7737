"""The parties and who acts for them: offices, groups of people, the checklist of the start."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.fields import Mail, OfficeNumber, Section, refuse
from config.load.tables.kinds import ClauseId, Id, Text
from gateway.domain.provisions import Organisation


class Parties(Section):
    """[parties] who the contract is between, in the words that people read."""

    body: Text
    vendor: Text
    controller: Text
    info_url: str


class OfficeTable(Section):
    """[responsible], [first_level], office: a role or service that decides or gets what is not ours."""

    name: Text
    mail: Mail | None = None
    phone: OfficeNumber | None = None
    clause: ClauseId | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not self.mail and not self.phone:
            raise refuse(
                f"{self.name} has neither a mailbox nor a number", remedy="add mail, phone or both", key="mail"
            )
        return self


class NamedOfficeTable(OfficeTable):
    """[[office]] an office that the contract names by an id: the local police (C5.7)."""

    id: Id


class ContactTable(Section):
    """[contact] who answers level 2's questions."""

    role: Text
    phone: OfficeNumber
    mail: Mail
    hours: Text


class MemberTable(Section):
    """[[working_group.member]] somebody who works in the group, and for which side."""

    id: Id
    name: Text
    organisation: Organisation


class LeadTable(Section):
    """[[working_group.lead]], [[working_group.deputy]] who leads from a day on, until a day or further notice."""

    member: Id
    start: date = Field(alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until and self.until < self.start:
            raise refuse(
                f"{self.member} leads until {self.until}, before {self.start}",
                remedy="exchange from and until",
                key="until",
            )
        return self


class WorkingGroupTable(Section):
    """[[working_group]] a mixed group of client and supplier, led by the client (C6.2, C6.3)."""

    id: Id
    name: Text
    mail: Mail | None = None
    member: tuple[MemberTable, ...] = ()
    lead: tuple[LeadTable, ...] = ()
    deputy: tuple[LeadTable, ...] = ()
    clause: ClauseId | None = None


class ContactGroupTable(Section):
    """[[contact_group]] whom the service stays in close contact with (C7.4)."""

    id: Literal["decision", "operating"]
    name: Text
    mails: Annotated[tuple[Mail, ...], Field(min_length=1)]
    clause: ClauseId | None = None


class ComplaintTable(Section):
    """[complaint] who may say that what was taken for a complaint is none: a role of people.toml (C8.3)."""

    downgraded_by: Text
    clause: ClauseId | None = None


class ChecklistTable(Section):
    """[[checklist]] one preliminary activity: whose it is, when it was done, and the evidence (C10.5)."""

    id: Id
    what: Text
    whose: Text
    done_on: date | None = None
    evidence: str = ""

    @model_validator(mode="after")
    def _proved(self) -> Self:
        if self.done_on and not self.evidence.strip():
            raise refuse(
                f"the activity {self.id} was done on {self.done_on} and nothing shows it",
                remedy="name the document in evidence",
                key="evidence",
            )
        return self


class ReservationTable(Section):
    """[reservation] the decision of both parties to start although an activity is open (C10.5)."""

    decided_on: date
    by: tuple[Text, ...]
    reference: Text
