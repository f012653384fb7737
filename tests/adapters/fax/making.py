"""Faxes of our own making: TIFFs as fax machines write them, and the mail readings that carry them."""

from __future__ import annotations

import hashlib
import io
import struct
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from gateway.domain.intake import Address, Attachment, MailReading


def fax_tiff(
    pages: int = 1,
    *,
    compression: str = "group3",
    size: tuple[int, int] = (1728, 1145),
    dpi: tuple[float, float] = (204, 98),
    tags: dict[int, int] | None = None,
) -> bytes:
    """A fax of that many numbered pages, Group 3 or Group 4."""
    drawn = [_page(number, size) for number in range(1, pages + 1)]
    out = io.BytesIO()
    drawn[0].save(
        out, "TIFF", compression=compression, save_all=True, append_images=drawn[1:], dpi=dpi, tiffinfo=tags or {}
    )
    return out.getvalue()


def _page(number: int, size: tuple[int, int]) -> Image.Image:
    page = Image.new("1", size, 1)
    pen = ImageDraw.Draw(page)
    pen.text((size[0] // 10, size[1] // 10), f"Pagina {number}", fill=0)
    pen.rectangle((size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 4 + number), fill=0)
    return page


def typed_tiff(pages: list[tuple[str, ...]], *, dpi: tuple[int, int] = (204, 98)) -> bytes:
    """A Group 3 fax of A4 pages with lines of type, at the resolution of a standard or a fine fax."""
    drawn = []
    for lines in pages:
        page = Image.new("L", (1728, 2376), 255)
        pen = ImageDraw.Draw(page)
        for number, line in enumerate(lines):
            pen.text((150, 200 + number * 90), line, fill=0, font=ImageFont.load_default(size=44))
        drawn.append(
            page.resize((1728, round(2376 * dpi[1] / 204))).point(lambda value: 255 * (value > 140)).convert("1")
        )
    out = io.BytesIO()
    drawn[0].save(out, "TIFF", compression="group3", save_all=True, append_images=drawn[1:], dpi=dpi)
    return out.getvalue()


def bomb(side: int = 13_000) -> bytes:
    """A Group 4 page of side by side pixels, all white, in some ten kilobytes (F20)."""
    out = io.BytesIO()
    Image.new("1", (side, side), 1).save(out, "TIFF", compression="group4")
    return out.getvalue()


def directory(entries: list[tuple[int, int, int]], following: int) -> bytes:
    """One directory of (tag, type, value) entries, and the offset of the next."""
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


ONE_PIXEL = [(256, 3, 1), (257, 3, 1), (258, 3, 1), (259, 3, 1), (262, 3, 1), (273, 4, 0), (278, 3, 1), (279, 4, 1)]
"""A bilevel page of one pixel, uncompressed; its one strip is the first byte of the file."""


def chain(count: int, *, loop: bool = False) -> bytes:
    """A TIFF of that many one-pixel pages; with `loop` the last one leads to the first again."""
    step = len(directory(ONE_PIXEL, 0))
    offsets = [8 + number * step for number in range(count)]
    following = [*offsets[1:], offsets[0] if loop else 0]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(directory(ONE_PIXEL, at) for at in following)


def attachment(name: str, kind: str, content: bytes, part: str = "2") -> Attachment:
    return Attachment(
        name=name, shown_name=name, type=kind, size=len(content), sha256=hashlib.sha256(content).hexdigest(), part=part
    )


def reading(sender: str, subject: str, text: str, *attachments: Attachment) -> MailReading:
    return MailReading(
        content_key="0" * 64,
        senders=(Address("", sender),),
        subject=subject,
        text=text,
        attachments=tuple(attachments),
    )


def reading_of(mail: Path) -> tuple[MailReading, dict[str, bytes]]:
    """A well-formed mail of our own, read with the standard library only, and its documents by part."""
    message: Any = message_from_bytes(mail.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    found: list[Attachment] = []
    documents: dict[str, bytes] = {}
    for number, part in enumerate(message.iter_attachments(), 2):
        content = part.get_content()
        documents[str(number)] = content
        found.append(attachment(part.get_filename(), part.get_content_type(), content, str(number)))
    sender = message["from"].addresses[0].addr_spec
    text = body.get_content() if body else ""
    return reading(sender, message["subject"] or "", text, *found), documents
