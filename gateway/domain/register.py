"""The append-only, hash-chained history: what an entry is, its canonical bytes and its hash.

One chain per ticket (its number) and one called `system`. An entry hashes its chain, sequence, time, type, actor,
clause, public data and *commitments* to personal values; the values lie in an erasable table with their salts, so that
erasing a person leaves the chain valid (decision 0002).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

SYSTEM = "system"
GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened, before it has a place in a chain. `personal` values are committed to, never in clear."""

    type: str
    at: datetime
    by: str
    clause: str | None = None
    data: dict[str, str] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of a chain."""

    chain: str
    seq: int
    at: datetime
    type: str
    by: str
    clause: str | None
    data: dict[str, str]
    commitments: dict[str, str]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Seal:
    """The daily seal: the Merkle root over all chain heads, the number of entries, chained to the last seal."""

    day: str
    root: str
    chains: int
    entries: int
    previous: str
    hash: str


def commitment(salt: bytes, value: str) -> str:
    """SHA-256 (hex) over the salt and the UTF-8 value."""
    return hashlib.sha256(salt + value.encode("utf-8", "replace")).hexdigest()


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed: JSON (RFC 8259), keys sorted, no blanks, ASCII only, time in UTC with microseconds.

    The layout never changes; a new one needs a new `v`. Source: decision 0002.
    """
    return json.dumps(
        {
            "v": 1,
            "chain": entry.chain,
            "seq": entry.seq,
            "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "type": entry.type,
            "by": entry.by,
            "clause": entry.clause,
            "data": entry.data,
            "commitments": entry.commitments,
            "previous": entry.previous,
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
    ).encode("ascii")


def link(chain: str, seq: int, previous: str, happening: Happening, *, by: str, commitments: dict[str, str]) -> Entry:
    """The entry for `happening` at place `seq` after `previous`, with its hash."""
    unsealed = Entry(
        chain, seq, happening.at, happening.type, by, happening.clause, happening.data, commitments, previous, ""
    )
    return with_hash(unsealed)


def with_hash(entry: Entry) -> Entry:
    """The same entry with the hash that its content asks for."""
    digest = hashlib.sha256(canonical(entry)).hexdigest()
    return Entry(
        entry.chain,
        entry.seq,
        entry.at,
        entry.type,
        entry.by,
        entry.clause,
        entry.data,
        entry.commitments,
        entry.previous,
        digest,
    )


def fault(entry: Entry, *, expected_seq: int, previous: str) -> str | None:
    """Why `entry` cannot stand at this place of its chain, or None when it can."""
    if entry.seq != expected_seq:
        return f"entry {expected_seq} is missing (found {entry.seq})"
    if entry.previous != previous:
        return f"entry {entry.seq} does not follow the one before it"
    if with_hash(entry).hash != entry.hash:
        return f"entry {entry.seq} was changed after it was written"
    return None


def merkle_root(leaves: list[bytes]) -> str:
    """The Merkle root (hex): leaves and nodes are hashed under different prefixes, an odd one is carried up.

    Source: RFC 9162 §2.1.1 (the same prefixes 0x00 and 0x01); an empty tree is SHA-256 of nothing.
    """
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
        level = pairs
    return level[0].hex()


def seal(day: str, heads: list[tuple[str, int, str]], previous: str) -> Seal:
    """The seal of `day` over `heads` (chain, length, hash), in the order of the chains' names."""
    ordered = sorted(heads)
    root = merkle_root([f"{chain}:{length}:{head}".encode() for chain, length, head in ordered])
    entries = sum(length for _, length, _ in ordered)
    body = json.dumps(
        {"v": 1, "day": day, "root": root, "chains": len(ordered), "entries": entries, "previous": previous},
        sort_keys=True,
        separators=(",", ":"),
    ).encode()
    return Seal(day, root, len(ordered), entries, previous, hashlib.sha256(body).hexdigest())
