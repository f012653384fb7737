"""What was found of the senders of mails, as parts of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.ports import Reading


def verdict_entry(reading: Reading, intake: int) -> dict[str, Any] | None:
    """What was found of a sender, as a part of a document; null where nobody looked."""
    verdict = reading.verdict(intake)
    if verdict is None:
        return None
    return {
        "sender": str(verdict.standing),
        "author": verdict.author,
        "source": verdict.source,
        "at": verdict.at,
        "by": verdict.by,
        "waits_for": verdict.ticket,
        "again_at": verdict.again_at,
        "tries": verdict.tries,
        "findings": [
            {"method": str(one.method), "result": str(one.result), "domain": one.domain, "reason": one.reason}
            for one in verdict.findings
        ],
    }


def waiting_for(reading: Reading, ticket: int) -> list[dict[str, Any]]:
    """The mails that wait to join a ticket, for its document."""
    found = []
    for verdict in reading.verdicts(ticket=ticket):
        intake = reading.intake(verdict.intake)
        if intake is not None:
            found.append(
                {
                    "intake": intake.id,
                    "from": intake.sender or verdict.author,
                    "received_at": intake.received_at,
                    "sender": str(verdict.standing),
                    "found": verdict.summary,
                }
            )
    return found


def in_words(entry: Mapping[str, Any] | None) -> str:
    """The same on one line, for people."""
    if entry is None:
        return ""
    found = ", ".join(
        f"{one['method']}={one['result']}" + (f" ({one['reason']})" if one["reason"] else "")
        for one in entry["findings"]
    )
    waits = f"; waits for {entry['waits_for']}" if entry["waits_for"] else ""
    by = f" by {entry['by']}" if entry["by"] else ""
    return f"{entry['sender']}{by} ({entry['source']}): {found}{waits}"
