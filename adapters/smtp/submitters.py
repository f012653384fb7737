"""Who may log in at the SMTP door, and how their passwords are kept: as scrypt (RFC 7914), never in clear."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

COST, BLOCK, LANES = 16_384, 8, 1
"""16 MiB and some 50 ms for each try."""
HIGHEST_COST, HIGHEST_BLOCK, HIGHEST_LANES = 1_048_576, 32, 16
MAX_PASSWORD_BYTES = 1_024
_SALT_BYTES = 16
_KEY_BYTES = 32
_SHAPE = re.compile(r"scrypt:(\d{1,7}):(\d{1,2}):(\d{1,2}):([0-9a-f]{16,128}):([0-9a-f]{64})", re.ASCII)


def kept_form(password: str) -> str:
    """The line to keep in place of a password: `scrypt:cost:block:lanes:salt:key`, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _key(password.encode(), salt, COST, BLOCK, LANES)
    return f"scrypt:{COST}:{BLOCK}:{LANES}:{salt.hex()}:{key.hex()}"


def is_kept_form(line: str) -> bool:
    """Whether a line is what `kept_form` makes, with a cost that can be paid."""
    found = _SHAPE.fullmatch(line)
    if found is None:
        return False
    cost, block, lanes = (int(found[n]) for n in (1, 2, 3))
    power_of_two = cost > 1 and cost & (cost - 1) == 0
    return power_of_two and cost <= HIGHEST_COST and 0 < block <= HIGHEST_BLOCK and 0 < lanes <= HIGHEST_LANES


def _key(password: bytes, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    most = 132 * block * (cost + lanes)  # what scrypt needs, and a little
    return hashlib.scrypt(password, salt=salt, n=cost, r=block, p=lanes, maxmem=most, dklen=_KEY_BYTES)


def matches(password: bytes, line: str) -> bool:
    """Whether a password is the one that a kept line stands for. Takes as long for a wrong one."""
    found = _SHAPE.fullmatch(line)
    if found is None or len(password) > MAX_PASSWORD_BYTES:
        return False
    salt, wanted = bytes.fromhex(found[4]), bytes.fromhex(found[5])
    return hmac.compare_digest(_key(password, salt, int(found[1]), int(found[2]), int(found[3])), wanted)


@dataclass(frozen=True, slots=True)
class Submitters:
    """The users that may log in, each with the line kept for the password."""

    kept: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.kept)

    def knows(self, user: str, password: bytes) -> bool:
        """Whether these are a user's name and password. Nobody learns from the time it takes which names there are."""
        line = self.kept.get(user)
        return matches(password, line or _NOBODY) and line is not None


_NOBODY = kept_form(secrets.token_hex())
