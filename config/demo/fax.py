"""A fax as HylaFAX would mail it, for the demo: a page or two of black on white, Group 4."""

from __future__ import annotations

import io
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from gateway.domain.hours import local

if TYPE_CHECKING:
    from datetime import datetime

WIDTH, HEIGHT = 1728, 2200
RESOLUTION = (204, 196)


def hylafax_mail(number: str, pages: int, at: datetime, job: str) -> bytes:
    """The mail of a received fax: the words of the fax server, then the TIFF."""
    printed = local(at).strftime("%Y:%m:%d %H:%M:%S")
    text = "\n".join(
        (
            "recvq/fax000000042.tif (ftp://fax:4559/recvq/fax000000042.tif):",
            f"     Sender: {number}",
            f"      Pages: {pages}",
            "    Quality: Fine",
            "       Page: ISO A4",
            f"   Received: {printed}",
            " TimeToRecv: 0:42",
            " SignalRate: 14400 bit/s",
            " DataFormat: 2-D MMR",
            "  ErrCorrect: Yes",
            " ReceivedOn: ttyS0",
            f"     CommID: c{abs(hash(job)) % 10**9:09d}",
            f"    CallID1: {number}",
            "",
        )
    )
    mail = MIMEMultipart("mixed")
    mail["From"] = "The HylaFAX Receive Agent <fax@fax.comune.example>"
    mail["To"] = "fax@comune.example"
    mail["Subject"] = f"Facsimile received from {number}"
    mail.attach(MIMEText(text, "plain", "us-ascii"))
    document = MIMEImage(_document(pages), "tiff", name="fax000000042.tif")
    document["Content-Description"] = "FAX document"
    mail.attach(document)
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _document(pages: int) -> bytes:
    drawn = [_page(count) for count in range(1, pages + 1)]
    out = io.BytesIO()
    drawn[0].save(out, "TIFF", save_all=True, append_images=drawn[1:], compression="group4", dpi=RESOLUTION)
    return out.getvalue()


def _page(count: int) -> Image.Image:
    page = Image.new("1", (WIDTH, HEIGHT), 1)
    drawing = ImageDraw.Draw(page)
    drawing.text((150, 150), f"Richiesta di assistenza - pagina {count}", fill=0)
    for line in range(12):
        drawing.line((150, 300 + line * 90, WIDTH - 150, 300 + line * 90), fill=0, width=3)
    return page
