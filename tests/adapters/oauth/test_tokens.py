"""Tokens come from a real token endpoint, what is exchanged is kept before it is used, and every refusal is in words.

Point 1 of the mail issue; FIELD pain 12 (the token died and nobody was told), P24 (no secret leaves).
"""

from __future__ import annotations

import builtins
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from adapters.oauth import (
    MicrosoftApplication,
    OAuthError,
    Refreshing,
    RefreshSettings,
    TokenSource,
    Vault,
    certificate_ends_at,
)
from adapters.oauth.errors import refused
from tests.peers.identity import CLIENT, SECRET, TENANT, IdentityProvider, identity_provider


@pytest.fixture(scope="module")
def provider_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path_factory.mktemp("identity")) as provider:
        yield provider


@pytest.fixture
def provider(provider_running: IdentityProvider) -> IdentityProvider:
    """A provider that nobody has asked anything."""
    fresh = IdentityProvider()
    for name in ("lives_s", "refresh_lives_s", "rotates", "failure", "delay_s", "date"):
        setattr(provider_running, name, getattr(fresh, name))
    provider_running.asked.clear()
    return provider_running


def refreshing(provider: IdentityProvider, folder: Path, token: str, **changed: Any) -> Refreshing:  # noqa: ANN401 - settings by name
    settings = RefreshSettings("gmail", provider.token_url, CLIENT, SECRET)
    return Refreshing(replace(settings, **changed), Vault(folder, "gmail", token), lambda: datetime.now(UTC))


def microsoft(provider: IdentityProvider) -> MicrosoftApplication:
    here = {"authority": provider.microsoft, "ca_file": provider.authority}
    return MicrosoftApplication("m365", TENANT, CLIENT, SECRET, **here)  # type: ignore[arg-type]  # by name


def failure_of(ask: Callable[[], object]) -> OAuthError:
    with pytest.raises(OAuthError) as raised:
        ask()
    return raised.value


# --------------------------------------------------------------------------------------------------- a refresh token


def test_an_exchanged_refresh_token_is_used_the_next_time_also_after_a_restart(
    provider: IdentityProvider, tmp_path: Path
) -> None:
    """The provider takes none twice."""
    first = provider.log_in()
    assert refreshing(provider, tmp_path, first).grant().token in provider.access_tokens
    assert refreshing(provider, tmp_path, first).grant().token in provider.access_tokens
    sent = [form["refresh_token"] for form in provider.asked]
    assert sent[0] == first
    assert sent[1] != first


def test_an_exchanged_token_that_cannot_be_kept_is_not_used(provider: IdentityProvider, tmp_path: Path) -> None:
    folder = tmp_path / "tokens"
    folder.write_text("a file is in the way")
    error = failure_of(refreshing(provider, folder, provider.log_in()).grant)
    assert "cannot be kept" in str(error)
    assert error.lasting
    assert provider.asked == []


def test_what_is_kept_is_for_our_user_alone(provider: IdentityProvider, tmp_path: Path) -> None:
    """P24: a file of mode 0600, and not in the database, whose dumps are passed on."""
    folder = tmp_path / "tokens"
    refreshing(provider, folder, provider.log_in()).grant()
    kept = [path for path in folder.iterdir() if path.suffix == ".json"]
    assert len(kept) == 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_new_token_in_the_credential_wins_over_what_was_exchanged(provider: IdentityProvider, tmp_path: Path) -> None:
    refreshing(provider, tmp_path, provider.log_in()).grant()
    again = provider.log_in()
    refreshing(provider, tmp_path, again).grant()
    assert provider.asked[-1]["refresh_token"] == again


def test_a_provider_that_does_not_exchange_leaves_nothing_to_keep(provider: IdentityProvider, tmp_path: Path) -> None:
    """Google."""
    provider.rotates = False
    source = refreshing(provider, tmp_path, provider.log_in())
    assert source.grant().token != source.grant().token
    assert not list(tmp_path.glob("*.json"))


def test_a_damaged_file_falls_back_to_the_configured_token(provider: IdentityProvider, tmp_path: Path) -> None:
    token = provider.log_in()
    refreshing(provider, tmp_path, token).grant()
    provider.refresh_tokens.add(token)
    (kept,) = tmp_path.glob("*.json")
    kept.write_text('{"of": ')
    assert refreshing(provider, tmp_path, token).grant().token in provider.access_tokens


def test_two_processes_do_not_exchange_one_token_twice(provider: IdentityProvider, tmp_path: Path) -> None:
    """The daemon and `check --connect`."""
    token, tokens = provider.log_in(), []
    provider.delay_s = 0.05
    threads = [
        threading.Thread(target=lambda: tokens.append(refreshing(provider, tmp_path, token).grant().token))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(set(tokens)) == 3


def test_the_end_that_a_provider_states_is_kept_and_counted(provider: IdentityProvider, tmp_path: Path) -> None:
    provider.refresh_lives_s = 7 * 86_400
    token = provider.log_in()
    refreshing(provider, tmp_path, token).grant()
    ends_at = refreshing(provider, tmp_path, token).ends_at()
    assert ends_at is not None
    assert timedelta(days=6) < ends_at - datetime.now(UTC) < timedelta(days=7, minutes=1)


FAILURES: dict[str, tuple[tuple[int, dict[str, Any]], str, bool]] = {
    "revoked": ((400, {"error": "invalid_grant", "error_description": "Bad Request"}), "new refresh_token", True),
    "wrong secret": ((401, {"error": "invalid_client"}), "client_secret", True),
    "in trouble": ((500, {}), "in trouble (HTTP 500)", False),
    "too many": ((429, {"error": "slow_down"}), "in trouble (HTTP 429)", False),
    "no token": ((200, {"expires_in": 5}), "without a token", False),
    "something else": ((302, {}), "in trouble (HTTP 302)", False),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_refusal_is_in_words_without_secrets(provider: IdentityProvider, tmp_path: Path, how: str) -> None:
    provider.failure, words, lasting = FAILURES[how]
    token = provider.log_in()
    error = failure_of(refreshing(provider, tmp_path, token).grant)
    assert words in str(error)
    assert error.lasting is lasting
    assert token not in str(error)
    assert SECRET not in str(error)


def test_a_revoked_token_says_what_to_do(provider: IdentityProvider, tmp_path: Path) -> None:
    error = failure_of(refreshing(provider, tmp_path, "never given").grant)
    assert "log in again and store a new refresh_token" in str(error)


def test_an_endpoint_that_is_slow_costs_no_more_than_the_time_out(provider: IdentityProvider, tmp_path: Path) -> None:
    provider.delay_s = 0.5
    source = refreshing(provider, tmp_path, provider.log_in(), timeout=timedelta(seconds=0.1))
    assert "does not answer in time" in str(failure_of(source.grant))


def test_an_endpoint_that_is_not_there_is_said_so(provider: IdentityProvider, tmp_path: Path) -> None:
    source = refreshing(provider, tmp_path, provider.log_in(), token_url="http://127.0.0.1:9/token")
    assert "cannot be reached" in str(failure_of(source.grant))


def test_clocks_that_differ_are_named_with_a_refusal(provider: IdentityProvider, tmp_path: Path) -> None:
    provider.date = "Mon, 01 Jan 2024 00:00:00 GMT"
    error = failure_of(refreshing(provider, tmp_path, "never given").grant)
    assert "minutes ahead of the provider's" in str(error)


# ------------------------------------------------------------------------------------------------ an application


def test_an_application_gets_a_token_by_its_secret(provider: IdentityProvider) -> None:
    """Microsoft 365: client credentials by msal, over TLS."""
    grant = microsoft(provider).grant()
    assert grant.token in provider.access_tokens
    assert provider.asked[-1]["scope"] == "https://outlook.office365.com/.default"
    assert timedelta(minutes=50) < grant.lives <= timedelta(hours=1)


def test_an_application_gets_a_token_by_its_certificate(provider: IdentityProvider) -> None:
    issued = trustme.CA().issue_cert("centralino.example", key_type=trustme.KeyType.RSA)
    certificate, key = issued.cert_chain_pems[0].bytes().decode(), issued.private_key_pem.bytes().decode()
    application = replace(microsoft(provider), client_secret="", certificate=certificate, key=key)
    assert application.grant().token in provider.access_tokens
    assert "client_secret" not in provider.asked[-1]
    assert application.ends_at() == certificate_ends_at(certificate) is not None


@pytest.mark.parametrize("kind", ["none", "elliptic"])
def test_a_key_that_cannot_be_used_is_said_so(provider: IdentityProvider, kind: str) -> None:
    issued = trustme.CA().issue_cert("centralino.example")
    certificate = issued.cert_chain_pems[0].bytes().decode()
    key = "none" if kind == "none" else issued.private_key_pem.bytes().decode()
    application = replace(microsoft(provider), client_secret="", certificate=certificate, key=key)
    assert "client_key and client_certificate cannot be used" in str(failure_of(application.grant))


def test_a_wrong_secret_at_microsoft_is_in_words(provider: IdentityProvider) -> None:
    error = failure_of(replace(microsoft(provider), client_secret="wrong").grant)
    assert "store its value, not its id" in str(error)
    assert error.lasting


def test_a_wrong_tenant_is_in_words(provider: IdentityProvider) -> None:
    error = failure_of(replace(microsoft(provider), tenant="nobody.example").grant)
    assert "check tenant" in str(error)


def test_microsoft_that_cannot_be_reached_may_come_back(provider: IdentityProvider) -> None:
    error = failure_of(replace(microsoft(provider), authority="https://localhost:9").grant)
    assert "cannot be reached" in str(error)
    assert not error.lasting


def test_without_msal_it_says_what_to_install(provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    true_import = builtins.__import__

    def without(name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as the original
        if name == "msal":
            raise ImportError(name)
        return true_import(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "install centralino[oauth]" in str(failure_of(microsoft(provider).grant))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("7000222", "has expired"),
        ("700024", "clock"),
        ("65001", "IMAP.AccessAsApp"),
        ("700082", "store a new refresh_token"),
        ("50076", "second factor"),
    ],
)
def test_numbers_of_microsoft_are_in_words(number: str, words: str) -> None:
    error = refused("m365", "invalid_client", f"AADSTS{number}: something.\r\nTrace ID: 1")
    assert words in str(error)
    assert "\n" not in str(error)


# --------------------------------------------------------------------------------------------------------- the source


def test_a_token_is_fetched_once_while_it_is_good_and_anew_when_a_server_refused_it(
    provider: IdentityProvider, tmp_path: Path
) -> None:
    source = TokenSource(refreshing(provider, tmp_path, provider.log_in()))
    first = source.token()
    assert source.token() == first
    source.refused("another")
    assert source.token() == first
    source.refused(first)
    assert source.token() != first
    assert len(provider.asked) == 2


def test_many_mailboxes_that_ask_at_once_cause_one_request(provider: IdentityProvider, tmp_path: Path) -> None:
    provider.delay_s = 0.05
    source, tokens = TokenSource(refreshing(provider, tmp_path, provider.log_in())), []
    threads = [threading.Thread(target=lambda: tokens.append(source.token())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(tokens) == 5
    assert len(provider.asked) == 1


def test_secrets_are_in_no_text_about_settings(provider: IdentityProvider) -> None:
    """P24."""
    settings = RefreshSettings("gmail", provider.token_url, CLIENT, SECRET)
    assert SECRET not in f"{settings!r}{microsoft(provider)!r}"
