"""A web server that answers as a test says: a status, a redirect, silence, a body without end, something else."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass(slots=True)
class Peer:
    """Where it is, what it was asked, and how it answers from now on."""

    url: str
    answer: Answer
    asked: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)


def status(code: int, *, body: bytes = b"", headers: str = "") -> Answer:
    """An answer with this status."""
    head = f"HTTP/1.1 {code} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


def silence(released: threading.Event) -> Answer:
    """Nothing until the test lets go."""

    def answer(_connection: socket.socket) -> None:
        released.wait(10)

    return answer


def endless(connection: socket.socket) -> None:
    """A good status and a body that goes on for as long as somebody reads it."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
    with contextlib.suppress(OSError):
        while True:
            connection.sendall(b"x" * 65_536)


def reset(connection: socket.socket) -> None:
    """No answer at all."""
    connection.shutdown(socket.SHUT_RDWR)


def gibberish(connection: socket.socket) -> None:
    """Not HTTP."""
    connection.sendall(b"220 mail.example ESMTP\r\n")


@contextlib.contextmanager
def peer(answer: Answer, *, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Listens on loopback while the test runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        found = Peer(f"{scheme}://{host}:{listener.getsockname()[1]}", answer)
        threading.Thread(target=_serve, args=(listener, found, tls), daemon=True).start()
        yield found
        with contextlib.suppress(OSError):  # accept() is woken, and finds the listener closed
            listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, found: Peer, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with contextlib.suppress(OSError), connection:
                _answer(connection, found, tls)


def _answer(plain: socket.socket, found: Peer, tls: ssl.SSLContext | None) -> None:
    plain.settimeout(10)
    connection = tls.wrap_socket(plain, server_side=True) if tls else plain
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            chunk = connection.recv(4096)
            if not chunk:
                return
            head += chunk
        found.heads.append(head.decode())
        found.asked.append(head.split(b" ")[1].decode())
        found.answer(connection)
