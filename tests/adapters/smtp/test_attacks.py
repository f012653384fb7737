"""PROMISES section 3, B1: what a hostile or careless client may try, over real sockets."""

from __future__ import annotations

import contextlib
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from adapters.smtp import CertificateFiles
from adapters.store import SqlStore
from gateway.domain.intake import Arrival, Receipt
from tests.adapters.smtp.door import INTAKE, MAIL, Client, Running

Opener = Callable[..., Running]

FALSE_ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r.\r\n",
    b"\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
]


def until(true: Callable[[], bool], within_s: float = 10) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return true()


@pytest.mark.parametrize("end", FALSE_ENDS)
def test_only_crlf_dot_crlf_ends_a_message(door: Running, end: bytes) -> None:
    """B-001: a second envelope after a false end is text of the first message."""
    inner = b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<assistenza@comune.example>\r\nDATA\r\nSubject: two\r\n\r\nx\r\n"
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL + b"text" + end + inner + b".\r\n")
        assert client.answer().startswith("250")
        client.say("NOOP")
    assert [intake.sender for intake in door.intakes()] == ["maria@example.org"]


@pytest.mark.parametrize(("text", "fact"), [(b"a\nb\r\n", "bare_lf"), (b"a\rb\r\n", "bare_cr"), (b"a\0\r\n", "nul")])
def test_odd_bytes_are_kept_and_noted(door: Running, text: bytes, fact: str) -> None:
    """F6."""
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL + text + b".\r\n")
        client.answer()
    (intake,) = door.intakes()
    assert intake.raw == MAIL + text
    assert intake.facts[fact] == "yes"


def test_an_endless_line_is_cut_at_its_budget_and_costs_little_memory(opened: Opener) -> None:
    """B-010, F2: 1 GiB without an end of line, or as much of it as we let come."""
    door = opened()
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    chunk = b"x" * 1_048_576
    went = 0
    with Client(door.port) as client, contextlib.suppress(ConnectionError):
        client.envelope()
        for _ in range(1024):
            client.send(chunk)
            went += len(chunk)
    assert went < 64 * 1_048_576
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 64 * 1024


def test_an_endless_line_is_told_why(opened: Opener) -> None:
    door = opened(max_line_bytes=1000)
    with Client(door.port) as client:
        client.envelope()
        client.send(b"x" * 1100)
        assert client.answer().startswith("552")
        assert client.answer() == ""


def test_a_line_longer_than_the_rfc_allows_is_taken(door: Running) -> None:
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL + b"x" * 200_000 + b"\r\n.\r\n")
        assert client.answer().startswith("250")


def test_an_endless_command_is_cut(opened: Opener) -> None:
    door = opened(max_line_bytes=100_000)
    with Client(door.port) as client, contextlib.suppress(ConnectionError):
        client.send(b"NOOP " + b"x" * 300_000)
        assert client.answer().startswith("552")
    assert until(lambda: door.listener.connections == 0)


def test_a_message_over_the_limit_is_read_to_its_end_and_refused(opened: Opener) -> None:
    door = opened(max_message_bytes=100_000)
    with Client(door.port) as client:
        assert "SIZE 100000" in client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        client.say(f"RCPT TO:<{INTAKE}>")
        client.say("DATA")
        client.send((b"y" * 98 + b"\r\n") * 1_500 + b".\r\n")
        assert client.answer().startswith("552 5.3.4")
        assert client.say("NOOP").startswith("250")
    assert door.intakes() == []


def test_a_declared_size_over_the_limit_is_refused_before_the_data(opened: Opener) -> None:
    door = opened(max_message_bytes=100_000)
    with Client(door.port) as client:
        client.say("EHLO c.example")
        assert client.say("MAIL FROM:<a@example.org> SIZE=100001").startswith("552 5.3.4")


def test_a_message_that_never_ends_is_cut(opened: Opener) -> None:
    door = opened(max_message_bytes=100_000)
    with Client(door.port) as client, contextlib.suppress(ConnectionError):
        client.envelope()
        for _ in range(10_000):
            client.send(b"y" * 98 + b"\r\n")
        pytest.fail("a million bytes were taken")


def test_what_all_clients_hold_together_has_a_limit(opened: Opener) -> None:
    """C-33: back-pressure."""
    door = opened(max_bytes_in_flight=300_000)
    with Client(door.port) as client:
        client.envelope()
        client.send((b"y" * 98 + b"\r\n") * 5_000 + b".\r\n")
        assert client.answer().startswith("452 4.3.1")
        client.envelope()
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("250")


def test_a_hundred_recipients_are_taken_and_no_more(door: Running) -> None:
    """B-016."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        answers = [client.say(f"RCPT TO:<assistenza+{n}@comune.example>")[:3] for n in range(103)]
    assert answers == ["250"] * 100 + ["452"] * 3


def test_a_dictionary_of_recipients_is_cut(opened: Opener) -> None:
    """B-018."""
    door = opened(max_refused_recipients=10, refusal_delay=timedelta(0))
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        answers = [client.say(f"RCPT TO:<name{n}@comune.example>")[:3] for n in range(11)]
        assert answers == ["550"] * 10 + ["421"]
        assert client.answer() == ""


def test_more_connections_than_allowed_from_one_address_are_turned_away(opened: Opener) -> None:
    """B-014."""
    door = opened(max_connections_per_address=3)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(Client(door.port))
        with Client(door.port, greeted=False) as fourth:
            assert fourth.answer().startswith("421")
            assert fourth.answer() == ""


def test_more_connections_than_allowed_in_all_are_turned_away(opened: Opener) -> None:
    """B-014."""
    door = opened(max_connections=2)
    with Client(door.port), Client(door.port), Client(door.port, greeted=False) as third:
        assert third.answer().startswith("421")


def test_a_place_is_free_again_when_a_client_leaves(opened: Opener) -> None:
    door = opened(max_connections=1)
    Client(door.port).close()
    assert until(lambda: door.listener.connections == 0)
    with Client(door.port) as client:
        assert client.say("NOOP").startswith("250")


def test_a_silent_client_is_cut(opened: Opener) -> None:
    door = opened(idle_timeout=timedelta(seconds=0.2))
    with Client(door.port) as client:
        assert client.answer().startswith("421")


def test_a_client_that_never_finishes_a_command_is_cut(opened: Opener) -> None:
    """B-013: a byte now and then is no command."""
    door = opened(idle_timeout=timedelta(seconds=0.3))
    with Client(door.port) as client, contextlib.suppress(ConnectionError):
        for _ in range(40):
            client.send(b"N")
            time.sleep(0.05)
        pytest.fail("it was kept for two seconds")


def test_a_connection_that_only_says_noop_is_cut_after_its_time(opened: Opener) -> None:
    """F3: one valid command in time would hold a connection for ever."""
    door = opened(session_timeout=timedelta(seconds=0.3))
    with Client(door.port) as client:
        answers: list[str] = []
        while not answers or answers[-1].startswith("250"):
            answers.append(client.say("NOOP"))
            time.sleep(0.02)
    assert answers[-1].startswith("421")


def test_commands_have_a_count(opened: Opener) -> None:
    door = opened(max_commands=20)
    with Client(door.port) as client:
        answers = [client.say("NOOP")[:3] for _ in range(21)]
    assert answers == ["250"] * 20 + ["421"]


def test_a_steady_upload_is_not_cut_for_its_length(opened: Opener) -> None:
    """B-012, F3: it takes many times what a pause may take."""
    short = timedelta(seconds=0.4)
    door = opened(progress_timeout=short, idle_timeout=short, session_timeout=short, rate_grace=short)
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL)
        for _ in range(30):
            client.send(b"a line of a slow upload\r\n")
            time.sleep(0.05)
        client.send(b".\r\n")
        assert client.answer().startswith("250")


def test_an_upload_that_stands_still_is_cut(opened: Opener) -> None:
    door = opened(progress_timeout=timedelta(seconds=0.2))
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL)
        assert client.answer().startswith("421")
    assert door.intakes() == []


def test_an_upload_below_the_slowest_rate_is_cut(opened: Opener) -> None:
    """B-013: a byte at a time."""
    door = opened(rate_grace=timedelta(seconds=0.3), min_rate_bytes_s=100)
    with Client(door.port) as client, contextlib.suppress(ConnectionError):
        client.envelope()
        for _ in range(60):
            client.send(b"x")
            time.sleep(0.05)
        pytest.fail("it was kept for three seconds")


def test_who_talks_before_the_greeting_is_sent_away(opened: Opener) -> None:
    """B-021."""
    door = opened(greeting_delay=timedelta(seconds=0.3))
    with Client(door.port, greeted=False) as client:
        client.send(b"EHLO early.example\r\n")
        assert client.answer().startswith("554")
        assert client.answer() == ""


def test_data_before_the_354_is_refused(door: Running) -> None:
    """B-021."""
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("MAIL FROM:<a@example.org>")
        client.say(f"RCPT TO:<{INTAKE}>")
        client.send(b"DATA\r\n" + MAIL + b".\r\n")
        assert client.answer().startswith("554")
    assert door.intakes() == []


def test_a_blocked_store_keeps_nobody_else_waiting(opened: Opener) -> None:
    """F5."""
    pending: list[Future[Receipt]] = []

    def slow(_: Arrival) -> Future[Receipt]:
        pending.append(Future())
        return pending[-1]

    door = opened(accept=slow)
    with Client(door.port) as waiting:
        waiting.envelope()
        waiting.send(MAIL + b".\r\n")
        with Client(door.port, timeout=2) as other:
            assert other.say("NOOP").startswith("250")
        pending[0].set_result(Receipt(1, repeated=False))
        assert waiting.answer().startswith("250")


@pytest.mark.parametrize("pause_s", [0, 0.001, 0.01, 0.05])
def test_a_client_that_vanishes_after_the_dot_has_its_mail_stored_once(
    opened: Opener, store: SqlStore, pause_s: float
) -> None:
    """B-026, F4: and its next try is the same intake."""

    def late(arrival: Arrival) -> Future[Receipt]:
        answer: Future[Receipt] = Future()

        def commit() -> None:
            time.sleep(0.02)
            receipt = store.submit_accept(arrival, datetime.now(UTC)).result()
            with contextlib.suppress(Exception):
                answer.set_result(receipt)

        threading.Thread(target=commit).start()
        return answer

    door = opened(accept=late)
    client = Client(door.port)
    client.envelope()
    client.send(MAIL + b".\r\n")
    time.sleep(pause_s)
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    assert until(lambda: len(door.intakes()) == 1)
    with Client(door.port) as again:
        again.envelope()
        again.send(MAIL + b".\r\n")
        assert again.answer().startswith("250")
    assert len(door.intakes()) == 1


def test_a_client_that_closes_its_half_after_the_dot_still_gets_its_answer(door: Running) -> None:
    with Client(door.port) as client:
        client.envelope()
        client.send(MAIL + b".\r\n")
        client.sock.shutdown(socket.SHUT_WR)
        assert client.answer().startswith("250")


# --------------------------------------------------------------------------------------------------------- STARTTLS


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> CertificateFiles:
    return CertificateFiles(*written(authority, tmp_path), every_s=0)


def written(authority: trustme.CA, folder: Path) -> tuple[Path, Path]:
    issued = authority.issue_cert("localhost")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


def over_tls(client: Client, authority: trustme.CA) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context.wrap_socket(client.sock, server_hostname="localhost")


def test_starttls_is_not_offered_without_a_certificate(door: Running) -> None:
    with Client(door.port) as client:
        assert "STARTTLS" not in client.say("EHLO c.example")
        assert client.say("STARTTLS").startswith("454")


def test_a_mail_over_starttls_is_noted_as_such(
    opened: Opener, certificate: CertificateFiles, authority: trustme.CA
) -> None:
    door = opened(tls=certificate)
    with Client(door.port) as client:
        assert "STARTTLS" in client.say("EHLO c.example")
        assert client.say("STARTTLS").startswith("220")
        client.sock = over_tls(client, authority)
        client._file = client.sock.makefile("rb")  # noqa: SLF001 - the same client, encrypted from here on
        assert "STARTTLS" not in client.say("EHLO c.example")
        client.envelope()
        client.send(MAIL + b".\r\n")
        assert client.answer().startswith("250")
    assert [intake.facts["tls"] for intake in door.intakes()] == ["TLSv1.3"]


def test_what_was_said_in_clear_after_starttls_is_forgotten(
    opened: Opener, certificate: CertificateFiles, authority: trustme.CA
) -> None:
    """B-004, CVE-2011-0411."""
    door = opened(tls=certificate)
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.send(b"STARTTLS\r\nEHLO evil.example\r\nMAIL FROM:<evil@example.net>\r\n")
        assert client.answer().startswith("220")
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            client.sock = over_tls(client, authority)
            client._file = client.sock.makefile("rb")  # noqa: SLF001 - the same client, encrypted from here on
            assert client.say(f"RCPT TO:<{INTAKE}>").startswith("503")


def test_a_client_that_breaks_the_handshake_harms_nobody(opened: Opener, certificate: CertificateFiles) -> None:
    door = opened(tls=certificate)
    with Client(door.port) as client:
        client.say("EHLO c.example")
        client.say("STARTTLS")
        client.send(b"this is no handshake at all\r\n" * 10)
        client.answer()
    assert until(lambda: door.listener.connections == 0)
    with Client(door.port) as other:
        assert other.say("NOOP").startswith("250")


def test_a_renewed_certificate_is_used_without_a_restart(tmp_path: Path) -> None:
    """C-39."""
    first, second = trustme.CA(), trustme.CA()
    certificate = CertificateFiles(*written(first, tmp_path), every_s=0)
    before = certificate()
    written(second, tmp_path)
    assert certificate() is not before


def test_a_renewal_that_cannot_be_read_keeps_the_old_certificate_and_is_told(tmp_path: Path) -> None:
    told: list[Exception] = []
    chain, key = written(trustme.CA(), tmp_path)
    certificate = CertificateFiles(chain, key, on_fault=told.append, every_s=0)
    before = certificate()
    chain.write_bytes(b"half a certificate")
    assert certificate() is before
    assert len(told) == 1


# ------------------------------------------------------------------------------------------------------------- stop


def test_stopping_tells_idle_clients_and_lets_a_message_under_way_finish(door: Running) -> None:
    """C-07."""
    with Client(door.port) as idle, Client(door.port) as busy:
        busy.envelope()
        busy.send(MAIL)
        stopping = threading.Thread(target=lambda: door.on_loop(door.listener.stop(10)))
        stopping.start()
        assert idle.answer().startswith("421")
        busy.send(b".\r\n")
        assert busy.answer().startswith("250")
        assert busy.answer().startswith("421")
        stopping.join(5)
        assert not stopping.is_alive()
    assert len(door.intakes()) == 1


def test_stopping_cuts_who_does_not_finish_in_time(door: Running) -> None:
    """C-07."""
    with Client(door.port) as client:
        client.envelope()
        door.on_loop(door.listener.stop(0.1))
        assert client.answer().startswith("421")
