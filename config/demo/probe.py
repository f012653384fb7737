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


SETTINGS = f"""
[probe]
contract = "{CONTRACT}"
number = "{NUMBER}" # a stand-in telephone that answers OK and the code
every = "10m"
within = "2h"
"""
"""The clock of a demo is moved while a probe is under way, so it is given more time than a real one."""


def add_to(folder: Path) -> None:
    """The contract, its person and its duty, in a demo's folder where they are not there yet.

    Whoever rehearses a contract of their own puts their people and roster there, and need not know of the probe.
    """
    shutil.copyfile(Path(__file__).parent / f"{CONTRACT}.toml", folder / "contracts" / f"{CONTRACT}.toml")
    for name, text in (("people.toml", _PERSON), ("roster.toml", _DUTY)):
        path = folder / name
        found = path.read_text(encoding="utf-8")
        if f'"{PERSON}"' not in found:
            path.write_text(found + text, encoding="utf-8")


def begin_later(folder: Path, database: str, at: datetime) -> None:
    """A new demo's first tickets are the sample's: the first probe comes after them."""
    migrate(database)
    store = open_store(database, folder / "blobs", threaded=False)
    facts = {BORN: at.isoformat(), NEXT: (at + FIRST_AFTER).isoformat()}
    try:
        store.write(lambda tx: tx.set_timer(PROBE, 0, NEVER, facts))
    finally:
        store.close()
