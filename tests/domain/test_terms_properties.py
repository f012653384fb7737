"""Hours and terms of random contracts against an oracle that goes through time minute by minute (2024-2040).

The oracle shares no code with the product: it looks at the wall clock of each minute. Bands, closings, suspensions and
receipts lie on whole minutes, so that counting minutes is exact; edges lie on quarters, none strictly between 02:00 and
03:00, where a wall time can be none or two (those nights are examples in `test_terms.py` and `test_hours.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.contract import Band, Closure, Contract
from gateway.domain.hours import closing, next_opening, opening
from gateway.domain.provisions import Calendar, Counting, Ends, Of, Starts, Suspension, Term
from gateway.domain.terms import Suspended, due
from tests.domain.shipped import contract

ROME = ZoneInfo("Europe/Rome")
C3 = contract("c03")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONG = timedelta(days=45)
"""How far the oracle looks."""

EDGES = [quarter for quarter in range(96) if not 2 * 4 < quarter < 3 * 4]
CHANGES = [
    max(date(year, month, day) for day in range(25, 32) if date(year, month, day).isoweekday() == 7)
    for year in range(2024, 2041)
    for month in (3, 10)
]
"""The Sundays on which the clocks change."""


def wall(quarter: int) -> time:
    return time(quarter // 4 % 24, quarter % 4 * 15)


# ------------------------------------------------------------------------------------------------------ what is drawn


@dataclass(frozen=True)
class Case:
    """A contract and the same facts in the form that the oracle reads: minutes of the day, plain sets and dicts."""

    contract: Contract = field(repr=False)
    bands: dict[int, list[tuple[int, int]]]
    holidays: dict[date, str]
    national: frozenset[date]
    closes: dict[date, int]
    received_at: datetime
    suspended: tuple[Suspended, ...]

    @property
    def minutes_a_week(self) -> int:
        return sum(end - start for bands in self.bands.values() for start, end in bands)


@st.composite
def week(draw: st.DrawFn) -> dict[int, list[tuple[int, int]]]:
    """Up to three bands a day, in minutes of the day, at least half an hour a week."""
    found = {}
    for weekday in range(7):
        edges = sorted(draw(st.sets(st.sampled_from([*EDGES, 96]), max_size=6 if weekday < 6 else 4)))
        found[weekday] = [(start * 15, end * 15) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    if sum(end - start for bands in found.values() for start, end in bands) < 30:
        found[draw(st.integers(0, 4))] = [(540, 810)]
    return found


RULES = ("national", "patron", "decree", "additional")
DAYS = st.one_of(
    st.dates(date(2024, 1, 1), date(2040, 12, 31)),
    st.builds(lambda day, off: day + off * DAY, st.sampled_from(CHANGES), st.integers(-4, 1)),
    st.builds(lambda year, off: date(year, 12, 31) + off * DAY, st.integers(2024, 2040), st.integers(-3, 2)),
    st.builds(lambda year, off: date(year, 2, 28) + off * DAY, st.sampled_from([2024, 2028, 2032]), st.integers(-2, 2)),
)


@st.composite
def suspensions(draw: st.DrawFn, received_at: datetime) -> tuple[Suspended, ...]:
    """Up to three, overlapping or not, some before the receipt, the last perhaps without an end."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        starts_at = received_at + draw(st.integers(-600, 6000)) * MINUTE
        lasts = draw(st.one_of(st.integers(0, 300), st.integers(0, 5000)))
        ends_at = None if draw(st.integers(0, 9)) == 9 else starts_at + lasts * MINUTE
        found.append(Suspended(draw(st.sampled_from(Suspension)), starts_at, ends_at, 1))
    return tuple(found)


@st.composite
def cases(draw: st.DrawFn, *, suspended: bool) -> Case:
    day, minute = draw(DAYS), draw(st.integers(0, 24 * 60 - 1))
    received_at = datetime.combine(day, time(minute // 60, minute % 60), ROME).astimezone(UTC)
    near = st.integers(-2, 25).map(lambda off: day + off * DAY)
    holidays = draw(st.dictionaries(near, st.sampled_from(RULES), max_size=6))
    national = draw(st.frozensets(near, max_size=5))  # the law's, whether the desk keeps them or not (A3.1)
    closes = draw(st.dictionaries(near, st.sampled_from([None, *EDGES]), max_size=3))
    bands = draw(week())
    schedule = replace(
        C3.schedules[0],
        bands=tuple(
            Band(weekday, wall(start // 15), wall(end // 15), "C3.5")
            for weekday, spans in bands.items()
            for start, end in spans
        ),
        calendar=Calendar({each: f"festa {each}" for each in holidays}, holidays),
        closures=tuple(Closure(each, "chiusura", None if at is None else wall(at)) for each, at in closes.items()),
    )
    return Case(
        replace(
            C3,
            schedules=(schedule,),
            valid_from=date(2020, 1, 1),
            valid_until=date(2045, 12, 31),
            national=Calendar({each: f"festa {each}" for each in national}, dict.fromkeys(national, "national")),
        ),
        bands,
        holidays,
        national,
        {each: 0 if at is None else at * 15 for each, at in closes.items()},
        received_at,
        draw(suspensions(received_at)) if suspended else (),
    )


ANY = cases(suspended=True)
NEVER_SUSPENDED = cases(suspended=False)


# --------------------------------------------------------------------------------------------------------- the oracle


def walls(at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Each minute from an instant on, with its wall clock."""
    for minute in range(LONG // MINUTE):
        now = at + minute * MINUTE
        yield now, now.astimezone(ROME)


def is_open(case: Case, now: datetime) -> bool:
    """Whether the desk is open in the minute with this wall clock."""
    day, minute = now.date(), now.hour * 60 + now.minute
    if day in case.holidays or minute >= case.closes.get(day, 24 * 60):
        return False
    return any(start <= minute < end for start, end in case.bands[now.weekday()])


def stands(case: Case, at: datetime) -> bool:
    return any(s.starts_at <= at and (s.ends_at is None or at < s.ends_at) for s in case.suspended)


def end_by_minutes(case: Case, minutes: int, *, service: bool) -> datetime | None:
    """The end of the last of so many minutes in which the clock ran; None when it does not run so long in 45 days."""
    for at, now in walls(case.received_at):
        if (not service or is_open(case, now)) and not stands(case, at):
            minutes -= 1
            if not minutes:
                return at + MINUTE
    return None


def ends_of_days(case: Case, ends: Ends) -> Iterator[tuple[date, datetime, bool]]:
    """Each day that ends after the receipt: its end for the term, and whether the clock stood just before it.

    The end is passed in the minute in which the wall clock comes to it or jumps over it.
    """
    for at, now in walls(case.received_at - DAY):
        after = (at + MINUTE).astimezone(ROME)
        bands = case.bands[now.weekday()]
        end = bands[-1][1] if bands and ends is Ends.COVERAGE else 24 * 60
        minute = now.hour * 60 + now.minute
        reached = 24 * 60 if after.date() > now.date() else after.hour * 60 + after.minute
        if minute < end <= reached:
            yield now.date(), at + MINUTE, stands(case, at)


def end_by_days(case: Case, term: Term) -> datetime | None:
    """The end of the last of so many days that count; the day of the receipt is none of them."""
    today, left = case.received_at.astimezone(ROME).date(), max(term.days, 1)
    for day, ends_at, stood in ends_of_days(case, term.ends):
        before = day < today or (day == today and (term.days > 0 or ends_at <= case.received_at))
        works = day.isoweekday() <= 5 and day not in case.holidays
        if before or stood or (term.counting is Counting.WORKING_DAYS and not works):
            continue
        rest = day.isoweekday() == 7 or day in case.national
        if term.counting is Counting.DAYS and term.extends and left == 1 and rest:
            continue
        left -= 1
        if not left:
            return ends_at
    return None


def agrees(case: Case, term: Term, expected: datetime | None) -> None:
    """The term ends when the oracle says; where that sees no end in 45 days, none in 45 days."""
    found = due(term, case.contract, case.received_at, suspended=case.suspended)
    if expected is None:
        assert found.at is None or found.at > case.received_at + LONG - 2 * DAY
        return
    assert found.at == expected
    assert found.on == (expected - MINUTE).astimezone(ROME).date()
    assert found.left == timedelta(0)


# ------------------------------------------------------------------------------------------------------- the properties


@settings(deadline=None, max_examples=60)
@given(NEVER_SUSPENDED)
def test_the_desk_is_open_when_a_minute_lies_in_a_band_and_opens_next_at_the_first_that_does(case: Case) -> None:
    """C2.4, C2.6, C3.5, X1."""
    found = opening(case.contract, case.received_at)
    opens = next((at for at, now in walls(case.received_at) if is_open(case, now)), None)
    assert found.is_open == (opens == case.received_at)
    if opens is not None and not found.is_open:
        assert found.next_opening == next_opening(case.contract, case.received_at)
        # PEP 495: across zones a wall time that comes twice equals nothing, so the instants are compared.
        assert found.next_opening is not None
        assert found.next_opening.astimezone(UTC) == opens


@settings(deadline=None, max_examples=60)
@given(NEVER_SUSPENDED)
def test_an_open_desk_closes_at_the_first_minute_that_lies_in_no_band_or_on_another_day(case: Case) -> None:
    """C2.4, C3.5, X1."""
    today = case.received_at.astimezone(ROME)
    closes = next(at for at, now in walls(case.received_at) if now.date() > today.date() or not is_open(case, now))
    assert closing(case.contract, case.received_at) == (closes if is_open(case, today) else None)


@settings(deadline=None, max_examples=50)
@given(NEVER_SUSPENDED, st.floats(0, 1.5))
def test_a_term_in_service_time_ends_when_so_many_minutes_of_service_have_passed(case: Case, weeks: float) -> None:
    """DOMAIN 2 "Service-time clocks"."""
    minutes = int(case.minutes_a_week * weeks) or 1
    term = Term(Of.SOLUTION, Counting.SERVICE, "X1", within=minutes * MINUTE)
    agrees(case, term, end_by_minutes(case, minutes, service=True))


@settings(deadline=None, max_examples=50)
@given(ANY, st.floats(0, 1))
def test_suspended_service_time_is_not_counted_and_once_where_suspensions_overlap(case: Case, weeks: float) -> None:
    """DOMAIN 2 "Suspension"."""
    minutes = int(case.minutes_a_week * weeks) or 1
    term = Term(Of.SOLUTION, Counting.SERVICE, "X1", within=minutes * MINUTE)
    agrees(case, term, end_by_minutes(case, minutes, service=True))


@settings(deadline=None, max_examples=60)
@given(ANY, st.integers(1, 4000))
def test_a_term_in_elapsed_time_ends_when_so_many_minutes_have_passed_that_were_not_suspended(
    case: Case, minutes: int
) -> None:
    """X1, S140."""
    term = Term(Of.TAKEN_IN_CHARGE, Counting.ELAPSED, "X1", within=minutes * MINUTE)
    agrees(case, term, end_by_minutes(case, minutes, service=False))


def terms_in_days(counting: Counting) -> st.SearchStrategy[Term]:
    return st.builds(
        lambda days, ends, extends: Term(Of.COMPLAINT, counting, "A8.1", days=days, ends=ends, extends=extends),
        st.integers(0, 7),
        st.sampled_from(Ends),
        st.booleans(),
    )


@settings(deadline=None, max_examples=50)
@given(NEVER_SUSPENDED, terms_in_days(Counting.WORKING_DAYS))
def test_a_term_in_working_days_ends_with_the_last_of_so_many(case: Case, term: Term) -> None:
    """C3.11, DOMAIN 2 "Working day"."""
    agrees(case, term, end_by_days(case, term))


@settings(deadline=None, max_examples=50)
@given(ANY, terms_in_days(Counting.WORKING_DAYS))
def test_a_working_day_at_whose_end_the_clock_stands_still_does_not_count(case: Case, term: Term) -> None:
    """Decision 0007."""
    agrees(case, term, end_by_days(case, term))


@settings(deadline=None, max_examples=80)
@given(ANY, terms_in_days(Counting.DAYS))
def test_a_term_in_calendar_days_ends_with_the_last_of_so_many_that_is_no_day_of_rest(case: Case, term: Term) -> None:
    """DOMAIN 2 "Periods", arts. 2963 and 1187 c.c.; decision 0007."""
    agrees(case, term, end_by_days(case, term))


def _all_terms() -> st.SearchStrategy[Term]:
    by_the_hour = st.builds(
        lambda counting, minutes, starts: Term(Of.SOLUTION, counting, "X1", within=minutes * MINUTE, starts=starts),
        st.sampled_from([Counting.ELAPSED, Counting.SERVICE]),
        st.integers(1, 2000),
        st.sampled_from(Starts),
    )
    return st.one_of(by_the_hour, terms_in_days(Counting.DAYS), terms_in_days(Counting.WORKING_DAYS))


@settings(deadline=None, max_examples=100)
@given(ANY, _all_terms())
def test_the_steps_of_a_term_follow_each_other_and_account_for_all_of_it(case: Case, term: Term) -> None:
    """Issue 3, point 6."""
    found = due(term, case.contract, case.received_at, suspended=case.suspended)
    days = [step.day for step in found.steps]
    assert days == sorted(days)
    counted = sum((step.counted for step in found.steps if step.counted), timedelta(0))
    whole = timedelta(days=max(term.days, 1)) if found.count.by_the_day else term.within
    assert counted + found.left == whole
    if found.at is None:
        assert found.standing_since is not None
        assert found.left > timedelta(0)
    else:
        assert (found.steps[-1].day, found.steps[-1].to_at, found.left) == (found.on, found.at, timedelta(0))


@settings(deadline=None, max_examples=100)
@given(ANY, _all_terms())
def test_a_suspension_never_brings_the_end_of_a_term_forward(case: Case, term: Term) -> None:
    """DOMAIN 2 "Suspension"."""
    plain = due(term, case.contract, case.received_at).at
    found = due(term, case.contract, case.received_at, suspended=case.suspended).at
    assert found is None or (plain is not None and plain <= found)
