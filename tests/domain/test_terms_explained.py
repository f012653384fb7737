"""How terms are told to the desk (issue 3, point 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from gateway.domain.contract import Band, Closure
from gateway.domain.explaining import explained
from gateway.domain.provisions import Calendar, Counting, Ends, Of, Starts, Suspension, Term
from gateway.domain.terms import Suspended, due
from tests.domain.calendars import site_in
from tests.domain.shipped import contract, rome

C2, C3 = contract("c02"), contract("c03")
HALF_AN_HOUR = Term(Of.TAKEN_IN_CHARGE, Counting.ELAPSED, "C2.8", within=timedelta(minutes=30))
FOUR_HOURS = Term(Of.SOLUTION, Counting.SERVICE, "C3.5", within=timedelta(hours=4))
VISIT = Term(Of.ON_SITE, Counting.WORKING_DAYS, "C3.11", days=1, at_site=True)
TEN_DAYS = Term(Of.COMPLAINT, Counting.DAYS, "A8.1", days=10, ends=Ends.DAY)


def waiting(start: str, end: str | None, reason: Suspension = Suspension.WAITING_REQUESTER) -> Suspended:
    return Suspended(reason, rome(start), rome(end) if end else None, asked_by=7)


def test_service_time_over_easter_is_told_day_by_day() -> None:
    assert explained(due(FOUR_HOURS, C3, rome("2026-04-03 11:20"))) == (
        "venerdì 3 aprile: 2 ore e 10 minuti contati",
        "sabato 4 e domenica 5 aprile: fine settimana, non contati",
        "lunedì 6 aprile: festivo (Lunedì dell'Angelo), non contato",
        "martedì 7 aprile: 1 ora e 50 minuti contati, scade alle 10.50",
    )


def test_service_time_over_easter_is_told_in_english() -> None:
    assert explained(due(FOUR_HOURS, C3, rome("2026-04-03 11:20")), "en") == (
        "Friday 3 April: 2 hours 10 minutes counted",
        "Saturday 4 and Sunday 5 April: weekend, not counted",
        "Monday 6 April: public holiday (Lunedì dell'Angelo), not counted",
        "Tuesday 7 April: 1 hour 50 minutes counted, due at 10:50",
    )


def test_a_visit_is_told_from_the_day_of_the_request_to_the_end_of_coverage() -> None:
    """C3.11, A3.6, S055."""
    assert explained(due(VISIT, C3, rome("2026-04-03 10:00"), place=site_in("Cagliari"))) == (
        "venerdì 3 aprile: giorno della richiesta, non contato",
        "sabato 4 e domenica 5 aprile: fine settimana, non contati",
        "lunedì 6 aprile: festivo (Lunedì dell'Angelo), non contato",
        "martedì 7 aprile: scade alle 18.00, fine della copertura",
    )


def test_two_holidays_in_a_row_are_told_each_by_its_name_and_two_years_with_both() -> None:
    """C3.11."""
    assert explained(due(replace(VISIT, days=5), C3, rome("2026-12-24 10:00")), "en") == (
        "Thursday 24 December 2026: day of the request, not counted",
        "Friday 25 December 2026: public holiday (Natale), not counted",
        "Saturday 26 December 2026: public holiday (Santo Stefano), not counted",
        "Sunday 27 December 2026: weekend, not counted",
        "Monday 28 to Thursday 31 December 2026: 4 days counted",
        "Friday 1 January 2027: public holiday (Capodanno), not counted",
        "Saturday 2 and Sunday 3 January 2027: weekend, not counted",
        "Monday 4 January 2027: due at 18:00, end of coverage",
    )


def test_days_that_follow_each_other_are_told_together() -> None:
    found = due(replace(FOUR_HOURS, within=timedelta(hours=35)), C3, rome("2026-11-23 09:00"))
    assert explained(found) == (
        "da lunedì 23 a venerdì 27 novembre: 34 ore e 30 minuti contati",
        "sabato 28 e domenica 29 novembre: fine settimana, non contati",
        "lunedì 30 novembre: 30 minuti contati, scade alle 9.30",
    )


def test_a_run_over_the_end_of_a_month_names_both() -> None:
    assert explained(due(replace(VISIT, days=4), C3, rome("2026-09-28 10:00")))[1] == (
        "da martedì 29 settembre a giovedì 1 ottobre: 3 giorni contati"
    )


def test_calendar_days_are_told_with_the_day_of_rest_that_moves_the_end() -> None:
    """Art. 1187 c.c.: 10 January 2027 is a Sunday."""
    assert explained(due(TEN_DAYS, C3, rome("2026-12-31 10:00"))) == (
        "giovedì 31 dicembre 2026: giorno della richiesta, non contato",
        "da venerdì 1 a sabato 9 gennaio 2027: 9 giorni contati",
        "domenica 10 gennaio 2027: essendo domenica, la scadenza passa al giorno dopo",
        "lunedì 11 gennaio 2027: scade alle 24.00, fine della giornata",
    )


def test_what_counts_as_received_at_the_reopening_says_so() -> None:
    """DOMAIN 2: ricezione_fuori_orario."""
    found = due(replace(HALF_AN_HOUR, starts=Starts.REOPENING), C3, rome("2026-04-03 14:00"))
    assert explained(found) == (
        "venerdì 3 aprile: a servizio chiuso, vale come ricevuta martedì 7 aprile alle 9.00",
        "martedì 7 aprile: 30 minuti contati, scade alle 9.30",
    )


def test_a_reopening_in_another_year_is_told_with_it() -> None:
    found = due(replace(HALF_AN_HOUR, starts=Starts.REOPENING), C3, rome("2026-12-31 18:00"))
    assert explained(found, "en")[0] == (
        "Thursday 31 December 2026: service closed, as if received Monday 4 January 2027 at 9:00"
    )


def test_a_day_whose_hours_were_over_and_a_closing_day_are_told_apart() -> None:
    schedule = replace(C3.schedules[0], closures=(Closure(date(2026, 11, 25), "ponte"),))
    closed = replace(C3, schedules=(schedule,))
    assert explained(due(FOUR_HOURS, closed, rome("2026-11-24 19:00"))) == (
        "martedì 24 novembre: fuori dall’orario di servizio, non contato",
        "mercoledì 25 novembre: servizio chiuso (ponte), non contato",
        "giovedì 26 novembre: 4 ore contate, scade alle 13.00",
    )


def test_the_night_when_an_hour_comes_twice_is_told_by_the_wall_clock() -> None:
    """S140."""
    found = due(HALF_AN_HOUR, C2, datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    assert explained(found) == ("domenica 25 ottobre: 30 minuti contati, scade alle 2.20",)


def test_one_in_the_morning_is_all_una() -> None:
    assert explained(due(HALF_AN_HOUR, C2, rome("2026-11-24 01:00"))) == (
        "martedì 24 novembre: 30 minuti contati, scade all’1.30",
    )


def test_a_wait_is_told_with_its_reason_and_the_time_it_took() -> None:
    """DOMAIN 2 "Suspension"."""
    waited = [waiting("2026-11-24 10:00", "2026-11-25 10:00")]
    assert explained(due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=waited)) == (
        ("martedì 24 novembre: 1 ora contata, termine sospeso per 6 ore e 30 minuti (in attesa dell’utente)"),
        ("mercoledì 25 novembre: termine sospeso per 1 ora (in attesa dell’utente), 3 ore contate, scade alle 13.00"),
    )


def test_days_that_ended_while_the_ticket_waited_are_told_as_not_counted() -> None:
    """Decision 0007."""
    waited = [waiting("2026-11-24 10:00", "2026-11-26 10:00", Suspension.FORCE_MAJEURE)]
    assert explained(due(VISIT, C3, rome("2026-11-23 09:00"), suspended=waited)) == (
        "lunedì 23 novembre: giorno della richiesta, non contato",
        "martedì 24 e mercoledì 25 novembre: termine sospeso (forza maggiore), non contati",
        "giovedì 26 novembre: scade alle 18.00, fine della copertura",
    )


def test_a_term_that_stands_still_is_told_with_what_is_left() -> None:
    """Decision 0007."""
    waited = [waiting("2026-11-24 10:00", None, Suspension.WAITING_CLIENT)]
    assert explained(due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=waited)) == (
        "martedì 24 novembre: 1 ora contata, termine sospeso (in attesa del cliente)",
        (
            "termine sospeso da martedì 24 novembre alle ore 10.00: non scade finché dura la sospensione, ancora da"
            " contare 3 ore"
        ),
    )


def test_days_that_stand_still_are_told_with_what_is_left_in_english() -> None:
    waited = [waiting("2026-11-24 10:00", None)]
    assert explained(due(replace(VISIT, days=2), C3, rome("2026-11-20 09:00"), suspended=waited), "en") == (
        "Friday 20 November: day of the request, not counted",
        "Saturday 21 and Sunday 22 November: weekend, not counted",
        "Monday 23 November: 1 day counted",
        "Tuesday 24 November: suspended (waiting for the requester), not counted",
        "suspended since Tuesday 24 November at 10:00: not due while that lasts, still to count 1 day",
    )


@pytest.mark.parametrize(
    ("minutes", "italian", "english"),
    [
        (1, "1 minuto contato", "1 minute counted"),
        (30, "30 minuti contati", "30 minutes counted"),
        (60, "1 ora contata", "1 hour counted"),
        (61, "1 ora e 1 minuto contati", "1 hour 1 minute counted"),
        (120, "2 ore contate", "2 hours counted"),
        (121, "2 ore e 1 minuto contati", "2 hours 1 minute counted"),
    ],
)
def test_amounts_agree_in_number_and_gender(minutes: int, italian: str, english: str) -> None:
    found = due(replace(HALF_AN_HOUR, within=timedelta(minutes=minutes)), C2, rome("2026-11-24 08:00"))
    assert explained(found)[0].startswith(f"martedì 24 novembre: {italian}, scade")
    assert explained(found, "en")[0].startswith(f"Tuesday 24 November: {english}, due")


def test_seconds_are_rounded_to_the_minute_so_that_the_parts_add_up() -> None:
    received = rome("2026-11-24 11:20:23")
    assert explained(due(FOUR_HOURS, C3, received)) == ("martedì 24 novembre: 4 ore contate, scade alle 16.50",)
    assert explained(due(replace(HALF_AN_HOUR, within=timedelta(seconds=20)), C3, received)) == (
        "martedì 24 novembre: meno di un minuto contato, scade alle 11.20",
    )


def test_a_term_without_any_service_hours_is_told_in_no_words() -> None:
    never = replace(C2, schedules=(replace(C2.schedules[0], bands=(), calendar=Calendar()),))
    assert explained(due(FOUR_HOURS, never, rome("2026-11-24 10:00"))) == ()


def test_a_working_day_without_hours_is_told_until_midnight() -> None:
    mondays = replace(C2, schedules=(replace(C2.schedules[0], bands=(Band(0, time(8), time(18), "C2.4"),)),))
    term = Term(Of.SOLUTION, Counting.WORKING_DAYS, "C2.4", days=1)
    assert explained(due(term, mondays, rome("2026-11-24 10:00")))[-1] == (
        "mercoledì 25 novembre: scade alle 24.00, fine della giornata"
    )
