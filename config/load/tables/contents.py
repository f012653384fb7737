"""What requests are about and where they go: priority, types, scope, duties, lists, level 2, how long data are kept."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.fields import Duration, Mail, Section, duration, refuse
from config.load.tables.kinds import ClauseId, Id, KeepText, SummaryField, TermText, Text, TicketTypeName
from config.load.tables.people import OfficeTable

DataClass = Literal["ticket", "contact", "recording", "certified", "complaint", "security_log"]


class PriorityClassTable(Section):
    """[[priority.class]] a class of priority in the contract's own words, 1 (blocking) to 4 (no malfunction)."""

    number: Annotated[int, Field(ge=1, le=4, strict=True)]
    name: Text
    words: tuple[Text, ...] = ()


class PriorityTable(Section):
    """[priority] the words that make a request urgent, and the classes of priority."""

    urgent_words: tuple[Text, ...] = ()
    negations: tuple[Text, ...] = ()
    classes: tuple[PriorityClassTable, ...] = Field(default=(), alias="class")


class TypeTable(Section):
    """[[type]] the words that give the type of a request; the first rule that is met counts."""

    type: TicketTypeName
    words: Annotated[tuple[Text, ...], Field(min_length=1)]


class EscalationTable(Section):
    """[escalation] the mailbox of level 2, and what its requests must contain besides."""

    mailbox: Mail
    vendor_name: Text
    contract_reference: Text
    required: tuple[SummaryField, ...] = ()
    minimum_characters: Annotated[int, Field(ge=0, strict=True)] = 0
    remind_after: Duration = duration("1d")
    channel: Literal["mail", "pec"] = "mail"


class MatterTable(Section):
    """[[scope.matter]] one matter of the scope catalogue; one outside goes to its office.

    The office stands below the matter, or `turn_to` is the id of an [[office]]. `answer_within`: by when it answers.
    """

    id: Id
    name: Text
    section: str = ""
    words: Annotated[tuple[Text, ...], Field(min_length=1)]
    inside: bool = True
    forward: bool = False
    office: OfficeTable | None = None
    turn_to: Id | None = None
    answer_within: TermText | None = None
    clause: ClauseId | None = None

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if self.office and self.turn_to:
            raise refuse(
                f"the matter {self.id} goes to {self.office.name} and to {self.turn_to}",
                remedy="leave office or turn_to",
                key="turn_to",
            )
        if not self.inside and not self.office and not self.turn_to:
            raise refuse(
                f"the matter {self.id} is outside the service and nothing says where it goes: office is missing",
                remedy="add office = {name = …, mail = …} or turn_to = the id of an [[office]], or write inside = true",
                key="office",
            )
        if self.answer_within and not self.office and not self.turn_to:
            raise refuse(
                f"the matter {self.id} has a time to answer and no office that answers",
                remedy="add office or turn_to, or take answer_within out",
                key="answer_within",
            )
        return self


class ScopeTable(Section):
    """[scope] what the service is for; what matches no matter is inside (C4.5)."""

    version: Text
    approved_on: date | None = None
    matter: tuple[MatterTable, ...] = ()
    clause: ClauseId | None = None


class DutyTable(Section):
    """[[duty]] one step of the first level, and the fields of the summary that show that it was done."""

    id: Id
    name: Text
    fields_: tuple[SummaryField, ...] = Field(default=(), alias="fields")
    clause: ClauseId | None = None


class CatalogueTable(Section):
    """[[catalogue]] a list that people choose from; `open`: anybody may add to it."""

    id: Id
    name: Text
    items: tuple[Text, ...] = ()
    is_open: bool = Field(default=False, alias="open")
    version: Text = "1"
    clause: ClauseId | None = None


class RetentionTable(Section):
    """[[retention]] how long a class of data is kept after the conclusion."""

    of: DataClass
    keep: KeepText


class OfferTable(Section):
    """[offer] the commercial offer whose terms the service follows (C9.2)."""

    reference: Text
    clause: ClauseId | None = None
