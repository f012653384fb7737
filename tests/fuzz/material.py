"""What is spoilt: the golden files, pieces of our own, and the corpus where there is one."""

from __future__ import annotations

import base64
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.corpus.material import corpus, items

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
CONFIG = ROOT / "config"
MAX_SEED_BYTES = 60_000
"""Larger mails teach nothing that a small one does not, and a minute is short."""

_BOUNCE = b"""\
From: MAILER-DAEMON@relay.example
To: assistenza@comune.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="r"

--r
Content-Type: text/plain; charset=us-ascii

<utente@posta.example>: host mx.posta.example said: 550 5.1.1 User unknown

--r
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; utente@posta.example
Original-Recipient: rfc822;utente@posta.example
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--r
Content-Type: text/rfc822-headers

Message-ID: <2026000123.0123456789abcdef.0123456789abcdef@comune.example>
Subject: [2026000123] Richiesta registrata

--r--
"""
_ALL_KINDS = b"""\
Return-Path: <utente@posta.example>
From: =?utf-8?q?Anna_Citt=C3=A0?= <utente@posta.example>, "Rossi, Mario" <m.rossi@posta.example>
To: Assistenza <assistenza+2026000123.0123456789abcdef@comune.example>
Cc: gruppo: a@posta.example, b@posta.example;
Subject: =?iso-8859-1?Q?Perch=E9?= =?utf-8?B?IG5vbiB2YSDDqA==?= [2026000123]
Date: Tue, 24 Nov 2026 10:00:00 +0100
Message-ID: <uno@posta.example>
In-Reply-To: <due@comune.example>
References: <tre@comune.example> <due@comune.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

La stampante =C3=A8 ferma, urgente.

Il giorno 23 nov 2026 alle 9:00 Assistenza <assistenza@comune.example> ha scritto:
> Quale stampante?

--a
Content-Type: text/html; charset=windows-1252
Content-Transfer-Encoding: base64

PHRhYmxlPjx0cj48dGQ+TGEgc3RhbXBhbnRlPC90ZD48dGQ+6DwvdGQ+PC90cj48L3RhYmxlPg==

--a--
--m
Content-Type: application/pdf; name="modulo.pdf"
Content-Disposition: attachment; filename*0*=utf-8''modulo%20; filename*1=nuovo.pdf
Content-Transfer-Encoding: base64
Content-ID: <c1@posta.example>

JVBERi0xLjQK

--m
Content-Type: text/plain; name="a.txt"
Content-Transfer-Encoding: x-uuencode

begin 644 a.txt
#0V%T
`
end

--m
Content-Type: message/rfc822

From: b@posta.example
Subject: dentro
Content-Type: multipart/mixed; boundary="i"

--i
Content-Type: image/png
Content-Transfer-Encoding: base64

iVBORw0KGgo=

--i--
--m--
"""


_MAILS_OF_CORPUS: list[bytes] = []
_DOCUMENTS_OF_CORPUS: list[bytes] = []


def add_corpus() -> int:
    """Add the small mails and TIFFs of the corpus, where there is one; how many. Before anything else is drawn."""
    if corpus().is_dir():
        found = [item for item in items(corpus(), 12) if item.file.stat().st_size <= MAX_SEED_BYTES]
        _MAILS_OF_CORPUS.extend(item.wire() for item in found)
        paths = sorted(corpus().glob("tiff-*/**/*.tif*"))
        _DOCUMENTS_OF_CORPUS.extend(path.read_bytes() for path in paths if path.stat().st_size <= MAX_SEED_BYTES)
    return len(_MAILS_OF_CORPUS) + len(_DOCUMENTS_OF_CORPUS)


@cache
def mails() -> tuple[bytes, ...]:
    """Golden mails and faxes, our own, and what `add_corpus` found."""
    own = [path.read_bytes() for folder in ("mail", "fax") for path in sorted((GOLDEN / folder).glob("*/in.eml"))]
    own += [_ALL_KINDS.replace(b"\n", b"\r\n"), _BOUNCE.replace(b"\n", b"\r\n"), b"", b"\r\n\r\n", b"x"]
    return (*own, *_MAILS_OF_CORPUS)


@cache
def certified() -> tuple[bytes, ...]:
    """Envelopes and receipts of certified mail of every kind, right and wrong."""
    return tuple(path.read_bytes() for path in sorted((GOLDEN / "pec").glob("*/in.eml")))


@cache
def faxes() -> tuple[bytes, ...]:
    """Mails that carry faxes, golden ones and our own."""
    tiff = base64.encodebytes(documents()[0][:600])
    head = (
        b"From: fax@posta.example\r\nTo: fax070000200@comune.example\r\nSubject: %s\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n\r\n%s\r\n--f\r\nContent-Type: image/tiff\r\n"
        b"Content-Disposition: attachment; filename=fax.tif\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    said = (
        (b"Fax ricevuto da: 070 000001 il 24/11/2026 10:00", b"Pagine: 3\r\nData: 24/11/2026 alle ore 10.00"),
        (
            b"facsimile received from Comune",
            b"Sender: Comune\r\nPages: 2\r\nReceived: 2026:11:24 10:00:00\r\nCommID: c000001",
        ),
        (b"Nuovo fax ricevuto - 070000001", b"Numero chiamato: 070000200\r\nIdentificativo: 17\r\nNumero: anonimo"),
        (b"Hai ricevuto un nuovo fax", b"https://portale.example/fax/1"),
    )
    built = [head % each + tiff + b"\r\n--f--\r\n" for each in said]
    return (*(path.read_bytes() for path in sorted((GOLDEN / "fax").glob("*/in.eml"))), *built)


@cache
def documents() -> tuple[bytes, ...]:
    """Documents as fax servers attach them: two TIFFs of our own, a PDF, and what `add_corpus` found."""

    pages = [Image.new("1", (1728, 300), 1), Image.new("1", (200, 100), 0)]
    found = []
    for compression in ("group3", "group4"):
        out = BytesIO()
        pages[0].save(out, "TIFF", compression=compression, save_all=True, append_images=pages[1:], dpi=(204, 98))
        found.append(out.getvalue())
    out = BytesIO()
    pages[1].save(out, "PDF")
    found.append(out.getvalue())
    return (*found, *_DOCUMENTS_OF_CORPUS)


@cache
def texts() -> tuple[bytes, ...]:
    """What people and systems write: subjects, sentences, addresses, numbers."""
    golden = [path.read_bytes() for path in sorted((GOLDEN / "texts").glob("*.txt"))]
    return (
        *golden,
        b"",
        "La stampante è ferma: non è urgente, però è URGENTE per l'ufficio".encode(),
        b"Re: R: I: [2026000123] Richiesta registrata",
        b"Riferimento: ABC-1234, vostro caso n. 77/2026",
        b"Nota n\xc2\xb0 5 \xe2\x80\x93 \xe2\x82\xac 12 \xe2\x80\x9curgente\xe2\x80\x9d",
        b"Descrizione: {descrizione}",
        b"n.d.",
        b"500",
    )


@cache
def config_files() -> dict[str, bytes]:
    """The shipped configuration, by its path below the folder."""
    paths = [*sorted(CONFIG.glob("*.toml")), *sorted((CONFIG / "contracts").glob("*.toml"))]
    return {str(path.relative_to(CONFIG)): path.read_bytes() for path in paths}
