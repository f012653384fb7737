"""The folder of a demo: a complete configuration with every contract, secrets made on the spot, and a shifted clock."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from config.compose import shipped
from config.demo import probe
from gateway.domain.errors import CentralinoError
from gateway.domain.hours import ROME, local

MARKER = "demo.json"
INTAKE = "assistenza@comune.example"
FAX_CONTRACT = "c02-comune"
GATEWAY_NUMBER = "+393330000200"
ACCOUNT = "AC" + "d" * 32
SATURDAY = 5
EVENING = time(22, 10)
WEEK = timedelta(days=7)


class DemoError(CentralinoError):
    """The demo cannot run here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything listens."""

    smtp_port: int
    http_port: int
    carrier_url: str
    sink_port: int
    imap_port: int

    @property
    def page_url(self) -> str:
        """The page of the stand-in telephones."""
        return f"{self.carrier_url}/rehearsal/"

    @property
    def public_url(self) -> str:
        """Where the carrier finds the gateway."""
        return f"http://127.0.0.1:{self.http_port}"


def coming_saturday(now: datetime) -> datetime:
    """The coming Saturday at 22:10 in Rome: nobody is at the desk, somebody is on call."""
    here = local(now)
    day = here.date() + timedelta(days=(SATURDAY - here.weekday()) % 7)
    then = datetime.combine(day, EVENING, ROME)
    return then if then > here else then + WEEK


def free_port(wanted: int) -> int:
    """`wanted` if nobody listens there, else one that is free (0 always asks for a free one)."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no port is free on 127.0.0.1")


def claim(folder: Path) -> bool:
    """Take the folder for a demo; True when it is new, False when a demo made it and it goes on.

    Raises:
        DemoError: there is something else in it.
    """
    if (folder / MARKER).exists():
        return False
    if folder.exists() and any(folder.iterdir()):
        raise DemoError(f"{folder} is not empty and no demo made it: choose another folder with --dir")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return True


def fill(folder: Path, at: datetime | None) -> None:
    """The parts of a new folder that stay: contracts, people, roster, secrets, the clock."""
    source = shipped()
    shutil.copytree(source / "contracts", folder / "contracts", dirs_exist_ok=True)
    for name in ("people.toml", "roster.toml"):
        shutil.copyfile(source / name, folder / name)
    for name in ("signing.key", "carrier.token", "mailbox.password"):
        secret = folder / name
        secret.write_text(secrets.token_hex(24) + "\n")
        secret.chmod(0o600)
    now = datetime.now(UTC)
    offset = ((at or coming_saturday(now)) - now).total_seconds()
    (folder / "clock-offset").write_text(f"{offset:.6f}\n")
    (folder / MARKER).write_text("{}\n")  # from here on a demo made this folder, also if its first start fails


def secret(folder: Path, name: str) -> str:
    """One of the demo's own secrets."""
    return (folder / name).read_text().strip()


def write_settings(folder: Path, where: Addresses, *, probes: bool = True) -> Path:
    """`gateway.toml` for this start: the stand-ins listen somewhere else each time."""
    path = folder / "gateway.toml"
    path.write_text(
        f"""# Made by "centralino demo", written again at each start. Not for serving people: see [demo].
[gateway]
name = "Centralino demo"
default_contract = "c02-comune"

[database]
url = "sqlite:///centralino.db"

[smtp]
listen = "127.0.0.1:{where.smtp_port}"

[http]
listen = "127.0.0.1:{where.http_port}"
public_url = "{where.public_url}"

[relay] # the mail sink
host = "127.0.0.1"
port = {where.sink_port}
tls = "none"
from = "{INTAKE}"

[[mailbox]]
name = "comune"
host = "127.0.0.1"
port = {where.imap_port}
user = "comune"
password = {{file = "mailbox.password"}}
tls = "none"
contract = "c02-comune"
mark_seen = true

[[mailbox]]
name = "fax"
host = "127.0.0.1"
port = {where.imap_port}
user = "fax"
password = {{file = "mailbox.password"}}
tls = "none"
contract = "{FAX_CONTRACT}"
kind = "fax"
mark_seen = true

[twilio] # the stand-in carrier
account_sid = "{ACCOUNT}"
auth_token = {{file = "carrier.token"}}
api_url = "{where.carrier_url}"
number = "{GATEWAY_NUMBER}"

[phone]
voicemail = true

[signing]
key = {{file = "signing.key"}}

[demo]
clock_offset_file = "clock-offset"
{probe.SETTINGS if probes else ""}"""
    )
    return path


def announce(folder: Path, where: Addresses, now: datetime, phones: dict[str, str], contracts: list[str]) -> None:
    """`demo.json`: what scripts want to know of a running demo."""
    facts = {
        "config": str(folder / "gateway.toml"),
        "smtp": f"127.0.0.1:{where.smtp_port}",
        "http": where.public_url,
        "carrier": where.carrier_url,
        "rehearsal": where.page_url,
        "mail_sink": f"127.0.0.1:{where.sink_port}",
        "imap": f"127.0.0.1:{where.imap_port}",
        "intake": INTAKE,
        "number": GATEWAY_NUMBER,
        "phones": phones,
        "contracts": contracts,
        "now": local(now).isoformat(timespec="seconds"),
    }
    beside = folder / f"{MARKER}.new"
    beside.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    beside.replace(folder / MARKER)
