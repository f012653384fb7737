r"""Stand-in mailboxes: an IMAP server on loopback, in memory, into which the demo and rehearsals deliver mail.

It promises what the gateway relies on: the exact bytes, a steady order, new mail told at once to whoever idles, and a
UIDVALIDITY that grows with every start. Everything else of IMAP is left out: see `imap_connection`.

Why a server of our own: the one library with a server in memory (pymap 0.36) loses the last byte of a mail that has no
empty line, and tells an idling client of a mail that came just before it began to wait only when the next one comes.

    with Mailboxes({"assistenza": "secret"}, clock) as mailboxes:
        mailboxes.deliver("assistenza", raw)        # the gateway collects from 127.0.0.1, mailboxes.port, tls = none
        mailboxes.messages("assistenza")[0].flags   # {"\\Seen"} once it is taken
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from adapters.rehearsal.imap_connection import Connection, Owner
from adapters.rehearsal.imap_folders import Folder, folder_name
from adapters.rehearsal.records import Clock

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
MAX_LINE_BYTES = 1_048_576  # a client may name tens of thousands of UIDs at once
_EPOCH_S = 1_704_067_200  # 2024-01-01


@dataclass(frozen=True, slots=True)
class BoxedMail:
    """A mail as it lies in its folder at this moment. `at` is its INTERNALDATE, in UTC."""

    uid: int
    raw: bytes
    at: datetime
    flags: frozenset[str]


class Mailboxes:
    r"""IMAP for these users (user -> password), each with an INBOX. A context manager; `start` and `stop` do the same.

    Mail stays over `stop` and `start` on the same object, and so does the port; the UIDVALIDITY does not. `port` 0
    picks a free one. Passwords travel in clear: for this machine only.
    """

    def __init__(self, users: Mapping[str, str], clock: Clock, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._owners = {user: Owner(password, {"INBOX": Folder()}) for user, password in users.items()}
        self._now = clock
        self._host = host
        self.port = port
        self.uidvalidity = 0
        self._lock = threading.Lock()
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._enough = asyncio.Event()
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None

    # ------------------------------------------------------------------------------------------------------------ mail

    def deliver(self, user: str, raw: bytes, at: datetime | None = None, folder: str = "INBOX") -> int:
        """Put a mail there, byte for byte, and tell idling clients. The answer is its UID.

        May be called from any thread, also while the server is stopped. A folder that is not there is made; names are
        as they travel (beyond ASCII: modified UTF-7).

        Raises:
            KeyError: there is no such user.
            ValueError: `at` has no time zone, or the folder's name is not printable ASCII.
        """
        at = at or self._now()
        if at.tzinfo is None:
            raise ValueError("at needs a time zone")
        kept = self._folder(user, folder).add(raw, at)
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it stopped meanwhile: clients see the mail when it is back
                loop.call_soon_threadsafe(self._tell)
        return kept.uid

    def messages(self, user: str, folder: str = "INBOX") -> list[BoxedMail]:
        """What lies there now, in the order it came.

        Raises:
            KeyError: there is no such user.
        """
        found = self._owners[user].folders.get(folder_name(folder))
        return [BoxedMail(one.uid, one.raw, one.at, one.flags) for one in (list(found.messages) if found else [])]

    def clear(self) -> None:
        """Forget all mail, as after a reinstallation: clients are cut off and find another UIDVALIDITY."""
        running = self._loop is not None
        self.stop()
        with self._lock:
            for owner in self._owners.values():
                owner.folders.clear()
                owner.folders["INBOX"] = Folder()
        if running:
            self.start()

    def _folder(self, user: str, name: str) -> Folder:
        if not (name and name.isascii() and name.isprintable()) or set(name) & set('"\\*%'):
            raise ValueError("a folder's name is printable ASCII without quotes and wildcards")
        with self._lock:
            return self._owners[user].folders.setdefault(folder_name(name), Folder())

    # ---------------------------------------------------------------------------------------------------------- running

    def start(self) -> Self:
        """Listen. Afterwards `port` is known.

        Raises:
            OSError: the port is taken.
            TimeoutError: the server did not come up.
        """
        self._ready.clear()
        self._failure = None
        self.uidvalidity = _uidvalidity(after=self.uidvalidity)
        self._thread = threading.Thread(target=self._run, name="mailboxes", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_TIMEOUT_S):
            raise TimeoutError(f"the mailboxes did not open within {START_TIMEOUT_S} s")
        if self._failure is not None:
            raise self._failure
        return self

    def stop(self) -> None:
        """Say BYE to every client and wait for the thread."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(self._enough.set)
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as failure:  # noqa: BLE001 - handed to whoever called start()
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._enough = asyncio.Event()
        server = await asyncio.start_server(self._welcome, self._host, self.port, limit=MAX_LINE_BYTES)
        self.port = server.sockets[0].getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._ready.set()
        await self._enough.wait()
        server.close()
        clients = list(self._connections.values())
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self._owners, self.uidvalidity, reader, writer)
        task = asyncio.create_task(connection.serve())
        self._connections[connection] = task
        task.add_done_callback(lambda _: self._connections.pop(connection))

    def _tell(self) -> None:
        for connection in self._connections:
            connection.news.set()


def _uidvalidity(*, after: int) -> int:
    """Larger than at any start before, also of other processes (RFC 3501 §2.3.1.1); 32 bits are enough until 2041.

    From the real clock, in eighths of a second: a rehearsed clock may stand still.
    """
    return max(after + 1, int((time.time() - _EPOCH_S) * 8))
