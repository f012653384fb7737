"""`centralino oncall …`: the roster at any instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands import showing
from config.commands.common import COULD_NOT, AsJson, At, Config, NotFoundError, site_of
from gateway.domain.hours import local

if TYPE_CHECKING:
    from config.load import Site
    from gateway.domain.contract import Contract
    from gateway.domain.roster import Chain, Person

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who is on call, at any instant.")

ContractId = Annotated[
    str | None, typer.Option(metavar="ID", help="The contract; can be left out when only one has on-call duty.")
]


def _now(site: Site) -> datetime:
    from config.compose import clock_of

    return clock_of(site.settings).now()


def _contract(site: Site, wanted: str | None) -> Contract:
    """The contract that is meant.

    Raises:
        NotFoundError: no such contract, none on call, or several and none was named.
    """
    on_call = [duty.contract for duty in site.roster.duties]
    if wanted is None and len(on_call) == 1:
        wanted = on_call[0]
    if wanted not in site.contracts:
        raise NotFoundError(f"there is no contract {wanted!r}; on call: {', '.join(on_call) or 'none'}")
    if wanted not in on_call:
        raise NotFoundError(f"contract {wanted} has no on-call duty; on call: {', '.join(on_call) or 'none'}")
    return site.contracts[wanted]


def _chain(site: Site, contract: Contract, at: datetime) -> Chain:
    try:
        return site.roster.chain(contract.id, at)
    except LookupError as nobody:
        raise NotFoundError(str(nobody.args[0])) from nobody


def _person(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    return {"id": person.id, "name": person.name, "mobile": person.mobile, "landline": person.landline}


@app.command("who")
def who(contract: ContractId = None, at: At = None, as_json: AsJson = False, config: Config = None) -> None:
    """The contact in force, and whether the desk is open.

    Example: centralino oncall who --contract c02-comune --at 2026-12-26T03:01
    """
    from gateway.domain.hours import opening

    site = site_of(config)
    meant, instant = _contract(site, contract), at or _now(site)
    chain, state = _chain(site, meant, instant), opening(meant, instant)
    if as_json:
        showing.document({
            "contract": meant.id,
            "at": instant,
            "state": str(state.state),
            "reason": state.reason,
            "contact": _person(chain.contact),
            "shift": chain.origin,
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
    meant, instant = _contract(site, contract), at or _now(site)
    chain = _chain(site, meant, instant)
    roles = (("contact", chain.contact), ("deputy", chain.deputy), ("supervisor", chain.supervisor))
    if as_json:
        showing.document([{"role": role, **(_person(person) or {})} for role, person in roles if person])
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
    """Every stretch of duty, overrides too, and what is not covered exactly once (C2.10; exit 1 when there is any)."""
    from gateway.domain.roster import coverage

    site = site_of(config)
    meant, start = _contract(site, contract), at or _now(site)
    rows = _stretches(site, meant, start, start + timedelta(days=days))
    gaps = coverage(meant, site.roster, start, days)
    rows += [
        {"start": g.start, "end": g.end, "contact": None, "deputy": None, "shift": ", ".join(g.origins), "kind": g.kind}
        for g in gaps
    ]
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


def _stretches(site: Site, contract: Contract, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Shifts and overrides that touch the time from `start` to `end`."""
    first, last = local(start).date() - timedelta(days=8), local(end).date()
    rows: list[dict[str, Any]] = [
        {"start": s.start, "end": s.end, "contact": s.contact, "deputy": s.deputy, "shift": s.origin, "kind": "shift"}
        for s in site.roster.stretches(contract.id, first, last)
    ]
    rows += [
        {
            "start": o.start,
            "end": o.end,
            "contact": o.contact,
            "deputy": o.deputy,
            "shift": o.reason,
            "kind": "override",
        }
        for o in site.roster.overrides
        if o.contract == contract.id
    ]
    return [row for row in rows if row["start"] < end and row["end"] > start]
