"""`centralino oncall …`: the roster at any instant, past or future, as it is in force."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import oncall_changes, oncall_out, showing
from config.commands.common import COULD_NOT, AsJson, At, Config, NotFoundError, site_of
from config.commands.rosters import ContractId, contract_meant, now_of, person_shown, roster_since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from config.load import Site
    from gateway.domain.contract import Contract
    from gateway.domain.roster import Chain, Gap, Roster

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who is on call, at any instant.")
app.command("override")(oncall_changes.override)
app.add_typer(oncall_changes.swap_app, name="swap")
app.command("changes")(oncall_changes.changes)
app.command("undo")(oncall_changes.undo)
app.command("export")(oncall_out.export)
app.command("report")(oncall_out.report)


def _chain(site: Site, contract: Contract, at: datetime) -> Chain:
    try:
        return roster_since(site, at).chain(contract.id, at)
    except LookupError as nobody:
        raise NotFoundError(str(nobody.args[0])) from nobody


@app.command("who")
def who(contract: ContractId = None, at: At = None, as_json: AsJson = False, config: Config = None) -> None:
    """The contact in force, and whether the desk is open.

    Example: centralino oncall who --contract c02-comune --at 2026-12-26T03:01
    """
    from gateway.domain.hours import opening

    site = site_of(config)
    instant = at or now_of(site)
    meant = contract_meant(site, contract, instant)
    chain, state = _chain(site, meant, instant), opening(meant, instant)
    if as_json:
        showing.document({
            "contract": meant.id,
            "at": instant,
            "state": str(state.state),
            "reason": state.reason,
            "contact": person_shown(chain.contact),
            "shift": chain.origin,
            "by": chain.by,
            "change": chain.change,
            "from_fallback": chain.from_fallback,
            "clauses": [*state.clauses, *chain.clauses],
        })  # fmt: skip
        return
    numbers = " ".join(chain.contact.numbers)
    print(f"{chain.contact.id}  {chain.contact.name}  {numbers}  ({chain.origin})")
    if state.is_open:
        print(f"the desk is open at {showing.rome(instant)}: requests go there")


@app.command("chain")
def chain_(contract: ContractId = None, at: At = None, as_json: AsJson = False, config: Config = None) -> None:
    """Whom a request reaches in order, until somebody accepts: contact, deputy, supervisor."""
    site = site_of(config)
    instant = at or now_of(site)
    chain = _chain(site, contract_meant(site, contract, instant), instant)
    roles = (("contact", chain.contact), ("deputy", chain.deputy), ("supervisor", chain.supervisor))
    if as_json:
        showing.document([{"role": role, **(person_shown(person) or {})} for role, person in roles if person])
        return
    showing.table(
        ("ROLE", "ID", "NAME", "NUMBERS"),
        [(role, person.id, person.name, " ".join(person.numbers)) for role, person in roles if person],
    )


@app.command("shifts")
def shifts(
    contract: ContractId = None,
    at: At = None,
    days: Annotated[int, typer.Option(min=1, max=3_660, help="How many days from then on.")] = 14,
    as_json: AsJson = False,
    config: Config = None,
) -> None:
    """Who is called from when to when, overrides and swaps resolved, and what is not covered exactly once.

    A hole or an overlap outside the hours of the desk (C2.10) exits 1.
    """
    from gateway.domain.hours import days_later
    from gateway.domain.roster.gaps import gaps_between

    site = site_of(config)
    start = at or now_of(site)
    end = days_later(start, days)
    meant, roster = contract_meant(site, contract, start), roster_since(site, start)
    gaps = gaps_between(meant, roster, start, end)
    rows = [*_stretches(roster, meant, start, end), *_gaps(gaps)]
    rows.sort(key=lambda row: (row["start"], row["end"]))
    if as_json:
        showing.document(rows)
    else:
        showing.table(
            ("FROM", "TO", "CONTACT", "DEPUTY", "KIND", "SHIFT"),
            [
                (showing.rome(r["start"]), showing.rome(r["end"]), r["contact"] or "-", r["deputy"] or "-", r["kind"],
                 r["shift"])
                for r in rows
            ],
        )  # fmt: skip
    if gaps:
        raise typer.Exit(COULD_NOT)


def _stretches(roster: Roster, contract: Contract, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Every stretch in which somebody has the duty; where nobody has, the hole is told by `_gaps`."""
    for part in roster.timeline(contract.id, start, end):
        if not part.chain.from_fallback:
            yield {
                "start": part.start,
                "end": part.end,
                "contact": part.chain.contact.id,
                "deputy": part.chain.deputy.id if part.chain.deputy else None,
                "shift": part.chain.origin,
                "kind": str(part.chain.by),
                "change": part.chain.change,
            }


def _gaps(gaps: tuple[Gap, ...]) -> Iterator[dict[str, Any]]:
    for gap in gaps:
        yield {
            "start": gap.start,
            "end": gap.end,
            "contact": None,
            "deputy": None,
            "shift": ", ".join(gap.origins),
            "kind": str(gap.kind),
            "change": None,
        }
