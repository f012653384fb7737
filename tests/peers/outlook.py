"""Outlook's `winmail.dat`, written as MS-OXTNEF says: for tests, and to be spoilt by them."""

from __future__ import annotations

import struct
from collections.abc import Iterable

SIGNATURE = struct.pack("<I", 0x223E9F78)
INSIDE = bytes.fromhex("0703020000000000c000000000000046")
TEXT, BINARY, ITEM = 0x001F, 0x0102, 0x000D
LONG_NAME, DATA, HTML, RICH = 0x3707, 0x3701, 0x1013, 0x1009
_MESSAGE, _ATTACHMENT = 1, 2


def stream(*objects: bytes) -> bytes:
    """A whole stream: signature, a key, the version, the code page, then what is given."""
    version = thing(_MESSAGE, 0x9006, struct.pack("<I", 0x10000))
    codepage = thing(_MESSAGE, 0x9007, struct.pack("<II", 1252, 0))
    return SIGNATURE + b"\x01\x00" + version + codepage + b"".join(objects)


def thing(level: int, name: int, data: bytes, kind: int = 6) -> bytes:
    """One object with its length and checksum."""
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def file(short: str, content: bytes, long: str = "") -> bytes:
    """An attachment: where it is shown, its short title, its bytes, and its long name as a property."""
    parts = [
        thing(_ATTACHMENT, 0x9002, bytes(14)),
        thing(_ATTACHMENT, 0x8010, short.encode("cp1252", "replace") + b"\0", 1),
        thing(_ATTACHMENT, 0x800F, content),
    ]
    if long:
        parts.append(thing(_ATTACHMENT, 0x9005, properties([(TEXT, LONG_NAME, long.encode("utf-16-le") + b"\0\0")])))
    return b"".join(parts)


def item(title: str, inside: bytes) -> bytes:
    """An attached item of Outlook: a stream in a stream."""
    return thing(_ATTACHMENT, 0x9002, bytes(14)) + b"".join(
        (
            thing(_ATTACHMENT, 0x8010, title.encode() + b"\0", 1),
            thing(_ATTACHMENT, 0x9005, properties([(ITEM, DATA, INSIDE + inside)])),
        )
    )


def body(text: bytes) -> bytes:
    """The message as plain text."""
    return thing(_MESSAGE, 0x800C, text + b"\0", 2)


def message(*values: tuple[int, int, bytes]) -> bytes:
    """Properties of the message: its HTML, its rich text."""
    return thing(_MESSAGE, 0x9003, properties(values))


def properties(values: Iterable[tuple[int, int, bytes]]) -> bytes:
    """A list of MAPI properties, each with one value of variable length."""
    listed = list(values)
    return struct.pack("<I", len(listed)) + b"".join(_property(*each) for each in listed)


def _property(kind: int, name: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + bytes(-len(value) % 4)


def rich(rtf: bytes) -> bytes:
    """Rich text in the container that Outlook compresses it into, here without compressing (MS-OXRTFCP, MELA)."""
    return struct.pack("<II4sI", len(rtf), len(rtf), b"MELA", 0) + rtf


def compressed(rtf: bytes) -> bytes:
    """The same in the compressed form, every byte a literal: none is copied from the window."""
    out = bytearray()
    for start in range(0, len(rtf), 8):
        out += b"\0" + rtf[start : start + 8]
    return struct.pack("<II4sI", len(out) + 12, len(rtf), b"LZFu", 0) + bytes(out)
