"""`centralino oncall override|swap|changes|undo`: somebody else on call for a while, recorded, and taken back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from config.commands import showing
from config.commands.common import AsJson, At, Config, Who, opened, parse_at, remark
from config.commands.rosters import ContractId, contract_meant

if TYPE_CHECKING:
    from config.commands.common import Shell
    from gateway.domain.roster import Person
    from gateway.domain.telephony import RosterChange
    from gateway.ports import Transaction
    from gateway.standing_in import Wanted

ChangeId = Annotated[int, typer.Argument(metavar="ID", min=1, help="The change, as `oncall changes` tells it.")]
Start = Annotated[
    datetime | None,
    typer.Option("--from", metavar="T", parser=parse_at, help="From when on. Default: now.", show_default=False),
]
End = Annotated[
    datetime, typer.Option("--to", metavar="T", parser=parse_at, help="Until when: at that instant it is over.")
]


def override(
    *,
    end: End,
    contact: Annotated[str, typer.Option(metavar="WHO", help="Who is on call then: an id of people.toml.")],
    reason: Annotated[str, typer.Option(metavar="R", help="Why. It can be erased from the register.")],
    who: Who,
    contract: ContractId = None,
    start: Start = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Put somebody else on call from --from to --to, whoever has the duty. In force at once.

    Refused for the past, over another change in force, and for whoever is not of the contract or cannot be called.

    Example: centralino oncall override --to 2026-12-26T08:00 --contact dario --reason "influenza" --as elena
    """
    from gateway import standing_in

    with opened(config) as shell:
        wanted = _wanted(shell, contract, start, end, contact, reason)
        change = shell.act(who, lambda tx, person, at: standing_in.override(shell.gateway, tx, wanted, person, at))
        _tell(shell, change, as_json=as_json)


swap_app = typer.Typer(rich_markup_mode=None, help="Give away a time of one's own duty: asked for, then accepted.")


@swap_app.callback(invoke_without_command=True)
def swap(
    context: typer.Context,
    *,
    contract: ContractId = None,
    start: Start = None,
    end: Annotated[
        datetime | None, typer.Option("--to", metavar="T", parser=parse_at, help="Until when.", show_default=False)
    ] = None,
    other: Annotated[
        str | None, typer.Option("--with", metavar="WHO", help="Who is asked to take it.", show_default=False)
    ] = None,
    reason: Annotated[str, typer.Option(metavar="R", help="Why. It can be erased from the register.")] = "",
    who: Annotated[
        str | None,
        typer.Option("--as", metavar="WHO", envvar="CENTRALINO_OPERATOR", help="Whose duty it is.", show_default=False),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Ask --with WHO to take over one's own duty from --from to --to.

    Until they accept the duty stays where it is. Only one's own duty can be given away.

    Example: centralino oncall swap --from 2026-12-24T18:00 --to 2026-12-25T08:00 --with carla --as bruno
    """
    from gateway import standing_in

    if context.invoked_subcommand is not None:
        return
    if end is None or other is None or who is None:
        raise typer.BadParameter("give --to, --with and --as; or accept ID, or decline ID")
    with opened(config) as shell:
        wanted = _wanted(shell, contract, start, end, other, reason)
        change = shell.act(who, lambda tx, person, at: standing_in.ask_swap(shell.gateway, tx, wanted, person, at))
        _tell(shell, change, as_json=as_json)


@swap_app.command("accept")
def accept(number: ChangeId, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Take the duty that one was asked to take; after its start, from now on.

    Example: centralino oncall swap accept 12 --as carla
    """
    _answer(number, who, config, accepts=True, as_json=as_json)


@swap_app.command("decline")
def decline(number: ChangeId, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Say that one does not take it: it stays where it is.

    Example: centralino oncall swap decline 12 --as carla
    """
    _answer(number, who, config, accepts=False, as_json=as_json)


def _answer(number: int, who: str, config: Config, *, accepts: bool, as_json: bool) -> None:
    from gateway import standing_in

    with opened(config) as shell:
        countries = shell.site.settings.phone.allowed_countries

        def unit(tx: Transaction, person: Person, at: datetime) -> RosterChange:
            return standing_in.answer_swap(shell.gateway, tx, number, person, at, accepts=accepts, countries=countries)

        _tell(shell, shell.act(who, unit), as_json=as_json)


def undo(number: ChangeId, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Take back a change that has not begun, or end now one that has. What was stays as it was.

    Example: centralino oncall undo 12 --as dario
    """
    from gateway import standing_in

    with opened(config) as shell:
        change = shell.act(who, lambda tx, person, at: standing_in.undo(shell.gateway, tx, number, person, at))
        _tell(shell, change, as_json=as_json)


def changes(
    contract: ContractId = None,
    at: At = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Overrides, swaps and confirmations that end after --at (default: now), in the order in which they were recorded.

    Example: centralino oncall changes --at 2026-01-01
    """
    with opened(config) as shell:
        since = at or shell.now
        meant = contract_meant(shell.site, contract, since).id if contract else None
        found = shell.read(lambda reading: reading.roster_changes(contract=meant, ending_after=since))
    if as_json:
        showing.document([asdict(change) for change in found])
        return
    showing.table(
        ("ID", "KIND", "STATE", "FROM", "TO", "CONTACT", "INSTEAD OF", "BY", "REASON"),
        [
            (c.id, c.kind, c.state, showing.rome(c.starts_at), showing.rome(c.ends_at), c.contact, c.instead_of or "-",
             c.by, c.reason)
            for c in found
        ],
    )  # fmt: skip


# ----------------------------------------------------------------------------------------------------------------------


def _wanted(
    shell: Shell, contract: str | None, start: datetime | None, end: datetime, contact: str, reason: str
) -> Wanted:
    from gateway.standing_in import Wanted

    meant = contract_meant(shell.site, contract, shell.now)
    return Wanted(meant, start, end, contact, reason.strip(), shell.site.settings.phone.allowed_countries)


def _tell(shell: Shell, change: RosterChange, *, as_json: bool) -> None:
    """The change as it was recorded, and what it leaves to be seen to."""
    if as_json:
        showing.document(asdict(change))
    else:
        spoken = f"{showing.rome(change.starts_at)} to {showing.rome(change.ends_at)}"
        print(f"{change.kind} {change.id} {change.state}: {change.contact} from {spoken}")
    _remarks(shell, change)


def _remarks(shell: Shell, change: RosterChange) -> None:
    """What nobody is told by a mail, and what the roster lacks now."""
    from gateway.domain.roster.gaps import gaps_between

    contract = shell.gateway.rules.contract(change.contract)
    recorded = shell.read(lambda reading: reading.roster_changes(contract=contract.id, ending_after=shell.now))
    for gap in gaps_between(contract, shell.site.roster.with_changes(recorded), change.starts_at, change.ends_at):
        what = "nobody is on call" if not gap.origins else f"more than one is on call ({', '.join(gap.origins)})"
        remark(f"centralino: {what} from {showing.rome(gap.start)} to {showing.rome(gap.end)}")
    for person in filter(None, (change.contact, change.instead_of)):
        known = shell.site.people.get(person)
        if known is not None and not known.mail:
            remark(f"centralino: {person} has no mail address: tell them by another way")
