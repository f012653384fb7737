"""What stands twice in a file and would make one of the two unreachable: ids, numbers, channels, texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.load.breaches.reading import Reading


def refuse_doubles(reading: Reading) -> None:
    """Two of the same id in one list."""
    for key, field, values in _named(reading):
        for number, value in enumerate(values, 1):
            if value in values[: number - 1]:
                raise reading.refusal(
                    f"{key}[{number}]{field}",
                    f"{value} is there twice",
                    remedy="leave one, or give it an id of its own",
                )


def _named(reading: Reading) -> Iterator[tuple[str, str, Sequence[object]]]:
    """Every list whose entries must differ: its key, the field, the values."""
    table = reading.table
    yield "phase", ".id", [each.id for each in table.phase]
    yield "group", ".id", [each.id for each in table.group]
    yield "site", ".id", [each.id for each in table.site]
    yield "office", ".id", [each.id for each in table.office]
    yield "scope.matter", ".id", [each.id for each in table.scope.matter] if table.scope else []
    yield "duty", ".id", [each.id for each in table.duty]
    yield "catalogue", ".id", [each.id for each in table.catalogue]
    yield "checklist", ".id", [each.id for each in table.checklist]
    yield "contact_group", ".id", [each.id for each in table.contact_group]
    yield "retention", ".of", [each.of for each in table.retention]
    yield "text", ".id", [each.id for each in table.text]
    yield "priority.class", ".number", [each.number for each in table.priority.classes]
    yield "channels.order", "", table.channels.order
    yield "working_group", ".id", [each.id for each in table.working_group]
    for number, group in enumerate(table.working_group, 1):
        yield f"working_group[{number}].member", ".id", [each.id for each in group.member]
