"""ClamAV's daemon over its socket: bytes go in, one line comes back (clamd(8), INSTREAM). Nothing here raises.

The daemon unpacks archives and mails, with limits of its own; nothing of that is done here. The clients that there are
speak TCP only, while Debian's daemon listens on a local socket, and the whole dialogue is one command.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.domain.scan import ScanState, Verdict

CHUNK_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 4096
_LENGTH = struct.Struct("!L")
_ANSWER = re.compile(r"^stream: (?:OK|(?P<what>.{1,300}) (?P<said>FOUND|ERROR))$")
_TOO_LARGE = "size limit exceeded"


@dataclass(frozen=True, slots=True)
class Clamd:
    """One daemon: a local socket when `path` is set, else host and port. `timeout_s` is for a scan as a whole."""

    path: str = ""
    host: str = "127.0.0.1"
    port: int = 3310
    timeout_s: float = 30.0

    def scan(self, content: bytes) -> Verdict:
        """What it says of a file: clean, infected with a name, failed with a reason; unscanned when it did not say."""
        try:
            return _verdict(self._asked(content))
        except OSError as error:
            return Verdict(ScanState.UNSCANNED, f"{self.where}: {error.strerror or type(error).__name__}")

    def ping(self) -> str | None:
        """Why it does not answer, in words, or None when it does."""
        try:
            with self._connected() as line:
                line.send(b"zPING\0")
                answer = line.answer()
        except OSError as error:
            return f"{self.where}: {error.strerror or type(error).__name__}"
        return None if answer == "PONG" else f"{self.where} answered {answer[:80]!r}"

    @property
    def where(self) -> str:
        """The daemon's address, for people."""
        return self.path or f"{self.host}:{self.port}"

    def _asked(self, content: bytes) -> str:
        with self._connected() as line:
            # A daemon that finds the file too large says so and hangs up while we still send: its word counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                line.send(b"zINSTREAM\0")
                for start in range(0, len(content), CHUNK_BYTES):
                    chunk = content[start : start + CHUNK_BYTES]
                    line.send(_LENGTH.pack(len(chunk)) + chunk)
                line.send(_LENGTH.pack(0))
            return line.answer()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[_Line]:
        until = time.monotonic() + self.timeout_s
        if self.path:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self.timeout_s)
        else:
            connection = socket.create_connection((self.host, self.port), self.timeout_s)
        with connection:
            if self.path:
                connection.connect(self.path)
            yield _Line(connection, until)


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection and the moment until which everything on it must have been said."""

    connection: socket.socket
    until: float

    def send(self, raw: bytes) -> None:
        self._hurry()
        self.connection.sendall(raw)

    def answer(self) -> str:
        said = b""
        while b"\0" not in said and len(said) < MAX_ANSWER_BYTES:
            self._hurry()
            more = self.connection.recv(MAX_ANSWER_BYTES)
            if not more:
                break
            said += more
        return said.partition(b"\0")[0].decode("utf-8", "replace").strip()

    def _hurry(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.connection.settimeout(left)


def _verdict(answer: str) -> Verdict:
    found = _ANSWER.match(answer)
    if found is None:
        # "INSTREAM size limit exceeded. ERROR" stands without the "stream:" of the others.
        state = ScanState.FAILED if _TOO_LARGE in answer else ScanState.UNSCANNED
        return Verdict(state, answer[:300] or "hung up without an answer")
    if found["said"] is None:
        return Verdict(ScanState.CLEAN)
    state = ScanState.INFECTED if found["said"] == "FOUND" else ScanState.FAILED
    return Verdict(state, found["what"])
