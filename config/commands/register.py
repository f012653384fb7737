"""`centralino register …`: the hash chain and its seals."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from config.commands import showing
from config.commands.common import COULD_NOT, LARGEST, AsJson, Config, opened, remark
from gateway.domain.hours import local
from gateway.domain.intake import Channel
from gateway.domain.register import SYSTEM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from adapters.store.reading import SqlReading
    from gateway.domain.dispatch import Dispatch
    from gateway.domain.register import Entry, Seal
    from gateway.ports import Reading, Transaction

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The append-only history: check it, seal it, take it out."
)


@app.command("verify")
def verify(as_json: AsJson = False, config: Config = None) -> None:
    """Check every entry, chain, seal and personal value. Names the first bad row and exits 1."""
    from adapters.store import verify as first_fault

    with opened(config) as shell:
        fault = shell.store.read(lambda reading: first_fault(cast("SqlReading", reading)))
        heads, seals = shell.read(lambda reading: (reading.chain_heads(), reading.seals()))
    whole = {
        "whole": fault is None,
        "chains": len(heads),
        "entries": sum(length for _, length, _ in heads),
        "seals": len(seals),
        "fault": None if fault is None else {"chain": fault.chain, "seq": fault.seq, "reason": fault.reason},
    }
    if as_json:
        showing.document(whole)
    elif fault is None:
        print(f"whole: {whole['entries']} entries in {whole['chains']} chains, {whole['seals']} seals")
    if fault is not None:
        remark(f"centralino: chain {fault.chain}, entry {fault.seq}: {fault.reason}")
        raise typer.Exit(COULD_NOT)


@app.command("seal")
def seal(as_json: AsJson = False, config: Config = None) -> None:
    """Seal all chains as they are now: one root over every head, chained to the last seal."""
    with opened(config) as shell:
        at = shell.now

        def unit(tx: Transaction) -> Seal:
            return tx.add_seal(local(at).date().isoformat(), at)

        made = shell.store.write(unit)
    if as_json:
        showing.document(_seal(made))
    else:
        print(f"{made.day}  {made.hash}  {made.entries} entries in {made.chains} chains")


@app.command("export")
def export(
    ticket: Annotated[
        int | None, typer.Argument(metavar="[TICKET]", min=1, max=LARGEST, help="One ticket's chain; else every chain.")
    ] = None,
    config: Config = None,
) -> None:
    """The evidence as JSON lines: every entry with its commitments, salts left out, then the seals.

    An entry's hash can be computed again from its line alone; personal values that were not erased stand beside. Of a
    ticket with certified mail: each message as it left, its state for each recipient, and every receipt as it came with
    the report on its signature (X4).
    """
    from config.compose import message_bytes
    from gateway import tickets

    with opened(config) as shell:
        number = None if ticket is None else shell.read(lambda reading: tickets.find(reading, ticket).number)
        for one in shell.read(lambda reading: list(_lines(reading, number))):
            showing.line(one)
        if number is not None:
            for one in shell.read(lambda reading: list(_certified(reading, number, message_bytes(shell.gateway)))):
                showing.line(one)


def _certified(reading: Reading, number: int, raw_of: Callable[[Dispatch], bytes]) -> Iterator[dict[str, Any]]:
    """The proof of certified mail: messages, ledger, receipts; bytes in base64."""
    for dispatch in reversed(reading.dispatches(ticket=number, channel=Channel.PEC, limit=LARGEST)):
        yield {
            "kind": "certified_message",
            "dispatch": dispatch.id,
            "to": dispatch.to,
            "message_id": dispatch.facts.get("message_id"),
            "sent_at": dispatch.sent_at,
            **_bytes(raw_of(dispatch)),
        }
    for line in reading.lines(ticket=number):
        yield {"kind": "certified_line", **asdict(line)}
    for receipt in reading.receipts(ticket=number, limit=LARGEST):
        intake = reading.intake(receipt.intake, raw=True)
        yield {"kind": "certified_receipt", "receipt": asdict(receipt), **_bytes(intake.raw if intake else b"")}
    came = (message for message in reading.messages(number) if message.intake and message.channel == Channel.PEC)
    for intake_id in dict.fromkeys(message.intake or 0 for message in came):
        envelope = reading.intake(intake_id, raw=True)
        if envelope is not None:
            yield {"kind": "certified_envelope", "intake": envelope.id, **_bytes(envelope.raw)}


def _bytes(raw: bytes) -> dict[str, str]:
    return {"sha256": hashlib.sha256(raw).hexdigest(), "base64": base64.b64encode(raw).decode()}


def _lines(reading: Reading, number: int | None) -> Iterator[dict[str, Any]]:
    chains = [name for name, _, _ in reading.chain_heads()] if number is None else [str(number)]
    for chain in chains:
        personal = reading.personal(chain)
        for entry in reading.entries(chain):
            yield _entry(entry, personal.get(entry.seq, {}))
    yield from map(_seal, reading.seals())


def _entry(entry: Entry, personal: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": "entry",
        "chain": entry.chain,
        "seq": entry.seq,
        "at": entry.at.isoformat(timespec="microseconds"),
        "type": entry.type,
        "by": entry.by,
        "clause": entry.clause,
        "data": entry.data,
        "commitments": entry.commitments,
        "previous": entry.previous,
        "hash": entry.hash,
        "personal": personal,
        "of_ticket": entry.chain != SYSTEM,
    }


def _seal(made: Seal) -> dict[str, Any]:
    return {
        "kind": "seal",
        "day": made.day,
        "root": made.root,
        "chains": made.chains,
        "entries": made.entries,
        "previous": made.previous,
        "hash": made.hash,
    }
