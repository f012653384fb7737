"""`centralino check`: the whole configuration, the coverage of every minute ahead, and with --connect every door."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import CONFIGURATION_REFUSED, COULD_NOT, AsJson, At, Config, remark, site_of
from gateway.domain.errors import StoreError
from gateway.domain.hours import instant, local

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from config.commands.probes import Probe
    from config.load import Finding, Site
    from config.load.recorded import Recorded
    from gateway.domain.contract import Contract

_WORDS = {True: "ok", False: "FAILED", None: "none"}
MOST_NAMED = 12
"""So many ids of a language the note on borrowed texts names; --json names all."""


def check(
    *,
    connect: Annotated[bool, typer.Option("--connect", help="Try every door too.")] = False,
    days: Annotated[
        int | None, typer.Option(min=1, max=3_660, help="How many days ahead; default [gateway] coverage_days (60).")
    ] = None,
    at: At = None,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse warnings too: exit 78.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Ask the running daemon, its last reload too.")] = False,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Check the configuration, the texts, every contract, and that exactly one is on call in every minute ahead.

    A configuration that is refused exits 78 with file, key, clause and remedy. What time brings about (a hole that a
    fallback contact fills, a quota nearly used up, a period or contract that ends) is a warning, and with --strict
    exits 78 too. A door that --connect finds closed, or a daemon that --running does not find ready, exits 1.
    Texts that the site's folder lacks and that are the shipped ones are a note, never a warning.

    Example: centralino check --connect --days 90 --config /etc/centralino/gateway.toml
    """
    from config.commands.horizon import horizon, print_table
    from config.compose import clock_of, rules_of, trust_list_of
    from config.doors import certificate_of
    from config.load import in_force, warnings_of
    from config.load.texts import borrowed

    site = site_of(config)
    rules_of(site)
    lent = borrowed(site.path.parent / "texts")
    trust_list_of(site.settings)
    certificate_of(site.settings.smtp)
    now = at or clock_of(site.settings).now()
    today = local(now).date()
    ahead = [today + timedelta(days=count) for count in range(days or site.settings.gateway.coverage_days)]
    contracts = in_force(site.versions, today)
    known = _recorded(site, contracts, today)
    found = warnings_of(site, today, days=len(ahead), recorded=known)
    told = [horizon(site, each, now, ahead, _of(found, each), known) for each in contracts.values()]
    doors = _doors(site, connect=connect, running=running)
    if as_json:
        showing.document(_whole(site, found, doors, ahead) | {"at": now, "standing": told, "shipped_texts": dict(lent)})
    else:
        print(f"{site.path}: {len(contracts)} contracts, {len(site.people)} people, digest {site.digest[:12]}")
        print(f"{len(ahead)} days, {ahead[0]} to {ahead[-1]}\n")
        print_table(told)
        _print_rest(found, doors, lent)
    if strict and found:
        remark(f"centralino: {len(found)} warnings, and --strict refuses them")
        raise typer.Exit(CONFIGURATION_REFUSED)
    if any(door.ok is False for door in doors):
        raise typer.Exit(COULD_NOT)


def _of(found: Sequence[Finding], contract: Contract) -> list[Finding]:
    return [finding for finding in found if finding.contract == contract.id]


def _recorded(site: Site, contracts: Mapping[str, Contract], today: date) -> Recorded | None:
    """What the store knows, and nothing is written; None when nobody can ask: before the first start there is none."""
    from adapters.store.engine import parsed, sqlite_path
    from config.compose import store_of
    from config.load.recorded import recorded

    file = sqlite_path(parsed(site.settings.database.address))
    if file is not None and not file.exists():
        return None
    try:
        with store_of(site.settings, threaded=False) as store:
            return store.read(lambda reading: recorded(reading, contracts.values(), instant(today)))
    except StoreError as error:
        remark(f"centralino: what was recorded (visits, changes of the roster) is not known: {error}")
        return None


def _doors(site: Site, *, connect: bool, running: bool) -> list[Probe]:
    if not connect and not running:
        return []
    from config.commands import probes

    tried = list(probes.probes(site.settings)) if connect else []
    return [*tried, probes.running(site.settings)] if running else tried


def _whole(site: Site, found: Sequence[Finding], doors: Sequence[Probe], ahead: Sequence[date]) -> dict[str, Any]:
    gaps = {finding.contract for finding in found if finding.start}
    return {
        "config": str(site.path),
        "digest": site.digest,
        "days": len(ahead),
        "contracts": list(site.contracts),
        "people": len(site.people),
        "coverage": {duty.contract: duty.contract not in gaps for duty in site.roster.duties},
        "warnings": [asdict(finding) | {"minutes": finding.minutes} for finding in found],
        "doors": [asdict(door) for door in doors],
    }


def _print_rest(found: Sequence[Finding], doors: Sequence[Probe], lent: Mapping[str, Sequence[str]]) -> None:
    if found or doors or lent:
        print()
    for finding in found:
        print(f"warning: {showing.shown(finding)}")
    for door in doors:
        print(f"{_WORDS[door.ok]}: {door.door}: {showing.shown(door.said)}")
    if lent:
        count = sum(len(ids) for ids in lent.values())
        named = "; ".join(f"{showing.shown(language)}: {_some(ids)}" for language, ids in lent.items())
        print(f"note: texts that this site's folder lacks, taken from the shipped ones: {count} ({named})")


def _some(ids: Sequence[str]) -> str:
    more = len(ids) - MOST_NAMED
    return ", ".join(ids[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
