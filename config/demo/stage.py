"""What a scene of the play needs: the gateway inside, the stand-ins outside, a clock, and eyes with a deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, TypeVar

from gateway.domain.ticket import TicketState

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.clock import OffsetClock
    from config.daemon import Daemon
    from config.demo.site import Addresses
    from config.demo.stand_ins import StandIns
    from gateway.domain.register import Entry
    from gateway.domain.roster import Chain, Person
    from gateway.domain.ticket import Ticket

T = TypeVar("T")

SEEN_WITHIN_S = 15.0
ON_CALL = "c02-comune"
"""The contract with on-call duty."""


class NotSeenError(Exception):
    """A scene that did not happen in time; the text says what was waited for."""


@dataclass(slots=True)
class Stage:
    """Everything a scene needs: the gateway inside, the stand-ins outside, the clock, and where to speak."""

    running: Daemon
    outside: StandIns
    clock: OffsetClock
    where: Addresses
    without: tuple[str, ...]
    say: Callable[[str], None]
    before: int = 0
    """The newest ticket before the scene: a demo that goes on has tickets of the same subject."""
    first: int = 0
    """The ticket of the first scene, which the last one escalates."""

    def see(self, what: str, look: Callable[[], T | None]) -> T:
        """Wait until `look` sees something, and say that it did.

        Raises:
            NotSeenError: it did not in time.
        """
        found = self.wait(what, look)
        self.say(f"   seen: {what}")
        return found

    def wait(self, what: str, look: Callable[[], T | None]) -> T:
        """The same without a word.

        Raises:
            NotSeenError: it did not in time.
        """
        until = time.monotonic() + SEEN_WITHIN_S
        while time.monotonic() < until:
            found = look()
            if found:
                return found
            time.sleep(0.05)
        raise NotSeenError(what)

    def jump(self, minutes: float) -> None:
        """The demo's clock goes forward; what falls due meanwhile happens."""
        self.clock.jump(timedelta(minutes=minutes))
        self.running.worker.wake()
        self.say(f"   the clock goes {minutes:g} minutes forward")

    def end(self) -> None:
        """Tell the gateway to stop."""
        loop = self.running.loop
        if loop is not None:
            loop.call_soon_threadsafe(self.running.stopping.set)

    def chain(self) -> Chain:
        """Whom the roster names now."""
        return self.running.gateway.rules.roster.chain(ON_CALL, self.clock.now())

    def ticket(self, subject: str) -> Ticket | None:
        """The scene's ticket, with these words in its subject."""
        found = self.running.store.read(lambda reading: reading.tickets(text=subject, limit=1))
        return found[0] if found and found[0].number > self.before else None

    def event(self, ticket: Ticket, kind: str) -> Entry | None:
        """The last entry of this type in a ticket's history."""
        entries = self.running.store.read(lambda reading: reading.entries(str(ticket.number)))
        return next((entry for entry in reversed(entries) if entry.type == kind), None)

    def newest(self) -> int:
        """The number of the newest ticket, 0 when there is none."""
        found = self.running.store.read(lambda reading: reading.tickets(limit=1))
        return found[0].number if found else 0

    def fresh(self, ticket: Ticket) -> Ticket:
        """The ticket as it is now."""
        return self.running.store.read(lambda reading: reading.ticket(ticket.number)) or ticket

    def taken_by(self, ticket: Ticket, person: Person) -> bool:
        """Whether this person owns the ticket."""
        now = self.fresh(ticket)
        return now.state is TicketState.TAKEN and now.owner == person.id

    def texts_to(self, person: Person, *words: str) -> list[str]:
        """The SMS on a person's telephone that have all these words."""
        phone = self.outside.rehearsal.carrier.phones[person.mobile or ""]
        return [text.body for text in phone.inbox if all(word in text.body for word in words)]

    def mails_to(self, address: str, *words: str) -> list[str]:
        """The subjects of mails that left for an address and have all these words in it."""
        subjects = [_decoded(mail.subject) for mail in self.outside.rehearsal.mail.to(address)]
        return [subject for subject in subjects if all(word in subject for word in words)]


def _decoded(subject: str) -> str:
    return str(make_header(decode_header(subject)))
