"""`centralino check`: the whole configuration, the coverage of every minute ahead, and with --connect every door."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import CONFIGURATION_REFUSED, COULD_NOT, AsJson, Config, remark, site_of
from gateway.domain.hours import local

if TYPE_CHECKING:
    from datetime import datetime

    from config.commands.probes import Probe
    from config.load import Finding, Site

_WORDS = {True: "ok", False: "FAILED", None: "none"}


def check(
    *,
    connect: Annotated[bool, typer.Option("--connect", help="Try every door too.")] = False,
    days: Annotated[
        int | None, typer.Option(min=1, max=3_660, help="How many days ahead; default [gateway] coverage_days (60).")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse warnings too: exit 78.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Ask the running daemon, its last reload too.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Check the configuration, the texts, and that somebody is on call in every minute of the coming days.

    A configuration that is refused exits 78 with file, key, clause and remedy. What time brings about (a hole that a
    fallback contact fills, a contract that ends) is a warning, and with --strict exits 78 too. A door that --connect
    finds closed, or a daemon that --running does not find ready, exits 1.

    Example: centralino check --connect --days 90 --config /etc/centralino/gateway.toml
    """
    from config.compose import clock_of, rules_of
    from config.load import findings

    site = site_of(config)
    rules_of(site)
    now = clock_of(site.settings).now()
    horizon = days or site.settings.gateway.coverage_days
    found = findings(site.settings, site.contracts, site.roster, local(now).date(), horizon)
    doors = _doors(site, connect=connect, running=running)
    if as_json:
        showing.document(_whole(site, found, doors, horizon, now))
    else:
        _for_people(site, found, doors, horizon)
    if strict and found:
        remark(f"centralino: {len(found)} warnings, and --strict refuses them")
        raise typer.Exit(CONFIGURATION_REFUSED)
    if any(door.ok is False for door in doors):
        raise typer.Exit(COULD_NOT)


def _doors(site: Site, *, connect: bool, running: bool) -> list[Probe]:
    if not connect and not running:
        return []
    from config.commands import probes

    tried = list(probes.probes(site.settings)) if connect else []
    return [*tried, probes.running(site.settings)] if running else tried


def _uncovered(found: tuple[Finding, ...], contract: str) -> int:
    return sum(1 for each in found if each.contract == contract and each.key == "on_call")


def _whole(site: Site, found: tuple[Finding, ...], doors: list[Probe], horizon: int, now: datetime) -> dict[str, Any]:
    return {
        "config": str(site.path),
        "digest": site.digest,
        "at": now,
        "days": horizon,
        "contracts": list(site.contracts),
        "people": len(site.people),
        "coverage": {duty.contract: _uncovered(found, duty.contract) == 0 for duty in site.roster.duties},
        "warnings": [asdict(finding) for finding in found],
        "doors": [asdict(door) for door in doors],
    }


def _for_people(site: Site, found: tuple[Finding, ...], doors: list[Probe], horizon: int) -> None:
    print(f"{site.path}: {len(site.contracts)} contracts, {len(site.people)} people, digest {site.digest[:12]}")
    for duty in site.roster.duties:
        gaps = _uncovered(found, duty.contract)
        told = "every minute outside hours is covered once" if not gaps else f"{gaps} gaps or overlaps"
        print(f"coverage of {duty.contract}, {horizon} days: {told}")
    for finding in found:
        print(f"warning: {showing.shown(finding)}")
    for door in doors:
        print(f"{_WORDS[door.ok]}: {door.door}: {showing.shown(door.said)}")
