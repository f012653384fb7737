"""[validity], [hours] and [holidays]: when the contract is in force and when the desk is staffed."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Self

from pydantic import Field, model_validator

from config.fields import Section, Zone, refuse
from config.load.calendars import patrons
from config.load.tables.kinds import LONGEST_YEARS, BandTexts, ClauseId, DayOfYear, Id, Text, Weekday


class ExtensionTable(Section):
    """[[validity.extension]] an extension of the contract [proroga], granted before it ends."""

    until: date
    recorded_on: date
    reference: Text


class Validity(Section):
    """[validity] the first and the last day on which the contract is in force."""

    start: date = Field(alias="from")
    until: date
    extension: tuple[ExtensionTable, ...] = ()

    @property
    def last_day(self) -> date:
        """The last day, extensions included."""
        return max((self.until, *(each.until for each in self.extension)))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until < self.start:
            raise refuse(
                f"the last day {self.until} is before the first, {self.start}",
                remedy="exchange from and until",
                key="until",
            )
        if self.until.year - self.start.year > LONGEST_YEARS:
            raise refuse(
                f"a validity of more than {LONGEST_YEARS} years",
                remedy="give the date of the contract's end",
                key="until",
            )
        self._refuse_late_extensions()
        return self

    def _refuse_late_extensions(self) -> None:
        last = self.until
        for extension in self.extension:
            if extension.until <= last or extension.recorded_on > last:
                raise refuse(
                    f"the extension to {extension.until} does not lengthen a contract that ends on {last}",
                    remedy="an extension is recorded before the end and ends after it; list them in order",
                    key="extension",
                )
            last = extension.until


class BandTable(Section):
    """[[hours.band]] the hours of some weekdays, as "08:00-18:00", half-open; without `phases` in every phase."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1)]
    times: BandTexts
    phases: tuple[Id, ...] = ()
    clause: ClauseId | None = None


class ClosureTable(Section):
    """[[hours.closure]] a closing day, or with closes_at a shortened one."""

    on: date
    name: Text
    closes_at: time | None = None


class Hours(Section):
    """[hours] when the desk is staffed."""

    continuous: bool
    closures_allowed: bool
    time_zone: Zone = "Europe/Rome"
    band: Annotated[tuple[BandTable, ...], Field(min_length=1)]
    closure: tuple[ClosureTable, ...] = ()


class AdditionalDay(Section):
    """[[holidays.additional]] a day that is a holiday besides: once (`on`) or every year (`every`)."""

    name: Text
    on: date | None = None
    every: DayOfYear | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.on is None) == (self.every is None):
            raise refuse("a holiday is either on one date or comes every year", remedy="give either on or every")
        return self


class DecidedDay(Section):
    """[[holidays.decided]] a national holiday on which the client has decided: closed, or open although it is one."""

    name: Text
    closed: bool


class Holidays(Section):
    """[holidays] whether holidays are closed, and which."""

    national: bool
    patron: bool | None = None
    municipality: str | None = None
    patron_day: DayOfYear | None = None
    patron_name: str | None = None
    additional: tuple[AdditionalDay, ...] = ()
    decided: tuple[DecidedDay, ...] = ()

    @model_validator(mode="after")
    def _patron_decided(self) -> Self:
        if self.national and self.patron is None:
            raise refuse(
                "holidays are excluded and nothing says whether the patron saint is one: patron is missing",
                remedy="ask the client and write patron = true or patron = false",
                key="patron",
            )
        if self.patron and not self.patron_day and self.municipality not in patrons():
            raise refuse(
                f"the patron saint of {self.municipality or 'a municipality that is not named'} is not known",
                remedy='write municipality, or patron_day = "MM-DD" and patron_name',
                key="municipality",
            )
        return self
