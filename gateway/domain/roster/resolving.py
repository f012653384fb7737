"""Whom to call at an instant, and from when to when.

What wins, from the last to the first: the fallback contact, shifts, shifts that replace others, overrides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.domain.hours import local
from gateway.domain.roster.people import Person
from gateway.domain.roster.shifts import DAY, Entry, OnDuty, Override
from gateway.domain.roster.slices import slices
from gateway.domain.telephony import ChangeKind, ChangeState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gateway.domain.telephony import RosterChange

_STANDING_IN = (ChangeKind.OVERRIDE, ChangeKind.SWAP)


@dataclass(frozen=True, slots=True)
class Duty:
    """The on-call duty of one contract: who stands in for a hole in the roster, who is told last, by which clause."""

    contract: str
    fallback: str | None
    supervisor: str | None
    clauses: tuple[str, ...]
    holidays: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))


class By(StrEnum):
    """Why somebody is on call."""

    SHIFT = "shift"
    OVERRIDE = "override"
    SWAP = "swap"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class Chain:
    """Whom to call at an instant, in order. `from_fallback` means that no shift covers it: raise an alarm.

    `change` is the id of the recorded change that put the contact there, if one did.
    """

    contact: Person
    deputy: Person | None
    supervisor: Person | None
    from_fallback: bool
    clauses: tuple[str, ...]
    origin: str = ""
    by: By = By.SHIFT
    change: int | None = None

    def people(self) -> tuple[Person, ...]:
        """The people in calling order, each once."""
        found = (person for person in (self.contact, self.deputy, self.supervisor) if person)
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time [start, end) in UTC in which the same people are called for the same reason."""

    start: datetime
    end: datetime
    chain: Chain


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody's duties, for every contract. It is the same at every instant until it is replaced by another."""

    people: Mapping[str, Person]
    duties: tuple[Duty, ...] = ()
    entries: tuple[Entry, ...] = ()
    overrides: tuple[Override, ...] = ()

    def with_overrides(self, overrides: Sequence[Override]) -> Roster:
        """The same roster with more overrides; the last ones win."""
        return replace(self, overrides=(*self.overrides, *overrides))

    def with_changes(self, changes: Iterable[RosterChange]) -> Roster:
        """The same roster with the recorded changes that are in force; they win over what stands in the file.

        A change that names somebody who has left the directory, or has no number any more, is passed over: whoever
        had the duty before has it again.
        """
        known = (each for each in changes if each.state is ChangeState.IN_FORCE and each.kind in _STANDING_IN)
        return self.with_overrides([_override(each) for each in known if self._can_be_called(each.contact)])

    def _can_be_called(self, person: str) -> bool:
        return person in self.people and bool(self.people[person].numbers)

    def duty_of(self, contract_id: str) -> Duty | None:
        """The on-call duty of a contract, or None: it has none."""
        return next((duty for duty in self.duties if duty.contract == contract_id), None)

    def chain(self, contract_id: str, at: datetime) -> Chain:
        """Whom to call for this contract at an instant: contact, deputy, supervisor.

        Raises:
            LookupError: the contract has no on-call duty, or a hole and no fallback contact (the loader refuses both
                where the contract requires on-call).
            ValueError: `at` is naive.
        """
        duty = self.duty_of(contract_id)
        if duty is None:
            msg = f"no on-call duty for {contract_id}"
            raise LookupError(msg)
        overrides = [o for o in self.overrides if o.contract == contract_id and o.start <= at < o.end]
        chain = self._chain_of(duty, self.on_duty(contract_id, at), overrides)
        if chain is None:
            msg = f"nobody is on call for {duty.contract} and there is no fallback contact"
            raise LookupError(msg)
        return chain

    def timeline(self, contract_id: str, start: datetime, end: datetime) -> Iterator[Stretch]:
        """Whom to call from `start` to `end`, in order, each as long as it stays the same.

        Nothing is told of a hole that no fallback contact fills, nor of a contract without on-call duty.

        Raises:
            ValueError: an instant is naive.
        """
        duty = self.duty_of(contract_id)
        if duty is None:
            return
        found: Stretch | None = None
        for begin, finish, lasting in slices(start, end, self.spans(contract_id, start, end)):
            chain = self._chain_of(duty, *_told_apart(lasting))
            if found and (chain != found.chain or begin != found.end):
                yield found
                found = None
            if chain:
                found = Stretch(found.start if found else begin, finish, chain)
        if found:
            yield found

    def on_duty(self, contract_id: str, at: datetime) -> tuple[OnDuty, ...]:
        """Every stretch of duty of the roster, overrides apart, that counts at an instant. Two are a mistake."""
        day = local(at).date()
        return in_charge(duty for duty in self.stretches(contract_id, day - DAY, day) if duty.start <= at < duty.end)

    def stretches(self, contract_id: str, first: date, last: date) -> Iterator[OnDuty]:
        """Every stretch of duty of a contract, overrides apart, that touches the local days, and some beside."""
        duty = self.duty_of(contract_id)
        holidays = duty.holidays if duty else MappingProxyType({})
        for entry in self.entries:
            if entry.contract == contract_id:
                yield from entry.duties(first, last, holidays)

    def spans(self, contract_id: str, start: datetime, end: datetime) -> list[OnDuty | Override]:
        """Stretches of duty and overrides of a contract that touch the time from `start` to `end`, as in the file."""
        found: list[OnDuty | Override] = [*self.stretches(contract_id, local(start).date() - DAY, local(end).date())]
        found += [override for override in self.overrides if override.contract == contract_id]
        return [each for each in found if each.start < end and each.end > start]

    def _chain_of(self, duty: Duty, on_duty: Sequence[OnDuty], overrides: Sequence[Override]) -> Chain | None:
        """The chain among what lasts at an instant; None where nobody is."""
        scheduled = on_duty[0] if on_duty else None
        counting = [o for o in overrides if counts(o, on_duty)]
        if counting:
            return self._overridden(duty, counting[-1], scheduled)
        if scheduled:
            people = (scheduled.contact, scheduled.deputy, scheduled.supervisor)
            return self._chain(duty, people, scheduled.origin, By.SHIFT)
        return self._chain(duty, (duty.fallback, None, None), "fallback", By.FALLBACK) if duty.fallback else None

    def _overridden(self, duty: Duty, override: Override, scheduled: OnDuty | None) -> Chain:
        """The stand-in; the deputy stays, and where the deputy is the stand-in whoever follows is deputy."""
        away = (override.contact, scheduled.contact if scheduled else None)
        deputies = (scheduled.deputy, *scheduled.then) if scheduled else ()
        deputy = override.deputy or next((each for each in deputies if each and each not in away), None)
        people = (override.contact, deputy, scheduled.supervisor if scheduled else None)
        by = By.SWAP if override.instead_of else By.OVERRIDE
        return replace(self._chain(duty, people, override.origin, by), change=override.change)

    def _chain(self, duty: Duty, ids: tuple[str, str | None, str | None], origin: str, by: By) -> Chain:
        contact, deputy, supervisor = ids
        supervisor = supervisor or duty.supervisor
        return Chain(
            contact=self.people[contact],
            deputy=self.people[deputy] if deputy and deputy != contact else None,
            supervisor=self.people[supervisor] if supervisor else None,
            from_fallback=by is By.FALLBACK,
            clauses=duty.clauses,
            origin=origin,
            by=by,
        )


def in_charge(on_duty: Iterable[OnDuty]) -> tuple[OnDuty, ...]:
    """Those that count among stretches at the same time: the ones that replace others, if there are any."""
    found = tuple(on_duty)
    return tuple(each for each in found if each.replaces) or found


def counts(override: Override, on_duty: Sequence[OnDuty]) -> bool:
    """Whether an override counts beside these stretches: a swap only while the one who gave the duty away has it."""
    return override.instead_of is None or (bool(on_duty) and on_duty[0].contact == override.instead_of)


def _told_apart(lasting: Iterable[OnDuty | Override]) -> tuple[tuple[OnDuty, ...], list[Override]]:
    found = tuple(lasting)
    duties = in_charge(each for each in found if isinstance(each, OnDuty))
    return duties, [each for each in found if isinstance(each, Override)]


def _override(change: RosterChange) -> Override:
    return Override(
        contract=change.contract,
        start=change.starts_at.astimezone(UTC),
        end=change.ends_at.astimezone(UTC),
        contact=change.contact,
        deputy=None,
        by=change.by,
        reason=change.reason,
        instead_of=change.instead_of if change.kind is ChangeKind.SWAP else None,
        change=change.id,
    )
