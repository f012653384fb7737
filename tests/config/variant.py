"""The shipped configuration with something changed, for tests of what a key becomes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config.load import load

if TYPE_CHECKING:
    from datetime import date

    from config.load import Site
    from gateway.domain.contract import Contract

SHIPPED = Path(__file__).parents[2] / "config"


@dataclass(frozen=True)
class Variant:
    """A copy of the shipped configuration in `folder`."""

    folder: Path

    @classmethod
    def copied_to(cls, folder: Path) -> Variant:
        for name in ("gateway.toml", "people.toml", "roster.toml"):
            shutil.copy(SHIPPED / name, folder)
        shutil.copytree(SHIPPED / "contracts", folder / "contracts")
        return cls(folder)

    def change(self, contract: str, old: str, new: str) -> Variant:
        path = self.file(contract)
        assert old in path.read_text(), f"{path.name} has no {old!r} any more"
        path.write_text(path.read_text().replace(old, new, 1))
        return self

    def append(self, contract: str, text: str) -> Variant:
        path = self.file(contract)
        path.write_text(f"{path.read_text()}\n{text}")
        return self

    def file(self, contract: str) -> Path:
        """The file whose name begins with `c02` or the like."""
        (path,) = (self.folder / "contracts").glob(f"{contract}-*.toml")
        return path

    def site(self, today: date | None = None) -> Site:
        return load(self.folder / "gateway.toml", today=today)

    def contract(self, contract: str) -> Contract:
        return self.versions(contract)[0]

    def versions(self, contract: str) -> tuple[Contract, ...]:
        return self.site().versions[self.file(contract).stem]
