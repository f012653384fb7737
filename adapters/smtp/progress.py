"""What one connection has sent so far, and whether that is too much or too slow. Pure: `now` is loop time in s."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from adapters.smtp import answers
from adapters.smtp.settings import SmtpSettings


class Phase(Enum):
    """Whose turn it is: the client's with commands, the client's with a message, or ours."""

    COMMAND = auto()
    DATA = auto()
    COMMIT = auto()


@dataclass(slots=True)
class Progress:
    """The counters of one connection."""

    opened_at: float
    phase_at: float
    byte_at: float
    phase: Phase = Phase.COMMAND
    received: int = 0
    """Bytes in this phase."""
    unended: int = 0
    """Bytes since the last end of line."""
    commands: int = 0
    unknown_recipients: int = 0

    def enter(self, phase: Phase, now: float) -> None:
        """Begin a phase."""
        self.phase, self.phase_at, self.byte_at, self.received = phase, now, now, 0

    def command(self, now: float) -> None:
        """A complete command came."""
        self.phase_at = now
        self.commands += 1

    def delivered(self, now: float) -> None:
        """A message is done: the budgets of commands begin anew."""
        self.enter(Phase.COMMAND, now)
        self.commands = 0

    def took(self, data: bytes, now: float) -> None:
        """Some bytes came."""
        self.byte_at = now
        self.received += len(data)
        end = data.rfind(b"\n")
        self.unended = self.unended + len(data) if end < 0 else len(data) - end - 1

    def too_much(self, limits: SmtpSettings) -> str | None:
        """The answer with which to cut a client that sends more than anybody needs, or None."""
        if self.unended > limits.max_line_bytes:
            return answers.LINE_TOO_LONG
        if self.phase is Phase.COMMAND and self.received > limits.max_command_bytes:
            return answers.TOO_MUCH_TALK
        # A message over the limit is read to its end for a proper answer, but not for ever.
        if self.phase is Phase.DATA and self.received > 2 * limits.max_message_bytes:
            return answers.TOO_BIG
        return None

    def too_slow(self, limits: SmtpSettings, now: float) -> bool:
        """Whether nobody need wait for this client any longer. Time that we take ourselves does not count."""
        if self.phase is Phase.COMMIT:
            return False
        if self.phase is Phase.COMMAND:
            idle = now - self.phase_at > limits.idle_timeout.total_seconds()
            return idle or now - self.opened_at > limits.session_timeout.total_seconds()
        if now - self.byte_at > limits.progress_timeout.total_seconds():
            return True
        took_s = now - self.phase_at
        return took_s > limits.rate_grace.total_seconds() and self.received < took_s * limits.min_rate_bytes_s
