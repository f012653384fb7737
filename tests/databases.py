"""The databases that the store's tests run on: a SQLite file, and a PostgreSQL server of our own.

The server is started from what Debian's package installs, with a folder, a socket and a port of its own, as somebody
who is not root, and goes away with the test run. Nothing of an existing server is touched.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

_ROOT = 0
_MEMORY, _PLENTY_BYTES = Path("/dev/shm"), 8 * 2**30  # noqa: S108 - a folder of its own is made inside


def postgres_bin() -> Path | None:
    """The newest PostgreSQL server on this machine, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else None


class PostgresServer:
    """A server for one test run; `database()` makes a fresh database on it."""

    def __init__(self, folder: Path, port: int, binaries: Path) -> None:
        self.folder = folder
        self.port = port
        self._binaries = binaries

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://centralino@/{database}?host={self.folder}&port={self.port}"

    def database(self, template: str = "template1") -> str:
        """The address of a new database: empty, or a copy of `template`."""
        name = f"t{secrets.token_hex(6)}"
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        engine.dispose()
        return self.url(name)

    def control(self, *what: str) -> None:
        """Run pg_ctl: `start`, `stop -m immediate` and so on."""
        # What a test leaves need not outlive the machine; a server that is killed loses nothing by this.
        options = f"-k {self.folder} -p {self.port} -c listen_addresses= -c max_connections=100"
        options += " -c fsync=off -c full_page_writes=off"
        command: list[str | Path] = [
            self._binaries / "pg_ctl",
            "-D",
            self.folder / "data",
            "-w",
            "-l",
            self.folder / "log",
        ]
        start = ["-o", options] if what[0] in ("start", "restart") else []
        _run(*command, *start, *what)


@contextlib.contextmanager
def postgres_server(binaries: Path) -> Iterator[PostgresServer]:
    # A socket's path must be short: not pytest's own folder.
    folder = Path(tempfile.mkdtemp(prefix="centralino-pg-", dir=_place()))
    user, group = _somebody()
    if user is not None and group is not None:
        os.chown(folder, user, group)
    settings = ("-U", "centralino", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    _run(binaries / "initdb", "-D", folder / "data", *settings)
    server = PostgresServer(folder, _free_port(), binaries)
    server.control("start")
    try:
        yield server
    finally:
        server.control("stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    """In memory where there is plenty of it: each database is three hundred files, to be made and to be deleted."""
    has_plenty = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _PLENTY_BYTES
    return _MEMORY if has_plenty else Path("/tmp")  # noqa: S108 - as above


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(*command: str | Path) -> None:
    user, group = _somebody()
    quiet = subprocess.DEVNULL
    others = None if user is None else ()
    subprocess.run(command, check=True, timeout=60, stdout=quiet, cwd="/", user=user, group=group, extra_groups=others)


def _somebody() -> tuple[int | None, int | None]:
    """As whom to run the server, which refuses root: user and group, or nobody else."""
    if os.geteuid() != _ROOT:
        return None, None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    return None, None
