"""Amendments that cannot come into force: outside the validity, out of order, or empty (C9.2)."""

from __future__ import annotations

from config.load.breaches.reading import Reading


def refuse_amendments(reading: Reading) -> None:
    """An amendment lies inside the validity, after the one before it, and changes something."""
    validity, last = reading.table.validity, reading.table.validity.start
    for number, amendment in enumerate(reading.table.amendment, 1):
        if amendment.start > validity.last_day:
            wrong = f"the amendment is in force from {amendment.start}, after the end on {validity.last_day}"
            remedy = "correct from, or record the extension in [[validity.extension]]"
        elif amendment.start <= last:
            what = "the one before it" if number > 1 else "the contract itself"
            wrong = f"the amendment is in force from {amendment.start}, not later than {what}, {last}"
            remedy = "list the amendments in the order of their days, each after the first day of the contract"
        else:
            last = amendment.start
            if not amendment.replaced():
                raise reading.refusal(
                    f"amendment[{number}]",
                    "the amendment changes nothing",
                    remedy="write the tables that it brings below it, as [amendment.hours]",
                )
            continue
        raise reading.refusal(f"amendment[{number}].from", wrong, remedy=remedy)
