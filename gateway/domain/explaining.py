"""How a term or a period was counted, in words for the desk and for whoever checks it, in Italian and English.

One sentence for each day or run of alike days, in order:
`venerdì 3 aprile: 2 ore e 10 minuti contati` · `sabato 4 e domenica 5 aprile: fine settimana, non contati` ·
`lunedì 6 aprile: festivo (Lunedì dell'Angelo), non contato` · `martedì 7 aprile: 1 ora e 50 minuti contati, scade alle
10.50`. Times are told to the minute; the exact ones are in the steps. Names of holidays stay Italian.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from gateway.domain.periods import ONE_DAY, Kind, Step
from gateway.domain.provisions import Suspension
from gateway.domain.wording import hour, in_rome, long_date, reason_phrase, state_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.domain.terms import Due

HALF_A_MINUTE = timedelta(seconds=30)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALIKE = frozenset({Kind.COUNTED, Kind.STANDING, Kind.HOLIDAY, Kind.WEEKEND, Kind.CLOSED})
"""What days in a row may be told together; the others are told one by one."""

_NOT_COUNTED = {
    Kind.FIRST_DAY: ("giorno della richiesta", "day of the request"),
    Kind.HOLIDAY: ("festivo", "public holiday"),
    Kind.WEEKEND: ("fine settimana", "weekend"),
    Kind.CLOSED: ("servizio chiuso", "service closed"),
}


@dataclass(frozen=True, slots=True)
class _Run:
    """Days that follow each other and are told together, with their steps."""

    first: date
    last: date
    steps: tuple[Step, ...]

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def explained(due: Due, language: str = "it") -> tuple[str, ...]:
    """How the term was counted, a sentence for each run of days. The last says what is left of one that stands."""
    steps = due.steps
    with_year = len({step.day.year for step in steps}) > 1
    told = (_sentence(run, language, with_year=with_year) for run in _runs(steps))
    return (*told, *_standing(due, language, with_year=with_year))


def explained_period(steps: Sequence[Step], language: str = "it") -> tuple[str, ...]:
    """How the last day of a period was found (`periods.period_steps`), with the years.

    `lunedì 31 agosto 2026: giorno dell’atto, non contato` · `domenica 28 febbraio 2027: ultimo giorno del mese, che non
    ha un giorno 31, essendo domenica, la scadenza passa al giorno dopo` · `lunedì 1 marzo 2027: ultimo giorno`.
    """
    act, *others = steps
    first = (
        f"{_day(act.day, language)}: {_pick(language, 'giorno dell’atto, non contato', 'day of the act, not counted')}"
    )
    return (first, *(_found(day, act.day.day, list(found), language) for day, found in groupby(others, _by_day)))


def _found(day: date, wanted: int, steps: Iterable[Step], language: str) -> str:
    return f"{_day(day, language)}: {', '.join(_of_period(step, wanted, language) for step in steps)}"


def _of_period(step: Step, wanted: int, language: str) -> str:
    if step.kind is Kind.MOVED:
        return _moved(step, language)
    italian, english = {
        Kind.CORRESPONDING: ("giorno corrispondente", "corresponding day"),
        Kind.LAST_OF_MONTH: (
            f"ultimo giorno del mese, che non ha un giorno {wanted}",
            f"last day of the month, which has no day {wanted}",
        ),
        Kind.DUE: ("ultimo giorno", "last day"),
    }[step.kind]
    return _pick(language, italian, english)


# ------------------------------------------------------------------------------------------------------ runs of days


def _by_day(step: Step) -> date:
    return step.day


def _runs(steps: Iterable[Step]) -> list[_Run]:
    runs: list[_Run] = []
    for day, of_day in groupby(steps, _by_day):
        run = _Run(day, day, tuple(of_day))
        if runs and _goes_on(runs[-1], run):
            runs[-1] = _Run(runs[-1].first, day, (*runs[-1].steps, *run.steps))
        else:
            runs.append(run)
    return runs


def _goes_on(before: _Run, after: _Run) -> bool:
    kinds = {(step.kind, step.holiday, step.reason) for step in (*before.steps, *after.steps)}
    return before.last + ONE_DAY == after.first and len(kinds) == 1 and before.steps[0].kind in ALIKE


def _sentence(run: _Run, language: str, *, with_year: bool) -> str:
    phrases = (_phrase(list(steps), run.days, language) for _, steps in groupby(run.steps, _alike))
    return f"{_days(run, language, with_year=with_year)}: {', '.join(phrases)}"


def _alike(step: Step) -> tuple[Kind, str | None, Suspension | None]:
    """What is told in one phrase: the time counted on the last day belongs to what was counted before on it."""
    return (Kind.COUNTED if step.kind is Kind.DUE else step.kind), step.holiday, step.reason


def _days(run: _Run, language: str, *, with_year: bool) -> str:
    first, last = (_day(day, language, with_year=with_year) for day in (run.first, run.last))
    if run.days == 1:
        return last
    if (run.first.year, run.first.month) == (run.last.year, run.last.month):
        first = " ".join(first.split()[:2])  # the month and the year are told once
    if run.first + ONE_DAY == run.last:
        return _pick(language, f"{first} e {last}", f"{first} and {last}")
    return _pick(language, f"da {first} a {last}", f"{first} to {last}")


def _day(day: date, language: str, *, with_year: bool = True) -> str:
    """`venerdì 3 aprile`, with the year where the days told are not all of one."""
    told = long_date(day, language, weekday=True)
    return told if with_year else told.removesuffix(f" {day.year}")


# ------------------------------------------------------------------------------------------------------------ phrases


def _phrase(steps: Sequence[Step], days: int, language: str) -> str:
    step = steps[-1]
    if step.kind is Kind.REOPENS:
        return _reopens(step, language)
    if step.kind is Kind.MOVED:
        return _moved(step, language)
    if step.kind is Kind.STANDING:
        return _stood(steps, days, language)
    if step.kind in _NOT_COUNTED:
        return _not_counted(step, days, language)
    return ", ".join(_counted(steps, language))


def _counted(steps: Sequence[Step], language: str) -> Iterator[str]:
    last = steps[-1]
    by_the_hour = last.from_at is not None
    if by_the_hour or last.kind is not Kind.DUE:
        amount = sum((step.counted or timedelta(0) for step in steps), timedelta(0))
        yield _amount_counted(amount, language, whole_days=not by_the_hour)
    if last.kind is Kind.DUE and last.to_at is not None:
        yield from _due(last.day, last.to_at, language, by_the_hour=by_the_hour)


def _due(day: date, at: datetime, language: str, *, by_the_hour: bool) -> Iterator[str]:
    """`scade alle 10.50`; of a term in days also what ends then. The end of a day is `alle 24.00`."""
    is_end_of_day = in_rome(at).date() > day
    told = _pick(language, "alle 24.00", "at 24:00") if is_end_of_day else _at(at, language)
    yield _pick(language, f"scade {told}", f"due {told}")
    if not by_the_hour and is_end_of_day:
        yield _pick(language, "fine della giornata", "end of the day")
    elif not by_the_hour:
        yield _pick(language, "fine della copertura", "end of coverage")


def _at(at: datetime, language: str) -> str:
    """`alle 18.00`, `all’1.30`."""
    told = hour(at, language)
    return _pick(language, f"all’{told}" if in_rome(at).hour == 1 else f"alle {told}", f"at {told}")


def _not_counted(step: Step, days: int, language: str) -> str:
    told = _pick(language, *_NOT_COUNTED[step.kind])
    if step.holiday:
        told = f"{told} ({step.holiday})"
    elif step.kind is Kind.CLOSED:
        told = reason_phrase("out_of_hours", language=language)
    return f"{told}, {_uncounted(days, language)}"


def _uncounted(days: int, language: str) -> str:
    return _pick(language, "non contato" if days == 1 else "non contati", "not counted")


def _moved(step: Step, language: str) -> str:
    rest = _pick(language, "essendo domenica", "being a Sunday")
    if step.holiday:
        rest = _pick(language, f"festivo ({step.holiday})", f"public holiday ({step.holiday})")
    return _pick(language, f"{rest}, la scadenza passa al giorno dopo", f"{rest}, the end moves to the next day")


def _reopens(step: Step, language: str) -> str:
    if step.to_at is None:
        raise ValueError("a receipt that waits for the reopening says when that is")
    day = _day(in_rome(step.to_at).date(), language, with_year=in_rome(step.to_at).year != step.day.year)
    opens = f"{day} {_at(step.to_at, language)}"
    return _pick(language, f"a servizio chiuso, vale come ricevuta {opens}", f"service closed, as if received {opens}")


def _stood(steps: Sequence[Step], days: int, language: str) -> str:
    why, first = _why(steps[0].reason, language), steps[0]
    if first.from_at is None:
        return _pick(language, f"termine sospeso ({why})", f"suspended ({why})") + f", {_uncounted(days, language)}"
    if first.to_at is None:
        return _pick(language, f"termine sospeso ({why})", f"suspended ({why})")
    lasted = (step.to_at - step.from_at for step in steps if step.from_at is not None and step.to_at is not None)
    amount = _amount(sum(lasted, timedelta(0)), language)
    return _pick(language, f"termine sospeso per {amount} ({why})", f"suspended for {amount} ({why})")


def _why(reason: Suspension | None, language: str) -> str:
    if reason is Suspension.FORCE_MAJEURE:
        return _pick(language, "forza maggiore", "force majeure")
    return state_name(str(reason), language)


def _standing(due: Due, language: str, *, with_year: bool) -> Iterator[str]:
    """What is said last of a term that stands still: since when, and how much of it is left."""
    if due.standing_since is None:
        return
    since = in_rome(due.standing_since)
    day = _day(since.date(), language, with_year=with_year)
    at = hour(due.standing_since, language)
    left = _amount(due.left, language, whole_days=due.count.by_the_day)
    yield _pick(
        language,
        f"termine sospeso da {day} alle ore {at}: non scade finché dura la sospensione, ancora da contare {left}",
        f"suspended since {day} at {at}: not due while that lasts, still to count {left}",
    )


# ----------------------------------------------------------------------------------------------------------- amounts


def _amount_counted(amount: timedelta, language: str, *, whole_days: bool) -> str:
    told = _amount(amount, language, whole_days=whole_days)
    if language == "en":
        return f"{told} counted"
    if told.endswith("ora"):
        return f"{told} contata"
    if told.endswith("ore"):
        return f"{told} contate"
    return f"{told} {'contato' if told in {'1 giorno', '1 minuto', _LESS[0]} else 'contati'}"


_LESS = ("meno di un minuto", "less than a minute")


def _amount(amount: timedelta, language: str, *, whole_days: bool = False) -> str:
    """`2 ore e 10 minuti`, `1 giorno`; to the nearest minute."""
    if whole_days:
        return _number(amount.days, language, ("giorno", "giorni"), ("day", "days"))
    hours, rest = divmod(amount + HALF_A_MINUTE, HOUR)
    minutes = rest // MINUTE
    parts = []
    if hours:
        parts.append(_number(hours, language, ("ora", "ore"), ("hour", "hours")))
    if minutes:
        parts.append(_number(minutes, language, ("minuto", "minuti"), ("minute", "minutes")))
    return _pick(language, " e ", " ").join(parts) or _pick(language, *_LESS)


def _number(number: int, language: str, italian: tuple[str, str], english: tuple[str, str]) -> str:
    return f"{number} {_pick(language, italian[number != 1], english[number != 1])}"


def _pick(language: str, italian: str, english: str) -> str:
    return english if language == "en" else italian
