"""The content-addressed folder for what is too big for the database: a file named by the SHA-256 of its bytes.

The order is: file written and synced, renamed, folder synced, and only then the row that refers to it. A crash leaves
at most a file that no row knows, never a row without its file (PROMISES C-58).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

MAX_IN_DATABASE_BYTES = 256 * 1024
"""Up to this size raw bytes lie in the database: one sync instead of two."""


class BlobFolder:
    """Where big bytes lie. Keeping the same bytes twice keeps them once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the bytes with this SHA-256 (hex) lie, or would lie."""
        return self.folder / sha256[:2] / sha256

    def keep(self, sha256: str, raw: bytes) -> None:
        """Keep `raw` under its SHA-256; it is on disk, folder entry included, when this returns.

        Raises:
            OSError: the disk refused; nothing refers to what was written.
        """
        path = self.path(sha256)
        self._make(path.parent)
        if path.exists() and path.stat().st_size == len(raw):
            # Perhaps the process that renamed it was killed before it synced the folder.
            _sync(path)
        else:
            part = path.with_name(f".{sha256}.{secrets.token_hex(4)}.part")
            try:
                _write(part, raw)
                part.replace(path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        _sync(path.parent)

    def read(self, sha256: str) -> bytes:
        """The bytes kept under this SHA-256.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        return self.path(sha256).read_bytes()

    def names(self) -> Iterator[str]:
        """The SHA-256 of everything kept, in no order: what a sweep for files without a row compares."""
        for path in self.folder.glob("??/*"):
            if not path.name.startswith("."):
                yield path.name

    def _make(self, shard: Path) -> None:
        if not shard.is_dir():
            missing = [shard, *(parent for parent in shard.parents if not parent.is_dir())]
            shard.mkdir(parents=True, exist_ok=True)
            for made in missing:
                _sync(made.parent)


def _write(path: Path, raw: bytes) -> None:
    with path.open("xb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
