"""`people.toml` and `roster.toml`: the directory, the on-call duties, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from config.fields import Mail, MobileNumber, PersonNumber, Section
from config.load.recurrence import RuleError, occurrences
from config.load.refusals import Source, checked
from config.load.tables.kinds import Id, PersonId
from config.load.tables.roster import (
    DAYS,
    OnCallTable,
    OverrideTable,
    RosterFile,
    RotationTable,
    ShiftTable,
    moment,
    wall,
)
from gateway.domain.contract import Contract
from gateway.domain.hours import instant
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
    RuledRotation,
    RuledShift,
    Shift,
    WeeklyShift,
    coverage,
)

EVERY_DAYS = 7
"""How often a rotation is handed over that does not say."""
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
    fax: PersonNumber | None = None
    public_body: bool = False
    skills: tuple[Id, ...] = ()


class PeopleFile(Section):
    """people.toml as a whole."""

    person: tuple[PersonTable, ...] = ()


def people_of(source: Source, contracts: Mapping[str, Contract]) -> Directory:
    """The directory that `people.toml` says.

    Raises:
        SettingError: the file is refused.
    """
    table = checked(PeopleFile, source, PEOPLE_CLAUSES, {})
    seen: dict[str, str] = {}
    for number, person in enumerate(table.person, 1):
        for value in dict.fromkeys((person.id, person.mobile, person.landline, person.fax, person.mail)):
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
        fax=table.fax,
        public_body=table.public_body,
        skills=table.skills,
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
    roster = Roster(
        people, duties, tuple(_entries(source, table, contracts)), tuple(_override(each) for each in table.override)
    )
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


def _entries(source: Source, table: RosterFile, contracts: Mapping[str, Contract]) -> Iterator[Entry]:
    for number, turn in enumerate(table.rotation, 1):
        key = f"rotation[{number}]"
        yield _turns_by_rule(source, key, turn, contracts[turn.contract]) if turn.rrule else _rotation(turn)
    for number, shift in enumerate(table.shift, 1):
        key = f"shift[{number}]"
        yield _shift_by_rule(source, key, shift, contracts[shift.contract]) if shift.rrule else _shift(shift)


def _rotation(turn: RotationTable) -> Rotation:
    return Rotation(
        contract=turn.contract,
        name=turn.name,
        people=turn.people,
        starts=wall(turn.starts),
        every_days=turn.every_days or EVERY_DAYS,
        ends=wall(turn.ends) if turn.ends else None,
        deputy=turn.deputy,
        supervisor=turn.supervisor,
        replaces=turn.replaces,
    )


def _turns_by_rule(source: Source, key: str, turn: RotationTable, contract: Contract) -> RuledRotation:
    """The hand-overs that the rule comes to, and the end of the last turn."""
    ends = min(wall(turn.ends) if turn.ends else datetime.max, _horizon(contract))  # noqa: DTZ901 - wall time
    times = _times(source, key, turn, wall(turn.starts), ends)
    return RuledRotation(
        contract=turn.contract,
        name=turn.name,
        people=turn.people,
        handovers=(*times, ends),
        deputy=turn.deputy,
        supervisor=turn.supervisor,
        replaces=turn.replaces,
    )


def _shift_by_rule(source: Source, key: str, shift: ShiftTable, contract: Contract) -> RuledShift:
    starts, ends = wall(shift.starts or datetime.min), wall(shift.ends or datetime.min)  # noqa: DTZ901 - both are there
    last = datetime.combine(shift.valid_until, time.max)
    return RuledShift(
        contract=shift.contract,
        name=shift.name,
        contact=shift.contact,
        deputy=shift.deputy,
        starts=_times(source, key, shift, starts, min(last, _horizon(contract))),
        lasts=ends - starts,
        supervisor=shift.supervisor,
        replaces=shift.replaces,
    )


def _horizon(contract: Contract) -> datetime:
    """The wall time after which nobody need be on call any more (C2.2)."""
    return datetime.combine(contract.last_day, time(0)) + timedelta(days=1)


def _times(
    source: Source, key: str, table: RotationTable | ShiftTable, starts: datetime, until: datetime
) -> tuple[datetime, ...]:
    try:
        return occurrences(table.rrule, starts, until=until, without=frozenset(table.without))
    except RuleError as wrong:
        raise source.refusal(
            f"{key}.rrule",
            str(wrong),
            clause=ON_CALL,
            remedy='write it as RFC 5545 says, "FREQ=WEEKLY;BYDAY=FR", and starts at its first time',
        ) from wrong


def _shift(table: ShiftTable) -> Shift | WeeklyShift:
    if table.starts and table.ends:
        return Shift(
            contract=table.contract,
            name=table.name,
            contact=table.contact,
            deputy=table.deputy,
            starts=wall(table.starts),
            ends=wall(table.ends),
            supervisor=table.supervisor,
            replaces=table.replaces,
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
        replaces=table.replaces,
    )


def _override(table: OverrideTable) -> Override:
    return Override(
        contract=table.contract,
        start=moment(table.starts),
        end=moment(table.ends),
        contact=table.contact,
        deputy=table.deputy,
        by=table.by,
        reason=table.reason,
    )


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
