"""`centralino dispatch …`: what goes out, and what could not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from config.commands import showing
from config.commands.common import LARGEST, AsJson, Config, Limit, NotFoundError, Who, opened, parse_at
from config.commands.whole import dispatch_entry
from gateway.domain.dispatch import DispatchKind, DispatchState

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What goes out: look at it, try it again.")

Id = Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST, help="The dispatch.")]


@app.command("list")
def list_(
    *,
    state: Annotated[list[DispatchState] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    kind: Annotated[DispatchKind | None, typer.Option(help="Only of this kind.")] = None,
    ticket: Annotated[int | None, typer.Option(metavar="N", min=1, max=LARGEST, help="Only of this ticket.")] = None,
    since: Annotated[datetime | None, typer.Option(metavar="T", parser=parse_at, help="Only made since then.")] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """What goes out, newest first.

    Example: centralino dispatch list --state refused
    """
    from gateway import tickets

    with opened(config) as shell:
        number = None if ticket is None else shell.read(lambda r: tickets.find(r, ticket).number)
        found = shell.read(
            lambda r: r.dispatches(ticket=number, states=state or (), kind=kind, since=since, limit=limit)
        )
    if as_json:
        showing.document([dispatch_entry(each) for each in found])
        return
    showing.table(
        ("ID", "STATE", "KIND", "CHANNEL", "TO", "TICKET", "TRIES", "DUE", "SENT", "REASON"),
        [
            (d.id, d.state, d.kind, d.channel, d.to, d.ticket or "-", d.attempts, showing.rome(d.due_at),
             showing.rome(d.sent_at) or "-", d.reason or "")
            for d in found
        ],
    )  # fmt: skip


@app.command("show")
def show(dispatch: Id, as_json: AsJson = False, config: Config = None) -> None:
    """One dispatch with its text and what came of every try so far."""
    with opened(config) as shell:
        found = shell.read(lambda r: r.dispatch(dispatch))
    if found is None:
        raise NotFoundError(f"there is no dispatch {dispatch}")
    whole: dict[str, Any] = {**dispatch_entry(found), "key": found.key, "expires_at": found.expires_at}
    whole |= {"contract": found.contract, "page": found.page, "facts": found.facts, "text": found.text}
    if as_json:
        showing.document(whole)
        return
    text = whole.pop("text")
    instants = {key: showing.rome(value) for key, value in whole.items() if isinstance(value, datetime)}
    told = whole | instants | {"facts": "  ".join(f"{key}={value}" for key, value in found.facts.items())}
    showing.facts(told.items())
    print(f"\n{showing.paragraphs(text)}")


@app.command("proof")
def proof(
    dispatch: Id,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", file_okay=False, help="A new folder for it.")],
    config: Config = None,
) -> None:
    """The proof of a message by certified mail: the message, its receipts, the report on their signatures.

    Whoever gets the folder checks it with sha256sum and openssl alone; the commands lie beside.

    Example: centralino dispatch proof 12 --out proof-12
    """
    from config.commands.proof import files_of, proof_of, write
    from config.compose import message_bytes, trust_list_of

    with opened(config) as shell:
        found = shell.read(lambda reading: proof_of(reading, dispatch, message_bytes(shell.gateway)))
        files = files_of(found, trust_list_of(shell.site.settings))
    write(files, out)
    for name in files:
        print(out / name)


@app.command("retry")
def retry(dispatch: Id, who: Who, as_json: AsJson = False, config: Config = None) -> None:
    """Try a refused dispatch once more, or a waiting one at once, with the same attempt id."""
    from gateway import desk

    with opened(config) as shell:
        changed = shell.act(who, lambda tx, by, at: desk.retry(shell.gateway, tx, dispatch, by, at))
    if as_json:
        showing.document(dispatch_entry(changed))
    else:
        print(f"dispatch {changed.id} {changed.state}")
