"""`centralino visit …`: on-site interventions, and how much of the contract's quota they take (C3.9–C3.11)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from config.commands import showing
from config.commands.common import LARGEST, AsJson, Config, NotFoundError, Number, Who, opened
from config.commands.whole import visit_entry
from gateway.domain.visits import VisitState

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from config.commands.common import Shell
    from gateway.domain.roster import Person
    from gateway.domain.visits import Visit
    from gateway.ports import Transaction

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="On-site visits: asked for, reserved, made. A quota counts what is reserved and what was made.",
)

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="The visit; `visit list` shows them.")]


@app.command("list")
def list_(
    contract: Annotated[str | None, typer.Option(metavar="ID", help="Only under this contract.")] = None,
    state: Annotated[list[VisitState] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    ticket: Annotated[int | None, typer.Option(metavar="N", min=1, max=LARGEST, help="Only of this ticket.")] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The visits, oldest first.

    Example: centralino visit list --contract c03-sardegnait --state reserved
    """
    from gateway import tickets

    with opened(config) as shell:
        number = None if ticket is None else shell.read(lambda r: tickets.find(r, ticket).number)
        found = shell.read(lambda r: r.visits(ticket=number, contract=contract, states=state or ()))
        if not found and contract is not None and contract not in shell.site.contracts:
            raise NotFoundError(f"there is no contract {contract!r}; there are: {', '.join(shell.site.contracts)}")
    if as_json:
        showing.document([visit_entry(visit) for visit in found])
        return
    showing.table(
        ("ID", "STATE", "CONTRACT", "PHASE", "SITE", "TICKET", "OUTCOME", "REQUESTED", "DUE", "CLOSED", "REPORT"),
        [
            (v.id, v.state, v.contract, v.phase or "-", v.site or "-", v.ticket, v.became, showing.rome(v.requested_at),
             showing.due(v.due_at) or "-", showing.rome(v.closed_at) or "-", v.report)
            for v in found
        ],
    )  # fmt: skip


def _acted(
    config: Path | None, who: str, unit: Callable[[Shell, Transaction, Person, datetime], Visit], *, as_json: bool
) -> None:
    with opened(config) as shell:
        visit = shell.act(who, lambda tx, by, at: unit(shell, tx, by, at))
    if as_json:
        showing.document(visit_entry(visit))
        return
    due = f", due {showing.due(visit.due_at)}" if visit.due_at and visit.state is VisitState.RESERVED else ""
    print(f"visit {visit.id} {visit.state} ({visit.became}) at {visit.site or 'a place to be agreed'}{due}")


@app.command("request")
def request(
    number: Number,
    who: Who,
    site: Annotated[
        str | None, typer.Option(metavar="S", help="Where: a site of the contract, or a municipality.")
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Ask for a visit on a ticket: reserved at once, or the client's responsible is asked (site, quota, period).

    Example: centralino visit request 123 --site cagliari --as elena
    """
    from gateway import visiting

    _acted(config, who, lambda sh, tx, by, at: visiting.request(sh.gateway, tx, number, site, by, at), as_json=as_json)


@app.command("admit")
def admit(
    visit: Id,
    reference: Annotated[
        str, typer.Option("--reference", metavar="R", help="The client's authorisation: letter or mail, with its date.")
    ],
    who: Who,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The client authorised a visit that waited for its decision; its term runs from now."""
    from gateway import visiting

    _acted(
        config, who, lambda sh, tx, by, at: visiting.admit(sh.gateway, tx, visit, reference, by, at), as_json=as_json
    )


@app.command("done")
def done(
    visit: Id,
    report: Annotated[str, typer.Option("--report", metavar="T", help="What was done and what came of it.")],
    who: Who,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="It came to nothing; the contract says if it counts.")
    ] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The visit was made: it keeps its place in the quota, a failed one unless the contract gives that back (A3.8)."""
    from gateway import visiting

    def unit(shell: Shell, tx: Transaction, by: Person, at: datetime) -> Visit:
        return visiting.carry_out(shell.gateway, tx, visit, report, by, at, failed=failed)

    _acted(config, who, unit, as_json=as_json)


@app.command("cancel")
def cancel(
    visit: Id,
    who: Who,
    reason: Annotated[str, typer.Option("--reason", metavar="T", help="Why it is not made.")] = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """The visit is not made: cancelled before departure, it gives its place in the quota back (A3.8)."""
    from gateway import visiting

    _acted(config, who, lambda sh, tx, by, at: visiting.cancel(sh.gateway, tx, visit, reason, by, at), as_json=as_json)
