"""What stands twice in a file and would make one of the two unreachable: ids, numbers, channels, texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from config.load.breaches.reading import Reading


def refuse_doubles(reading: Reading) -> None:
    """Two of the same id in one list."""
    for key, field, rule, values in _named(reading):
        for number, value in enumerate(values, 1):
            if value in values[: number - 1]:
                raise reading.refusal(
                    f"{key}[{number}]{field}",
                    f"{value} is there twice",
                    rule=rule,
                    remedy="leave one, or give it an id of its own",
                )


def _named(reading: Reading) -> Iterator[tuple[str, str, str, Sequence[object]]]:
    """Every list whose entries must differ: its key, the field, the rule it belongs to, the values."""
    table = reading.table
    yield "phase", ".id", "phases", [each.id for each in table.phase]
    yield "group", ".id", "entitlement", [each.id for each in table.group]
    yield "site", ".id", "sites", [each.id for each in table.site]
    yield "scope.matter", ".id", "scope", [each.id for each in table.scope.matter] if table.scope else []
    yield "duty", ".id", "duties", [each.id for each in table.duty]
    yield "catalogue", ".id", "catalogues", [each.id for each in table.catalogue]
    yield "checklist", ".id", "checklist", [each.id for each in table.checklist]
    yield "contact_group", ".id", "contact_groups", [each.id for each in table.contact_group]
    yield "retention", ".of", "retention", [each.of for each in table.retention]
    yield "text", ".id", "", [each.id for each in table.text]
    yield "priority.class", ".number", "priority", [each.number for each in table.priority.classes]
    yield "channels.order", "", "channels", table.channels.order
    yield "working_group", ".id", "groups", [each.id for each in table.working_group]
    for number, group in enumerate(table.working_group, 1):
        yield f"working_group[{number}].member", ".id", "groups", [each.id for each in group.member]
