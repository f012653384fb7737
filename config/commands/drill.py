"""`centralino drill`: a drill of the on-call duty, over every medium of everybody in the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import LARGEST, AsJson, Config, NotFoundError, Who, opened
from gateway.domain.pages import ACCEPTED
from gateway.domain.ticket import Mark

if TYPE_CHECKING:
    from config.commands.common import Shell
    from gateway.domain.ticket import Page


def drill(
    contract: Annotated[str | None, typer.Option(metavar="ID", help="The contract whose duty is drilled.")] = None,
    results: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=LARGEST, help="Begin none; show that drill as it stands.")
    ] = None,
    who: Who = "",
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Page everybody on call now by SMS, call and mail. Nothing real is touched; each confirms for themselves.

    The result is written to the register after half an hour, and mailed to the supervisors.

    Example: centralino drill --contract c02-comune --as dario
    """
    from gateway import drills

    if (contract is None) == (results is None):
        raise typer.BadParameter("give --contract ID to begin a drill, or --results N to see one")
    if contract is not None and not who:
        raise typer.BadParameter("give --as WHO: a drill is begun by somebody")
    with opened(config) as shell:
        number = results or 0
        if contract is not None:
            begun = contract
            number = shell.act(who, lambda tx, by, at: drills.begin(shell.gateway, tx, begun, by, at)).number
        found = _results(shell, number)
    if as_json:
        showing.document({"ticket": number, "results": found})
        return
    print(f"drill {number}")
    showing.table(
        ("PERSON", "BY", "CONFIRMED", "REASON"),
        [(row["person"], row["by"], showing.rome(row["confirmed_at"]) or "-", row["reason"]) for row in found],
    )


def _results(shell: Shell, number: int) -> list[dict[str, Any]]:
    from gateway import drills, tickets

    ticket = shell.read(lambda reading: tickets.find(reading, number))
    if Mark.DRILL not in ticket.marks:
        raise NotFoundError(f"ticket {ticket.number} is no drill")
    found = shell.read(lambda reading: drills.results(reading, ticket.number))
    return [
        {"person": person, "by": medium, "confirmed_at": _confirmed_at(page), "reason": reason}
        for person, medium, page, reason in found
    ]


def _confirmed_at(page: Page) -> Any:  # noqa: ANN401 - an instant or nothing
    return page.closed_at if page.state == ACCEPTED else None
