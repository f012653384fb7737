"""The ledger of certified mail and the receipts in the store (X4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.domain.dispatch import Dispatch, DispatchKind, DispatchState
from gateway.domain.intake import Arrival, Channel, RepeatKey
from gateway.domain.ledger import Line, LineState, SeenReceipt, Verdict
from gateway.ports import Store
from tests.store.values import NOW, opened

OURS = "2026000001.0a1b@pec.fornitore.example"


def dispatch(store: Store, ticket: int) -> int:
    made = Dispatch(
        0, "a" * 32, DispatchKind.ESCALATION, Channel.PEC, "uno@pec.example", DispatchState.DUE, NOW, NOW, ticket
    )
    return store.write(lambda unit: unit.add_dispatch(made)).id


def line(number: int, ticket: int, recipient: str = "uno@pec.example") -> Line:
    return Line(0, number, ticket, recipient, OURS, LineState.SENT, NOW)


def test_a_message_has_one_line_a_recipient_and_each_moves_alone(store: Store) -> None:
    """S148."""
    ticket = store.write(opened)
    number = dispatch(store, ticket)
    first, second = (
        store.write(lambda unit, to=to: unit.add_line(line(number, ticket, to)))  # type: ignore[misc]
        for to in ("uno@pec.example", "due@pec.example")
    )
    moved = store.write(
        lambda unit: unit.change_line(
            second.id, state=LineState.FAILED, state_at=NOW + timedelta(seconds=7), reason="no-dest", told=("failed",)
        )
    )
    assert store.read(lambda reading: reading.lines(message_ids=(OURS,))) == [first, moved]
    assert store.read(lambda reading: reading.lines(ticket=ticket, states=(LineState.FAILED,))) == [moved]
    assert store.read(lambda reading: reading.line(second.id)) == moved
    assert store.read(lambda reading: reading.lines(dispatch=number + 1)) == []


def test_a_line_is_seen_in_the_transaction_that_wrote_it(store: Store) -> None:
    ticket = store.write(opened)
    number = dispatch(store, ticket)
    found = store.write(lambda unit: [unit.add_line(line(number, ticket)), *unit.lines(message_ids=(OURS,))])
    assert found[0] == found[1]


def test_every_receipt_is_kept_with_its_verdict_and_what_was_verified(store: Store) -> None:
    """S146: a forged one too; nothing is dropped."""
    arrival = Arrival(Channel.PEC, "imap", b"x", NOW, "a@pec.example", (), RepeatKey("k1"))
    intake = store.write(lambda unit: unit.accept(arrival, NOW)).intake_id
    seen = SeenReceipt(
        0, intake, "delivery", Verdict.SUSPECT, NOW, OURS, report={"reasons": ["not signed"], "x": "a\x00b"}
    )
    kept = store.write(lambda unit: unit.add_receipt(seen))
    assert kept == replace(seen, id=kept.id, report={"reasons": ["not signed"], "x": "a\ufffdb"})
    assert store.read(lambda reading: reading.receipts(intake=intake)) == [kept]
    assert store.read(lambda reading: reading.receipts(verdicts=(Verdict.SUSPECT,))) == [kept]
    assert store.read(lambda reading: reading.receipts(verdicts=(Verdict.APPLIED,))) == []
