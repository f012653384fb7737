"""roster.toml: the tables of the on-call duties."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from config.fields import Section, refuse
from config.load.tables.kinds import PersonId
from gateway.domain.hours import ROME, instant
from gateway.domain.roster import NEXT

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Rules = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
"""One recurrence rule of RFC 5545, or several that are taken together."""


def wall(moment: datetime) -> datetime:
    """Rome wall time, naive: as written, or turned from the offset that is written."""
    return moment.astimezone(ROME).replace(tzinfo=None) if moment.tzinfo else moment


def moment(written: datetime) -> datetime:
    """The instant (UTC) of a time in the file: with its offset, or Rome wall time."""
    return written.astimezone(UTC) if written.tzinfo else instant(written.date(), written.time())


class OnCallTable(Section):
    """[[on_call]] the on-call duty of one contract: who fills a hole, who is told when nobody took it."""

    contract: str
    fallback: PersonId | None = None
    supervisor: PersonId | None = None


class RotationTable(Section):
    """[[rotation]] turns among several people, handed over every so many days or by a rule."""

    contract: str
    name: str
    people: Annotated[tuple[PersonId, ...], Field(min_length=1)]
    starts: datetime
    ends: datetime | None = None
    every_days: Annotated[int, Field(ge=1, le=366)] | None = None
    rrule: Rules = ()
    without: tuple[date, ...] = ()
    deputy: PersonId | None = NEXT
    supervisor: PersonId | None = None
    replaces: bool = False

    @model_validator(mode="after")
    def _by_days_or_by_rule(self) -> Self:
        if self.rrule and self.every_days:
            raise refuse(
                f"the rotation {self.name!r} is handed over every {self.every_days} days and by a rule",
                remedy="leave one of every_days and rrule",
                key="rrule",
            )
        if self.without and not self.rrule:
            raise refuse(f"the rotation {self.name!r} has days left out of no rule", remedy="add rrule", key="without")
        if self.ends and moment(self.ends) <= moment(self.starts):
            raise refuse(f"the rotation {self.name!r} ends before it starts", remedy="exchange starts and ends")
        bounded = next((rule for rule in self.rrule if "UNTIL=" in rule or "COUNT=" in rule), None)
        if bounded:
            raise refuse(
                f"{bounded!r} has an end, which is not the end of the last turn",
                remedy="write ends, which is when the last turn ends",
                key="rrule",
            )
        return self


class ShiftTable(Section):
    """[[shift]] one shift (starts, ends), by a rule (and rrule), or on the same days (days, from, to)."""

    contract: str
    name: str
    contact: PersonId
    deputy: PersonId | None = None
    supervisor: PersonId | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    rrule: Rules = ()
    without: tuple[date, ...] = ()
    days: tuple[Day, ...] = ()
    start: time | None = Field(default=None, alias="from")
    end: time | None = Field(default=None, alias="to")
    ends_next_day: bool = False
    days_later: Annotated[int, Field(ge=0, le=7)] = 0
    valid_from: date = date.min
    valid_until: date = date.max
    replaces: bool = False

    @model_validator(mode="after")
    def _once_or_weekly(self) -> Self:
        once = self.starts is not None and self.ends is not None
        weekly = bool(self.days) and self.start is not None and self.end is not None
        if once == weekly:
            raise refuse(
                f"the shift {self.name!r} is neither once nor weekly",
                remedy="give starts and ends, with rrule to repeat them, or days, from and to",
            )
        if (self.rrule and weekly) or (self.without and not self.rrule):
            raise refuse(
                f"the shift {self.name!r} has a rule and no first time, or days left out of no rule",
                remedy="give starts and ends of the first one, and rrule",
                key="rrule" if self.rrule else "without",
            )
        if self.starts and self.ends and moment(self.ends) <= moment(self.starts):
            raise refuse(f"the shift {self.name!r} ends before it starts", remedy="exchange starts and ends")
        if self.start and self.end is not None and not self.later and self.end <= self.start:
            raise refuse(
                f"the shift {self.name!r} ends {self.end:%H:%M}, before it starts {self.start:%H:%M}",
                remedy="add ends_next_day = true",
            )
        return self

    @property
    def later(self) -> int:
        """How many days after its start it ends."""
        return max(self.days_later, int(self.ends_next_day))


class OverrideTable(Section):
    """[[override]] somebody else for a while, by whom and why."""

    contract: str
    starts: datetime
    ends: datetime
    contact: PersonId
    deputy: PersonId | None = None
    by: PersonId
    reason: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if moment(self.ends) <= moment(self.starts):
            raise refuse("the override ends before it starts", remedy="exchange starts and ends")
        return self


class RosterFile(Section):
    """roster.toml as a whole."""

    on_call: tuple[OnCallTable, ...] = ()
    rotation: tuple[RotationTable, ...] = ()
    shift: tuple[ShiftTable, ...] = ()
    override: tuple[OverrideTable, ...] = ()
