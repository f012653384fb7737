"""The proof of one certified message as a folder: what left, every receipt as it came, and what the check came to.

Whoever gets it needs nothing of ours: sha256sum and openssl, with the commands written beside (X4, DOMAIN §8, "Trust").
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from adapters.mail.asn1 import as_pem
from config.commands.common import NotFoundError
from config.commands.showing import as_text
from gateway.domain.intake import Channel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from adapters.pec import TrustList
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.ledger import Line, SeenReceipt
    from gateway.ports import Reading

LARGEST = 1_000_000
MESSAGE, REPORT, TRUSTED, SUMS, GUIDE = (
    "messaggio.eml",
    "verifica.json",
    "gestori.pem",
    "SHA256SUMS",
    "LEGGIMI.txt",
)
_GUIDE = """Prova del messaggio di posta certificata {message_id}
Destinatario: {to}

{message}  il messaggio come è partito
{report}  lo stato per ogni destinatario, e l'esito della verifica di ogni ricevuta
{trusted}  i certificati ritenuti affidabili al momento di questa esportazione
ricevuta-*.eml  le ricevute, byte per byte come sono arrivate

Verificare che i file siano quelli esportati:
  sha256sum -c {sums}

Verificare la firma di ogni ricevuta alla data che certifica (serve solo openssl):
{commands}
Con «Verification successful» la ricevuta è integra e firmata da chi figura in {trusted}.
"""


@dataclass(frozen=True, slots=True)
class Proof:
    """The message, its ledger, and the receipts with their bytes."""

    dispatch: Dispatch
    raw: bytes
    lines: tuple[Line, ...]
    receipts: tuple[tuple[SeenReceipt, bytes], ...]


def proof_of(reading: Reading, dispatch_id: int, raw_of: Callable[[Dispatch], bytes]) -> Proof:
    """What proves how a certified message fared.

    Raises:
        NotFoundError: there is no such dispatch, or it is no certified mail.
    """
    dispatch = reading.dispatch(dispatch_id)
    if dispatch is None or dispatch.channel is not Channel.PEC:
        raise NotFoundError(f"there is no dispatch {dispatch_id} by certified mail")
    seen = [one for one in reading.receipts(ticket=dispatch.ticket, limit=LARGEST) if one.dispatch == dispatch.id]
    kept = [(one, reading.intake(one.intake, raw=True)) for one in seen]
    receipts = tuple((one, intake.raw) for one, intake in kept if intake is not None)
    return Proof(dispatch, raw_of(dispatch), tuple(reading.lines(dispatch=dispatch.id)), receipts)


def files_of(proof: Proof, trusted: TrustList) -> dict[str, bytes]:
    """The files of the folder by name; the same proof always gives the same bytes."""
    names = [f"ricevuta-{at:02}-{one.kind}-{one.verdict}.eml" for at, (one, _) in enumerate(proof.receipts, 1)]
    files = {MESSAGE: proof.raw, TRUSTED: as_pem(trusted.certificates)}
    files |= {name: raw for name, (_, raw) in zip(names, proof.receipts, strict=True)}
    files[REPORT] = _report(proof, names)
    files[GUIDE] = _guide(proof, names)
    files[SUMS] = _sums(files)
    return files


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Into a new or empty folder: what lies there already is never mixed with a proof.

    Raises:
        NotFoundError: the folder has something in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotFoundError(f"{folder} is not empty: name a new folder")
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _report(proof: Proof, names: list[str]) -> bytes:
    one = proof.dispatch
    told = {
        "dispatch": one.id,
        "ticket": one.ticket,
        "to": one.to,
        "message_id": one.facts.get("message_id"),
        "sent_at": one.sent_at,
        "state": str(one.state),
        "recipients": [asdict(line) for line in proof.lines],
        "receipts": [
            {"file": name, **asdict(seen)} for name, (seen, _) in zip(names, proof.receipts, strict=True)
        ],
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False, indent=2, default=as_text).encode() + b"\n"


def _guide(proof: Proof, names: list[str]) -> bytes:
    commands = "".join(
        f"  openssl cms -verify -in {name} -CAfile {TRUSTED} -partial_chain -purpose any{_at(seen)} -out /dev/null\n"
        for name, (seen, _) in zip(names, proof.receipts, strict=True)
    )
    return _GUIDE.format(
        message_id=proof.dispatch.facts.get("message_id", ""),
        to=proof.dispatch.to,
        message=MESSAGE,
        report=REPORT,
        trusted=TRUSTED,
        sums=SUMS,
        commands=commands or "  (nessuna ricevuta)\n",
    ).encode()


def _at(seen: SeenReceipt) -> str:
    return f" -attime {int(seen.certified_at.timestamp())}" if seen.certified_at else ""


def _sums(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()
