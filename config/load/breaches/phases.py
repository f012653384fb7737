"""Acts, phases and who is served: what contradicts itself or names what is not there (C3.1, C3.2, C3.12, C9.1)."""

from __future__ import annotations

from collections.abc import Iterator

from config.load.breaches.reading import Reading
from config.load.tables.provisions import ActTable, EntitlementTable
from gateway.domain.provisions import ActKind, Elsewhere, Unknown

IN_ORDER = tuple(ActKind)


def refuse_acts(reading: Reading) -> None:
    """An act that nothing proves, is recorded twice, or was done before the one it follows (C3.1)."""
    done: dict[ActKind, ActTable] = {}
    for number, act in enumerate(reading.table.act, 1):
        if not act.reference.strip():
            raise reading.refusal(
                f"act[{number}].reference",
                f"the act {act.kind} of {act.on} has no reference: nothing proves it",
                remedy='name its minutes [verbale] in reference = "verbale di collaudo n. …"',
            )
        if act.kind in done:
            raise reading.refusal(
                f"act[{number}].kind",
                f"the act {act.kind} is recorded twice, on {done[act.kind].on} and on {act.on}",
                remedy="leave the one that the minutes prove",
            )
        done[act.kind] = act
    _refuse_disorder(reading, done)


def _refuse_disorder(reading: Reading, done: dict[ActKind, ActTable]) -> None:
    start, acceptance = done.get(ActKind.START_OF_WORKS), done.get(ActKind.FINAL_ACCEPTANCE)
    if acceptance is None:
        return
    number = reading.table.act.index(acceptance) + 1
    if start and acceptance.on < start.on:
        raise reading.refusal(
            f"act[{number}].on",
            f"the final acceptance of {acceptance.on} is before the start of the works, {start.on}",
            remedy="correct the two days by their minutes",
        )
    if start is None and any(phase.opened_by is ActKind.START_OF_WORKS for phase in reading.table.phase):
        raise reading.refusal(
            f"act[{number}].kind",
            f"the final acceptance of {acceptance.on} is recorded and the start of the works is not",
            remedy='add the [[act]] with kind = "start_of_works"',
        )


def refuse_phases(reading: Reading) -> None:
    """Phases that no order of acts can open one after the other."""
    before: ActKind | None = None
    for number, phase in enumerate(reading.table.phase, 1):
        if before and IN_ORDER.index(phase.opened_by) <= IN_ORDER.index(before):
            raise reading.refusal(
                f"phase[{number}].opened_by",
                f"the phase {phase.id} is opened by {phase.opened_by}, which does not come after {before}",
                remedy=f"list the phases in the order of their acts ({', '.join(IN_ORDER)}), each act once",
            )
        before = phase.opened_by


def refuse_unknown_phases(reading: Reading, key: str, phases: tuple[str, ...]) -> None:
    """Something is of a phase that the contract does not have."""
    known = [phase.id for phase in reading.table.phase]
    for phase in phases:
        if phase not in known:
            raise reading.refusal(
                key,
                f"there is no phase {phase}",
                remedy=f"known phases: {', '.join(known)}" if known else "add [[phase]]",
            )


def decides(reading: Reading) -> bool:
    """Whether there is somebody to decide for the client, with a mailbox to ask."""
    return bool(reading.table.responsible and reading.table.responsible.mail)


def refuse_ambiguous(reading: Reading) -> None:
    """Somebody who would be of two groups at once: which one counts decides whether they are served (C3.2)."""
    member: dict[tuple[str, str], str] = {}
    for number, group in enumerate(reading.table.group, 1):
        for kind in ("domains", "mails", "numbers", "people"):
            for at, value in enumerate(getattr(group, kind), 1):
                other = member.setdefault((kind, value.casefold()), group.id)
                if other != group.id:
                    raise reading.refusal(
                        f"group[{number}].{kind}[{at}]",
                        f"{value} is of the group {other} already",
                        remedy="leave it in one of the two",
                    )


def refuse_unserved(reading: Reading) -> None:
    """Who is served: a group that is not there, a level that is not offered, nowhere for the others to go."""
    known = [group.id for group in reading.table.group]
    for key, entitlement in _entitlements(reading):
        for number, group in enumerate(entitlement.groups, 1):
            if group not in known:
                raise reading.refusal(
                    f"{key}.groups[{number}]",
                    f"there is no group {group}",
                    remedy=f"known groups: {', '.join(known)}" if known else f'add [[group]] with id = "{group}"',
                )
        if entitlement.unknown is Unknown.REFUSED and not entitlement.groups:
            raise reading.refusal(
                f"{key}.unknown",
                "who is not known is not served, and no group says who is known",
                remedy='name the groups, or write unknown = "served"',
            )
        if entitlement.level not in reading.table.levels:
            raise reading.refusal(
                f"{key}.level",
                f"they are served at level {entitlement.level}, which the contract does not have",
                remedy=f"write one of levels = {list(reading.table.levels)}",
            )
        _refuse_nowhere(reading, f"{key}.others", entitlement)


def _entitlements(reading: Reading) -> Iterator[tuple[str, EntitlementTable]]:
    if reading.table.entitlement:
        yield "entitlement", reading.table.entitlement
    for number, phase in enumerate(reading.table.phase, 1):
        yield f"phase[{number}].entitlement", phase.entitlement


def _refuse_nowhere(reading: Reading, key: str, entitlement: EntitlementTable) -> None:
    first_level = reading.table.first_level
    if entitlement.others is Elsewhere.FIRST_LEVEL and not (first_level and first_level.mail):
        raise reading.refusal(
            key,
            "who is not served here is sent to the client's first level, and its mailbox is not given",
            clause=reading.clauses.of("first_level"),
            remedy="add [first_level] with name, mail and phone",
        )
    if entitlement.others is Elsewhere.RESPONSIBLE and not decides(reading):
        raise reading.refusal(
            key,
            "the client's responsible decides, and the mailbox is not given",
            clause=reading.clauses.of("responsible"),
            remedy="add [responsible] with name, mail and phone",
        )
