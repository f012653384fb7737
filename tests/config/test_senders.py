"""Who may bring mail: what of it makes no sense together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.smtp import kept_form
from config.load import load
from config.mail_in import authenticator_of
from gateway.domain.errors import SettingError

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


@pytest.mark.parametrize("place", ["8024", "lmtp.sock", "mx.comune.example:24", "127.0.0.1:99999"])
def test_lmtp_listens_nowhere_else(site: Path, place: str) -> None:
    with pytest.raises(SettingError):
        load(written(site, f'[lmtp]\nlisten = "{place}"'))
