"""What the page of the telephones is told of the demo's gateway: contracts, people, tickets, and the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from adapters.rehearsal.house import ContractSeen, EventSeen, PersonSeen, Seen, TicketSeen
from gateway.domain.hours import closing, instant, next_opening, opening
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM
from gateway.domain.ticket import Mark
from gateway.duty import chain_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.clock import OffsetClock
    from config.daemon import Daemon
    from gateway.domain.contract import Contract
    from gateway.domain.register import Entry
    from gateway.domain.roster import Person
    from gateway.domain.ticket import Ticket
    from gateway.ports import Reading

MOST_TICKETS = 15
MOST_EVENTS = 120
LONGEST_WAY = timedelta(days=550)
"""How far the clock is moved in one go: beyond next year's Easter it was a slip of the finger."""
NIGHT = time(3)
EASTER_MONDAY = "Lunedì dell'Angelo"
"""As the calendar calls it: a holiday of every year that is no date."""


@dataclass(frozen=True, slots=True)
class DemoHouse:
    """The demo's gateway, as the page of the telephones asks for it."""

    running: Daemon
    clock: OffsetClock

    @property
    def name(self) -> str:
        """How the gateway is called."""
        return self.running.site.settings.gateway.name

    @property
    def contract(self) -> str:
        """The contract that is rehearsed first."""
        return self.running.site.settings.gateway.default_contract

    @property
    def public_url(self) -> str:
        """Where its own pages are."""
        return self.running.site.settings.http.public_url

    @property
    def settings(self) -> str:
        """The path of its configuration."""
        return str(self.running.path)

    def look(self) -> Seen:
        """What there is to see now, in one reading of the store."""
        at = self.clock.now()
        return self.running.store.read(lambda reading: self._seen(reading, at))

    def go_forward(self, to: datetime) -> None:
        """Move the demo's clock on, and wake the worker for what fell due.

        Raises:
            ValueError: `to` is past, has no offset, or lies further ahead than `LONGEST_WAY`.
        """
        way = to - self.clock.now() if to.tzinfo else timedelta(0)
        if not timedelta(0) < way <= LONGEST_WAY:
            raise ValueError(f"the clock goes forward only, and at most {LONGEST_WAY.days} days")
        self.clock.jump(way)
        self.running.worker.wake()

    # ---------------------------------------------------------------------------------------------------- what is seen

    def _seen(self, reading: Reading, at: datetime) -> Seen:
        tickets = [each for each in reading.tickets(limit=2 * MOST_TICKETS) if Mark.SYNTHETIC not in each.marks]
        shown = tickets[:MOST_TICKETS]
        return Seen(
            at,
            tuple(self._contract(reading, contract, at) for contract in self._contracts()),
            tuple(_person(each) for each in self.running.gateway.rules.people.values() if not self._is_robot(each)),
            tuple(self._ticket(each) for each in shown),
            self._events(reading, [str(each.number) for each in shown]),
        )

    def _contracts(self) -> list[Contract]:
        """Every contract but the test contract of the probe, in the order of their ids."""
        rules = self.running.gateway.rules
        return [rules.contracts[each] for each in sorted(rules.contracts) if each != rules.probe_contract]

    def _is_robot(self, person: Person) -> bool:
        return self.running.gateway.rules.probe_number in person.numbers

    def _contract(self, reading: Reading, contract: Contract, at: datetime) -> ContractSeen:
        chain, now = chain_at(self.running.gateway, reading, contract.id, at), opening(contract, at)
        return ContractSeen(
            id=contract.id,
            name=contract.name,
            phone=_addresses(contract, Channel.PHONE),
            sms=_addresses(contract, Channel.SMS),
            known=tuple((number, group.name) for group in contract.groups for number in group.numbers),
            is_open=now.is_open,
            reason=str(now.reason) if now.reason else None,
            holiday=now.holiday,
            next_opening=now.next_opening,
            closes_at=closing(contract, at),
            clauses=now.clauses,
            on_call=tuple(person.id for person in chain.people()) if chain else (),
            desk=contract.desk.people if contract.desk else (),
            moments=tuple(_moments(contract, at)),
        )

    def _ticket(self, ticket: Ticket) -> TicketSeen:
        asked = ticket.requester
        return TicketSeen(
            number=ticket.number,
            contract=ticket.contract,
            channel=ticket.channel,
            state=str(ticket.state),
            priority=str(ticket.priority),
            subject=ticket.subject,
            requester=asked.name or asked.number or asked.address,
            owner=self._name_of(ticket.owner) if ticket.owner else "",
            opened_at=ticket.opened_at,
            marks=ticket.marks,
        )

    def _name_of(self, who: str) -> str:
        person = self.running.gateway.rules.people.get(who)
        return person.name if person else who

    def _events(self, reading: Reading, chains: list[str]) -> tuple[EventSeen, ...]:
        robots = {person.id for person in self.running.gateway.rules.people.values() if self._is_robot(person)}
        entries = [entry for chain in (*chains, SYSTEM) for entry in reading.entries(chain) if entry.by not in robots]
        entries.sort(key=lambda entry: (entry.at, entry.seq), reverse=True)
        return tuple(self._event(entry) for entry in entries[:MOST_EVENTS])

    def _event(self, entry: Entry) -> EventSeen:
        by = self._name_of(entry.by)
        return EventSeen(entry.chain, entry.seq, entry.at, entry.type, by, entry.clause, entry.data)


def _person(person: Person) -> PersonSeen:
    return PersonSeen(person.id, person.name, person.role_words, person.mobile, person.landline, person.supervisor)


def _addresses(contract: Contract, channel: Channel) -> tuple[str, ...]:
    return tuple(endpoint.address for endpoint in contract.endpoints if endpoint.channel is channel)


def _moments(contract: Contract, at: datetime) -> list[tuple[str, datetime]]:
    """Instants ahead that are worth a rehearsal, in order: the desk opens, it closes, Easter Monday at night."""
    found = {
        "opens": next_opening(contract, at),
        "closes": closing(contract, at),
        "easter_monday": next(_nights_of(EASTER_MONDAY, contract, at), None),
    }
    return sorted(((name, when) for name, when in found.items() if when), key=lambda each: each[1])


def _nights_of(holiday: str, contract: Contract, at: datetime) -> Iterator[datetime]:
    """The coming nights of a holiday by law, the next one first."""
    days = sorted(day for day, name in contract.national.names.items() if name == holiday)
    return (night for night in (instant(day, NIGHT) for day in days) if night > at)
