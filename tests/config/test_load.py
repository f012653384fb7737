from __future__ import annotations

import ast
import inspect
import re
import shutil
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config import settings
from config.fields import duration_text
from config.load import Site, load
from config.load.calendars import national, patrons, undecided
from gateway.domain.errors import SettingError
from gateway.domain.roster import HOLIDAY, WeeklyShift

SHIPPED = Path(__file__).parents[2] / "config"
MANUAL = (SHIPPED / "gateway.toml").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("gateway.toml", "people.toml", "roster.toml"):
        shutil.copy(SHIPPED / name, tmp_path)
    shutil.copytree(SHIPPED / "contracts", tmp_path / "contracts")
    return tmp_path


def changed(folder: Path, file: str, old: str, new: str) -> Path:
    path = folder / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return folder / "gateway.toml"


def shipped() -> Site:
    return load(SHIPPED / "gateway.toml", today=date(2026, 11, 24))


def test_the_ten_contracts_load_without_a_warning() -> None:
    site = shipped()
    assert [contract_id[:3] for contract_id in site.contracts] == [f"c{number:02}" for number in range(1, 11)]
    assert site.warnings == ()


def test_an_endpoint_leads_to_its_contract_however_it_is_written() -> None:
    site = shipped()
    for channel, address in [
        ("mail", "Assistenza@Comune.Example"),
        ("mail", "assistenza+a1b2c3@comune.example"),
        ("phone", "070 0000200"),
        ("phone", "+390700000200"),
        ("fax", "0039 070 0000209"),
    ]:
        found = site.contract_for(channel, address)
        assert found is not None, address
        assert found.id == "c02-comune"


def test_an_address_that_is_not_ours_leads_nowhere() -> None:
    assert shipped().contract_for("mail", "nessuno@comune.example") is None
    assert shipped().contract_for("sms", "+390700000200") is None


@pytest.mark.parametrize(
    ("address", "channel"),
    [
        ("assistenza@comune.example", "mail"),
        ("Assistenza@pec.comune.example", "pec"),
        ("fax@comune.example", "fax"),
        ("nessuno@comune.example", None),
        ("+390700000209", None),
    ],
)
def test_a_mail_arrives_as_what_its_address_is(address: str, channel: str | None) -> None:
    """C3.7: a fax that a fax service delivers by mail is a fax."""
    assert shipped().channel_of_mail_to(address) == channel


def test_a_database_address_that_cannot_be_read_is_not_repeated(folder: Path) -> None:
    """X15."""
    old = '# url = "sqlite:///centralino.db"'
    path = changed(folder, "gateway.toml", old, 'url = "postgresql://u:hunter2@[::1/c"')
    with pytest.raises(SettingError) as refused:
        load(path)
    assert "hunter2" not in str(refused.value)


def test_a_shared_mailbox_leads_to_both_contracts(folder: Path) -> None:
    address = 'address = "assistenza@comune.example"'
    changed(folder, "contracts/c02-comune.toml", address, f"{address}\nshared = true")
    path = changed(
        folder,
        "contracts/c04-phonzie.toml",
        'address = "assistenza@parcheggi.example"',
        f"{address}\nshared = true",
    )
    found = load(path).contracts_for("mail", "assistenza@comune.example")
    assert [contract.id for contract in found] == ["c02-comune", "c04-phonzie"]


def test_any_changed_file_changes_the_digest(folder: Path) -> None:
    before = load(folder / "gateway.toml").digest
    path = changed(folder, "contracts/c08-rti.toml", "fax", "fax")
    assert load(path).digest == before
    changed(folder, "roster.toml", "# Who is on call", "# who is on call")
    assert load(path).digest != before


def test_relative_paths_count_from_the_folder_of_the_configuration(folder: Path) -> None:
    site = load(folder / "gateway.toml")
    assert site.settings.database.url == f"sqlite:///{folder}/centralino.db"
    assert site.settings.database.blobs == folder / "blobs"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_way_to_write_postgresql_means_the_same_driver(folder: Path, scheme: str) -> None:
    old = '# url = "sqlite:///centralino.db"'
    path = changed(folder, "gateway.toml", old, f'url = "{scheme}://centralino@db.example/centralino"')
    assert load(path).settings.database.url == "postgresql+psycopg://centralino@db.example/centralino"


def test_the_database_password_comes_from_its_file_and_stays_out_of_the_url(folder: Path) -> None:
    (folder / "pw").write_text("a/b@c\n")
    old = '# url = "sqlite:///centralino.db"'
    path = changed(folder, "gateway.toml", old, 'url = "postgresql://u@db.example/c"\npassword = {file = "pw"}')
    database = load(path).settings.database
    assert database.address == "postgresql+psycopg://u:a%2Fb%40c@db.example/c"
    assert "a/b@c" not in repr(database)


def test_a_secret_is_read_from_its_file_without_the_line_end(folder: Path) -> None:
    (folder / "signing.key").write_text("k" * 32 + "\n")
    path = changed(folder, "gateway.toml", "# [signing]\n", '[signing]\nkey = {file = "signing.key"}\n')
    signing = load(path).settings.signing
    assert signing is not None
    assert signing.key.get_secret_value() == "k" * 32
    assert "k" * 32 not in repr(signing)


def test_a_secret_is_read_from_the_credentials_of_systemd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    (folder / "signing-key").write_text("c" * 40)
    path = changed(folder, "gateway.toml", "# [signing]\n", '[signing]\nkey = {credential = "signing-key"}\n')
    signing = load(path).settings.signing
    assert signing is not None
    assert signing.key.get_secret_value() == "c" * 40


def test_a_credential_cannot_point_outside_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    path = changed(folder, "gateway.toml", "# [signing]\n", '[signing]\nkey = {credential = "../etc/passwd"}\n')
    with pytest.raises(Exception, match="exactly one name"):
        load(path)


def test_a_command_that_needs_no_secrets_does_not_read_them(folder: Path) -> None:
    path = changed(folder, "gateway.toml", "# [signing]\n", '[signing]\nkey = {file = "not-for-you"}\n')
    signing = load(path, read_secrets=False).settings.signing
    assert signing is not None
    assert signing.key.get_secret_value() == ""


def test_the_demo_table_is_there_for_serve_to_see(folder: Path) -> None:
    assert load(folder / "gateway.toml").settings.demo is None
    path = changed(folder, "gateway.toml", "# [demo]\n", '[demo]\nclock_offset_file = "offset"\n')
    demo = load(path).settings.demo
    assert demo is not None
    assert demo.clock_offset_file == folder / "offset"


def test_a_hole_that_a_fallback_fills_is_a_warning(folder: Path) -> None:
    """C2.8, C2.10."""
    path = changed(folder, "roster.toml", "# ends = 2031-01-03T18:00:00", "ends = 2026-12-20T12:00:00")
    (warning, *_) = load(path, today=date(2026, 11, 24)).warnings
    assert (warning.file, warning.clause, warning.contract) == ("roster.toml", "C2.10", "c02-comune")
    assert "nobody is on call from 2026-12-20 12:00 to 2026-12-21 08:00" in str(warning)


def test_a_contract_about_to_end_is_a_warning_and_never_a_refusal() -> None:
    """C2.2."""
    at_the_end = load(SHIPPED / "gateway.toml", today=date(2030, 12, 1)).warnings
    assert any("ends on 2030-12-31, in 30 days" in finding.wrong for finding in at_the_end)
    after = load(SHIPPED / "gateway.toml", today=date(2031, 6, 1)).warnings
    assert any("the contract ended on 2030-12-31" in finding.wrong for finding in after)


@pytest.mark.parametrize(
    ("municipality", "patron", "closed"),
    [("Roma", "false", True), ("Roma", "true", True), ("Cagliari", "true", False)],
)
def test_peter_and_paul_is_a_holiday_of_rome_by_decree(
    folder: Path,
    municipality: str,
    patron: str,
    closed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """C2.6, S023."""
    changed(folder, "contracts/c02-comune.toml", '"Cagliari"\n', f'"{municipality}"\n')
    path = changed(folder, "contracts/c02-comune.toml", "patron = true ", f"patron = {patron} ")
    holiday = load(path).contracts["c02-comune"].schedules[0].calendar.holiday_on(date(2026, 6, 29))
    assert (holiday is not None) is closed


def test_without_the_patron_its_day_is_ordinary(folder: Path) -> None:
    """C2.6, S021."""
    path = changed(folder, "contracts/c02-comune.toml", "patron = true ", "patron = false ")
    assert load(path).contracts["c02-comune"].schedules[0].calendar.holiday_on(date(2026, 10, 30)) is None


def test_additional_days_come_once_or_every_year(folder: Path) -> None:
    extra = """[[holidays.additional]]
name = "Sa die de sa Sardigna"
every = "04-28"

[[holidays.additional]]
name = "Giubileo"
on = 2026-11-25

[channels]"""
    calendar = (
        load(changed(folder, "contracts/c02-comune.toml", "[channels]", extra))
        .contracts["c02-comune"]
        .schedules[0]
        .calendar
    )
    assert [calendar.holiday_on(date(year, 4, 28)) for year in (2026, 2027)] == ["Sa die de sa Sardigna"] * 2
    assert [calendar.holiday_on(date(year, 11, 25)) for year in (2026, 2027)] == ["Giubileo", None]


@pytest.mark.parametrize(("year", "days"), [(2025, 11), (2026, 12), (2028, 12)])
def test_the_national_holidays_of_a_year(year: int, days: int) -> None:
    """DOMAIN §7: San Francesco from 2026, neither Easter Sunday nor National Unity Day."""
    assert len(national(year)) == days
    assert (date(year, 10, 4) in national(year)) == (year >= 2026)
    assert not {"Pasqua", "Giorno dell'unità nazionale"} & set(national(year).values())


def test_no_holiday_of_the_library_is_undecided() -> None:
    """A new national holiday has to be decided by a person: this test fails when the library brings one."""
    assert [undecided(year) for year in range(2025, 2032)] == [()] * 7


def test_whit_monday_of_bolzano_moves_with_easter(folder: Path) -> None:
    changed(folder, "contracts/c02-comune.toml", '"Cagliari"\n', '"Bolzano"\n')
    calendar = load(folder / "gateway.toml").contracts["c02-comune"].schedules[0].calendar
    assert calendar.holiday_on(date(2026, 5, 25)) == "Lunedì di Pentecoste"
    assert patrons()["Bolzano"]["decree"]


def test_a_weekly_shift_of_the_file_becomes_a_shift(folder: Path) -> None:
    shift = """[[shift]]
contract = "c02-comune"
name = "festivi"
contact = "anna"
days = ["sat", "holiday"]
from = 08:00:00
to = 08:00:00
ends_next_day = true
"""
    path = changed(folder, "roster.toml", "# A shift once:\n", shift)
    found = next(entry for entry in load(path).roster.entries if isinstance(entry, WeeklyShift))
    assert (found.weekdays, found.days_later) == (frozenset({5, HOLIDAY}), 1)


def test_an_override_of_the_file_wins(folder: Path) -> None:
    override = """[[override]]
contract = "c02-comune"
starts = 2026-12-24T18:00:00
ends = 2026-12-25T08:00:00
contact = "dario"
by = "elena"
reason = "scambio"
"""
    path = changed(folder, "roster.toml", "# Somebody else for a while", override + "\n# Somebody else for a while")
    site = load(path)
    night = site.roster.overrides[0].start + timedelta(hours=1)
    assert site.roster.chain("c02-comune", night).contact is site.people["dario"]


# The manual: config/gateway.toml against the models, in both directions.


def _sections() -> dict[str, type[BaseModel]]:
    models = [each for each in vars(settings).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    by_name = {model.__name__.lower(): model for model in models}
    return {name: by_name[name.replace("_", "")] for name in settings.Settings.model_fields}


def _written() -> dict[str, dict[str, str]]:
    """Every setting of the manual, commented or not, by section."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    for line in MANUAL.splitlines():
        bare = line.removeprefix("# ")
        if table := re.fullmatch(r"\[\[?(\w+)\]\]?", bare):
            section = table[1]
            found[section] = {}
        elif setting := re.fullmatch(r"(\w+) = (.+)", bare):
            found[section][setting[1]] = setting[2]
    return found


def _keys(model: type[BaseModel]) -> set[str]:
    return {info.alias or name for name, info in model.model_fields.items()}


def test_the_manual_has_every_setting_and_no_other() -> None:
    assert {name: set(keys) for name, keys in _written().items()} == {n: _keys(m) for n, m in _sections().items()}


@pytest.mark.parametrize(
    ("section", "name"),
    [(section, name) for section, model in _sections().items() for name in model.model_fields],
)
def test_the_manual_states_the_default_of(section: str, name: str) -> None:
    info = _sections()[section].model_fields[name]
    written = _written()[section][info.alias or name]
    if info.default in {PydanticUndefined, None}:
        assert section == "gateway" or written.endswith("# (example)")
        return
    value = tomllib.loads(f"x = {written}")["x"]
    default = duration_text(info.default) if isinstance(info.default, timedelta) else info.default
    expected = str(default) if isinstance(default, Path) else default
    assert (tuple(value) if isinstance(value, list) else value) == expected


@pytest.mark.parametrize("section", _sections())
def test_every_setting_says_what_it_is_and_since_when_as_the_manual_does(section: str) -> None:
    body = ast.parse(inspect.getsource(_sections()[section])).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign):
            assert isinstance(text, ast.Expr), ast.unparse(field)
            said = ast.literal_eval(text.value)
            assert said.endswith("Since 0.1.")
            assert f"# {said}\n" in MANUAL
