"""What the commands about on-call duty share: the contract that is meant, and the roster with what was recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config.commands.common import NotFoundError, remark
from gateway.domain.errors import StoreError

if TYPE_CHECKING:
    from config.load import Site
    from gateway.domain.contract import Contract
    from gateway.domain.roster import Person, Roster
    from gateway.domain.rules import Rules
    from gateway.domain.telephony import RosterChange

EVER = datetime(1900, 1, 1, tzinfo=UTC)
"""Before anything was recorded."""
ContractId = Annotated[
    str | None,
    typer.Option(
        "--contract", metavar="ID", help="The contract; can be left out when only one has on-call duty.",
        show_default=False,
    ),
]  # fmt: skip


def now_of(site: Site) -> datetime:
    """The present instant by the site's clock (a demo has its own)."""
    from config.compose import clock_of

    return clock_of(site.settings).now()


def contract_meant(site: Site, wanted: str | None, at: datetime) -> Contract:
    """The contract that is meant, in its version of that instant.

    Raises:
        NotFoundError: no such contract, none on call, or several and none was named.
    """
    from config.load import in_force
    from gateway.domain.hours import local

    on_call = [duty.contract for duty in site.roster.duties]
    real = [contract for contract in on_call if contract != _tried_out(site)]
    if wanted is None and len(real) != 1:
        raise NotFoundError(f"which contract is meant? say --contract with one of: {', '.join(on_call) or 'none'}")
    wanted = real[0] if wanted is None else wanted
    if wanted not in site.contracts:
        raise NotFoundError(f"there is no contract {wanted!r}; on call: {', '.join(on_call) or 'none'}")
    if wanted not in on_call:
        raise NotFoundError(f"contract {wanted} has no on-call duty; on call: {', '.join(on_call) or 'none'}")
    return in_force(site.versions, local(at).date())[wanted]


def _tried_out(site: Site) -> str | None:
    """The contract in which the probe tries out the whole way: nobody real is on call in it."""
    probe = site.settings.probe
    return probe.contract if probe else None


def changes_since(site: Site, since: datetime) -> list[RosterChange]:
    """What was recorded beside the roster's file and ends after an instant.

    Nothing where no database was made yet; where it cannot be asked, a remark says so.
    """
    from adapters.store.engine import parsed, sqlite_path
    from config.compose import store_of

    file = sqlite_path(parsed(site.settings.database.address))
    if file is not None and not file.exists():
        return []
    try:
        with store_of(site.settings, threaded=False) as store:
            return store.read(lambda reading: reading.roster_changes(ending_after=since))
    except StoreError as error:
        remark(f"centralino: overrides and swaps that were recorded are not known: {error}")
        return []


def roster_since(site: Site, since: datetime) -> Roster:
    """The roster as it is in force from an instant on: the file, and what was recorded."""
    return site.roster.with_changes(changes_since(site, since))


def rules_in_force(site: Site) -> Rules:
    """The rules of a site, the roster as it is in force at every instant, past ones too.

    Raises:
        SettingError: as `rules_of`.
    """
    from config.compose import rules_of

    return replace(rules_of(site), roster=roster_since(site, EVER))


def person_shown(person: Person | None) -> dict[str, Any] | None:
    """A person as commands tell them."""
    if person is None:
        return None
    return {"id": person.id, "name": person.name, "mobile": person.mobile, "landline": person.landline}
