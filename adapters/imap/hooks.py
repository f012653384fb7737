"""What a mailbox tells: the journal, and whoever raises alarms. Every word is told in the mailbox's thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.intake import Receipt


class ImapHooks(Protocol):
    """Who is told. Must not raise."""

    def accepted(self, mailbox: str, uid: int, receipt: Receipt, size: int) -> None:
        """A mail is on disk."""
        ...

    def withheld(self, mailbox: str, uid: int, reason: str) -> None:
        """A mail could not be taken and is asked for again at each round. Told once for each mail."""
        ...

    def rescanned(self, mailbox: str, uidvalidity: int) -> None:
        """The server has numbered the folder anew: everything in it is read again."""
        ...

    def gone(self, mailbox: str, folder: str, uids: Sequence[int], deleted: Sequence[int]) -> None:
        """Messages came and were moved, or marked as deleted, before we saw them. Told once for each."""
        ...

    def late(self, mailbox: str, folder: str, uids: Sequence[int]) -> None:
        """Messages lay in the folder among those already taken and were not recorded; they are now."""
        ...

    def not_moved(self, mailbox: str, folder: str, reason: str) -> None:
        """Messages that are on disk stay where they were: the server does not move them."""
        ...

    def unreachable(self, mailbox: str, failures: int, error: str) -> None:
        """The server failed us so many times in a row; told at the alarm limit and at each multiple of it."""
        ...

    def recovered(self, mailbox: str) -> None:
        """It works again after an alarm."""
        ...


class NoHooks:
    """Tells nobody."""

    def accepted(self, mailbox: str, uid: int, receipt: Receipt, size: int) -> None:
        """Tell nobody."""

    def withheld(self, mailbox: str, uid: int, reason: str) -> None:
        """Tell nobody."""

    def rescanned(self, mailbox: str, uidvalidity: int) -> None:
        """Tell nobody."""

    def gone(self, mailbox: str, folder: str, uids: Sequence[int], deleted: Sequence[int]) -> None:
        """Tell nobody."""

    def late(self, mailbox: str, folder: str, uids: Sequence[int]) -> None:
        """Tell nobody."""

    def not_moved(self, mailbox: str, folder: str, reason: str) -> None:
        """Tell nobody."""

    def unreachable(self, mailbox: str, failures: int, error: str) -> None:
        """Tell nobody."""

    def recovered(self, mailbox: str) -> None:
        """Tell nobody."""
