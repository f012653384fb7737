"""An IMAP server that tells the truth until a test teaches it a lie.

A lie is a function of the tag and the arguments of one kind of command, and answers with all that is sent instead.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping

Lie = Callable[[bytes, bytes], bytes]

SILENCE = b"<silence>"
"""Keep the connection open and say nothing more."""
HANG_UP = b"<hang up>"

_COMMAND = re.compile(rb"(\S+) (UID \S+|\S+) ?(.*)", re.IGNORECASE | re.DOTALL)


def fetched(uid: int, items: bytes) -> bytes:
    return b"* %d FETCH (UID %d %s)\r\n" % (uid, uid, items)


def literal(body: bytes) -> bytes:
    return b"{%d}\r\n%s" % (len(body), body)


class LyingImap:
    """One folder, `mails` by UID. May be changed while it runs."""

    def __init__(
        self,
        mails: Mapping[int, bytes],
        lies: Mapping[str, Lie] | None = None,
        *,
        greeting: bytes = b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n",
        capability: bytes = b"IMAP4rev1 IDLE",
    ) -> None:
        self.mails = dict(mails)
        self.lies = dict(lies or {})
        self.greeting = greeting
        self.capability = capability
        self.uidvalidity = 7
        self.uidnext: int | None = None
        """The number that the next message gets; None: one more than the last has."""
        self.deleted: set[int] = set()
        """Messages that somebody has marked as deleted."""
        self.heard: list[bytes] = []
        self._idle_tag = b""
        self.connections = 0
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def say(self, data: bytes) -> None:
        """Say something to everybody who is connected, unasked."""
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.sendall(data)

    def commands(self, name: bytes) -> list[bytes]:
        return [line for line in self.heard if name in line]

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(sock)
                threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            sock.sendall(self.greeting)
            with sock.makefile("rb") as lines:
                for line in lines:
                    self.heard.append(line.rstrip(b"\r\n"))
                    for answer in self._answers(line.rstrip(b"\r\n")):
                        if answer == HANG_UP:
                            sock.shutdown(socket.SHUT_RDWR)
                            return
                        if answer == SILENCE:
                            threading.Event().wait(30)
                            return
                        sock.sendall(answer)

    def _answers(self, line: bytes) -> Iterator[bytes]:
        if line == b"DONE":
            yield b"%s OK idle ended\r\n" % self._idle_tag
            return
        parts = _COMMAND.match(line)
        if parts is None:
            yield b"* BAD what\r\n"
            return
        tag, name, rest = parts[1], parts[2].upper().decode(), parts[3]
        if name == "UID FETCH":
            name = "BODY" if b"BODY" in rest else "FLAGS" if b"FLAGS" in rest else "SIZE"
        if name in self.lies:
            yield self.lies[name](tag, rest)
        elif name == "IDLE":
            self._idle_tag = tag
            yield b"+ idling\r\n"
        else:
            yield self._truth(name, rest) + b"%s OK done\r\n" % tag

    def _truth(self, name: str, rest: bytes) -> bytes:
        if name == "CAPABILITY":
            return b"* CAPABILITY %s\r\n" % self.capability
        if name in {"SELECT", "EXAMINE"}:
            top = self.uidnext or max(self.mails, default=0) + 1
            return b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT %d] ok\r\n" % (
                len(self.mails),
                self.uidvalidity,
                top,
            )
        if name == "UID SEARCH":
            found = [
                uid for uid in self._within(rest.split()[1]) if b"UNDELETED" not in rest or uid not in self.deleted
            ]
            return b"* SEARCH %s\r\n" % b" ".join(b"%d" % uid for uid in found)
        if name in {"UID MOVE", "UID EXPUNGE"}:
            for uid in self._asked(rest.split()[0]):
                del self.mails[uid]
        if name in {"BODY", "SIZE", "FLAGS"}:
            return b"".join(self.item(uid, name, rest) for uid in self._asked(rest.split()[0]))
        return b""

    def item(self, uid: int, name: str, rest: bytes = b"") -> bytes:
        """The true answer to a FETCH of one message."""
        body = self.mails[uid]
        if name == "SIZE":
            stamp = b'"24-Nov-2026 10:00:00 +0100"'
            return fetched(uid, b"RFC822.SIZE %d INTERNALDATE %s" % (len(body), stamp))
        if name == "FLAGS":
            return fetched(uid, b"FLAGS ()")
        part = re.search(rb"<(\d+)\.(\d+)>", rest)
        if part is None:
            return fetched(uid, b"BODY[] " + literal(body))
        start, length = int(part[1]), int(part[2])
        return fetched(uid, b"BODY[]<%d> %s" % (start, literal(body[start : start + length])))

    def _within(self, span: bytes) -> list[int]:
        top = max(self.mails, default=0)
        low, _, high = (b"%d:*" % top if span == b"*" else span).partition(b":")
        end = top if high == b"*" else int(high)
        begin = min(int(low), end) if high == b"*" else int(low)
        return sorted(uid for uid in self.mails if begin <= uid <= end)

    def _asked(self, ids: bytes) -> list[int]:
        found: list[int] = []
        for one in ids.split(b","):
            found += self._within(one) if b":" in one or one == b"*" else [int(one)] if int(one) in self.mails else []
        return found
