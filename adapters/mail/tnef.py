"""`winmail.dat`, opened: the files in it, and the message when it is nowhere else. Nothing here raises.

The library trusts every count and length that it reads, so it gets no more than what is wanted of a stream that was
walked before: no recipients, no dates, no message inside a message (those are opened here, to a depth). A list of
values ends with its bytes, whatever number of them it names. What else it does with a property that lies about itself
is bounded only by the confined child that this runs in (DESIGN, "Parsing").

Source: MS-OXTNEF, MS-OXPROPS.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tnefparse import TNEF, mapi
from tnefparse.properties import MAPI_ATTACH_LONG_FILENAME

from adapters.mail import rtf
from adapters.mail.charsets import clean, clean_line, decode

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_OBJECTS = 5_000
MAX_BYTES = 64_000_000
"""Larger ones are not opened."""
MAX_WORK = 3_000_000_000
"""Bytes that the library would copy: it takes the rest of the stream anew for each object."""
MAX_DEPTH = 3
MAX_FILES = 500

logging.getLogger("tnefparse").setLevel(logging.CRITICAL)


def _within(parse: Callable[..., Any]) -> Callable[..., Any]:
    """The library's reader of one value, which is no longer asked for values beyond the end of their list."""

    def bounded(data: bytes, offset: int, *rest: Any) -> Any:  # noqa: ANN401 - the library has no types
        if offset >= len(data):
            raise ValueError("more values than bytes")
        return parse(data, offset, *rest)

    return bounded


# tnefparse 1.4, `decode_mapi`: a list of values of fixed size is read as often as it says, four thousand million times.
mapi.parse_property = _within(mapi.parse_property)

_HEAD = struct.Struct("<BHHI")
_MESSAGE, _ATTACHMENT = 1, 2
_BODY, _PROPERTIES, _CODE_PAGE, _FILE_PROPERTIES, _FILE_BEGINS = 0x800C, 0x9003, 0x9007, 0x9005, 0x9002
_WANTED = frozenset((_BODY, _PROPERTIES, _CODE_PAGE))
_INSIDE = bytes.fromhex("0703020000000000c000000000000046")
"""IID_IMessage: an attached item of Outlook follows, a stream of its own."""
_SET_ASIDE = bytes.fromhex("0703020000000000c0000000000000ff")


@dataclass(slots=True)
class Opened:
    """What was in it: files by the name that was given to them, the message in the forms that it has."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    text: str = ""
    html: bytes = b""
    rich: bytes = b""
    defects: list[str] = field(default_factory=list)


def is_tnef(content: bytes) -> bool:
    """Whether the bytes begin as such a stream, whatever it is called."""
    return content[:4] == SIGNATURE


def opened(content: bytes, depth: int = 0) -> Opened:
    """What is in a `winmail.dat`. Empty with a defect when it is damaged or beyond the limits of this module."""
    found = Opened()
    why = None if is_tnef(content) else "it is none"
    why = why or _beyond(content)
    if why is not None:
        found.defects.append(f"winmail.dat not opened: {why}")
        return found
    if _is_cut(content):
        found.defects.append("winmail.dat is cut short")
    try:
        _fill(found, TNEF(_needed(content), do_checksum=False), depth)
    except Exception as error:  # noqa: BLE001 - other people's bytes in a library that checks little: the original is kept
        found.defects.append(f"winmail.dat opened in part: {type(error).__name__}")
    return found


def _objects(content: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, name and the whole bytes of each object, as far as the stream is sound."""
    place = 6
    while place + 11 < len(content):
        level, name, _, length = _HEAD.unpack_from(content, place)
        end = place + 9 + length + 2
        # The checksum of the last one may be cut: the library takes zeros off the end of a stream inside a stream.
        if end > len(content) + 2 or level not in (_MESSAGE, _ATTACHMENT):
            return
        yield level, name, content[place:end].ljust(end - place, b"\0")
        place = end


def _is_cut(content: bytes) -> bool:
    """Whether an object says that it goes on where the stream ends. What stands after the last one is no matter."""
    place = 6 + sum(len(one) for _, _, one in _objects(content))
    if place + 11 >= len(content):
        return False
    level, _, _, length = _HEAD.unpack_from(content, place)
    return level in (_MESSAGE, _ATTACHMENT) and place + 11 + length > len(content)


def _beyond(content: bytes) -> str | None:
    if len(content) > MAX_BYTES:
        return f"more than {MAX_BYTES} bytes"
    for count, (_, name, one) in enumerate(_objects(content), 1):
        if count > MAX_OBJECTS or count * len(content) > MAX_WORK:
            return "too many objects"
        # A list of properties begins with their number, and the library counts to it whatever follows.
        if name in (_PROPERTIES, _FILE_PROPERTIES) and int.from_bytes(one[9:13], "little") > len(one) // 4:
            return "more properties than bytes"
    return None


def _needed(content: bytes) -> bytes:
    """The stream without the objects that nobody looks at; an item inside is marked as plain bytes."""
    kept = [content[:6]]
    begun = False
    for level, name, one in _objects(content):
        begun = begun or name == _FILE_BEGINS
        if level == _ATTACHMENT and begun:
            kept.append(one.replace(_INSIDE + SIGNATURE, _SET_ASIDE + SIGNATURE) if name == _FILE_PROPERTIES else one)
        elif level == _MESSAGE and name in _WANTED:
            kept.append(one)
    return b"".join((*kept, b"\0\0"))


def _fill(found: Opened, stream: Any, depth: int) -> None:  # noqa: ANN401 - the library has no types
    for one in stream.attachments[:MAX_FILES]:
        name, data = _name(one), _bytes(one.data)
        if data[:16] == _SET_ASIDE:
            _fill_from_inside(found, name, data[16:], depth)
        else:
            found.files.append((name, data))
    found.text = _text(stream.body, stream.codepage)
    found.html = _bytes(stream.htmlbody)
    packed = stream._rtfbody  # noqa: SLF001 - the public property asks for a library that is not there
    found.rich = (rtf.unpacked(_bytes(packed)) or b"") if packed else b""
    if packed and not found.rich:
        found.defects.append("the rich text in winmail.dat is damaged")


def _fill_from_inside(found: Opened, name: str, stream: bytes, depth: int) -> None:
    """An attached item of Outlook: kept as it is, and its own files after it."""
    found.files.append((name, stream))
    if depth >= MAX_DEPTH:
        found.defects.append("winmail.dat opened in part: too deep")
        return
    inside = opened(stream, depth + 1)
    found.files += inside.files[: MAX_FILES - len(found.files)]
    found.defects += inside.defects


def _name(one: Any) -> str:  # noqa: ANN401 - as above
    """The long name, else the short one of the days of eight characters and three."""
    long = [each.data for each in one.mapi_attrs if each.name == MAPI_ATTACH_LONG_FILENAME]
    return next((text for text in map(_line, (*long, one._name)) if text), "")  # noqa: SLF001 - `name` raises on 8-bit


def _line(value: object) -> str:
    return clean_line(_text(value, None).strip("\0"))


def _text(value: object, codepage: str | None) -> str:
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    if isinstance(value, bytes):
        value = decode(value.rstrip(b"\0"), codepage)[0]
    return clean(value).rstrip("\0") if isinstance(value, str) else ""


def _bytes(value: object) -> bytes:
    if isinstance(value, list | tuple):
        value = value[0] if value else b""
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    return value if isinstance(value, bytes) else b""
