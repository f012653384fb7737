"""The mails of the corpus as they go over the wire.

A file with bare line feeds is sent with CRLF, as every mail server would; what is stored is compared with what was
sent.
The bodies of reply parsers are no mails: each is put into one, as its author's mail program would have. A TIFF comes
as a fax service would mail it, each from a number of its own, a `winmail.dat` as Outlook would.
"""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from hashlib import sha256
from pathlib import Path
from typing import Any

KINDS = ("mail", "bounce", "mime", "pec", "reply", "tiff", "tnef")
_LONE_LF = re.compile(rb"(?<!\r)\n")


def corpus() -> Path:
    """Where the corpus is, or would be."""
    return Path(os.environ.get("CENTRALINO_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")


@dataclass(frozen=True, slots=True)
class Item:
    """One file of one source, and what the source says of it. Sources that hold the same file count each."""

    source: str
    name: str
    kind: str
    file: Path
    expect: dict[str, Any]
    others: tuple[tuple[str, dict[str, Any]], ...] = ()
    """What other sources assert that hold the same file: their name, and what they expect."""

    @property
    def is_body(self) -> bool:
        """A reply's text without headers."""
        return self.kind == "reply" and self.file.suffix != ".eml"

    @property
    def is_fax(self) -> bool:
        """A document that a fax machine, or anything else, made."""
        return self.kind == "tiff"

    def wire(self) -> bytes:
        """What is sent after DATA, before dots are doubled; ends with CRLF."""
        raw = self.file.read_bytes()
        if self.is_fax:
            return _fax_mail(self, raw)
        if self.kind == "tnef":
            raw = _carrying(self, raw)
        whole = _LONE_LF.sub(b"\r\n", _wrapped(self, raw) if self.is_body else raw)
        return whole if whole.endswith(b"\r\n") else whole + b"\r\n"


def items(folder: Path, each: int | None = None) -> list[Item]:
    """Every mail of every source; with `each`, so many of a source, spread over its list."""
    found = []
    for listing in sorted(folder.glob("*/expectations.jsonl")):
        source = [_item(listing.parent, json.loads(line)) for line in listing.read_text("utf-8").splitlines()]
        mails = [item for item in source if item is not None]
        step = max(1, len(mails) // each) if each else 1
        found += mails[::step][: each or len(mails)]
    return found


def _item(folder: Path, entry: dict[str, Any]) -> Item | None:
    if entry.get("kind") not in KINDS:
        return None
    others = tuple((one["source"], one.get("expect") or {}) for one in entry.get("expect_of_identical_file") or ())
    return Item(folder.name, entry["id"], entry["kind"], folder / entry["file"], entry.get("expect") or {}, others)


def _fax_mail(item: Item, document: bytes) -> bytes:
    name = sha256(f"{item.source}/{item.name}".encode()).hexdigest()[:24]
    mail = MIMEMultipart()
    mail["From"] = "Servizio Fax <noreply@fax.example>"
    mail["To"] = "fax@comune.example"
    mail["Subject"] = f"Fax da 070{int(name, 16) % 10**7:07}"
    mail["Date"] = "Tue, 24 Nov 2026 10:00:00 +0100"
    mail["Message-ID"] = f"<{name}@fax.example>"
    mail.set_boundary(f"=_{name}")
    mail.attach(MIMEText("In allegato il fax.", "plain", "us-ascii"))
    mail.attach(MIMEImage(document, "tiff", name="fax.tif"))
    return _LONE_LF.sub(b"\r\n", mail.as_bytes())


def _carrying(item: Item, winmail: bytes) -> bytes:
    """A mail that carries a file as Outlook sends it."""
    head = (
        "From: Utente <utente@corpus.example>\nTo: assistenza@comune.example\nSubject: da Outlook\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0100\n"
        f"Message-ID: <{sha256(item.name.encode()).hexdigest()[:24]}@corpus.example>\n"
        'MIME-Version: 1.0\nContent-Type: application/ms-tnef; name="winmail.dat"\n'
        'Content-Disposition: attachment; filename="winmail.dat"\nContent-Transfer-Encoding: base64\n\n'
    )
    return head.encode() + base64.encodebytes(winmail)


def _wrapped(item: Item, body: bytes) -> bytes:
    try:
        body.decode()
        charset = "utf-8"
    except UnicodeDecodeError:
        charset = "windows-1252"
    name = sha256(f"{item.source}/{item.name}".encode()).hexdigest()[:24]
    head = (
        "From: Utente <utente@corpus.example>\n"
        "To: assistenza@comune.example\n"
        "Subject: Re: richiesta\n"
        "Date: Tue, 24 Nov 2026 10:00:00 +0100\n"
        f"Message-ID: <{name}@corpus.example>\n"
        "MIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset={charset}\n"
        "Content-Transfer-Encoding: 8bit\n\n"
    )
    return head.encode() + body
