"""A mail as a value. `read` answers for any bytes whatever; what was missing or odd is a line in `defects`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from adapters.mail import calendars, flowed, html_quotes, kinds, names, rtf
from adapters.mail import html as html_text
from adapters.mail.automatic import OwnMail, why_automatic
from adapters.mail.bounces import read_bounce
from adapters.mail.charsets import clean, clean_line, decode
from adapters.mail.headers import (
    MAX_ADDRESS_FIELD,
    Headers,
    addresses,
    date,
    fields,
    mended_block,
    message_id,
    message_ids,
    split,
)
from adapters.mail.opened import Opening, opened, protection
from adapters.mail.parts import BROKEN_BLOCK, MESSAGE_TYPES, Node, tree
from adapters.mail.prescan import MAX_PARTS, DoorFacts, PreScan, door_facts, limit, needs_child, prescan
from adapters.mail.quotes import folded, is_forward, new_text
from gateway.domain.intake import Address, Attachment, MailReading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.domain.invitation import Invitation

__all__ = ["DoorFacts", "OwnMail", "PreScan", "attachment", "door_facts", "needs_child", "prescan", "read"]

MAX_DEFECTS = 50
MAX_NESTED = 3
"""Messages inside messages whose attachments are listed too; the outer ones are always kept whole."""
MAX_INLINE = 64 * 1024
"""Bytes of a named inline text that is shown in the message besides being kept as a file."""
MAX_SUBJECT = 2_000
MAX_CALENDARS = 3
_BODY_TYPES = ("text/plain", "text/html")
_ONCE = ("from", "subject", "message-id", "date")


def read(raw: bytes, *, envelope_from: str | None = None, own: OwnMail, opening: bool = True) -> MailReading:
    """What can be read of a mail. Never raises.

    Beyond 100 levels, 1,000 parts or 256 KB of headers the parts are not looked at: `readable` is False, the header
    fields are given as far as their block can be read, and `defects` names the limit. With `opening` False nothing
    that lies in a `winmail.dat` or in a signature is looked at: for a mail that a child was lost over.
    """
    try:
        exceeded = limit(raw)
        if exceeded is not None:
            return _unread(raw, f"not read: {exceeded}", envelope_from, own)
        return _whole(raw, envelope_from, own, opening=opening)
    except Exception as error:  # noqa: BLE001 - the promise of this module: no bytes are poison
        return _unread(raw, f"not read: {type(error).__name__}", envelope_from, own)


def attachment(raw: bytes, part: str) -> bytes:
    """The decoded bytes of one part of a mail, by the path that `Attachment.part` gave.

    Raises:
        LookupError: the mail has no such part, or is beyond the limits of `read`.
    """
    try:
        opening = Opening.of(raw)
        for node in _all_leaves(_root(raw, opening), opening) if limit(raw) is None else ():
            if node.path == part:
                return node.content()
    except RecursionError:
        pass
    raise LookupError(f"no part {part[:40]!r} in this mail")


def content_key(raw: bytes) -> str:
    """The SHA-256 (hex) of Message-ID, From, Date and Subject as raw bytes and of the raw body.

    What a way through other servers adds (Received, Return-Path, Delivered-To) is not in it.
    """
    block, body = split(raw)
    named = fields(block)
    digest = hashlib.sha256()
    for name in ("message-id", "from", "date", "subject"):
        values = [value for key, value in named if key == name]
        digest.update(b"%d\n" % len(values))
        for value in values:
            digest.update(b"%d:" % len(value) + value)
    digest.update(body)
    return digest.hexdigest()


def _root(raw: bytes, opening: Opening) -> Node:
    return opened(_built(raw), opening)


def _built(raw: bytes) -> Node:
    root = tree(raw.lstrip(b"\r\n") if raw[:1] in (b"\r", b"\n") else raw)
    if BROKEN_BLOCK not in root.defects:
        return root
    mended = mended_block(raw)
    if mended is None:
        return root
    root = tree(mended)
    root.defects.append(BROKEN_BLOCK)
    return root


def _whole(raw: bytes, envelope_from: str | None, own: OwnMail, *, opening: bool) -> MailReading:
    what = Opening.of(raw, wanted=opening)
    root = _root(raw, what)
    body = _Body.of(root)
    attachments = tuple(_attachments(root, body.leaves, what))
    said = body.said()
    top = _of_headers(root.headers, content_key(raw), envelope_from, own)
    is_null = envelope_from is not None and envelope_from.strip() in ("", "<>")
    bounce = read_bounce(root, top, said.text, raw, null_sender=is_null)
    said = said if said.text.strip() else _enclosed(root, replace(what, left=MAX_PARTS), own)
    text = said.text
    invited, unread = _invitations(root)
    folds = folded(text, said.quoted, said.signed, forwarded=is_forward(top.subject))
    defects = (*top.defects, *_tree_defects(root), *body.defects, *unread)
    return replace(
        top,
        text=text,
        new_text=new_text(text, folds),
        folds=folds,
        html=body.html(),
        attachments=attachments,
        automatic=top.automatic or ("delivery report" if bounce is not None else None),
        bounce=bounce,
        defects=tuple(dict.fromkeys(defects))[:MAX_DEFECTS],
        invitations=invited,
        protection=protection(root),
    )


def _enclosed(root: Node, opening: Opening, own: OwnMail, nested: int = 0) -> html_quotes.Marked:
    """What the first message inside says, for a mail without a word of its own: whoever forwards it asks that.

    Nothing of what a machine wrote: our own acknowledgement, sent back without a word, must not be read as urgent.
    """
    for leaf in root.leaves():
        inner = _inner(leaf, opening, nested)
        if inner is None or why_automatic(inner.headers, None, own) is not None:
            continue
        said = _Body.of(inner).said()
        said = said if said.text.strip() else _enclosed(inner, opening, own, nested + 1)
        if said.text.strip():
            return said
    return html_quotes.Marked("")


def _invitations(root: Node) -> tuple[tuple[Invitation, ...], list[str]]:
    """What the calendars of a mail invite to, each invitation once, and why one was not read."""
    found: list[Invitation] = []
    defects = []
    for leaf in [leaf for leaf in root.leaves() if leaf.media_type in calendars.TYPES][:MAX_CALENDARS]:
        invited, defect = calendars.invitations(leaf.content(), leaf.charset or "utf-8")
        found += invited
        defects += [f"{defect} (part {leaf.path})"] if defect else []
    return tuple(dict.fromkeys(found)), defects


def _unread(raw: bytes, why: str, envelope_from: str | None, own: OwnMail) -> MailReading:
    key = content_key(raw)
    block, _ = split(raw)
    try:
        top = _of_headers(Headers.of_bytes(block[:65536]), key, envelope_from, own)
    except Exception:  # noqa: BLE001 - the last guard: the caller opens a ticket for a person in any case
        top = MailReading(content_key=key)
    return replace(top, readable=False, defects=(why, *top.defects)[:MAX_DEFECTS])


def _of_headers(headers: Headers, key: str, envelope_from: str | None, own: OwnMail) -> MailReading:
    identity, no_identity = message_id(headers.first("message-id"))
    at, no_date = date(headers.first("date"))
    senders, no_sender = _senders(headers)
    return MailReading(
        content_key=key,
        message_id=identity,
        senders=senders,
        to=addresses(headers.all("to")),
        cc=addresses(headers.all("cc")),
        reply_to=addresses(headers.all("reply-to")),
        delivered_to=_delivered_to(headers),
        subject=headers.text("subject")[:MAX_SUBJECT],
        date=at,
        in_reply_to=message_ids(headers.first("in-reply-to")),
        references=message_ids(" ".join(headers.all("references"))),
        automatic=why_automatic(headers, envelope_from, own),
        defects=tuple(_header_defects(headers, no_identity, no_date, no_sender)),
    )


def _senders(headers: Headers) -> tuple[tuple[Address, ...], str | None]:
    """Who wrote, and a defect when From does not say it: then Sender counts, then Reply-To (RFC 5322 §3.6.2)."""
    written = addresses(headers.all("from"))
    if any("@" in one.address for one in written):
        return written, None
    for name in ("sender", "reply-to"):
        found = [one for one in addresses(headers.all(name)) if "@" in one.address]
        if found:
            shown = found[0].name or (written[0].name if written else "")
            return (Address(shown, found[0].address),), f"no address in From: the sender is that of {name.title()}"
    return written, None if written else "no From"


def _header_defects(headers: Headers, *problems: str | None) -> Iterator[str]:
    yield from (problem for problem in problems if problem is not None)
    for name in ("from", "to", "cc"):
        if any(len(value) > MAX_ADDRESS_FIELD for value in headers.all(name)):
            yield f"only the first {MAX_ADDRESS_FIELD} characters of {name.title()} were read"
    for name in _ONCE:
        if len(headers.all(name)) > 1:
            yield f"duplicate header {name.title().replace('-Id', '-ID')}"


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    found = [
        one.address
        for name in ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")
        for one in addresses(headers.all(name))
    ]
    return tuple(dict.fromkeys(found))


def _tree_defects(root: Node) -> Iterator[str]:
    yield from root.defects
    for child in root.children:
        yield from _tree_defects(child)


@dataclass(slots=True)
class _Body:
    """What is read as the message: pieces of text in order, all HTML, and the leaves that they came from."""

    pieces: list[tuple[str, str]] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    leaves: set[str] = field(default_factory=set)
    defects: list[str] = field(default_factory=list)
    has_read: bool = False

    @classmethod
    def of(cls, root: Node) -> _Body:
        body = cls()
        body.pieces = body.collect(root)
        if not body.has_read and not root.children and root.media_type in _BODY_TYPES:
            body.pieces = [body.piece(root)]  # a mail that is nothing but a text "attachment" is that text
        if not any(text.strip() for _, text in body.pieces):
            body.pieces += body.spare(root)
        return body

    def spare(self, root: Node) -> list[tuple[str, str]]:
        """The message out of a `winmail.dat`, the first form of it that says anything."""
        for leaf in root.leaves():
            if leaf.is_spare_body:
                is_rich = leaf.media_type not in _BODY_TYPES
                piece = ("text/plain", clean(rtf.words(leaf.content()))) if is_rich else self.piece(leaf)
                if piece[1].strip():
                    return [piece]
        return []

    def collect(self, node: Node) -> list[tuple[str, str]]:
        """The pieces below a part. Of alternatives the plain text counts, unless it is empty (RFC 2046 §5.1.4)."""
        if not node.children:
            return [self.piece(node)] if self.is_read(node) else []
        pieces = [piece for child in node.children for piece in self.collect(child)]
        if node.media_type != "multipart/alternative":
            return pieces
        plain = [piece for piece in pieces if piece[0] == "text/plain"]
        return plain if any(text.strip() for _, text in plain) else [one for one in pieces if one[0] != "text/plain"]

    def is_read(self, leaf: Node) -> bool:
        if leaf.media_type not in _BODY_TYPES or leaf.disposition.value == "attachment":
            return False
        if leaf.filename is None:
            return True
        return not self.has_read or (leaf.disposition.value == "inline" and len(leaf.payload) <= MAX_INLINE)

    def piece(self, leaf: Node) -> tuple[str, str]:
        self.has_read = True
        if leaf.filename is None:
            self.leaves.add(leaf.path)  # a text with a name is read and kept as a file as well
        raw = leaf.content()
        is_html = leaf.media_type == "text/html"
        charset = leaf.charset or (html_text.declared_charset(raw) if is_html else None)
        decoded, defect = decode(raw, charset)
        if defect is not None:
            self.defects.append(f"{defect} in part {leaf.path}")
        text = clean(decoded)
        if is_html:
            self.htmls.append(text)
        elif (leaf.type_parameters.get("format") or "").lower() == "flowed":
            text = flowed.joined(text, delete_space=(leaf.type_parameters.get("delsp") or "").lower() == "yes")
        return leaf.media_type, text

    def said(self) -> html_quotes.Marked:
        """All pieces as one text, and which of its lines the HTML marks as quoted or as signature."""
        return html_quotes.joined(self._said(kind, text) for kind, text in self.pieces)

    @staticmethod
    def _said(kind: str, text: str) -> html_quotes.Marked:
        if kind != "text/html":
            return html_quotes.Marked(text.strip("\n"))
        return html_quotes.unmarked(clean(html_text.to_text(html_quotes.marked(text))))

    def html(self) -> str | None:
        return "\n".join(self.htmls) if self.htmls else None


def _all_leaves(root: Node, opening: Opening, nested: int = 0) -> Iterator[Node]:
    for leaf in root.leaves():
        yield leaf
        inner = _inner(leaf, opening, nested)
        if inner is not None:
            yield from _all_leaves(inner, opening, nested + 1)


def _inner(leaf: Node, opening: Opening, nested: int) -> Node | None:
    """The message in a part, None when it is none, lies too deep, or is beyond the limits."""
    if leaf.media_type not in MESSAGE_TYPES or nested >= MAX_NESTED:
        return None
    content = leaf.content()
    return opened(tree(content.lstrip(b"\r\n"), leaf.path), opening) if opening.admits(content) else None


def _attachments(root: Node, read_as_body: set[str], opening: Opening, nested: int = 0) -> Iterator[Attachment]:
    for leaf in root.leaves():
        if leaf.path in read_as_body:
            continue
        yield _attachment(leaf)
        inner = _inner(leaf, opening, nested)
        if inner is not None:
            yield from _attachments(inner, _Body.of(inner).leaves, opening, nested + 1)


def _title(leaf: Node, content: bytes) -> str:
    """What a part without a name is called: a message by its subject, any other by its Content-Description."""
    if leaf.media_type in MESSAGE_TYPES:
        block, _ = split(content.lstrip(b"\r\n"))
        subject = Headers.of_bytes(block[:65536]).text("subject")[:100]
        if subject:
            return f"{subject.replace('/', '-')}.eml"
    described = leaf.headers.text("content-description")[:100].replace("/", "-")
    ending = f".{names.extension(leaf.media_type)}"
    has_one = re.search(r"\.[A-Za-z0-9]{1,5}$", described) is not None
    return described if has_one or not described or ending == ".bin" else described + ending


def _attachment(leaf: Node) -> Attachment:
    content = leaf.content()
    written = leaf.filename or ""
    called = written or _title(leaf, content)
    rivals = [value for name, value in (*leaf.disposition.rivals, *leaf.type_parameters.rivals) if value != written]
    leaf.defects.extend(f"part {leaf.path} is also called {names.shown(value)[:80]!r}" for value in rivals)
    content_id = leaf.headers.first("content-id")
    name = names.safe(called, leaf.media_type, leaf.path)
    return Attachment(
        name=name,
        shown_name=names.shown(called),
        type=leaf.media_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        part=leaf.path,
        content_id=clean_line(content_id).strip(" <>")[:255] or None if content_id else None,
        inline=leaf.disposition.value == "inline" or (content_id is not None and leaf.disposition.value == ""),
        danger=kinds.danger(name, leaf.media_type, content),
    )
