"""Mails as people write them to a help desk: 5 KB, multipart/alternative, quoted-printable, each one different.

With a key they carry an attachment and the DKIM signature of their sender's domain.
"""

from __future__ import annotations

import base64
import quopri
import random
import re
from dataclasses import dataclass
from email.header import Header
from pathlib import Path

RECIPIENT = "assistenza@fornitore.example"
OFFICES = 40
"""The domains that mail comes from: `ufficio0.example` and so on."""
SELECTOR = b"posta"
ATTACHED_BYTES = 3_000
_FIRST = ("Giulia", "Nicolò", "Maria José", "Efisio", "Ìnes", "Gavino", "Letizia", "Andrea", "Noè", "Zoë", "Bachisio")
_LAST = ("Piras", "Dessì", "Sanna", "Muntoni", "D'Aloia", "Càmpus", "Lòi", "Serra", "Melis", "Fenu", "Usai", "Porcù")
_TOPICS = (
    "La stampa del protocollo esce con i caratteri sbagliati", "Accesso negato alla scrivania virtuale",
    "Il modulo di iscrizione non salva l'allegato", "Richiesta di chiarimenti sulla fattura elettronica",
    "Le e-mail della casella dell'ufficio tornano indietro", "Non riesco ad aprire il certificato di residenza",
)  # fmt: skip
_TEXT = (
    "buongiorno scrivo perché da stamattina la pratica numero risulta già chiusa mentre l'ufficio non l'ha mai vista ho"
    " provato anche dal computer del collega però succede lo stesso allego più sotto il messaggio così com'è apparso"
    " potete verificare se l'utenza è abilitata e farmi sapere quando posso riprovare grazie per la disponibilità la"
    " città comunicherà poi l'esito agli interessati né prima né dopo la seduta cioè giovedì"
)
_WORDS = tuple(_TEXT.split())
_WORDS_IN_A_PARAGRAPH = 45
_PARAGRAPHS = 5


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: its envelope sender and the bytes after DATA, dots doubled, with the final dot."""

    sender: str
    data: bytes

    @property
    def message(self) -> bytes:
        """The mail itself."""
        return self.data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")


def letters(seed: int, count: int, key: Path | None = None) -> list[Letter]:
    """`count` different mails; the same seed gives the same ones. `key`: the file of a DKIM key, PEM."""
    dice = random.Random(seed)  # noqa: S311 - test data
    written = [_letter(dice, f"{seed:x}.{number}") for number in range(count)]
    if key is None:
        return written
    pem = key.read_bytes()
    return [_signed(_attached(letter, dice), pem) for letter in written]


def _attached(letter: Letter, dice: random.Random) -> bytes:
    """The mail inside a multipart/mixed, with a document."""
    head, _, body = letter.message.partition(b"\r\n\r\n")
    above, _, content_type = head.rpartition(b"\r\n")
    boundary = b"=_mixed%024x" % dice.getrandbits(96)
    document = base64.encodebytes(b"%PDF-1.4\n" + dice.randbytes(ATTACHED_BYTES)).replace(b"\n", b"\r\n")
    return b"".join((
        above, b'\r\nContent-Type: multipart/mixed; boundary="', boundary, b'"\r\n\r\n',
        b"--", boundary, b"\r\n", content_type, b"\r\n\r\n", body,
        b"\r\n--", boundary, b'\r\nContent-Type: application/pdf; name="modulo.pdf"\r\n',
        b'Content-Disposition: attachment; filename="modulo.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n',
        document, b"--", boundary, b"--\r\n",
    ))  # fmt: skip


def _signed(message: bytes, pem: bytes) -> Letter:
    import dkim  # only who signs waits for it

    sender = re.search(rb"<(.*?)>", message)
    assert sender is not None
    domain = sender[1].partition(b"@")[2]
    include = [b"from", b"to", b"subject", b"date", b"message-id"]
    signature: bytes = dkim.sign(message, SELECTOR, domain, pem, include_headers=include)
    data = (signature + message).replace(b"\r\n.", b"\r\n..")
    return Letter(sender[1].decode(), data + b".\r\n")


def _letter(dice: random.Random, name: str) -> Letter:
    person = f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"
    sender = f"utente.{name}@ufficio{dice.randrange(OFFICES)}.example"
    subject = f"{dice.choice(_TOPICS)} – pratica {dice.randrange(10**6)}"
    paragraphs = [" ".join(dice.choices(_WORDS, k=_WORDS_IN_A_PARAGRAPH)) + "." for _ in range(_PARAGRAPHS)]
    boundary = f"=_{dice.getrandbits(96):024x}"
    text = "\n\n".join((*paragraphs, f"Cordiali saluti\n{person}"))
    rich = "".join(f"<p style='margin:0'>{one}</p>" for one in paragraphs)
    lines = (
        f"From: {Header(person, 'utf-8').encode()} <{sender}>",
        f"To: {Header('Assistenza tecnica – primo livello', 'utf-8').encode()} <{RECIPIENT}>",
        f"Subject: {Header(subject, 'utf-8').encode()}",
        "Date: Tue, 24 Nov 2026 09:15:00 +0100",
        f"Message-ID: <{name}.{dice.getrandbits(64):016x}@posta.example>",
        f"Received: from pc{dice.randrange(900)}.example ([192.0.2.{dice.randrange(1, 255)}])",
        " by posta.example with ESMTPSA;",
        " Tue, 24 Nov 2026 09:15:01 +0100",
        "MIME-Version: 1.0",
        "User-Agent: Mozilla Thunderbird",
        "Content-Language: it",
        f'Content-Type: multipart/alternative; boundary="{boundary}"',
        "",
        f"--{boundary}",
        *_part("plain", text),
        f"--{boundary}",
        *_part("html", f"<html><body>{rich}<p>Cordiali saluti<br>{person}</p></body></html>"),
        f"--{boundary}--",
        "",
    )
    data = "\r\n".join(lines).replace("\r\n.", "\r\n..")
    return Letter(sender, data.encode("ascii") + b".\r\n")


def _part(kind: str, text: str) -> tuple[str, ...]:
    coded = quopri.encodestring(text.encode()).decode("ascii").replace("\n", "\r\n")
    head = (f"Content-Type: text/{kind}; charset=UTF-8", "Content-Transfer-Encoding: quoted-printable")
    return (*head, "", coded)
