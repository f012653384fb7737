from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from gateway.domain.contract import MIDNIGHT, Band, Closure, Contract
from gateway.domain.hours import local
from gateway.domain.periods import Kind
from gateway.domain.provisions import Calendar, Counting, Ends, Of, Starts, Suspension, Term
from gateway.domain.terms import Due, Suspended, due
from tests.domain.calendars import site_in
from tests.domain.shipped import contract, rome

C2, C3 = contract("c02"), contract("c03")
HALF_AN_HOUR = Term(Of.TAKEN_IN_CHARGE, Counting.ELAPSED, "C2.8", within=timedelta(minutes=30))
FOUR_HOURS = Term(Of.SOLUTION, Counting.SERVICE, "C3.5", within=timedelta(hours=4))
VISIT = Term(Of.ON_SITE, Counting.WORKING_DAYS, "C3.11", days=1, at_site=True)
NEXT_WORKING_DAY = Term(Of.SOLUTION, Counting.WORKING_DAYS, "C3.11", days=1)
END_OF_DAY = Term(Of.SOLUTION, Counting.WORKING_DAYS, "C3.11", days=0)
THIRTY_DAYS = Term(Of.COMPLAINT, Counting.DAYS, "A8.1", days=30, ends=Ends.DAY)


def hours(of: Contract, **changed: Any) -> Contract:  # noqa: ANN401 - the fields of Schedule
    """The contract with other hours."""
    return replace(of, schedules=(replace(of.schedules[0], **changed),))


def ends(term: Term, received: str, of: Contract = C3, **more: Any) -> str | None:  # noqa: ANN401 - the options of due
    """The end of a term in Rome, `2026-04-07 10:50`; of 24:00 the day that begins."""
    at = due(term, of, rome(received), **more).at
    return None if at is None else local(at).strftime("%Y-%m-%d %H:%M")


def waiting(start: str, end: str | None, reason: Suspension = Suspension.WAITING_REQUESTER) -> Suspended:
    return Suspended(reason, rome(start), rome(end) if end else None, asked_by=7)


# -------------------------------------------------------------------------------------------------------- elapsed time


def test_thirty_minutes_are_thirty_minutes_in_the_night_when_an_hour_comes_twice() -> None:
    """X1, S140."""
    found = due(HALF_AN_HOUR, C2, datetime(2026, 10, 25, 0, 50, tzinfo=UTC))
    assert found.at == datetime(2026, 10, 25, 1, 20, tzinfo=UTC)
    assert local(found.at).isoformat() == "2026-10-25T02:20:00+01:00"


def test_thirty_minutes_jump_over_the_hour_that_is_missing_in_spring() -> None:
    """X1."""
    assert ends(HALF_AN_HOUR, "2027-03-28 01:45", C2) == "2027-03-28 03:15"


def test_an_instant_of_rome_is_counted_as_the_instant_it_is() -> None:
    """X1: two values of one zone compare by the wall clock in Python; here the second 02:50 is meant."""
    received = rome("2026-10-25 02:50").replace(fold=1)
    assert due(HALF_AN_HOUR, C2, received).at == datetime(2026, 10, 25, 2, 20, tzinfo=UTC)


def test_elapsed_time_runs_outside_the_bands_too() -> None:
    """DOMAIN 2: two clocks."""
    assert ends(replace(HALF_AN_HOUR, within=timedelta(hours=24)), "2026-04-03 17:00") == "2026-04-04 17:00"


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        due(HALF_AN_HOUR, C2, datetime(2026, 11, 24, 10))  # noqa: DTZ001 - the naive instant is the point


# -------------------------------------------------------------------------------------------------------- service time


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2026-11-24 09:00", "2026-11-24 13:00"),
        ("2026-11-24 09:30", "2026-11-24 13:30"),  # used up exactly at the break: ends there, not at 15:00
        ("2026-11-24 09:31", "2026-11-24 15:01"),
        ("2026-11-24 13:30", "2026-11-25 10:00"),  # exactly at the closing: begins at 15:00
        ("2026-11-24 14:10", "2026-11-25 10:00"),
        ("2026-11-24 15:00", "2026-11-25 10:00"),
        ("2026-11-24 18:00", "2026-11-25 13:00"),
        ("2026-11-24 03:00", "2026-11-24 13:00"),
        ("2026-04-03 11:20", "2026-04-07 10:50"),  # 2 h 10 on Good Friday, weekend and Easter Monday skipped
        ("2026-10-29 17:00", "2026-11-02 12:00"),  # San Saturnino and the weekend
        ("2026-12-31 17:59", "2027-01-04 12:59"),
    ],
)
def test_service_time_runs_inside_the_bands_only(received: str, expected: str) -> None:
    """DOMAIN 2 "Service-time clocks"; C3.5, C3.6."""
    assert ends(FOUR_HOURS, received) == expected


def test_a_shortened_day_has_less_service_time_and_a_closing_day_none() -> None:
    shortened = hours(C2, closures=(Closure(date(2026, 12, 24), "vigilia", time(13)),))
    closed = hours(C2, closures=(Closure(date(2026, 12, 24), "ponte"),))
    assert ends(FOUR_HOURS, "2026-12-24 10:00", shortened) == "2026-12-28 09:00"
    assert ends(FOUR_HOURS, "2026-12-24 10:00", closed) == "2026-12-28 12:00"


def test_a_term_used_up_at_midnight_ends_on_the_day_that_ends_there() -> None:
    late = hours(C2, bands=(Band(1, time(20), MIDNIGHT, "C2.4"),))
    found = due(FOUR_HOURS, late, rome("2026-11-24 12:00"))
    assert (found.at, found.on) == (rome("2026-11-25 00:00"), date(2026, 11, 24))


def test_a_night_band_has_an_hour_more_in_autumn_and_an_hour_less_in_spring() -> None:
    """X1: from midnight to six there are seven hours on 25 October 2026 and five on 28 March 2027."""
    nights = hours(C2, bands=tuple(Band(day, time(0), time(6), "C2.4") for day in range(7)), calendar=Calendar())
    six_hours = replace(FOUR_HOURS, within=timedelta(hours=6))
    assert ends(six_hours, "2026-10-25 00:00", nights) == "2026-10-25 05:00"
    assert ends(six_hours, "2027-03-28 00:00", nights) == "2027-03-29 01:00"


@pytest.mark.parametrize(
    ("bands", "minutes"),
    [
        ((time(2, 30), time(2, 45), time(3), time(4)), 60),  # 03:30-03:45 lies inside 03:00-04:00
        ((time(2, 15), time(2, 45), time(3, 30), time(4)), 45),  # 03:15-03:45 reaches into 03:30-04:00
    ],
)
def test_bands_that_meet_in_the_hour_that_is_missing_are_counted_once(
    bands: tuple[time, time, time, time], minutes: int
) -> None:
    """X1: a wall time that does not exist is moved forward, here into the next band."""
    sundays = hours(C2, bands=(Band(6, *bands[:2], "C2.4"), Band(6, *bands[2:], "C2.4")), calendar=Calendar())
    assert ends(replace(FOUR_HOURS, within=timedelta(minutes=minutes)), "2027-03-28 00:00", sundays) == (
        "2027-03-28 04:00"
    )


def test_new_hours_are_counted_from_the_day_they_take_effect() -> None:
    """C9.2: an amendment."""
    later = replace(C3.schedules[0], effective_from=date(2026, 11, 25), bands=(Band(2, time(8), time(12), "C3.5"),))
    amended = replace(C3, schedules=(*C3.schedules, later))
    assert ends(FOUR_HOURS, "2026-11-24 16:00", amended) == "2026-11-25 10:00"


def test_a_request_of_the_last_day_is_still_owed_its_time_after_the_end_of_the_contract() -> None:
    """Decision 0007."""
    ending = replace(C2, valid_until=date(2026, 12, 31))
    assert ends(FOUR_HOURS, "2026-12-31 16:00", ending) == "2027-01-04 10:00"
    assert ends(NEXT_WORKING_DAY, "2026-12-31 16:00", ending) == "2027-01-04 18:00"


def test_no_term_runs_before_the_contract_does() -> None:
    """C2.2."""
    starting = replace(C2, valid_from=date(2026, 1, 1))
    assert ends(FOUR_HOURS, "2025-12-22 10:00", starting) == "2026-01-02 12:00"
    assert ends(HALF_AN_HOUR, "2025-12-22 10:00", starting) == "2026-01-01 00:30"
    assert ends(NEXT_WORKING_DAY, "2025-12-22 10:00", starting) == "2026-01-02 18:00"


def test_without_service_hours_a_term_in_service_time_has_no_end() -> None:
    found = due(FOUR_HOURS, hours(C2, bands=()), rome("2026-11-24 10:00"))
    assert (found.at, found.on, found.standing_since) == (None, None, None)


# ----------------------------------------------------------------------------------------------------- the reopening


AT_REOPENING = Starts.REOPENING


def test_what_comes_while_closed_can_count_as_received_at_the_reopening() -> None:
    """DOMAIN 2: ricezione_fuori_orario = alla_riapertura."""
    assert ends(replace(HALF_AN_HOUR, starts=AT_REOPENING), "2026-04-03 14:00") == "2026-04-07 09:30"
    assert ends(replace(FOUR_HOURS, starts=AT_REOPENING), "2026-04-03 14:00") == "2026-04-07 13:00"


def test_what_comes_while_open_counts_from_its_receipt_in_any_case() -> None:
    assert ends(replace(HALF_AN_HOUR, starts=AT_REOPENING), "2026-04-03 13:29") == "2026-04-03 13:59"


def test_in_days_the_day_of_the_reopening_is_then_the_one_that_is_not_counted() -> None:
    """DOMAIN 2: as received at 8.30 of the next working day."""
    assert ends(replace(NEXT_WORKING_DAY, starts=AT_REOPENING), "2026-04-03 14:00") == "2026-04-08 18:00"
    assert ends(NEXT_WORKING_DAY, "2026-04-03 14:00") == "2026-04-07 18:00"


def test_a_visit_counts_from_the_day_of_its_request_whatever_the_switch_says() -> None:
    """C3.11: the switch never applies to it; S059."""
    assert ends(replace(VISIT, starts=AT_REOPENING), "2026-11-27 23:30") == "2026-11-30 18:00"


def test_the_reopening_is_found_after_the_end_of_the_contract_too() -> None:
    ending = replace(C2, valid_until=date(2026, 12, 31))
    assert ends(replace(HALF_AN_HOUR, starts=AT_REOPENING), "2026-12-31 19:00", ending) == "2027-01-04 08:30"


# -------------------------------------------------------------------------------------------------------- working days


def test_working_days_are_those_of_the_place_of_the_visit() -> None:
    """A3.4, S057."""
    assert ends(VISIT, "2027-12-03 12:00", place=site_in("Sassari")) == "2027-12-07 18:00"
    assert ends(VISIT, "2027-12-03 12:00", place=site_in("Cagliari")) == "2027-12-06 18:00"


def test_a_visit_elsewhere_is_due_at_the_usual_hour_on_the_desks_own_patron_saint() -> None:
    """A3.4, A3.6: 30 October is San Saturnino in Cagliari and a working Friday in Sassari."""
    assert ends(VISIT, "2026-10-29 11:00", place=site_in("Sassari")) == "2026-10-30 13:30"


def test_without_a_place_and_for_other_terms_the_calendar_is_the_contracts() -> None:
    """A3.4."""
    assert ends(VISIT, "2026-10-29 11:00") == "2026-11-02 18:00"
    assert ends(NEXT_WORKING_DAY, "2026-10-29 11:00", place=site_in("Sassari")) == "2026-11-02 18:00"


def test_a_planned_closing_changes_neither_the_day_nor_the_hour_of_a_term_in_days() -> None:
    """Decision 0007: nobody gains time by closing."""
    closed = hours(C2, closures=(Closure(date(2026, 12, 24), "ponte"),))
    shortened = hours(C2, closures=(Closure(date(2026, 12, 24), "vigilia", time(13)),))
    assert ends(NEXT_WORKING_DAY, "2026-12-23 10:00", closed) == "2026-12-24 18:00"
    assert ends(NEXT_WORKING_DAY, "2026-12-23 10:00", shortened) == "2026-12-24 18:00"


def test_a_working_day_without_hours_ends_at_midnight() -> None:
    """Decision 0007: no invented hours."""
    mondays = hours(C2, bands=(Band(0, time(8), time(18), "C2.4"),))
    found = due(NEXT_WORKING_DAY, mondays, rome("2026-11-24 10:00"))
    assert (found.at, found.on) == (rome("2026-11-26 00:00"), date(2026, 11, 25))


def test_a_coverage_until_midnight_ends_at_midnight() -> None:
    late = hours(C2, bands=(Band(2, time(8), time(12), "C2.4"), Band(2, time(20), MIDNIGHT, "C2.4")))
    assert ends(NEXT_WORKING_DAY, "2026-11-24 10:00", late) == "2026-11-26 00:00"


def test_a_term_can_run_to_the_end_of_the_day() -> None:
    """A3.6: ora_scadenza."""
    found = due(replace(NEXT_WORKING_DAY, ends=Ends.DAY), C3, rome("2026-10-23 10:00"))
    assert (found.at, found.on) == (datetime(2026, 10, 26, 23, 0, tzinfo=UTC), date(2026, 10, 26))


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ("2026-11-24 10:00", "2026-11-24 18:00"),
        ("2026-11-24 17:59", "2026-11-24 18:00"),
        ("2026-11-24 18:00", "2026-11-25 18:00"),  # the day is over for this term
        ("2026-11-27 13:30", "2026-11-30 18:00"),
        ("2026-11-28 10:00", "2026-11-30 18:00"),
    ],
)
def test_by_the_end_of_the_day_is_the_day_of_the_request_while_it_is_not_over(received: str, expected: str) -> None:
    """Term.days = 0; DOMAIN 11, "entro la giornata"."""
    assert ends(END_OF_DAY, received) == expected


# ------------------------------------------------------------------------------------------------------- calendar days


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        ("2026-11-24 10:00", date(2026, 12, 24)),
        ("2026-11-24 23:59", date(2026, 12, 24)),
        ("2028-01-31 10:00", date(2028, 3, 1)),  # a leap year
        ("2026-11-27 10:00", date(2026, 12, 28)),  # 27 December is a Sunday
        ("2026-11-25 10:00", date(2026, 12, 28)),  # 25 and 26 December are holidays, 27 a Sunday
        ("2026-10-22 10:00", date(2026, 11, 21)),  # a Saturday does not move
        ("2026-09-30 10:00", date(2026, 10, 30)),  # the patron saint does not move it
    ],
)
def test_thirty_days_end_on_the_thirtieth_or_the_next_that_is_no_day_of_rest(received: str, last_day: date) -> None:
    """A8.1, arts. 2963 and 1187 c.c."""
    found = due(THIRTY_DAYS, C3, rome(received))
    assert (found.on, found.at) == (last_day, rome(f"{last_day + timedelta(days=1)} 00:00"))


def test_days_of_rest_before_the_last_one_are_counted() -> None:
    """DOMAIN 2: every day is a calendar day."""
    assert due(replace(THIRTY_DAYS, days=4), C3, rome("2026-04-03 10:00")).on == date(2026, 4, 7)


def test_a_contract_can_leave_the_end_where_it_falls() -> None:
    """DOMAIN 2: the last sentence is a switch."""
    assert due(replace(THIRTY_DAYS, extends=False), C3, rome("2026-11-27 10:00")).on == date(2026, 12, 27)


def test_a_term_in_days_ends_at_the_end_of_coverage_of_its_weekday_where_it_says_so() -> None:
    """A3.6."""
    by_coverage = replace(THIRTY_DAYS, ends=Ends.COVERAGE)
    assert ends(by_coverage, "2026-11-24 10:00") == "2026-12-24 18:00"
    assert ends(by_coverage, "2026-10-22 10:00") == "2026-11-22 00:00"  # no hours on a Saturday


# --------------------------------------------------------------------------------------------------------- suspensions


def test_elapsed_time_in_which_the_ticket_waited_is_added() -> None:
    """DOMAIN 2 "Suspension"."""
    waited = [waiting("2026-11-24 10:10", "2026-11-24 20:00")]
    assert ends(HALF_AN_HOUR, "2026-11-24 10:00", suspended=waited) == "2026-11-24 20:20"


def test_a_wait_over_the_change_to_winter_time_has_its_hour_more() -> None:
    """X1."""
    waited = [waiting("2026-10-25 01:50", "2026-10-25 03:10")]
    assert ends(HALF_AN_HOUR, "2026-10-25 01:40", suspended=waited) == "2026-10-25 03:30"


def test_of_service_time_only_what_lies_inside_the_bands_is_added() -> None:
    """DOMAIN 2: on the term's own clock."""
    overnight = [waiting("2026-11-24 17:00", "2026-11-25 10:00")]
    assert ends(FOUR_HOURS, "2026-11-24 15:00", suspended=overnight) == "2026-11-25 12:00"
    in_the_break = [waiting("2026-11-24 13:30", "2026-11-24 15:00")]
    assert ends(FOUR_HOURS, "2026-11-24 11:00", suspended=in_the_break) == ends(FOUR_HOURS, "2026-11-24 11:00")


def test_suspensions_that_overlap_count_once() -> None:
    """DOMAIN 2 "Suspension"."""
    waited = [
        waiting("2026-11-24 11:00", "2026-11-24 12:00", Suspension.WAITING_CLIENT),
        waiting("2026-11-24 10:00", "2026-11-24 11:30"),
        waiting("2026-11-24 10:15", "2026-11-24 10:45", Suspension.FORCE_MAJEURE),
    ]
    assert ends(FOUR_HOURS, "2026-11-24 09:00", suspended=waited) == "2026-11-24 16:30"


def test_a_suspension_before_the_receipt_takes_nothing_away() -> None:
    waited = [waiting("2026-11-23 09:00", "2026-11-24 09:00")]
    assert ends(FOUR_HOURS, "2026-11-24 09:00", suspended=waited) == "2026-11-24 13:00"


def test_a_term_used_up_when_the_wait_begins_has_ended() -> None:
    waited = [waiting("2026-11-24 13:00", None)]
    assert ends(FOUR_HOURS, "2026-11-24 09:00", suspended=waited) == "2026-11-24 13:00"
    assert ends(NEXT_WORKING_DAY, "2026-11-23 09:00", suspended=[waiting("2026-11-24 18:00", None)]) == (
        "2026-11-24 18:00"
    )


@pytest.mark.parametrize("term", [HALF_AN_HOUR, FOUR_HOURS, VISIT, THIRTY_DAYS])
def test_a_clock_that_stands_still_has_no_end_yet_and_says_since_when(term: Term) -> None:
    """Decision 0007."""
    waited = [waiting("2026-11-24 10:10", None)]
    found = due(term, C3, rome("2026-11-24 10:00"), suspended=waited)
    assert (found.at, found.on, found.standing_since) == (None, None, rome("2026-11-24 10:10"))


def test_what_stands_still_says_how_much_is_left() -> None:
    """Decision 0007."""
    waited = [waiting("2026-11-24 10:10", None)]
    assert due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=waited).left == timedelta(hours=2, minutes=50)
    assert due(THIRTY_DAYS, C3, rome("2026-11-20 09:00"), suspended=waited).left == timedelta(days=27)


def test_two_waits_that_follow_each_other_stand_since_the_first() -> None:
    waited = [
        waiting("2026-11-24 10:00", "2026-11-24 12:00"),
        waiting("2026-11-24 12:00", None, Suspension.WAITING_CLIENT),
        waiting("2026-11-24 09:10", "2026-11-24 09:20"),
    ]
    assert due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=waited).standing_since == rome("2026-11-24 10:00")


def test_a_clock_that_runs_again_after_its_end_was_reached_stands_since_never() -> None:
    waited = [waiting("2026-11-24 13:30", None)]
    assert due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=waited).standing_since is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-24 09:00", "2026-11-24 09:05", "2026-11-24 18:00"),  # a question answered in five minutes
        ("2026-11-24 09:00", "2026-11-24 17:00", "2026-11-24 18:00"),  # the day ends with the clock running
        ("2026-11-24 17:00", "2026-11-25 09:30", "2026-11-25 18:00"),
        ("2026-11-24 09:00", "2026-11-24 18:00", "2026-11-25 18:00"),  # still standing when the day ended
        ("2026-11-23 10:00", "2026-11-23 17:00", "2026-11-24 18:00"),  # the day of the request counts for nothing
        ("2026-11-23 10:00", "2026-11-24 19:00", "2026-11-25 18:00"),
        ("2026-11-24 18:30", "2026-11-26 10:00", "2026-11-24 18:00"),  # had ended before
        ("2026-11-24 17:00", "2026-11-27 14:00", "2026-11-30 18:00"),  # a Friday ends at 13.30
    ],
)
def test_a_day_counts_when_the_clock_runs_at_its_end(start: str, end: str, expected: str) -> None:
    """Decision 0007: as many days are added as ended while the ticket waited."""
    assert ends(VISIT, "2026-11-23 09:30", suspended=[waiting(start, end)]) == expected


def test_a_wait_over_the_weekend_takes_no_working_day_away() -> None:
    """Decision 0007."""
    waited = [waiting("2026-11-27 13:31", "2026-11-30 08:00")]
    assert ends(replace(VISIT, days=2), "2026-11-26 10:00", suspended=waited) == "2026-11-30 18:00"


def test_the_days_before_and_after_a_wait_are_added_up() -> None:
    """Decision 0007: suspended on the 4th day, resumed ten days later, ends ten days later."""
    waited = [waiting("2026-11-28 10:00", "2026-12-08 10:00")]
    assert due(THIRTY_DAYS, C3, rome("2026-11-24 10:00")).on == date(2026, 12, 24)
    assert due(replace(THIRTY_DAYS, extends=False), C3, rome("2026-11-24 10:00"), suspended=waited).on == date(
        2027, 1, 3
    )
    assert due(THIRTY_DAYS, C3, rome("2026-11-24 10:00"), suspended=waited).on == date(2027, 1, 4)


def test_waiting_for_a_reason_that_the_contract_does_not_allow_is_refused() -> None:
    """DOMAIN 2: only for the allowed reasons."""
    strict = replace(C3, suspensions=(Suspension.FORCE_MAJEURE,))
    with pytest.raises(ValueError, match="waiting_requester"):
        due(FOUR_HOURS, strict, rome("2026-11-24 09:00"), suspended=[waiting("2026-11-24 10:00", None)])


def test_a_suspension_that_ends_before_it_starts_is_refused() -> None:
    backwards = waiting("2026-11-24 10:00", "2026-11-24 09:59")
    with pytest.raises(ValueError, match="before it starts"):
        due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=[backwards])


# ----------------------------------------------------------------------------------------------------------- the value


def test_a_due_says_what_it_is_for_and_by_which_clause() -> None:
    found = due(VISIT, C3, rome("2026-04-03 10:00"), place=site_in("Cagliari"))
    assert (found.of, found.clause, found.on) == (Of.ON_SITE, "C3.11", date(2026, 4, 7))
    assert found.at == datetime(2026, 4, 7, 16, 0, tzinfo=UTC)
    assert found.at.tzinfo is UTC


def test_two_dues_are_equal_when_they_end_alike_whatever_they_were_counted_from() -> None:
    one, other = (due(VISIT, C3, rome(f"2026-04-03 {hour}:00")) for hour in (10, 11))
    assert one == other
    assert hash(one) == hash(other)


def test_a_place_that_nobody_knows_the_saint_of_still_has_its_weekends() -> None:
    nowhere = replace(site_in("Cagliari"), calendar=Calendar())
    assert ends(VISIT, "2026-10-30 10:00", place=nowhere) == "2026-11-02 18:00"


# ----------------------------------------------------------------------------------------------------------- the steps


def told(found: Due) -> list[tuple[str, Kind, timedelta | None]]:
    return [(step.day.isoformat()[5:], step.kind, step.counted) for step in found.steps]


def test_the_steps_of_service_time_say_what_was_counted_and_why_the_rest_was_not() -> None:
    """Issue 3, point 6."""
    assert told(due(FOUR_HOURS, C3, rome("2026-04-03 11:20"))) == [
        ("04-03", Kind.COUNTED, timedelta(hours=2, minutes=10)),
        ("04-04", Kind.WEEKEND, None),
        ("04-05", Kind.WEEKEND, None),
        ("04-06", Kind.HOLIDAY, None),
        ("04-07", Kind.DUE, timedelta(hours=1, minutes=50)),
    ]


def test_the_steps_of_a_visit_begin_with_the_day_of_the_request() -> None:
    """C3.11, S055."""
    steps = due(VISIT, C3, rome("2026-04-03 10:00"), place=site_in("Cagliari")).steps
    assert [step.kind for step in steps] == [
        Kind.FIRST_DAY, Kind.WEEKEND, Kind.WEEKEND, Kind.HOLIDAY, Kind.DUE,
    ]  # fmt: skip
    assert (steps[3].holiday, steps[4].to_at) == ("Lunedì dell'Angelo", rome("2026-04-07 18:00"))


def test_the_steps_name_the_saint_of_the_place_and_not_the_desks() -> None:
    """A3.4."""
    steps = due(VISIT, C3, rome("2027-12-03 12:00"), place=site_in("Sassari")).steps
    assert [step.holiday for step in steps if step.holiday] == ["San Nicola"]


def test_the_steps_say_why_the_clock_stood_still() -> None:
    """DOMAIN 2: each with its reason."""
    waited = [
        waiting("2026-11-24 10:00", "2026-11-24 11:00", Suspension.WAITING_CLIENT),
        waiting("2026-11-24 10:30", "2026-11-24 11:30", Suspension.FORCE_MAJEURE),
    ]
    steps = due(FOUR_HOURS, C3, rome("2026-11-24 09:00"), suspended=waited).steps
    assert [(step.reason, step.from_at, step.to_at) for step in steps if step.kind is Kind.STANDING] == [
        (Suspension.WAITING_CLIENT, rome("2026-11-24 10:00"), rome("2026-11-24 11:00")),
        (Suspension.FORCE_MAJEURE, rome("2026-11-24 11:00"), rome("2026-11-24 11:30")),
    ]


def test_a_day_whose_hours_are_over_and_a_closing_day_are_told_apart() -> None:
    saturdays = Band(5, time(9), time(12), "C3.5")
    closed = hours(
        C3,
        bands=(*C3.schedules[0].bands, saturdays),
        closures=(Closure(date(2026, 11, 30), "ponte"),),
    )
    steps = due(FOUR_HOURS, closed, rome("2026-11-28 13:00")).steps
    assert [(step.day.day, step.kind, step.holiday) for step in steps] == [
        (28, Kind.CLOSED, None),
        (29, Kind.WEEKEND, None),
        (30, Kind.CLOSED, "ponte"),
        (1, Kind.DUE, None),
    ]
