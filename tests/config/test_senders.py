"""Who may bring mail: what of it makes no sense together."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace as Namespace
from typing import cast

import pytest

from adapters.smtp import kept_form
from config.load import load, warnings_of
from config.load.recorded import Recorded
from config.mail_in import authenticator_of, look_as_configured
from gateway.domain.errors import SettingError
from gateway.ports import Gateway

SHIPPED = Path(__file__).parents[2] / "config"
TLS = 'tls_certificate = "chain.pem"\ntls_key = "key.pem"\n'
SUBMITTER = '[[submitter]]\nuser = "stampante"\npassword = {file = "kept"}\nsenders = ["Stampante@Comune.example"]\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in ("people.toml", "roster.toml"):
        shutil.copy(SHIPPED / name, tmp_path)
    shutil.copytree(SHIPPED / "contracts", tmp_path / "contracts")
    (tmp_path / "kept").write_text(kept_form("correct horse battery") + "\n")
    return tmp_path / "gateway.toml"


def written(site: Path, *more: str) -> Path:
    site.write_text('[gateway]\ndefault_contract = "c02-comune"\n' + "\n".join(more))
    return site


def test_a_submitter_needs_a_door_with_tls(site: Path) -> None:
    """B-008."""
    with pytest.raises(SettingError) as refused:
        load(written(site, SUBMITTER))
    assert (refused.value.key, refused.value.clause) == ("submitter", "B-008")
    (found,) = load(written(site, "[smtp]", TLS, SUBMITTER)).settings.submitter
    assert found.senders == ("stampante@comune.example",)


def test_two_submitters_are_two(site: Path) -> None:
    with pytest.raises(SettingError, match="same user"):
        load(written(site, "[smtp]", TLS, SUBMITTER, SUBMITTER))


def test_without_the_section_nobody_looks(site: Path) -> None:
    assert authenticator_of(load(written(site)).settings) is None
    assert authenticator_of(load(written(site, "[authentication]")).settings) is not None


@pytest.mark.parametrize("place", ["127.0.0.1:8024", "[::1]:8024", "localhost:0", "/run/centralino/lmtp.sock", ""])
def test_lmtp_listens_for_our_own_machine(site: Path, place: str) -> None:
    settings = load(written(site, f'[lmtp]\nlisten = "{place}"')).settings
    assert settings.lmtp is not None
    assert settings.lmtp.listen == place


@pytest.mark.parametrize(
    "place", ["8024", "lmtp.sock", "mx.comune.example:24", "127.0.0.1:99999", "192.0.2.5:24", "0.0.0.0:24", "[::]:24"]
)
def test_lmtp_listens_nowhere_else(site: Path, place: str) -> None:
    with pytest.raises(SettingError):
        load(written(site, f'[lmtp]\nlisten = "{place}"'))


def warned(site: Path, recorded: Recorded | None = None) -> list[str]:
    loaded, today = load(site), date(2026, 11, 28)
    found = warnings_of(loaded, today, recorded=recorded)
    return [f"{each.key}: {each.wrong}" for each in found if each.key.startswith("authentication")]


@pytest.mark.parametrize(
    ("settings", "warns"),
    [
        ("", False),
        ("[authentication]", True),
        ('[smtp]\nlisten = "[::1]:8025"\n[authentication]', True),
        ('[smtp]\nlisten = "0.0.0.0:25"\n[authentication]', False),
        ('[smtp]\nlisten = ""\n[authentication]', False),
        ('[authentication]\ntrusted_upstream = ["192.0.2.0/24"]', True),
        ('[authentication]\ntrusted_upstream = ["127.0.0.0/8"]', False),
    ],
)
def test_behind_an_own_mail_server_that_is_not_trusted_check_says_what_follows(
    site: Path, settings: str, *, warns: bool
) -> None:
    """P13: SPF says nothing of loopback, so that nearly every mail would wait and nobody would know why."""
    found = warned(written(site, settings))
    assert [each.partition(":")[0] for each in found] == ["authentication.trusted_upstream"] * warns


def test_what_waits_since_yesterday_is_a_warning(site: Path) -> None:
    """P8: what nobody decides about is not forgotten. Days are those of Rome: 22:59 UTC is a minute before midnight."""
    written(site, '[smtp]\nlisten = ""\n[authentication]')
    assert warned(site, Recorded({}, (), (2, datetime(2026, 11, 27, 23, 1, tzinfo=UTC)))) == []
    (found,) = warned(site, Recorded({}, (), (2, datetime(2026, 11, 27, 22, 59, tzinfo=UTC))))
    assert found.startswith("authentication: mails wait of senders that nobody could verify: 2")
    assert found.endswith("since 2026-11-27")


@pytest.mark.parametrize(
    ("address", "keys"),
    [("Assistenza@pec.comune.example", []), ("asistenza@pec.comune.example", ["pec_account[1].address"])],
)
def test_a_certified_account_of_no_contract_is_a_warning(site: Path, address: str, keys: list[str]) -> None:
    """X4: by a slip of the pen a PEC would be answered by ordinary mail, and nobody would know why."""
    account = f'[[pec_account]]\naddress = "{address}"\nhost = "smtps.pec.example"\npassword = {{file = "kept"}}'
    found = warnings_of(load(written(site, account)), date(2026, 11, 28))
    assert [each.key for each in found if each.key.startswith("pec_account[")] == keys


PEC_BOX = '[[mailbox]]\nname = "pec"\nkind = "pec"\nhost = "imaps.pec.example"\nuser = "x"\npassword = {file = "kept"}'
PEC_ACCOUNT = '[[pec_account]]\naddress = "{}"\nhost = "smtps.pec.example"\npassword = {{file = "kept"}}'


@pytest.mark.parametrize(
    ("settings", "without"),
    [
        ("", []),
        (PEC_BOX, ["c02-comune", "c05-ecopiazzole", "c08-rti"]),
        (PEC_ACCOUNT.format("Gestore@pec.ecopiazzole.example"), ["c02-comune", "c08-rti"]),
    ],
)
def test_where_pec_is_used_a_certified_address_without_an_account_is_a_warning(
    site: Path, settings: str, without: list[str]
) -> None:
    """X4: whoever writes by PEC would be answered by ordinary mail, and nobody would know why."""
    found = [each for each in warnings_of(load(written(site, settings)), date(2026, 11, 28)) if each.clause == "X4"]
    assert [each.contract for each in found] == without
    assert {(each.file, each.key) for each in found} <= {("gateway.toml", "pec_account")}
    assert all("[[pec_account]]" in each.remedy for each in found)


def test_a_reload_leaves_no_threads_of_what_looked_before(site: Path) -> None:
    """A year of reloads."""
    settings, gateway = load(written(site, "[authentication]")).settings, cast("Gateway", Namespace(authenticator=None))

    def looking() -> list[str]:
        return [each.name for each in threading.enumerate() if each.name.startswith("authenticate")]

    before = len(looking())
    for _ in range(5):
        look_as_configured(gateway, settings)
    look_as_configured(gateway, load(written(site)).settings)
    until = time.monotonic() + 10
    while len(looking()) > before and time.monotonic() < until:
        time.sleep(0.01)
    assert (len(looking()), gateway.authenticator) == (before, None)
