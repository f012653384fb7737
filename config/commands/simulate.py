"""`centralino simulate`: what would happen, with the clause behind each decision; nothing is stored."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import COULD_NOT, AsJson, At, Config, NotFoundError, parse_at, site_of
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from gateway.domain.rules import Rules
    from gateway.simulate import Asked

CHANNELS = tuple(str(channel) for channel in Channel if channel is not Channel.VOICE)
NAMES = ("contract", "channel", "at", "from", "site", "acceptance", "urgent")


def simulate(
    *,
    contract: Annotated[str | None, typer.Option(metavar="ID", help="The contract.")] = None,
    channel: Annotated[str | None, typer.Option(metavar="CH", help=f"One of {' '.join(CHANNELS)}.")] = None,
    at: At = None,
    sender: Annotated[str | None, typer.Option("--from", metavar="WHO", help="Mail address or number.")] = None,
    site: Annotated[str | None, typer.Option(metavar="S", help="The requester's site.")] = None,
    acceptance: Annotated[str | None, typer.Option(metavar="DATE", help="The day of the acceptance test.")] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="As if it were urgent.")] = False,
    batch: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, allow_dash=True, help="One JSON object a line."),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say what would happen to a request: open or closed and why, whom it reaches, what the requester hears.

    Every decision cites its clause. Nothing is stored and nobody is told. --batch reads one JSON object a line with the
    names contract, channel, at, from, site, acceptance, urgent, and prints one result a line.

    Example: centralino simulate --contract c02-comune --channel phone --at 2026-04-06T10:00 --json
    """
    from config.compose import clock_of, rules_of

    settled = site_of(config)
    rules = rules_of(settled)
    if batch is not None:
        _batch(rules, batch)
        return
    if contract is None or channel is None:
        raise typer.BadParameter("give --contract and --channel, or --batch FILE")
    when = at or clock_of(settled.settings).now()
    said = {
        "contract": contract,
        "channel": channel,
        "at": when,
        "from": sender,
        "site": site,
        "acceptance": acceptance,
    }
    answer = _answer(rules, said | {"urgent": urgent})
    if as_json:
        showing.document(answer)
    else:
        _for_people(answer)


def _batch(rules: Rules, file: Path) -> None:
    """One result a line; a line that cannot be answered says why, and the exit code is 1."""
    failed = False
    lines = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    for text in filter(str.strip, lines.splitlines()):
        try:
            showing.line(_answer(rules, _object(text)))
        except (typer.BadParameter, NotFoundError) as wrong:
            failed = True
            showing.line({"error": str(wrong)})
    if failed:
        raise typer.Exit(COULD_NOT)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"no JSON: {error}") from None
    if not isinstance(found, dict):
        raise typer.BadParameter("a line is one JSON object")
    if strange := set(found) - set(NAMES):
        raise typer.BadParameter(f"unknown name {', '.join(sorted(strange))}; known: {', '.join(NAMES)}")
    return found


def _answer(rules: Rules, said: dict[str, Any]) -> dict[str, Any]:
    from gateway.simulate import simulate as simulated

    asked = _asked(said)
    if asked.contract not in rules.contracts:
        raise NotFoundError(f"there is no contract {asked.contract!r}; there are: {', '.join(rules.contracts)}")
    return simulated(rules, asked)


def _asked(said: dict[str, Any]) -> Asked:
    from gateway.simulate import Asked

    if missing := [name for name in ("contract", "channel", "at") if not said.get(name)]:
        raise typer.BadParameter(f"{', '.join(missing)} is missing")
    if said["channel"] not in CHANNELS:
        raise typer.BadParameter(f"{said['channel']!r} is no channel; there are: {' '.join(CHANNELS)}")
    at = said["at"]
    return Asked(
        contract=str(said["contract"]),
        channel=Channel(said["channel"]),
        at=at if isinstance(at, datetime) else parse_at(str(at)),
        sender=said.get("from"),
        site=said.get("site"),
        acceptance=_day(said.get("acceptance")),
        urgent=bool(said.get("urgent")),
    )


def _day(text: object) -> date | None:
    try:
        return None if text is None else date.fromisoformat(str(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write 2026-11-24") from None


def _for_people(answer: dict[str, Any]) -> None:
    reasons = ": ".join(filter(None, (answer["reason"], answer["holiday"])))
    because = f" ({reasons})" if reasons else ""
    showing.facts((
        ("contract", answer["contract"]),
        ("at", showing.rome(answer["at"])),
        ("channel", answer["channel"]),
        ("state", f"{answer['state']}{because}"),
        ("opens again", showing.rome(answer["next_opening"])),
        ("outcome", answer["outcome"]),
        ("route", answer["route"]),
        ("clauses", ", ".join(answer["clauses"])),
        ("says", answer["says"]),
    ))  # fmt: skip
    if answer["chain"]:
        print()
        showing.table(("CONTACT", "NAME", "ROLE", "BY", "AFTER", "WHEN"), [
            (e["contact"], e["name"], e["role"], e["by"], f"{e['after_s']} s",
             "urgent only" if e["only_if_urgent"] else "always")
            for e in answer["chain"]
        ])  # fmt: skip
