"""Which contract an `oncall` command means when none is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.commands.common import NotFoundError
from config.commands.rosters import contract_meant
from config.load import Site, load
from tests.flow.probe_site import DUTY, GOLDEN, PERSON, TWILIO, add_probe
from tests.flow.station import site_folder

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def tried_out(tmp_path: Path) -> Site:
    """The shipped site, with the test contract of [probe] beside it."""
    path = site_folder(tmp_path)
    path.write_text(path.read_text() + TWILIO)
    return load(add_probe(tmp_path))


def test_the_contract_of_the_probe_is_never_in_the_way(tried_out: Site) -> None:
    """Nobody real is on call in it: with one real contract on call `oncall who` needs no --contract."""
    assert contract_meant(tried_out, None, AT).id == "c02-comune"


def test_the_contract_of_the_probe_can_be_named(tried_out: Site) -> None:
    assert contract_meant(tried_out, "prova", AT).id == "prova"


def test_where_several_are_on_call_the_remedy_names_them(tmp_path: Path) -> None:
    path = site_folder(tmp_path)
    for name, text in (("people.toml", PERSON), ("roster.toml", DUTY)):
        file = tmp_path / name
        file.write_text(file.read_text() + text)
    (tmp_path / "contracts" / GOLDEN.name).write_text(GOLDEN.read_text())
    with pytest.raises(NotFoundError, match=r"say --contract with one of: c02-comune, prova"):
        contract_meant(load(path), None, AT)
