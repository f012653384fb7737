from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.wording import (
    Band,
    channel_name,
    clock,
    expected_phrase,
    hour,
    hours_phrase,
    hours_spoken,
    long_date,
    opening_phrase,
    opening_phrase_short,
    opening_spoken,
    priority_name,
    reason_phrase,
    spoken_hour,
    spoken_number,
    spoken_phone,
    state_name,
)

ROME = ZoneInfo("Europe/Rome")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("instant", "told"),
    [
        ("2026-11-24T08:00:00+00:00", "24 novembre 2026"),
        ("2026-12-31T22:59:59+00:00", "31 dicembre 2026"),
        ("2026-12-31T23:00:00+00:00", "1 gennaio 2027"),  # midnight in Rome is 23:00 in UTC
        ("2028-02-28T23:30:00+00:00", "29 febbraio 2028"),
        ("2026-06-01T22:30:00+00:00", "2 giugno 2026"),
    ],
)
def test_a_date_is_the_day_in_rome(instant: str, told: str) -> None:
    assert long_date(at(instant)) == told


@pytest.mark.parametrize(
    ("instant", "told"),
    [
        ("2026-10-25T00:30:00+00:00", "2.30"),  # summer time, the first 2:30
        ("2026-10-25T01:30:00+00:00", "2.30"),  # the same wall time an hour later
        ("2027-03-28T00:59:00+00:00", "1.59"),
        ("2027-03-28T01:00:00+00:00", "3.00"),  # the clocks have moved
        ("2026-11-30T07:00:00+00:00", "8.00"),
    ],
)
def test_an_hour_is_the_wall_clock_of_rome_on_nights_of_change_too(instant: str, told: str) -> None:
    """S034, S035."""
    assert hour(at(instant)) == told


def test_hours_in_tables_have_two_digits_and_a_colon() -> None:
    assert clock(at("2026-11-30T08:05:00+01:00")) == "08:05"


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        hour(datetime(2026, 11, 24, 9, 0))  # noqa: DTZ001 - the case that is refused


def test_the_weekday_stands_before_the_date() -> None:
    assert long_date(date(2026, 11, 30), weekday=True) == "lunedì 30 novembre 2026"


def test_english_dates_are_told_day_first() -> None:
    assert long_date(date(2026, 11, 30), "en", weekday=True) == "Monday 30 November 2026"


OPENINGS = [
    ("2026-11-24T15:00+01:00", "2026-11-24T14:00+01:00", "oggi alle ore 15.00", "oggi alle 15.00"),
    ("2026-04-07T08:00+02:00", "2026-04-06T10:00+02:00", "domani, martedì 7 aprile, alle ore 8.00", "domani alle 8.00"),
    (
        "2026-11-30T08:00+01:00",
        "2026-11-28T22:10+01:00",
        "lunedì 30 novembre 2026 alle ore 8.00",
        "lunedì 30 novembre alle 8.00",
    ),
    (
        "2027-01-04T08:00+01:00",
        "2026-12-31T18:00+01:00",
        "lunedì 4 gennaio 2027 alle ore 8.00",
        "lunedì 4 gennaio alle 8.00",
    ),
    (
        "2026-11-24T08:00+01:00",
        "2026-11-23T23:59+01:00",
        "domani, martedì 24 novembre, alle ore 8.00",
        "domani alle 8.00",
    ),
]


@pytest.mark.parametrize(("opens", "now", "long", "short"), OPENINGS)
def test_the_next_opening_is_told_by_day_and_hour(opens: str, now: str, long: str, short: str) -> None:
    assert (opening_phrase(at(opens), at(now)), opening_phrase_short(at(opens), at(now))) == (long, short)


def test_the_next_opening_is_spoken_with_its_hour_in_words() -> None:
    now = at("2026-04-06T10:00+02:00")
    assert opening_spoken(at("2026-04-07T08:00+02:00"), now) == "domani, martedì 7 aprile, alle ore otto"


def test_without_a_term_nothing_is_promised_but_as_soon_as_possible() -> None:
    assert expected_phrase(None, at("2026-11-24T09:00+01:00")) == "appena possibile"


def test_a_term_is_told_as_by_when() -> None:
    now = at("2026-11-24T09:00+01:00")
    assert expected_phrase(at("2026-11-24T11:00+01:00"), now) == "entro oggi alle ore 11.00"


C02: list[Band] = [(day, time(8), time(18)) for day in range(5)]
C03: list[Band] = [
    *((day, start, end) for day in range(4) for start, end in ((time(9), time(13, 30)), (time(15), time(18)))),
    (4, time(9), time(13, 30)),
]
C03_WRITTEN = (
    "dal lunedì al giovedì, dalle ore 9.00 alle ore 13.30 e dalle ore 15.00 alle ore 18.00;"
    " il venerdì, dalle ore 9.00 alle ore 13.30"
)
C03_SPOKEN = (
    "dal lunedì al giovedì dalle ore nove alle ore tredici e trenta e dalle ore quindici alle ore diciotto;"
    " il venerdì dalle ore nove alle ore tredici e trenta"
)


@pytest.mark.parametrize(
    ("bands", "written", "spoken"),
    [
        (
            C02,
            "dal lunedì al venerdì, dalle ore 8.00 alle ore 18.00",
            "dal lunedì al venerdì dalle ore otto alle ore diciotto",
        ),
        (
            C03,
            C03_WRITTEN,
            C03_SPOKEN,
        ),
        (
            [(day, time(0), time(0)) for day in range(7)],
            "tutti i giorni, 24 ore su 24",
            "tutti i giorni ventiquattro ore su ventiquattro",
        ),
        (
            [(6, time(1), time(0))],
            "la domenica, dalle ore 1.00 alle ore 24.00",
            "la domenica dall’una alla mezzanotte",
        ),
        (
            [(0, time(8), time(12)), (2, time(8), time(12))],
            "il lunedì, dalle ore 8.00 alle ore 12.00; il mercoledì, dalle ore 8.00 alle ore 12.00",
            "il lunedì dalle ore otto alle ore dodici; il mercoledì dalle ore otto alle ore dodici",
        ),
    ],
)
def test_service_hours_tell_equal_days_together(bands: list[Band], written: str, spoken: str) -> None:
    assert (hours_phrase(bands), hours_spoken(bands)) == (written, spoken)


@pytest.mark.parametrize(
    ("wall", "italian", "english"),
    [
        (time(8), "otto", "eight"),
        (time(13, 30), "tredici e trenta", "thirteen thirty"),
        (time(21, 5), "ventuno e cinque", "twenty-one oh five"),
        (time(23, 48), "ventitré e quarantotto", "twenty-three forty-eight"),
        (time(1, 15), "una e quindici", "one fifteen"),
    ],
)
def test_hours_are_spoken_in_words(wall: time, italian: str, english: str) -> None:
    assert (spoken_hour(wall), spoken_hour(wall, "en")) == (italian, english)


@pytest.mark.parametrize(
    ("number", "told"),
    [(2026000123, "2 0 2 6, 0 0 0, 1 2 3"), ("2026123456", "2 0 2 6, 1 2 3, 4 5 6"), ("482913", "4 8 2, 9 1 3")],
)
def test_a_number_is_spoken_digit_by_digit_in_groups(number: int | str, told: str) -> None:
    assert spoken_number(number) == told


def test_a_telephone_number_is_spoken_without_the_country_code() -> None:
    assert spoken_phone("+39070123456") == "0 7 0, 1 2 3, 4 5 6"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("break", "pausa tra i due turni"),
        ("out_of_hours", "fuori dall’orario di servizio"),
        ("weekend", "fine settimana"),
        ("holiday", "giorno festivo: Lunedì dell'Angelo"),
        ("not_started", "servizio non ancora attivo"),
        ("ended", "servizio concluso il 31 dicembre 2028"),
    ],
)
def test_why_the_desk_is_closed_is_told_in_the_words_of_the_contract(reason: str, told: str) -> None:
    assert reason_phrase(reason, holiday="Lunedì dell'Angelo", on=date(2028, 12, 31)) == told


def test_stored_values_have_italian_names() -> None:
    names = (channel_name("mail"), state_name("taken"), priority_name("urgent"), priority_name("P1"))
    assert names == ("posta elettronica", "presa in carico", "urgente", "P1")
