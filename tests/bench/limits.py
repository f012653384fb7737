"""What SQLite alone can do on this disk: rows that are on disk, with and without group commit."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

ROW_BYTES = 5_000


def group_commit(folder: Path, rows: int, *, batch: int) -> float:
    """Rows a second of 5 KB with a unique index, `batch` of them a commit, WAL, every commit synced."""
    path = folder / f"limit-{batch}.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE mail (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, raw BLOB NOT NULL)")
    values = [(f"{os.urandom(16).hex()}", os.urandom(ROW_BYTES)) for _ in range(rows)]
    began = time.perf_counter()
    for start in range(0, rows, batch):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO mail (key, raw) VALUES (?, ?)", values[start : start + batch])
        connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    path.unlink()
    return rows / took
