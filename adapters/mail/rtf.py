"""The rich text of Outlook: unpacked (MS-OXRTFCP), and its words. Nothing here raises, and nothing is carried out.

`winmail.dat` often holds the message as compressed rich text and in no other form.
"""

from __future__ import annotations

import re
import struct

MAX_BYTES = 4_000_000
"""Unpacked. What is longer is not unpacked: a person opens the original."""
MAX_DEPTH = 200

_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0" + b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_HEAD = struct.Struct("<II4sI")
_PACKED, _PLAIN = b"LZFu", b"MELA"
_WINDOW = 4096


def unpacked(packed: bytes) -> bytes | None:
    """The rich text in a MAPI property, None when it is damaged or unpacks to more than `MAX_BYTES`."""
    if len(packed) < _HEAD.size:
        return None
    _, size, kind, _ = _HEAD.unpack_from(packed)
    if size > MAX_BYTES or kind not in (_PACKED, _PLAIN):
        return None
    content = packed[_HEAD.size :]
    return content[:size] if kind == _PLAIN else _inflated(content, size)


def _inflated(content: bytes, size: int) -> bytes:
    """Each control byte rules eight tokens: a byte as it is, or 12 bits of place and 4 of length in a window."""
    out = bytearray(_DICTIONARY)
    begin, place = len(out), 0
    while place < len(content) and len(out) - begin < size:
        control, place = content[place], place + 1
        for bit in range(8):
            if not control >> bit & 1:
                out += content[place : place + 1]
                place += 1
                continue
            token = int.from_bytes(content[place : place + 2], "big")
            place += 2
            offset, length = token >> 4, (token & 15) + 2
            if place > len(content) or offset == len(out) % _WINDOW:
                return bytes(out[begin : begin + size])
            _copy(out, offset, length)
    return bytes(out[begin : begin + size])


def _copy(out: bytearray, offset: int, length: int) -> None:
    """Copy from the window of the last 4,096 bytes; places that nothing was written to yet are blanks."""
    start = len(out) - len(out) % _WINDOW + offset
    if start >= len(out):
        start -= _WINDOW
    for at in range(start, start + length):
        out.append(out[at] if 0 <= at < len(out) else 0x20)


_TOKEN = re.compile(
    r"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z0-9])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\",
    re.DOTALL,
)
_SKIPPED = frozenset(
    ("fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "themedata", "datastore", "listtable", "mmathPr")
)
_WORDS = {
    "par": "\n", "line": "\n", "row": "\n", "page": "\n", "tab": "\t", "cell": "\t", "emdash": "—", "endash": "–",
    "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
}  # fmt: skip
_SIGNS = {"~": "\xa0", "_": "-", "{": "{", "}": "}", "\\": "\\", "\n": "\n", "\r": "\n"}


def words(rtf: bytes) -> str:
    """The text that a reader of the document would see, without its layout. Linear.

    HTML that was put into rich text ("fromhtml") gives the text between its tags.
    """
    said: list[str] = []
    hidden: list[bool] = [False]
    skip = 0  # after \uN comes what old programs show instead
    for token in _TOKEN.finditer(rtf[:MAX_BYTES].decode("latin-1")):
        if token["brace"]:
            _braced(token["brace"], hidden)
        elif token["word"]:
            skip = _worded(token["word"], token["number"], said, hidden)
        elif token["sign"] == "*":
            hidden[-1] = True
        elif not hidden[-1]:
            text = _shown(token)
            said.append(text[skip:] if skip else text)
            skip = 0
    return "".join(said).strip("\0 \n\t")


def _braced(brace: str, hidden: list[bool]) -> None:
    if brace == "{":
        hidden.append(hidden[-1])
    elif len(hidden) > 1:
        hidden.pop()
    if len(hidden) > MAX_DEPTH:
        hidden[:] = [True] * MAX_DEPTH


def _worded(word: str, number: str | None, said: list[str], hidden: list[bool]) -> int:
    """What a control word does; how many characters after it are only a stand-in."""
    if word in _SKIPPED:
        hidden[-1] = True
    elif word == "htmlrtf":
        hidden[-1] = number != "0"
    elif hidden[-1]:
        return 0
    elif word == "u" and number:
        said.append(chr(int(number) % 65536))
        return 1
    else:
        said.append(_WORDS.get(word, ""))
    return 0


def _shown(token: re.Match[str]) -> str:
    if token["byte"]:
        return bytes((int(token["byte"], 16),)).decode("cp1252", "replace")
    if token["sign"]:
        return _SIGNS.get(token["sign"], "")
    return token["text"] or ""
