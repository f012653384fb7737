"""Known submitters: passwords only inside TLS, slowly for who guesses, and the name on the intake."""

from __future__ import annotations

import base64
import smtplib
import ssl
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from adapters.smtp import CertificateFiles, Submitters, is_kept_form, kept_form
from tests.adapters.smtp.door import INTAKE, MAIL, Client, Running

Opener = Callable[..., Running]
PRINTER = Submitters({"stampante": kept_form("correct horse")})


def plain(user: str, password: str) -> str:
    return "AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.create_default_context()
    authority.configure_trust(made)
    return made


@pytest.fixture
def submission(opened: Opener, authority: trustme.CA, tmp_path: Path) -> Running:
    """A door with a certificate and one known submitter."""
    issued = authority.issue_cert("mx.example")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return opened(tls=CertificateFiles(chain, key), submitters=PRINTER, max_failed_logins=3, refusal_delay=timedelta(0))


def inside(door: Running, context: ssl.SSLContext) -> Client:
    client = Client(door.port)
    client.over_tls(context)
    assert "AUTH PLAIN LOGIN" in client.say("EHLO printer.example")
    return client


def test_who_logged_in_stands_on_the_intake(submission: Running, context: ssl.SSLContext) -> None:
    with inside(submission, context) as client:
        assert client.say(plain("stampante", "correct horse")).startswith("235")
        client.say("MAIL FROM:<stampante@comune.example>")
        client.say(f"RCPT TO:<{INTAKE}>")
        client.say("DATA")
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("250")
    assert [one.facts["submitter"] for one in submission.intakes()] == ["stampante"]


def test_both_mechanisms_work_with_a_client_of_the_standard_library(
    submission: Running, context: ssl.SSLContext
) -> None:
    for mechanism in ("auth_plain", "auth_login"):
        with smtplib.SMTP("127.0.0.1", submission.port) as client:
            client._host = "mx.example"  # type: ignore[attr-defined]  # noqa: SLF001 - the name in the certificate
            client.starttls(context=context)
            client.ehlo()
            client.user, client.password = "stampante", "correct horse"
            name = mechanism.removeprefix("auth_").upper()
            code, _ = client.auth(name, getattr(client, mechanism))
            assert code == 235


def test_a_password_is_neither_asked_for_nor_taken_in_clear(submission: Running) -> None:
    """B-008."""
    with Client(submission.port) as client:
        assert "AUTH" not in client.say("EHLO printer.example")
        assert client.say(plain("stampante", "correct horse")).startswith("538")


def test_nobody_may_open_this_door_for_others_by_logging_in(submission: Running, context: ssl.SSLContext) -> None:
    """B-017: a submitter reaches our own addresses only."""
    with inside(submission, context) as client:
        client.say(plain("stampante", "correct horse"))
        client.say("MAIL FROM:<stampante@comune.example>")
        assert client.say("RCPT TO:<qualcuno@altrove.example>").startswith("550")


def test_who_guesses_is_sent_away_and_the_right_password_does_not_help_then(
    submission: Running, context: ssl.SSLContext
) -> None:
    """B-009: further tries from that address are not even looked at."""
    for _ in range(3):
        with inside(submission, context) as client:
            assert client.say(plain("stampante", "wrong")).startswith("535")
    with inside(submission, context) as client:
        assert client.say(plain("stampante", "correct horse")).startswith("421")


def test_a_user_that_does_not_exist_takes_as_long_as_a_wrong_password() -> None:
    """B-009: both derive a key."""

    def took(user: str) -> float:
        began = time.process_time()
        assert not PRINTER.knows(user, b"wrong")
        return time.process_time() - began

    took("stampante")
    unknown, known = min(took("nobody") for _ in range(3)), min(took("stampante") for _ in range(3))
    assert unknown > known / 3


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("AUTH", "501"),
        ("AUTH CRAM-MD5", "504"),
        ("AUTH PLAIN ====", "501"),
        ("AUTH PLAIN " + base64.b64encode(b"no zero bytes").decode(), "501"),
        ("AUTH PLAIN " + base64.b64encode(b"boss\0stampante\0correct horse").decode(), "501"),
        ("AUTH PLAIN " + base64.b64encode(b"\0\xff\xfe\0x").decode(), "501"),
    ],
)
def test_what_is_no_login_is_refused(submission: Running, context: ssl.SSLContext, said: str, code: str) -> None:
    with inside(submission, context) as client:
        assert client.say(said).startswith(code)
        assert client.say("NOOP").startswith("250")


def test_a_login_can_be_given_up_and_comes_before_the_mail(submission: Running, context: ssl.SSLContext) -> None:
    with inside(submission, context) as client:
        assert client.say("AUTH LOGIN").startswith("334")
        assert client.say("*").startswith("501")
        client.say("MAIL FROM:<a@example.org>")
        assert client.say(plain("stampante", "correct horse")).startswith("503")


def test_kept_passwords_have_a_salt_of_their_own_and_a_cost_that_can_be_paid() -> None:
    one, other = kept_form("same"), kept_form("same")
    assert one != other
    assert is_kept_form(one)
    assert not is_kept_form("correct horse")
    assert not is_kept_form(one.replace(":16384:", ":9999999:"))
    assert not is_kept_form(one.replace(":16384:", ":16383:")), "scrypt wants a power of two"
