"""A line that goes dead without a word: what is connected stays so, and nothing passes any more (half-open, NAT)."""

from __future__ import annotations

import contextlib
import socket
import threading


class QuietProxy:
    """Passes on what comes for a port of this machine, until `fall_silent`; later connections work again."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._alive: list[threading.Event] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def fall_silent(self) -> None:
        """Every connection that there is passes nothing any more, and is not closed."""
        for alive in self._alive:
            alive.clear()

    def close(self) -> None:
        for sock in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self.connections += 1
                alive = threading.Event()
                alive.set()
                self._alive.append(alive)
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other, alive), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, alive: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65_536):
                if alive.is_set():
                    other.sendall(data)
            if alive.is_set():
                other.shutdown(socket.SHUT_WR)
