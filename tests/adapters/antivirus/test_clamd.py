"""ClamAV's daemon over its socket: the real one, and ones that hang up, lie or say nothing."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from adapters.antivirus import Clamd
from gateway.domain.scan import ScanState
from tests.peers.clamd import FOUND, MAX_STREAM_BYTES, clamd, eicar, zipped


@pytest.fixture(scope="module")
def daemon() -> Iterator[Clamd]:
    with clamd() as running:
        yield running


def test_the_test_file_is_found_and_named(daemon: Clamd) -> None:
    """B-047."""
    assert daemon.scan(eicar()).state is ScanState.INFECTED
    assert daemon.scan(eicar()).detail == FOUND


def test_the_test_file_is_found_in_an_archive_that_only_the_scanner_unpacks(daemon: Clamd) -> None:
    """B-033, B-047."""
    assert daemon.scan(zipped(zipped(eicar()))).state is ScanState.INFECTED


@pytest.mark.parametrize("content", [b"", b"La stampante non va.", bytes(300_000)])
def test_what_has_nothing_in_it_is_clean(daemon: Clamd, content: bytes) -> None:
    assert daemon.scan(content).state is ScanState.CLEAN


def test_a_file_beyond_the_limit_of_the_scanner_failed_and_says_why(daemon: Clamd) -> None:
    verdict = daemon.scan(bytes(MAX_STREAM_BYTES + 1))
    assert (verdict.state, verdict.detail) == (ScanState.FAILED, "INSTREAM size limit exceeded. ERROR")


def test_a_scanner_that_is_not_there_leaves_a_file_unscanned() -> None:
    """B-047: scanner down."""
    verdict = Clamd(path="/nonexistent/clamd.ctl").scan(b"x")
    assert (verdict.state, verdict.detail) == (
        ScanState.UNSCANNED,
        "/nonexistent/clamd.ctl: No such file or directory",
    )


class Peer:
    """A daemon that answers every scan with the same bytes, or never."""

    def __init__(self, answer: bytes | None) -> None:
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.got = b""
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def client(self) -> Clamd:
        return Clamd(host="127.0.0.1", port=self.listener.getsockname()[1], timeout_s=0.3)

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            while not self.got.endswith(struct.pack("!L", 0)):
                more = connection.recv(65536)
                if not more:
                    return
                self.got += more
            if self.answer is not None:
                connection.sendall(self.answer)
            else:
                connection.recv(1)


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        (b"stream: OK\0", ScanState.CLEAN, ""),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND\0", ScanState.INFECTED, "Win.Test.EICAR_HDB-1"),
        (b"stream: Can't allocate memory ERROR\0", ScanState.FAILED, "Can't allocate memory"),
        (b"", ScanState.UNSCANNED, "hung up without an answer"),
        (b"UNKNOWN COMMAND\0", ScanState.UNSCANNED, "UNKNOWN COMMAND"),
        (b"OK", ScanState.UNSCANNED, "OK"),
        (b"stream: whatever OK\0", ScanState.UNSCANNED, "stream: whatever OK"),
        (b"\xff" * 9000, ScanState.UNSCANNED, "\ufffd" * 300),
    ],
)
def test_only_an_answer_that_says_so_makes_a_file_clean(answer: bytes, state: ScanState, detail: str) -> None:
    verdict = Peer(answer).client.scan(b"abc")
    assert verdict.state is state
    assert verdict.detail == detail


def test_a_scanner_that_says_nothing_is_given_up_after_its_time() -> None:
    verdict = Peer(None).client.scan(b"abc")
    assert (verdict.state, verdict.detail.rpartition(": ")[2]) == (ScanState.UNSCANNED, "TimeoutError")


def test_the_file_goes_over_whole_in_pieces_that_say_their_length() -> None:
    peer = Peer(b"stream: OK\0")
    peer.client.scan(b"a" * 65536 + b"bc")
    pieces = struct.pack("!L", 65536) + b"a" * 65536 + struct.pack("!L", 2) + b"bc" + struct.pack("!L", 0)
    assert peer.got == b"zINSTREAM\0" + pieces


def test_check_says_whether_the_scanner_answers_and_what_to_do(daemon: Clamd) -> None:
    """`centralino check --connect`."""
    assert daemon.ping() is None
    why = Clamd(path="/nonexistent/clamd.ctl").ping()
    assert why == "/nonexistent/clamd.ctl: No such file or directory"
