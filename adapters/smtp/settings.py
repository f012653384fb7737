"""The limits of the SMTP door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address

Networks = tuple[IPv4Network | IPv6Network, ...]
LOOPBACK: Networks = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where the door is and how much one client may ask of it."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str = ""
    """A Unix socket to listen on instead."""
    lmtp: bool = False
    """Whether LMTP is spoken (RFC 2033): one answer for each recipient. Who delivers by it is our own mail server."""
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
    max_connections_per_minute: int = 600
    """New connections from one address in a minute; 0 is no limit. This and the next do not bind `trusted` peers."""
    max_messages_per_minute: int = 1_200
    """Messages from one address in a minute; further ones are answered 450 and come again."""
    max_messages_per_sender: int = 300
    """Messages of one envelope sender in a minute; the null sender has no limit of its own."""
    trusted: Networks = LOOPBACK
    """Peers that bring other people's mail: limits for each sender would hit everybody behind them."""
    max_failed_logins: int = 5
    """Wrong passwords from one address in `failed_logins_window`; then it is sent away until that is over."""
    failed_logins_window: timedelta = timedelta(minutes=10)
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

    def trusts(self, peer: str) -> bool:
        """Whether a peer is one of `trusted`; who came by a Unix socket is."""
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return bool(self.path)
        return any(address in network for network in self.trusted)
