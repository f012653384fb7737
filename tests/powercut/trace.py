"""The log of system calls that strace writes, read into events, and events into a `Disk`.

strace stops each thread where a call begins and where it ends, so the order of its lines is an order in which things
happened: a 250 that leaves because a sync ended stands after the end of that sync.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.powercut.disk import Disk, File, Folder, Write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg")
SYNCS = ("fsync", "fdatasync")
NAMES = (
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
    "openat",
    "open",
    "creat",
)
SIZES = ("ftruncate", "fallocate", "lseek")
# Ways of writing that the replay does not know. None is used today; one that appears must not be overlooked.
UNKNOWN = ("msync", "sync_file_range", "copy_file_range", "sendfile", "splice", "link", "linkat", "io_uring_enter")
CALLS = (*WRITES, *SYNCS, *NAMES, *SIZES, *UNKNOWN)
STRACE = ("strace", "-f", "--seccomp-bpf", "-yy", "-xx", "-s", "2000000", "-e", "signal=none", "-e")

_LINE = re.compile(r"(\d+) +(?:<\.\.\. (\w+) resumed>)?(.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\(")
_RESULT = re.compile(r" = (-?\d+)(?:<((?:->|[^>])*)>)?[^=]*$")
_DESCRIPTOR = re.compile(r"\w+\((\d+)<((?:->|[^>])*)>(\(deleted\))?")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_BASE = re.compile(r'iov_base="((?:\\x[0-9a-f]{2})*)"')
_FOLDERS = re.compile(r"(?:AT_FDCWD|\d+)<((?:->|[^>])*)>")
_TAIL_NUMBERS = re.compile(r", (-?\d+)\)\s*$")
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_PEER = re.compile(r"TCP(?:v6)?:\[(.+):(\d+)->(.+):(\d+)\]")


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `began` and `ended` are places in the log; a call that never returned is not there."""

    thread: int
    name: str
    text: str
    began: int
    ended: int
    result: int
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Event:
    """A call begins or ends."""

    at: int
    call: Call
    begins: bool


def events(log: Path) -> Iterator[Event]:
    """The begin and end of every call that returned, in the order of the log."""
    begun: dict[int, tuple[int, str]] = {}
    found: list[Event] = []
    with log.open(encoding="ascii", errors="replace") as lines:
        for at, line in enumerate(lines):
            call = _call(at, line.rstrip("\n"), begun)
            if call is not None and call.result >= 0:
                found.append(Event(call.began, call, begins=True))
                found.append(Event(call.ended, call, begins=False))
    found.sort(key=lambda event: event.at)
    yield from found


def _call(at: int, line: str, begun: dict[int, tuple[int, str]]) -> Call | None:
    match = _LINE.match(line)
    if match is None:
        return None
    thread, resumed, text = int(match[1]), match[2], match[3]
    began = at
    if resumed and thread in begun:
        began, head = begun.pop(thread)
        text = head + text
    if text.endswith("<unfinished ...>"):
        begun[thread] = (began, text.removesuffix("<unfinished ...>").rstrip())
        return None
    name, result = _CALL.match(text), _RESULT.search(text)
    if name is None or result is None:
        return None
    descriptor = _DESCRIPTOR.match(text)
    path = _plain(descriptor[2]) if descriptor and not descriptor[3] else ""
    target = _plain(result[2]) if result[2] else ""
    return Call(thread, name[1], text[: result.start()], began, at, int(result[1]), path, target)


def _plain(text: str) -> str:
    hexadecimal = _HEX.match(text)  # a device has a remark behind its path
    return _bytes(hexadecimal[0]).decode("utf-8", "surrogateescape") if hexadecimal else text


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


# --------------------------------------------------------------------------------------------------------------- replay


class Replay:
    """Plays events onto a disk, and notes where in the log each client got the answer after its final dot."""

    def __init__(self, root: str, port: int) -> None:
        self.disk = Disk(root)
        self.unknown: set[str] = set()
        self._port = str(port)
        self._positions: dict[tuple[str, int], int] = {}
        self._syncs: dict[int, tuple[File | Folder, int, dict[str, File | Folder]]] = {}
        self._data: set[int] = set()

    def play(self, event: Event) -> int | None:
        """One event; the client's port when a 250 for a mail begins to leave with it."""
        call = event.call
        if call.name in WRITES and call.path.startswith("TCP"):
            return self._answer(call) if event.begins else None
        if call.name in SYNCS:
            self._sync(call, begins=event.begins)
        elif not event.begins:
            self._end(call)
        return None

    def matters(self, event: Event) -> bool:
        """Whether something about the folder or an answer happens here: a place to cut."""
        call = event.call
        return (
            call.path in self.disk
            or call.target in self.disk
            or call.path.startswith("TCP")
            or any(path in self.disk for path in _paths(call))
        )

    def _answer(self, call: Call) -> int | None:
        peer = _PEER.match(call.path)
        if peer is None or peer[2] != self._port:
            return None
        client, said = int(peer[4]), _data(call)
        if said.startswith(b"354"):
            self._data.add(client)
        elif client in self._data and said.startswith(b"250"):
            self._data.discard(client)
            return client
        elif said.startswith(b"220"):
            self._data.discard(client)
        return None

    def _sync(self, call: Call, *, begins: bool) -> None:
        if call.path not in self.disk:
            return
        if begins:
            found = self.disk.find(call.path)
            if isinstance(found, File):
                self._syncs[call.thread] = (found, found.mark(), {})
            elif isinstance(found, Folder):
                self._syncs[call.thread] = (found, 0, dict(found.names))
            return
        syncing = self._syncs.pop(call.thread, None)
        if syncing is None:
            return
        found, mark, names = syncing
        if isinstance(found, File):
            found.sync(mark)
        else:
            found.synced = names

    def _end(self, call: Call) -> None:
        if call.name in NAMES:
            self._names(call)
        elif call.path in self.disk and not call.path.endswith("-shm"):
            if call.name in WRITES:
                self._write(call)
            elif call.name in SIZES:
                self._size(call)
            elif call.name in UNKNOWN:
                self.unknown.add(call.name)

    def _write(self, call: Call) -> None:
        data = _data(call)[: call.result]
        key = (call.path, 0)
        if call.name.startswith("p"):
            offset = _last_number(call)
        else:
            offset = self._positions.get(key, 0)
            self._positions[key] = offset + len(data)
        self.disk.file(call.path).waiting.append(Write(offset, data))

    def _size(self, call: Call) -> None:
        if call.name == "ftruncate":
            self.disk.file(call.path).waiting.append(Write(size=_last_number(call)))
        elif call.name == "lseek":
            self._positions[(call.path, 0)] = call.result

    def _names(self, call: Call) -> None:
        paths = _paths(call)
        if call.name in ("openat", "open", "creat"):
            self._open(call)
        elif not paths or paths[0] not in self.disk:
            return
        elif call.name.startswith("rename"):
            self.disk.rename(paths[0], paths[1])
        elif call.name.startswith("mkdir"):
            self.disk.make_folder(paths[0])
        else:
            self.disk.remove(paths[0])

    def _open(self, call: Call) -> None:
        if call.target not in self.disk or not ("O_CREAT" in call.text or "O_TRUNC" in call.text):
            return
        self._positions[(call.target, 0)] = 0
        file = self.disk.file(call.target)
        if "O_TRUNC" in call.text:
            file.waiting.append(Write(size=0))


def _data(call: Call) -> bytes:
    bases = _BASE.findall(call.text)
    if bases:
        return b"".join(_bytes(base) for base in bases)
    found = _STRING.search(call.text)
    return _bytes(found[1]) if found else b""


def _last_number(call: Call) -> int:
    found = _TAIL_NUMBERS.search(call.text)
    return int(found[1]) if found else 0


def _paths(call: Call) -> list[str]:
    """The paths that a call names, absolute; relative ones are below the folder given in front of them."""
    if call.name not in NAMES:
        return []
    names = [_bytes(text).decode("utf-8", "surrogateescape") for text in _STRING.findall(call.text)]
    folders = [_plain(text) for text in _FOLDERS.findall(call.text)]
    return [
        name if name.startswith("/") else f"{folders[min(place, len(folders) - 1)]}/{name}" if folders else name
        for place, name in enumerate(names)
    ]
