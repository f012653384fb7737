"""A connection to the relay is kept for the mail that follows, and nothing is doubled or lost when it has ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.mail import smtp_client
from adapters.mail.smtp_client import Relay, RelaySessions
from gateway.domain.dispatch import Deferred, Refused, Sent

FROM, TO = "assistenza@centralino.example", ("guasti@vendor.example",)


class Counting:
    """Counts connections and goodbyes, and keeps the subjects it received."""

    def __init__(self) -> None:
        self.greeted = 0
        self.left = 0
        self.received: list[bytes] = []
        self.servers: list[SMTP] = []
        self.rcpt = "250 OK"
        self.mail = "250 OK"

    async def handle_EHLO(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.greeted += 1
        self.servers.append(server)
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.mail

    async def handle_RCPT(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(content)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        self.left += 1
        return "221 Bye"


@pytest.fixture
def far() -> Counting:
    return Counting()


@pytest.fixture
def sessions(far: Counting) -> Iterator[RelaySessions]:
    controller = Controller(far, hostname="127.0.0.1", port=0, ready_timeout=5)
    controller.port = _free_port()
    controller.start()
    relay = Relay("127.0.0.1", controller.port, None, None, "none", "gateway.example", timeout_s=5)
    with contextlib.closing(RelaySessions(relay)) as made:
        yield made
    controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def mail(number: int) -> bytes:
    return f"Message-ID: <m{number}@centralino.example>\r\nSubject: {number}\r\n\r\nciao\r\n".encode()


def cut_all(far: Counting) -> None:
    """The relay ends its connections without a word."""
    for server in far.servers:
        if server.transport is not None:
            server.loop.call_soon_threadsafe(server.transport.close)
    time.sleep(0.2)


def test_mails_that_follow_each_other_go_by_one_connection(sessions: RelaySessions, far: Counting) -> None:
    outcomes = [sessions.send(FROM, TO, mail(n)) for n in range(5)]
    assert outcomes == [Sent(f"m{n}@centralino.example") for n in range(5)]
    assert (far.greeted, len(far.received)) == (1, 5)


def test_a_connection_that_the_relay_ended_costs_no_mail_a_retry(sessions: RelaySessions, far: Counting) -> None:
    sessions.send(FROM, TO, mail(1))
    cut_all(far)
    assert sessions.send(FROM, TO, mail(2)) == Sent("m2@centralino.example")
    assert (far.greeted, len(far.received)) == (2, 2)


def test_a_relay_that_closes_its_service_is_asked_once_more_and_then_later(
    sessions: RelaySessions, far: Counting
) -> None:
    sessions.send(FROM, TO, mail(1))
    far.mail = "421 4.3.2 closing"
    assert isinstance(sessions.send(FROM, TO, mail(2)), Deferred)
    assert (far.greeted, len(far.received)) == (2, 1)


def test_after_a_refusal_the_next_mail_is_not_mixed_up_with_it(sessions: RelaySessions, far: Counting) -> None:
    far.rcpt = "550 5.1.1 unknown"
    assert isinstance(sessions.send(FROM, TO, mail(1)), Refused)
    far.rcpt = "250 OK"
    assert isinstance(sessions.send(FROM, TO, mail(2)), Sent)
    assert [b"Subject: 2" in raw for raw in far.received] == [True]


def test_a_connection_without_mail_is_left(
    sessions: RelaySessions, far: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_client, "KEPT_S", 0.1)
    sessions.send(FROM, TO, mail(1))
    until = time.monotonic() + 5
    while not far.left and time.monotonic() < until:
        time.sleep(0.02)
    assert far.left == 1


def test_many_mails_are_spread_over_connections(
    sessions: RelaySessions, far: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_client, "MOST_MAILS", 2)
    for n in range(5):
        sessions.send(FROM, TO, mail(n))
    assert (far.greeted, len(far.received)) == (3, 5)
