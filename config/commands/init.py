"""`centralino init DIR`: a commented starting configuration."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import Annotated

import typer

from gateway.domain.errors import CentralinoError

FILES = ("gateway.toml", "people.toml", "roster.toml")
FOLDERS = ("contracts", "texts")
KEY_FILE = "signing.key"
SIGNING = ("# [signing]\n", "[signing]\n")
LOOKING = ("# [authentication]\n", "[authentication]\n")
"""A new installation verifies who writes to it (P13)."""
KEY = (f'# key = {{file = "{KEY_FILE}"}} # (example)\n', f'key = {{file = "{KEY_FILE}"}}\n')


class NotEmptyError(CentralinoError):
    """Nothing is ever written over; the text says what to do."""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or not there yet.")],
) -> None:
    """Write a commented starting configuration into DIR: gateway.toml (the manual of every setting), people.toml,
    roster.toml, ten example contracts, the texts people read, and a new signing key.

    Secrets stand in files of their own, readable by their owner alone; gateway.toml only names them.
    """  # noqa: D205 - typer shows the first paragraph as a whole
    from config.compose import shipped

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmptyError(f"{folder} is not empty; name a folder that is, nothing is written over")
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(shipped() / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(shipped() / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    _secret(folder / KEY_FILE)
    manual = folder / "gateway.toml"
    manual.write_text(with_key(manual.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"""{folder} has a configuration. Next:
  1. write your people, roster and contracts there, and take out the example contracts that you do not serve
  2. fill in [relay], [[mailbox]] and [twilio] in {manual}
     behind a mail server of your own: name it in [authentication] trusted_upstream, or use [lmtp]
  3. centralino check --connect --config {manual}
  4. with a carrier: centralino phone fallback --contract ID --config {manual}, and put it where that says
  5. centralino serve --config {manual}""")


def with_key(manual: str) -> str:
    """The manual with its [signing] section in force, and the one by which senders are verified."""
    return manual.replace(*SIGNING, 1).replace(*KEY, 1).replace(*LOOKING, 1)


def _secret(path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
