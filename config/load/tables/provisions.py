"""[[act]], [[phase]], entitlement, sites and visits, terms, quotas and periods: what clauses provide."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.fields import Mail, Number, Section, refuse
from config.load.calendars import patrons
from config.load.tables.kinds import ClauseId, DayOfYear, Id, PeriodText, Positive, TermText, Text
from gateway.domain.provisions import ActKind, Elsewhere, Ends, Of, Starts, Suspension, Unknown

HIGHEST_CLASS = 4


class ActTable(Section):
    """[[act]] a recorded act that opens a phase: its day and the document that proves it (C3.1)."""

    kind: ActKind
    on: date
    reference: str = ""


class EntitlementTable(Section):
    """[entitlement], [phase.entitlement] who is served, and where everybody else goes."""

    groups: tuple[Id, ...] = ()
    unknown: Unknown = Unknown.SERVED
    others: Elsewhere
    level: Literal[1, 2] = 1
    clause: ClauseId | None = None


class PhaseTable(Section):
    """[[phase]] a phase of the contract and the act that opens it.

    `at_vendor_charge`: its services cost the client nothing (C3.25).
    """

    id: Id
    name: Text
    opened_by: ActKind
    opens_next_day: bool = False
    at_vendor_charge: bool = False
    entitlement: EntitlementTable
    clause: ClauseId | None = None


class GroupTable(Section):
    """[[group]] entitled parties, by what a contact can be matched with."""

    id: Id
    name: Text
    domains: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")], ...] = ()
    mails: tuple[Mail, ...] = ()
    numbers: tuple[Number, ...] = ()
    people: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _can_be_matched(self) -> Self:
        if not (self.domains or self.mails or self.numbers or self.people):
            raise refuse(
                f"the group {self.id} has no domain, address, number or person: nobody can be known as one of it",
                remedy='add domains = ["comune.example"], mails, numbers or people',
                key="domains",
            )
        return self


class SiteTable(Section):
    """[[site]] a place where visits are admitted; its holidays are those of its municipality (A3.4)."""

    id: Id
    name: Text
    municipality: str | None = None
    names: tuple[Text, ...] = ()
    phases: tuple[Id, ...] = ()
    start: date | None = Field(default=None, alias="from")
    until: date | None = None
    national: bool = True
    patron: bool = True
    patron_day: DayOfYear | None = None
    patron_name: str | None = None
    clause: ClauseId | None = None

    @model_validator(mode="after")
    def _place_known(self) -> Self:
        if not self.municipality:
            raise refuse(
                f"the site {self.id} has no municipality, whose holidays count for its working days",
                remedy='add municipality = "Cagliari"',
                key="municipality",
            )
        if self.patron and not self.patron_day and self.municipality not in patrons():
            raise refuse(
                f"the patron saint of {self.municipality} is not known",
                remedy='write patron_day = "MM-DD" and patron_name, or patron = false',
                key="municipality",
            )
        if self.start and self.until and self.until < self.start:
            raise refuse(
                f"the site ends on {self.until}, before it starts on {self.start}",
                remedy="exchange from and until",
                key="until",
            )
        return self


class OnSiteTable(Section):
    """[on_site] the words that ask for a visit, the site meant when none is named, and which visits a quota counts."""

    words: Annotated[tuple[Text, ...], Field(min_length=1)]
    default_site: Id | None = None
    default_site_for: tuple[Id, ...] = ()
    simple_request: bool = False
    cancelled_visit_takes_quota: bool = False
    failed_visit_takes_quota: bool = True
    clause: ClauseId | None = None


class TermTable(Section):
    """[[term]] by when something must have happened; the answer of an office stands at its matter, `answer_within`.

    `extend_to_next_day`: a last calendar day that is a Sunday or a national holiday moves on (art. 1187 c.c.).
    """

    of: Of
    within: TermText
    counted_from: Starts = Starts.RECEIPT
    ends: Ends = Ends.COVERAGE
    classes: tuple[Annotated[int, Field(ge=1, le=HIGHEST_CLASS, strict=True)], ...] = ()
    calendar: Literal["contract", "site"] = "contract"
    extend_to_next_day: bool = True
    clause: ClauseId | None = None

    @model_validator(mode="after")
    def _is_ours(self) -> Self:
        if self.of is Of.OFFICE:
            raise refuse(
                "how long an office has for its answer belongs to the matter that goes there",
                remedy="write answer_within at the [[scope.matter]], and take the term out",
                key="of",
            )
        return self


class SuspensionTable(Section):
    """[suspension] why a clock may stand still; waiting for the vendor is no reason."""

    reasons: tuple[Suspension, ...]


class QuotaTable(Section):
    """[[quota]] how many visits there may be in a phase, and from how many on somebody is warned."""

    of: Literal["on_site"]
    phase: Id
    count: Positive
    warn_at: Positive | None = None
    clause: ClauseId | None = None


class PeriodTable(Section):
    """[[period]] how long something is due after an act."""

    of: Literal["on_site", "second_level"]
    phase: Id
    after: ActKind
    lasts: PeriodText
    extend_to_next_day: bool = True
    clause: ClauseId | None = None
