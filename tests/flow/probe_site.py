"""The test contract of [probe] put beside the shipped ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from config.compose import rules_of
from config.load import load
from tests.flow.station import Station

GOLDEN = Path(__file__).parents[1] / "golden" / "probe" / "prova.toml"
PROBE_NUMBER = "+393330000299"
PROBE_MAIL = "prova@sonda.example"
OUR_NUMBER = "+393330000200"
PERSON = f"""
[[person]]
id = "sonda"
name = "Sonda"
role = "telefono della prova"
mobile = "{PROBE_NUMBER}"
contracts = ["prova"]
"""
DUTY = """
[[on_call]]
contract = "prova"
fallback = "sonda"
supervisor = "sonda"

[[rotation]]
contract = "prova"
name = "sonda"
people = ["sonda"]
starts = 2025-01-01T00:00:00
every_days = 7
"""
SETTINGS = f"""
[probe]
contract = "prova"
number = "{PROBE_NUMBER}"
every = "15m"
"""
TWILIO = f"""
[twilio]
account_sid = "AC{"0" * 32}"
auth_token = {{file = "signing.key"}}
number = "{OUR_NUMBER}"
"""


def add_probe(folder: Path, *, duty: str = DUTY, person: str = PERSON, settings: str = SETTINGS) -> Path:
    """Write the contract, its person, its roster and the setting; gives the path of gateway.toml."""
    shutil.copy(GOLDEN, folder / "contracts")
    for name, text in (("people.toml", person), ("roster.toml", duty), ("gateway.toml", settings)):
        path = folder / name
        path.write_text(path.read_text() + text)
    return folder / "gateway.toml"


def with_probe(station: Station, folder: Path) -> None:
    """The station goes on under rules that have the test contract, as after a reload."""
    path = add_probe(folder, settings=SETTINGS + TWILIO)
    station.site = load(path)
    station.gw.rules = rules_of(station.site)
