"""A database in which so many tickets lie, made by the gateway's own flow and kept for the next run."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from adapters.smtp.arrivals import Delivery, arrival
from adapters.store import migrate
from config.compose import gateway_of, store_of
from config.load import load
from gateway import flow
from gateway.ports import Gateway
from tests.bench.installation import installation
from tests.bench.mails import RECIPIENT, Letter, letters
from tests.bench.processes import ROOT

TEMPLATES = 500
AT_A_TIME = 250
SEED = 0x57


def stored(count: int) -> Path:
    """The file of a database with `count` tickets, each acknowledged; made when it is not there."""
    place = Path(tempfile.gettempdir()) / f"centralino-bench-{_fingerprint()}"
    path = place / f"{count}-tickets.db"
    if not path.exists():
        place.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=place) as folder:
            _make(Path(folder), count)
            _settle(Path(folder) / "centralino.db")
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
    site = load(installation(folder), today=datetime.now(UTC).date())
    migrate(site.settings.database.address)
    store = store_of(site.settings, threaded=True)
    gateway, reader = gateway_of(site, store)
    templates = letters(SEED, TEMPLATES)
    try:
        for start in range(0, count, AT_A_TIME):
            numbers = range(start, min(start + AT_A_TIME, count))
            _keep(gateway, [_copy(templates[number % TEMPLATES], number) for number in numbers])
            if start % 10_000 == 0:
                print(f"preparing {count} tickets: {start}", file=sys.stderr)
    finally:
        store.close()
        reader.close()


def _copy(template: Letter, number: int) -> Letter:
    """The same mail by somebody else."""
    old = template.sender.partition("@")[0].removeprefix("utente.")
    new = f"s{number}"
    return Letter(template.sender.replace(old, new), template.data.replace(old.encode(), new.encode()))


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


def _settle(path: Path) -> None:
    """Their acknowledgements have left, or the daemon would send them all."""
    connection = sqlite3.connect(path)
    connection.execute("UPDATE dispatch SET state = 'sent', wake_at = NULL, attempts = 1, sent_at = created_at")
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
