"""A disk that has just lost its power: only what was synced is there (PROMISES F22, C-04).

Fed with system calls in order. A file's bytes count after fsync or fdatasync of that file, and only those written
before the sync began; a name in a folder (created, renamed, removed) counts after fsync of the folder. `contents`
answers with what a restart would find. With a `chance`, some of the unsynced writes and names are there as well, as
they may be on a real disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator


@dataclass(slots=True)
class Write:
    """Bytes at an offset; `size` instead of `data` when the file was cut or grown to a size."""

    offset: int = 0
    data: bytes = b""
    size: int | None = None

    def apply(self, to: bytearray) -> None:
        if self.size is not None:
            if self.size < len(to):
                del to[self.size :]
            else:
                to.extend(bytes(self.size - len(to)))
            return
        end = self.offset + len(self.data)
        if len(to) < self.offset:
            to.extend(bytes(self.offset - len(to)))
        to[self.offset : end] = self.data


@dataclass(slots=True, eq=False)
class File:
    """The bytes on the plates, and the writes that are not there yet. `forgotten` counts those that got there."""

    synced: bytearray = field(default_factory=bytearray)
    waiting: list[Write] = field(default_factory=list)
    forgotten: int = 0

    def mark(self) -> int:
        """Where a sync that begins now will end."""
        return self.forgotten + len(self.waiting)

    def sync(self, mark: int) -> None:
        count = max(0, mark - self.forgotten)
        for write in self.waiting[:count]:
            write.apply(self.synced)
        del self.waiting[:count]
        self.forgotten += count

    def bytes_after(self, chance: random.Random | None) -> bytes:
        if chance is None or not self.waiting:
            return bytes(self.synced)
        some = bytearray(self.synced)
        for write in self.waiting:
            if chance.random() < 1 / 2:
                write.apply(some)
        return bytes(some)


@dataclass(slots=True, eq=False)
class Folder:
    """The names as programs see them, and as they are on the plates."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    synced: dict[str, File | Folder] = field(default_factory=dict)

    def names_after(self, chance: random.Random | None) -> dict[str, File | Folder]:
        return self.names if chance is not None and chance.random() < 1 / 2 else self.synced


class Disk:
    """Everything under one folder, which itself is on the plates from the start."""

    def __init__(self, root: str) -> None:
        self._root = PurePosixPath(root)
        self._top = Folder()

    def __contains__(self, path: str) -> bool:
        return PurePosixPath(path).is_relative_to(self._root)

    def find(self, path: str) -> File | Folder | None:
        """What programs see under this path."""
        found: File | Folder | None = self._top
        for part in PurePosixPath(path).relative_to(self._root).parts:
            found = found.names.get(part) if isinstance(found, Folder) else None
        return found

    def file(self, path: str) -> File:
        """The file there, made when there is none."""
        folder, name = self._parent(path)
        found = folder.names.get(name)
        if not isinstance(found, File):
            found = folder.names[name] = File()
        return found

    def make_folder(self, path: str) -> None:
        folder, name = self._parent(path)
        folder.names.setdefault(name, Folder())

    def rename(self, old: str, new: str) -> None:
        folder, name = self._parent(old)
        moved = folder.names.pop(name, None)
        if moved is not None:
            to, new_name = self._parent(new)
            to.names[new_name] = moved

    def remove(self, path: str) -> None:
        folder, name = self._parent(path)
        folder.names.pop(name, None)

    def contents(self, chance: random.Random | None = None) -> Iterator[tuple[str, bytes | None]]:
        """Path below the root and bytes of each file that a restart would find; None for a folder, before its files."""
        yield from _contents(self._top, "", chance)

    def _parent(self, path: str) -> tuple[Folder, str]:
        parts = PurePosixPath(path).relative_to(self._root).parts
        folder = self._top
        for part in parts[:-1]:
            below = folder.names.setdefault(part, Folder())
            if isinstance(below, File):
                raise NotADirectoryError(path)
            folder = below
        return folder, parts[-1]


def _contents(folder: Folder, path: str, chance: random.Random | None) -> Iterator[tuple[str, bytes | None]]:
    for name, found in folder.names_after(chance).items():
        below = f"{path}{name}"
        if isinstance(found, File):
            yield below, found.bytes_after(chance)
        else:
            yield below, None
            yield from _contents(found, f"{below}/", chance)
