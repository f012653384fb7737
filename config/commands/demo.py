"""`centralino demo`: the whole gateway on loopback, with stand-ins for everything outside."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from config.commands.common import COULD_NOT, parse_at

Folder = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Its folder; one that a demo made goes on.")]
Moment = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="T",
        help="What its clock says at the start (ISO 8601, Rome), or `now`. Default: the coming Saturday, 22:10.",
        show_default=False,
    ),
]
Http = Annotated[int, typer.Option("--http", metavar="PORT", min=0, max=65535, help="Web port; 0 picks a free one.")]
Smtp = Annotated[int, typer.Option("--smtp", metavar="PORT", min=0, max=65535, help="Mail port; 0 picks a free one.")]
Phones = Annotated[
    int, typer.Option("--phones", metavar="PORT", min=0, max=65535, help="Port of the telephones' page; 0: a free one.")
]
Play = Annotated[bool, typer.Option("--play", help="Drive the main job through the real doors, then end.")]
Without = Annotated[
    list[str] | None, typer.Option("--without", metavar="DOOR", help="With --play: leave out smtp, imap, sms, …")
]


def demo(
    folder: Folder = Path("demo-data"),
    at: Moment = None,
    *,
    play: Play = False,
    http: Http = 8080,
    smtp: Smtp = 8025,
    phones: Phones = 8082,
    without: Without = None,
) -> None:
    """Show the whole gateway at work on this machine, in one command.

    SQLite, every contract present, a stand-in carrier with telephones, mailboxes and a mail sink. The clock is the
    real one plus an offset kept in DIR, so every command with --config DIR/gateway.toml uses it. Writes DIR/demo.json,
    prints `ready` and stays; with --play it drives the main job, tells what it saw, and exits 0 only if all was seen.
    """
    from config.demo import play as plays
    from config.demo import running

    unknown = set(without or ()) - set(plays.doors())
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: no such door; there are {', '.join(plays.doors())}")
    wishes = running.Wishes(
        folder=folder.resolve(),
        at=_moment(at),
        http_port=0 if play else http,
        smtp_port=0 if play else smtp,
        page_port=0 if play else phones,
        play=play,
        without=tuple(without or ()),
    )
    if not running.run(wishes, lambda line: print(line, flush=True)):
        raise typer.Exit(COULD_NOT)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    return datetime.now(UTC) if text == "now" else parse_at(text)
