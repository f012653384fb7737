"""The demo tries itself out as a site does (`[probe]`, C-57): a contract of its own, a telephone that says OK."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.store import migrate, open_store
from gateway.probing import BORN, NEXT, PROBE
from gateway.silences import NEVER

if TYPE_CHECKING:
    from datetime import datetime

CONTRACT = "prova"
PERSON = "sonda"
NUMBER = "+393330000299"
FIRST_AFTER = timedelta(seconds=30)
_PERSON = f"""
[[person]] # the telephone of [probe], which answers by itself
id = "{PERSON}"
name = "Sonda"
role = "telefono del controllo automatico"
mobile = "{NUMBER}"
contracts = ["{CONTRACT}"]
"""
_DUTY = f"""
[[on_call]]
contract = "{CONTRACT}"
fallback = "{PERSON}"
supervisor = "{PERSON}"

[[rotation]]
contract = "{CONTRACT}"
name = "{PERSON}"
people = ["{PERSON}"]
starts = 2025-01-01T00:00:00
every_days = 7
"""


def add_to(folder: Path) -> None:
    """The contract, its person and its duty, in a demo's folder."""
    shutil.copyfile(Path(__file__).parent / f"{CONTRACT}.toml", _contract(folder))
    for name, text in (("people.toml", _PERSON), ("roster.toml", _DUTY)):
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def settings_for(folder: Path) -> str:
    """The section of `gateway.toml`; nothing in a folder that was made before there was a probe.

    The clock of a demo is moved while a probe is under way, so it is given more time than a real one.
    """
    if not _contract(folder).exists():
        return ""
    return f"""
[probe]
contract = "{CONTRACT}"
number = "{NUMBER}" # a stand-in telephone that answers OK and the code
every = "10m"
within = "2h"
"""


def begin_later(folder: Path, database: str, at: datetime) -> None:
    """A new demo's first tickets are the sample's: the first probe comes after them."""
    migrate(database)
    store = open_store(database, folder / "blobs", threaded=False)
    facts = {BORN: at.isoformat(), NEXT: (at + FIRST_AFTER).isoformat()}
    try:
        store.write(lambda tx: tx.set_timer(PROBE, 0, NEVER, facts))
    finally:
        store.close()


def _contract(folder: Path) -> Path:
    return folder / "contracts" / f"{CONTRACT}.toml"
