"""What nobody can guess, from the operating system's generator."""

from __future__ import annotations

import secrets
import threading

CODE_SPACE = 1_000_000
_KEY_BYTES = 16
_AT_A_TIME = 64


class SecretKeys:
    """Attempt ids and page codes. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: list[str] = []

    def dispatch_key(self) -> str:
        """32 lower-case hexadecimal digits. They are drawn many at a time: each draw gives the interpreter away."""
        with self._lock:
            if not self._keys:
                drawn = secrets.token_hex(_KEY_BYTES * _AT_A_TIME)
                self._keys = [drawn[at : at + 2 * _KEY_BYTES] for at in range(0, len(drawn), 2 * _KEY_BYTES)]
            return self._keys.pop()

    def page_code(self) -> str:
        """Six decimal digits."""
        return f"{secrets.randbelow(CODE_SPACE):06d}"
