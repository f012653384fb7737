"""People, a duty and words for tests of the roster."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from gateway.domain.roster import Directory, Duty, Entry, Override, Person, Roster
from gateway.domain.telephony import ChangeKind, ChangeState, RosterChange
from tests.domain.shipped import contract, rome

C2 = contract("c02")
LONG = replace(C2, valid_from=date(2024, 1, 1), valid_until=date(2040, 12, 31))
"""The same contract for as long as the promise P10 says."""
ANNA, BRUNO, CARLA, DARIO = (
    Person(name.lower(), name, "referente", mobile=f"+39333000000{number}", contracts=(C2.id,))
    for number, name in enumerate(("Anna", "Bruno", "Carla", "Dario"), 1)
)
EVA = Person("eva", "Eva", "operatrice", mail="eva@assistenza.example", contracts=(C2.id,))
"""Of the contract, without a telephone."""
GINO = Person("gino", "Gino", "referente", mobile="+393330000009", contracts=("c03-sardegnait",))
"""With a telephone, of another contract."""
PEOPLE = Directory([ANNA, BRUNO, CARLA, DARIO, EVA, GINO])
DUTY = Duty(C2.id, fallback="carla", supervisor="dario", clauses=("C2.8",), holidays=C2.holidays())


def wall(text: str) -> datetime:
    """A Rome wall time without its zone, as entries of the roster have it."""
    return datetime.fromisoformat(text)


def roster(*entries: Entry, duty: Duty = DUTY, overrides: tuple[Override, ...] = ()) -> Roster:
    """A roster of these entries."""
    return Roster(PEOPLE, (duty,), entries, overrides)


def change(
    starts: str,
    ends: str,
    contact: str,
    *,
    instead_of: str | None = None,
    state: ChangeState = ChangeState.IN_FORCE,
    number: int = 1,
) -> RosterChange:
    """A recorded change: a swap when somebody gave the duty away, else an override."""
    kind = ChangeKind.SWAP if instead_of else ChangeKind.OVERRIDE
    begins, finishes = rome(starts).astimezone(UTC), rome(ends).astimezone(UTC)
    by = instead_of or "dario"
    return RosterChange(number, C2.id, kind, state, begins, finishes, contact, instead_of, by, "ferie", begins)
