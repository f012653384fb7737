"""One version of a contract file as it is checked: its tables, and how a refusal names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from config.load.refusals import Source, clause_for
from config.load.tables.contract import AmendmentTable, ContractFile
from gateway.domain.contract import Clauses
from gateway.domain.errors import SettingError


@dataclass(frozen=True, slots=True)
class Reading:
    """The tables of one version: number 0 is the contract as signed, 1 its first amendment.

    `keys` has the clause of each key of the file, `brought_by` the amendment that brought a table.
    """

    source: Source
    table: ContractFile
    clauses: Clauses
    keys: Mapping[str, str]
    number: int = 0
    reference: str = ""
    amended_from: date | None = None
    replaced: frozenset[str] = frozenset()
    brought_by: tuple[tuple[str, int], ...] = ()

    @property
    def start(self) -> date:
        """The first day on which this version is in force."""
        return self.amended_from or self.table.validity.start

    def amended(self, amendment: AmendmentTable) -> Reading:
        """The next version: every table of the amendment replaces the one of its name, whole."""
        tables = amendment.replaced()
        number = self.number + 1
        return replace(
            self,
            table=self.table.model_copy(update=tables),
            number=number,
            reference=amendment.reference,
            amended_from=amendment.start,
            replaced=frozenset(tables),
            brought_by=(*self.brought_by, *((name, number) for name in tables)),
        )

    def refusal(self, key: str, wrong: str, *, remedy: str, clause: str | None = None) -> SettingError:
        """The error that refuses this version for this key; without `clause` by the clause of the key."""
        where = self._where(key)
        return self.source.refusal(where, wrong, clause=clause or clause_for(where, self.keys), remedy=remedy)

    def _where(self, key: str) -> str:
        """The key as it stands in the file: below the amendment that brought the table."""
        table = key.partition(".")[0].partition("[")[0]
        number = dict(self.brought_by).get(table)
        return f"amendment[{number}].{key}" if number else key
