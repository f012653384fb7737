"""What a confined function gets and gives beside a document: one JSON object, then raw bytes."""

from __future__ import annotations

import json
import struct
from typing import Any

_LENGTH = struct.Struct(">I")


def pack(facts: dict[str, Any], document: bytes = b"") -> bytes:
    """Both in one piece."""
    text = json.dumps(facts).encode()
    return _LENGTH.pack(len(text)) + text + document


def unpack(packed: bytes) -> tuple[dict[str, Any], bytes]:
    """The two again.

    Raises:
        ValueError: this is no such piece (a child that was taken over may send anything).
    """
    if len(packed) < _LENGTH.size:
        raise ValueError("shorter than a length")
    ends = _LENGTH.size + _LENGTH.unpack_from(packed)[0]
    facts = json.loads(packed[_LENGTH.size : ends])
    if not isinstance(facts, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the caller knows one error, not two
    return facts, packed[ends:]
