"""One connection to an IMAP server that may be slow, broken or lying. The only module that knows imapclient.

Whatever goes wrong is an `ImapError` with one line that an operator understands. What a command may bring is bounded in
bytes and in time, because the library allocates any literal it is promised (F17) and waits for ever (F15). Nothing but
numbers, and names from the configuration, is ever put into a command (F18).
"""

from __future__ import annotations

import contextlib
import imaplib
import io
import logging
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

from imapclient import IMAPClient, SocketTimeout
from imapclient.datetime_util import parse_to_datetime
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from imapclient.response_parser import parse_response

from adapters.mail import imap_words
from adapters.mail.imap_address import (
    ImapAddress,
    ImapError,
    ImapFolderError,
    check,
    has_control,
    shortened,
)
from adapters.mail.imap_login import log_in
from gateway.domain.errors import CentralinoError

SMALL_BYTES = 8_388_608
"""What any answer may bring beside the bodies that were asked for."""
WINDOW = 50_000
"""UIDs asked for at once: the library takes no line above 1 MB."""
FETCH_PATIENCE = 10
"""How many time-outs long the answer to one FETCH may take altogether."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An opened folder: what its UIDs are valid under, and the UID that the next message will get, if known."""

    uidvalidity: int
    uidnext: int | None
    exists: int | None = None
    """How many messages it has, if known."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What the server says of one message. Nothing of it is needed to be true."""

    uid: int
    size: int
    received_at: datetime | None


class _Wire:
    """The socket under a connection and how many more bytes the present command may bring."""

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.left = SMALL_BYTES
        self.cut_off = False

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ImapError("the server sends more than it was asked for")

    def cut(self) -> None:
        """End it at once, from whatever thread: a read under way returns."""
        self.cut_off = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: it takes the TLS state away under the thread that reads.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _Imap(imaplib.IMAP4):
    """imaplib on a socket with keepalive, which counts what it reads before it reads it."""

    def __init__(self, wire: _Wire, address: ImapAddress, context: ssl.SSLContext | None) -> None:
        self._wire = wire
        self._context = context
        super().__init__(address.host, address.port, address.timeout.total_seconds())

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        self._wire.sock = sock
        if self._wire.cut_off:
            raise ImapError("the connection was given up while it was made")
        if self._context is not None:
            sock = self._context.wrap_socket(sock, server_hostname=self.host)
            self._wire.sock = sock
        return sock

    def read(self, size: int) -> bytes:
        self._wire.take(size)
        return super().read(size)

    def readline(self) -> bytes:
        line = super().readline()
        self._wire.take(len(line))
        return line


def _buffered(imap: _Imap) -> bool:
    """Whether something of the server has come that nobody has read yet. Does not wait."""
    timeout = imap.sock.gettimeout()
    imap.sock.setblocking(False)
    try:
        return bool(cast("io.BufferedReader", imap.file).peek(1))
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    finally:
        imap.sock.settimeout(timeout)


class _NothingBefore:
    """A TLS context for STARTTLS that first looks whether the server slipped anything in behind its OK (B-005)."""

    def __init__(self, context: ssl.SSLContext, imap: _Imap, wire: _Wire) -> None:
        self._context, self._imap, self._wire = context, imap, wire

    def wrap_socket(self, sock: socket.socket, server_hostname: str) -> ssl.SSLSocket:
        if _buffered(self._imap):
            raise ImapError("the server sent something in clear after it agreed to TLS")
        wrapped = self._context.wrap_socket(sock, server_hostname=server_hostname)
        self._wire.sock = wrapped
        return wrapped


class _Client(IMAPClient):  # type: ignore[misc]  # imapclient ships no types
    """imapclient on our own imaplib."""

    def __init__(self, wire: _Wire, address: ImapAddress, context: ssl.SSLContext | None) -> None:
        self._make: Callable[[], _Imap] = lambda: _Imap(wire, address, context)
        seconds = address.timeout.total_seconds()
        super().__init__(address.host, address.port, ssl=context is not None, timeout=SocketTimeout(seconds, seconds))
        self._imap.debug = 0  # imapclient turns on a trace that has the password in it

    def _create_IMAP4(self) -> _Imap:  # noqa: N802 - imapclient calls it so
        return self._make()


class ImapSession:
    """A connection that is logged in. Every method raises `ImapError` when the server fails us; then it is done for."""

    def __init__(self, client: Any, wire: _Wire, timeout: timedelta) -> None:  # noqa: ANN401 - imapclient ships no types
        self._client = client
        self._imap: _Imap = client._imap  # noqa: SLF001 - duplicates in a FETCH can only be seen below imapclient
        self._wire = wire
        self._timeout_s = timeout.total_seconds()

    @classmethod
    def connect(cls, address: ImapAddress, *, started: Callable[[Callable[[], None]], None] = lambda _: None) -> Self:
        """Connect, secure, log in. `started` is told how to cut the connection off while it is still being made.

        Raises:
            ImapError: it failed, or the server would have had us speak in clear, or the certificate is not good.
            CentralinoError: there is no token.
        """
        check(address)
        token = address.tokens.token() if address.tokens is not None else None
        logging.getLogger("imapclient").setLevel(logging.WARNING)
        wire = _Wire()
        started(wire.cut)
        with _asking(wire, f"connecting to {address.host}:{address.port}", address.timeout * 3):
            secure = None if address.tls == "none" else _trusting(address.ca_file)
            client = _Client(wire, address, secure if address.tls == "implicit" else None)
            try:
                _secure(client, address, wire, secure)
                log_in(client, address, token)
            except BaseException:
                wire.cut()
                _closed(client)
                raise
        return cls(client, wire, address.timeout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye if that is quickly possible."""
        if not self._wire.cut_off:
            with contextlib.suppress(ImapError), self._command("logging out", times=0.1):
                self._client.logout()
        self._wire.cut()
        _closed(self._client)

    def cut(self) -> None:
        """End it at once; may be called by another thread."""
        self._wire.cut()

    def can(self, capability: str) -> bool:
        """Whether the server offers this."""
        with self._command("CAPABILITY"):
            return bool(self._client.has_capability(capability))

    @property
    def can_idle(self) -> bool:
        """Whether the server offers to tell by itself (RFC 2177)."""
        return self.can("IDLE")

    def open(self, folder: str, *, writable: bool) -> Folder:
        """Open a folder, only to read unless `writable`."""
        if has_control(folder):
            raise ImapError("the name of the folder has control characters")
        with self._command(f"opening {folder}"):
            try:
                said = self._client.select_folder(folder, readonly=not writable)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise ImapFolderError(f"{imap_words.of_folder(folder, str(error))} ({shortened(error)})") from error
            uidvalidity, uidnext, exists = said.get(b"UIDVALIDITY"), said.get(b"UIDNEXT"), said.get(b"EXISTS")
        if not isinstance(uidvalidity, int) or uidvalidity <= 0:
            raise ImapError("the server gives the folder no UIDVALIDITY: its messages cannot be told apart")
        return Folder(
            uidvalidity,
            uidnext if isinstance(uidnext, int) else None,
            exists if isinstance(exists, int) else None,
        )

    def folders(self) -> list[str]:
        """The names of all folders that the user may see."""
        with self._command("LIST"):
            return sorted(str(name) for _, _, name in self._client.list_folders())

    def uids_after(self, uid: int, folder: Folder) -> list[int]:
        """The UIDs of messages after `uid` that are not marked as deleted, in order; of many only the first ones."""
        self._imap.untagged_responses.pop("EXISTS", None)
        low, window = uid + 1, WINDOW
        many = folder.exists is None or folder.exists > WINDOW
        while many and folder.uidnext is not None and folder.uidnext - low > window:
            found = self.uids_between(low, low + window)
            if found:
                return found
            low, window = low + window + 1, window * 2  # a server that lies about its numbers costs a few questions
        # RFC 3501 §6.4.8: `n:*` always has the last message in it, even when that is before n.
        return self.uids_between(low, None)

    def last_uid(self) -> int:
        """The highest UID that a message has, also one marked as deleted; 0 in an empty folder."""
        with self._command("UID SEARCH"):
            try:
                found = self._client.search(["UID", "*"])
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                found = self._by_flags("*", deleted=True)
        return max((uid for uid in found if isinstance(uid, int)), default=0)

    def uids_between(self, low: int, high: int | None, *, deleted: bool = False) -> list[int]:
        """The UIDs from `low` up to `high` (None: the last), in order; with `deleted` also those marked as deleted."""
        span = f"{low}:{'*' if high is None else high}"
        with self._command("UID SEARCH"):
            try:
                found = self._client.search(["UID", span] if deleted else ["UID", span, "UNDELETED"])
            except IMAPClientAbortError:
                raise
            except IMAPClientError:
                found = self._by_flags(span, deleted=deleted)
        top = float("inf") if high is None else high
        return sorted({uid for uid in found if isinstance(uid, int) and low <= uid <= top})

    def _by_flags(self, span: str, *, deleted: bool) -> list[int]:
        """The same by FETCH, for servers that cannot search."""
        said = self._fetched(span, "(UID FLAGS)")
        return [uid for uid, items in said if deleted or b"\\DELETED" not in _upper(items.get(b"FLAGS"))]

    def listed(self, uids: Sequence[int]) -> dict[int, Listed]:
        """What the server says of these messages; one that it does not answer for exactly once is not in the answer."""
        with self._command("UID FETCH of sizes"):
            said = self._fetched(_ids(uids), "(UID RFC822.SIZE INTERNALDATE)")
        sized = [(uid, items) for uid, items in said if isinstance(items.get(b"RFC822.SIZE"), int)]
        times = Counter(uid for uid, _ in sized)
        return {
            uid: Listed(uid, max(0, items[b"RFC822.SIZE"]), _instant(items.get(b"INTERNALDATE")))
            for uid, items in sized
            if uid in set(uids) and times[uid] == 1
        }

    def bodies(self, uids: Sequence[int], size: int) -> dict[int, bytes]:
        """The raw messages, left unread. One that did not come exactly once and as bytes is not in the answer."""
        with self._command("UID FETCH of messages", size=2 * size, times=FETCH_PATIENCE):
            said = self._fetched(_ids(uids), "(UID BODY.PEEK[])")
        return _once(said, b"BODY[]", uids)

    def piece(self, uid: int, offset: int, length: int) -> bytes | None:
        """Part of one raw message; empty beyond its end, None when it did not come exactly once and as bytes."""
        with self._command("UID FETCH of a part", size=2 * length, times=FETCH_PATIENCE):
            said = self._fetched(str(uid), f"(UID BODY.PEEK[]<{offset}.{length}>)")
        return _once(said, f"BODY[]<{offset}>".encode(), [uid]).get(uid)

    def flag_seen(self, uids: Sequence[int]) -> None:
        """Mark messages as seen."""
        with self._command("UID STORE"):
            self._client.add_flags(list(uids), [b"\\Seen"], silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move messages to another folder, by what the server can: MOVE, or COPY and an EXPUNGE of these alone.

        Raises:
            ImapFolderError: the server can neither, or refuses; the connection goes on and the messages stay.
            ImapError: the server fails us.
        """
        if has_control(folder):
            raise ImapError("the name of the folder has control characters")
        with self._command("moving messages"):
            try:
                self._moved(list(uids), folder)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as error:
                raise ImapFolderError(f"messages cannot be moved to {folder} ({shortened(error)})") from error

    def _moved(self, uids: list[int], folder: str) -> None:
        if self._client.has_capability("MOVE"):
            self._client.move(uids, folder)
        elif self._client.has_capability("UIDPLUS"):
            # Without UID EXPUNGE (RFC 4315) what others have marked as deleted would go with ours.
            self._client.copy(uids, folder)
            self._client.add_flags(uids, [b"\\Deleted"], silent=True)
            self._client.uid_expunge(uids)
        else:
            raise ImapFolderError("the server has neither MOVE nor UIDPLUS: messages stay where they are")

    def wait(self, for_s: float) -> bool:
        """Let the server tell (IDLE) for so many seconds; whether it told anything.

        What it told in the answer to another command since `uids_after` was asked, it does not tell again: that counts
        at once (RFC 3501 §7).
        """
        if self._imap.untagged_responses.pop("EXISTS", None):
            return True
        with self._command("IDLE", more_s=for_s):
            self._client.idle()
            # The library waits at the socket, past what came in one packet with the server's go-ahead.
            told = [()] if _buffered(self._imap) else self._client.idle_check(timeout=for_s)
            # Once the server has closed, the library answers BYE, and from then on nothing, at once, for ever. The end
            # of IDLE is a command of its own, and fails on a connection that is gone.
            if any(one and one[0] == b"BYE" for one in told):
                raise ImapError("the server said BYE")
            self._client.idle_done()
        return bool(told)

    def noop(self) -> None:
        """Ask for a sign of life."""
        with self._command("NOOP"):
            self._client.noop()

    @contextlib.contextmanager
    def _command(self, what: str, *, size: int = 0, times: float = 2, more_s: float = 0) -> Iterator[None]:
        self._wire.left = SMALL_BYTES + size
        with _asking(self._wire, what, timedelta(seconds=self._timeout_s * times + more_s)):
            yield

    def _fetched(self, ids: str, items: str) -> list[tuple[int, dict[bytes, Any]]]:
        """Every response of a FETCH in order, also the doubled ones that imapclient's own `fetch` would merge."""
        said, data = self._imap.uid("FETCH", ids, items)
        if said != "OK":
            raise ImapError("the server refuses FETCH")
        flat = parse_response(data)
        return [one for one in map(_response, flat[1::2]) if one is not None]


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _secure(client: Any, address: ImapAddress, wire: _Wire, secure: ssl.SSLContext | None) -> None:  # noqa: ANN401 - imapclient ships no types
    imap: _Imap = client._imap  # noqa: SLF001 - imapclient does not tell the state
    if imap.state != "NONAUTH":
        raise ImapError("the server greets us as somebody who has logged in already (PREAUTH)")
    if address.tls == "starttls" and secure is not None:
        if not client.has_capability("STARTTLS"):
            raise ImapError("the server does not offer STARTTLS; the password is not sent in clear")
        client.starttls(_NothingBefore(secure, imap, wire))
        imap.sock.settimeout(address.timeout.total_seconds())


@contextlib.contextmanager
def _asking(wire: _Wire, what: str, deadline: timedelta) -> Iterator[None]:
    """Do something with the server within a time; whatever the library makes of its answers is an `ImapError`."""
    timer = threading.Timer(max(0.5, deadline.total_seconds()), wire.cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except CentralinoError:
        raise
    except (Exception, RecursionError, MemoryError) as error:
        late = " (it took too long)" if wire.cut_off else ""
        meaning = imap_words.of_connection(error) or shortened(error)
        raise ImapError(f"{what} failed{late}: {meaning}") from error
    finally:
        timer.cancel()


def _closed(client: Any) -> None:  # noqa: ANN401 - imapclient ships no types
    with contextlib.suppress(Exception):
        client.shutdown()


def _ids(uids: Sequence[int]) -> str:
    return ",".join(str(int(uid)) for uid in uids)


def _response(items: object) -> tuple[int, dict[bytes, Any]] | None:
    """One FETCH response as UID and items; None when it has no UID (a change of flags that nobody asked for)."""
    if not isinstance(items, tuple):
        raise ImapError("the server answers FETCH with something that is none")
    found = {
        name.upper(): value for name, value in zip(items[::2], items[1::2], strict=False) if isinstance(name, bytes)
    }
    uid = found.get(b"UID")
    return (uid, found) if isinstance(uid, int) else None


def _once(said: list[tuple[int, dict[bytes, Any]]], name: bytes, uids: Sequence[int]) -> dict[int, bytes]:
    asked = set(uids)
    came = [(uid, items[name]) for uid, items in said if name in items and uid in asked]
    times = Counter(uid for uid, _ in came)
    return {uid: body for uid, body in came if times[uid] == 1 and isinstance(body, bytes)}


def _upper(flags: object) -> set[bytes]:
    return {flag.upper() for flag in flags if isinstance(flag, bytes)} if isinstance(flags, tuple) else set()


def _instant(stamp: object) -> datetime | None:
    """An INTERNALDATE as an instant in UTC; None when it is none."""
    if not isinstance(stamp, bytes):
        return None
    try:
        found: datetime = parse_to_datetime(stamp, normalise=False)
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError, TypeError):
        return None
