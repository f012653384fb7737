"""`centralino simulate`: what would happen, with the clause behind each decision; nothing is stored."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing, sweeping
from config.commands.common import COULD_NOT, AsJson, At, Config, NotFoundError, as_known, parse_at, site_of
from config.commands.rosters import rules_in_force
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gateway.domain.rules import Rules
    from gateway.simulate import Asked

CHANNELS = tuple(str(channel) for channel in Channel if channel is not Channel.VOICE)
NAMES = (
    "contract", "channel", "at", "from", "site", "acceptance", "urgent", "subject", "text", "used", "reserved",
)  # fmt: skip
FIRST_YEAR, LAST_YEAR = 1900, 2199


def simulate(
    *,
    contract: Annotated[str | None, typer.Option(metavar="ID", help="The contract.")] = None,
    channel: Annotated[str | None, typer.Option(metavar="CH", help=f"One of {' '.join(CHANNELS)}.")] = None,
    at: At = None,
    sender: Annotated[str | None, typer.Option("--from", metavar="WHO", help="Mail address or number.")] = None,
    site: Annotated[str | None, typer.Option(metavar="S", help="A visit is asked for at this site.")] = None,
    acceptance: Annotated[str | None, typer.Option(metavar="DATE", help="As if accepted on this day.")] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="As if it were urgent.")] = False,
    subject: Annotated[str | None, typer.Option(metavar="S", help="Its subject.")] = None,
    text: Annotated[str | None, typer.Option(metavar="T", help="Its text.")] = None,
    used: Annotated[int, typer.Option(metavar="N", min=0, help="Visits of the phase that were carried out.")] = 0,
    reserved: Annotated[int, typer.Option(metavar="N", min=0, help="Visits of the phase that are reserved.")] = 0,
    batch: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, allow_dash=True, help="One JSON object a line."),
    ] = None,
    sweep: Annotated[
        int | None,
        typer.Option(metavar="YEAR", min=FIRST_YEAR, max=LAST_YEAR, help="A year: coverage, clocks, holidays."),
    ] = None,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Say what would happen to a request: what becomes of it and why, whom it reaches, by when, what is said.

    Every decision cites its clause. Nothing is stored and nobody is told. --batch reads one JSON object a line with the
    names of the options (contract, channel, at, from, site, acceptance, urgent, subject, text, used, reserved) and
    prints one result a line. --sweep YEAR tells of each contract, or of --contract, the minutes without coverage and
    with double coverage, the nights on which the clocks change, and every holiday with the rule that made it.

    Example: centralino simulate --contract c02-comune --channel phone --at 2026-04-06T10:00 --json
    """
    from config.compose import clock_of

    settled = site_of(config)
    rules = rules_in_force(settled)
    if sweep is not None:
        chosen = [_known_contract(rules, contract)] if contract else list(rules.contracts)
        sweeping.show(rules, chosen, sweep, as_json=as_json)
        return
    answer = _answering(rules)
    if batch is not None:
        _batch(answer, batch)
        return
    if contract is None or channel is None:
        raise typer.BadParameter("give --contract and --channel, or --batch FILE, or --sweep YEAR")
    said = {
        "contract": contract,
        "channel": channel,
        "at": at or clock_of(settled.settings).now(),
        "from": sender,
        "site": site,
        "acceptance": acceptance,
        "urgent": urgent,
        "subject": subject,
        "text": text,
        "used": used,
        "reserved": reserved,
    }
    found = answer(said)
    if as_json:
        showing.document(found)
    else:
        _for_people(found)


# -------------------------------------------------------------------------------------------------------------- a batch


def _batch(answer: Callable[[dict[str, Any]], dict[str, Any]], file: Path) -> None:
    """One result a line; a line that cannot be answered says why, and the exit code is 1."""
    encode = json.JSONEncoder(ensure_ascii=False, default=_as_text).encode
    failed = False
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    for line in _followed([line for line in text.splitlines() if line.strip()]):
        try:
            found = answer(_object(line))
        except (typer.BadParameter, NotFoundError) as wrong:
            failed = True
            found = {"error": str(wrong)}
        sys.stdout.write(f"{encode(found)}\n")
    if failed:
        raise typer.Exit(COULD_NOT)


def _followed(lines: list[str]) -> Iterator[str]:
    """The lines; on a terminal, while the results go elsewhere, with a bar that says how far it is."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from lines
        return
    from rich.console import Console
    from rich.progress import Progress

    # The results are written to the real standard output: rich would take them to the terminal.
    with Progress(console=Console(stderr=True), redirect_stdout=False, redirect_stderr=False) as progress:
        yield from progress.track(lines, description="simulate")


def _as_text(value: object) -> str:
    return str(showing.rome(value)) if isinstance(value, datetime) else str(value)


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


# ------------------------------------------------------------------------------------------------------ what was asked


def _answering(rules: Rules) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What answers one question after the other by the same rules."""
    from gateway.simulate import simulate as simulated

    def answer(said: dict[str, Any]) -> dict[str, Any]:
        asked = _asked(said)
        _known_contract(rules, asked.contract)
        return simulated(rules, asked)

    return answer


def _known_contract(rules: Rules, contract: str) -> str:
    if contract not in rules.contracts:
        raise NotFoundError(f"there is no contract {contract!r}; there are: {', '.join(rules.contracts)}")
    return contract


def _asked(said: dict[str, Any]) -> Asked:
    from gateway.domain.reception import Used
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
        sender=_sender(said.get("from")),
        site=str(said["site"]) if said.get("site") else None,
        acceptance=_day(said.get("acceptance")),
        urgent=bool(said.get("urgent")),
        subject=str(said.get("subject") or ""),
        text=str(said.get("text") or ""),
        used=Used(_count(said, "used"), _count(said, "reserved")),
    )


@lru_cache(maxsize=4096)
def _sender(who: object) -> str | None:
    """Whoever asks, as the directory knows them; None when nobody is named."""
    return as_known(str(who)) or None if who else None


def _day(text: object) -> date | None:
    try:
        return None if text is None else date.fromisoformat(str(text))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write 2026-11-24") from None


def _count(said: dict[str, Any], name: str) -> int:
    count = said.get(name) or 0
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise typer.BadParameter(f"{name} is {count!r}; it is a number of visits from 0 on")
    return count


# -------------------------------------------------------------------------------------------------------- for people


def _for_people(answer: dict[str, Any]) -> None:
    reasons = ": ".join(filter(None, (answer["reason"], answer["holiday"])))
    because = f" ({reasons})" if reasons else ""
    quota = answer["quota"]
    showing.facts((
        ("contract", answer["contract"]),
        ("version", answer["version"] if answer["version"] > 1 else None),
        ("at", showing.rome(answer["at"])),
        ("channel", answer["channel"]),
        ("state", f"{answer['state']}{because}"),
        ("opens again", showing.rome(answer["next_opening"])),
        ("phase", answer["phase"]),
        ("group", answer["group"]),
        ("outcome", answer["outcome"]),
        ("matter", answer["matter"]),
        ("mode", answer["mode"]),
        ("site", answer["site"]),
        ("level", answer["level"]),
        ("route", answer["route"]),
        *((f"due: {of}", showing.due(at)) for of, at in answer["due"].items()),
        *((name.replace("_", " "), day) for name, day in answer["periods"].items()),
        ("quota", quota and f"{quota['used']} used and {quota['reserved']} reserved of {quota['count']}"),
        ("marks", ", ".join(answer["marks"])),
        ("forwarded to", answer["forward_to"] and answer["forward_to"]["name"]),
        ("decides", answer["ask"] and answer["ask"]["name"]),
        ("clauses", ", ".join(answer["clauses"])),
        ("says", answer["says"]),
    ))  # fmt: skip
    for of, steps in answer["explained"].items():
        print(f"\n{of}")
        print("\n".join(f"  {showing.shown(step)}" for step in steps))
    if answer["chain"]:
        print()
        showing.table(("CONTACT", "NAME", "ROLE", "BY", "AFTER", "WHEN"), [
            (e["contact"], e["name"], e["role"], e["by"], f"{e['after_s']} s",
             "urgent only" if e["only_if_urgent"] else "always")
            for e in answer["chain"]
        ])  # fmt: skip
