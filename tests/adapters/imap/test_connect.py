"""`check --connect` says in words why a mailbox does not open, and a line that dies without a word is noticed (C-09).

Point 1 of the mail issue: names, ports, certificates, log-ins, folders, rights, tokens and clocks.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import SecretStr

from adapters.imap import MailboxSettings
from adapters.mail import imap_words
from adapters.mail.imap_address import ImapAddress, ImapError
from adapters.mail.imap_session import ImapSession
from config.commands.probes import Probe, probes
from config.mailboxes import Mailbox, OAuth
from config.settings import Settings
from tests.adapters.imap.reading import Reading, until
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.identity import CLIENT, SECRET, IdentityProvider
from tests.peers.quiet_proxy import QuietProxy

Reader = Callable[..., Reading]
MAIL = b"Subject: one\r\n\r\nline\r\n"


def settings(folder: Path, *boxes: Mailbox, tokens: tuple[OAuth, ...] = ()) -> Settings:
    url = f"sqlite:///{folder / 'gateway.db'}"
    given = {"gateway": {"default_contract": "c02-comune"}, "database": {"url": url}}
    made = Settings.model_validate(given, context={"folder": folder})
    return made.model_copy(update={"mailbox": boxes, "oauth": tokens})


def box(dovecot: Dovecot, **values: Any) -> Mailbox:  # noqa: ANN401 - settings by name
    there = {"name": "assistenza", "host": "127.0.0.1", "port": dovecot.plain, "user": dovecot.user, "tls": "none"}
    return Mailbox(**{**there, "password": SecretStr(PASSWORD), **values})


def probed(folder: Path, box: Mailbox, *tokens: OAuth, door: str = "mailbox assistenza") -> Probe:
    return next(each for each in probes(settings(folder, box, tokens=tokens)) if each.door == door)


# ----------------------------------------------------------------------------------------------------- a good mailbox


def test_a_mailbox_that_opens_says_what_the_first_look_would_take(dovecot: Dovecot, tmp_path: Path) -> None:
    """An operator learns before the start that ten thousand old mails would become requests."""
    dovecot.deliver(MAIL, MAIL)
    probe = probed(tmp_path, box(dovecot))
    assert probe.ok
    assert "INBOX has 2 messages, which all become requests at the first look" in probe.said
    assert "are left at the first look" in probed(tmp_path, box(dovecot, first_read="new")).said
    assert "those since 2026-11-01 are taken" in probed(tmp_path, box(dovecot, since=date(2026, 11, 1))).said
    assert dovecot.count() == 2


def test_of_a_mailbox_that_is_read_already_only_the_number_is_said(
    dovecot: Dovecot, read: Reader, tmp_path: Path
) -> None:
    dovecot.deliver(MAIL)
    read(dovecot.plain, user=dovecot.user).rounds()
    assert probed(tmp_path, box(dovecot)).said == "INBOX has 1 messages"


# ------------------------------------------------------------------------------------------------------------ in words


def test_a_wrong_password_is_said_so(dovecot: Dovecot, tmp_path: Path) -> None:
    probe = probed(tmp_path, box(dovecot, password=SecretStr("another-one")))
    assert probe.ok is False
    assert "user or password is wrong" in probe.said
    assert "another-one" not in probe.said


@pytest.mark.parametrize("key", ["folder", "more_folders", "move_to"])
def test_a_folder_that_is_not_there_is_named_with_those_that_are(dovecot: Dovecot, tmp_path: Path, key: str) -> None:
    dovecot.create("Sportello")
    value: object = ("Sportelo",) if key == "more_folders" else "Sportelo"
    probe = probed(tmp_path, box(dovecot, **{key: value}))
    assert probe.ok is False
    assert "Sportelo" in probe.said
    assert "there are: INBOX, Sportello" in probe.said


def test_a_name_that_is_not_known_is_said_so(dovecot: Dovecot, tmp_path: Path) -> None:
    probe = probed(tmp_path, box(dovecot, host="imap.nowhere.invalid", tls="implicit"))
    assert "the name is not known" in probe.said


def test_a_port_where_nobody_listens_is_said_so(dovecot: Dovecot, tmp_path: Path) -> None:
    assert "nobody listens there" in probed(tmp_path, box(dovecot, port=9)).said


def test_a_port_without_tls_is_said_so(dovecot: Dovecot, tmp_path: Path) -> None:
    assert '143 with "starttls"' in probed(tmp_path, box(dovecot, tls="implicit")).said


@contextlib.contextmanager
def shaking_hands(context: ssl.SSLContext) -> Iterator[int]:
    """A port that knows no more than TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock, _ = listener.accept()
                    with contextlib.suppress(OSError), context.wrap_socket(sock, server_side=True) as line:
                        line.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


LONG_AGO, FAR_OFF = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
CERTIFICATES: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"not_before": datetime(2019, 1, 1, tzinfo=UTC), "not_after": LONG_AGO}, "has expired"),
    "not yet": ({"not_before": FAR_OFF, "not_after": datetime(2101, 1, 1, tzinfo=UTC)}, "clock of this machine"),
    "another name": ({"name": "mail.example"}, "for another name"),
    "unknown authority": ({"trusted": False}, "unknown authority"),
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_what_is_wrong_with_a_certificate_is_said(tmp_path: Path, what: str) -> None:
    made, words = CERTIFICATES[what]
    authority, stranger = trustme.CA(), trustme.CA()
    days = {name: value for name, value in made.items() if name.startswith("not_")}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(made.get("name", "localhost"), **days).configure_cert(context)
    trusted = authority if made.get("trusted", True) else stranger
    trusted.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with shaking_hands(context) as port:
        address = ImapAddress("localhost", port, "user", "secret", ca_file=tmp_path / "ca.pem")
        with pytest.raises(ImapError) as raised:
            ImapSession.connect(address)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("said", "host", "by_token", "words"),
    [
        ("LOGIN failed.", "outlook.office365.com", False, "make an [[oauth]]"),
        ("[AUTHENTICATIONFAILED] Invalid credentials (Failure)", "imap.gmail.com", False, "app password"),
        ("[ALERT] Application-specific password required", "imap.gmail.com", False, "app password"),
        ("AUTHENTICATE failed.", "outlook.office365.com", True, "IMAP.AccessAsApp"),
        ("[AUTHENTICATIONFAILED] no", "imap.gmail.com", True, "check user"),
        ("[UNAVAILABLE] try later", "imap.pec.example", False, "tried again"),
        ("[EXPIRED] change it", "imap.pec.example", False, "password has expired"),
        ("[PRIVACYREQUIRED] no", "imap.pec.example", False, "encrypted"),
        ("no", "imap.notgmail.com.example", False, "user or password is wrong"),
    ],
)
def test_a_refused_log_in_says_what_this_provider_wants(said: str, host: str, by_token: bool, words: str) -> None:  # noqa: FBT001 - a case
    assert words in imap_words.of_login(said, host, by_token=by_token)


def test_a_folder_without_rights_is_said_so() -> None:
    assert "may not open the folder Ufficio" in imap_words.of_folder("Ufficio", "[NOPERM] Permission denied")


# -------------------------------------------------------------------------------------------------------------- tokens


def oauth(provider: IdentityProvider, **values: Any) -> OAuth:  # noqa: ANN401 - settings by name
    given = {"name": "google", "provider": "google", "client_id": CLIENT, "token_url": provider.token_url}
    secrets = {"client_secret": SecretStr(SECRET), "refresh_token": SecretStr(provider.log_in())}
    return OAuth(**{**given, **secrets, **values})


def test_tokens_are_tried_and_open_the_mailbox(dovecot: Dovecot, provider: IdentityProvider, tmp_path: Path) -> None:
    provider.user = dovecot.user
    there, tokens = box(dovecot, password=None, oauth="google"), oauth(provider, secret_expires_on=date(2030, 5, 1))
    said = probed(tmp_path, there, tokens, door="oauth google")
    assert (said.ok, said.said) == (True, "gives tokens; what they are got by ends on 2030-05-01")
    assert probed(tmp_path, there, tokens).ok


def test_a_refresh_token_that_was_revoked_is_in_words(
    dovecot: Dovecot, provider: IdentityProvider, tmp_path: Path
) -> None:
    tokens = oauth(provider, refresh_token=SecretStr("never given"))
    for door in ("oauth google", "mailbox assistenza"):
        probe = probed(tmp_path, box(dovecot, password=None, oauth="google"), tokens, door=door)
        assert probe.ok is False
        assert "log in again and store a new refresh_token" in probe.said
        assert SECRET not in probe.said


# ----------------------------------------------------------------------------------------------------------- dead lines


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[QuietProxy]:
    line = QuietProxy(dovecot.plain)
    yield line
    line.close()


@pytest.mark.parametrize("idle", [True, False])
def test_a_line_that_dies_without_a_word_is_left_for_a_new_one(
    dovecot: Dovecot, proxy: QuietProxy, read: Reader, *, idle: bool
) -> None:
    """C-09, C-15: half-open, or a NAT that forgot us."""
    short, long = timedelta(seconds=0.3), timedelta(minutes=10)
    reading = read(
        proxy.port, user=dovecot.user, idle=idle, idle_for=short, poll_every=long if idle else short, timeout_s=0.5
    )
    assert until(lambda: reading.mailbox.state.connected)
    proxy.fall_silent()
    dovecot.deliver(MAIL)
    assert until(lambda: reading.bodies() == [MAIL])
    assert proxy.connections >= 2


def test_a_refused_log_in_is_tried_more_and_more_seldom(dovecot: Dovecot, read: Reader) -> None:
    """A provider may lock an account that is tried with a wrong password at every minute."""
    address = ImapAddress("127.0.0.1", dovecot.plain, dovecot.user, "another-one", "none")
    refused = read(
        0, address=address, alarm_after=1, refused_longest=timedelta(minutes=5), retry_first=timedelta(minutes=1)
    )
    assert until(lambda: len(refused.heard.alarms) == 1)
    broken = read(9, alarm_after=1, retry_first=timedelta(minutes=1))
    assert until(lambda: len(broken.heard.alarms) > 1)
    assert len(refused.heard.alarms) == 1


def test_a_dead_line_is_noticed_within_a_minute_as_it_is_set_by_itself() -> None:
    """C-09: an IDLE is renewed after `idle_for`, and the answer to that is waited for no longer than `timeout`."""
    assert MailboxSettings.__dataclass_fields__["idle_for"].default + Mailbox.model_fields[
        "timeout"
    ].default < timedelta(minutes=1)
