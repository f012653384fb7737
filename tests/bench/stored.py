"""A database in which so many tickets lie, kept for the next run.

The first `BASE` are made by the gateway's own flow; the others are copies of their rows with numbers, senders, keys and
register chains of their own, so that every index is as full and every chain as valid as in life.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from adapters.smtp.arrivals import Delivery, arrival
from adapters.store import migrate
from config.compose import gateway_of, store_of
from config.load import load
from config.logs import configure
from gateway import flow
from gateway.domain.register import GENESIS, Entry, with_hash
from gateway.ports import Gateway
from tests.bench.installation import installation
from tests.bench.mails import RECIPIENT, Letter, letters
from tests.bench.processes import ROOT

BASE = 250
AT_A_TIME = 250
SEED = 0x57


def stored(count: int) -> Path:
    """The file of a database with `count` tickets, each acknowledged; made when it is not there."""
    place = Path(tempfile.gettempdir()) / f"centralino-bench-{_fingerprint()}"
    path = place / f"{count}-tickets.db"
    if not path.exists():
        place.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=place) as folder:
            _make(Path(folder), min(count, BASE))
            _settle(Path(folder) / "centralino.db", count)
            shutil.move(Path(folder) / "centralino.db", path)
    return path


def is_stored(count: int) -> bool:
    """Whether it need not be made."""
    return (Path(tempfile.gettempdir()) / f"centralino-bench-{_fingerprint()}" / f"{count}-tickets.db").exists()


def _fingerprint() -> str:
    """Another schema is another database."""
    scripts = sorted((ROOT / "adapters/store/migrations/versions").glob("*.py"))
    return sha256(b"".join(script.read_bytes() for script in scripts)).hexdigest()[:12]


def _make(folder: Path, count: int) -> None:
    configure(level=logging.ERROR)
    site = load(installation(folder), today=datetime.now(UTC).date())
    migrate(site.settings.database.address)
    store = store_of(site.settings, threaded=True)
    gateway, reader = gateway_of(site, store)
    mails = letters(SEED, count)
    try:
        _keep(gateway, mails)
    finally:
        store.close()
        reader.close()


def _keep(gateway: Gateway, mails: list[Letter]) -> None:
    waiting = []
    for mail in mails:
        raw = mail.data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
        delivery = Delivery(
            mail.sender, (RECIPIENT,), raw, "192.0.2.1", "posta.example", "", False, gateway.clock.now()
        )
        waiting.append(flow.accept(gateway, arrival(delivery)))
    for future in waiting:
        future.result()
    while flow.file_next(gateway, limit=AT_A_TIME):
        pass


def _settle(path: Path, count: int) -> None:
    """Their acknowledgements have left, or the daemon would send them all; then the copies."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE dispatch SET state = 'sent', wake_at = NULL, attempts = 1, sent_at = created_at")
    register = connection.execute("SELECT * FROM entry ORDER BY chain, seq").fetchall()
    for copy in range(1, count // BASE if count > BASE else 1):
        for table, changed in _SHIFTED.items():
            _copied(connection, table, changed, {"by": copy * BASE, "copy": copy})
        _chained(connection, register, copy * BASE)
        if copy % COPIES_SHOWN == 0:
            print(f"preparing {count} tickets: {copy * BASE}", file=sys.stderr)
    connection.execute("UPDATE counter SET value = value * :times", {"times": max(1, count // BASE)})
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _copied(connection: sqlite3.Connection, table: str, changed: dict[str, str], values: dict[str, int]) -> None:
    """The first `BASE` tickets' rows of a table once more, with what must differ changed."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    into = ", ".join(f'"{name}"' for name in names)
    what = ", ".join(changed.get(name, f'"{name}"') for name in names)
    # Every name in it is one of our own tables and columns.
    question = f"INSERT INTO {table} ({into}) SELECT {what} FROM {table} WHERE {_FIRST[table]}"  # noqa: S608 - as said
    connection.execute(question, values)


def _chained(connection: sqlite3.Connection, register: list[tuple[Any, ...]], by: int) -> None:
    """The register of the copies: the same happenings in chains of their own."""
    entries = []
    heads: dict[str, tuple[int, str]] = {}
    for chain, seq, at, kind, who, clause, data, commitments, _, _ in register:
        name = str(int(chain) + by)
        previous = heads[name][1] if name in heads else GENESIS
        instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
        entry = with_hash(
            Entry(name, seq, instant, kind, who, clause, json.loads(data), json.loads(commitments), previous, "")
        )
        heads[name] = (seq, entry.hash)
        entries.append((name, seq, at, kind, who, clause, data, commitments, previous, entry.hash))
    chains = [(name, length, head) for name, (length, head) in heads.items()]
    connection.executemany("INSERT INTO chain (name, length, head, sealed) VALUES (?, ?, ?, 0)", chains)
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", entries)
    _copied(connection, "personal", {"chain": "CAST(chain AS INTEGER) + :by"}, {"by": by})


COPIES_SHOWN = 40
_WHO = "'k' || :copy || '.' || "
_SHIFTED: dict[str, dict[str, str]] = {
    "intake": {"id": "id + :by", "sender": f"{_WHO}sender", "sha256": "lower(hex(randomblob(32)))"},
    "intake_raw": {"intake": "intake + :by"},
    "repeat": {"key": "'smtp:' || lower(hex(randomblob(32)))", "intake": "intake + :by"},
    "content": {"content_key": "lower(hex(randomblob(32)))", "intake": "intake + :by"},
    "ticket": {"number": "number + :by", "address_key": f"{_WHO}address_key", "search": f"{_WHO}search"},
    "dispatch": {
        "id": "id + :by",
        "key": "lower(hex(randomblob(16)))",
        "to": f'{_WHO}"to"',
        "to_key": f"{_WHO}to_key",
        "ticket": "ticket + :by",
    },
    "message": {
        "id": "id + 2 * :by",
        "ticket": "ticket + :by",
        "intake": "intake + :by",
        "dispatch": "dispatch + :by",
        "sender": f"{_WHO}sender",
    },
}
_OF_THE_FIRST = f"(SELECT min(number) FROM ticket) + {BASE}"  # noqa: S608 - a number of our own
_FIRST = {
    "intake": f"id <= {BASE}",
    "intake_raw": f"intake <= {BASE}",
    "repeat": f"intake <= {BASE}",
    "content": f"intake <= {BASE}",
    "ticket": f"number < {_OF_THE_FIRST}",
    "dispatch": f"id <= {BASE}",
    "message": f"id <= 2 * {BASE}",
    "personal": f"chain IN (SELECT CAST(number AS TEXT) FROM ticket WHERE number < {_OF_THE_FIRST})",  # noqa: S608 - as above
}
"""Which rows belong to the first tickets; each has one dispatch and two messages."""
