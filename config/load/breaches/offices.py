"""Offices that a matter names and that are not there, or cannot be written to (C4.1, C5.7, C10.11), and empty lists."""

from __future__ import annotations

from config.load.breaches.reading import Reading


def refuse_offices(reading: Reading) -> None:
    """A matter that turns to an office which is not there, or is forwarded to one without a mailbox."""
    offices = {office.id: office for office in reading.table.office}
    for number, matter in enumerate(reading.table.scope.matter if reading.table.scope else (), 1):
        key = f"scope.matter[{number}]"
        if matter.turn_to and matter.turn_to not in offices:
            raise reading.refusal(
                f"{key}.turn_to",
                f"there is no office {matter.turn_to}",
                remedy=f"known offices: {', '.join(offices)}" if offices else f'add [[office]] id = "{matter.turn_to}"',
            )
        office = offices[matter.turn_to] if matter.turn_to else matter.office
        if matter.forward and not (office and office.mail):
            raise reading.refusal(
                f"{key}.forward",
                f"the matter {matter.id} is to be forwarded and its office has no mailbox",
                remedy="add mail to its office, or write forward = false",
            )


def refuse_empty_lists(reading: Reading) -> None:
    """A list that people choose from, empty and closed to additions: what needs it could never be made (S094)."""
    for number, catalogue in enumerate(reading.table.catalogue, 1):
        if not catalogue.items and not catalogue.is_open:
            raise reading.refusal(
                f"catalogue[{number}].items",
                f"the list {catalogue.id} ({catalogue.name}) is empty and closed",
                clause=catalogue.clause,
                remedy="write its items, or open = true where people add to it",
            )
