"""Parts that hold others, opened: `winmail.dat`, and mail inside an S/MIME signature. The original stays beside them.

What is found becomes parts of the tree with paths of their own ("2.1" in part 2), so that it is listed, shown and
fetched like any other. Nothing here raises, nothing is verified, and an archive is never unpacked.
"""

from __future__ import annotations

from dataclasses import dataclass
from mimetypes import MimeTypes

from adapters.mail import asn1, tnef
from adapters.mail.headers import Headers, Parameters
from adapters.mail.parts import Node, tree
from adapters.mail.prescan import MAX_PARTS, holds_tnef, prescan

MAX_DEPTH = 3
"""Signatures inside signatures."""
SIGNED, ENCRYPTED = "signed", "encrypted"

_TNEF_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_TNEF_NAMES = frozenset(("winmail.dat", "win.dat"))
_SMIME_TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_TYPES = MimeTypes(filenames=())
"""The library's own table alone: what the machine has must not change what a mail says."""


@dataclass(slots=True)
class Opening:
    """What parts of one mail are looked into. `outlook`: it says in clear that it has a `winmail.dat`: this is a child.

    `left` is how many parts the messages in it may have, all together (B-031): each for itself is within the limits.
    """

    signed: bool
    outlook: bool
    left: int = MAX_PARTS

    @classmethod
    def of(cls, raw: bytes, *, wanted: bool = True) -> Opening:
        """That of a whole mail; with `wanted` False neither a signature nor a `winmail.dat` is looked into."""
        return cls(wanted, wanted and holds_tnef(raw))

    def admits(self, message: bytes) -> bool:
        """Whether a message in the mail is looked into, which then takes its parts from what is left."""
        scan = prescan(message)
        if scan.over() is not None or scan.parts > self.left:
            return False
        self.left -= scan.parts
        return True


def opened(node: Node, opening: Opening, depth: int = 0) -> Node:
    """The tree with what its leaves hold below them."""
    if not opening.signed:
        return node
    if node.children:
        node.children = tuple(opened(child, opening, depth) for child in node.children)
        return node
    if opening.outlook and is_tnef(node):
        return _with_files(node)
    if node.media_type in _SMIME_TYPES and depth < MAX_DEPTH:
        return _with_signed(node, opening, depth)
    return node


def protection(root: Node) -> str | None:
    """Whether a mail is signed or encrypted by S/MIME or OpenPGP as a whole; nothing of it is verified."""
    if root.media_type == "multipart/signed":
        return SIGNED
    if root.media_type == "multipart/encrypted":
        return ENCRYPTED
    return ENCRYPTED if root.media_type in _SMIME_TYPES and not root.children else None


def is_tnef(node: Node) -> bool:
    """Whether a leaf is Outlook's own envelope, by its type or its name."""
    return node.media_type in _TNEF_TYPES or (node.filename or "").lower() in _TNEF_NAMES


def _with_files(node: Node) -> Node:
    found = tnef.opened(node.content())
    node.defects += [f"{defect} (part {node.path})" for defect in found.defects]
    files = [_file(name, content) for name, content in found.files]
    files += [
        _body(name, kind, content)
        for name, kind, content in (
            ("body.txt", "text/plain", found.text.encode()),
            ("body.html", "text/html", found.html),
            ("body.rtf", "application/rtf", found.rich),
        )
        if content
    ]
    return _around(node, files) if files else node


def _file(name: str, content: bytes) -> Node:
    kind = "application/ms-tnef" if tnef.is_tnef(content) else _TYPES.guess_type(name)[0] or "application/octet-stream"
    return _leaf(name, kind, content)


def _body(name: str, kind: str, content: bytes) -> Node:
    leaf = _leaf(name, kind, content)
    leaf.is_spare_body = True
    return leaf


def _leaf(name: str, kind: str, content: bytes) -> Node:
    charset = {"charset": "utf-8"} if kind == "text/plain" else {}
    return Node(
        path="",
        headers=Headers(()),
        media_type=kind,
        type_parameters=Parameters(kind, charset),
        disposition=Parameters("attachment", {"filename": name} if name else {}),
        children=(),
        payload="",
        held=content,
    )


def _around(node: Node, inside: list[Node]) -> Node:
    """A part like `multipart/mixed`: what was found, and the original after it."""
    for number, one in enumerate(inside, 1):
        one.path = f"{node.path}.{number}"
    return _parent(node, "multipart/mixed", (*inside, node))


def _parent(node: Node, kind: str, children: tuple[Node, ...]) -> Node:
    bare = Parameters("", {})
    return Node(node.path, node.headers, kind, bare, bare, children, "")


def _with_signed(node: Node, opening: Opening, depth: int) -> Node:
    """What an opaque signature encloses, the original after it (RFC 8551 §3.5.2). A letter for a key stays closed."""
    try:
        kind, content = asn1.enclosed(node.content())
    except ValueError:
        node.defects.append(f"part {node.path} is no S/MIME message")
        return node
    if kind != "signed_data" or not content or not opening.admits(content):
        return node
    inside = opened(tree(content, node.path), opening, depth + 1)
    return _parent(node, "multipart/signed", (inside, node))
