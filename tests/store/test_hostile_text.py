"""F10: NUL and lone surrogates, on both databases, in every kind of column."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.store import SqlStore, verify
from adapters.store.reading import SqlReading
from gateway.domain.ticket import Requester
from tests.store.values import NOW, arrival, attachment, dispatch, happening, message, opened

BAD = "a\x00b\udc80c"
GOOD = "a\ufffdb\ufffdc"
LONG = "x" * 20_000


def test_a_poisonous_intake_is_kept_and_its_key_recognised(store: SqlStore) -> None:
    poison = replace(arrival(BAD), sender=BAD, recipients=(BAD,), facts={BAD: BAD})
    first = store.write(lambda unit: unit.accept(poison, NOW))
    again = store.write(lambda unit: unit.accept(poison, NOW))
    assert (again.intake_id, again.repeated) == (first.intake_id, True)
    found = store.read(lambda reading: reading.intake(first.intake_id))
    assert found is not None
    assert (found.sender, found.recipients, found.facts) == (GOOD, (GOOD,), {GOOD: GOOD})


def test_a_poisonous_ticket_message_and_attachment_are_kept_and_found(store: SqlStore) -> None:
    number = store.write(lambda unit: opened(unit, subject=BAD, requester=Requester(BAD, BAD), sheet={"steps": BAD}))
    mail = message(number, text=BAD, html=BAD, sender=BAD)
    store.write(lambda unit: unit.add_message(mail, [attachment(BAD)]))
    (found,) = store.read(lambda reading: reading.tickets(text=BAD))
    assert (found.subject, found.requester.address, found.sheet) == (GOOD, GOOD, {"steps": GOOD})
    assert [
        each.number for each in store.read(lambda reading: reading.open_tickets_of("c02-comune", BAD, since=NOW))
    ] == [number]
    assert store.read(lambda reading: reading.messages(number))[0].text == GOOD


def test_a_unit_sees_the_values_as_they_will_be_stored(store: SqlStore) -> None:
    added = store.write(lambda unit: unit.add_dispatch(dispatch(text=BAD, to=BAD)))
    assert (added.text, added.to) == (GOOD, GOOD)
    assert store.read(lambda reading: reading.dispatches(to=BAD)) == [added]


def test_a_poisonous_happening_is_hashed_as_it_is_stored(store: SqlStore) -> None:
    entry = store.write(lambda unit: unit.record("system", happening(data={"x": BAD}, personal={"who": BAD})))
    assert store.read(lambda reading: reading.entries("system")) == [entry]
    fault = store.read(lambda reading: verify(reading) if isinstance(reading, SqlReading) else "not asked")
    assert fault is None


@pytest.mark.parametrize("text", [LONG, "\U0001f4e0" * 5_000])
def test_keys_longer_than_an_index_takes_are_kept_and_found(store: SqlStore, text: str) -> None:
    """A PostgreSQL index refuses entries above 2,704 bytes."""
    store.write(lambda unit: unit.accept(arrival(text), NOW))
    assert store.write(lambda unit: unit.accept(arrival(text), NOW)).repeated
    number = store.write(lambda unit: opened(unit, requester=Requester("", text), subject=text))
    found = store.read(lambda reading: reading.open_tickets_of("c02-comune", text, since=NOW))
    assert [each.number for each in found] == [number]
    sent = store.write(lambda unit: unit.add_dispatch(dispatch(to=text, reference=text)))
    assert store.read(lambda reading: reading.dispatch_by(reference=text)) == sent
