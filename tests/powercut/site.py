"""The site that is killed: the shipped contracts of two clients in a folder of its own, at night, with stand-ins.

Night, because then every request for c02 also wakes somebody: the pages are part of what must not be lost or doubled.
"""

from __future__ import annotations

import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from config.compose import shipped
from gateway.domain.hours import ROME, local

if TYPE_CHECKING:
    from adapters.rehearsal import Rehearsal

COMUNE, PARCHEGGI = "c02-comune", "c04-phonzie"
ADDRESSES = {COMUNE: "assistenza@comune.example", PARCHEGGI: "assistenza@parcheggi.example"}
ACCOUNT = "AC" + "e" * 32
TOKEN = "a token that only this run knows"
GATEWAY_NUMBER = "+393330000200"
SATURDAY = 5
NIGHT = time(22, 10)

SETTINGS = """\
[gateway]
name = "Centralino"
default_contract = "c02-comune"
page_gives_up_after = "7d"  # the clock jumps over the leases of the dead: no page is to be told that it is old

[database]
url = "{database}"

[smtp]
listen = "127.0.0.1:{smtp}"

[http]
listen = "{http}"
public_url = "http://127.0.0.1:{http_port}"

[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
from = "assistenza@comune.example"

[twilio]
account_sid = "{account}"
auth_token = {{file = "carrier.token"}}
api_url = "{carrier}"
number = "{number}"

[phone] # hundreds of pages in a few minutes are the purpose here
max_sms_per_hour = 1000000
max_sms_per_day = 1000000

[answers] # everybody who writes here is of one domain, and each is owed an answer
max_per_domain_per_hour = 1000000

[limits] # a contact that was at hand at every kill is not what killed the process
parse_attempts = 1000

[signing]
key = {{file = "signing.key"}}

[demo]
clock_offset_file = "clock-offset"
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the site lies and listens."""

    folder: Path
    url: str
    smtp_port: int
    http_port: int

    @property
    def config(self) -> Path:
        return self.folder / "config" / "gateway.toml"

    @property
    def blobs(self) -> Path:
        return self.folder / "config" / "blobs"

    def jump(self, forward: timedelta) -> None:
        """Time passes: the leases of the dead run out."""
        file = self.folder / "config" / "clock-offset"
        beside = file.with_name("clock-offset.new")
        beside.write_text(f"{float(file.read_text()) + forward.total_seconds():.6f}\n")
        beside.replace(file)


def make(folder: Path, stand_ins: Rehearsal, database: str = "") -> Place:
    """A site in `folder`; `database` is the address of a PostgreSQL one, SQLite in the folder without."""
    config = folder / "config"
    (config / "contracts").mkdir(parents=True)
    for contract in (COMUNE, PARCHEGGI):
        text = (shipped() / "contracts" / f"{contract}.toml").read_text()
        (config / "contracts" / f"{contract}.toml").write_text(
            text.replace("storm_pages = 10 ", "storm_pages = 1000000 ")
        )
    for name in ("people.toml", "roster.toml"):
        shutil.copyfile(shipped() / name, config / name)
    (config / "signing.key").write_text("k" * 48)
    (config / "carrier.token").write_text(TOKEN)
    now = datetime.now(UTC)
    (config / "clock-offset").write_text(f"{(_saturday_night(now) - now).total_seconds():.6f}\n")
    url = database or f"sqlite:///{config / 'centralino.db'}"
    place = Place(folder, url, _free_port(), _free_port())
    place.config.write_text(
        SETTINGS.format(
            database=url,
            smtp=place.smtp_port,
            http=f"127.0.0.1:{place.http_port}",
            http_port=place.http_port,
            relay=stand_ins.smtp_port,
            account=ACCOUNT,
            carrier=stand_ins.base_url,
            number=GATEWAY_NUMBER,
        )
    )
    return place


def _saturday_night(now: datetime) -> datetime:
    here = local(now)
    day = here.date() + timedelta(days=(SATURDAY - here.weekday()) % 7 + 7)
    return datetime.combine(day, NIGHT, ROME)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
