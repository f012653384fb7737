"""The same door speaking LMTP, over TCP and over a Unix socket: one answer for each recipient (RFC 2033)."""

from __future__ import annotations

import smtplib
import socket
import stat
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from adapters.store import SqlStore
from gateway.domain.errors import StoreError
from gateway.domain.intake import Arrival, Receipt
from tests.adapters.smtp.door import INTAKE, MAIL, Client, Running

Opener = Callable[..., Running]
FIRST, SECOND = "assistenza+1@comune.example", "assistenza+2@comune.example"


def begun(client: Client, *recipients: str) -> None:
    """Everything up to the 354."""
    assert client.say("LHLO mta.example").startswith("250")
    assert client.say("MAIL FROM:<maria@example.org>").startswith("250")
    for recipient in recipients:
        assert client.say(f"RCPT TO:<{recipient}>").startswith("250")
    assert client.say("DATA").startswith("354")


def test_each_recipient_has_an_answer_and_an_intake_of_its_own(opened: Opener) -> None:
    door = opened(lmtp=True)
    with Client(door.port) as client:
        begun(client, FIRST, SECOND)
        client.send(MAIL + b".\r\n")
        assert [client.answer()[:3], client.answer()[:3]] == ["250", "250"]
        assert client.say("NOOP").startswith("250"), "and no answer too many"
    assert sorted((one.door, *one.recipients) for one in door.intakes()) == [("lmtp", FIRST), ("lmtp", SECOND)]
    assert len({one.facts["delivery"] for one in door.intakes()}) == 1


def test_what_fails_for_one_recipient_is_kept_for_the_other(opened: Opener, store: SqlStore) -> None:
    """B-024: the first is durable, the second comes again."""

    def half_broken(arrival: Arrival) -> Future[Receipt]:
        if arrival.recipients == (SECOND,):
            lost: Future[Receipt] = Future()
            lost.set_exception(StoreError("disk full"))
            return lost
        return store.submit_accept(arrival, datetime.now(UTC))

    door = opened(lmtp=True, accept=half_broken)
    with Client(door.port) as client:
        begun(client, SECOND, FIRST)
        client.send(MAIL + b".\r\n")
        answers = [client.answer(), client.answer()]
    assert [answer[:3] for answer in answers] == ["451", "250"]
    assert "disk full" not in "".join(answers)
    assert [one.recipients for one in door.intakes()] == [(FIRST,)]


def test_a_recipient_named_twice_is_answered_twice_and_kept_once(opened: Opener) -> None:
    """RFC 2033 §4.2: as many answers as there were successful RCPT commands."""
    door = opened(lmtp=True)
    with Client(door.port) as client:
        begun(client, INTAKE, INTAKE)
        client.send(MAIL + b".\r\n")
        assert [client.answer()[:3], client.answer()[:3]] == ["250", "250"]
        assert client.say("NOOP").startswith("250")
    assert len(door.intakes()) == 1


def test_a_message_that_is_too_big_is_refused_for_every_recipient(opened: Opener) -> None:
    door = opened(lmtp=True, max_message_bytes=1_000)
    with Client(door.port) as client:
        begun(client, FIRST, SECOND)
        client.send(MAIL + b"x" * 1_200 + b"\r\n.\r\n")
        assert [client.answer()[:3], client.answer()[:3]] == ["552", "552"]
        assert client.say("NOOP").startswith("250")
    assert door.intakes() == []


def test_an_unknown_recipient_is_refused_at_its_own_command(opened: Opener) -> None:
    door = opened(lmtp=True)
    with Client(door.port) as client:
        client.say("LHLO mta.example")
        client.say("MAIL FROM:<maria@example.org>")
        assert client.say("RCPT TO:<altri@comune.example>").startswith("550")
        assert client.say("DATA").startswith("503"), "RFC 2033 §4.2: no recipient, no data"
        assert client.say(f"RCPT TO:<{INTAKE}>").startswith("250")
        assert client.say("DATA").startswith("354")
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("250")


def test_each_protocol_has_its_own_greeting(opened: Opener) -> None:
    """RFC 2033 §4.1: no HELO nor EHLO in LMTP; and no LHLO in SMTP."""
    with Client(opened(lmtp=True).port) as client:
        assert client.say("EHLO mta.example").startswith("500")
        assert client.say("HELO mta.example").startswith("500")
        told = client.say("LHLO mta.example")
        assert "PIPELINING" in told
        assert "AUTH" not in told
    with Client(opened().port) as client:
        assert client.say("LHLO mta.example").startswith("502")


def test_a_unix_socket_is_a_door_for_the_group(opened: Opener, tmp_path: Path) -> None:
    place = tmp_path / "lmtp.sock"
    door = opened(lmtp=True, path=str(place))
    assert stat.S_IMODE(place.stat().st_mode) == 0o660
    with Client(place) as client:
        begun(client, INTAKE)
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("250")
    assert [one.facts["peer"] for one in door.intakes()] == ["local"]


def test_a_socket_that_a_killed_process_left_is_no_obstacle(opened: Opener, tmp_path: Path) -> None:
    place = tmp_path / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    opened(lmtp=True, path=str(place))
    with Client(place) as client:
        assert client.say("LHLO mta.example").startswith("250")


def test_a_client_of_the_standard_library_delivers(opened: Opener) -> None:
    door = opened(lmtp=True)
    with smtplib.LMTP("127.0.0.1", door.port) as client:
        client.sendmail("a@example.org", [FIRST], MAIL)
    assert [one.raw for one in door.intakes()] == [MAIL]
