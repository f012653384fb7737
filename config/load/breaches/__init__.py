"""What a contract file says that would break a clause: refused at check, load and reload (X18)."""

from __future__ import annotations

from config.load.breaches.amendments import refuse_amendments
from config.load.breaches.channels import (
    refuse_escalation_by_pec,
    refuse_uncommunicated,
    refuse_unpublished,
    refuse_unreachable,
)
from config.load.breaches.doubles import refuse_doubles
from config.load.breaches.hours import refuse_breaks, refuse_closures, refuse_strange_bands, refuse_undecidable
from config.load.breaches.offices import refuse_empty_lists, refuse_offices
from config.load.breaches.people import refuse_groups, refuse_unready
from config.load.breaches.phases import refuse_acts, refuse_ambiguous, refuse_phases, refuse_unserved
from config.load.breaches.reading import Reading
from config.load.breaches.visits import refuse_periods, refuse_quotas, refuse_sites, refuse_terms

__all__ = ["refuse_broken_clauses"]

CHECKS = (
    refuse_amendments,
    refuse_breaks,
    refuse_closures,
    refuse_undecidable,
    refuse_unreachable,
    refuse_unpublished,
    refuse_uncommunicated,
    refuse_escalation_by_pec,
    refuse_doubles,
    refuse_acts,
    refuse_phases,
    refuse_strange_bands,
    refuse_ambiguous,
    refuse_unserved,
    refuse_terms,
    refuse_quotas,
    refuse_sites,
    refuse_periods,
    refuse_offices,
    refuse_empty_lists,
    refuse_groups,
    refuse_unready,
)


def refuse_broken_clauses(reading: Reading) -> None:
    """Refuses one version of a contract.

    Raises:
        SettingError: it would break a clause; the message names file, key, clause and remedy.
    """
    for check in CHECKS:
        check(reading)
    _refuse_another_name(reading)


def _refuse_another_name(reading: Reading) -> None:
    source, table = reading.source, reading.table
    if source.path.stem != table.id:
        raise reading.refusal(
            "id",
            f"the file {source.path.name} holds the contract {table.id}",
            remedy=f"call the file {table.id}.toml",
        )
