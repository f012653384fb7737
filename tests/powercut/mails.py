"""The mails that are sent: every one different, from a sender of its own, so that each answer can be told apart."""

from __future__ import annotations

import base64
import hashlib
import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from tests.powercut.site import ADDRESSES, COMUNE, PARCHEGGI

WORDS = re.findall(
    r"\S+",
    "la stampante dello sportello non risponde il programma del protocollo chiede la parola d'ordine due volte "
    "vorrei sapere quando torna disponibile la ricerca delle pratiche il modulo non si apre dal mio computer",
)
ABOVE_A_ROW = 300 * 1024


def drawn(seed: str) -> random.Random:
    """What chance decides, the same for the same seed."""
    return random.Random(seed)  # noqa: S311 - the draws are to be repeated, not to be secret


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the ledger. `raw` is the data as it must be stored: lines end in CRLF, dots are not doubled."""

    serial: int
    sender: str
    contracts: tuple[str, ...]
    raw: bytes = field(repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(ADDRESSES[contract] for contract in self.contracts)


def make(serial: int, chance: random.Random) -> Mail:
    """Mail number `serial`: one in six for two contracts, one in ten without Message-ID, one in forty of 300 KB."""
    kind = chance.random()
    contracts = (COMUNE, PARCHEGGI) if kind < 1 / 6 else (PARCHEGGI,) if kind < 2 / 6 else (COMUNE,)
    sender = f"utente{serial:06d}@cittadini.example"
    headers = [
        f"From: Utente {serial} <{sender}>",
        f"To: {', '.join(ADDRESSES[contract] for contract in contracts)}",
        f"Subject: Richiesta {serial} {' '.join(chance.choices(WORDS, k=3))}",
        f"Date: {format_datetime(datetime.now(UTC))}",
        "MIME-Version: 1.0",
    ]
    if chance.random() >= 1 / 10:
        headers.append(f"Message-ID: <{serial}.{chance.getrandbits(64):x}@cittadini.example>")
    big = chance.random() < 1 / 40
    body = _with_attachment(chance) if big else _text(chance, chance.randint(2_000, 8_000))
    return Mail(serial, sender, contracts, "\r\n".join([*headers, *body]).encode() + b"\r\n")


def _text(chance: random.Random, size: int) -> list[str]:
    lines = ["Content-Type: text/plain; charset=utf-8", "", f"Buongiorno, {chance.getrandbits(64):x}", ".", "..ecco"]
    while size > 0:
        line = " ".join(chance.choices(WORDS, k=10))
        lines.append(line)
        size -= len(line) + 2
    return lines


def _with_attachment(chance: random.Random) -> list[str]:
    encoded = base64.encodebytes(chance.randbytes(ABOVE_A_ROW * 3 // 4)).decode().splitlines()
    return [
        'Content-Type: multipart/mixed; boundary="parte"',
        "",
        "--parte",
        *_text(chance, 500),
        "--parte",
        'Content-Type: application/octet-stream; name="dati.bin"',
        'Content-Disposition: attachment; filename="dati.bin"',
        "Content-Transfer-Encoding: base64",
        "",
        *encoded,
        "--parte--",
    ]
