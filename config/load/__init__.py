"""Reads a site's configuration and refuses what would break a clause.

A site is a folder: `gateway.toml`, and beside it `people.toml`, `roster.toml` and `contracts/*.toml`. What does not
depend on today is refused with a `SettingError`; what only time brings about is a `Finding` among `Site.warnings`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

from config.fields import normalised_number
from config.load.breaches.installation import (
    Loaded,
    refuse_conflicts,
    refuse_escalation_without_account,
    refuse_strangers,
)
from config.load.breaches.probe import refuse_probe
from config.load.contracts import versions_of
from config.load.findings import Finding, findings
from config.load.recorded import Recorded
from config.load.refusals import Source, checked, read_toml
from config.load.rosters import people_of, roster_of
from config.settings import Settings
from gateway.domain.contract import Contract
from gateway.domain.errors import SettingError
from gateway.domain.intake import Channel
from gateway.domain.roster import Directory, Roster

__all__ = ["Finding", "Site", "in_force", "load", "warnings_of"]

GATEWAY_CLAUSES = {"": "X18", "phone.allowed_countries": "X10", "smtp": "X18", "signing": "X15"}


@dataclass(frozen=True, slots=True)
class Site:
    """One installation's configuration, checked. `digest` is the SHA-256 (hex) of all its files.

    `versions` are those of each contract, the first one first; `contracts` is the first version of each.
    """

    path: Path
    settings: Settings
    contracts: Mapping[str, Contract]
    versions: Mapping[str, tuple[Contract, ...]]
    people: Directory
    roster: Roster
    warnings: tuple[Finding, ...]
    digest: str

    @property
    def default_contract(self) -> Contract:
        """The contract of a contact that leads to none."""
        return self.contracts[self.settings.gateway.default_contract]

    def contracts_for(self, channel: str, address: str) -> tuple[Contract, ...]:
        """Every contract that this address or number of ours leads to; more than one only for a shared endpoint.

        Mail: in any case, and `local+token@domain` as `local@domain`. Numbers: as people write them.
        """
        wanted = _own_address(channel, address)
        return tuple(c for c in self.contracts.values() if any((e.channel, e.address) in wanted for e in c.endpoints))

    def contract_for(self, channel: str, address: str) -> Contract | None:
        """The contract that this address or number of ours leads to, the first of a shared one, or None."""
        found = self.contracts_for(channel, address)
        return found[0] if found else None

    def addresses(self, channel: str) -> frozenset[str]:
        """All our own addresses and numbers of a channel."""
        return frozenset(e.address for c in self.contracts.values() for e in c.endpoints if e.channel == channel)

    def channel_of_mail_to(self, address: str) -> Channel | None:
        """As what a mail to this address of ours arrives (mail, PEC or fax), or None: it is not ours, refuse it."""
        by_mail = (Channel.MAIL, Channel.PEC, Channel.FAX)
        return next((channel for channel in by_mail if "@" in address and self.contracts_for(channel, address)), None)


def in_force(versions: Mapping[str, tuple[Contract, ...]], today: date) -> Mapping[str, Contract]:
    """The version of each contract that is in force on a day (Rome); before the first one, the first."""
    return MappingProxyType({contract_id: _in_force(found, today) for contract_id, found in versions.items()})


def _in_force(versions: tuple[Contract, ...], today: date) -> Contract:
    return [versions[0], *(each for each in versions[1:] if each.effective_from <= today)][-1]


def warnings_of(
    site: Site, today: date, *, days: int | None = None, recorded: Recorded | None = None
) -> tuple[Finding, ...]:
    """What time has brought about on a site or will within `days` (default `[gateway] coverage_days`).

    Each contract by its version in force `today` (Rome). `recorded` is what the store knows; None: there is none.
    """
    return findings(site.settings, in_force(site.versions, today), site.roster, today, days, recorded)


def _own_address(channel: str, address: str) -> set[tuple[str, str]]:
    if "@" not in address:
        return {(channel, normalised_number(address) or address.strip())}
    local, at, domain = address.strip().casefold().rpartition("@")
    return {(channel, f"{local}{at}{domain}"), (channel, f"{local.partition('+')[0]}{at}{domain}")}


def load(path: Path, *, today: date | None = None, read_secrets: bool = True) -> Site:
    """The configuration whose `gateway.toml` is at `path`.

    `today` (Rome) is for the warnings; without it there are none that time brings. With `read_secrets=False` secrets
    are empty: for commands whose user may not read them; a secret in clear is refused all the same.

    Raises:
        SettingError: the configuration is refused; the first error of the first file, in a fixed order.
    """
    path = path.resolve()
    gateway, contract_files, people, roster = _sources(path)
    settings = checked(Settings, gateway, GATEWAY_CLAUSES, {"folder": path.parent, "read_secrets": read_secrets})
    loaded = _contracts(contract_files, path, settings.phone.recording_days)
    versions = MappingProxyType({found[0].id: found for _, found in loaded})
    contracts = MappingProxyType({contract_id: found[0] for contract_id, found in versions.items()})
    _refuse_unknown_contracts(gateway, settings, contracts)
    refuse_escalation_without_account(loaded, frozenset(each.address.casefold() for each in settings.pec_account))
    directory = people_of(people, contracts)
    refuse_strangers(loaded, directory)
    duties = roster_of(roster, directory, contracts, settings.phone.allowed_countries)
    if settings.probe is not None:
        refuse_probe(gateway, settings.probe, settings.gateway.default_contract, contracts, directory, duties)
    return Site(
        path=path,
        settings=settings,
        contracts=contracts,
        versions=versions,
        people=directory,
        roster=duties,
        warnings=findings(settings, in_force(versions, today), duties, today) if today else (),
        digest=_digest([gateway, *contract_files, people, roster]),
    )


def _sources(path: Path) -> tuple[Source, list[Source], Source, Source]:
    gateway = read_toml(path)
    contracts = [read_toml(each) for each in sorted((path.parent / "contracts").glob("*.toml"))]
    people, roster = (_optional(path.parent / name) for name in ("people.toml", "roster.toml"))
    return gateway, contracts, people, roster


def _optional(path: Path) -> Source:
    return read_toml(path) if path.exists() else Source(path, "", {})


def _digest(sources: Sequence[Source]) -> str:
    whole = hashlib.sha256()
    for source in sources:
        whole.update(f"{source.name}\0{len(source.text)}\0{source.text}".encode())
    return whole.hexdigest()


def _contracts(sources: Sequence[Source], path: Path, recording_days: int) -> Loaded:
    if not sources:
        raise SettingError(
            "contracts",
            "file",
            f"there is no contract in {path.parent / 'contracts'}",
            clause="X18",
            remedy="write one file a contract there (centralino init)",
        )
    loaded = [(source, versions_of(source, recording_days)) for source in sources]
    refuse_conflicts(loaded)
    return loaded


def _refuse_unknown_contracts(source: Source, settings: Settings, contracts: Mapping[str, Contract]) -> None:
    named = [("gateway.default_contract", settings.gateway.default_contract)]
    named += [(f"mailbox[{n}].contract", box.contract) for n, box in enumerate(settings.mailbox, 1) if box.contract]
    for key, contract in named:
        if contract not in contracts:
            raise source.refusal(
                key,
                f"the contract {contract} is not there",
                clause="X18",
                remedy=f"known contracts: {', '.join(contracts)}",
            )
    _refuse_twice(source, "mailbox", [box.name for box in settings.mailbox])
    _refuse_twice(source, "oauth", [each.name for each in settings.oauth])
    known = [each.name for each in settings.oauth]
    for number, box in enumerate(settings.mailbox, 1):
        if box.oauth is not None and box.oauth not in known:
            raise source.refusal(
                f"mailbox[{number}].oauth",
                f"there is no [[oauth]] called {box.oauth}",
                clause="X18",
                remedy=f"known: {', '.join(known)}" if known else "write an [[oauth]] with that name",
            )


def _refuse_twice(source: Source, table: str, names: Sequence[str]) -> None:
    for number, name in enumerate(names, 1):
        if name in names[: number - 1]:
            raise source.refusal(
                f"{table}[{number}].name",
                f"two {'mailboxes' if table == 'mailbox' else 'entries of [[oauth]]'} are called {name}",
                clause="X18",
                remedy="give each its own name",
            )
