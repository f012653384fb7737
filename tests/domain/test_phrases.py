from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.domain.intake import Attachment
from gateway.domain.phrases import (
    attachment_names,
    deadline,
    office_contacts,
    requester_line,
    short_deadline,
    term_name,
    term_phrase,
    unread_because,
)
from gateway.domain.provisions import Counting, Of, Office, Term
from gateway.domain.ticket import Requester

DUE = datetime(2026, 4, 7, 16, tzinfo=UTC)
MIDNIGHT = datetime(2026, 4, 3, 22, tzinfo=UTC)  # 24:00 of 3 April in Rome


def term(counting: Counting, **values: object) -> Term:
    return Term(Of.SOLUTION, counting, "C2.1", **values)  # type: ignore[arg-type]  # fields of Term, by name


@pytest.mark.parametrize(
    ("counted", "italian", "english"),
    [
        (term(Counting.WORKING_DAYS, days=1), "1 giorno lavorativo", "1 working day"),
        (term(Counting.WORKING_DAYS, days=3), "3 giorni lavorativi", "3 working days"),
        (term(Counting.DAYS, days=30), "30 giorni", "30 days"),
        (term(Counting.DAYS), "in giornata", "the same day"),
        (term(Counting.ELAPSED, within=timedelta(minutes=30)), "30 minuti", "30 minutes"),
        (term(Counting.ELAPSED, within=timedelta(hours=1)), "1 ora", "1 hour"),
        (term(Counting.SERVICE, within=timedelta(hours=4)), "4 ore di servizio", "4 hours of service"),
        (
            term(Counting.SERVICE, within=timedelta(minutes=61)),
            "1 ora e 1 minuto di servizio",
            "1 hour 1 minute of service",
        ),
    ],
)
def test_a_term_is_told_as_the_clause_says_it(counted: Term, italian: str, english: str) -> None:
    assert (term_phrase(counted), term_phrase(counted, "en")) == (italian, english)


def test_a_deadline_stands_after_entro() -> None:
    assert deadline(DUE, date(2026, 4, 7)) == "martedì 7 aprile 2026 alle ore 18.00"
    assert deadline(DUE, date(2026, 4, 7), "en") == "Tuesday 7 April 2026 at 18:00"
    assert short_deadline(DUE, date(2026, 4, 7)) == "07/04/2026 18:00"


def test_the_end_of_a_day_belongs_to_the_day_that_ends() -> None:
    """C8.4: thirty days end at 24:00; 0:00 would be read as the day before."""
    assert deadline(MIDNIGHT, date(2026, 4, 3)) == "le ore 24.00 di venerdì 3 aprile 2026"
    assert deadline(MIDNIGHT, date(2026, 4, 3), "en") == "24:00 on Friday 3 April 2026"
    assert short_deadline(MIDNIGHT, date(2026, 4, 3)) == "03/04/2026 24:00"


@pytest.mark.parametrize("of", Of)
def test_every_term_has_a_name_in_both_languages(of: Of) -> None:
    assert term_name(of)
    assert term_name(of, "en") != term_name(of)


def test_who_asked_is_told_with_what_is_known() -> None:
    assert (
        requester_line(Requester("Maria Rossi", "maria@x.example", "+39070")) == "Maria Rossi, maria@x.example, +39070"
    )
    assert requester_line(Requester()) == "non noto"
    assert requester_line(Requester(), "en") == "not known"


def test_an_office_is_reached_by_telephone_first() -> None:
    office = Office("Ufficio Tributi", "tributi@x.example", "+390700001050", "C10.11")
    assert office_contacts(office) == "telefono +390700001050, e-mail tributi@x.example"
    assert office_contacts(Office("Ufficio", "a@x.example", "", "C1")) == "e-mail a@x.example"


def test_attachments_are_named_with_their_size() -> None:
    files = (Attachment("a.png", "schermata.png", "image/png", 48_129, "0" * 64, "2"),)
    assert attachment_names(files) == "schermata.png (48 kB)"
    assert attachment_names(()) == "nessuno"


@pytest.mark.parametrize(
    ("said", "italian", "english"),
    [
        (
            "not read: more than 100 levels",
            "più di 100 livelli uno nell’altro",
            "more than 100 levels, one inside the other",
        ),
        ("not read: more than 1000 parts", "più di 1000 parti", "more than 1000 parts"),
        ("not read: deadline", "la lettura ha richiesto troppo tempo", "reading it took too long"),
        ("broken base64 in part 2", "broken base64 in part 2", "broken base64 in part 2"),
    ],
)
def test_why_a_mail_was_not_read_is_told_in_the_language_of_the_contract(said: str, italian: str, english: str) -> None:
    """P4: the person who has to open it by hand reads the reason; what nobody put into words stays as it is."""
    assert unread_because([said]) == italian
    assert unread_because([said, said], "en") == f"{english}; {english}"
    assert unread_because([]) == ""
