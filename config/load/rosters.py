"""`people.toml` and `roster.toml`: the directory, the on-call duties, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from config.fields import Mail, MobileNumber, PersonNumber, Section, refuse
from config.load.refusals import Source, checked
from gateway.domain.contract import Contract
from gateway.domain.hours import ROME, instant
from gateway.domain.numbers import may_be_called
from gateway.domain.roster import (
    HOLIDAY,
    NEXT,
    Directory,
    Duty,
    Entry,
    GapKind,
    Override,
    Person,
    Roster,
    Rotation,
    Shift,
    WeeklyShift,
    coverage,
)

PersonId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,40}$")]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"]
ON_CALL = "C2.8"
PEOPLE_CLAUSES = {"": "X10", "person": "X10"}
ROSTER_CLAUSES = {"": ON_CALL}


class PersonTable(Section):
    """[[person]] somebody who works with the gateway. Calls and texts go only to the numbers that stand here."""

    id: PersonId
    name: Annotated[str, Field(min_length=1)]
    role: str
    mobile: MobileNumber | None = None
    landline: PersonNumber | None = None
    mail: Mail | None = None
    contracts: tuple[str, ...] = ()
    supervisor: bool = False


class PeopleFile(Section):
    """people.toml as a whole."""

    person: tuple[PersonTable, ...] = ()


class OnCallTable(Section):
    """[[on_call]] the on-call duty of one contract: who fills a hole, who is told when nobody took it."""

    contract: str
    fallback: PersonId | None = None
    supervisor: PersonId | None = None


class RotationTable(Section):
    """[[rotation]] turns among several people, handed over every so many days."""

    contract: str
    name: str
    people: Annotated[tuple[PersonId, ...], Field(min_length=1)]
    starts: datetime
    ends: datetime | None = None
    every_days: Annotated[int, Field(ge=1, le=366)] = 7
    deputy: PersonId | None = NEXT
    supervisor: PersonId | None = None


class ShiftTable(Section):
    """[[shift]] one shift (starts, ends), or one that comes back on the same days (days, from, to)."""

    contract: str
    name: str
    contact: PersonId
    deputy: PersonId | None = None
    supervisor: PersonId | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    days: tuple[Day, ...] = ()
    start: time | None = Field(default=None, alias="from")
    end: time | None = Field(default=None, alias="to")
    ends_next_day: bool = False
    days_later: Annotated[int, Field(ge=0, le=7)] = 0
    valid_from: date = date.min
    valid_until: date = date.max

    @model_validator(mode="after")
    def _once_or_weekly(self) -> Self:
        once = self.starts is not None and self.ends is not None
        weekly = bool(self.days) and self.start is not None and self.end is not None
        if once == weekly:
            raise refuse(
                f"the shift {self.name!r} is neither once nor weekly",
                remedy="give starts and ends, or days, from and to",
            )
        if self.starts and self.ends and self.ends <= self.starts:
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
        if _at(self.ends) <= _at(self.starts):
            raise refuse("the override ends before it starts", remedy="exchange starts and ends")
        return self


class RosterFile(Section):
    """roster.toml as a whole."""

    on_call: tuple[OnCallTable, ...] = ()
    rotation: tuple[RotationTable, ...] = ()
    shift: tuple[ShiftTable, ...] = ()
    override: tuple[OverrideTable, ...] = ()


def people_of(source: Source, contracts: Mapping[str, Contract]) -> Directory:
    """The directory that `people.toml` says.

    Raises:
        SettingError: the file is refused.
    """
    table = checked(PeopleFile, source, PEOPLE_CLAUSES, {})
    seen: dict[str, str] = {}
    for number, person in enumerate(table.person, 1):
        for value in (person.id, person.mobile, person.landline, person.mail):
            if value and value in seen:
                raise source.refusal(
                    f"person[{number}]",
                    f"{value} belongs to {seen[value]} already",
                    clause="X10",
                    remedy="give each id, number and address to one person",
                )
            if value:
                seen[value] = person.id
        _refuse_unknown_contracts(source, number, person, contracts)
    return Directory([_person(person) for person in table.person])


def _refuse_unknown_contracts(
    source: Source,
    number: int,
    person: PersonTable,
    contracts: Mapping[str, Contract],
) -> None:
    for contract in person.contracts:
        if contract not in contracts:
            raise source.refusal(
                f"person[{number}].contracts",
                f"{person.id} works for the contract {contract}, which is not there",
                clause="X18",
                remedy=f"known contracts: {', '.join(contracts)}",
            )


def _person(table: PersonTable) -> Person:
    return Person(
        id=table.id,
        name=table.name,
        role_words=table.role,
        mobile=table.mobile,
        landline=table.landline,
        mail=table.mail,
        contracts=table.contracts,
        supervisor=table.supervisor,
    )


def roster_of(
    source: Source,
    people: Directory,
    contracts: Mapping[str, Contract],
    allowed_countries: tuple[str, ...],
) -> Roster:
    """The roster that `roster.toml` says.

    Raises:
        SettingError: the file is refused: unknown people or contracts, somebody without a number, a contract that
            requires on-call without a duty, a hole at any time of the contract without a fallback contact, a duty
            of a contract that has no on-call number.
    """
    table = checked(RosterFile, source, ROSTER_CLAUSES, {})
    for key, contract in _contracts_named(table):
        if contract not in contracts:
            remedy = f"known contracts: {', '.join(contracts)}"
            raise source.refusal(key, f"the contract {contract} is not there", clause="X18", remedy=remedy)
    for key, person in _people_named(table):
        _refuse_unreachable(source, key, person, people, allowed_countries)
    duties = tuple(_duty(each, contracts[each.contract]) for each in table.on_call)
    roster = Roster(people, duties, tuple(_entries(table)), tuple(_override(each) for each in table.override))
    _refuse_missing_duties(source, roster, contracts)
    _refuse_holes(source, table, roster, contracts)
    return roster


def _contracts_named(table: RosterFile) -> Iterator[tuple[str, str]]:
    groups: Mapping[str, Iterable[OnCallTable | RotationTable | ShiftTable | OverrideTable]] = {
        "on_call": table.on_call,
        "rotation": table.rotation,
        "shift": table.shift,
        "override": table.override,
    }
    for name, entries in groups.items():
        for number, entry in enumerate(entries, 1):
            yield f"{name}[{number}].contract", entry.contract


def _people_named(table: RosterFile) -> Iterator[tuple[str, str]]:
    for number, duty in enumerate(table.on_call, 1):
        yield from _named(f"on_call[{number}]", fallback=duty.fallback, supervisor=duty.supervisor)
    for number, rotation in enumerate(table.rotation, 1):
        for person in rotation.people:
            yield f"rotation[{number}].people", person
        deputy = None if rotation.deputy == NEXT else rotation.deputy
        yield from _named(f"rotation[{number}]", deputy=deputy, supervisor=rotation.supervisor)
    for number, shift in enumerate(table.shift, 1):
        yield from _named(
            f"shift[{number}]",
            contact=shift.contact,
            deputy=shift.deputy,
            supervisor=shift.supervisor,
        )
    for number, override in enumerate(table.override, 1):
        yield from _named(f"override[{number}]", contact=override.contact, deputy=override.deputy)


def _named(where: str, **people: str | None) -> Iterator[tuple[str, str]]:
    yield from ((f"{where}.{key}", person) for key, person in people.items() if person)


def _refuse_unreachable(
    source: Source,
    key: str,
    person: str,
    people: Directory,
    allowed_countries: tuple[str, ...],
) -> None:
    if person not in people:
        raise source.refusal(
            key,
            f"{person} is not in people.toml",
            clause=ON_CALL,
            remedy="add the person there with a mobile number, or name somebody who is",
        )
    if not people[person].numbers:
        raise source.refusal(
            key,
            f"{person} has no telephone number in people.toml, so nobody can call",
            clause=ON_CALL,
            remedy="add mobile (or landline) to the person",
        )
    if not any(may_be_called(number, allowed_countries) for number in people[person].numbers):
        raise source.refusal(
            key,
            f"no number of {person} may be called from here",
            clause="X10",
            remedy="add the country to [phone] allowed_countries, or give a number of a country that is there",
        )


def _duty(table: OnCallTable, contract: Contract) -> Duty:
    clauses = (contract.clauses.of("on_call"),)
    return Duty(table.contract, table.fallback, table.supervisor, clauses, contract.holidays())


def _entries(table: RosterFile) -> Iterator[Entry]:
    for turn in table.rotation:
        yield Rotation(
            contract=turn.contract,
            name=turn.name,
            people=turn.people,
            starts=_wall(turn.starts),
            every_days=turn.every_days,
            ends=_wall(turn.ends) if turn.ends else None,
            deputy=turn.deputy,
            supervisor=turn.supervisor,
        )
    for shift in table.shift:
        yield _shift(shift)


def _shift(table: ShiftTable) -> Shift | WeeklyShift:
    if table.starts and table.ends:
        return Shift(
            contract=table.contract,
            name=table.name,
            contact=table.contact,
            deputy=table.deputy,
            starts=_wall(table.starts),
            ends=_wall(table.ends),
            supervisor=table.supervisor,
        )
    return WeeklyShift(
        contract=table.contract,
        name=table.name,
        contact=table.contact,
        deputy=table.deputy,
        weekdays=frozenset(HOLIDAY if day == "holiday" else DAYS.index(day) for day in table.days),
        start=table.start or time(0),
        end=table.end or time(0),
        days_later=table.later,
        valid_from=table.valid_from,
        valid_until=table.valid_until,
        supervisor=table.supervisor,
    )


def _override(table: OverrideTable) -> Override:
    return Override(
        contract=table.contract,
        start=_at(table.starts),
        end=_at(table.ends),
        contact=table.contact,
        deputy=table.deputy,
        by=table.by,
        reason=table.reason,
    )


def _wall(moment: datetime) -> datetime:
    """Rome wall time, naive: as written, or turned from the offset that is written."""
    return moment.astimezone(ROME).replace(tzinfo=None) if moment.tzinfo else moment


def _at(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else instant(moment.date(), moment.time())


def _refuse_missing_duties(source: Source, roster: Roster, contracts: Mapping[str, Contract]) -> None:
    for contract in contracts.values():
        has_duty = roster.duty_of(contract.id) is not None
        if has_duty and contract.on_call is None:
            raise source.refusal(
                "on_call",
                f"{contract.id} has an on-call duty here and no on-call number in its own file",
                clause=contract.clauses.of("on_call_number"),
                remedy=f"add [on_call] with [[on_call.number]] to contracts/{contract.id}.toml, or take the duty out",
            )
        if contract.on_call and not has_duty:
            raise source.refusal(
                "on_call",
                f"{contract.id} has an on-call number for the time outside its hours and no on-call duty",
                clause=contract.clauses.of("on_call"),
                remedy=f'add [[on_call]] with contract = "{contract.id}" and fallback, and a [[rotation]] or [[shift]]',
            )


def _refuse_holes(source: Source, table: RosterFile, roster: Roster, contracts: Mapping[str, Contract]) -> None:
    """Refuse a hole at any time of the contract that no fallback contact fills; with one, it is a warning."""
    for number, duty in enumerate(table.on_call, 1):
        contract = contracts[duty.contract]
        if duty.fallback:
            continue
        days = contract.last_day - contract.valid_from + timedelta(days=1)
        gaps = coverage(contract, roster, instant(contract.valid_from), days.days)
        hole = next((gap for gap in gaps if gap.kind is GapKind.HOLE), None)
        if hole:
            raise source.refusal(
                f"on_call[{number}]",
                f"nobody is on call from {hole.start:%Y-%m-%d %H:%M} to {hole.end:%Y-%m-%d %H:%M} "
                "and there is no fallback contact",
                clause=contract.clauses.of("coverage"),
                remedy="add fallback with a person of people.toml, or cover the time with a shift",
            )
