from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.store import SqlStore
from gateway.domain.errors import StoreError
from gateway.domain.intake import IntakeState, Receipt
from gateway.ports import Transaction
from tests.store.conftest import Database
from tests.store.values import LEASE, MINUTE, NOW, arrival, message, opened

DAY = timedelta(days=1)


def test_an_accepted_intake_comes_back_as_it_was(store: SqlStore) -> None:
    receipt = store.write(lambda unit: unit.accept(arrival(raw=b"\x00\xff raw"), NOW))
    found = store.read(lambda reading: reading.intake(receipt.intake_id, raw=True))
    assert found is not None
    assert found.raw == b"\x00\xff raw"
    assert found.sha256 == hashlib.sha256(b"\x00\xff raw").hexdigest()
    assert (found.received_at, found.accepted_at, found.state) == (NOW, NOW, IntakeState.RECEIVED)
    assert (found.recipients, found.facts) == (("help@example.it",), {"peer": "::1"})


def test_raw_bytes_are_not_read_unless_asked_for(store: SqlStore) -> None:
    receipt = store.write(lambda unit: unit.accept(arrival(), NOW))
    found = store.read(lambda reading: reading.intake(receipt.intake_id))
    assert found is not None
    assert found.raw == b""


def test_a_repeat_is_answered_with_the_first_intake_and_noted_as_a_delivery(store: SqlStore) -> None:
    first = store.write(lambda unit: unit.accept(arrival(), NOW))
    again = store.write(lambda unit: unit.accept(arrival(), NOW + MINUTE))
    assert again == Receipt(first.intake_id, repeated=True)
    deliveries = store.read(lambda reading: reading.deliveries(first.intake_id))
    assert deliveries == [("smtp", NOW), ("smtp", NOW + MINUTE)]


def test_of_many_repeat_keys_those_that_were_accepted_are_known_also_in_the_same_unit(store: SqlStore) -> None:
    """IMAP compares what a server has with what was recorded by these keys; a long one is kept shortened."""
    keys = ["imap:comune:7:1", f"imap:{'x' * 4000}:7:2"]
    for key in keys:
        store.write(lambda unit, key=key: unit.accept(arrival(key=key), NOW))  # type: ignore[misc]  # bound at once
    assert store.read(lambda reading: reading.kept([*keys, "imap:comune:7:3"])) == set(keys)

    def both(unit: Transaction) -> set[str]:
        unit.accept(arrival(key="imap:comune:7:4"), NOW)
        return unit.kept(["imap:comune:7:4", "imap:comune:7:5"])

    assert store.write(both) == {"imap:comune:7:4"}


def test_a_repeat_in_the_same_batch_is_recognised(store: SqlStore) -> None:
    futures = [store.submit_accept(arrival(), NOW) for _ in range(20)]
    receipts = [future.result() for future in futures]
    assert [receipt.repeated for receipt in receipts] == [False] + [True] * 19
    assert len({receipt.intake_id for receipt in receipts}) == 1


@pytest.mark.parametrize(("after", "repeated"), [(DAY - MINUTE, True), (DAY, False)])
def test_a_key_that_holds_for_a_day_is_forgotten_after_it(store: SqlStore, after: timedelta, repeated: bool) -> None:  # noqa: FBT001 - a parameter of the table
    store.write(lambda unit: unit.accept(arrival(holds_for=DAY), NOW))
    again = store.write(lambda unit: unit.accept(arrival(holds_for=DAY), NOW + after))
    assert again.repeated is repeated


def test_after_its_expiry_a_key_belongs_to_the_new_intake(store: SqlStore) -> None:
    store.write(lambda unit: unit.accept(arrival(holds_for=DAY), NOW))
    second = store.write(lambda unit: unit.accept(arrival(holds_for=DAY), NOW + DAY))
    third = store.write(lambda unit: unit.accept(arrival(holds_for=DAY), NOW + DAY + MINUTE))
    assert third == Receipt(second.intake_id, repeated=True)


def test_a_mail_above_the_limit_lies_in_the_folder_by_its_hash(database: Database) -> None:
    store = database.open()
    raw = b"x" * 300_000
    receipt = store.write(lambda unit: unit.accept(arrival(raw=raw), NOW))
    sha256 = hashlib.sha256(raw).hexdigest()
    assert (database.blobs / sha256[:2] / sha256).read_bytes() == raw
    found = store.read(lambda reading: reading.intake(receipt.intake_id, raw=True))
    assert found is not None
    assert found.raw == raw


def test_a_mail_that_the_folder_refuses_has_no_row(database: Database) -> None:
    """C-58: files first, then the row."""
    store = database.open()
    database.blobs.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="refused 300000 bytes"):
        store.write(lambda unit: unit.accept(arrival(raw=b"x" * 300_000), NOW))
    assert store.read(lambda reading: reading.intakes()) == []


def test_a_file_without_a_row_does_no_harm(database: Database) -> None:
    """A process that was killed between file and row; the client delivers again."""
    store = database.open()
    raw = b"x" * 300_000
    store.blobs.keep(hashlib.sha256(raw).hexdigest(), raw)
    receipt = store.write(lambda unit: unit.accept(arrival(raw=raw), NOW))
    assert receipt.repeated is False
    assert list(store.blobs.names()) == [hashlib.sha256(raw).hexdigest()]


def test_a_truncated_file_is_written_anew(tmp_path: Path, database: Database) -> None:
    store = database.open()
    raw = b"x" * 300_000
    sha256 = hashlib.sha256(raw).hexdigest()
    store.blobs.keep(sha256, raw)
    store.blobs.path(sha256).write_bytes(b"xx")
    store.blobs.keep(sha256, raw)
    assert store.blobs.read(sha256) == raw


def test_claimed_intakes_are_the_oldest_with_their_bytes_and_one_attempt_more(store: SqlStore) -> None:
    for number in range(3):
        store.write(lambda unit, n=number: unit.accept(arrival(f"k{n}", raw=bytes([n])), NOW + n * MINUTE))  # type: ignore[misc]  # mypy does not infer a lambda's default
    claimed = store.write(lambda unit: unit.claim_intakes(NOW + 9 * MINUTE, 2, LEASE))
    assert [(intake.id, intake.raw, intake.attempts) for intake in claimed] == [(1, b"\x00", 1), (2, b"\x01", 1)]


def test_a_claimed_intake_is_not_claimed_again_until_its_lease_ends(store: SqlStore) -> None:
    store.write(lambda unit: unit.accept(arrival(), NOW))
    assert len(store.write(lambda unit: unit.claim_intakes(NOW, 9, LEASE))) == 1
    assert store.write(lambda unit: unit.claim_intakes(NOW + LEASE - MINUTE, 9, LEASE)) == []
    (again,) = store.write(lambda unit: unit.claim_intakes(NOW + LEASE, 9, LEASE))
    assert again.attempts == 2


def test_a_settled_intake_is_never_claimed_again(store: SqlStore) -> None:
    receipt = store.write(lambda unit: unit.accept(arrival(), NOW))
    store.write(lambda unit: unit.settle_intake(receipt.intake_id, IntakeState.DUPLICATE, "the same as 7"))
    assert store.write(lambda unit: unit.is_unfiled(receipt.intake_id)) is False
    assert store.write(lambda unit: unit.claim_intakes(NOW + LEASE, 9, LEASE)) == []
    (found,) = store.read(lambda reading: reading.intakes(state=IntakeState.DUPLICATE))
    assert found.reason == "the same as 7"


def test_a_released_intake_is_tried_again_after_its_time(store: SqlStore) -> None:
    receipt = store.write(lambda unit: unit.accept(arrival(), NOW))
    store.write(lambda unit: unit.release_intake(receipt.intake_id, NOW + MINUTE, "parser died"))
    assert store.write(lambda unit: unit.claim_intakes(NOW, 9, LEASE)) == []
    assert len(store.write(lambda unit: unit.claim_intakes(NOW + MINUTE, 9, LEASE))) == 1


def test_intakes_are_listed_newest_first_and_those_of_a_ticket_oldest_first(store: SqlStore) -> None:
    for key in ("k1", "k2"):
        store.write(lambda unit, key=key: unit.accept(arrival(key), NOW))  # type: ignore[misc]  # as above
    number = store.write(opened)
    for intake in (2, 1):
        store.write(lambda unit, intake=intake: unit.add_message(message(number, intake=intake)))  # type: ignore[misc]  # as above
    assert [intake.id for intake in store.read(lambda reading: reading.intakes())] == [2, 1]
    assert [intake.id for intake in store.read(lambda reading: reading.intakes(ticket=number))] == [1, 2]
    assert store.read(lambda reading: reading.tickets_of(2)) == [number]


def test_content_belongs_to_the_intake_that_brought_it_first(store: SqlStore) -> None:
    for key in ("k1", "k2"):
        store.write(lambda unit, key=key: unit.accept(arrival(key), NOW))  # type: ignore[misc]  # as above
    store.write(lambda unit: unit.claim_content("c" * 64, "c02", 1))
    store.write(lambda unit: unit.claim_content("c" * 64, "c02", 2))
    assert store.read(lambda reading: reading.content_owner("c" * 64, "c02")) == 1
    assert store.read(lambda reading: reading.content_owner("c" * 64, "c03")) is None


def test_an_event_is_seen_before_from_the_second_time_on(store: SqlStore) -> None:
    asked = [store.write(lambda unit: unit.seen_before("SM1:status", NOW)) for _ in range(3)]
    assert asked == [False, True, True]


def test_an_event_key_and_a_repeat_key_of_the_same_text_are_two(store: SqlStore) -> None:
    store.write(lambda unit: unit.seen_before("k1", NOW))
    assert store.write(lambda unit: unit.accept(arrival("k1"), NOW)).repeated is False


def test_a_cursor_moves(store: SqlStore) -> None:
    assert store.read(lambda reading: reading.cursor("inbox")) is None
    for uid in (5, 9):
        store.write(lambda unit, uid=uid: unit.set_cursor("inbox", 77, uid))  # type: ignore[misc]  # as above
    assert store.read(lambda reading: reading.cursor("inbox")) == (77, 9)


def test_what_was_tried_before_is_claimed_where_it_delays_nobody(store: SqlStore) -> None:
    """C-47: in the lane of what is large, alone."""
    for key in ("k1", "k2", "k3"):
        store.write(lambda unit, key=key: unit.accept(arrival(key), NOW))  # type: ignore[misc]  # as above
    store.write(lambda unit: unit.claim_intakes(NOW, 2, timedelta(0)))

    def claimed(large: bool | None) -> list[int]:  # noqa: FBT001 - the lane
        return [one.id for one in store.write(lambda unit: unit.claim_intakes(NOW, 9, timedelta(0), large=large))]

    assert claimed(large=None) == [1]
    assert claimed(large=True) == [1]
    assert claimed(large=False) == [3]


def test_intakes_are_found_by_their_reason(store: SqlStore) -> None:
    store.write(lambda unit: unit.accept(arrival("k1"), NOW))
    number = store.write(lambda unit: unit.accept(arrival("k2"), NOW)).intake_id
    store.write(lambda unit: unit.settle_intake(number, IntakeState.FILED, "unread"))
    assert [one.id for one in store.read(lambda reading: reading.intakes(reason="unread"))] == [number]


def test_an_unknown_id_is_none(store: SqlStore) -> None:
    answers = store.read(
        lambda reading: (
            reading.intake(9),
            reading.ticket(9),
            reading.dispatch(9),
            reading.page(9),
            reading.timer("chase", 9),
            reading.dispatch_by(key="x"),
            reading.dispatch_by(reference="x"),
        )
    )
    assert answers == (None,) * 7


def test_a_reopened_intake_is_claimed_again_as_one_that_was_tried_once(store: SqlStore) -> None:
    """`intake replay`: what was settled waits again, and its bytes are those received."""
    number = store.write(lambda unit: unit.accept(arrival(raw=b"once more"), NOW)).intake_id
    store.write(lambda unit: unit.claim_intakes(NOW, 1, LEASE))
    store.write(lambda unit: unit.settle_intake(number, IntakeState.FILED, "unread"))
    store.write(lambda unit: unit.reopen_intake(number, NOW + MINUTE))
    assert store.write(lambda unit: unit.claim_intakes(NOW, 1, LEASE)) == []
    (claimed,) = store.write(lambda unit: unit.claim_intakes(NOW + MINUTE, 1, LEASE))
    assert (claimed.id, claimed.attempts, claimed.reason, claimed.raw) == (number, 2, "replayed", b"once more")
