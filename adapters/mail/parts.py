"""The tree of a mail: its leaves with their paths, types, names and bytes. Nothing here raises.

The standard library parses the structure (its `compat32` side, ten times faster than the modern one and without its
exceptions). Nested messages stay bytes, so they are kept exactly as they came and nesting costs nothing.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Any

from adapters.mail.headers import Headers, Parameters, base64_bytes, parameters, unfolded

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
BROKEN_BLOCK = "header block ends in a line that is no header"
MESSAGE_TYPES = frozenset(("message/rfc822", "message/global", "message/news"))


class _Opaque(Message):
    """A part whose nested message is not parsed with it: to the parser it has a type that it knows nothing about."""

    _payload: object
    _kind: str | None = None

    def get_content_type(self) -> str:
        if self._kind is None:  # the parser asks seven times a part, always after the headers are complete
            found = super().get_content_type()
            self._kind = f"opaque/{found[8:]}" if found.startswith("message/") else found
        return self._kind

    def get_boundary(self, failobj: Any = None) -> Any:  # noqa: ANN401 - the signature of the standard library
        """The boundary as the standard library finds it, or ours: some mailers fold it, or forget the semicolon."""
        found = super().get_boundary()
        if (found is None or "\n" in found) and self.get("content-type"):
            found = parameters(unfolded(str(self["content-type"]))).get("boundary")
        return found or failobj

    def as_parsed(self) -> object:
        """The payload as the parser left it; `get_payload` would already put U+FFFD for bytes beyond ASCII."""
        return self._payload


@dataclass(slots=True)
class Node:
    """One part: its path in the tree ("2.1"), its headers, and either its children or its undecoded payload."""

    path: str
    headers: Headers
    media_type: str
    type_parameters: Parameters
    disposition: Parameters
    children: tuple[Node, ...]
    payload: str
    defects: list[str] = field(default_factory=list)
    held: bytes | None = None
    """The bytes of a part that lay in another one, without any transfer encoding."""
    is_spare_body: bool = False
    """It is the message only if nothing else is."""

    @property
    def charset(self) -> str | None:
        return self.type_parameters.get("charset")

    @property
    def filename(self) -> str | None:
        """The name that the sender gave: Content-Disposition first, then Content-Type."""
        return self.disposition.get("filename") or self.type_parameters.get("name") or None

    def leaves(self) -> Iterator[Node]:
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()

    def content(self) -> bytes:
        """The bytes of a leaf, its transfer encoding undone. What is broken in it becomes a defect."""
        if self.held is not None:
            return self.held
        raw = _raw(self.payload)
        encoding = (self.headers.first("content-transfer-encoding") or "").split(";")[0].strip(" \t\"'").lower()
        if encoding == "base64":
            return self._from_base64(raw)
        if encoding == "quoted-printable":
            return self._from_quoted_printable(raw)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            return self._from_uuencode(raw)
        if encoding not in ("", "7bit", "8bit", "binary"):
            self.defects.append(f"unknown transfer encoding {encoding[:40]!r} in part {self.path}")
        return raw

    def _from_base64(self, raw: bytes) -> bytes:
        try:
            return binascii.a2b_base64(raw.translate(None, b"\r\n \t"), strict_mode=True)
        except binascii.Error:
            content = base64_bytes(raw)
        self.defects.append(f"broken base64 in part {self.path}")
        # Whoever says base64 and sends plain text, sends plain text: decoding it would destroy it.
        is_text = content == b"" or re.search(rb"[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}", raw[:400]) is not None
        return raw if is_text else content

    def _from_quoted_printable(self, raw: bytes) -> bytes:
        if _BROKEN_QP.search(raw) is not None:
            self.defects.append(f"broken quoted-printable in part {self.path}")
        return binascii.a2b_qp(raw)

    def _from_uuencode(self, raw: bytes) -> bytes:
        lines = raw.splitlines()
        start = next((number for number, line in enumerate(lines) if line.startswith(b"begin ")), None)
        if start is None:
            self.defects.append(f"broken uuencode in part {self.path}")
            return raw
        content: list[bytes] = []
        for line in lines[start + 1 :]:
            if line.strip() in (b"", b"`", b"end"):
                break
            content.append(self._uu_line(line))
        return b"".join(content)

    def _uu_line(self, line: bytes) -> bytes:
        try:
            return binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders fill the last line with garbage; the length byte says how much of it counts.
            wanted = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                return binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                self.defects.append(f"broken uuencode in part {self.path}")
                return b""


_BROKEN_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t]*\Z)")


def tree(raw: bytes, prefix: str = "") -> Node:
    """The tree of a message. `prefix` is the path of the part that the message lies in.

    Raises:
        RecursionError: nested deeper than the interpreter goes; callers look at `prescan` first.
    """
    message = BytesParser(_Opaque, policy=compat32).parsebytes(raw)
    if not isinstance(message, _Opaque):
        raise TypeError("the standard parser did not build the class it was given")
    return _node(message, prefix, is_top=True)


def _node(message: _Opaque, path: str, *, is_top: bool = False) -> Node:
    headers = Headers.of(message.raw_items())
    kind = parameters(headers.first("content-type"))
    payload = message.as_parsed()
    children: tuple[Node, ...] = ()
    text = ""
    if isinstance(payload, list):
        base = f"{path}." if path else ""
        inner = (child for child in payload if isinstance(child, _Opaque))
        children = tuple(_node(child, f"{base}{number}") for number, child in enumerate(inner, 1))
    elif isinstance(payload, str):
        text = payload
    if not children and is_top:
        path = f"{path}.1" if path else "1"
    node = Node(
        path=path or "0",
        headers=headers,
        media_type=_media_type(kind.value, message),
        type_parameters=kind,
        disposition=parameters(headers.first("content-disposition")),
        children=children,
        payload=text,
    )
    node.defects.extend(_DEFECTS[type(one).__name__] for one in message.defects if type(one).__name__ in _DEFECTS)
    return node


_DEFECTS = {
    "NoBoundaryInMultipartDefect": "multipart without boundary",
    "StartBoundaryNotFoundDefect": "multipart whose boundary never comes",
    "CloseBoundaryNotFoundDefect": "multipart without its end",
    "MissingHeaderBodySeparatorDefect": BROKEN_BLOCK,
    "FirstHeaderLineIsContinuationDefect": "first header line is a continuation",
    "MisplacedEnvelopeHeaderDefect": "envelope line among the headers",
    "InvalidMultipartContentTransferEncodingDefect": "multipart with a transfer encoding",
}


def _media_type(value: str, message: _Opaque) -> str:
    found = value.replace(" ", "")
    if _TYPE.fullmatch(found) is None:
        found = message.get_default_type() if message.get("content-type") is None else "text/plain"
    if found.startswith("multipart/") and not message.is_multipart():
        return "text/plain"  # its structure cannot be found: what it says is still to be read
    return found


def _raw(payload: str) -> bytes:
    try:
        return payload.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return payload.encode("utf-8", "surrogatepass")
