"""What looking at who sent a mail needs of the world: one that looks, and a place for what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gateway.domain.authentication import Verdict
    from gateway.domain.intake import Intake


class Authenticator(Protocol):
    """Looks at who sent a mail. Never raises, and is called with no transaction open."""

    def verdicts(self, intakes: Sequence[Intake], at: datetime) -> list[Verdict]:
        """What is known of each, in their order, within about a second: what is not known then failed for now."""
        ...

    def verdict(self, intake: Intake, at: datetime) -> Verdict:
        """As `verdicts` of one that can wait some seconds."""
        ...


class VerdictReading(Protocol):
    """Questions about what was found."""

    def verdict(self, intake_id: int) -> Verdict | None:
        """What is known of the sender of an intake; None when nobody looked."""
        ...

    def verdicts(self, *, ticket: int | None = None, due_by: datetime | None = None, limit: int = 100) -> list[Verdict]:
        """Of the mails that wait for a ticket, or those that are to be looked at again by then; oldest first."""
        ...

    def waiting_unverified(self) -> tuple[int, datetime | None]:
        """How many mails wait for somebody at the desk, and when the oldest of them was received."""
        ...

    def unverified_by_ticket(self) -> Mapping[int, int]:
        """How many mails wait to join each ticket; only tickets for which one does."""
        ...


class VerdictWriting(VerdictReading, Protocol):
    """What a unit may write of it."""

    def keep_verdict(self, verdict: Verdict, *, first: bool = False) -> None:
        """Note what was found of an intake in place of what was known; `first` when nothing was."""
        ...
