from __future__ import annotations

import pytest

from gateway.domain.provisions import Matter, Office, Scope
from gateway.domain.scope import matter_of

OFFICE = Office("Ufficio tributi", "tributi@comune.example", "+390700000020", "C10.11")


def matter(name: str, *words: str, inside: bool = True) -> Matter:
    return Matter(name, name, "", words, inside, None if inside else OFFICE, forward=not inside, clause="C4.5")


def scope(*matters: Matter) -> Scope:
    return Scope("1", None, matters, "C4.4")


WALLET = matter("borsellino", "borsellino", "ricarica", "ricarica del borsellino")
COSTS = matter("costi", "costo", "costi")
PARKING = matter("parcheggi_blu", "parcheggi blu", "strisce blu", "perché la sosta")
TAXES = matter("tributi", "tributi", "tassa rifiuti", inside=False)
FILED = matter("pratica_presentata", "stato della pratica", "pratica presentata", inside=False)
ALL = scope(WALLET, COSTS, PARKING, TAXES, FILED)


@pytest.mark.parametrize(
    ("subject", "text", "found"),
    [
        ("Ricarica del borsellino", "", WALLET),
        ("", "Quali sono i COSTI del servizio?", COSTS),
        ("Perche la sosta non parte?", "", PARKING),
        ("Parcheggi  \n blu", "", PARKING),
        ("Tassa rifiuti", "non capisco la bolletta", TAXES),
        ("Multa sbagliata", "ho preso una multa per la sosta", None),
        ("costituzione di una società", "", None),
        ("", "", None),
    ],
)
def test_a_matter_is_found_by_whole_words_in_any_case_and_with_any_accents(
    subject: str, text: str, found: Matter | None
) -> None:
    """C4.4, C4.5, S080: what matches none is inside, and an operator decides."""
    assert matter_of(ALL, subject, text) is found


def test_the_longest_phrase_wins_over_single_words() -> None:
    """C10.11: `stato della pratica` says more than `costi` and `tributi`."""
    assert matter_of(ALL, "Costi, tributi e stato della pratica", "") is FILED


def test_of_equal_phrases_the_matter_with_more_words_wins() -> None:
    """C4.5."""
    assert matter_of(ALL, "costi della ricarica", "il borsellino non si ricarica") is WALLET


def test_between_equals_the_one_inside_the_service_wins() -> None:
    """Sending somebody away is the graver mistake."""
    banks = matter("banche", "conto", inside=False)
    assert matter_of(scope(COSTS, banks), "costo sul conto", "") is COSTS
    assert matter_of(scope(banks, COSTS), "costo sul conto", "") is COSTS


def test_only_the_beginning_of_the_text_is_read() -> None:
    """What stands in the signature or in the disclaimer is not what somebody asks for."""
    assert matter_of(ALL, "Buongiorno", "x " * 250 + "tributi") is None
    assert matter_of(ALL, "Buongiorno", "x " * 240 + "tributi") is TAXES


def test_without_a_scope_everything_is_inside() -> None:
    """C9.4, S120."""
    assert matter_of(None, "tributi", "tributi") is None
