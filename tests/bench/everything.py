"""Everything switched on: the same signed letters, each with an attachment, into a plain daemon and into one that
verifies senders (SPF, DKIM, DMARC over a name server on loopback) and has ClamAV look at every attachment.

And what each stage costs by itself, measured in this process with nothing beside it.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from adapters.antivirus import Clamd
from adapters.mail.authentication import Looking, LookingSettings
from adapters.mail.automatic import OwnMail
from adapters.mail.mime import read
from adapters.mail.quotes import folded
from gateway.domain.intake import Channel, Intake, IntakeState
from tests.bench.mails import OFFICES, SELECTOR, Letter, letters
from tests.bench.measuring import Pattern, Size, daemon, into, relay
from tests.peers import clamd
from tests.peers.dns import NameServer

PATTERNS = (Pattern(10, one=False), Pattern(50, one=False))
STAGE_MAILS = 60
KEY_BITS = 2048


@dataclass(slots=True)
class Switched:
    """One pattern, run by run: 250s a second without and with everything on, and complete tickets with it."""

    plain: list[float] = field(default_factory=list)
    on: list[float] = field(default_factory=list)
    tickets: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        return statistics.median(one / other for one, other in zip(self.on, self.plain, strict=True))


@dataclass(frozen=True, slots=True)
class Everything:
    """What was found: by pattern, and what each stage takes of a mail, in ms (median)."""

    rates: dict[Pattern, Switched]
    stages: dict[str, float]


def is_possible() -> bool:
    """Whether ClamAV is installed."""
    return clamd.BINARY.exists()


def switched_on(folder: Path, size: Size) -> Everything:
    """Measure both daemons in turn, then the stages."""
    rates = {pattern: Switched() for pattern in PATTERNS}
    key = _key(folder)
    with _peers(key) as (resolver, scanner):
        more = f'[authentication]\nresolvers = ["{resolver}"]\n\n[antivirus]\nsocket = "{scanner.path}"'
        for repetition in range(size.repetitions):
            for settings in ("", more):
                place = folder / f"everything-{repetition}-{'on' if settings else 'plain'}"
                place.mkdir()
                with relay(place) as out, daemon(place, out, more=settings) as running:
                    into(running, Pattern(2, one=False), 50, key)
                    for pattern, found in rates.items():
                        filed = into(running, pattern, size.mails, key)
                        (found.on if settings else found.plain).append(filed.sent.rate)
                        if settings:
                            found.tickets.append(filed.tickets_per_s)
                shutil.rmtree(place)
        return Everything(rates, _stages(letters(1, STAGE_MAILS, key), resolver, scanner))


def _key(folder: Path) -> Path:
    """A new DKIM key, as PEM."""
    path = folder / "dkim.pem"
    private = rsa.generate_private_key(65537, KEY_BITS)
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    path.write_bytes(private.private_bytes(serialization.Encoding.PEM, traditional, serialization.NoEncryption()))
    return path


@contextlib.contextmanager
def _peers(key: Path) -> Iterator[tuple[str, Clamd]]:
    """The name server that knows every sender's key and policy, and ClamAV."""
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = private.public_key().public_bytes(*der)
    record = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    with NameServer() as names, clamd.clamd() as scanner:
        for office in range(OFFICES):
            domain = f"ufficio{office}.example"
            names.text(domain, "v=spf1 -all")
            names.text(f"{SELECTOR.decode()}._domainkey.{domain}", record)
            names.text(f"_dmarc.{domain}", "v=DMARC1; p=reject")
        yield names.address, scanner


# --------------------------------------------------------------------------------------------------------------- stages


def _stages(mails: Sequence[Letter], resolver: str, scanner: Clamd) -> dict[str, float]:
    raws = [mail.message for mail in mails]
    looking = Looking(LookingSettings(nameservers=(resolver,)))
    now = datetime.now(UTC)
    intakes = [
        Intake(
            id=number, channel=Channel.MAIL, door="smtp", received_at=now, sender=mail.sender, recipients=(),
            sha256="", size=len(raw), state=IntakeState.RECEIVED, attempts=1, contract=None, raw=raw,
            facts={"peer": "203.0.113.9", "helo": "posta.example"},
        )
        for number, (mail, raw) in enumerate(zip(mails, raws, strict=True), 1)
    ]  # fmt: skip
    own = OwnMail(frozenset(), "bench")
    readings = [read(raw, own=own) for raw in raws]
    try:
        return {
            "reading the mail": _ms(lambda raw: read(raw, own=own), raws),
            "new words of a reply": _ms(folded, [reading.text for reading in readings]),
            "SPF, DKIM and DMARC": _ms(lambda one: looking.verdict(one, now), intakes),
            "ClamAV, one attachment": _ms(scanner.scan, [raw[-4096:] for raw in raws]),
        }
    finally:
        looking.close()


def _ms(stage: Callable[[Any], object], given: Sequence[Any]) -> float:
    took = []
    for one in given:
        began = time.perf_counter()
        stage(one)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)
