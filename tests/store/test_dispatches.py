from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.store import SqlStore
from gateway.domain.dispatch import DispatchKind, DispatchState
from gateway.domain.errors import StoreError
from gateway.domain.intake import Channel
from gateway.ports import Transaction
from tests.store.values import LEASE, MINUTE, NOW, dispatch, opened, page


def test_a_dispatch_comes_back_as_it_was_with_its_id(store: SqlStore) -> None:
    kept = dispatch(raw=b"\x00raw", facts={"a": "b"}, subject="s", text="t", contract="c02")
    added = store.write(lambda unit: unit.add_dispatch(kept))
    assert added == replace(kept, id=added.id)
    assert store.read(lambda reading: reading.dispatch(added.id)) == added


def test_a_claimed_dispatch_is_sending_with_one_attempt_more_and_a_lease(store: SqlStore) -> None:
    store.write(lambda unit: unit.add_dispatch(dispatch()))
    (claimed,) = store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    assert (claimed.state, claimed.attempts) == (DispatchState.SENDING, 1)
    assert store.write(lambda unit: unit.claim_dispatches(NOW + LEASE - MINUTE, 9, LEASE)) == []


def test_a_dispatch_whose_sender_died_is_claimed_again_with_the_same_key(store: SqlStore) -> None:
    store.write(lambda unit: unit.add_dispatch(dispatch()))
    (first,) = store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    (again,) = store.write(lambda unit: unit.claim_dispatches(NOW + LEASE, 9, LEASE))
    assert (again.key, again.attempts) == (first.key, 2)


def test_what_an_earlier_daemon_was_sending_is_due_at_once_for_the_next(store: SqlStore) -> None:
    """P7: freeing the leases is a unit of its own, and is kept."""
    store.write(lambda unit: unit.add_dispatch(dispatch()))
    store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    store.write(lambda unit: unit.free_leases(NOW))
    (again,) = store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    assert again.attempts == 2


def test_a_dispatch_is_not_claimed_before_it_is_due(store: SqlStore) -> None:
    store.write(lambda unit: unit.add_dispatch(dispatch(due_at=NOW + MINUTE)))
    assert store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE)) == []


def test_dispatches_are_claimed_by_channel_and_in_order_of_their_time(store: SqlStore) -> None:
    def fill(unit: Transaction) -> None:
        unit.add_dispatch(dispatch("k1", due_at=NOW + MINUTE))
        unit.add_dispatch(dispatch("k2"))
        unit.add_dispatch(dispatch("k3", channel=Channel.SMS))

    store.write(fill)
    mails = store.write(lambda unit: unit.claim_dispatches(NOW + MINUTE, 9, LEASE, (Channel.MAIL,)))
    assert [claimed.key for claimed in mails] == ["k2", "k1"]
    rest = store.write(lambda unit: unit.claim_dispatches(NOW + MINUTE, 9, LEASE))
    assert [claimed.key for claimed in rest] == ["k3"]


def test_a_sent_dispatch_is_found_by_its_reference_and_never_claimed(store: SqlStore) -> None:
    added = store.write(lambda unit: unit.add_dispatch(dispatch()))
    store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    sent = store.write(
        lambda unit: unit.change_dispatch(added.id, state=DispatchState.SENT, reference="SM1", sent_at=NOW)
    )
    assert store.read(lambda reading: reading.dispatch_by(reference="SM1")) == sent
    assert store.read(lambda reading: reading.dispatch_by(key=added.key)) == sent
    assert store.write(lambda unit: unit.claim_dispatches(NOW + LEASE, 9, LEASE)) == []


def test_a_deferred_dispatch_is_due_again_at_its_new_time(store: SqlStore) -> None:
    added = store.write(lambda unit: unit.add_dispatch(dispatch()))
    store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    later = NOW + 2 * MINUTE
    store.write(lambda unit: unit.change_dispatch(added.id, state=DispatchState.DUE, due_at=later, reason="busy"))
    assert store.write(lambda unit: unit.claim_dispatches(NOW + MINUTE, 9, LEASE)) == []
    assert len(store.write(lambda unit: unit.claim_dispatches(later, 9, LEASE))) == 1


def test_a_reference_noted_while_sending_does_not_end_the_lease(store: SqlStore) -> None:
    added = store.write(lambda unit: unit.add_dispatch(dispatch()))
    store.write(lambda unit: unit.claim_dispatches(NOW, 9, LEASE))
    store.write(lambda unit: unit.change_dispatch(added.id, reference="SM1"))
    assert store.write(lambda unit: unit.claim_dispatches(NOW + MINUTE, 9, LEASE)) == []


def test_two_dispatches_cannot_have_one_key(store: SqlStore) -> None:
    store.write(lambda unit: unit.add_dispatch(dispatch()))
    with pytest.raises(StoreError):
        store.write(lambda unit: unit.add_dispatch(dispatch()))


def test_dispatches_are_found_by_every_filter_newest_first(store: SqlStore) -> None:
    number = store.write(opened)

    def fill(unit: Transaction) -> None:
        unit.add_dispatch(dispatch("k1", ticket=number))
        unit.add_dispatch(dispatch("k2", to="bruno@example.it", created_at=NOW + MINUTE))
        unit.add_dispatch(dispatch("k3", kind=DispatchKind.PAGE, state=DispatchState.REFUSED))

    store.write(fill)
    asked = store.read(
        lambda reading: [
            [found.key for found in answer]
            for answer in (
                reading.dispatches(),
                reading.dispatches(limit=1),
                reading.dispatches(ticket=number),
                reading.dispatches(to="Bruno@example.it"),
                reading.dispatches(kind=DispatchKind.PAGE),
                reading.dispatches(states=(DispatchState.REFUSED,)),
                reading.dispatches(since=NOW + timedelta(seconds=1)),
            )
        ]
    )
    assert asked == [["k3", "k2", "k1"], ["k3"], ["k1"], ["k2"], ["k3"], ["k3"], ["k2"]]


def test_a_unit_sees_what_it_wrote_and_changed(store: SqlStore) -> None:
    def unit_of_work(unit: Transaction) -> tuple[list[str], list[str]]:
        number = opened(unit)
        added = unit.add_dispatch(dispatch("k1", ticket=number))
        before = [found.key for found in unit.dispatches(to="anna@example.it")]
        unit.change_dispatch(added.id, state=DispatchState.REFUSED)
        return before, [found.key for found in unit.dispatches(ticket=number, states=(DispatchState.DUE,))]

    assert store.write(unit_of_work) == (["k1"], [])


def test_what_somebody_was_told_is_counted_up_to_a_limit(store: SqlStore) -> None:
    """P15: what storms are known by."""

    def told(unit: Transaction) -> list[int]:
        for minutes, values in (
            (0, {}),
            (1, {}),
            (2, {}),
            (2, {"to": "+393330000009"}),
            (2, {"kind": DispatchKind.NOTICE}),
        ):
            fields = {"kind": DispatchKind.PAGE, "channel": Channel.SMS, "to": "+393330000001"} | values
            at = NOW + minutes * MINUTE
            unit.add_dispatch(dispatch(key=f"{minutes}{values}", created_at=at, **fields))
        asked = ("+393330000001", DispatchKind.PAGE, Channel.SMS)
        return [
            unit.told_since(*asked, NOW + MINUTE, 9),
            unit.told_since(*asked, NOW, 9),
            unit.told_since(*asked, NOW, 2),
        ]

    assert store.write(told) == [2, 3, 2]


def _owe_page(unit: Transaction, key: str, to: str, late: int, *, rung: int = 0, attempts: int = 0) -> None:
    """One text of a page to a number, due so many minutes ago."""
    page_id = unit.add_page(page(opened(unit), number=to, rung=rung)).id
    owed = dispatch(key, kind=DispatchKind.PAGE, channel=Channel.SMS, to=to, page=page_id, attempts=attempts)
    unit.add_dispatch(replace(owed, due_at=NOW - late * MINUTE))


def _claimed(store: SqlStore, most: int) -> list[str]:
    waking = (Channel.SMS, Channel.VOICE)
    return [each.key for each in store.write(lambda unit: unit.claim_dispatches(NOW, most, LEASE, waking))]


def test_pages_that_wait_for_one_technician_hold_up_nobody_elses(store: SqlStore) -> None:
    """P6: each number has its turn, whatever is owed to others and since when."""

    def fill(unit: Transaction) -> None:
        for number in range(50):
            _owe_page(unit, f"many {number:02d}", "+393330000001", late=60 - number)
        _owe_page(unit, "alone", "+393330000002", late=0)

    store.write(fill)
    assert _claimed(store, 4) == ["many 00", "alone", "many 01", "many 02"]


def test_the_first_page_of_a_ticket_goes_before_what_repeats_an_older_one(store: SqlStore) -> None:
    """P6: to one number, neither a second attempt nor a later rung of the ladder holds up a fresh page."""

    def fill(unit: Transaction) -> None:
        _owe_page(unit, "again", "+393330000001", late=60, attempts=2)
        _owe_page(unit, "reminder", "+393330000001", late=50, rung=1)
        _owe_page(unit, "fresh", "+393330000001", late=0)

    store.write(fill)
    assert _claimed(store, 9) == ["fresh", "again", "reminder"]
