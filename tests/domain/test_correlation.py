"""The vendor's own number in its reply (C4.9, C9.5)."""

from __future__ import annotations

import pytest

from gateway.domain.correlation import vendor_reference


@pytest.mark.parametrize(
    ("subject", "text", "number"),
    [
        ("Re", "Riferimento: AB-77", "AB-77"),
        ("Re", "Rif. n° 77/2026", "77/2026"),
        ("Re", "Rif. n. 4711", "4711"),
        ("Ticket 4711", "", "4711"),
        ("Re", "Abbiamo aperto il ticket n. 4711.", "4711"),
        ("Re", "Our ref 12345", "12345"),
        ("Re", "ticket 100 o meglio Riferimento: AB-77", "AB-77"),
    ],
)
def test_the_vendors_number_is_found_however_it_is_written(subject: str, text: str, number: str) -> None:
    """S121."""
    assert vendor_reference(subject, text) == number


@pytest.mark.parametrize(
    "text",
    [
        "ticket non ricevibile: manca versione",
        "in riferimento alla Vostra del 24/11/2026",
        "Ticket 24/11/2026",
        "rif. 10:30",
        "ticket 12,50 euro",
        "Ticket 2026000123",
        "il ticket 77",
        "biglietto 4711",
        "supporticket 4711",
    ],
)
def test_what_is_no_number_of_the_vendors_is_left(text: str) -> None:
    """A date, an hour, an amount, our own number, too few digits, another word."""
    assert vendor_reference("[2026000123] Re", text, 2026000123) is None


def test_the_mark_of_a_vendor_who_runs_the_same_system_is_its_number() -> None:
    assert vendor_reference("[2026000123] [2026000777] Ricevuta", "Grazie.", 2026000123) == "2026000777"
