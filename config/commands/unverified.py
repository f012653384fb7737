"""`centralino intake accept|file`, mail whose sender nobody could verify; and `centralino submitter`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from config.commands import showing
from config.commands.common import AsJson, Config, Who, opened, remark
from config.commands.intake import Id
from gateway.domain.errors import CentralinoError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from gateway.domain.intake import Intake
    from gateway.domain.roster import Person
    from gateway.ports import Transaction

SHORTEST = 12


class PasswordError(CentralinoError):
    """No password to keep; the text says what to do."""


def accept(intake: Id, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Vouch for a mail that waits as unverified: it joins the ticket that it answers.

    Example: centralino intake accept 12 --as elena
    """
    from gateway import verifying

    _decided(config, who, lambda tx, by, at: verifying.accept(tx, intake, by, at), as_json=as_json)


def file(intake: Id, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Make a request of its own of a mail that waits as unverified: the ticket that it names does not change.

    Example: centralino intake file 12 --as elena
    """
    from gateway import verifying

    _decided(config, who, lambda tx, by, at: verifying.file_apart(tx, intake, by, at), as_json=as_json)


def _decided(
    config: Path | None, who: str, unit: Callable[[Transaction, Person, datetime], Intake], *, as_json: bool
) -> None:
    from adapters.store import daemon_alive

    with opened(config) as shell:
        changed = shell.act(who, unit)
        if not daemon_alive(shell.site.settings.database.address):
            remark("waits to be filed; no gateway is running")
    if as_json:
        showing.document({"id": changed.id, "state": str(changed.state)})
    else:
        print(f"intake {changed.id} {changed.state}")


def submitter() -> None:
    """Read a password from standard input and print the line to keep of it, for [[submitter]] password.

    Example: centralino submitter < password.txt > stampante.scrypt
    """
    from adapters.smtp import kept_form

    if sys.stdin.isatty():
        import getpass

        password = getpass.getpass("Password: ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST:
        raise PasswordError(f"the password is shorter than {SHORTEST} characters; nothing was made of it")
    print(kept_form(password))
