"""What nobody can guess, from the operating system's generator."""

from __future__ import annotations

import secrets

CODE_SPACE = 1_000_000


class SecretKeys:
    """Attempt ids and page codes."""

    def dispatch_key(self) -> str:
        """32 lower-case hexadecimal digits."""
        return secrets.token_hex(16)

    def page_code(self) -> str:
        """Six decimal digits."""
        return f"{secrets.randbelow(CODE_SPACE):06d}"
