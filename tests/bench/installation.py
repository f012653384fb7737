"""A whole configuration in a folder of its own: the shipped one, with the database, listener and relay asked for."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "config"


def installation(
    folder: Path,
    *,
    database: str = "sqlite:///centralino.db",
    smtp_port: int = 0,
    relay: int = 0,
    web: str = "",
    more: str = "",
) -> Path:
    """The gateway.toml of a new installation in `folder`; without `relay` (a port) mail waits.

    `web` is what stands instead of a web server that does not listen: `[http]`, and the carrier if there is one;
    `more` are further sections.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("people.toml", "roster.toml"):
        shutil.copy(SHIPPED / name, folder / name)
    shutil.copytree(SHIPPED / "contracts", folder / "contracts", dirs_exist_ok=True)
    key = folder / "signing.key"
    key.write_text(secrets.token_hex(32))
    key.chmod(0o600)
    lines = [
        '[gateway]\ndefault_contract = "c02-comune"',
        f'[database]\nurl = "{database}"',
        f'[smtp]\nlisten = "127.0.0.1:{smtp_port}"\nhostname = "gateway.test"\nmax_connections_per_address = 200',
        web or '[http]\nlisten = ""',
        "[answers]\nmax_per_domain_per_hour = 1000000",
        '[signing]\nkey = {file = "signing.key"}',
    ]
    if relay:
        lines.append(f'[relay]\nhost = "127.0.0.1"\nport = {relay}\ntls = "none"\nfrom = "assistenza@gateway.example"')
    if more:
        lines.append(more)
    path = folder / "gateway.toml"
    path.write_text("\n\n".join(lines) + "\n")
    return path
