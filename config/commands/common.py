"""What every command shares: the configuration that is meant, the store it opens, who acts, and how it may fail.

Exit codes: 0 done, 1 could not (one line says why), 2 usage, 78 configuration refused (`sysexits.h`, EX_CONFIG).
"""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer
from typer.core import TyperGroup

from gateway.domain.errors import CentralinoError, SettingError, StoreError
from gateway.domain.hours import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapters.store import SqlStore
    from config.compose import SafeReader
    from config.load import Site
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.register import Entry, Happening
    from gateway.domain.roster import Person
    from gateway.ports import Gateway, Reading, Transaction

T = TypeVar("T")

COULD_NOT, USAGE, CONFIGURATION_REFUSED = 1, 2, 78
PLACES = (Path("config/gateway.toml"), Path("/etc/centralino/gateway.toml"))

LARGEST = 9_999_999_999
"""The largest number that a ticket, an intake or a dispatch can have: ten digits."""

TRIES = 4
QUEUED = "queued; no gateway is running: it leaves when `centralino serve` runs"


class NotFoundError(CentralinoError):
    """What was asked for is not there; the text says what there is."""


# -------------------------------------------------------------------------------------------------------------- failing


class Root(TyperGroup):
    """The root of all commands: turns our errors into one line on standard error and the exit code that is fixed."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer's own signature
        try:
            return super().invoke(ctx)
        except SettingError as refused:
            _say(str(refused))
            raise typer.Exit(CONFIGURATION_REFUSED) from refused
        except CentralinoError as error:
            _say(str(error))
            raise typer.Exit(COULD_NOT) from error
        except BrokenPipeError:
            raise
        except OSError as error:
            _say(f"{error.filename or 'the system'}: {error.strerror or error}")
            raise typer.Exit(COULD_NOT) from error


def _say(text: str) -> None:
    print(f"centralino: {text}", file=sys.stderr)


def remark(text: str) -> None:
    """One line for the person at the shell, beside the result: standard error."""
    print(text, file=sys.stderr)


# -------------------------------------------------------------------------------------------------------------- options


def parse_at(text: str) -> datetime:
    """The instant that was written: ISO 8601; without an offset it is Rome's wall time, a bare day is its beginning."""
    try:
        said = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write 2026-11-28T22:10 or 2026-11-28T22:10+01:00") from None
    return said if said.tzinfo else instant(said.date(), time(said.hour, said.minute, said.second, said.microsecond))


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="CENTRALINO_CONFIG",
        help="The configuration; else ./config/gateway.toml, else /etc/centralino/gateway.toml.",
        show_default=False,
    ),
]
Who = Annotated[
    str,
    typer.Option(
        "--as", metavar="WHO", envvar="CENTRALINO_OPERATOR", help="Who acts: an id of people.toml.", show_default=False
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of text.")]
Number = Annotated[
    int, typer.Argument(metavar="N", min=1, max=LARGEST, help="Ticket number, with or without its year.")
]
At = Annotated[
    datetime | None,
    typer.Option(
        "--at", metavar="T", parser=parse_at, help="ISO 8601; without an offset Europe/Rome. Default: now.",
        show_default=False,
    ),
]  # fmt: skip
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")]


def as_known(who: str) -> str:
    """Whoever asks, as the directory and the contracts know them: a number in E.164 however it was written.

    An address, and what is no valid number, stay as they are, without the blanks around them.
    """
    from config.fields import normalised_number

    written = who.strip()
    return written if "@" in written else normalised_number(written) or written


def find_config(given: Path | None) -> Path:
    """The configuration that is meant: `--config` or $CENTRALINO_CONFIG, else the first that is there.

    Raises:
        SettingError: there is none.
    """
    if given is not None:
        return given
    found = next((place for place in PLACES if place.is_file()), None)
    if found is None:
        raise SettingError(
            "gateway.toml",
            "file",
            f"there is no configuration ({' or '.join(map(str, PLACES))})",
            clause="X18",
            remedy="name one with --config FILE or $CENTRALINO_CONFIG, or make one with `centralino init DIR`",
        )
    return found


def site_of(config: Path | None) -> Site:
    """The configuration, read and checked.

    Raises:
        SettingError: it is refused.
    """
    from config.load import load

    return load(find_config(config))


def system_user() -> str:
    """The operating system's user, as it is recorded beside WHO."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


# --------------------------------------------------------------------------------------------------------------- acting


class Witnessed:
    """A unit's transaction for a person at a shell: what they did is recorded with the system's user beside them.

    It also notes whether the unit owed somebody a message.
    """

    def __init__(self, transaction: Transaction, who: str, user: str) -> None:
        self._transaction = transaction
        self._who = who
        self._user = user
        self.queued = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - every other member is the transaction's own
        return getattr(self._transaction, name)

    def record(self, chain: str, happening: Happening) -> Entry:
        """Append to the register, with `system_user` beside who acted."""
        if happening.by == self._who:
            happening = replace(happening, data={**happening.data, "system_user": self._user})
        return self._transaction.record(chain, happening)

    def add_dispatch(self, dispatch: Dispatch) -> Dispatch:
        """One message we owe somebody."""
        self.queued = True
        return self._transaction.add_dispatch(dispatch)

    def change_dispatch(self, dispatch_id: int, **values: Any) -> Dispatch:  # noqa: ANN401 - as the port
        """Set fields of a dispatch; one that is due again is queued again."""
        changed = self._transaction.change_dispatch(dispatch_id, **values)
        self.queued = self.queued or changed.state == "due"
        return changed


@dataclass(frozen=True, slots=True)
class Shell:
    """What a command works with: the site, the store, the gateway over it, and what reads other people's bytes."""

    site: Site
    store: SqlStore
    gateway: Gateway
    reader: SafeReader

    @property
    def now(self) -> datetime:
        """The present instant by the site's clock (a demo has its own)."""
        return self.gateway.clock.now()

    def person(self, who: str) -> Person:
        """Whoever acts.

        Raises:
            NotFoundError: no such person; the text lists those that there are.
        """
        person = self.site.people.get(who)
        if person is None:
            raise NotFoundError(
                f"{who!r} is not in people.toml; --as takes one of: {', '.join(sorted(self.site.people)) or 'nobody'}"
            )
        return person

    def read(self, query: Callable[[Reading], T]) -> T:
        """Ask the store."""
        return self.store.read(query)

    def act(self, who: str, unit: Callable[[Transaction, Person, datetime], T]) -> T:
        """Do something as `who`, in one commit; says so when a message waits and no gateway is running."""
        person, at, user = self.person(who), self.now, system_user()
        seen: list[Witnessed] = []

        def witnessed(transaction: Transaction) -> T:
            seen[:] = [Witnessed(transaction, person.id, user)]
            return unit(cast("Transaction", seen[0]), person, at)

        answer = self._write(witnessed)
        if seen and seen[0].queued:
            self.remark_queued()
        return answer

    def _write(self, unit: Callable[[Transaction], T]) -> T:
        """A daemon in the middle of a storm of mail may hold the database longer than one busy time-out: ask again.

        Raises:
            StoreError: the last of `TRIES` failed; nothing of the unit happened.
        """
        for _ in range(TRIES - 1):
            try:
                return self.store.write(unit)
            except StoreError as busy:
                remark(f"centralino: {busy}; trying again")
        return self.store.write(unit)

    def remark_queued(self) -> None:
        """Say on standard error that a message waits, when no gateway is running to send it."""
        from adapters.store import daemon_alive

        if not daemon_alive(self.site.settings.database.address):
            remark(QUEUED)


@contextmanager
def opened(config: Path | None) -> Iterator[Shell]:
    """The gateway behind a configuration, for the time of one command.

    Raises:
        SettingError: the configuration is refused.
        StoreError: the database is not there, cannot be reached, or has another schema.
    """
    site = site_of(config)
    from config.compose import gateway_of, store_of

    with store_of(site.settings, threaded=False) as store:
        gateway, reader = gateway_of(site, store)
        try:
            yield Shell(site, store, gateway, reader)
        finally:
            reader.close()
