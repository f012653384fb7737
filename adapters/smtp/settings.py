"""The limits of the SMTP door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where the door is and how much one client may ask of it."""

    host: str = "127.0.0.1"
    port: int = 0
    hostname: str = ""
    """How the door calls itself; empty: the name of the machine."""
    max_message_bytes: int = 52_428_800
    max_bytes_in_flight: int = 268_435_456
    """Bytes of unfinished messages held for all clients together; beyond it a message is answered 452."""
    max_recipients: int = 100
    """At least 100 (RFC 5321 §4.5.3.1.8)."""
    max_refused_recipients: int = 20
    """Unknown recipients after which a connection is cut: nobody tries a dictionary on us."""
    refusal_delay: timedelta = timedelta(milliseconds=250)
    """How much longer the answer to each further unknown recipient takes, from the fourth on."""
    max_connections: int = 500
    max_connections_per_address: int = 50
    max_commands: int = 1_000
    """Commands between two messages."""
    max_line_bytes: int = 1_048_576
    """Bytes without an end of line before the connection is cut. RFC 5321 §4.5.3.1.6 says 1,000; real mail has more."""
    max_command_bytes: int = 1_048_576
    """Bytes of commands between two messages."""
    greeting_delay: timedelta = timedelta(0)
    """How long we wait before we greet; whoever talks meanwhile is no mail server (RFC 5321 §4.3.1)."""
    idle_timeout: timedelta = timedelta(minutes=5)
    """Time for one complete command (RFC 5321 §4.5.3.2)."""
    progress_timeout: timedelta = timedelta(minutes=3)
    """How long an upload may stand still. One that goes on is never cut for its length."""
    session_timeout: timedelta = timedelta(hours=1)
    """How long a connection may last in all; it is not cut in the middle of a message for that."""
    min_rate_bytes_s: int = 64
    """The slowest upload waited for, on average, once `rate_grace` is over."""
    rate_grace: timedelta = timedelta(seconds=60)
    commit_timeout: timedelta = timedelta(seconds=60)
    """How long the store may take before the client is told to come again."""
