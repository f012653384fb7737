"""What the relay does becomes an outcome. The far side is a real SMTP server on loopback."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from adapters.mail.smtp_client import Relay, send
from gateway.domain.dispatch import Deferred, Refused, Sent

RAW = b"Message-ID: <esc-1@centralino.example>\r\nSubject: x\r\n\r\nciao\r\n"
FROM, TO = "assistenza@centralino.example", ("guasti@vendor.example",)


class FarSide:
    """Answers what the test says, and keeps what it received."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.on_data: Callable[[SMTP], None] = lambda _: None

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self.on_data(server)
        self.received.append(envelope)
        return self.data


def _serve(far: FarSide, **options: Any) -> Iterator[Controller]:  # noqa: ANN401 - aiosmtpd's own options
    controller = Controller(far, hostname="127.0.0.1", port=0, ready_timeout=5, **options)
    controller.port = _free_port()
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def far() -> FarSide:
    return FarSide()


@pytest.fixture
def plain(far: FarSide) -> Iterator[Relay]:
    for controller in _serve(far):
        yield _relay(controller.port)


def _relay(port: int, **changes: Any) -> Relay:  # noqa: ANN401 - fields of Relay
    return replace(Relay("127.0.0.1", port, None, None, "none", "centralino.example", 3.0), **changes)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def _context(authority: trustme.CA, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


def test_a_mail_that_the_relay_takes_is_sent_under_its_message_id(plain: Relay, far: FarSide) -> None:
    assert send(plain, FROM, TO, RAW) == Sent("esc-1@centralino.example")
    assert [(one.mail_from, one.rcpt_tos, one.content) for one in far.received] == [(FROM, list(TO), RAW)]


def test_the_null_sender_is_sent_as_such(plain: Relay, far: FarSide) -> None:
    send(plain, "", TO, RAW)
    assert far.received[0].mail_from == "<>"  # as aiosmtpd writes "MAIL FROM:<>"


@pytest.mark.parametrize(
    "body", [b".\r\n..\r\n", b"a\r.\r\nQUIT\r\n", b"a\n.\nb", b"a\r\n.\r\nMAIL FROM:<x@y>\r\n", b"a\0b"]
)
def test_no_content_can_end_the_data_early(plain: Relay, far: FarSide, body: bytes) -> None:
    """F7: the dot of every line is doubled, and no bare CR, LF or NUL is left."""
    assert isinstance(send(plain, FROM, TO, RAW + body), Sent)
    assert len(far.received) == 1
    content = far.received[0].content
    assert isinstance(content, bytes)
    assert content.replace(b"\r\n", b"").find(b"\r") == content.replace(b"\r\n", b"").find(b"\n") == -1


@pytest.mark.parametrize("address", ["a@b>\r\nRCPT TO:<x@y.example", "", "solo"])
def test_what_is_no_address_never_reaches_the_relay(plain: Relay, far: FarSide, address: str) -> None:
    """B-042."""
    assert isinstance(send(plain, FROM, (address,), RAW), Refused)
    assert far.received == []


@pytest.mark.parametrize("stage", ["rcpt", "data"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            "550 5.1.1 No such user <guasti@vendor.example>",
            Refused("the relay says: 550 5.1.1 No such user <…>", "5.1.1"),
        ),
        ("554 Rejected", Refused("the relay says: 554 Rejected", "554")),
        ("451 4.3.0 Later", Deferred("the relay says: 451 4.3.0 Later")),
        ("530 5.7.0 Log in first", Deferred("the relay says: 530 5.7.0 Log in first")),
        ("421 4.3.2 Closing", Deferred("the relay says: 421 4.3.2 Closing")),
    ],
)
def test_a_refusal_is_for_good_only_in_words_about_this_mail(
    plain: Relay, far: FarSide, stage: str, answer: str, outcome: Refused | Deferred
) -> None:
    setattr(far, stage, answer)
    assert send(plain, FROM, TO, RAW) == outcome


def test_when_one_recipient_is_refused_nobody_gets_the_mail(plain: Relay, far: FarSide) -> None:
    far.rcpt = "550 5.1.1 unknown"
    assert isinstance(send(plain, FROM, (*TO, "b@vendor.example"), RAW), Refused)
    assert far.received == []


def test_a_long_answer_is_cut(plain: Relay, far: FarSide) -> None:
    far.rcpt = "550 " + "a" * 400
    outcome = send(plain, FROM, TO, RAW)
    assert isinstance(outcome, Refused)
    assert len(outcome.reason) == 200


def test_nobody_listening_is_deferred() -> None:
    assert isinstance(send(_relay(_free_port()), FROM, TO, RAW), Deferred)


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


def test_a_connection_lost_after_the_dot_is_perhaps_sent(plain: Relay, far: FarSide) -> None:
    far.on_data = _hang_up
    outcome = send(plain, FROM, TO, RAW)
    assert isinstance(outcome, Deferred)
    assert outcome.reason.startswith("perhaps sent")


def test_a_relay_that_says_nothing_is_deferred_within_the_time_out() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        outcome = send(_relay(silent.getsockname()[1], timeout_s=0.5), FROM, TO, RAW)
        assert isinstance(outcome, Deferred)
        assert time.monotonic() - start < 5


def test_clear_text_leaves_this_machine_never() -> None:
    """B-006."""
    outcome = send(replace(_relay(25), host="relay.example"), FROM, TO, RAW)
    assert isinstance(outcome, Deferred)
    assert "clear text" in outcome.reason


def test_starttls_is_not_given_up_when_the_relay_does_not_offer_it(plain: Relay, far: FarSide) -> None:
    """B-006."""
    assert isinstance(send(replace(plain, tls="starttls"), FROM, TO, RAW), Deferred)
    assert far.received == []


@pytest.mark.parametrize("host", ["127.0.0.1", "altro.example"])
def test_starttls_needs_a_certificate_for_this_very_host(
    far: FarSide, authority: trustme.CA, ca_file: str, host: str
) -> None:
    for controller in _serve(far, tls_context=_context(authority, host), require_starttls=True):
        outcome = send(_relay(controller.port, tls="starttls", ca_file=ca_file), FROM, TO, RAW)
        assert isinstance(outcome, Sent if host == "127.0.0.1" else Deferred)


def test_a_certificate_of_an_unknown_authority_is_not_accepted(far: FarSide, authority: trustme.CA) -> None:
    for controller in _serve(far, tls_context=_context(authority, "127.0.0.1")):
        assert isinstance(send(_relay(controller.port, tls="starttls"), FROM, TO, RAW), Deferred)
    assert far.received == []


def test_implicit_tls_with_a_checked_certificate_sends(far: FarSide, authority: trustme.CA, ca_file: str) -> None:
    for controller in _serve(far, ssl_context=_context(authority, "127.0.0.1")):
        assert isinstance(send(_relay(controller.port, tls="implicit", ca_file=ca_file), FROM, TO, RAW), Sent)


@pytest.mark.parametrize("password", ["giusta", "sbagliata"])
def test_a_refused_login_is_our_configuration_and_so_only_deferred(
    far: FarSide, authority: trustme.CA, ca_file: str, password: str
) -> None:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd
        return AuthResult(success=data.password == b"giusta")

    options = {"tls_context": _context(authority, "127.0.0.1"), "authenticator": check, "auth_required": True}
    for controller in _serve(far, **options):
        relay = _relay(controller.port, tls="starttls", ca_file=ca_file, user="u", password=password)
        assert isinstance(send(relay, FROM, TO, RAW), Sent if password == "giusta" else Deferred)


def test_a_password_is_not_shown_by_the_relay_value() -> None:
    assert "segreta" not in repr(_relay(25, user="u", password="segreta"))


@pytest.mark.parametrize("user", [None, ""])
def test_a_relay_without_a_user_is_not_logged_in_to(plain: Relay, far: FarSide, user: str | None) -> None:
    """An empty `[relay] user` is the default: the far side here offers no AUTH."""
    assert isinstance(send(replace(plain, user=user, password=""), FROM, TO, RAW), Sent)
